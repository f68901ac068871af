"""``python benchmarks/cascade/replay.py --data FOLDER``: recorded outcomes replayed through the cascade's policy."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "src")]
    from benchmarks.cascade.command import main

    sys.exit(main())
