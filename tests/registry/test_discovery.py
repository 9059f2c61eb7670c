"""From installed metadata to pluggy plugins, without importing anything."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import importlib_metadata
import pytest

from kplug.registry import KINDS, REGISTRY, get_kind
from kplug.registry.discovery import discover, search_path_fingerprint
from kplug.registry.policy import Policy

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

LOSS = get_kind("loss")
NEVER = "raise AssertionError('nobody may import this')\n"


def test_static_and_dynamic_tier(install: Sandbox) -> None:
    install(
        "My_Plugin",
        "1.2",
        entry_points={
            "kplug.losses": {"puddle": "puddles:puddle"},
            "kplug": {"x": "puddles_hooks"},
        },
        modules={
            "puddles.py": NEVER,
            "puddles_hooks.py": "import kplug\n@kplug.hookimpl\ndef kplug_losses():\n"
            "    return {'pond': 'puddles:pond'}\n",
        },
    )
    found = [item for item in REGISTRY.components(LOSS) if not item.origin.is_built_in]
    assert [(item.qualified_name, item.origin.version) for item in found] == [
        ("my-plugin/pond", "1.2"),
        ("my-plugin/puddle", "1.2"),
    ]
    assert install.imported() == {"puddles_hooks"}


def test_each_distribution_is_one_pluggy_plugin_under_its_name(install: Sandbox) -> None:
    install("B-plugin", entry_points={"kplug.losses": {"b": "m:b"}})
    install("A.plugin", entry_points={"kplug.metrics": {"a": "m:a"}})
    install("unrelated", entry_points={"console_scripts": {"tool": "m:main"}})
    names = [name for name, _ in discover(Policy()).manager.list_name_plugin()]
    assert sorted(names) == ["a-plugin", "b-plugin", "kplug", "torch"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_kind_has_its_group(install: Sandbox, kind: object) -> None:
    record = KINDS[getattr(kind, "name", "")]
    install("my-plugin", entry_points={record.group: {"puddle": "puddles:puddle"}})
    component = REGISTRY.index(record).find_qualified("my-plugin", "puddle")
    assert component is not None
    assert component.kind == record.name


def test_other_contract_versions_are_not_read(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug2.losses": {"a": "m:a"}, "kplug2": {"x": "m"}})
    assert "my-plugin" not in dict(discover(Policy()).manager.list_name_plugin())


@pytest.mark.parametrize("name", ["kplug", "torch", "custom"])
def test_reserved_names_are_refused(install: Sandbox, name: str) -> None:
    install(name, entry_points={"kplug.losses": {"puddle": "puddles:puddle"}})
    assert REGISTRY.index(LOSS).candidates("puddle") == ()
    assert install.problems(name) == [
        f"its name, {name!r}, is reserved, so its components are not read. "
        "Publish them under another distribution name"
    ]


def test_refused_distribution_is_known_and_not_registered(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug.losses": {"a": "m:a"}})
    found = discover(Policy(disabled={"my-plugin": "KPLUG_DISABLE"}))
    assert list(found.refused) == ["my-plugin"]
    assert found.refused["my-plugin"][1] == "KPLUG_DISABLE names it"
    assert not found.manager.has_plugin("my-plugin")


@pytest.mark.parametrize(
    ("variable", "value", "named", "message"),
    [
        (
            "KPLUG_DISABLE",
            "my-plugni",
            "my-plugni",
            "KPLUG_DISABLE names it, but it is not installed. Did you mean 'my-plugin'?",
        ),
        (
            "KPLUG_PLUGINS",
            "my-plugin,zzz",
            "zzz",
            "KPLUG_PLUGINS names it, but it is not installed",
        ),
        (
            "KPLUG_PREFER",
            "my-plugn/a",
            "my-plugn",
            "KPLUG_PREFER names it, but it is not installed. Did you mean 'my-plugin'?",
        ),
    ],
)
def test_misspelt_names_in_settings(
    install: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    named: str,
    message: str,
) -> None:
    monkeypatch.setenv(variable, value)
    install("my-plugin", entry_points={"kplug.losses": {"a": "m:a"}})
    assert install.problems(named) == [message]


def test_first_of_two_copies_on_the_path_counts(install: Sandbox) -> None:
    install("my-plugin", "1.0", entry_points={"kplug.losses": {"a": "m:a"}})
    install("My.Plugin", "2.0", entry_points={"kplug.losses": {"a": "m:a"}})
    found = [item for item in REGISTRY.components(LOSS) if item.origin.distribution == "my-plugin"]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("file", "content", "names"),
    [
        ("entry_points.txt", b"[kplug.losses]\nthis line has no equals sign\n", "broken"),
        ("entry_points.txt", b"[kplug.losses]\na = \xff\xfe:x\n", "broken"),
        ("METADATA", b"Name: \xff\xfe\n", "unknown"),
    ],
)
def test_unreadable_metadata_costs_that_distribution_alone(
    install: Sandbox, file: str, content: bytes, names: str
) -> None:
    install("broken", entry_points={"kplug.losses": {"a": "m:a"}})
    install("good", entry_points={"kplug.losses": {"puddle": "m:puddle"}})
    (install.info("broken", "1.0") / file).write_bytes(content)
    install.changed()
    assert REGISTRY.index(LOSS).find_qualified("good", "puddle") is not None
    (message,) = install.problems(names)
    assert message.startswith("its metadata cannot be read, so its components are not known: ")
    assert message.endswith(". Install it again")


def test_fingerprint_changes_with_an_installation(install: Sandbox) -> None:
    before = search_path_fingerprint()
    assert before == search_path_fingerprint()
    install("my-plugin")
    assert before != search_path_fingerprint()


def test_fingerprint_passes_over_folders_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", ["/no/such/folder", *sys.path])
    assert all(folder != "/no/such/folder" for folder, _ in search_path_fingerprint())


@pytest.mark.parametrize(
    ("group", "advice"),
    [
        ("kplug.loss", "Did you mean 'kplug.losses'?"),
        ("kplug.regularisers", "Did you mean 'kplug.regularizers'?"),
        ("kplug_losses", "Did you mean 'kplug.losses'?"),
        ("Kplug.losses", "Did you mean 'kplug.losses'?"),
        ("k-plug.losses", "Did you mean 'kplug.losses'?"),
        ("KPlug", "Did you mean 'kplug'?"),
        ("kplug.colours", f"Groups are kplug, {', '.join(kind.group for kind in KINDS.values())}."),
    ],
)
def test_a_misspelt_group_is_a_problem(install: Sandbox, group: str, advice: str) -> None:
    points = {group: {"a": "m:a"}, "kplug.metrics": {"b": "m:b"}}
    install("my-plugin", entry_points=points)
    assert install.problems("my-plugin") == [
        f"its entry points in the group {group!r} are not read, as there is no such group. {advice}"
    ]
    assert REGISTRY.index(get_kind("metric")).find_qualified("my-plugin", "b") is not None


@pytest.mark.parametrize("group", ["kplug2.losses", "kplug2", "kplugins.loaders", "pytest11"])
def test_a_group_of_somebody_else_is_none(install: Sandbox, group: str) -> None:
    install("my-plugin", entry_points={group: {"a": "m:a"}})
    assert install.problems("my-plugin") == []


def test_a_misspelt_group_of_a_plugin_that_is_switched_off_is_none(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "my-plugin")
    install("my-plugin", entry_points={"kplug.loss": {"a": "m:a"}})
    assert install.problems("my-plugin") == []


def test_built_in_modules_read_as_plugins_do() -> None:
    found = discover(Policy())
    assert [supplier.origin.distribution for supplier in found.suppliers] == ["kplug", "torch"]
    for kind in KINDS.values():
        for offer in getattr(found.manager.hook, kind.hook)():
            assert all(isinstance(item.target, str) for item in offer.values())


def test_torch_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise importlib_metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib_metadata, "distribution", missing)
    origins = {
        supplier.origin.distribution: supplier.origin for supplier in discover(Policy()).suppliers
    }
    assert origins["torch"].version == ""
