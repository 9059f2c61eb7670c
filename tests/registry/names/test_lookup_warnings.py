"""Deprecated components, and plugins that a built-in hides: one warning each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import DeprecatedComponentWarning, ShadowedComponentWarning
from kplug.registry import resolve

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

POND = "def pond(weight_matrix, depth=0.25):\n    return depth\n"


def _install_shadow(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug.regularizers": {"l2": "my_plugin:pond"}},
        modules={"my_plugin.py": POND},
    )


@pytest.mark.torch
def test_shadowed_plugin_is_named_in_one_warning(install: Sandbox) -> None:
    _install_shadow(install)
    with pytest.warns(ShadowedComponentWarning) as caught:
        found = [resolve("regularizer", text) for text in ("l2", "l2(l2=0.5)", "L2")]
    assert {item.component.qualified_name for item in found} == {"kplug/l2"}
    assert [str(item.message) for item in caught] == [
        "the regularizer 'l2' is kplug's own; 'my-plugin/l2' (my-plugin 1.0) has the same name and is "
        "used only by that one. To prefer it: KPLUG_PREFER=my-plugin"
    ]


@pytest.mark.torch
def test_qualified_and_preferred_names_do_not_warn(install: Sandbox) -> None:
    _install_shadow(install)
    assert resolve("regularizer", "kplug/l2").component.qualified_name == "kplug/l2"
    assert resolve("regularizer", "my-plugin/l2").object("w") == 0.25
    kplug.prefer("my-plugin")
    assert resolve("regularizer", "l2").object("w") == 0.25


def test_deprecated_component_warns_once(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug": {"plugin": "my_hooks"}},
        modules={
            "my_hooks.py": "import kplug\n@kplug.hookimpl\ndef kplug_regularizers():\n"
            "    return {'pond': kplug.Component('pond', 'my_plugin:pond', deprecated=\"'lake'\")}\n",
            "my_plugin.py": POND,
        },
    )
    with pytest.warns(DeprecatedComponentWarning) as caught:
        _ = [resolve("regularizer", text) for text in ("pond", "pond(depth=1)")]
    assert [str(item.message) for item in caught] == [
        "the regularizer 'pond' is deprecated; use 'lake'"
    ]
