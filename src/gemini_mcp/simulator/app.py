"""The stand-in as an ASGI application: its routes, and what happens around every one of them."""

from collections.abc import Callable
from dataclasses import replace

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gemini_mcp.simulator import generate_endpoints as generating
from gemini_mcp.simulator import storage_endpoints as storing
from gemini_mcp.simulator.calls import Call, Handler
from gemini_mcp.simulator.delivery import deliver, read_body
from gemini_mcp.simulator.fault_replies import refusal, under
from gemini_mcp.simulator.log import Entry
from gemini_mcp.simulator.refusals import Refusal, bad_key, no_key
from gemini_mcp.simulator.reply import Reply, json_reply
from gemini_mcp.simulator.simulator import Simulator

_MODEL = "/{v}/models/{model}"
_GOOGLE: tuple[tuple[str, str, Handler], ...] = (
    ("POST", f"{_MODEL}:generateContent", generating.generate_content),
    ("POST", f"{_MODEL}:streamGenerateContent", generating.stream_generate_content),
    ("POST", f"{_MODEL}:countTokens", generating.count_tokens),
    ("POST", f"{_MODEL}:batchGenerateContent", storing.create_batch),
    ("GET", "/{v}/models", generating.list_models),
    ("GET", _MODEL, generating.get_model),
    ("POST", "/{v}/cachedContents", storing.create_cache),
    ("GET", "/{v}/cachedContents", storing.list_caches),
    ("GET", "/{v}/cachedContents/{id}", storing.get_cache),
    ("PATCH", "/{v}/cachedContents/{id}", storing.update_cache),
    ("DELETE", "/{v}/cachedContents/{id}", storing.delete_cache),
    ("GET", "/{v}/batches", storing.list_batches),
    ("GET", "/{v}/batches/{id}", storing.get_batch),
    ("POST", "/{v}/batches/{id}:cancel", storing.cancel_batch),
    ("DELETE", "/{v}/batches/{id}", storing.delete_batch),
    ("GET", "/{v}/files", storing.list_files),
    ("GET", "/{v}/files/{id}:download", storing.download_file),
    ("GET", "/{v}/files/{id}", storing.get_file),
    ("DELETE", "/{v}/files/{id}", storing.delete_file),
)


def build_app(simulator: Simulator) -> Starlette:
    """Gemini's endpoints; ``/__bill``, ``/__log`` and ``/__reset``; and a Gemini-like 404 for the rest."""
    google = [Route(path, _Endpoint(simulator, handler), methods=[method]) for method, path, handler in _GOOGLE]
    upload = _Endpoint(simulator, storing.begin_or_continue_upload, check_key=_unless_continuing)
    return Starlette(
        routes=[
            *google,
            Route("/upload/{v}/files", upload, methods=["POST"]),
            Route("/__bill", _Endpoint(simulator, _bill, check_key=None), methods=["GET"]),
            Route("/__log", _Endpoint(simulator, _log, check_key=None), methods=["GET"]),
            Route("/__reset", _Endpoint(simulator, _reset, check_key=None), methods=["POST"]),
            Route("/{rest:path}", _Endpoint(simulator, _unknown)),
        ]
    )


def _checked_key(call: Call) -> None:
    """Raises Refusal for a missing, blank or bad key."""
    key = call.header(b"x-goog-api-key").strip() or call.asked("key").strip()
    if not key:
        raise no_key()
    if "bad" in key.lower():
        raise bad_key()


def _unless_continuing(call: Call) -> None:
    """The SDK sends no key with the parts of an upload it has begun: the upload's URL is their credential."""
    if not call.asked("upload_id"):
        _checked_key(call)


class _Endpoint:
    """Reads a call whole, logs it, lets ``handler`` decide the reply, and sends it. The stand-in's own endpoints
    have no ``check_key``: they are neither logged nor faulty."""

    def __init__(
        self, simulator: Simulator, handler: Handler, check_key: Callable[[Call], None] | None = _checked_key
    ) -> None:
        self._simulator = simulator
        self._handler = handler
        self._check_key = check_key
        self._label = (b"x-gemini-agents-simulated", f"prices={simulator.prices}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        entry = self._entry(scope)
        body = await read_body(receive)
        if body is None:
            entry.settle("client_closed")
            return
        self._simulator.log.note_body(entry, body)
        reply = self._labelled(self._decided(_call(scope, body, entry)), entry)
        await deliver(reply, entry, scope, receive, send)

    def _entry(self, scope: Scope) -> Entry:
        log = self._simulator.log
        entry = (log.open if self._check_key else log.unlisted)(scope["method"], scope["path"], scope["headers"])
        entry.model = scope["path_params"].get("model")
        return entry

    def _decided(self, call: Call) -> Reply:
        try:
            if self._check_key is None:
                return self._handler(self._simulator, call)
            self._check_key(call)
            return self._under_path_rules(call)
        except Refusal as refused:
            return refused.reply()

    def _under_path_rules(self, call: Call) -> Reply:
        rule = self._simulator.faults.for_path(call.path)
        if rule is None:
            return self._handler(self._simulator, call)
        call.entry.rule = rule.index
        if refused := refusal(rule, call.params.get("model", ""), call.params.get("v", ""), "this method"):
            raise refused
        return under(rule, lambda: self._handler(self._simulator, call))

    def _labelled(self, reply: Reply, entry: Entry) -> Reply:
        tier = (b"x-gemini-service-tier", entry.service_tier.encode())
        return replace(reply, headers=(self._label, tier, *reply.headers))


def _call(scope: Scope, body: bytes, entry: Entry) -> Call:
    query = scope["query_string"].decode("latin-1")
    return Call(scope["path"], scope["path_params"], query, scope["headers"], body, entry)


def _bill(simulator: Simulator, _: Call) -> Reply:
    return json_reply(simulator.bill.as_json())


def _log(simulator: Simulator, call: Call) -> Reply:
    """The latest ``?limit=`` requests."""
    limit = call.asked("limit")
    if limit and not limit.isdecimal():
        raise Refusal(400, "limit must be a whole number.")
    entries = simulator.log.entries(int(limit) if limit else None)
    return json_reply({"requests": [entry.as_json() for entry in entries]})


def _reset(simulator: Simulator, _: Call) -> Reply:
    simulator.reset()
    return json_reply({})


def _unknown(_: Simulator, call: Call) -> Reply:
    raise Refusal(404, f"The requested URL {call.path} was not found on this server.")
