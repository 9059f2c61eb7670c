"""Callbacks by any identifier."""

from __future__ import annotations

from typing import Any

from kplug.registry import resolve_object


def get(identifier: object) -> Any:
    """Return the callback that a name, spec, class or instance stands for."""
    return resolve_object("callback", identifier)
