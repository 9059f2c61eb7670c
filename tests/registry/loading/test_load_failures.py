"""Errors for a component whose module cannot be imported, and their advice."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import PluginLoadError
from kplug.registry import REGISTRY, get_kind, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.registry.conftest import Sandbox


def _fail(kind: str, ref: str) -> PluginLoadError:
    with pytest.raises(PluginLoadError) as caught:
        resolve(kind, ref)
    return caught.value


def test_target_that_does_not_exist(install: Sandbox) -> None:
    install(
        "puddle-penalties",
        "2.1",
        entry_points={"kplug.regularizers": {"pond": "puddles:pond"}},
        modules={"puddles.py": ""},
    )
    error = _fail("regularizer", "pond")
    assert str(error) == (
        "the regularizer 'pond' of puddle-penalties 2.1 (puddles:pond) cannot be loaded: "
        "AttributeError: module 'puddles' has no attribute 'pond'\n"
        "  Mend or upgrade puddle-penalties, or switch the plugin off: KPLUG_DISABLE=puddle-penalties."
    )
    assert not isinstance(error, ImportError)
    assert isinstance(error.__cause__, AttributeError)


@pytest.mark.parametrize(
    ("source", "cause", "hint"),
    [
        (
            "import no_such_package.inner\n",
            "ModuleNotFoundError: No module named 'no_such_package'",
            "Install the package that has the module 'no_such_package'",
        ),
        (
            "import kplug.no_such_module\n",
            "ModuleNotFoundError: No module named 'kplug.no_such_module'",
            "Mend or upgrade my-plugin",
        ),
        ("from math import no\n", "ImportError: cannot import name 'no' from 'math'", "Mend"),
        ("raise SystemExit(2)\n", "SystemExit: 2", "Mend or upgrade my-plugin"),
        ("1 +\n", "SyntaxError: invalid syntax", "Mend or upgrade my-plugin"),
    ],
)
def test_plugin_that_does_not_import(install: Sandbox, source: str, cause: str, hint: str) -> None:
    install(
        "my-plugin",
        entry_points={"kplug.losses": {"puddle": "my_plugin:puddle"}},
        modules={"my_plugin.py": source},
    )
    message = str(_fail("loss", "puddle"))
    assert message.startswith(
        f"the loss 'puddle' of my-plugin 1.0 (my_plugin:puddle) cannot be loaded: {cause}"
    )
    assert f"\n  {hint}" in message
    assert message.endswith(", or switch the plugin off: KPLUG_DISABLE=my-plugin.")


def test_only_a_package_that_the_plugin_requires_is_to_be_installed(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug.losses": {"puddle": "my_plugin:puddle"}},
        modules={"my_plugin.py": "import no_such_package.inner\n"},
    )
    with (install.info("my-plugin", "1.0") / "METADATA").open("w") as file:
        file.write("Name: my-plugin\nVersion: 1.0\nRequires-Dist: ???\n")
        file.write("Requires-Dist: No.Such-Package>=2; python_version > '3'\n")
    install.changed()
    assert "\n  Install what it requires: pip install No.Such-Package, or" in str(
        _fail("loss", "puddle")
    )


def test_module_of_the_plugin_itself_is_not_to_be_installed(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug.losses": {"puddle": "my_plugin.lossy:puddle"}})
    message = str(_fail("loss", "puddle"))
    assert "pip install" not in message
    assert "Mend or upgrade my-plugin" in message


def test_target_of_the_users_own_code_that_does_not_import() -> None:
    kplug.register("loss", "mine", "no_such_module:mine")
    assert str(_fail("loss", "mine")) == (
        "the loss 'mine' of custom (no_such_module:mine) cannot be loaded: "
        "ModuleNotFoundError: No module named 'no_such_module'\n"
        "  Mend the module or the target."
    )


NEEDS_DEPENDENCY = {
    "my_plugin.py": "import my_dependency\ndef puddle(y_true, y_pred):\n    return my_dependency.depth\n"
}


def _install_what_needs_a_dependency(install: Sandbox) -> None:
    points = {"kplug.losses": {"puddle": "my_plugin:puddle"}}
    install("my-plugin", entry_points=points, modules=NEEDS_DEPENDENCY)


def _write_dependency(folder: Path) -> None:
    moment = folder.stat().st_mtime_ns + 10_000_000
    (folder / "my_dependency.py").write_text("depth = 3\n")
    os.utime(folder, ns=(moment, moment))


def test_a_dependency_that_is_installed_meanwhile_is_found(install: Sandbox) -> None:
    _install_what_needs_a_dependency(install)
    assert "Install the package that has the module 'my_dependency'" in str(_fail("loss", "puddle"))
    _write_dependency(install.folder)
    assert resolve("loss", "puddle").source(0, 0) == 3


def test_a_dependency_in_a_folder_that_is_added_to_the_path_is_found(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = install.folder / "more"
    more.mkdir()
    _write_dependency(more)
    _install_what_needs_a_dependency(install)
    _fail("loss", "puddle")
    monkeypatch.setattr(sys, "path", [*sys.path, str(more)])
    assert resolve("loss", "puddle").source(0, 0) == 3


def test_a_dependency_that_only_a_new_process_sees(install: Sandbox) -> None:
    _install_what_needs_a_dependency(install)
    install("my_dependency")  # an editable install: Python looks for its folder when it starts
    assert str(_fail("loss", "puddle")).endswith(
        "\n  my_dependency is installed, but this process does not see it: restart Python, "
        "or switch the plugin off: KPLUG_DISABLE=my-plugin."
    )


EDITABLE = '{"url": "file:///src", "dir_info": {"editable": true}}'


@pytest.mark.parametrize("modules", [{}, {"my_plugin.py": "raise OSError('no')\n"}])
def test_an_editable_plugin_is_not_to_be_upgraded(
    install: Sandbox, modules: dict[str, str]
) -> None:
    points = {"kplug.losses": {"puddle": "my_plugin:puddle"}}
    install("my-plugin", entry_points=points, modules=modules)
    (install.info("my-plugin", "1.0") / "direct_url.json").write_text(EDITABLE)
    assert str(_fail("loss", "puddle")).endswith(
        "\n  my-plugin is an editable install: mend it if need be, and restart Python, "
        "or switch the plugin off: KPLUG_DISABLE=my-plugin."
    )


def test_a_plugin_that_was_uninstalled_is_not_to_be_upgraded(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug.losses": {"puddle": "my_plugin:puddle"}})
    component = REGISTRY.index(get_kind("loss")).find_qualified("my-plugin", "puddle")
    assert component is not None
    shutil.rmtree(install.info("my-plugin", "1.0"))
    importlib.invalidate_caches()
    with pytest.raises(PluginLoadError) as caught:
        REGISTRY.load(component)
    assert "\n  my-plugin was uninstalled while this process ran: restart Python, or" in str(
        caught.value
    )
