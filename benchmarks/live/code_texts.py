"""Ten functions on texts: what a docstring asks for, a body that does it, and calls that find out who else does."""

from benchmarks.live.problem import Problem


def shorten_middle(text: str, most: int) -> str:
    """Return text unchanged if it has at most `most` characters. Else keep its beginning and its end with "..."
    between, `most` characters in all; where the two parts cannot be equally long, the beginning is one longer.
    `most` is at least 5. Example: shorten_middle("abcdefghij", 8) is "abc...ij"."""
    if len(text) <= most:
        return text
    keep = most - 3
    end = keep // 2
    return text[: keep - end] + "..." + text[len(text) - end :]


def count_words(text: str) -> dict[str, int]:
    """Count the words of text, in small letters. A word is a run of ASCII letters, in which single apostrophes may
    stand between letters ("don't" is one word; quotes around a word are no part of it).
    Example: count_words("Don't, don't 'stop'") is {"don't": 2, "stop": 1}."""
    import re

    counted: dict[str, int] = {}
    for word in re.findall(r"[a-z]+(?:'[a-z]+)*", text.lower()):
        counted[word] = counted.get(word, 0) + 1
    return counted


def to_snake(name: str) -> str:
    """Turn a CamelCase or mixedCase name into snake_case. A run of capitals is one word, but the last of them begins
    the next word when a small letter follows; digits stay with what is before them.
    Examples: to_snake("parseHTTPResponse2") is "parse_http_response2"; to_snake("ID") is "id"."""
    import re

    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def wrap_words(text: str, width: int) -> list[str]:
    """Break text into lines of at most `width` characters, as many words on each as fit, one space between words.
    Words are separated by any white space. A word longer than `width` stands on lines of its own, cut into pieces of
    `width` characters; the next word may follow its last piece on the same line.
    Example: wrap_words("aa bbbbbb c", 4) is ["aa", "bbbb", "bb c"]."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) <= width:
            line += " " + word
            continue
        if line:
            lines.append(line)
        while len(word) > width:
            lines.append(word[:width])
            word = word[width:]
        line = word
    return [*lines, line] if line else lines


def expand_ranges(text: str) -> list[int]:
    """Read a list such as "1-3, 7, -2--1" of whole numbers and ranges with both ends included, and return the numbers
    in ascending order, each once. Numbers may be negative; white space around numbers and commas means nothing.
    An empty text gives []. Raise ValueError for anything else, and for a range whose end is below its beginning.
    Example: expand_ranges("5, 1-3") is [1, 2, 3, 5]."""
    import re

    if not text.strip():
        return []
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(-?\d+)\s*(?:-\s*(-?\d+)\s*)?", part)
        if match is None:
            raise ValueError(part)
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        if last < first:
            raise ValueError(part)
        found.update(range(first, last + 1))
    return sorted(found)


def split_quoted(line: str) -> list[str]:
    """Split one line of CSV at its commas. A field that begins with a double quote ends with the next double quote
    that is not doubled; within it commas are text and "" is one quote. Other fields are taken as they are, spaces
    included. An empty line is one empty field. Example: split_quoted('x,"b,"') is ["x", "b,"]."""
    fields: list[str] = []
    at = 0
    while True:
        if line[at : at + 1] == '"':
            value = ""
            at += 1
            while line[at : at + 1] != '"' or line[at + 1 : at + 2] == '"':
                value += line[at]
                at += 2 if line[at] == '"' else 1
            at += 1
        else:
            end = line.find(",", at)
            end = len(line) if end < 0 else end
            value, at = line[at:end], end
        fields.append(value)
        if at >= len(line):
            return fields
        at += 1


def template(text: str, values: dict[str, str]) -> str:
    """Fill in a template: {name} becomes values["name"], {name|other} becomes "other" when there is no such value;
    {{ and }} stand for single braces. Names are letters, digits and _; "other" may be empty and holds no braces.
    What is filled in is not looked at again. A name without a value and without "|" raises KeyError; any other single
    brace raises ValueError. Example: template("{a|x}-{b}{{", {"b": "{a}"}) is "x-{a}{"."""
    import re

    def filled(match: re.Match[str]) -> str:
        whole = match.group()
        if whole in ("{{", "}}"):
            return whole[0]
        if match[1] is None:
            raise ValueError(whole)
        return values[match[1]] if match[2] is None else values.get(match[1], match[2])

    return re.sub(r"\{\{|\}\}|\{(\w+)(?:\|([^{}]*))?\}|[{}]", filled, text)


def compare_versions(left: str, right: str) -> int:
    """Compare versions such as "1.10.0-beta.2" and return -1, 0 or 1. The numbers before the "-" are compared as
    numbers, missing ones count as 0. With equal numbers, a version without a "-" part is the later one. Else the parts
    after "-", separated by dots, are compared in turn: both whole numbers, as numbers; both other texts, by their
    characters; a number is before a text; and when all are equal, the shorter list is before the longer.
    Example: compare_versions("1.2-rc.9", "1.2.0-rc.10") is -1."""

    def key(version: str) -> tuple[list[int], bool, list[tuple[bool, int, str]]]:
        numbers, dash, rest = version.partition("-")
        counted = [int(number) for number in numbers.split(".")]
        while counted and counted[-1] == 0:
            counted.pop()
        parts = [(not p.isdigit(), int(p) if p.isdigit() else 0, p if not p.isdigit() else "") for p in rest.split(".")]
        return counted, not dash, parts

    one, other = key(left), key(right)
    return (one > other) - (one < other)


def match_glob(pattern: str, path: str) -> bool:
    """Say whether a path fits a pattern. In the pattern, ? is any character but "/", * any run (also an empty one) of
    characters but "/", ** any run of characters at all; when ** stands between slashes, or at the start before one,
    that slash and what ** stands for may also be missing: "a/**/b" fits "a/b", and "**/b" fits "b". Everything else
    stands for itself. Example: match_glob("src/**/*.py", "src/x/y/z.py") is True."""
    import re

    out, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            out, at = out + "(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            out, at = out + ".*", at + 2
        elif pattern[at] == "*":
            out, at = out + "[^/]*", at + 1
        elif pattern[at] == "?":
            out, at = out + "[^/]", at + 1
        else:
            out, at = out + re.escape(pattern[at]), at + 1
    return re.fullmatch(out, path, re.DOTALL) is not None


def evaluate(text: str) -> int:
    """Compute an expression of whole numbers with +, -, *, / and parentheses; white space means nothing. * and / come
    before + and -, all from left to right; a - before a number or a parenthesis negates it, and may be repeated.
    Division rounds towards zero. Division by 0 raises ZeroDivisionError, anything else that is no such expression
    raises ValueError. Example: evaluate("-7/2 * -(1+1)") is 6."""
    import re

    tokens: list[str] = re.findall(r"\d+|\S", text)
    at = 0

    def peek() -> str:
        return tokens[at] if at < len(tokens) else ""

    def take() -> str:
        nonlocal at
        at += 1
        return tokens[at - 1]

    def atom() -> int:
        token = peek()
        if token == "-":
            take()
            return -atom()
        if token == "(":
            take()
            value = total()
            if peek() != ")":
                raise ValueError(text)
            take()
            return value
        if not token.isascii() or not token.isdigit():
            raise ValueError(text)
        return int(take())

    def product() -> int:
        value = atom()
        while peek() in ("*", "/"):
            if take() == "*":
                value *= atom()
            else:
                by = atom()
                value = abs(value) // abs(by) * (1 if (value < 0) == (by < 0) else -1)
        return value

    def total() -> int:
        value = product()
        while peek() in ("+", "-"):
            value = value + product() if take() == "+" else value - product()
        return value

    result = total()
    if at < len(tokens):
        raise ValueError(text)
    return result


PROBLEMS = (
    Problem(
        "texts", "easy", shorten_middle, [("abcdefghij", 8), ("abc", 5), ("abcdef", 5), ("abcdefghij", 9), ("", 5)]
    ),
    Problem("texts", "easy", count_words, [("Don't, don't 'stop'",), ("",), ("a1b A ''x'' o''clock",), ("It's IT'S",)]),
    Problem("texts", "easy", to_snake, [("parseHTTPResponse2",), ("ID",), ("already_snake",), ("A1bC",), ("aURL",)]),
    Problem(
        "texts", "medium", wrap_words, [("aa bbbbbb c", 4), ("", 3), ("a b c d", 3), ("abcdefgh", 4), (" x\ty\n", 9)]
    ),
    Problem(
        "texts",
        "medium",
        expand_ranges,
        [("5, 1-3",), ("-2--1, -3 - 0",), (" ",), ("3-1",), ("1,,2",), ("4,4,2-4",), ("a",), ("1-",), ("7-7",)],
    ),
    Problem(
        "texts",
        "medium",
        split_quoted,
        [('a,"b,""c""",',), ("",), (",",), ('"",x',), (' a ,"b"',), ('a"b,c',), ('"a\n,b",""""',)],
    ),
    Problem(
        "texts",
        "medium",
        template,
        [
            ("{a|x}-{b}{{", {"b": "{a}"}),
            ("{a}", {}),
            ("{a|}", {}),
            ("}}{", {}),
            ("{a b}", {"a": "1"}),
            ("{{a}}{a}", {"a": "1"}),
        ],
    ),
    Problem(
        "texts",
        "hard",
        compare_versions,
        [
            ("1.2-rc.9", "1.2.0-rc.10"),
            ("1.0", "1"),
            ("1.0-a", "1.0"),
            ("1-1", "1-a"),
            ("1-a", "1-a.0"),
            ("2.10", "2.9.9"),
            ("1-B", "1-a"),
            ("0.0", "0-0"),
        ],
    ),
    Problem(
        "texts",
        "hard",
        match_glob,
        [
            ("src/**/*.py", "src/x/y/z.py"),
            ("src/**/*.py", "src/z.py"),
            ("**/b", "b"),
            ("**/b", "ab"),
            ("a**", "ab/c"),
            ("*.py", "a/b.py"),
            ("a?c", "a/c"),
            ("a.c", "abc"),
            ("a/**", "a"),
            ("[x]", "x"),
        ],
    ),
    Problem(
        "texts",
        "hard",
        evaluate,
        [
            ("-7/2 * -(1+1)",),
            ("2+3*4",),
            ("(2+3)*4",),
            ("1 - -1",),
            ("8/3/2",),
            ("1/0",),
            ("2 2",),
            ("(1",),
            ("",),
            ("--3",),
            ("2*+3",),
            ("7-2-1",),
        ],
    ),
)
