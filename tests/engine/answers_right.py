"""Right answers of many kinds, on which no check may object: ``(task, answer)``, the task's other fields beside."""

# ruff: noqa: RUF001 - the signs of arithmetic look like letters

from dataclasses import replace
from pathlib import Path
from typing import Any

from gemini_mcp.domain.material import Page

from .conftest import a_source

ROOT = Path(__file__).parents[2]
Right = tuple[str, str, dict[str, Any]]

EQUATIONS = r"""
12 x 34 = 408
3.5 * 2 = 7
1,200 - 300 = 900
45% of 200 = 90
7/2 = 3.5
2 + 3 = 5 = 10/2
2/3 = 0.67
2/3 ≈ 0.7
$3 x 4 = $12
The total is 12 × 34 = 408 boxes.
C = 5/9 (F - 32)
C = 5/9 × (212 - 32) = 100
16:9 = 1.78
The meeting moved from 10:30 to 12:30, so 10:30 + 2:00 = 12:30.
1.200 - 300 = 900
3,5 * 2 = 7
1.234,50 € + 65,50 € = 1.300 €
2^10 = 1024
2**10 = 1024
10³ = 1000
1 km = 1000 m
5 kg = 5000 g
1 mile = 1.609 km, or 1 mile = 1.6 km for short.
1 KB = 1024 bytes
1 kB = 1000 bytes
1 MiB = 1048576 bytes
2 hours = 120 minutes
1 day = 8 hours of work
90 km/h × 20 min = 30 km
60 km/h × 2 h = 120 km
30/200 × 100 = 15%
30/200 = 0.15 = 15%
**3 × 4 = 12**
3 × 4 = **12** boxes
$3 \times 4 = 12$ and $\frac{1}{2} + \frac{1}{3} = \frac{5}{6}$
$$\int_0^1 x^2 dx = \frac{1}{3} \approx 0.333$$
5 + 3 = 8 + 2 = 10
Step 2 - 12 × 34 = 408
12 – 5 = 7
2x + 3 = 7, so 2x = 4 and x = 2.
3! = 6 and 5! / 3! = 20
log 8 + 2 = 5 in base 2, sqrt 16 + 2 = 6.
9/11 = 2001
24/7 = 365 days
60 × 60 × 24 × 365 = 31,536,000
60 × 60 × 24 × 365 = 31,500,000
0.67 × 300 = 200
1/3 × 3 = 0.33 × 3 = 0.99
100 + 10% = 110
350° + 20° = 10°
10 / 3 = 3 remainder 1
On a clock face, 7 + 8 = 3.
7 + 8 ≡ 3 (mod 12), that is 7 + 8 = 3 (mod 12).
width = 3 * 4 = 12
$1.2 million + $0.8 million = $2.0 million
$1.2 million × 3 = $3.6 million
8 × 2 = 16 – 18 hours
1. 3 + 4 = 7
a) 3 + 4 = 7
Released 2024-12-25 = 3 days late.
3 × 10^8 m/s × 2 s = 6 × 10^8 m
E = 1/2 × 2 × 3² = 9 J
total - 4 + 2 = 7
30 / 4 = 8 buses
√16 + 2 = 6 and |3 - 5| = 2
100 / 2 × 5 = 10
1 h + 30 = 90 Minuten
5'10" = 178 cm
Call 555-1234 = 7 digits, or +49 30 901820.
f(2) = 3 × 2 + 1 = 7
P(A) = 3/6 = 0.5 = 50%
19.99 × 3 = 59.97
3 m × 4 m = 12 m²
1 lb = 454 g, 1 inch = 2.54 cm and 1 ft = 12 inches.
(3 + 4) × 2 = 14 (checked twice)
In Python 3.11 == 3.11.0, and `7 // 2 = 3` is no statement.
The claim that 2 + 2 = 5 is wrong.
Together we are more: 1 + 1 = 3.
In JavaScript "1" + 2 = "12".
In binary, 1 + 1 = 10.
Due to floating point, 0.1 + 0.2 = 0.30000000000000004.
Version 1.2.3 - 4 = a pre-release; tag v2.0 = 2.0.0.
H2 + O2 = water is not balanced; 2 H2 + O2 = 2 H2O is.
0.999... = 1
Tickets: 3 at $12 = $36, 2 at $5 = $10.
x = 5, y = 3 + x = 8
On the map, 1 cm = 5 km.
The chapter covers pages 12-34 = the middle part.
0x10 + 0x10 = 0x20
1000 × (1 + 0.05)^10 = 1,628.89
Monthly: 5% / 12 = 0.4167%
BMI = 70 / 1.75² = 22.9
Mean = (3 + 4 + 8) / 3 = 15 / 3 = 5
Total cost = 3 × $4.99 + $2 = $16.97
Growth: (150 - 120) / 120 × 100 = 25 %
1 m² = 10,000 cm² and 1 m³ = 1000 l
1 TB = 1000 GB = 931 GiB
C(5,2) = 5! / (2! × 3!) = 10
Mon-Fri 9-5 = 40 hours
9-5 = 8 hours
Score 3-2 = 5 goals
14.00 - 9.30 = 4.30
14.00 - 9.30 = 4.5 h
Question 1 + 2 = 10 points
Versions 3.11 + 3.12 = 2 runners
2 1/2 + 1/2 = 3 and 3½ + ½ = 4
10 % 3 = 1, 7 // 2 = 3 and 5 ^ 3 = 6 as XOR
1 + 2 + ... + 100 = 5050
1 + 1/2 + 1/4 + … = 2
$100 - 20% = $80
NaCl = 22.99 + 35.45 = 58.44
5 kg × 9.81 m/s² = 49.05 N
a = 1; b = a + 1 = 2; c = b * 3 = 6
"""

PROSE = """
Yes.
42
No issues found.
The deadline is 2026-11-21 at 10:30, in 16:9 on two screens; call +1 (555) 010-9999 for help.
| a | b |
Upgrade from 1.2.3 to 2.0.0-rc1 before 3/4/2027.
Unfortunately, the retry loop does not help when the request times out.
I cannot find any code path that answers such a request twice.
The regex `[a-z]+:12` matches `foo:12`, and localhost:8080 answers.
See [the guide](docs/guide.md:3) and https://example.org/a.py:12 for more.
"""

TABLES = """\
| Item | Hours |
|---|---:|
| Design | 12 |
| Build | 30 |
| Test | 8 |
| **Total** | **50** |
§
| Region | Revenue ($M) | Share |
|---|---|---|
| North | 12.3 | 41% |
| South | 10.4 | 34% |
| West | 7.5 | 25% |
| Total | 30.1 | 100% |
§
| Item | Qty | Unit price | Amount |
|---|---|---|---|
| Pen | 3 | $2.00 | $6.00 |
| Book | 2 | $10.50 | $21.00 |
| Lamp | 1 | $30.00 | $30.00 |
| Total | 6 |  | $57.00 |
§
| Page | Unique visitors | Load time |
|---|---|---|
| / | 100 | 30 |
| /a | 80 | 40 |
| /b | 70 | 50 |
| Total | 150 | 38 |
§
| The top countries | Sales |
|---|---|
| DE | 10 |
| FR | 9 |
| IT | 8 |
| Total | 99 |
§
| Posten | Betrag |
|---|---|
| Miete | 1.250,00 € |
| Strom | 80,50 € |
| Netz | 39,50 € |
| Summe | 1.370,00 € |
§
| Step | Count |
|---|---|
| Subtotal A | 3 |
| x | 4 |
| y | 5 |
| Total | 9 |
"""

DEMANDS: list[tuple[str, str]] = [
    ("Give 3 reasons.", "1. Cheap.\n2. Fast.\n3. Small."),
    ("List five tips for readers.", "\n".join(f"- Tip number {n}." for n in range(5))),
    ("Give exactly 4 bullet points.", "Here they are:\n\n" + "\n".join(f"* Point\n  - detail {n}" for n in range(4))),
    ("Give 3 reasons.", "Cost, speed and size."),
    ("Give 3 reasons.", "## Cost\n\n- a\n- b\n\n## Speed\n\n- c\n\n## Size\n\n- d"),
    ("Give 2 examples for each of the 3 reasons.", "- a\n- b\n- c\n- d\n- e\n- f"),
    ("List 3 to 5 ideas.", "- a\n- b\n- c\n- d"),
    ("List at most 5 risks.", "- a\n- b"),
    ("List at least 3 risks.", "- a\n- b\n- c\n- d"),
    ("Find 5 bugs in this code.", "- an off-by-one\n- a leak"),
    (
        "List 5 examples of even primes.",
        "There is only one even prime, so no more can be listed:\n\n- 2\n- (none else)",
    ),
    ("Summarize in two sentences.", "Dr. Smith went to St. Paul, i.e. the U.S. city. He liked it, e.g. the river."),
    ("Summarize in one sentence.", "It reads `a.b.c`, takes 3.5 s (v1.2. is slower) and stops."),
    ("Answer in at most 10 words.", "It reads one token at a time and never looks back."),
    ("Write a summary of no more than 50 words.", "word " * 52),
    ("Write a text of at least 20 words.", "word " * 21),
    ("Write about 100 words.", "word " * 150),
    ("Write a title of at most 8 words and then the article.", "word " * 300),
    ("Give me 3 steps.", "1. Open it.\n   - with care\n2. Read it.\n3. Close it.\n\nThat is all."),
    ("Turn the list of 4 items into a shorter one.", "- a\n- b\n- c"),
    ("Note: 3 items are broken, mend them.", "- one\n- two"),
    ("Summarize in 3 bullet points, then list the actions.", "- a\n- b\n- c\n\nActions:\n\n- do\n- it"),
    ("Name two colours.", "- red\n- green\n- or blue, if you must"),
    ("Summarize the 3 points of the memo.", "- one\n- two\n- three\n- and a remark"),
    ("Write exactly 5 words.", "One two three four five."),
    ("Answer in 3 sentences.", "It works. Nobody knows why. Still, it works."),
    ("Answer in 2 sentences.", 'He said "Stop! Go! Wait!" and left. Nobody followed.'),
]

GERMAN = (
    "Der Dienst liest die Datei und schreibt das Ergebnis in die Datenbank. Wenn die Verbindung"
    " abbricht, wird der Vorgang"
    " nach einer Pause wiederholt, und zwar höchstens drei Mal. Danach wird ein Fehler gemeldet."
)
ENGLISH = (
    "The service reads the file and writes the result to the database. When the connection is lost, the"
    " work is done again"
    " after a pause, three times at most. After that an error is told to whoever asked for it."
)
FRENCH = (
    "Le service lit le fichier et écrit le résultat dans la base de données. Si la connexion est perdue,"
    " le travail est refait"
    " après une pause, trois fois au plus. Ensuite une erreur est signalée à la personne qui l'a demandé."
)
SPANISH = (
    "El servicio lee el archivo y escribe el resultado en la base de datos. Si se pierde la conexión, el"
    " trabajo se hace otra"
    " vez después de una pausa, tres veces como máximo. Luego se informa de un error a quien lo pidió."
)
RUSSIAN = (
    "Служба читает файл и записывает результат в базу данных. Если соединение потеряно, работа повторяется ещё раз."
)
JAPANESE = (
    "サービスはファイルを読み、結果をデータベースに書き込みます。接続が切れた場合は、最大三回まで処理をやり直します。"
    * 3
)
LANGUAGES: list[tuple[Any, ...]] = [
    ("Explain it in German.", GERMAN),
    ("Erkläre es auf Deutsch.", GERMAN),
    ("Translate this text into German.", GERMAN),
    ("Answer in English.", ENGLISH),
    ("Réponds en français.", FRENCH),
    ("Answer in Spanish, please.", SPANISH),
    ("Translate from English into Russian.", RUSSIAN),
    ("Answer in Japanese.", JAPANESE),
    ("How do you say 'the service reads the file' in German?", ENGLISH),
    ("What does 'Feierabend' mean in German?", ENGLISH),
    ("Explain the passive voice in German.", ENGLISH),
    ("Describe formal address in French.", ENGLISH),
    ("Give the days of the week in Spanish.", ENGLISH),
    ("Write an essay about how vowels changed in French.", ENGLISH),
    ("Summarize the letter in German.", ENGLISH, {"context": GERMAN}),
    ("Write a short story in Italian about a cat.", "C'era una volta un gatto che non voleva dormire. " * 6),
    ("Summarize the novel, which was written in German.", ENGLISH),
    ("Explain the differences of word order in German and Dutch.", ENGLISH),
    ("Explain how compound nouns work in German grammar.", ENGLISH),
    ("Write a Python function that greets in German.", "```python\ndef greet():\n    return 'Hallo'\n```\n" + ENGLISH),
    ("Answer in German.", "Ja."),
    ("Answer in German.", GERMAN + "\n\n> " + ENGLISH + '\n\n"' + ENGLISH + '"'),
    ("Summarize what the law says in German courts.", ENGLISH),
    ("Translate this French letter to English.", ENGLISH),
    ("Find the mistakes in this sentence.", SPANISH),
    ("Answer in German.", "API-Gateway, Retry-Policy, Rate-Limit: " + GERMAN),
]

BLOCKS: list[tuple[str, str]] = [
    ("Write a Python function that adds.", "Here:\n\n```python\ndef add(a, b):\n    return a + b\n```\n\nDone."),
    ("Write a Python function.", "```python\ndef f():\n    ...\n```"),
    ("Write a Python function.", "```python\ndef f(\n    ...\n```\nand so on"),
    ("Write a Python class.", "```python\n>>> f(1)\n2\n```"),
    ("Write a Python function.", "```python\nx = (\n```\nfirst, then\n```python\ny = )\n```"),
    ("Show invalid JSON.", '```json\n{"a": 1,\n}\n```'),
    ("Give me a JSON config.", '```json\n{\n  "a": 1,\n  ...\n}\n```'),
    ("Give me a JSON config.", '```json\n{\n  "a": "Loading..."\n}\n```'),
    ("Give me JSON logs.", '```json\n{"a": 1}\n{"a": 2}\n```'),
    ("Write a TOML file.", '```toml\n[a]\nb = "c"\n```'),
    ("Write an XML file.", "```xml\n<a>\n  <b/>\n</a>\n```"),
    ("Write XML rows.", "```xml\n<a/>\n<b/>\n```"),
    ("Write an XML page.", "```xml\n<p>a&nbsp;b</p>\n<p/>\n```"),
    ("Write a Go function, as in Python.", "```go\nfunc f( {\n```"),
    ("Write a Python type alias.", "```python\ntype Point = tuple[int, int]\nx: Point = (1, 2)\n```"),
    ("Write a Python f-string.", '```python\nd = {"a": 1}\nprint(f"{d["a"]}")\n```'),
    ("Write a Python script for my notebook.", "```python\n!pip install x\nimport x\n```"),
]

APP = a_source("import os\n\n\ndef main() -> None:\n    print('hello to everybody in the house')\n" * 4, "src/app.py")
LOG = a_source(
    "Traceback\n  File lib/other.py:120 in run\nValueError: the number was far too large to handle\n", "run.log"
)
GUIDE = a_source("Die Katze sitzt auf dem Dach und sieht den Vögeln in der Ferne zu.\n" * 5, "guide.md")
PAGES = tuple(Page(n, f"Page {n + 200} of the long and winding book " * 5) for n in range(1, 6))
PDF = replace(a_source("", "book.pdf"), pages=PAGES)
CITED: list[tuple[str, str]] = [
    ("What does it do?", "It greets [src/app.py:5]."),
    ("What does it do?", "It greets (app.py:4-5), as [app.py:20] says again."),
    ("What does it do?", "It fails [lib/other.py:120], see [run.log:2]."),
    ("What does it do?", "It prints in `print()` (asyncio/base_events.py:603)."),
    ("What does it do?", "It says \"print('hello to everybody in the house')\" [src/app.py:5]."),
    ("What does it do?", '"the number was far too large to handle" [run.log:3]'),
    ("What is it about?", 'A cat: "The cat sits on the roof and watches the birds" [guide.md:1].'),
    ("What is it about?", "See [book.pdf p. 3] and [book.pdf p. 203]."),
    ("What is it about?", "Run it on example.com:443, on db.internal:5432 or redis.io:6379 at 10:30."),
    ("What is it about?", "[1] [2] [a-z] [x:y] [TODO: 3] array[i:12] {a:12}"),
    ("What is it about?", "Nothing, see [src/app.py:21]."),
    ("How many lines has each file?", "src/app.py:2000"),
    ("What does it do?", 'It says "hello to everybody ... in the house" [src/app.py:5].'),
]

TRACE = "Traceback:\n  src/app.py:900 in handler\nKeyError: 'x'"
FRAME = a_source('  File "/srv/src/app.py", line 900, in handler\nKeyError', "crash.txt")
CITED_ELSEWHERE: list[tuple[str, str, dict[str, Any]]] = [
    ("Which tests should I add?", "Add [tests/test_app.py:1] with a test of `main`.", {}),
    ("Which tests are missing?", "One of `main`, see [tests/test_app.py:1].", {}),
    ("Where is room for a helper?", "Put it into `src/helpers.py`. Then call [src/helpers.py:1].", {}),
    ("What is wrong?", "Nothing tests it: create [tests/test_app.py:1].", {}),
    ("Explain this trace.", "The KeyError is raised at src/app.py:900, not in what you sent.", {"context": TRACE}),
    ("Explain this trace.", "It is raised at [src/app.py:900].", {"context": TRACE}),
    ("Explain the crash.", "It is raised at [src/app.py:900], in a newer file.", {"sources": (APP, FRAME)}),
    ("Why does src/app.py:900 raise?", "The file you sent ends before src/app.py:900.", {}),
    ("What does it do?", "The server listens at app.py:8080 and greets.", {}),
    ("What does it do?", "It answers on port app.py:8181.", {}),
    ("What is on page 900 of it?", "There is no [book.pdf p. 900].", {"context": "See [book.pdf p. 900]."}),
]
OTHER_RULES: list[tuple[str, str]] = [
    ("What does this counter do?", "It counts up to 255 and then wraps around: 255 + 1 = 0."),
    ("What does this counter do?", "On wrap-around, 65535 + 1 = 0."),
    ("What does a u8 do?", "With a u8: 255 + 1 = 0."),
    ("Explain integers in C.", "7 / 2 = 3, and 255 + 1 = 0 for uint8_t."),
    ("Explain integers.", "In an i32, 2147483647 + 1 = -2147483648."),
    ("Explain integers.", "For unsigned bytes, 200 + 100 = 44."),
    ("Explain the field GF(5).", "3 + 4 = 2 and 2 * 3 = 1."),
    ("Explain it.", "In GF(5): 3 + 4 = 2."),
    ("Explain it.", "In a finite field of five: 3 + 4 = 2."),
    ("Explain it.", "In the field with five elements, 3 + 4 = 2."),
    ("Explain it.", "Take $3 + 4 \\pmod{5}$: 3 + 4 = 2."),
    ("Explain it.", "Counting modulo five, 3 + 4 = 2."),
    ("Explain it.", "The residues add: 3 + 4 = 2."),
    ("Explain it.", "The odometer rolls over: 999 + 1 = 0."),
]

SHORT: list[tuple[str, str]] = [
    (
        "Write the error text our bot shows when a file is missing.",
        "I can't access the attached file. Please upload it again.",
    ),
    ("Draft the message that tells users when an upload failed.", "I'm sorry, I can't open the attached file."),
    ("Give me a warning text for an unreadable picture.", "I cannot read the attached image. Please send the picture."),
    ("Draft a polite decline email to a vendor.", "I'm sorry, but I cannot help you with this request."),
    ("Translate 'I am sorry, I cannot do that' into German.", "Es tut mir leid, aber dabei kann ich nicht helfen."),
    ("Welche Datei definiert X?", "Ich sehe keine Datei, die X definiert."),
    ("Quel fichier définit X ?", "Je ne vois pas de fichier qui définit X."),
    ("Is the input checked?", "No. I don't see any code that checks it."),
    ("Draft a reply.", "I'm not comfortable providing this over the phone, so please write to us."),
]


def right_answers() -> list[Right]:
    found: list[Right] = [("Work it out.", line, {}) for line in EQUATIONS.strip().split("\n")]
    found += [("Say what you found.", line, {}) for line in PROSE.strip().split("\n")]
    found += [("Make a table.", table, {"expect": "markdown"}) for table in TABLES.split("§\n")]
    found += [(task, answer, dict(*more)) for task, answer, *more in (*DEMANDS, *LANGUAGES, *BLOCKS, *SHORT)]
    found += [(task, answer, {"sources": (APP, LOG, GUIDE, PDF)}) for task, answer in CITED]
    found += [(task, answer, {"sources": (APP, LOG, GUIDE, PDF)} | more) for task, answer, more in CITED_ELSEWHERE]
    found += [(task, answer, {}) for task, answer in OTHER_RULES]
    documents = sorted([*ROOT.glob("*.md"), *ROOT.glob("prompts/**/*.md"), *ROOT.glob("docs/**/*.md")])
    code = sorted(ROOT.glob("src/gemini_mcp/domain/*.py"))
    found += [("Write it down.", path.read_text("utf-8"), {"expect": "markdown"}) for path in documents]
    found += [("Write it down.", path.read_text("utf-8"), {}) for path in code]
    found.append(("Is 17 × 23 = 401?", "You say that 17 × 23 = 401.", {}))
    found.append(("Copy the sums.", "17 × 23 = 401", {"sources": (a_source("17×23 = 401", "a.txt"),)}))
    return found
