"""How many tokens a model would think: by family, by the level or budget asked for, and by the size of the prompt."""

_LEVELS = {"MINIMAL": 0, "LOW": 1, "MEDIUM": 3, "HIGH": 8, "XHIGH": 16}
LEVELS = frozenset(_LEVELS)
_DEFAULT_LEVEL = {"lite": "MINIMAL", "flash": "MEDIUM", "pro": "HIGH"}
_EAGERNESS = {"lite": 1, "flash": 2, "pro": 4}
_DYNAMIC_BUDGET = -1


def family(model: str) -> str:
    """``lite``, ``flash`` or ``pro``; of the fourth generation all but hydrogen are pro."""
    if "lite" in model or model.startswith("gemma"):
        return "lite"
    if "pro" in model or (model.startswith("gemini-4") and "hydrogen" not in model):
        return "pro"
    return "flash"


def thinking_tokens(model: str, level: str, budget: int | None, prompt_tokens: int) -> int:
    """0 when thinking is off: level MINIMAL or budget 0. A budget is a ceiling; -1 leaves it to the model."""
    kind = family(model)
    capped = budget is not None and budget != _DYNAMIC_BUDGET
    asked = "HIGH" if capped else level or _DEFAULT_LEVEL[kind]
    natural = _EAGERNESS[kind] * _LEVELS.get(asked, 1) * (16 + min(prompt_tokens, 8_192) // 64)
    return min(natural, budget) if capped and budget is not None else natural
