"""``python benchmarks/live/run.py``: the same as ``python -m benchmarks.live``, from anywhere."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from benchmarks.live.command import main

    sys.exit(main())
