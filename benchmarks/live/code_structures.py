"""Ten functions on lists, tables and graphs: their docstrings, bodies, and calls that find out who else does it."""

from typing import Any

from benchmarks.live.problem import Problem


def unique_in_order(values: list[str]) -> list[str]:
    """Return the values without those that were there before, compared without regard to case and to white space
    around them; the first form of each is kept as it is. Example: unique_in_order(["a", " A", "b"]) is ["a", "b"]."""
    seen: set[str] = set()
    kept = []
    for value in values:
        key = value.strip().casefold()
        if key not in seen:
            seen.add(key)
            kept.append(value)
    return kept


def chunk_evenly(values: list[int], parts: int) -> list[list[int]]:
    """Cut the list into `parts` lists whose lengths differ by at most one, longer ones first, in order; some may be
    empty. `parts` is at least 1. Example: chunk_evenly([1, 2, 3, 4, 5], 3) is [[1, 2], [3, 4], [5]]."""
    size, longer = divmod(len(values), parts)
    found, at = [], 0
    for part in range(parts):
        end = at + size + (part < longer)
        found.append(values[at:end])
        at = end
    return found


def transpose_ragged(rows: list[list[int]], fill: int) -> list[list[int]]:
    """Turn rows into columns. Short rows are taken as filled up with `fill` to the length of the longest.
    Example: transpose_ragged([[1, 2], [3]], 0) is [[1, 3], [2, 0]]."""
    width = max(map(len, rows), default=0)
    return [[row[i] if i < len(row) else fill for row in rows] for i in range(width)]


def group_totals(rows: list[dict[str, Any]], by: str, value: str) -> list[list[Any]]:
    """Sum up rows[i][value] by rows[i][by] and return [group, total] lists, the largest total first; where totals are
    equal, by group in ascending order. Rows without a value, or with None for it, count as 0; rows without the group
    are left out. Example: group_totals([{"g": "x", "v": 2}, {"g": "y"}], "g", "v") is [["x", 2], ["y", 0]]."""
    totals: dict[str, Any] = {}
    for row in rows:
        if by in row:
            totals[row[by]] = totals.get(row[by], 0) + (row.get(value) or 0)
    return sorted(([group, total] for group, total in totals.items()), key=lambda each: (-each[1], each[0]))


def deep_merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge two nested dicts into a new one and leave both as they are. Where both have a dict, these are merged;
    otherwise `over` wins; None in `over` removes the key. Lists are replaced, not joined. A dict in `over` that meets
    no dict is taken without its None entries, at any depth.
    Example: deep_merge({"a": {"x": 1, "y": 2}}, {"a": {"y": None}}) is {"a": {"x": 1}}."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            there = merged.get(key)
            merged[key] = deep_merge(there if isinstance(there, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def spiral(rows: list[list[int]]) -> list[int]:
    """Read a rectangular table in a spiral: along the top to the right, down, back along the bottom, up, and so on
    inwards. Example: spiral([[1, 2, 3], [4, 5, 6]]) is [1, 2, 3, 6, 5, 4]."""
    left = [list(row) for row in rows]
    found: list[int] = []
    while left and left[0]:
        found += left.pop(0)
        left = [list(column) for column in zip(*left, strict=True)][::-1]
    return found


def build_order(needs: dict[str, list[str]]) -> list[str]:
    """Put things in an order in which each comes after all that it needs; whatever could come next, the first by name
    does. What is only needed and has no entry of its own needs nothing. A circle raises ValueError.
    Example: build_order({"b": ["a"], "c": []}) is ["a", "b", "c"]."""
    import heapq

    left = {name: set(wanted) for name, wanted in needs.items()}
    for wanted in needs.values():
        for name in wanted:
            left.setdefault(name, set())
    ready = [name for name, wanted in left.items() if not wanted]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for other, missing in left.items():
            if name in missing:
                missing.remove(name)
                if not missing:
                    heapq.heappush(ready, other)
    if len(order) < len(left):
        raise ValueError("circle")
    return order


def cheapest_way(roads: list[list[Any]], start: str, goal: str, most_roads: int) -> int:
    """Return the least total cost of a way from start to goal on at most `most_roads` roads, each [from, to, cost] to
    be taken in that direction only; costs are not negative. -1 when there is none. From a place to itself is 0.
    Example: cheapest_way([["a", "b", 1], ["b", "c", 1], ["a", "c", 5]], "a", "c", 1) is 5."""
    best = {start: 0}
    for _ in range(most_roads):
        further = dict(best)
        for origin, end, cost in roads:
            if origin in best and best[origin] + cost < further.get(end, float("inf")):
                further[end] = best[origin] + cost
        best = further
    return best.get(goal, -1)


def diff_lists(old: list[str], new: list[str]) -> list[str]:
    """Return the shortest edit from old to new as lines: " x" for what stays, "-x" for what goes, "+x" for what comes,
    such that as much as possible stays. Of the edits that keep the most, it is the one that, read from the beginning,
    takes "-" before "+" wherever both lead to such an edit, and keeps a line as soon as both lists have it next.
    Example: diff_lists(["a", "b"], ["b", "c"]) is ["-a", " b", "+c"]."""
    rows, columns = len(old), len(new)
    keep = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            same = keep[i + 1][j + 1] + 1 if old[i] == new[j] else 0
            keep[i][j] = max(same, keep[i + 1][j], keep[i][j + 1])
    lines, i, j = [], 0, 0
    while i < rows or j < columns:
        if i < rows and j < columns and old[i] == new[j]:
            lines.append(" " + old[i])
            i, j = i + 1, j + 1
        elif i < rows and (j == columns or keep[i + 1][j] >= keep[i][j + 1]):
            lines.append("-" + old[i])
            i += 1
        else:
            lines.append("+" + new[j])
            j += 1
    return lines


def replay_cache(size: int, commands: list[list[Any]]) -> list[Any]:
    """Replay commands on a cache that holds `size` entries (at least 1) and return what each "get" gives, None when it
    has no such key. Commands: ["put", key, value, lifetime], ["get", key], ["wait", seconds]. An entry is gone when its
    lifetime in seconds has passed (at that very second already). A put that finds the cache full of other living
    entries drops the one that was used longest ago; both put and a get that finds its key are uses. A put of a key
    that is there replaces its value and lifetime. Dead entries take no room.
    Example: replay_cache(1, [["put", "a", 1, 5], ["wait", 5], ["get", "a"]]) is [None]."""
    entries: dict[str, tuple[Any, int]] = {}
    now, given = 0, []
    for command in commands:
        if command[0] == "wait":
            now += command[1]
        entries = {key: entry for key, entry in entries.items() if entry[1] > now}
        if command[0] == "get":
            entry = entries.pop(command[1], None)
            if entry is not None:
                entries[command[1]] = entry
            given.append(entry[0] if entry is not None else None)
        elif command[0] == "put":
            _, key, value, lifetime = command
            entries.pop(key, None)
            if len(entries) >= size:
                del entries[next(iter(entries))]
            entries[key] = (value, now + lifetime)
    return given


_ROADS = [["a", "b", 1], ["b", "c", 1], ["c", "d", 1], ["a", "d", 9], ["a", "c", 5], ["d", "a", 0]]

PROBLEMS = (
    Problem("structures", "easy", unique_in_order, [(["a", " A", "b"],), ([],), (["ß", "SS", "x ", "X"],)]),
    Problem("structures", "easy", chunk_evenly, [([1, 2, 3, 4, 5], 3), ([], 2), ([1], 3), ([1, 2, 3, 4], 2)]),
    Problem("structures", "easy", transpose_ragged, [([[1, 2], [3]], 0), ([], 1), ([[], [1, 2, 3]], 7), ([[]], 0)]),
    Problem(
        "structures",
        "medium",
        group_totals,
        [
            ([{"g": "x", "v": 2}, {"g": "y"}], "g", "v"),
            ([{"g": "b", "v": 1}, {"g": "a", "v": 1}, {"v": 9}, {"g": "c", "v": None}], "g", "v"),
            ([{"g": "a", "v": -3}, {"g": "b", "v": -2}, {"g": "a", "v": 1}], "g", "v"),
        ],
    ),
    Problem(
        "structures",
        "medium",
        deep_merge,
        [
            ({"a": {"x": 1, "y": 2}}, {"a": {"y": None}}),
            ({"a": 1}, {"a": {"b": None, "c": {"d": None}}}),
            ({"a": [1]}, {"a": [2], "b": None}),
            ({"a": {"b": 1}}, {"a": 0}),
        ],
    ),
    Problem(
        "structures",
        "medium",
        spiral,
        [([[1, 2, 3], [4, 5, 6]],), ([],), ([[1], [2], [3]],), ([[1, 2], [3, 4], [5, 6]],)],
    ),
    Problem(
        "structures",
        "medium",
        build_order,
        [({"b": ["a"], "c": []},), ({},), ({"a": ["b"], "b": ["a"]},), ({"z": ["m", "m"], "b": ["z"], "c": []},)],
    ),
    Problem(
        "structures",
        "hard",
        cheapest_way,
        [(_ROADS, "a", "d", 3), (_ROADS, "a", "d", 2), (_ROADS, "a", "d", 1), (_ROADS, "b", "a", 2), ([], "x", "x", 0)],
    ),
    Problem(
        "structures",
        "hard",
        diff_lists,
        [
            (["a", "b"], ["b", "c"]),
            (["x"], ["y"]),
            ([], ["a"]),
            (["a", "b", "c", "a"], ["c", "a", "b", "a"]),
            (["a", "a", "b"], ["a", "b", "b"]),
        ],
    ),
    Problem(
        "structures",
        "hard",
        replay_cache,
        [
            (1, [["put", "a", 1, 5], ["wait", 5], ["get", "a"]]),
            (2, [["put", "a", 1, 9], ["put", "b", 2, 9], ["get", "a"], ["put", "c", 3, 9], ["get", "b"], ["get", "a"]]),
            (2, [["put", "a", 1, 2], ["put", "b", 2, 9], ["wait", 2], ["put", "c", 3, 9], ["get", "b"], ["get", "c"]]),
            (2, [["put", "a", 1, 2], ["wait", 1], ["put", "a", 5, 2], ["wait", 1], ["get", "a"], ["get", "z"]]),
        ],
    ),
)
