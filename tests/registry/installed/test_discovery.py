"""From installed metadata to pluggy plugins, without importing anything."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import importlib_metadata
import pytest

from kplug.registry import KINDS, REGISTRY, Kind, get_kind
from kplug.registry.component import Origin
from kplug.registry.errors import KplugWarning
from kplug.registry.installed.discovery import discover, search_path_fingerprint
from kplug.registry.kinds import BUILT_IN_KINDS, HOOKED
from kplug.registry.policy import Policy, read_policy

if TYPE_CHECKING:
    from pathlib import Path

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


def test_each_distribution_is_one_supplier_under_its_name(install: Sandbox) -> None:
    install("B-plugin", entry_points={"kplug.losses": {"b": "m:b"}})
    install("A.plugin", entry_points={"kplug.metrics": {"a": "m:a"}})
    install("unrelated", entry_points={"console_scripts": {"tool": "m:main"}})
    names = [one.origin.distribution for one in discover(Policy()).suppliers]
    assert names == ["a-plugin", "b-plugin", "kplug", "torch"]


@pytest.mark.parametrize("kind", BUILT_IN_KINDS.values(), ids=list(BUILT_IN_KINDS))
def test_every_kind_has_its_group(install: Sandbox, kind: Kind) -> None:
    record = KINDS[kind.name]
    install("my-plugin", entry_points={record.group: {"puddle": "puddles:puddle"}})
    component = REGISTRY.index(record).find_qualified("my-plugin", "puddle")
    assert component is not None
    assert component.kind == record.name


def test_other_contract_versions_are_not_read(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug2.losses": {"a": "m:a"}, "kplug2": {"x": "m"}})
    assert "my-plugin" not in discover(Policy()).by_name


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
    found = discover(read_policy({"KPLUG_DISABLE": "my-plugin"}))
    assert list(found.refused) == ["my-plugin"]
    assert found.refused["my-plugin"][1] == "KPLUG_DISABLE names it"
    assert "my-plugin" not in found.by_name


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


def test_a_copy_further_down_the_path_offers_nothing(install: Sandbox) -> None:
    install("my-plugin", "1.0")
    more = install.folder / "more"
    shutil.copytree(install.info("my-plugin", "1.0"), more / "my_plugin-0.9.dist-info")
    points = "[kplug.losses]\na = m:a\n"
    (more / "my_plugin-0.9.dist-info" / "entry_points.txt").write_text(points)
    with pytest.MonkeyPatch.context() as patch:
        everything = importlib_metadata.distributions
        path = [str(install.folder), str(more)]
        patch.setattr(importlib_metadata, "distributions", lambda: everything(path=path))
        assert "my-plugin" not in discover(Policy()).by_name
        path.reverse()
        assert "my-plugin" in discover(Policy()).by_name


def _install_broken(install: Sandbox) -> Path:
    install("broken", entry_points={"kplug.losses": {"a": "m:a"}})
    install("good", entry_points={"kplug.losses": {"puddle": "m:puddle"}})
    return install.info("broken", "1.0")


def _check_only_good_is_read(install: Sandbox, origin: str, cause: str) -> None:
    install.changed()
    found = [item for item in REGISTRY.components(LOSS) if not item.origin.is_built_in]
    assert [item.qualified_name for item in found] == ["good/puddle"]
    (message,) = install.problems(origin)
    assert message.startswith(
        f"its metadata cannot be read, so its components are not known: {cause}"
    )
    assert message.endswith(". Install it again")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"[kplug.losses]\nthis line has no equals sign\n", ""),
        (b"[kplug.losses]\na = \xff\xfe:x\n", "UnicodeDecodeError"),
    ],
)
def test_unreadable_entry_points_cost_that_distribution_alone(
    install: Sandbox, content: bytes, cause: str
) -> None:
    folder = _install_broken(install)
    (folder / "entry_points.txt").write_bytes(content)
    _check_only_good_is_read(install, "broken", cause)


NO_NAME = "InvalidName: it has no line 'Name: …'. "


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"Name: \xff\xfe\n", "UnicodeDecodeError"),
        (b"", NO_NAME),
        (b"Version: 1\n\nName: broken\n", NO_NAME),
        ("\ufeffName: broken\nVersion: 1\n".encode(), NO_NAME),
        (b"Name : broken\nVersion: 1\n", NO_NAME),
        (b"Name: two words\nVersion: 1\n", "InvalidName: name is invalid: 'two words'"),
        (b"Name:\nVersion: 1\n", "InvalidName: name is invalid: ''"),
    ],
)
@pytest.mark.parametrize("is_scan_broken", [False, True])
def test_a_distribution_without_a_readable_name_never_loads_and_is_named_with_its_path(
    install: Sandbox, content: bytes, cause: str, is_scan_broken: bool
) -> None:
    folder = _install_broken(install)
    (folder / "METADATA").write_bytes(content)
    if is_scan_broken:
        install("another", entry_points="[kplug.losses]\nno entry point")
    _check_only_good_is_read(install, str(folder), cause)


def test_metadata_that_is_not_there_is_named_with_its_path(install: Sandbox) -> None:
    folder = _install_broken(install)
    (folder / "METADATA").unlink()
    _check_only_good_is_read(install, str(folder), "FileNotFoundError: ")
    (folder / "METADATA").mkdir()
    _check_only_good_is_read(install, str(folder), "IsADirectoryError: ")


def test_metadata_that_cannot_be_read_are_no_problem_of_a_package_without_components(
    install: Sandbox,
) -> None:
    install("plain")
    (install.info("plain", "1.0") / "METADATA").unlink()
    install(
        "broken", entry_points="[kplug.losses]\nno entry point"
    )  # so that every distribution is looked at
    assert [problem.origin.distribution for problem in REGISTRY.problems()] == ["broken"]


@pytest.mark.parametrize(
    "header",
    [
        "Name: evil",
        "name: evil",
        "NAME:\tevil",
        "Name:evil  ",
        "Name:\n evil",
        "Summary: a\n  b\nname: Evil\nName: good",
    ],
)
def test_a_disabled_distribution_is_kept_out_however_its_name_is_written(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "evil")
    points = {"kplug.losses": {"a": "evil:a"}, "kplug": {"hooks": "evil"}}
    install("evil", entry_points=points, modules={"evil.py": NEVER})
    for text in (f"{header}\nVersion: 1\n", f"Version: 1\r\n{header}\r\n"):
        (install.info("evil", "1.0") / "METADATA").write_bytes(text.encode())
        install.changed()
        assert list(REGISTRY.state.discovery.refused) == ["evil"]
        assert REGISTRY.problems() == []


def test_fingerprint_changes_with_an_installation(install: Sandbox) -> None:
    before = search_path_fingerprint()
    assert before == search_path_fingerprint()
    install("my-plugin")
    assert before != search_path_fingerprint()


def test_fingerprint_passes_over_folders_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = search_path_fingerprint()
    monkeypatch.setattr(sys, "path", ["/no/such/folder", "no\0path", *sys.path])
    assert search_path_fingerprint() == known


def test_an_empty_entry_of_the_path_is_the_working_directory(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(install.folder)
    monkeypatch.setattr(sys, "path", [""])
    assert search_path_fingerprint() == (("", install.folder.stat().st_mtime_ns),)


@pytest.mark.parametrize(
    ("group", "advice"),
    [
        ("kplug.loss", "Did you mean 'kplug.losses'?"),
        ("kplug.regularisers", "Did you mean 'kplug.regularizers'?"),
        ("kplug_losses", "Did you mean 'kplug.losses'?"),
        ("Kplug.losses", "Did you mean 'kplug.losses'?"),
        ("k-plug.losses", "Did you mean 'kplug.losses'?"),
        ("KPlug", "Did you mean 'kplug'?"),
        (
            "kplug.colours",
            f"Groups are kplug, {', '.join(kind.group for kind in HOOKED.values())}, kplug.modules, "
            "kplug.lifecycle.",
        ),
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
        for supplier in found.suppliers:
            assert all(isinstance(item.target, str) for item in supplier.offer(kind).values())


def test_torch_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise importlib_metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib_metadata, "distribution", missing)
    origins = {
        supplier.origin.distribution: supplier.origin for supplier in discover(Policy()).suppliers
    }
    assert origins["torch"] == Origin("torch")


def test_torch_keeps_its_name_whatever_its_metadata_say(install: Sandbox) -> None:
    install("torch", "9.9")
    (install.info("torch", "9.9") / "METADATA").write_text("Name: another\nVersion: 9.9\n")
    assert Origin("torch", "9.9") in [item.origin for item in discover(Policy()).suppliers]


def test_a_setting_in_error_is_told_once_where_it_keeps_plugins_out(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setenv("KPLUG_HOME", "/x")
    REGISTRY.reload()
    assert REGISTRY.index(LOSS).candidates("mse")
    assert not recwarn
    install("my-plugin", entry_points={"kplug.losses": {"puddle": "puddles:puddle"}})
    with pytest.warns(
        KplugWarning, match=r"^no plugin loads: .* KPLUG_HOME is no setting .* Kept out: my-plugin"
    ):
        assert REGISTRY.index(LOSS).candidates("mse")
    assert REGISTRY.index(LOSS).candidates("mae")
    assert not recwarn
