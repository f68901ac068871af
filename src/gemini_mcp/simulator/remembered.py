"""What was worked out once, by digests of what it was worked out from: large material is not kept for it."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


def digest(content: bytes | str) -> bytes:
    """Sixteen bytes that stand for the content."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.blake2b(data, digest_size=16).digest()


class Remembered(Generic[V]):
    """The ``most`` values used last, by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value known under ``key``, or else what ``make`` returns; what it raises is not remembered."""
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        value = self._known[key] = make()
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return value
