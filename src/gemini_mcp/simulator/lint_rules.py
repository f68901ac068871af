"""What a computed review can find: each rule with what it says and how grave it is."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rule:
    """Grave things take a judgement: a rule is ``medium`` at most."""

    severity: Literal["low", "medium"]
    category: Literal["bug", "security", "performance", "concurrency", "style"]
    message: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule broken at a line of a file."""

    line: int
    rule: Rule


BARE_EXCEPT = Rule(
    "medium",
    "bug",
    "A bare except catches KeyboardInterrupt and SystemExit too.",
    "Name the exceptions, or `except Exception:`.",
)
SWALLOWED = Rule(
    "low", "bug", "An exception of any kind is passed over in silence here.", "Name what is expected, or log it."
)
MUTABLE_DEFAULT = Rule(
    "medium",
    "bug",
    "A mutable default argument is made once and shared by all calls.",
    "Default to None and make it in the body.",
)
EVALUATES = Rule(
    "medium",
    "security",
    "eval and exec run whatever the string holds.",
    "ast.literal_eval, or a table of what is allowed.",
)
SHELL = Rule(
    "medium",
    "security",
    "shell=True hands the command to a shell, which reads its special characters.",
    "Pass a list of arguments, without shell.",
)
UNPICKLES = Rule(
    "medium",
    "security",
    "Loading a pickle runs code that the data chooses.",
    "JSON, or another format that is only data.",
)
UNSAFE_YAML = Rule("medium", "security", "yaml.load without a safe loader can make any object.", "yaml.safe_load(...)")
UNVERIFIED = Rule(
    "medium", "security", "verify=False takes any TLS certificate.", "Leave verification on, or name a CA file."
)
NONE_BY_VALUE = Rule("low", "style", "None is compared by value.", "`is None`, or `is not None`.")
IS_LITERAL = Rule(
    "medium", "bug", "`is` with a literal compares identity, which is left to the interpreter.", "`==`, or `!=`."
)
ASSERTED_TUPLE = Rule(
    "medium", "bug", "An assertion on a tuple that is not empty always holds.", "Leave out the parentheses."
)
NOT_IMPLEMENTED = Rule(
    "medium", "bug", "NotImplemented is no exception and cannot be raised.", "raise NotImplementedError"
)
LEFT_OPEN = Rule(
    "low", "bug", "The file is opened without `with`: nothing says when it is closed.", "with open(...) as file:"
)
EMPTY_F_STRING = Rule("low", "style", "An f-string without a placeholder.", "Leave out the f.")
SLEEPS = Rule(
    "medium", "concurrency", "time.sleep stops the event loop in an async function.", "await asyncio.sleep(...)"
)
RETURN_IN_FINALLY = Rule(
    "medium", "bug", "A return in finally swallows the exception that is under way.", "Return after the try statement."
)
UNUSED_IMPORT = Rule("low", "style", "`{}` is imported and not used in this file.", "Leave out the import.")
BREAKPOINT = Rule("low", "bug", "A breakpoint is left in.", "Leave it out.")

TO_DO = Rule(
    "low", "style", "A note says that something is left to do here.", "Do it, or open an issue and name it here."
)
PLAIN_HTTP = Rule("low", "security", "A plain http address is written down here.", "https, or a setting.")
CONFLICT = Rule("medium", "bug", "A mark of a merge conflict is left in.", "Resolve the conflict.")
LONG_LINE = Rule("low", "style", "The line is very long.", "Break it.")
DEBUGGER = Rule("low", "bug", "A debugger statement is left in.", "Leave it out.")
CONSOLE = Rule("low", "style", "Output for debugging is left in.", "Leave it out, or use the project's log.")
INNER_HTML = Rule("medium", "security", "innerHTML runs scripts that the string holds.", "textContent, or a sanitizer.")
UNBOUNDED_COPY = Rule(
    "medium",
    "security",
    "This function writes without knowing the size of its target.",
    "The variant that takes a size.",
)
