"""A file with a few faults is reviewed; the findings come as data, each looked up in the code."""

import tempfile
from pathlib import Path

import anyio
from session import call, connected

CODE = '''"""Reads settings."""
import json


def load(path, seen=[]):
    """Settings from a file, once."""
    seen.append(path)
    try:
        return json.load(open(path))
    except:
        return None


def is_default(value):
    return value == None
'''


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "settings.py").write_text(CODE)
        async with connected(Path(folder)) as client:
            result = await call(client, "review_code", paths=["settings.py"])
            review = result.structured_content or {}
    print(review["summary"], "\n")
    for found in review["findings"]:
        print(f"{found['file']}:{found['line']}  {found['severity']} {found['category']}: {found['message']}")
        print(f"    {found['quote'].strip()}")
    for fallen in review["dropped"]:
        print(f"dropped: {fallen['count']} {fallen['reason']}")
    print(review["receipt"])


if __name__ == "__main__":
    anyio.run(main)
