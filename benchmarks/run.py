"""``python benchmarks/run.py [--only NAME]... [--quick] [--write]``: measures the figures in RESULTS.md."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from benchmarks.suite import main

    sys.exit(main())
