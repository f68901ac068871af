"""More ways to refuse or to miss the material, in four languages: each opens an answer that is nothing else."""

import re
from typing import Final

_SORRY = r"(?:(?:i'?m (?:very )?sorry|sorry|i apologi[sz]e|unfortunately)[,.:;]? (?:but )?)?"
_SORRY_DE = r"(?:(?:es )?tut mir (?:sehr )?leid,? (?:aber )?|leider |entschuldigung,? (?:aber )?)?"
_SORRY_FR = r"(?:(?:je suis )?(?:vraiment )?désolée?,? (?:mais )?|malheureusement,? )?"
_SORRY_ES = r"(?:lo siento,? (?:pero )?|lamentablemente,? |desafortunadamente,? )?"
_THING = r"(?:files?|attachments?|images?|documents?|codes?|texts?|diffs?|screenshots?|pictures?|pdfs?)"
_THING_DE = r"(?:datei(?:en)?|anhang|anhänge|bild(?:er)?|dokumente?|codes?|texte?)"
_THING_FR = r"(?:fichiers?|images?|documents?|pièces? jointes?|codes?|textes?)"
_THING_ES = r"(?:archivos?|imagen|imágenes|documentos?|adjuntos?|código|texto)"

_ALONE = (
    r"(?=\s*(?:[.!]|$|sehen|öffnen|lesen|angehängt|joints?\b|jointes?\b|adjuntos?\b|dans votre|en (?:tu|su)\b"
    r"|in (?:ihrer|deiner)))"
)
"""Nothing says which: a file that *defines* something is missed after a look at the others."""


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(r"^\W{0,8}(?:" + "|".join(patterns) + ")", re.IGNORECASE)


REFUSED: Final = _any(
    rf"{_SORRY}(?:as an? (?:ai )?(?:large )?language model,? i|i'?m (?:just |only )?an? (?:ai"
    rf"|language model)\b[^.\n]{{0,40}}?)"
    r" (?:cannot|can't|am (?:not able|unable) to|do not|don't)\b",
    r"(?:this|that|your) request (?:goes against|violates|conflicts with) my\b",
    r"my (?:guidelines|policies|instructions) (?:prevent me|do not allow|don't allow|prohibit)\b",
    rf"{_SORRY}i (?:cannot|can't|can not) continue with (?:this|that|your)\b",
    rf"{_SORRY}i(?:'m| am) not comfortable (?:writing|providing|generating|with|helping|creating|answering)\b",
    rf"{_SORRY_DE}(?:dabei |damit |das |diese anfrage )?(?:kann|darf|werde) ich (?:ihnen |dir )?(?:das "
    r"|dabei |damit |leider )*"
    r"nicht (?:helfen|tun|beantworten|weiterhelfen|unterstützen|erfüllen)\b",
    rf"{_SORRY_DE}ich (?:kann|darf|werde) (?:ihnen |dir )?(?:leider )?(?:dabei|damit|(?:diese|ihre"
    r"|deine) (?:anfrage|bitte|frage))"
    r" (?:leider )?nicht (?:helfen|beantworten|weiterhelfen|erfüllen|bearbeiten|nachkommen)\b",
    rf"{_SORRY_FR}je ne (?:peux|suis) pas (?:en mesure de )?(?:vous aider|répondre à (?:cette"
    r"|votre) (?:demande|question)"
    r"|(?:satisfaire|traiter) (?:cette|votre) demande|faire cela)",
    rf"{_SORRY_ES}no puedo (?:ayudar(?:te|le|lo)? con (?:eso|esto|esa|esta)|responder a (?:esta|esa|su"
    r"|tu) (?:solicitud|pregunta)"
    r"|cumplir con (?:esta|esa|su|tu) solicitud|hacer eso)",
)
UNSEEN: Final = _any(
    rf"{_SORRY}i (?:do not|don't|can't|cannot) see any {_THING} (?:in your|attached|in the (?:message|request|prompt))",
    rf"{_SORRY}the {_THING} (?:that )?you (?:mentioned|referred to|described) (?:was|were|is"
    r"|are) not (?:included|attached|provided)",
    rf"{_SORRY}your (?:message|request|prompt) (?:does not|doesn't|did not|didn't) (?:contain"
    rf"|include) (?:any|the|a|an) {_THING}\b",
    rf"{_SORRY}i (?:do not|don't) have the ability to (?:open|access|browse|view|visit)\b",
    rf"{_SORRY}i(?:'m| am) (?:unable|not able) to (?:access|open|browse|visit) (?:external |the )?(?:links"
    r"|urls|websites|web|internet)\b",
    rf"{_SORRY}i (?:can't|cannot) (?:browse|access|open|visit) (?:external |the )?(?:links|urls|websites"
    r"|web|internet)\b",
    r"i(?:'d| would) be (?:happy|glad) to help[!.,]? (?:but )?please (?:share|provide|paste|upload|attach"
    r"|send) (?:me )?(?:the|your)\b",
    rf"{_SORRY_DE}es wurden? (?:leider )?keine? {_THING_DE} (?:angehängt|hochgeladen|übermittelt|beigefügt"
    r"|mitgeschickt)",
    rf"{_SORRY_DE}ich (?:sehe|kann) (?:leider )?(?:hier )?keinen? {_THING_DE}{_ALONE}",
    rf"{_SORRY_FR}je ne (?:vois|trouve) (?:pas (?:de |d'|le |la |votre )|aucune? ){_THING_FR}{_ALONE}",
    rf"{_SORRY_FR}je ne peux pas (?:voir|ouvrir|accéder (?:au|à)|lire) (?:le |la |les |votre )?{_THING_FR}{_ALONE}",
    rf"{_SORRY_ES}no (?:veo|encuentro) (?:ningún|ninguna|el|la) {_THING_ES}{_ALONE}",
    rf"{_SORRY_ES}no puedo (?:ver|abrir|acceder a|leer) (?:el|la|los|las|ningún|ninguna|tu|su) {_THING_ES}{_ALONE}",
)
WORDS_WANTED: Final = re.compile(
    r"translat|übersetz|tradui|traduc|draft|\brepl(?:y|ies)\b|e-?mail|letter|message|dialog|character"
    r"|story|\brole|\bsay|phras"
    r"|quot|polite|declin|refus|sentence|caption|example|rewrite|rephrase|error text|wording",
    re.IGNORECASE,
)
"""Tasks whose right answer may be such words."""

_WRITE = (
    r"\b(?:write|draft|compose|word|phrase|formulate|suggest|propose|create|generate|give|improve|reword|rephrase)\b"
)
_WORDS = (
    r"(?:texts?|messages?|words|wording|repl(?:y|ies)|responses?|answers?|e-?mails?|letters?|notices?|copy|strings?"
    r"|labels?|lines?|sentences?|apolog(?:y|ies)|dialogs?|banners?|toasts?|notes?)"
)
EXCUSE_WANTED: Final = re.compile(
    rf"{_WRITE}[^.?!\n]{{0,60}}?\b(?:"
    rf"(?:error|warning|failure|fallback|refusal|rejection|decline|apology|not[- ]found|40[134])"
    rf"[ -]{_WORDS}"
    rf"|(?:polite |kind |friendly |short )?(?:refusals?|rejections?|apolog(?:y|ies)|excuses?)"
    rf"|{_WORDS}\b[^.?!\n]{{0,80}}?\b(?:that|when|if|saying|says|telling|tells|because"
    r"|in case|to (?:decline|refuse|reject))\b[^.?!\n]{0,60}?\b(?:missing|not (?:found|attached|included|available"
    r"|supported|allowed)|unavailable|unreadable"
    r"|cannot|can't|could not|couldn't|fail(?:s|ed)?|unable|denied|declin\w+|refus\w+|reject\w+|decline|refuse|reject)"
    r")\b",
    re.IGNORECASE,
)
"""Tasks that ask for the words in which something is refused or missed: such an answer is the right one."""
