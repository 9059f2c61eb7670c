"""Receives the form of an upload within limits; refuses it with `UploadError`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from kplug_registry.errors import PublishingError, SiteFormatError
from kplug_registry.serving.upload_limits import UploadLimits
from kplug_registry.site_format import wheel_path
from kplug_registry.wheels import attestation_paths, facts_path

_CHUNK = 1 << 20
_MOST_ATTESTATIONS = 2  # one of each predicate
_LINGER = 10  # seconds for a client to finish a refused request


class UploadError(PublishingError):
    """A refused upload, with its HTTP status."""

    def __init__(
        self, status: int, message: str, hint: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class ReceivedWheel:
    """A received wheel, in a folder of its own."""

    path: Path
    sha256: str


class Body:
    """The body of a request, counted while it arrives.

    Args:
        receive: The server's function that returns the next part.
        most: The greatest number of bytes.
    """

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most = receive, most
        self._count = 0
        self._is_complete = False

    async def receive(self) -> Message:
        """Return the next part."""
        message = await self._receive()
        self._count += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._count > self._most:
            raise too_large(self._most)
        return message

    async def discard(self) -> None:
        """Receive the rest within limits, as many clients read the answer only after sending everything."""

        async def receive_all() -> None:
            while not self._is_complete:
                await self.receive()

        try:
            await asyncio.wait_for(receive_all(), _LINGER)
        except (UploadError, asyncio.TimeoutError):
            return


@asynccontextmanager
async def receive_wheel(
    request: Request, body: Body, limits: UploadLimits
) -> AsyncIterator[ReceivedWheel]:
    """Receive the wheel of an upload, which is removed when the block ends.

    Args:
        request: The request, ``multipart/form-data`` as twine and uv send it.
        body: Its body.
        limits: The limits, for the duration.

    Raises:
        UploadError: if it is malformed, too large or too slow, or does not match its digest.
        ClientDisconnect: if it was cut off.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UploadError(415, "an upload is a form, multipart/form-data", _USE_TOOLS)
    form = await _receive_form(Request(request.scope, body.receive), limits)
    try:
        with TemporaryDirectory(prefix="kplug-upload-") as folder:
            yield await run_in_threadpool(_take_wheel, form, Path(folder))
    finally:
        await form.close()


def too_large(most: int) -> UploadError:
    """Return the refusal of a request that is too large."""
    return UploadError(
        413,
        f"an upload may have {most} bytes, and this one has more",
        "The server allows more with: kplug serve --size-limit MIB",
    )


_USE_TOOLS = "Upload with: twine upload WHEEL, or uv publish WHEEL"


async def _receive_form(request: Request, limits: UploadLimits) -> FormData:
    try:
        return await asyncio.wait_for(request.form(max_files=2), limits.seconds)
    except asyncio.TimeoutError:
        raise UploadError(
            408,
            f"the upload was not here after {limits.seconds:g} s",
            "Try again over a faster connection.",
        ) from None
    except HTTPException as error:
        raise UploadError(400, f"the form cannot be read: {error.detail}", _USE_TOOLS) from None


def _read_attestations(field: object) -> list[object]:
    """Return the attestations of a form, which reading the wheel checks."""
    try:
        found = [] if field is None else json.loads(str(field))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) > _MOST_ATTESTATIONS:
        raise UploadError(
            400,
            f"the field 'attestations' is no list of at most {_MOST_ATTESTATIONS} attestations in JSON",
            "Upload with: twine upload --attestations WHEEL WHEEL.publish.attestation",
        )
    return found


def _take_wheel(form: FormData, folder: Path) -> ReceivedWheel:
    action, content, wanted = (form.get(key) for key in (":action", "content", "sha256_digest"))
    facts = form.get("facts")
    if action != "file_upload":
        raise UploadError(400, f"{str(action)[:80]!r} is no action of this server", _USE_TOOLS)
    if not isinstance(content, UploadFile):
        raise UploadError(400, "the form has no file 'content'", _USE_TOOLS)
    try:
        name = wheel_path(content.filename or "").rpartition("/")[2]
    except SiteFormatError:
        raise UploadError(
            400,
            f"{str(content.filename)[:80]!r} is not the name of a wheel, and a registry takes wheels alone",
            "Give the wheels, not the sdists: twine upload dist/*.whl",
        ) from None
    path, digest = folder / name, hashlib.sha256()
    with path.open("wb") as file:
        while chunk := content.file.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    if isinstance(facts, UploadFile):
        with facts_path(path).open("wb") as file:
            shutil.copyfileobj(facts.file, file)
    attestations = _read_attestations(form.get("attestations"))
    for place, each in zip(attestation_paths(path), attestations, strict=False):
        place.write_text(json.dumps(each), "utf-8")
    found = digest.hexdigest()
    if found != wanted:
        raise UploadError(
            400,
            f"{name} has arrived with SHA-256 {found}, and its form says {str(wanted)[:80]!r}",
            "Upload it again; if it happens twice, something on the way changes it.",
        )
    return ReceivedWheel(path, found)
