"""Ten functions on numbers, money and time: their docstrings, bodies, and calls that find out who else does it."""

from benchmarks.live.problem import Problem


def clamp_all(values: list[float], low: float, high: float) -> list[float]:
    """Return the values with those below `low` raised to it and those above `high` lowered to it, in the same order.
    When `low` is above `high` the two change places. Example: clamp_all([5, -1], 3, 0) is [3, 0]."""
    low, high = min(low, high), max(low, high)
    return [min(max(value, low), high) for value in values]


def digit_sum_base(number: int, base: int) -> int:
    """Return the sum of the digits of a whole number in a base from 2 up; the sign means nothing. A base below 2
    raises ValueError. Example: digit_sum_base(-255, 16) is 30."""
    if base < 2:
        raise ValueError(base)
    number, total = abs(number), 0
    while number:
        number, digit = divmod(number, base)
        total += digit
    return total


def clock_difference(first: str, second: str) -> int:
    """Return how many minutes it takes from one time "HH:MM" to the next time that the clock shows the other, within
    24 hours; equal times are 0 minutes apart. Example: clock_difference("23:50", "00:10") is 20."""
    hours, minutes = map(int, first.split(":"))
    later_hours, later_minutes = map(int, second.split(":"))
    return ((later_hours - hours) * 60 + later_minutes - minutes) % 1440


def share_cents(total: int, weights: list[int]) -> list[int]:
    """Share out `total` cents (not negative) in proportion to the weights (not negative, not all 0), so that nothing
    is lost: each gets its exact share rounded down, and the cents left over go one each to those with the largest
    remainders, the earlier one first where remainders are equal.
    Example: share_cents(100, [1, 1, 1]) is [34, 33, 33]."""
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares


def workdays_between(start: str, end: str, holidays: list[str]) -> int:
    """Count the days from `start` to `end`, both included, that are neither Saturday, Sunday nor one of the holidays.
    All are given as YYYY-MM-DD. When `end` is before `start` the answer is 0. A holiday may be named twice.
    Example: workdays_between("2026-01-01", "2026-01-05", ["2026-01-01"]) is 2."""
    from datetime import date, timedelta

    day, last, off = date.fromisoformat(start), date.fromisoformat(end), set(holidays)
    count = 0
    while day <= last:
        count += day.weekday() < 5 and day.isoformat() not in off
        day += timedelta(days=1)
    return count


def running_median(values: list[float], size: int) -> list[float]:
    """Return, for each position, the median of the last `size` values up to it (fewer at the beginning); of an even
    number of values it is the mean of the two in the middle.
    Example: running_median([4, 1, 3], 2) is [4, 2.5, 2.0]."""
    found = []
    for end in range(1, len(values) + 1):
        window = sorted(values[max(0, end - size) : end])
        half = len(window) // 2
        found.append(window[half] if len(window) % 2 else (window[half - 1] + window[half]) / 2)
    return found


def round_half_even(text: str, places: int) -> str:
    """Round a decimal number, given as text, to `places` digits after the point (0 or more), ties to the even digit,
    exactly. The result has just that many digits, no point when there are none, and never a minus before a zero.
    Examples: round_half_even("2.675", 2) is "2.68"; round_half_even("-0.4", 0) is "0"."""
    from decimal import ROUND_HALF_EVEN, Decimal

    value = Decimal(text).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    shown = f"{value:f}"
    return shown.lstrip("-") if value == 0 else shown


def roman(number: int) -> str:
    """Write a whole number from 1 to 3999 in Roman numerals, as short as the rules allow: at most three of a letter in
    a row, and before V and X only one I, before L and C only one X, before D and M only one C. Other numbers raise
    ValueError. Example: roman(1994) is "MCMXCIV"."""
    if not 1 <= number <= 3999:
        raise ValueError(number)
    out = ""
    for value, letters in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"),
        strict=True,
    ):
        while number >= value:
            out += letters
            number -= value
    return out


def merge_bookings(bookings: list[list[str]], gap: int) -> list[list[str]]:
    """Merge bookings of one day, each ["HH:MM", "HH:MM"] with its end not before its beginning, into blocks: two belong
    to the same block when they overlap, touch, or at most `gap` minutes lie between them. Return the blocks as
    [beginning, end], in order of time. "24:00" may be an end.
    Example: merge_bookings([["10:20", "11:00"], ["09:00", "10:10"]], 10) is [["09:00", "11:00"]]."""

    def minutes(clock: str) -> int:
        return int(clock[:2]) * 60 + int(clock[3:])

    blocks: list[list[str]] = []
    for begin, end in sorted(bookings):
        if blocks and minutes(begin) - minutes(blocks[-1][1]) <= gap:
            blocks[-1][1] = max(blocks[-1][1], end)
        else:
            blocks.append([begin, end])
    return blocks


def change_ways(amount: int, coins: list[int], most: int) -> int:
    """Count the ways to pay `amount` with at most `most` coins in all, of the given kinds (positive, any number of
    each; a kind named twice is one kind). The order of the coins does not matter. An amount of 0 is paid in one way.
    Example: change_ways(5, [1, 2, 5], 3) is 2: 5, and 2+2+1."""
    ways = [[0] * (most + 1) for _ in range(amount + 1)]
    ways[0][0] = 1
    for coin in set(coins):
        for total in range(coin, amount + 1):
            for used in range(1, most + 1):
                ways[total][used] += ways[total - coin][used - 1]
    return sum(ways[amount])


PROBLEMS = (
    Problem("numbers", "easy", clamp_all, [([5, -1], 3, 0), ([1, 2, 3], 2, 2), ([], 0, 1), ([0.5, 9], 1, 8.5)]),
    Problem("numbers", "easy", digit_sum_base, [(-255, 16), (0, 10), (1023, 2), (999, 10), (5, 1), (35, 36)]),
    Problem(
        "numbers",
        "easy",
        clock_difference,
        [("23:50", "00:10"), ("10:00", "10:00"), ("10:00", "09:59"), ("00:00", "23:59")],
    ),
    Problem(
        "numbers",
        "medium",
        share_cents,
        [(100, [1, 1, 1]), (0, [1]), (5, [0, 2, 0]), (10, [1, 2, 3, 5]), (1, [5, 5, 5]), (10**15 + 1, [1, 2])],
    ),
    Problem(
        "numbers",
        "medium",
        workdays_between,
        [
            ("2026-01-01", "2026-01-05", ["2026-01-01"]),
            ("2026-02-07", "2026-02-08", []),
            ("2026-03-02", "2026-03-01", []),
            ("2028-02-28", "2028-03-01", ["2028-02-29", "2028-02-29"]),
            ("2026-05-01", "2026-05-31", ["2026-05-02"]),
        ],
    ),
    Problem(
        "numbers", "medium", running_median, [([4, 1, 3], 2), ([], 3), ([5, 5, 1, 9, 2], 3), ([1, 2], 1), ([3, 1], 9)]
    ),
    Problem(
        "numbers",
        "medium",
        round_half_even,
        [("2.675", 2), ("-0.4", 0), ("2.5", 0), ("3.5", 0), ("-1.005", 2), ("7", 3), ("0.045", 2), ("-0.001", 2)],
    ),
    Problem("numbers", "medium", roman, [(1994,), (3999,), (1,), (49,), (0,), (4000,), (888,)]),
    Problem(
        "numbers",
        "hard",
        merge_bookings,
        [
            ([["10:20", "11:00"], ["09:00", "10:10"]], 10),
            ([], 5),
            ([["09:00", "12:00"], ["10:00", "10:30"], ["12:00", "12:10"]], 0),
            ([["08:00", "08:00"], ["08:11", "24:00"]], 10),
            ([["08:00", "09:00"], ["09:01", "10:00"]], 0),
        ],
    ),
    Problem(
        "numbers",
        "hard",
        change_ways,
        [
            (5, [1, 2, 5], 3),
            (0, [1], 0),
            (7, [2, 4], 9),
            (10, [5, 5, 1], 10),
            (100, [1, 5, 10, 25, 50], 100),
            (3, [1], 2),
        ],
    ),
)
