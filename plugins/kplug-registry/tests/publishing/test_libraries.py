"""Wheels without components are taken where whoever runs the site allows them as libraries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.client.configured_registries import open_registries
from kplug_registry.client.installation_plan import plan_installation
from kplug_registry.client.installing import check_policy
from kplug_registry.errors import InstallationError, PublishingError, WheelError
from kplug_registry.publishing import allow_libraries, list_names, publish, recall, verify
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

import kplug

MakeWheel = Callable[..., Path]
NOW = "2026-01-31T12:00:00Z"
NEEDS_CORE = "Requires-Dist: acme-core>=1\n"


def make_core(make_wheel: MakeWheel, **facts: str) -> Path:
    code = {"acme_core/__init__.py": "HEIGHT = 1.0\n"}
    return make_wheel("acme-core", code=code, entry_points="", requires="packaging", **facts)


def add(site: Path, *wheels: Path, publisher: str = "anna") -> None:
    publish([read_wheel(wheel) for wheel in wheels], Folder(site), NOW, publisher=publisher)


def test_without_leave_a_wheel_without_components_is_refused(
    site: Path, make_wheel: MakeWheel
) -> None:
    with pytest.raises(PublishingError) as caught:
        add(site, make_core(make_wheel))
    assert str(caught.value) == (
        "acme_core-1.0-py3-none-any.whl is no plugin of kplug: it has no entry points in a group of kplug's\n"
        "  Whoever runs the registry can allow it as a library that plugins require: "
        "kplug names library acme-core --to SITE"
    )
    allow_libraries(Folder(site), ["acme-core"])
    allow_libraries(Folder(site), ["acme-core"], is_undone=True)
    with pytest.raises(PublishingError, match="is no plugin of kplug"):
        add(site, make_core(make_wheel))


def test_with_leave_it_is_a_distribution_without_components(
    site: Path, make_wheel: MakeWheel
) -> None:
    add(site, make_wheel("kplug-tides", metadata=NEEDS_CORE))  # from now on the name is held
    allow_libraries(Folder(site), ["Acme_Core"])
    assert list_names(Folder(site))["library"] == ("acme-core",)
    add(site, make_core(make_wheel), publisher="cora")
    file = json.loads((site / "distributions/acme-core.json").read_bytes())
    (release,) = file["releases"]
    assert (release["is_library"], release["requires"], file["owners"]) == (
        *(True, ["packaging"]),
        ["cora"],
    )
    page = (site / "catalogue/distributions/acme-core/index.html").read_text("utf-8")
    assert "A library that plugins require. It offers no components." in page
    assert (site / "simple/acme-core/index.html").is_file()
    assert verify(Folder(site)) == []


def test_a_library_keeps_the_other_rules(site: Path, make_wheel: MakeWheel) -> None:
    allow_libraries(Folder(site), ["acme-core"])
    with pytest.raises(WheelError, match="torch"):  # nothing of others is in it
        read_wheel(make_wheel("acme-core", code={"torch/x.py": ""}, entry_points=""))
    address = "Requires-Dist: pond @ https://pond.example/pond.whl\n"
    with pytest.raises(PublishingError, match="from an address, past every registry"):
        add(site, make_core(make_wheel, metadata=address))


def test_plugins_of_the_same_names_still_have_to_require_kplug(
    site: Path, make_wheel: MakeWheel
) -> None:
    allow_libraries(Folder(site), ["kplug-tides"])
    with pytest.raises(PublishingError, match="does not require kplug"):
        add(site, make_wheel("kplug-tides", requires="packaging"))


def test_a_new_site_is_built_with_libraries(make_wheel: MakeWheel, tmp_path: Path) -> None:
    wheels = [make_core(make_wheel), make_wheel("kplug-tides", metadata=NEEDS_CORE)]
    built = tmp_path / "site"
    with pytest.raises(PublishingError, match="is no plugin of kplug"):
        build_site(map(read_wheel, wheels), built, NOW)
    assert build_site(map(read_wheel, wheels), built, NOW, libraries=["Acme_Core"]) == 2
    assert verify(Folder(built)) == []


@pytest.fixture
def registry(site: Path, make_wheel: MakeWheel, machine: Path) -> Path:
    allow_libraries(Folder(site), ["acme-core"])
    add(site, make_core(make_wheel), make_wheel("kplug-tides", metadata=NEEDS_CORE))
    write_settings(machine, site)
    return site


def write_settings(machine: Path, site: Path, more: str = "") -> None:
    table = f'[tool.kplug.registries.lab]\npath = "{site}"\ntrust = "unsigned"\n'
    (machine / "pyproject.toml").write_text(f"[tool.kplug]\n{more}\n{table}", "utf-8")
    kplug.reload()


def test_a_plugin_brings_its_library_whatever_plugins_may_load(
    registry: Path, machine: Path
) -> None:
    write_settings(machine, registry, "plugins = ['kplug-tides']")
    plan = plan_installation(open_registries(), ["kplug-tides"])
    assert [each.distribution for each in plan] == ["kplug-tides", "acme-core"]
    check_policy(plan)
    write_settings(machine, registry, "disable = ['acme-core']")
    with pytest.raises(InstallationError, match=r"acme-core 1\.0: 'disable' in .* names it"):
        check_policy(plan_installation(open_registries(), ["kplug-tides"]))


def test_a_library_is_recalled_as_a_plugin_is(registry: Path) -> None:
    recall(Folder(registry), "acme-core", "1.0", "stolen", NOW)
    assert verify(Folder(registry)) == []
    notices = json.loads((registry / "recalls.json").read_bytes())["recalls"]
    assert [each["distribution"] for each in notices] == ["acme-core"]
