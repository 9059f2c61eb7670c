"""Fixture that binds ``keras`` to kplug for one test."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import kplug_keras2
import pytest
from kplug_keras2.warning import forget_warnings

TAKEN = ("keras", "tensorflow", "tf_keras")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Install the bindings, beside a real Keras that other tests have imported, and take them back."""
    for name in [name for name in sys.modules if name.partition(".")[0] in TAKEN]:
        monkeypatch.delitem(sys.modules, name)
    forget_warnings()
    kplug_keras2.install()
    yield importlib.import_module("keras")
    kplug_keras2.uninstall()
