"""Serves the files of a site over HTTP, with JSON for installers."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

from kplug_registry.errors import RegistryError
from kplug_registry.serving.served_sites import ServedSite
from kplug_registry.site_format import PAGES_JSON, find_cache_control, find_content_type
from kplug_registry.trust.metadata_paths import LATEST

_ADDRESS = re.compile(r"https?://[\w.:\[\]-]+/", re.ASCII)
_PAGES_HTML = "application/vnd.pypi.simple.v1+html"


class SiteFiles(StaticFiles):
    """The files of a site's current folder, without hidden ones.

    Args:
        site: The served site.
    """

    def __init__(self, site: ServedSite) -> None:
        super().__init__(html=True)
        self._site = site

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the answer to a request: 200, 304 or a redirection to a folder; raise 404, 405 and 502."""
        is_page = scope["path"].startswith("/simple/")
        if is_page and scope["path"].endswith("/") and _prefers_json(Headers(scope=scope)):
            path = f"{path}/index.json"
        try:
            self.all_directories = [await run_in_threadpool(self._find_folder, path)]
        except RegistryError as error:
            raise HTTPException(502, f"{error.message}\n") from error
        response = await super().get_response(path, scope)
        if is_page:
            response.headers["vary"] = "Accept"
        return response

    def _find_folder(self, path: str) -> Path:
        folder = self._site.find_folder()
        self._site.pull(path)
        return folder

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return a file with its status; nothing for hidden files, which publishers use."""
        if any(part.startswith(".") for part in Path(path).parts):
            return "", None
        return super().lookup_path(path)

    def file_response(
        self,
        full_path: PathLike,
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,  # noqa: ARG002  # a site has no page for errors
    ) -> Response:
        """Return a file, or 304 if the client's copy is current.

        Wheels never change. Other files may be replaced during the transfer, so they are read at once.
        """
        file = Path(full_path)
        place = f"{scope['path'].rpartition('/')[0]}/{file.name}".lstrip(
            "/"
        )  # of a folder, its page
        headers = {"content-type": find_content_type(place)}
        if not self._site.is_rebuilt:
            headers["cache-control"] = find_cache_control(place)
        if file.suffix == ".whl":
            response: Response = FileResponse(file, headers=headers, stat_result=stat_result)
        else:
            response = _send_content(file, headers, scope)
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response


def _send_content(file: Path, headers: dict[str, str], scope: Scope) -> Response:
    is_head, request = scope["method"] == "HEAD", Headers(scope=scope)
    is_page = file.parent.parent.name == "simple"
    compressed = file.with_name(f"{file.name}.gz")
    try:
        content = file.read_bytes()
        if is_page:
            content = _complete_addresses(content, scope)
        if compressed.is_file() or file.as_posix().endswith(LATEST):
            headers["vary"] = "Accept-Encoding"
            if _accepts_gzip(request):
                headers["content-encoding"] = "gzip"
                is_there = compressed.is_file()
                content = compressed.read_bytes() if is_there else _compress(content)
    except FileNotFoundError:  # removed a moment ago
        raise HTTPException(404) from None
    headers["content-length"] = str(len(content))
    headers["etag"] = f'"{hashlib.sha256(content).hexdigest()}"'
    return Response(b"" if is_head else content, headers=headers)


def _complete_addresses(page: bytes, scope: Scope) -> bytes:
    """Return the page of a distribution with whole addresses of attestations, as PEP 740 wants them."""
    address = str(Request(scope).base_url)
    if not _ADDRESS.fullmatch(address):  # the client wrote the host's name
        return page
    for start in (b'data-provenance="', b'"provenance":"'):
        page = page.replace(start + b"../../", start + address.encode())
    return page


@lru_cache(maxsize=1)
def _compress(content: bytes) -> bytes:
    """Return what every look-up begins with, and a folder has no compressed copy of, as it changes."""
    return gzip.compress(content, mtime=0)


def _accepts_gzip(headers: Headers) -> bool:
    weights = dict(map(_read_weight, headers.get("accept-encoding", "").split(",")))
    return weights.get("gzip", 0) > 0


def _prefers_json(headers: Headers) -> bool:
    """Return whether a client prefers the JSON of PEP 691 to HTML."""
    weights = dict(map(_read_weight, headers.get("accept", "").split(",")))
    html = max(weights.get("text/html", 0), weights.get(_PAGES_HTML, 0))
    return weights.get(PAGES_JSON, 0) > html


def _read_weight(item: str) -> tuple[str, float]:
    media_type, _, parameters = item.partition(";")
    name, _, value = parameters.partition("=")
    try:
        weight = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return media_type.strip().lower(), weight
