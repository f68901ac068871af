"""Languages as a text shows them: by its script, or by the small words that no text does without."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

SCRIPTS: Final[dict[str, re.Pattern[str]]] = {
    "Cyrillic": re.compile(r"[\u0400-\u04ff]"),
    "Greek": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]"),
    "Arabic": re.compile(r"[\u0600-\u06ff\u0750-\u077f]"),
    "Hebrew": re.compile(r"[\u0590-\u05ff]"),
    "Devanagari": re.compile(r"[\u0900-\u097f]"),
    "Thai": re.compile(r"[\u0e00-\u0e7f]"),
    "Hangul": re.compile(r"[\uac00-\ud7af\u1100-\u11ff]"),
    "Kana": re.compile(r"[\u3040-\u30ff]"),
    "Han": re.compile(r"[\u3400-\u9fff]"),
    "Latin": re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"),
}
WRITTEN_IN: Final[dict[str, tuple[str, ...]]] = {
    "Russian": ("Cyrillic",),
    "Ukrainian": ("Cyrillic",),
    "Greek": ("Greek",),
    "Arabic": ("Arabic",),
    "Hebrew": ("Hebrew",),
    "Hindi": ("Devanagari",),
    "Thai": ("Thai",),
    "Korean": ("Hangul",),
    "Japanese": ("Kana", "Han"),
    "Chinese": ("Han",),
}
"""The languages that are not written in Latin letters."""

_SMALL: Final[dict[str, frozenset[str]]] = {
    language: frozenset(words.split())
    for language, words in {
        "English": "the of and to in is that it for was with as be on by this are or an at from which you"
        " have not but they"
        " has will can their its when we if would there been more how what one your",
        "German": "der die das und ist nicht von mit den dem des ein eine einer einen einem zu auf für sich"
        " auch es im wird"
        " werden als bei aus nach oder wie dass sind kann durch über zur zum um vom hat sie wenn nur so",
        "French": "le la les des et est dans une un du pour que qui pas sur avec par au aux ce cette ces"
        " sont il elle ne se"
        " plus ou en sa son ses leur comme mais nous vous être peut qu où on",
        "Spanish": "el la los las de y en que un una es por para con no se del al su sus lo como más pero"
        " este esta son o"
        " ser puede entre cuando sin sobre también ha está muy hay si",
        "Italian": "il la le gli di e che in un una è per con non si del della dei delle al alla sono come"
        " più ma anche nel"
        " nella lo questo questa da ha può essere quando i o su",
        "Portuguese": "o a os as de e que em um uma é para com não se do da dos das ao no na nos nas por"
        " mais mas como são"
        " também pode ser seu sua este esta ou quando foi",
        "Dutch": "de het een en van in is dat op te met voor niet zijn aan er die om ook als maar bij door"
        " naar uit wordt"
        " worden kan of deze dit ze wij over heeft nog geen",
        "Swedish": "och att det som en på är av för med till den har de inte om ett men var sig från kan när"
        " eller vi så"
        " också blir ska detta genom mellan där",
        "Danish": "og at det som en på er af for med til den har de ikke om et men var sig fra kan når eller vi så også"
        " bliver skal dette mellem hvor",
        "Norwegian": "og at det som en på er av for med til den har de ikke om et men var seg fra kan når"
        " eller vi så også"
        " blir skal dette mellom hvor",
        "Finnish": "ja on ei että se joka mutta myös kun ovat tai niin hän voi kuin sen oli jos ole mukaan"
        " jossa siitä tämä"
        " sekä kanssa",
        "Polish": "i w na z się nie do to że jest jak o po co ale za od przez dla są oraz może być tego"
        " które który która"
        " lub przy tym ich jego",
        "Czech": "a je v na se že to s z do o jako ale pro za by jsou nebo který která které také po od jeho"
        " při může být"
        " když podle",
        "Romanian": "și în de la cu pe este nu că un o din care pentru sunt mai sau prin ca fi se dar acest"
        " această fost"
        " poate lui",
        "Turkish": "ve bir bu için ile da de çok olarak daha gibi olan ne kadar sonra veya ancak ise değil"
        " her en olduğu"
        " tarafından",  # noqa: RUF001
        "Hungarian": "a az és hogy nem is egy ez van volt meg csak de mint vagy ha el kell már lehet azt ezt"
        " után között",
        "Indonesian": "yang dan di dengan untuk dari ini itu dalam tidak akan pada adalah ke juga atau oleh"
        " karena sebagai"
        " dapat bisa lebih",
    }.items()
}
LANGUAGES: Final = (*_SMALL, *WRITTEN_IN)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_LONGEST: Final = 20_000
_FEWEST_HITS: Final = 6
_PLAIN: Final = 0.15
_RIVAL: Final = 1.6
_TRACE: Final = 0.06


def words_of(text: str) -> list[str]:
    """Its words in lower case, of the first twenty thousand characters."""
    return [word.lower() for word in _WORD.findall(text[:_LONGEST])]


def script_shares(text: str) -> dict[str, float]:
    """What share of the letters each script has."""
    counts = {name: len(pattern.findall(text[:_LONGEST])) for name, pattern in SCRIPTS.items()}
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items() if total}


def small_word_shares(words: Iterable[str]) -> dict[str, float]:
    """What share of the words are small words of each language in Latin letters."""
    counted = Counter(words)
    total = counted.total()
    return {name: sum(counted[word] for word in small) / total for name, small in _SMALL.items() if total}


def plain_language(text: str) -> str | None:
    """The one language in Latin letters that the text is in beyond doubt, or None."""
    words = words_of(text)
    ranked = sorted(small_word_shares(words).items(), key=lambda pair: -pair[1])
    if not ranked or ranked[0][1] < _PLAIN or ranked[0][1] * len(words) < 3:
        return None
    return ranked[0][0] if ranked[0][1] >= _RIVAL * ranked[1][1] else None


def may_be_in(language: str, text: str) -> bool:
    """Whether a good part of the text is in the language."""
    if language in WRITTEN_IN:
        scripts = script_shares(text)
        return sum(scripts.get(name, 0.0) for name in WRITTEN_IN[language]) > _PLAIN
    return small_word_shares(words_of(text)).get(language, 0.0) > _PLAIN


def is_plainly_not(language: str, text: str) -> str | None:
    """What the text is in instead of the language, if that is beyond doubt; None if it may well be in it."""
    scripts, words = script_shares(text), words_of(text)
    if not scripts:
        return None
    if language in WRITTEN_IN:
        if sum(scripts[name] for name in WRITTEN_IN[language]) > _TRACE:
            return "Japanese" if language == "Chinese" and scripts["Kana"] > 2 * _PLAIN else None
        return _foreign(words, language) if scripts["Latin"] > 1 - 2 * _TRACE else _by_script(scripts)
    if scripts["Latin"] < _PLAIN:
        return _by_script(scripts)
    return _foreign(words, language) if scripts["Latin"] > 1 - _TRACE else None


def _foreign(words: list[str], language: str) -> str | None:
    shares = small_word_shares(words)
    name, share = max(shares.items(), key=lambda pair: pair[1])
    if share < _PLAIN or share * len(words) < _FEWEST_HITS or shares.get(language, 0.0) * 2.5 > share:
        return None
    return name


def _by_script(scripts: dict[str, float]) -> str | None:
    name, share = max(scripts.items(), key=lambda pair: pair[1])
    return f"{name} script" if share > 1 / 2 and name != "Latin" else None
