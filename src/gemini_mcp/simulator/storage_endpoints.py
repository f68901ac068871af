"""Files, explicit caches and batches."""

from gemini_mcp.simulator.batches import Batch, file_items, inline_items, results_lines
from gemini_mcp.simulator.calls import Call, paged
from gemini_mcp.simulator.model_rules import check_known
from gemini_mcp.simulator.refusals import Refusal
from gemini_mcp.simulator.reply import Reply, json_reply
from gemini_mcp.simulator.simulator import Simulator
from gemini_mcp.simulator.wire import GenerateRequest, JsonObject, pick, pick_object, read_generate, read_json


def begin_or_continue_upload(simulator: Simulator, call: Call) -> Reply:
    """Google's resumable protocol: ``start``, then ``upload``, and ``finalize`` with the last part."""
    command = call.header(b"x-goog-upload-command")
    if "start" in command:
        return _begin_upload(simulator, call)
    if "upload" not in command and "finalize" not in command:
        raise Refusal(400, "X-Goog-Upload-Command must be start, upload or finalize.")
    offset, final = call.header(b"x-goog-upload-offset") or "0", "finalize" in command
    file = simulator.files.receive(call.asked("upload_id"), offset, call.body, final)
    status = ((b"x-goog-upload-status", b"final" if file else b"active"),)
    return json_reply({"file": file.as_json()} if file else {}, status)


def _begin_upload(simulator: Simulator, call: Call) -> Reply:
    described = pick_object(read_json(call.body), "file")
    mime = call.header(b"x-goog-upload-header-content-type")
    size = call.header(b"x-goog-upload-header-content-length")
    upload_id = simulator.files.begin(described, mime, size, call.base, simulator.now())
    url = f"http://{call.header(b'host')}{call.path}?upload_id={upload_id}&upload_protocol=resumable"
    return json_reply({}, ((b"x-goog-upload-url", url.encode()), (b"x-goog-upload-status", b"active")))


def get_file(simulator: Simulator, call: Call) -> Reply:
    return json_reply(simulator.files.get(call.params["id"]).as_json())


def list_files(simulator: Simulator, call: Call) -> Reply:
    return paged(call, "files", simulator.files.listed())


def delete_file(simulator: Simulator, call: Call) -> Reply:
    simulator.files.delete(call.params["id"])
    return json_reply({})


def download_file(simulator: Simulator, call: Call) -> Reply:
    file = simulator.files.get(call.params["id"])
    return Reply((file.data,), content_type=file.mime.encode())


def create_cache(simulator: Simulator, call: Call) -> Reply:
    body = read_json(call.body)
    model = str(pick(body, "model", "")).removeprefix("models/")
    check_known(model, simulator.known_models, call.params["v"], "createCachedContent")
    content = _cacheable(body, model, simulator)
    return json_reply(simulator.create_cache(body, content).as_json())


def _cacheable(body: JsonObject, model: str, simulator: Simulator) -> GenerateRequest:
    """Unlike a question, what is cached may be a system instruction alone."""
    contents = pick(body, "contents") or [{"role": "user", "parts": []}]
    return read_generate(body | {"contents": contents}, model, simulator.files.open)


def get_cache(simulator: Simulator, call: Call) -> Reply:
    return json_reply(simulator.caches.get(call.params["id"], simulator.now()).as_json())


def list_caches(simulator: Simulator, call: Call) -> Reply:
    return paged(call, "cachedContents", simulator.caches.listed(simulator.now()))


def update_cache(simulator: Simulator, call: Call) -> Reply:
    return json_reply(simulator.update_cache(call.params["id"], read_json(call.body)).as_json())


def delete_cache(simulator: Simulator, call: Call) -> Reply:
    simulator.caches.delete(call.params["id"], simulator.now())
    return json_reply({})


def create_batch(simulator: Simulator, call: Call) -> Reply:
    model = call.params["model"]
    check_known(model, simulator.known_models, call.params["v"], "batchGenerateContent")
    batch = pick_object(read_json(call.body), "batch")
    config = pick_object(batch, "inputConfig")
    file = str(pick(config, "fileName", ""))
    items = file_items(simulator.files.open(file)[1]) if file else inline_items(config)
    name = str(pick(batch, "displayName", ""))
    return json_reply(simulator.batches.create(model, name, items, bool(file), simulator.now()).as_json())


def get_batch(simulator: Simulator, call: Call) -> Reply:
    batch = simulator.batches.read(call.params["id"], simulator.answer_in_batch, simulator.now())
    return json_reply(_shown(simulator, call, batch))


def list_batches(simulator: Simulator, call: Call) -> Reply:
    batches = simulator.batches.read_all(simulator.answer_in_batch, simulator.now())
    return paged(call, "operations", [_shown(simulator, call, batch) for batch in batches])


def cancel_batch(simulator: Simulator, call: Call) -> Reply:
    simulator.batches.cancel(call.params["id"], simulator.answer_in_batch, simulator.now())
    return json_reply({})


def delete_batch(simulator: Simulator, call: Call) -> Reply:
    simulator.batches.delete(call.params["id"])
    return json_reply({})


def _shown(simulator: Simulator, call: Call, batch: Batch) -> JsonObject:
    """With its results as a file too when its requests came from one, as Google does; inline they are for ease."""
    if batch.from_file and batch.state == "SUCCEEDED" and not batch.results_file:
        lines = results_lines(batch)
        file = simulator.files.put(f"batch-{batch.id}", "application/jsonl", lines, call.base, simulator.now())
        batch.results_file = f"files/{file.id}"
    return batch.as_json()
