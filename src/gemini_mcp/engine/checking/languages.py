"""The language asked for: an answer that is plainly in another is turned down."""

import re
from typing import Final

from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checking.prose import CODE, is_prose, read, without_quotes
from gemini_mcp.engine.checking.tongues import LANGUAGES, is_plainly_not, may_be_in, words_of
from gemini_mcp.engine.checking.tongues import plain_language as plain_language

_NAME = rf"(?P<language>{'|'.join(LANGUAGES)})"
_ENDS = r"(?=\s*(?:[.,;:!?)\n]|$|only\b|please\b|and\b|with\b|using\b|at most\b|within\b|no more\b|—|-\s))"
_MORE_ENDS = r"(?:(?=\s+(?:about|to|for|on)\b)|" + _ENDS + ")"
_WRITING = r"(?:answer|reply|respond|write|summari[sz]e|draft|compose|formulate)"
_TELLING = r"(?:explain|describe|give|list|state|tell|outline|present|provide|output|produce)"
_TOPIC = r"(?:about|on|regarding|how|why|where|when|between|whether)"
_WHAT_IS_TOLD = (
    r"(?: (?:me|us))?(?: (?:it|this|that|them|everything|(?:your|the) (?:answer|result|output|summary|explanation|code"
    r"|function|file|text|picture|image|photo|chart|diagram|error|change|problem)s?))?"
)
_DESCRIBED = ("written", "published", "spoken", "printed", "available", "said", "sung", "is", "was", "are", "were")
_NOT_BEHIND = "".join(f"(?<!{word} )" for word in _DESCRIBED)
_MANNER = r"(?:plain |simple |formal |good |fluent )?"
_ASKED = (
    re.compile(
        rf"\b{_WRITING}\b(?:(?!\b{_TOPIC}\b)[^.!?\n\"“]){{0,160}}?{_NOT_BEHIND}\bin {_MANNER}{_NAME}\b{_MORE_ENDS}",
        re.IGNORECASE,
    ),
    re.compile(rf"\b{_TELLING}{_WHAT_IS_TOLD},? in {_MANNER}{_NAME}\b{_ENDS}", re.IGNORECASE),
    re.compile(rf"\btranslate\b[^!?\n]{{0,200}}?\b(?:in)?to {_NAME}\b{_ENDS}", re.IGNORECASE),
    re.compile(
        rf"(?:^|[\n.,;(]\s*)(?:in|language:|output language:|answer language:) ?{_NAME}\b{_ENDS}", re.IGNORECASE
    ),
)
_PLAINLY_ASKED = re.compile(rf"\b(?:answer|reply|respond)(?: only| to me)? in {_MANNER}{_NAME}\b{_ENDS}", re.IGNORECASE)
_TWOFOLD = re.compile(r"\b(?:both|bilingual|if|unless|not|except|otherwise|then|or)\b", re.IGNORECASE)
_OWN: Final = {
    "German": r"\bauf deutsch\b|\bin deutscher sprache\b|\bins deutsche\b",
    "English": r"\bauf englisch\b|\bins englische\b|\ben anglais\b|\ben inglés\b|\bin inglese\b|\bem inglês\b",
    "French": r"\ben français\b|\bauf französisch\b",
    "Spanish": r"\ben español\b|\bal español\b|\bauf spanisch\b",
    "Italian": r"\bin italiano\b",
    "Portuguese": r"\bem português\b",
    "Dutch": r"\bin het nederlands\b",
    "Swedish": r"\bpå svenska\b",
    "Danish": r"\bpå dansk\b",
    "Norwegian": r"\bpå norsk\b",
    "Finnish": r"\bsuomeksi\b",
    "Polish": r"\bpo polsku\b",
    "Czech": r"\bčesky\b",
    "Turkish": r"\btürkçe\b",
    "Russian": r"\bпо-русски\b|\bна русском\b",  # noqa: RUF001
    "Ukrainian": r"\bукраїнською\b",  # noqa: RUF001
    "Japanese": r"日本語で",
    "Chinese": r"用中文|中文回答",
    "Korean": r"한국어로",
}
_OWN_ASKED: Final = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _OWN.items()}
_ABOUT_WORDS = re.compile(
    r"\bhow (?:do|does|would|can|could|should|to)\b[^.?!\n]{0,30}\b(?:say|write|spell|pronounce|call)\b"
    r"|\bwhat (?:is|does|are|do)\b"
    r"|\bwhat's\b|\bmeans?\b|\bmeaning\b|\bwords?\b|\bterms?\b|\bphrases?\b|\bidioms?\b|\bcalled\b"
    r"|\bpronounc\w+|\bspell"
    r"|\b(?:wie|was) (?:sagt|heißt|bedeutet|schreibt)\b|\bcomment (?:dit|dire|écri)|\bcómo se (?:dice"
    r"|escribe)|\bcome si dice"
    r"|\bbilingual|\bside by side|\bglossar|\bvocabular|\bgrammar|\blessons?\b|\bteach|\blearn(?:er|ing)?\b|\bboth\b"
    r"|\bname[sd]?\b|\bcode\b|\bcomments?\b|\bvariables?\b|\bunless\b|\bif\b|\bkeep\b|\boriginal\b|\bquot|\bverbatim"
    r"|\b(?:voice|subjunctive|adjectives?|nouns?|verbs?|endings?|cases?|tenses?|conjugat\w+|declens\w+|pronouns?|syntax|word"
    r" order|plurals?|genders?|prepositions?|alphabet|accents?|dialects?|slang|clauses?|vowels?|consonants?|articles)\b"
    r"|\bnot in\b|\bdo not\b|\bdon't\b|\bexcept\b|\btitles?\b|\btestimonials?\b|\bscript\b|\bfunction\b"
    r"|\bprogram\b|\bapp\b",
    re.IGNORECASE,
)
"""A question about words, or a task in more than one language: the answer may be in another than the one named."""

_MENTIONED = re.compile(rf"\b(?:{'|'.join(LANGUAGES)})\b", re.IGNORECASE)
_FEWEST_WORDS: Final = 25
_FEWEST_LETTERS: Final = 120
_LONGEST_INSTRUCTION: Final = 4_000
_NOISE = re.compile(rf"https?://\S{{1,500}}|{CODE}|\[[^\[\]\n]{{0,200}}\]|^[ \t]*\|.*$", re.MULTILINE)


def in_the_language(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """The answer may well be in the language that the task asks for; quoted material, code and tables do not count."""
    if not is_prose(task) or len(task.instruction) > _LONGEST_INSTRUCTION:
        return None
    language = language_asked(task.instruction)
    if language is None:
        return None
    bare = _NOISE.sub(" ", "\n".join(without_quotes(read(text).lines)))
    if len(words_of(bare)) < _FEWEST_WORDS and len(bare) < _FEWEST_LETTERS:
        return None
    spoken = is_plainly_not(language, bare)
    if spoken and _is_of_material(task, language):
        return None
    return f"{language} was asked for, and the answer is in {spoken}" if spoken else None


def language_asked(instruction: str) -> str | None:
    """The one language that the answer is to be in, or None where none is named beyond doubt."""
    bare = " ".join(without_quotes([instruction.replace("\n", " \n ")]))
    if (plainly := _PLAINLY_ASKED.search(bare)) and not _TWOFOLD.search(bare):
        return _titled(plainly["language"]) if len(set(map(str.lower, _MENTIONED.findall(bare)))) == 1 else None
    if _ABOUT_WORDS.search(bare):
        return None
    found = {_titled(match["language"]) for pattern in _ASKED for match in pattern.finditer(bare)}
    found |= {name for name, pattern in _OWN_ASKED.items() if pattern.search(bare)}
    if len(found) != 1:
        return None
    (language,) = found
    others = {_titled(each[0]) for each in _MENTIONED.finditer(_without_origin(bare))} - {language}
    return None if others else language


def _is_of_material(task: Task, language: str) -> bool:
    """Whether the language may be that of the material: "summarize the text in German" may say what the text is in."""
    if "translat" in task.instruction.lower():
        return False
    given = (task.context, *(source.text for source in task.sources), *(p.text for s in task.sources for p in s.pages))
    return any(may_be_in(language, each) for each in given if each)


def _without_origin(instruction: str) -> str:
    """Without what a translation is made from."""
    names = "|".join(LANGUAGES)
    return re.sub(
        rf"\bfrom (?:the )?(?:{names})\b|\bthe (?:{names}) (?=\w)|\bthis (?:{names}) (?=\w)",
        " ",
        instruction,
        flags=re.I,
    )


def _titled(name: str) -> str:
    return name[:1].upper() + name[1:].lower()
