"""``python -m gemini_mcp`` is ``gemini-agents``."""

import sys

from gemini_mcp.cli import main

sys.exit(main())
