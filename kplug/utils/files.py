"""``get_file``: downloads files into Keras's cache folder and verifies their hashes."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from kplug.components.arguments import require_choice, require_path
from kplug.errors import ArgumentValueError, DataError, KplugError
from kplug.support.optional_libraries import import_extra

_OWNER = "get_file"
_FOLDER = "the name of a folder"
_SHA256_DIGITS = 64
_BLOCK = 1 << 20


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Return the path of a file, after downloading it if necessary.

    A file with a wrong hash is refused: an existing file is left unchanged, a downloaded one is deleted.

    Args:
        fname: Its name; ``None`` uses the name in ``origin``. For an extracted archive, a name without an
            extension names the folder.
        origin: The URL to download from.
        untar: The same as ``extract``, for tar files.
        md5_hash: Its MD5.
        file_hash: Its SHA-256 or MD5, in hexadecimal digits.
        cache_subdir: The folder inside ``cache_dir``.
        hash_algorithm: ``"sha256"``, ``"md5"``, or ``"auto"``, which infers it from the length.
        extract: Whether to extract it as an archive.
        archive_format: ``"tar"``, ``"zip"``, or ``"auto"`` for either.
        cache_dir: The folder of all cached files; ``None`` is ``$KERAS_HOME``, else ``~/.keras``.
        force_download: Whether to download even if the file exists.

    Returns:
        The path of the file, or of the folder of the extracted archive.

    Raises:
        ArgumentValueError: ``origin`` is missing, or ``fname`` contains a folder.
        DataError: The hash is wrong, or the archive cannot be extracted.
        KplugError: The download fails.
        MissingLibraryError: pooch, which downloads, is not installed (``pip install "kplug[download]"``).

    Example:
        >>> folder = Path(tempfile.mkdtemp(), "datasets")
        >>> folder.mkdir()
        >>> _ = Path(folder, "a.txt").write_text("text")  # so nothing is downloaded
        >>> Path(get_file(origin="https://example.com/a.txt", cache_dir=folder.parent)).name
        'a.txt'

    Reference:
        ``keras.utils.get_file``, which overwrites an existing file with a wrong hash, and keeps a
        downloaded one.
    """
    if not isinstance(origin, str):
        raise ArgumentValueError(_OWNER, "origin", origin, "the address of the file")
    for argument, digits in (("md5_hash", md5_hash), ("file_hash", file_hash)):
        if digits is not None and not isinstance(digits, str):
            raise ArgumentValueError(_OWNER, argument, digits, "None or the digits of a hash")
    if fname is not None:
        require_path(_OWNER, "fname", fname)
    folder = _find_cache(cache_dir) / require_path(_OWNER, "cache_subdir", cache_subdir, _FOLDER)
    is_archive = extract or untar
    file, unpacked = _choose_names(fname, origin, folder, is_archive=is_archive)
    expected = file_hash or md5_hash
    algorithm = _choose_algorithm("md5" if file_hash is None else hash_algorithm, expected)
    if force_download or not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _download(origin, file, f"{algorithm}:{expected}" if expected else None)
    elif expected and _hash(file, algorithm) != expected.lower():
        raise DataError(
            f"{_OWNER}: {file} has another {algorithm} than {expected}; it is left as it is",
            hint="It may be incomplete, or of another version. Remove it, or pass force_download=True.",
        )
    if is_archive:
        _unpack(file, unpacked, "tar" if untar else archive_format)
    return str(unpacked if is_archive else file)


def _find_cache(cache_dir: str | os.PathLike[str] | None) -> Path:
    given = cache_dir or os.environ.get("KERAS_HOME") or "~/.keras"
    return require_path(_OWNER, "cache_dir", given, _FOLDER).expanduser()


def _choose_names(
    fname: str | os.PathLike[str] | None, origin: str, folder: Path, *, is_archive: bool
) -> tuple[Path, Path]:
    """Return the paths of the file and of its extracted contents, as Keras 3 names them."""
    name = os.fspath(fname) if fname else Path(urlsplit(origin).path).name
    if not name or Path(name).name != name:
        allowed = "the name of a file, without a folder; cache_dir and cache_subdir say where it is"
        raise ArgumentValueError(_OWNER, "fname", name, allowed)
    if fname and "." in name:
        return folder / name, folder / f"{name.partition('.')[0]}_extracted"
    return folder / (f"{name}_archive" if is_archive else name), folder / name


def _choose_algorithm(algorithm: str, expected: str | None) -> str:
    chosen = require_choice(_OWNER, "hash_algorithm", algorithm, ("auto", "sha256", "md5"))
    if chosen != "auto":
        return chosen
    return "sha256" if len(expected or "") == _SHA256_DIGITS else "md5"


def _hash(file: Path, algorithm: str) -> str:
    made = hashlib.new(algorithm, usedforsecurity=False)
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            made.update(block)
    return made.hexdigest()


def _download(origin: str, file: Path, known_hash: str | None) -> None:
    """Download to a temporary file, verify the hash, and move it to its final path."""
    pooch = import_extra(_OWNER, "pooch", "download")
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        try:
            made = pooch.retrieve(origin, known_hash, fname=file.name, path=folder)
        except (OSError, ValueError) as error:  # network errors; a bad URL or hash
            raise KplugError(
                f"{_OWNER}: {origin} cannot be downloaded: {error}",
                hint=f"Without a network, copy the file to {file}{_describe(known_hash)}.",
            ) from error
        Path(made).replace(file)


def _describe(known_hash: str | None) -> str:
    algorithm, _, digits = (known_hash or "").partition(":")
    return f"; its {algorithm} is {digits}" if known_hash else ""


def _unpack(file: Path, folder: Path, archive_format: str | None) -> None:
    """Extract an archive into a folder, atomically and without writing outside of it."""
    with tempfile.TemporaryDirectory(dir=file.parent) as made:
        try:
            if archive_format in ("auto", "tar") and tarfile.is_tarfile(file):
                with tarfile.open(file) as tar:
                    tar.extractall(made, filter="data")
            elif archive_format in ("auto", "zip") and zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as archive:
                    archive.extractall(made)  # noqa: S202 - leaves out what leads out of the folder
            else:
                raise DataError(f"{_OWNER}: {file} is no archive of the format {archive_format!r}")
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
            raise DataError(f"{_OWNER}: {file} cannot be unpacked: {error}") from error
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)
