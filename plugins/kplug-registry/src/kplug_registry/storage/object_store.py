"""`ObjectStore`: the storage of a site in an object store, such as S3, through fsspec."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from kplug_registry.errors import PublishingError
from kplug_registry.site_format import find_cache_control, find_content_type, hash_stream
from kplug_registry.storage.object_store_lock import LENGTH, TurnTaker
from kplug_registry.storage.site_storage import Turn


class ObjectStore:
    """Objects below an address, in a store that can create an object only if it is absent.

    Args:
        system: The file system of fsspec.
        root: The path in it.
        address: The address, for messages.
        length: Seconds of a writer's turn.
    """

    def __init__(self, system: Any, root: str, address: str, length: float = LENGTH) -> None:
        self._system, self._root, self._address = system, root.rstrip("/"), address
        self._length = length

    def __str__(self) -> str:
        return self._address

    def read(self, path: str) -> bytes | None:
        """Return an object, or None if there is none."""
        with self._explaining("read"):
            try:
                return bytes(self._system.cat_file(self._locate(path)))
            except FileNotFoundError:
                return None

    def find_hash(self, path: str) -> str | None:
        """Return the SHA-256 of an object, or None if there is none."""
        with self._explaining("read"):
            try:
                with self._system.open(self._locate(path), "rb") as stream:
                    return hash_stream(stream)
            except FileNotFoundError:
                return None

    def list(self, folder: str) -> list[str]:
        """Return the paths of all objects below a folder, sorted."""
        self._system.invalidate_cache()
        with self._explaining("read"):
            found = self._system.find(self._locate(folder.rstrip("/")))
        prefix = f"{self._root}/"
        return sorted(each[each.index(prefix) + len(prefix) :] for each in found)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write objects, each atomically; they are durable on return."""
        by_headers: dict[tuple[str, str], dict[str, bytes]] = defaultdict(dict)
        for path, content in files.items():
            headers = find_content_type(path), find_cache_control(path)
            by_headers[headers][self._locate(path)] = content
        for headers, contents in by_headers.items():
            with self._explaining("written to"):
                self._system.pipe(contents, **self._options(*headers))

    def create(self, path: str, content: bytes) -> bool:
        """Write an object atomically, if there is none; return whether it was written."""
        with self._explaining("written to"):
            try:
                self._system.pipe_file(self._locate(path), content, mode="create")
            except FileExistsError:
                return False
        return True

    def copy(self, files: Mapping[str, str]) -> None:
        """Copy objects by the new path of each, which never has another content."""
        if not files:  # fsspec would look for files without a name
            return
        with self._explaining("read"):
            contents = self._system.cat([self._locate(source) for source in files.values()])
        self.write({target: contents[self._locate(files[target])] for target in files})

    def remove(self, paths: Iterable[str]) -> None:
        """Remove objects, ignoring missing ones."""
        for path in paths:
            with self._explaining("written to"), suppress(FileNotFoundError):
                self._system.rm_file(self._locate(path))

    @contextmanager
    def take_turn(self, timeout: float) -> Iterator[Turn]:
        """Keep other writers away while the context is open.

        Args:
            timeout: Seconds to wait for another writer.

        Raises:
            PublishingError: if another writer does not end.
        """
        taker = TurnTaker(self, self._length)
        turn = taker.take(timeout)
        try:
            yield turn
        finally:
            taker.give_back()

    @contextmanager
    def _explaining(self, done: str) -> Iterator[None]:
        """Translate errors of the store; each backend of fsspec has its own."""
        try:
            yield
        except Exception as error:
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise PublishingError(
                f"{self._address} cannot be {done}: {reason}",
                hint="Look at the address, and at what the tools of the store read: of S3, AWS_PROFILE or "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL.",
            ) from error

    def _locate(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _options(self, content_type: str, cache_control: str) -> dict[str, str]:
        """Return the options for S3, which serves objects with the headers of the upload."""
        headers = {"ContentType": content_type, "CacheControl": cache_control}
        return headers if "s3" in self._system.protocol else {}
