"""Looking a name up: why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import AmbiguousComponentError
from kplug.registry import resolve

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox


def test_an_ambiguous_name_says_why_a_preference_decides_nothing(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a-plugin", "b-plugin", "c-plugin"):
        install(name, entry_points={"kplug.regularizers": {"pond": "m:pond"}})
    monkeypatch.setenv("KPLUG_DISABLE", "c-plugin")
    monkeypatch.setenv("KPLUG_PREFER", "c-plugin,d-plugin/pond")
    kplug.reload()
    with pytest.raises(AmbiguousComponentError) as caught:
        resolve("regularizer", "pond")
    assert str(caught.value).splitlines()[1:] == [
        "  Write 'a-plugin/pond', or prefer one: KPLUG_PREFER=a-plugin",
        "  Not heeded: d-plugin: KPLUG_PREFER names it, but it is not installed. "
        "Did you mean 'a-plugin'?",
        "  Not heeded: c-plugin 1.0: it is preferred, but it is switched off: KPLUG_DISABLE names it",
    ]
