"""Tasks that ask for one thing: yes or no, a number, a word. Seen by the form demanded, or by the last question."""

import re
from typing import Final, Literal

from gemini_mcp.domain.closed_judgements import holds_numbers

OneThing = Literal["yes_no", "number", "short"]

_DEMANDS_WITHIN: Final = 400
_MOST_POLAR: Final = 240

_OPEN: Final = re.compile(
    r"""\b(?: explain | describe | summari[sz]e | justify | discuss | elaborate | outline | paraphrase | refactor
          | invent | brainstorm | imagine | pros\ and\ cons | come\ up\ with | (?:make\ up|think\ of)\ an? )\b
      | (?: (?:^|[.!?:;\n])\s{0,4}(?:[-*]\ |\d\.\ )? | \b(?:please|then|also|and)\ )
        (?: why | how\ (?!many|much)\w+ | write | draft | compose | implement | review | rewrite | translate | compare
          | list | suggest | recommend | propose | analy[sz]e | generate | create | produce | fix | debug | plan
          | design | code | extract | convert | improve | rename | show
          | (?:pick|choose|find)\ an?\ (?:good|better|new|nice) | return\ (?:a|the)\ (?:list|table|code) ) \b
      | \band\ (?: what | where | why | how | which | who | when | whether | if
          | (?:is|are|does|do|did|can|should)\ (?:it|they|there|this|that|we|you) )\b
      | ``` | \bstarter\ code\b | \bsample\ input\b | \bstandard\ input\b | ^\s{0,8}(?:def|class|import)\ \w""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_SEVERAL: Final = re.compile(
    r"""\b(?: for\ each | for\ every | each\ of | respectively | per\ line | a\ list | separated\ by | one\ or\ more
      | true\ or\ false\ for | (?:words|names|dates|numbers|titles)\ only | following\ questions )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_REPLY: Final = r"\b(?:answer|reply|respond|output|return|give|provide|state|print|say)\b"
_ONLY: Final = r"(?:only|just|exactly|simply|nothing\ but|solely)"
_THING: Final = r"""(?: word | name | surname | date | year | title | city | country | capital | colou?r | language
    | label | category | version | id | identifier | acronym | symbol | month | day | time | currency | file\ ?name
    | path | e-?mail(?:\ address)? | url | sentiment | class )"""
_QUANTITY: Final = r"""(?: number | integer | figure | count | amount | percentage | total | sum | digit
    | numeric(?:al)?\ (?:value|answer) )"""
_EITHER: Final = re.compile(
    rf"""\b(?: yes(?:\ or\ |/|,\ or\ )no | true(?:\ or\ |/|,\ or\ )false | y/n | t/f )\b
         (?= ["']?\)?\s?(?:[?:.,;!]|\n|\Z) )
      | {_REPLY}(?:\ me)?(?:\ (?:with|by|a|only|just|either|simply|the|word)){{0,5}}\ ["'(]?
         (?: yes["']?(?:\ or\ |/|,\ or\ )["']?no | true["']?(?:\ or\ |/|,\ or\ )["']?false )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_ONE_NUMBER: Final = re.compile(
    rf"""{_REPLY}[^.\n]{{0,30}}\b(?:with|as|by|{_ONLY})\b[^.\n]{{0,24}}\b{_QUANTITY}\b
      | \b{_ONLY}\ (?:the|an?|one|a\ single)[^.\n]{{0,16}}\b{_QUANTITY}\b
      | \b(?:a|one)\ single\ (?:number|integer)\b | \b{_QUANTITY}\ only\b
      | \banswer\ (?:is|must\ be|should\ be|will\ be)\ an?\ (?:single\ )?(?:number|integer)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_ONE_THING: Final = re.compile(
    rf"""{_REPLY}[^.\n]{{0,30}}\b{_ONLY}\ (?:with\ )?(?:the|an?|one|its|their|a\ single)?[^.\n]{{0,24}}\b{_THING}\b
      | \b(?:in|with|using)\ (?:just\ |only\ |exactly\ )?(?:one|a\ single)\ (?:word|name|date)\b
      | {_REPLY}[^.\n]{{0,30}}\bwith\ (?:the|an?|one)[^.\n]{{0,16}}\b{_THING},?\ (?:only|and\ nothing\ else)\b
      | \b(?:one|single)[- ]word\ (?:answer|reply|response)\b | \b{_THING}\ only\b""",
    re.VERBOSE | re.IGNORECASE,
)


def demanded(words: str) -> OneThing | None:
    """By the form that the answer is to have, said where a task begins or ends. Numbers before words: a count of
    words is a number."""
    demand = words
    if len(words) > 2 * _DEMANDS_WITHIN:
        demand = f"{words[:_DEMANDS_WITHIN]}\n{words[-_DEMANDS_WITHIN:]}"
    if _OPEN.search(words) or _SEVERAL.search(demand):
        return None
    if _EITHER.search(demand):
        return "yes_no"
    if _ONE_NUMBER.search(demand):
        return "number"
    return "short" if _ONE_THING.search(demand) else None


_ON_FORM: Final = re.compile(
    r"(?:answer|reply|respond|think|reason|round|put|give|use|assume|express|be (?:brief|precise)|let's|show your)\b",
    re.IGNORECASE,
)
_ASKS_FOR: Final = r"""\bwhat(?:'s|\ (?:is|was|are|were|will\ be|would\ be))\ (?:the|his|her|their|its)
        \ (?:(?!(?:of|for|behind|in)\b)[\w'-]+\ ){0,3}?"""
_ORDERS: Final = r"^(?:count|compute|calculate|find|determine)\ the\ (?:\w+\ ){0,2}?"
_COUNTING: Final = re.compile(
    rf"""(?: ^ | [,;:]\s | \b(?:then|so|day|week|month|year|total|all|and|is|tell\ me|find|calculate|determine
          |compute)\ )
        \W?how\ (?:many|much)\b
      | {_ASKS_FOR} (?: total\ (?:number|amount|count|sum|price) | number | sum(?!\ of\ money) | average | mean | median
          | percentage | percent | price | perimeter | width | height | profit | count | salary )\b(?!-)
      | ^what\ (?:percentage|percent|fraction|number)\ of\b
      | {_ORDERS} (?: number | sum(?!\ of\ money) | average | mean | median | percentage | perimeter | count )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_MEASURE: Final = r"""(?: total | cost | area | volume | distance | difference | product | ratio | remainder | age
    | length | weight | speed | balance | change )\b(?!-)"""
_COMPUTING: Final = re.compile(
    rf"""{_ASKS_FOR} {_MEASURE} | {_ORDERS} {_MEASURE}
      | (?: ^ | [,;:]\s | \b(?:then|so|is|tell\ me|find|calculate|determine|compute)\ )
        \W?how\ (?:old|tall|far|long|heavy|fast)\b""",
    re.VERBOSE | re.IGNORECASE,
)
"""What is a number where there are numbers to compute it from, and a turn of speech where there are none."""

_NO_NUMBER: Final = re.compile(
    r"""\b(?: complexity | behaviou?rs? | concerns? | impact | abstraction | quality | decisions?
      | number\ one | trade-?offs? | responsibilit(?:y|ies)
      | (?:average|worst|best)\ case | matri(?:x|ces) | vectors? )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_BETWEEN_NUMBERS: Final = re.compile(r"\bbetween \$?[\d.,]+ and \$?[\d.,]+\W*\Z")
_POLAR: Final = re.compile(
    r"""(?:is|are|was|were|does|do|did|has|have|can)
        \ (?!(?:you|we|i|there|it\ possible|anyone|anything)\b)[^?\n]{3,}\?""",
    re.VERBOSE | re.IGNORECASE,
)
_ALTERNATIVE: Final = re.compile(r"\b(?:or|any)\b", re.IGNORECASE)


def asked_by_question(words: str) -> OneThing | None:
    """By the one question that closes the task, whatever is told before it; how to answer may be said after it."""
    if words.count("?") > 1 or _OPEN.search(words):
        return None
    if len(words) <= _MOST_POLAR and _POLAR.fullmatch(words) and not _ALTERNATIVE.search(words):
        return "yes_no"
    asked = closing_question(words)
    if _SEVERAL.search(asked) or _NO_NUMBER.search(asked):
        return None
    return "number" if _COUNTING.search(asked) or _is_computed(words, asked) else None


def _is_computed(words: str, asked: str) -> bool:
    """What two things differ in is a number only where the numbers were told before, or are all there is."""
    found = _COMPUTING.search(asked)
    if found is None:
        return False
    told_before = found[0].lower().endswith(("difference", "change")) and not _BETWEEN_NUMBERS.search(asked)
    return holds_numbers(words.replace(asked, " ") if told_before else words)


def closing_question(words: str) -> str:
    """The last sentence that is no instruction on how to answer; "" where there is none near the end."""
    sentences = [each.strip() for each in re.split(r"(?<=[.!?])\s+|\n+", words)[-6:]]
    return next((each for each in reversed(sentences) if each and not _ON_FORM.match(each)), "")
