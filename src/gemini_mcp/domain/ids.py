"""ULIDs behind a prefix: ``r_`` a result, ``a_`` an attempt. They sort by time of making."""

import re
import secrets
import time

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
RESULT_ID = re.compile(r"r_[0-9a-hjkmnp-tv-z]{26}\Z")


def ulid(now_s: float | None = None) -> str:
    """26 characters of Crockford base 32, lower case: 48 bits of milliseconds, 80 bits of randomness."""
    value = (int((time.time() if now_s is None else now_s) * 1000) << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -5, -5))


def result_id() -> str:
    return f"r_{ulid()}"


def attempt_id() -> str:
    return f"a_{ulid()}"
