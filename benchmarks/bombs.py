"""``python benchmarks/bombs.py [--only NAME]... [--quick]``: what files that are small and cost much do to us."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from benchmarks.bomb_figures import main

    sys.exit(main())
