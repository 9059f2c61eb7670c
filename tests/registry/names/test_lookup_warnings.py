"""Components that are to go, and plugins that a built-in hides: one warning each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import (
    DeprecatedComponentWarning,
    DisabledComponentError,
    ShadowedComponentWarning,
)
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
            "    return {'pond': kplug.Component('pond', 'my_plugin:pond', lifecycle='deprecated',\n"
            "        successor='lake')}\n",
            "my_plugin.py": POND,
        },
    )
    with pytest.warns(DeprecatedComponentWarning) as caught:
        _ = [resolve("regularizer", text) for text in ("pond", "pond(depth=1)")]
    assert [str(item.message) for item in caught] == [
        "the regularizer 'pond' is deprecated; use 'lake'"
    ]


def _install_pond(install: Sandbox, lifecycles: str, classifier: str = "") -> None:
    entries = f"[kplug.regularizers]\npond = my_plugin:pond\n[kplug.lifecycle]\n{lifecycles}\n"
    install(
        "my-plugin",
        entry_points=entries,
        modules={"my_plugin.py": POND},
        classifiers=[classifier] if classifier else (),
    )


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("deprecated", "is deprecated"),
        ("deprecated:lake", "is deprecated; use 'lake'"),
        ("archived:my_lakes.lake", "is archived; use 'my-lakes/lake'"),
    ],
)
def test_an_entry_point_alone_deprecates(install: Sandbox, value: str, says: str) -> None:
    _install_pond(install, f"regularizer.pond = {value}")
    with pytest.warns(DeprecatedComponentWarning) as caught:
        _ = [resolve("regularizer", text) for text in ("pond", "my-plugin/pond")]
    assert [str(item.message) for item in caught] == [f"the regularizer 'pond' {says}"]


@pytest.mark.parametrize(
    ("lifecycles", "classifier", "says"),
    [
        ("", "Development Status :: 7 - Inactive", "archived"),
        ("distribution = archived:my_lakes", "", "archived; use 'my-lakes'"),
        ("distribution = deprecated", "Development Status :: 5 - Production/Stable", "deprecated"),
    ],
)
def test_a_distribution_that_is_to_go_warns_once(
    install: Sandbox, lifecycles: str, classifier: str, says: str
) -> None:
    _install_pond(install, lifecycles, classifier)
    with pytest.warns(DeprecatedComponentWarning) as caught:
        _ = [resolve("regularizer", text) for text in ("pond", "pond(depth=1)")]
    (message,) = (str(item.message) for item in caught)
    assert message == f"the regularizer 'pond' is of my-plugin 1.0, which is {says}"


@pytest.mark.parametrize("stage", ["experimental", "stable"])
@pytest.mark.filterwarnings("error")
def test_what_stays_does_not_warn(install: Sandbox, stage: str) -> None:
    _install_pond(install, f"regularizer.pond = {stage}\ndistribution = {stage}")
    component = resolve("regularizer", "pond").component
    assert component.lifecycle == stage


def test_settings_keep_out_what_is_archived(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install_pond(install, "", "Development Status :: 7 - Inactive")
    monkeypatch.setenv("KPLUG_LOAD_ARCHIVED", "0")
    kplug.reload()
    with pytest.raises(
        DisabledComponentError, match="KPLUG_LOAD_ARCHIVED is off and it is archived"
    ):
        resolve("regularizer", "pond")
    install.uninstall("my-plugin")
    _install_pond(install, "", "Development Status :: 4 - Beta")
    assert resolve("regularizer", "pond").object("w") == 0.25
