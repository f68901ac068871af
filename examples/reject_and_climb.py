"""Judge an answer by running it, and hand a failure back: the task climbs a tier, taking the reason along.

    python examples/reject_and_climb.py

The code that a model writes is run here in a child process, because an example may; run such code in a sandbox.
"""

import asyncio
import subprocess
import sys

from session import connected, delegate, result_id, texts

TASK = "Write a Python function median(values) that returns the median of a non-empty list of numbers."
TEST = "\nassert median([3, 1, 2]) == 2\nassert median([1, 2, 3, 4]) == 2.5\n"


def failure(code: str) -> str:
    """What went wrong, or an empty string."""
    run = subprocess.run([sys.executable, "-I", "-c", code + TEST], capture_output=True, text=True, timeout=10)
    return "" if run.returncode == 0 else run.stderr.strip()[-500:]


async def main() -> None:
    async with connected() as client:
        result = await delegate(client, TASK, expect="python")
        for _ in range(2):
            code, receipt = texts(result)
            print(f"{code}\n{receipt}")
            problem = failure(code)
            if not problem:
                print("The test passes.")
                return
            print(f"The test fails: {problem.splitlines()[-1]}\n")
            feedback = f"This test failed:\n{TEST}\n{problem}"
            result = await delegate(client, TASK, expect="python", follow_up_to=result_id(result), feedback=feedback)
        code, receipt = texts(result)
        print(f"{code}\n{receipt}\n{failure(code) or 'The test passes.'}")


asyncio.run(main())
