"""Hashes files of any size, in chunks."""

from __future__ import annotations

import hashlib
from typing import IO

_CHUNK = 1 << 20


def hash_stream(stream: IO[bytes]) -> str:
    """Return the SHA-256 of the rest of a stream, in lower-case hexadecimal.

    Example:
        >>> import io
        >>> hash_stream(io.BytesIO(b""))[:8]
        'e3b0c442'
    """
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
