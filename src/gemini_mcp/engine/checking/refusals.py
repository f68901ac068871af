"""Answers that are none: a refusal, or word that the material did not arrive."""

import re

from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checking.phrases import EXCUSE_WANTED, REFUSED, UNSEEN, WORDS_WANTED
from gemini_mcp.engine.checking.prose import is_prose
from gemini_mcp.engine.schemas import shown

_REFUSAL = re.compile(
    r"""^\W* (?: (?: i'?m\ (?:very\ )? sorry | sorry | i\ apologi[sz]e | unfortunately ) [,.:;]? \s+ (?: but\ )? )?
        (?: as\ an\ ai (?:\ \w+){0,3} , \s+ )?
        i (?: \ cannot | \ can'?t | \ can\ not | 'm\ (?:un|not\ )able\ to | \ am\ (?:un|not\ )able\ to 
            | \ won'?t(?:\ be\ able\ to)?
            | \ must\ decline | \ must\ refuse | \ have\ to\ decline | \ decline\ to | 'm\ not\ going\ to )
        (?: \ (?: help | assist | comply | engage ) \b
          | \ (?: do | answer | provide | generate | create | write | perform | fulfil+ | complete | support )
              \ (?: that | this | such | your | the | any\ such )
              (?: \ (?: request | task | content | information | question | kind | type | sort ) \b | [.,;!] )
          | \ (?: this | that | your | the )\ request \b | [.!] )""",
    re.IGNORECASE | re.VERBOSE,
)
_ATTACHED = r"""(?: the | any | your | that | this | an )? \ ?
    (?: attached | uploaded | provided | linked | shared )? \ ?
    (?: files? | attachments? | images? | pictures? | screenshots? | documents? | pdfs? | links? | urls? )"""
_MISSING_INPUT = re.compile(
    rf"""^\W* (?: (?: i'?m\ sorry | sorry | i\ apologi[sz]e | unfortunately ) [,.:;]? \s+ (?: but\ )? )?
        (?: i\ (?: can'?t | cannot | don't | do\ not | am\ unable\ to
            | am\ not\ able\ to )\ (?:currently\ |directly\ |actually\ )?
              (?: see | view | open | access | read | receive | have\ access\ to )\ {_ATTACHED} \b
              (?! \ (?: (?! you \b ) \w+\ ){{0,4}} (?: mention | say | state | contain | describe ) )
          | i(?:'m|\ am)\ (?:unable|not\ able)\ to\ (?: see | view | open | access | read )\ {_ATTACHED} \b
          | (?: it\ (?:looks|seems|appears)\ (?:like|that|as\ if)\ )? (?: you\ (?: haven't | have\ not
              | didn't | did\ not ) \ (?: yet\ )?
              (?: provided? | attach(?:ed)? | shared? | upload(?:ed)? | included? | pasted? ) )
          | (?: it\ (?:looks|seems|appears)\ (?:like|that|as\ if)\ )?
              (?: no\ (?: files? | attachments? | images? | documents? | code | text | diff | content )
                  \ (?: was | were | has\ been | have\ been )\ (?: attached | included | uploaded | shared )
                | the\ (?: files? | attachments? | images? | documents? | code | text | diff | content )
                  \ (?: wasn't | weren't | (?: was | were | has\ been | have\ been )\ not )
                  \ (?: attached | included | uploaded | shared | provided ) )
              (?: \ (?: to | in | with )\ (?: your | the | this )\ (?: message | request | prompt
                  | conversation ) | [.,;!] | \Z )
          | (?: please | could\ you (?:\ please)? | can\ you (?:\ please)? )\ (?: provide | share | paste
              | upload | attach | send )
              \ (?: me\ )? (?:the|your|a)\ (?:\w+\ ){{0,3}}
              (?: files? | attachments? | images? | documents? | code | contents? | text | diff | material )
              (?: [^.!?\n]{{0,80}} \b (?: so\ (?:that\ )?i | and\ i(?:'ll|\ will) | for\ me\ to
                  | i\ need\ to ) | \ you )\b )""",
    re.IGNORECASE | re.VERBOSE,
)
_OPENING = 400
_MOST_ASKED = 20_000
_MOST_TO_WRITE = 4_000


_WHOLE = 300
"""Characters of an answer that is nothing but such a phrase and its excuse."""


def not_refused(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """A refusal opens the answer and is most of it; a long answer that begins with regret is still an answer."""
    return _opens_with(_REFUSAL, REFUSED, task, text, "refused")


def saw_the_input(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """Models that did not get the material say so at once. Not finding something *in* it is an honest answer."""
    return _opens_with(_MISSING_INPUT, UNSEEN, task, text, "says that it cannot see the input")


def _opens_with(pattern: re.Pattern[str], more: re.Pattern[str], task: Task, text: str, what: str) -> str | None:
    opening = text.strip().replace("\u2019", "'")
    if not is_prose(task) or len(opening) > 2 * _OPENING:
        return None
    asked = task.instruction[:_MOST_ASKED]
    found = pattern.search(opening[:_OPENING])
    if found is None and len(opening) <= _WHOLE and not WORDS_WANTED.search(asked):
        found = more.search(opening)
    if found is None or EXCUSE_WANTED.search(asked[:_MOST_TO_WRITE]):
        return None
    return f"{what}: {shown(found.group(0))}"
