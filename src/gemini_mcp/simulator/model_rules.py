"""What a model refuses: names nobody knows, settings the fourth generation dropped, prompts that are too long."""

from gemini_mcp.simulator.refusals import Refusal, model_not_found
from gemini_mcp.simulator.thinking import LEVELS
from gemini_mcp.simulator.wire import GenerateRequest, Settings

INPUT_LIMIT = 1_048_576
OUTPUT_LIMIT = 65_536
_GEMMA_INPUT_LIMIT = 262_144
_MOST_CANDIDATES = 8
_FAMILIES = ("gemini-", "gemma-")


def input_limit(model: str) -> int:
    """Tokens."""
    return _GEMMA_INPUT_LIMIT if model.startswith("gemma") else INPUT_LIMIT


def check_known(model: str, known: frozenset[str] | None, version: str, method: str) -> None:
    """Raises Refusal (404). Without a set of known names every Gemini and Gemma name is known."""
    if not (model.startswith(_FAMILIES) if known is None else model in known):
        raise model_not_found(model, version, method)


def check_settings(request: GenerateRequest) -> None:
    """Raises Refusal (400)."""
    level, budget = request.settings.level, request.settings.budget
    if level and budget is not None:
        raise Refusal(400, "You can only set only one of thinking budget and thinking level.")
    if level and level not in LEVELS:
        raise Refusal(400, f"Invalid value at 'generation_config.thinking_config.thinking_level': \"{level}\"")
    if not 1 <= request.settings.candidates <= _MOST_CANDIDATES:
        raise Refusal(400, f"candidateCount must be from 1 to {_MOST_CANDIDATES}.")
    if request.model.startswith("gemini-4"):
        _check_generation_4(request.model, request.settings)


def _check_generation_4(model: str, settings: Settings) -> None:
    if settings.budget is not None:
        raise Refusal(400, f"Thinking budget is not supported for {model}. Use thinking_level.")
    if settings.level == "MINIMAL":
        raise Refusal(400, f"Thinking level MINIMAL is not supported for {model}.")
    if settings.dropped:
        raise Refusal(400, f"{settings.dropped[0]} is not supported for {model}.")
    if settings.candidates > 1:
        raise Refusal(400, f"Multiple candidates is not enabled for {model}.")


def check_length(model: str, tokens: int) -> None:
    """Raises Refusal (400)."""
    if tokens > input_limit(model):
        raise Refusal(
            400,
            f"The input token count ({tokens}) exceeds the maximum number of tokens allowed ({input_limit(model)}).",
        )
