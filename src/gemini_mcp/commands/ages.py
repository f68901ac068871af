"""Ages on the command line: ``30d``, ``12h``, ``all``."""

import re

from gemini_mcp.config import BadSetting

_AGE = re.compile(r"(\d{1,5})([dhm])\Z")
_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0}


def age_s(text: str) -> float | None:
    """Seconds; None for ``all``. Raises BadSetting."""
    if text == "all":
        return None
    found = _AGE.match(text.strip().lower())
    if found is None:
        raise BadSetting(f"{text!r} is not an age. Write 30d, 12h, 45m or all.")
    return int(found.group(1)) * _SECONDS[found.group(2)]
