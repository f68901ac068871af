"""``python benchmarks/secrets.py [--quick]``: measures the secrets screen beside kingfisher-secret-scanner."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # not this folder: "import secrets" means another module
    from benchmarks.screening import main

    sys.exit(main())
