"""Targets name modules of their distribution or of its requirements, and of no disabled one."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import DisabledComponentError, PluginLoadError
from kplug.registry import REGISTRY, resolve
from kplug.registry.component import Origin
from kplug.registry.loading.importer import Importer

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

POND = "import os\ndef pond(weight_matrix):\n    return 0.25\n"
EVIL = {"evil.py": "raise AssertionError\n"}
DISABLED = "is a module of evil, which is switched off: KPLUG_DISABLE names it"


@pytest.mark.parametrize(
    ("target", "found"),
    [("os.path:join", os.path.join), ("os:path.join", os.path.join), ("os.path", os.path)],
)
def test_user_code_may_name_anything(target: str, found: object) -> None:
    assert Importer().load(Origin("custom"), target) is found


def _install(
    install: Sandbox, target: str, requires: tuple[str, ...] = (), version: str = "1.0"
) -> None:
    install(
        "my-plugin",
        version,
        entry_points={"kplug.regularizers": {"pond": target}},
        modules={"my_plugin/__init__.py": "", "my_plugin/water.py": POND},
        requires=requires,
    )


def _refusal(ref: str = "my-plugin/pond", error: type[Exception] = PluginLoadError) -> str:
    with pytest.raises(error) as caught:
        resolve("regularizer", ref)
    return str(caught.value)


def test_an_entry_point_cannot_run_a_command(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("my-plugin", entry_points={"kplug.regularizers": {"sys": "os:system"}})
    monkeypatch.setattr(os, "system", lambda command: pytest.fail(command))
    with pytest.raises(PluginLoadError) as caught:
        resolve("regularizer", "sys('id')")
    assert str(caught.value) == (
        "the regularizer 'sys' of my-plugin 1.0 (os:system) cannot be loaded: TargetError: 'os' is a module "
        "neither of my-plugin nor of a package that it requires\n"
        "  Mend or upgrade my-plugin, or switch the plugin off: KPLUG_DISABLE=my-plugin."
    )
    assert install.problems("my-plugin") == [
        "the regularizer 'sys' never loads: 'os:system' is of Python itself"
    ]


@pytest.mark.parametrize("target", ["my_plugin.water:pond", "my_plugin:water.pond"])
def test_own_modules(install: Sandbox, target: str) -> None:
    _install(install, target)
    __import__("my_plugin.water")
    assert resolve("regularizer", "pond").object("w") == 0.25


@pytest.mark.parametrize(
    ("target", "module"),
    [
        ("my_plugin.water:os.system", "os"),
        ("my_plugin.water:os.path.join", "os"),
        ("subprocess:run", "subprocess"),
        ("library:pond", "library"),
        ("torch.nn:Linear", "torch.nn"),
        ("my_plugin.no_such_module:pond", "my_plugin.no_such_module"),
    ],
)
def test_modules_of_others(install: Sandbox, target: str, module: str) -> None:
    install("library", modules={"library.py": POND})
    _install(install, target)
    assert f"{module!r} is a module neither of my-plugin nor of a package" in _refusal()
    assert "library" not in install.imported()


@pytest.mark.parametrize("target", ["library:pond", "torch.nn.functional:relu"])
@pytest.mark.torch
def test_modules_of_what_it_requires(install: Sandbox, target: str) -> None:
    install("Library", modules={"library.py": POND})
    _install(install, target, requires=("library>=1", "torch", "absent"))
    assert callable(
        REGISTRY.load(REGISTRY.index(kplug.registry.get_kind("regularizer")).components[-1])
    )


def test_a_requirement_that_is_installed_later(install: Sandbox) -> None:
    _install(install, "library:pond", requires=("library",))
    assert "'library' is a module neither of my-plugin" in _refusal()
    state = REGISTRY.state
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(REGISTRY, "reload", lambda: None)
        install("library", modules={"library.py": POND})
    assert REGISTRY.state is state
    assert resolve("regularizer", "pond").object("w") == 0.25


def test_what_one_may_name_another_may_not(install: Sandbox) -> None:
    _install(install, "my_plugin.water:pond")
    install("thief", entry_points={"kplug.regularizers": {"pond": "my_plugin.water:pond"}})
    assert resolve("regularizer", "my-plugin/pond").object("w") == 0.25
    assert "'my_plugin.water' is a module neither of thief" in _refusal("thief/pond")


def test_a_module_of_hooks_of_another(install: Sandbox) -> None:
    install("library", modules={"library.py": POND})
    install("my-plugin", entry_points={"kplug": {"plugin": "library"}})
    assert install.problems("my-plugin") == [
        "its module of hooks cannot be imported: TargetError: 'library' is a module neither of my-plugin nor "
        "of a package that it requires"
    ]
    assert "library" not in install.imported()


def test_without_a_record(install: Sandbox) -> None:
    _install(install, "my_plugin.water:pond")
    (install.info("my-plugin", "1.0") / "RECORD").unlink()
    assert (
        "my-plugin has no RECORD of its modules, so 'my_plugin.water' may be anybody's"
        in _refusal()
    )


@pytest.fixture
def evil(install: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A disabled plugin; a test that imports it fails."""
    points = {"kplug.regularizers": {"flood": "evil:flood"}}
    install("evil", entry_points=points, modules=EVIL)
    monkeypatch.setenv("KPLUG_DISABLE", "evil")
    kplug.reload()
    return install


def test_a_disabled_plugin_is_not_imported_by_anothers_target(evil: Sandbox) -> None:
    _install(evil, "evil:flood", requires=("evil",))
    assert _refusal(error=DisabledComponentError) == (
        "the regularizer 'pond' of my-plugin 1.0 (evil:flood) cannot be loaded: "
        f"DisabledTargetError: 'evil' {DISABLED}\n  Change that setting to use it."
    )


def test_nor_by_anothers_hook(evil: Sandbox) -> None:
    hooks = "import kplug\n@kplug.hookimpl\ndef kplug_regularizers():\n    return {'pond': 'evil:flood'}\n"
    evil(
        "my-plugin",
        entry_points={"kplug": {"plugin": "my_hooks"}},
        modules={"my_hooks.py": hooks},
        requires=["evil"],
    )
    assert f"'evil' {DISABLED}" in _refusal(error=DisabledComponentError)


def test_nor_as_anothers_module_of_hooks(evil: Sandbox) -> None:
    evil("my-plugin", entry_points={"kplug": {"plugin": "evil"}}, requires=["evil"])
    (message,) = evil.problems("my-plugin")
    assert message.endswith(f"DisabledTargetError: 'evil' {DISABLED}")


def test_nor_by_what_is_registered(evil: Sandbox) -> None:
    kplug.register("regularizer", "flood", "evil:flood")
    assert f"'evil' {DISABLED}" in _refusal("flood", DisabledComponentError)


def test_nor_in_a_scope(evil: Sandbox) -> None:
    with kplug.scope(regularizers={"flood": "evil:flood"}):
        assert f"'evil' {DISABLED}" in _refusal("flood", DisabledComponentError)


def test_nor_as_the_parent_of_a_module(evil: Sandbox) -> None:
    """Importing the target would import its parent package, a module of the disabled plugin."""
    evil(
        "evil-too",
        entry_points={"kplug.losses": {"x": "pack:x"}},
        modules={"pack/__init__.py": "raise AssertionError"},
    )
    evil(
        "my-plugin",
        entry_points={"kplug.regularizers": {"pond": "pack.mine:pond"}},
        modules={"pack/mine.py": POND},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KPLUG_DISABLE", "evil-too")
        kplug.reload()
        assert "'pack' is a module of evil-too" in _refusal(error=DisabledComponentError)


def test_a_package_that_several_distributions_fill(evil: Sandbox) -> None:
    """Both distributions have modules of their own in the package, and both ship its ``__init__``."""
    shared = {"shared/__init__.py": ""}
    points = {"kplug.regularizers": {"pond": "shared.water:pond"}}
    evil("evil-too", entry_points=points, modules={**shared, "shared/flood.py": ""})
    evil("my-plugin", entry_points=points, modules={**shared, "shared/water.py": POND})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KPLUG_DISABLE", "evil-too")
        kplug.reload()
        assert resolve("regularizer", "my-plugin/pond").object("w") == 0.25


def test_a_disabled_library_that_offers_nothing(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("evil", modules=EVIL)
    _install(install, "evil:flood", requires=("evil",))
    monkeypatch.setenv("KPLUG_DISABLE", "evil")
    kplug.reload()
    assert f"'evil' {DISABLED}" in _refusal(error=DisabledComponentError)


def test_a_library_that_an_allow_list_of_plugins_does_not_name(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("library", modules={"library.py": POND})
    _install(install, "library:pond", requires=("library",))
    monkeypatch.setenv("KPLUG_PLUGINS", "my-plugin")
    kplug.reload()
    assert resolve("regularizer", "pond").object("w") == 0.25


@pytest.mark.parametrize("record", [None, "evil.py,,", '"' + "x" * 200_000])
def test_a_disabled_plugin_with_a_broken_record_costs_no_other(
    evil: Sandbox, record: str | None
) -> None:
    """Without a record, a distribution is assumed to own the package of its name."""
    path = evil.info("evil", "1.0") / "RECORD"
    path.unlink() if record is None else path.write_text(record)
    _install(evil, "my_plugin.water:pond")
    assert resolve("regularizer", "pond").object("w") == 0.25
    kplug.register("regularizer", "flood", "evil.deep:flood" if record is None else "evil:flood")
    assert f"'evil' {DISABLED}" in _refusal("flood", DisabledComponentError)


def test_a_disabled_plugin_is_known_by_its_metadata_and_not_by_their_folder(
    evil: Sandbox,
) -> None:
    evil.info("evil", "1.0").rename(evil.folder / "innocent-1.0.dist-info")
    kplug.reload()
    kplug.register("regularizer", "flood", "evil:flood")
    assert f"'evil' {DISABLED}" in _refusal("flood", DisabledComponentError)


@pytest.mark.parametrize("listed", ["my-plugin==1.0", "my-plugin<2"])
@pytest.mark.parametrize("ref", ["my-plugin/pond", "custom/pond"])
def test_a_version_that_is_not_listed_does_not_load_after_an_upgrade(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, listed: str, ref: str
) -> None:
    monkeypatch.setenv("KPLUG_PLUGINS", listed)
    _install(install, "my_plugin.water:pond")
    REGISTRY.index(kplug.registry.get_kind("regularizer"))
    kplug.register("regularizer", "pond", "my_plugin.water:pond")
    state = REGISTRY._state
    install.uninstall("my-plugin")
    _install(install, "my_plugin.water:pond", version="2.0")
    REGISTRY._state = state  # the fixture looks again; a program does so when it misses something
    reason = f"KPLUG_PLUGINS asks for {listed.removeprefix('my-plugin')}"
    assert f"is a module of my-plugin 2.0, which is switched off: {reason}" in (
        _refusal(ref, DisabledComponentError)
    )
    assert install.imported() == set()


def test_a_version_that_is_listed_loads_after_an_upgrade(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_PLUGINS", "my-plugin>=1")
    _install(install, "my_plugin:water.pond")
    REGISTRY.index(kplug.registry.get_kind("regularizer"))
    state = REGISTRY._state
    install.uninstall("my-plugin")
    _install(install, "my_plugin:water.pond", version="2.0")
    REGISTRY._state = state
    __import__("my_plugin.water")
    assert resolve("regularizer", "pond").object("w") == 0.25
