"""Uploaded files, by Google's resumable protocol: they are kept in memory."""

import base64
import hashlib
from dataclasses import dataclass, field

from gemini_mcp.simulator.listing import new_id, timestamp
from gemini_mcp.simulator.refusals import Refusal
from gemini_mcp.simulator.wire import JsonObject, pick

_KEPT_S = 48 * 3_600
_FINAL = ((b"x-goog-upload-status", b"final"),)


@dataclass(slots=True)
class StoredFile:
    id: str
    uri: str
    mime: str
    data: bytes
    display_name: str
    created: float

    def as_json(self) -> JsonObject:
        digest = hashlib.sha256(self.data).hexdigest().encode()
        shown: JsonObject = {
            "name": f"files/{self.id}",
            "mimeType": self.mime,
            "sizeBytes": str(len(self.data)),
            "createTime": timestamp(self.created),
            "updateTime": timestamp(self.created),
            "expirationTime": timestamp(self.created + _KEPT_S),
            "sha256Hash": base64.b64encode(digest).decode(),
            "uri": self.uri,
            "state": "ACTIVE",
            "source": "UPLOADED",
        }
        return shown | ({"displayName": self.display_name} if self.display_name else {})


@dataclass(slots=True)
class _Upload:
    file: StoredFile
    size: int | None
    received: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class Files:
    _stored: dict[str, StoredFile] = field(default_factory=dict)
    _uploads: dict[str, _Upload] = field(default_factory=dict)

    def begin(self, described: JsonObject, mime: str, size: str, base: str, now: float) -> str:
        """The id of an upload. ``described`` is the file as the client named it, ``base`` the URL under which it
        will be found. Raises Refusal (400, 409)."""
        name = str(pick(described, "name", "")).removeprefix("files/") or new_id()
        if name in self._stored:
            raise Refusal(400, f"File files/{name} already exists.", headers=_FINAL)
        mime = mime or str(pick(described, "mimeType", "")) or "application/octet-stream"
        file = StoredFile(name, f"{base}/files/{name}", mime, b"", str(pick(described, "displayName", "")), now)
        upload_id = new_id()
        self._uploads[upload_id] = _Upload(file, int(size) if size.isdecimal() else None)
        return upload_id

    def receive(self, upload_id: str, offset: str, data: bytes, final: bool) -> StoredFile | None:
        """Takes in a part; the file when it was the last. Raises Refusal (400, 404)."""
        upload = self._uploads.get(upload_id)
        if upload is None:
            raise Refusal(404, "Upload not found.", headers=_FINAL)
        if offset != str(len(upload.received)):
            raise Refusal(400, f"Upload offset is {offset}, expected {len(upload.received)}.", headers=_FINAL)
        upload.received += data
        return self._finished(upload_id, upload) if final else None

    def _finished(self, upload_id: str, upload: _Upload) -> StoredFile:
        del self._uploads[upload_id]
        if upload.size not in (None, len(upload.received)):
            raise Refusal(400, f"Upload is {len(upload.received)} bytes, {upload.size} announced.", headers=_FINAL)
        upload.file.data = bytes(upload.received)
        self._stored[upload.file.id] = upload.file
        return upload.file

    def put(self, id_: str, mime: str, data: bytes, base: str, now: float) -> StoredFile:
        """A file the stand-in made itself, such as the results of a batch."""
        self._stored[id_] = StoredFile(id_, f"{base}/files/{id_}", mime, data, "", now)
        return self._stored[id_]

    def get(self, id_: str) -> StoredFile:
        """Raises Refusal (403), as Google does for a file that does not exist."""
        if id_ not in self._stored:
            raise Refusal(403, f"You do not have permission to access the File {id_} or it may not exist.")
        return self._stored[id_]

    def open(self, uri: str) -> tuple[str, bytes]:
        """MIME type and bytes by URI. Raises Refusal (403; 400 for a URI that is not of an uploaded file)."""
        _, found, id_ = uri.rpartition("files/")
        if not found:
            raise Refusal(400, f"Unsupported file URI: {uri}")
        file = self.get(id_)
        return file.mime, file.data

    def delete(self, id_: str) -> None:
        self.get(id_)
        del self._stored[id_]

    def listed(self) -> list[JsonObject]:
        return [file.as_json() for file in reversed(self._stored.values())]
