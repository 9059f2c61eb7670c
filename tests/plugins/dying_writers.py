"""Lets a writer of a registry's folder die at a step: for kplug-registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.storage import folder


class DiedError(BaseException):
    """Stands for the end of the process."""


def work_and_die(patch: pytest.MonkeyPatch, step: int, work: Callable[[], object]) -> bool:
    """Do the work until the step-th change of a file; return whether it ended."""
    left = step

    def count(original: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **options: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                raise DiedError
            return original(*arguments, **options)

        return counted

    for name in ("replace", "unlink", "hardlink_to"):
        patch.setattr(Path, name, count(getattr(Path, name)))
    patch.setattr(folder, "_flush", count(folder._flush))
    try:
        work()
    except DiedError:
        return False
    return True
