"""The product as users start it who did not install its extras: the development environment has them all."""

import sys

sys.modules["kingfisher_sdk"] = None  # type: ignore[assignment]

from gemini_mcp.cli import main  # noqa: E402

sys.exit(main())
