"""How much a process may ask again: retries, and other models asked after a failure, draw on one bucket of tokens.

When much fails, asking again makes it worse. The bucket then runs dry, and requests are asked once until some succeed.
"""

from typing import Final

from gemini_mcp.domain.errors import UpstreamError, UpstreamTimedOut

CAPACITY: Final = 500
RETRY_COST: Final = 5
TIMEOUT_COST: Final = 10
SUCCESS: Final = 1
_EMPTY: Final = "not asked again, since too many requests have failed of late"


class RetryQuota:
    """The bucket. It is full at first, and never fuller."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = self.left = capacity

    def take(self, cost: int) -> bool:
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def put(self, tokens: int) -> None:
        self.left = min(self._capacity, self.left + tokens)


class Draws:
    """What one request, or one climb, draws on the bucket."""

    def __init__(self, quota: RetryQuota) -> None:
        self._quota = quota
        self._last = 0

    def pay_for(self, error: UpstreamError) -> bool:
        """Whether it may be asked again after that error; if not, the error says so from now on."""
        cost = _cost(error)
        if not self._quota.take(cost):
            _tell(error)
            return False
        self._last = cost or self._last
        return True

    def put_back(self) -> None:
        """What the last one cost, since an answer came."""
        self._quota.put(self._last)
        self._last = 0

    def succeeded(self) -> None:
        """An answer came: to the last retry, or at once."""
        self._quota.put(self._last or SUCCESS)
        self._last = 0


def _cost(error: UpstreamError) -> int:
    """Nothing for what was refused on this side: what was paid before pays for what is asked instead."""
    if not error.sent:
        return 0
    return TIMEOUT_COST if isinstance(error, UpstreamTimedOut) else RETRY_COST


def _tell(error: UpstreamError) -> None:
    if not error.message.endswith(_EMPTY):
        error.message = f"{error.message}; {_EMPTY}"
