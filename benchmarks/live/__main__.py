"""``python -m benchmarks.live``."""

import sys

from benchmarks.live.command import main

sys.exit(main())
