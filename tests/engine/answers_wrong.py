"""Wrong answers: by the name of the check that catches them, ``(task, answer, words of the objection)``."""

# ruff: noqa: RUF001 - the signs of arithmetic look like letters

from typing import Any

from .answers_right import APP, ENGLISH, FRENCH, GERMAN, GUIDE, JAPANESE, LOG, PDF, RUSSIAN, SPANISH

Wrong = tuple[str, str, str, str, dict[str, Any]]

EQUATIONS = r"""
12 x 34 = 407
3.5 * 2 = 8
1,200 - 300 = 800
45% of 200 = 80
7/2 = 3.9
2 + 3 = 5 = 10/3
2/3 = 0.68
$3 x 4 = $13
The total is 12 × 34 = 407 boxes.
C = 5/9 × (212 - 32) = 110
2^10 = 1000
1 km = 100 m
5 kg = 500 g
2 hours = 100 minutes
30/200 = 25%
**3 × 4 = 13**
3 × 4 = **13** boxes
$3 \times 4 = 13$
19.99 × 3 = 59.87
Total = 12 × 34 = 407
1 mile = 2.6 km
(3 + 4) × 2 = 16
| 3 × 4 = 13 | x |
So 15% of $80 = $14.
- 17 × 23 = 401
1 GB = 100 MB
3 m × 4 m = 13 m²
100 / 8 = 15
9 - 12 = 3
3.5 * 2 = 7.1
1.200 - 300 = 800
1 hour = 100 min
500 ms = 5 s
250 ml = 2.5 l
17 × 23 ≈ 500
"""

TABLES = [
    ("Item", "Hours", "12", "30", "8", "51"),
    ("Item", "Cost", "$12.50", "$30.00", "$8.00", "$60.50"),
    ("Team", "Tickets", "3", "4", "5", "13"),
    ("Posten", "Betrag", "1.250,00 €", "80,50 €", "39,50 €", "1.470,00 €"),
    ("File", "Tokens", "1,200", "3,400", "500", "5,000"),
    ("Part", "Mass (kg)", "1.5", "2.5", "3.0", "9.0"),
    ("Room", "Area", "12 m", "14 m", "16 m", "40 m"),
    ("Cause", "Incidents", "10", "20", "30", "70"),
]

DEMANDS = [
    ("Give 3 reasons.", "1. Cheap.\n2. Fast.", "3 items"),
    ("Give three reasons.", "1. Cheap.\n2. Fast.\n3. Small.\n4. Old.", "has 4"),
    ("List exactly five tips.", "\n".join(f"- Tip {n}." for n in range(7)), "has 7"),
    ("Give at most 3 bullet points.", "\n".join(f"- Point {n}." for n in range(5)), "at most 3"),
    ("List at least 4 risks.", "- leaks\n- costs", "at least 4"),
    ("Suggest ten titles.", "\n".join(f"{n}. Title" for n in range(1, 9)), "has 8"),
    (
        "Answer in two sentences.",
        "It works well. Nobody knows why. Everybody uses it. Nothing else matters.",
        "2 sentences",
    ),
    (
        "Summarize in one sentence.",
        "The parser reads tokens. The lexer makes them. The printer shows them.",
        "1 sentences",
    ),
    ("Answer in at most 10 words.", "word " * 14, "at most 10 words"),
    ("Write a summary of no more than 50 words.", "word " * 60, "has 60"),
    ("Explain it, in at least 100 words.", "word " * 50, "at least 100"),
    ("Answer in under 20 words.", "word " * 40, "has 40"),
]

LANGUAGES = [
    ("Explain it in German.", ENGLISH, "German"),
    ("Erkläre es auf Deutsch.", ENGLISH, "English"),
    ("Translate this text into German.", ENGLISH, "German"),
    ("Translate the text to French.", GERMAN, "French"),
    ("Answer in English.", FRENCH, "English"),
    ("Réponds en français.", ENGLISH, "French"),
    ("Answer in Spanish, please.", ENGLISH, "Spanish"),
    ("Responde en español.", FRENCH, "Spanish"),
    ("Translate from English into Russian.", ENGLISH, "Russian"),
    ("What is this? Answer in Dutch.", ENGLISH, "Dutch"),
    ("Write a short story in Italian about a cat.", ENGLISH, "Italian"),
    ("Answer in Japanese.", ENGLISH, "Japanese"),
    ("Answer in English.", RUSSIAN * 2, "Cyrillic"),
    ("Answer in English.", JAPANESE, "English"),
    ("Summarize the text in Italian.", SPANISH, "Italian"),
    ("Describe the picture in Greek.", ENGLISH, "Greek"),
]

BLOCKS = [
    ("Write a Python function.", "```python\ndef f(:\n    return 1\n```", "line 1"),
    ("Write a Python script that sorts.", "Here:\n```py\nx = [1, 2\nprint(x)\n```", "python block"),
    ("Implement it in Python.", "~~~\nx\n~~~\n```python\nfor x in y\n    print(x)\n```", "line 1"),
    ("Give me a JSON config.", '```json\n{\n  "a": 1,\n}\n```', "json block"),
    ("Give me a JSON config.", "```json\n{\n  'a': 1\n}\n```", "json block"),
    ("Write the TOML file.", "```toml\n[a\nb = 1\n```", "toml block"),
    ("Write the TOML file.", "```toml\nb = 1\nb = 2\n```", "toml block"),
    ("Generate an XML document.", "```xml\n<a>\n  <b>\n</a>\n```", "line 3"),
    ("Create an XML file.", "```xml\n<a b=c>\n</a>\n```", "xml block"),
]

CITED = [
    ("What does it do?", "It greets [src/app.py:50].", "20 lines"),
    ("What does it do?", "It greets (app.py:400).", "20 lines"),
    ("What does it do?", "It greets [app.py:5-99].", "app.py"),
    ("What does it do?", "It greets [src/helper.py:5].", "no such file"),
    ("What does it do?", "It greets [README.md:1].", "no such file"),
    ("What does it do?", "See run.log:77 for more.", "3 lines"),
    ("What is it about?", "See [guide.md:12].", "5 lines"),
    ("What is it about?", "See [book.pdf p. 900].", "no such page"),
    ("What does it do?", 'It says "the number was much too small to handle" [run.log:3].', "not in run.log"),
    ("What does it do?", "He notes “hello to nobody in the whole house” [src/app.py:5].", "not in src/app.py"),
    ("What is it about?", '"Die Katze liegt auf dem Bett und sieht den Vögeln zu" [guide.md:1]', "not in guide.md"),
]

TRACE = "Traceback:\n  src/app.py:900 in handler\n  other_app.py:33 in run"
NOT_AS_TOLD: list[tuple[str, str, str]] = [
    ("Explain this trace.", "It is raised at src/app.py:950.", "lines"),
    ("Explain this trace.", "It is raised at [src/app.py:90].", "lines"),
    ("Explain this trace.", "It is raised at [src/run.py:9].", "no such file"),
    ("Explain this trace.", "The new value is read at [src/run.py:9].", "no such file"),
]
UNSEEN_FILE = "I can't access the attached file. Please upload it again."
NO_SUCH_WORDS = (
    "Write a fix for the error in the attached file.",
    "Write a reply to the attached letter.",
    "Write a commit message for the attached diff.",
    "Explain why the upload fails when the file is missing.",
)

REFUSED = """
As a language model, I cannot provide medical advice.
This request goes against my guidelines, so I can't help.
I cannot continue with this.
My guidelines prevent me from answering this.
I'm not comfortable writing that.
Das kann ich leider nicht tun.
Es tut mir leid, aber dabei kann ich nicht helfen.
Ich kann diese Anfrage nicht beantworten.
Je suis désolé, mais je ne peux pas répondre à cette demande.
Lo siento, pero no puedo ayudar con eso.
""".strip().split("\n")

UNSEEN = """
I don't see any code in your message.
The file you mentioned was not included.
Your message doesn't contain any code.
I do not have the ability to open links.
I'm unable to access external links.
I'd be happy to help! Please share the document.
Es wurde keine Datei angehängt.
Ich sehe keine Datei. Bitte laden Sie sie hoch.
Je ne vois pas de fichier joint.
No veo ningún archivo adjunto.
""".strip().split("\n")


def _table(item: str, head: str, *cells: str) -> str:
    rows = [f"| {item} | {head} |", "|---|---|", *(f"| part {n} | {cell} |" for n, cell in enumerate(cells[:-1]))]
    return "\n".join([*rows, f"| Total | {cells[-1]} |"])


def wrong_answers() -> list[Wrong]:
    found: list[Wrong] = [("arithmetic", "Work it out.", each, "=", {}) for each in EQUATIONS.strip().split("\n")[:-1]]
    found.append(("arithmetic", "Work it out.", "17 × 23 ≈ 500", "≈", {}))
    found += [("totals", "Make a table.", _table(*each), each[1], {"expect": "markdown"}) for each in TABLES]
    found += [("length", *each, {}) for each in DEMANDS]
    found += [("language", *each, {}) for each in LANGUAGES]
    found += [("code", *each, {"expect": "markdown"}) for each in BLOCKS]
    found += [("citations", *each, {"sources": (APP, LOG, GUIDE, PDF)}) for each in CITED]
    found += [("citations", *each, {"sources": (APP, LOG), "context": TRACE}) for each in NOT_AS_TOLD]
    found += [("arithmetic", "Explain the module.", each, "=", {}) for each in ("The module adds: 3 + 4 = 2.",)]
    found += [("missing_input", each, UNSEEN_FILE, "cannot see", {}) for each in NO_SUCH_WORDS]
    found += [("refusal", "Do it.", each, "refused", {}) for each in REFUSED]
    found += [("missing_input", "Do it.", each, "cannot see", {}) for each in UNSEEN]
    return found
