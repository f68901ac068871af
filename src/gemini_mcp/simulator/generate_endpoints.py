"""Generating, counting tokens, and the models there are."""

from collections.abc import Callable

from gemini_mcp.simulator.calls import Call, paged
from gemini_mcp.simulator.fault_replies import refusal, script, under
from gemini_mcp.simulator.generation import Generated, details, stream_bodies
from gemini_mcp.simulator.model_rules import OUTPUT_LIMIT, check_known, input_limit
from gemini_mcp.simulator.reply import Reply, json_reply, sse_reply
from gemini_mcp.simulator.simulator import Simulator, response_id
from gemini_mcp.simulator.wire import JsonObject, pick_object, read_generate, read_json

_SHOWN_WHEN_ALL_ARE_KNOWN = ("gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-4-argon")
_METHODS = ("generateContent", "countTokens", "createCachedContent", "batchGenerateContent")


def generate_content(simulator: Simulator, call: Call) -> Reply:
    return _generated(simulator, call, "generateContent", lambda made: json_reply(made.body(response_id())))


def stream_generate_content(simulator: Simulator, call: Call) -> Reply:
    """Server-sent events with ``alt=sse``, else a JSON list."""
    if call.asked("alt") == "sse":
        return _generated(simulator, call, "streamGenerateContent", lambda made: sse_reply(_stream(made)))
    return _generated(simulator, call, "streamGenerateContent", lambda made: json_reply(_stream(made)))


def _stream(made: Generated) -> list[JsonObject]:
    return list(stream_bodies(made, response_id()))


def _generated(simulator: Simulator, call: Call, method: str, shaped: Callable[[Generated], Reply]) -> Reply:
    model, version = call.params["model"], call.params["v"]
    request = read_generate(read_json(call.body), model, simulator.files.open)
    call.entry.service_tier = request.service_tier
    simulator.check(request, version, method)
    rule = simulator.faults.for_prompt(model, simulator.prompt_text(request))
    call.entry.rule = rule.index if rule else call.entry.rule
    if rule and (refused := refusal(rule, model, version, method)):
        raise refused
    return under(rule, lambda: shaped(simulator.answer(request, script(rule))))


def count_tokens(simulator: Simulator, call: Call) -> Reply:
    model = call.params["model"]
    body = read_json(call.body)
    request = read_generate(pick_object(body, "generateContentRequest") or body, model, simulator.files.open)
    check_known(model, simulator.known_models, call.params["v"], "countTokens")
    prompt = simulator.count(request)
    counted: JsonObject = {"totalTokens": prompt.tokens, "promptTokensDetails": details(prompt.counts)}
    return json_reply(counted | ({"cachedContentTokenCount": prompt.cached} if prompt.cached else {}))


def list_models(simulator: Simulator, call: Call) -> Reply:
    known = simulator.known_models
    names = _SHOWN_WHEN_ALL_ARE_KNOWN if known is None else sorted(known)
    return paged(call, "models", [_model(name) for name in names], 1_000)


def get_model(simulator: Simulator, call: Call) -> Reply:
    check_known(call.params["model"], simulator.known_models, call.params["v"], "getModel")
    return json_reply(_model(call.params["model"]))


def _model(name: str) -> JsonObject:
    limits = {"inputTokenLimit": input_limit(name), "outputTokenLimit": OUTPUT_LIMIT}
    shown = {"name": f"models/{name}", "version": "001", "displayName": name, "description": "Simulated."}
    return shown | limits | {"supportedGenerationMethods": list(_METHODS), "thinking": not name.startswith("gemma")}
