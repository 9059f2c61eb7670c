"""Writes nouns as JSON, and reads untrusted JSON with validation of every field."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from kplug_registry.errors import SiteFormatError

Noun = TypeVar("Noun")


def to_json(noun: object) -> bytes:
    r"""Return a noun as canonical JSON, so that unchanged files keep the same bytes.

    Args:
        noun: One of `kplug_registry.site_format.schema`.

    Example:
        >>> from kplug_registry.site_format import WheelFile
        >>> to_json(WheelFile("a-1-py3-none-any.whl", "0" * 4, 7))
        b'{"filename":"a-1-py3-none-any.whl","sha256":"0000","size":7,"metadata_sha256":"","published":""}\n'
    """
    return msgspec.json.encode(noun) + b"\n"


def from_json(noun: type[Noun], text: str | bytes, where: str) -> Noun:
    """Return the noun of a JSON text.

    Args:
        noun: The expected type.
        text: The JSON.
        where: The file, for messages.

    Raises:
        SiteFormatError: for invalid JSON, with the field.

    Unknown keys are ignored, as a later format may add some.
    """
    try:
        return msgspec.json.decode(text, type=noun)
    except msgspec.ValidationError as error:
        raise SiteFormatError(f"{where}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise SiteFormatError(f"{where} is no JSON: {error}") from error
