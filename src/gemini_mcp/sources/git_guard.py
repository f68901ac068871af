"""What every git command runs with, since no repository is trusted.

Nothing of our environment reaches it, no configuration but a repository's own is read, and what that could have it run
(a file system monitor, hooks, filters, a transport to fetch what is missing) is switched off where it cannot be
switched on again.
"""

import os
from collections.abc import Mapping
from types import MappingProxyType

_NOTHING = os.devnull

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "HOME": _NOTHING,
        "XDG_CONFIG_HOME": _NOTHING,
        "PATH": _NOTHING,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": _NOTHING,
        "GIT_CONFIG_GLOBAL": _NOTHING,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_ALLOW_PROTOCOL": "",  # for versions without GIT_NO_LAZY_FETCH: no transport is allowed
    }
)
_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={_NOTHING}",
    f"core.excludesFile={_NOTHING}",
    f"core.attributesFile={_NOTHING}",
    "core.untrackedCache=false",
    "core.quotePath=false",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
)


def command(program: str, *arguments: str) -> list[str]:
    """With the settings that no configuration can change."""
    return [program, "--no-pager", *(word for setting in _SETTINGS for word in ("-c", setting)), *arguments]
