"""Which modules belong to a distribution, in each of the ways that installers leave behind."""

from __future__ import annotations

import json
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import importlib_metadata
import pytest

from kplug.registry.loading.module_ownership import (
    Modules,
    find_distribution,
    read_modules,
    read_requirements,
)

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
PTH = "_editable_impl_pond.pth"
FINDER = """
from __future__ import annotations
MAPPING: dict[str, str] = {'pond': '/nowhere/lib/pond', 'ponds.inner': '/nowhere/inner'}
NAMESPACES: dict[str, list[str]] = {}
def install(): raise AssertionError
"""


def _read(site: Path, record: str | None, files: Mapping[str, str] | None = None) -> Modules:
    """Return the modules of a distribution with this RECORD and files beside it."""
    info = site / "pond-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pond\nVersion: 1.0\n")
    if record is not None:
        (info / "RECORD").write_text(record)
    for name, text in (files or {}).items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_modules(importlib_metadata.Distribution.at(info))


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("pond.py,sha256=x,12", "pond"),
        ("pond/__init__.py,,", "pond"),
        ("pond/deep/water.py,,", "pond.deep.water"),
        ('"pond/water.py",,', "pond.water"),
        (f"pond/_kernel{SUFFIX},,", "pond._kernel"),
        ("pond/_kernel.abi3.so,,", "pond._kernel"),
        ("pond/water.pyc,,", "pond.water"),
        ("company/pond/water.py,,", "company.pond.water"),
    ],
)
def test_a_wheel_owns_what_its_record_lists(tmp_path: Path, file: str, module: str) -> None:
    modules = _read(tmp_path, f"{file}\npond-1.0.dist-info/METADATA,,\n../../../bin/pond,,\n")
    assert modules.names == {module}
    assert modules.lists(module)
    for other in (
        f"{module}.more",
        f"{module}s",
        "company",
        "os",
        "",
        "..",
        "/etc/passwd",
        "bin.pond",
    ):
        assert other not in modules


def _editable(root: Path) -> dict[str, str]:
    return {
        "pond-1.0.dist-info/direct_url.json": json.dumps(
            {"url": root.as_uri(), "dir_info": {"editable": True}}
        )
    }


def _source(root: Path, *folders: str) -> Path:
    for package in ("pond", "company/brook"):
        path = root.joinpath(*folders, package, "__init__.py")
        path.parent.mkdir(parents=True)
        path.touch()
    root.joinpath(*folders, "single.py").touch()
    return root


@pytest.mark.parametrize("folder", ["", "src"])
@pytest.mark.parametrize("has_link", [False, True])
def test_an_editable_installation_owns_what_is_in_its_source_folder(
    tmp_path: Path, folder: str, has_link: bool
) -> None:
    """By name: it may be imported from another working copy, which may have further files."""
    root = _source(tmp_path / "copy of it", folder)
    link = {PTH: f"# comment\n{root / folder}\nimport nothing\n"} if has_link else {}
    modules = _read(tmp_path / "site", f"{PTH},,\n", {**_editable(root), **link})
    for own in ("pond", "pond.anything", "company.brook", "company.brook.deep", "single"):
        assert own in modules
        assert modules.lists(own)
    for other in (
        "company",
        "company.other",
        "ponds",
        "single.part",
        "os",
        "numpy",
        "",
        ".",
        "..site",
    ):
        assert other not in modules


@pytest.mark.parametrize("annotation", ["", ": dict[str, str]"])
def test_a_finder_of_setuptools(tmp_path: Path, annotation: str) -> None:
    record = "__editable__.pond-1.0.pth,,\n__editable___pond_1_0_finder.py,,\n"
    files = {
        "__editable__.pond-1.0.pth": "import __editable___pond_1_0_finder\n",
        "__editable___pond_1_0_finder.py": FINDER.replace(": dict[str, str]", annotation),
    }
    modules = _read(tmp_path, record, files)
    assert modules.packages == {"pond", "ponds.inner"}
    assert "pond.deep" in modules
    assert "ponds" not in modules


@pytest.mark.parametrize("folder", ["pond-1.0.dist-info", "pond.egg-info"])
def test_without_a_record_the_names_of_packages_count(tmp_path: Path, folder: str) -> None:
    info = tmp_path / folder
    info.mkdir()
    (info / "METADATA").write_text("Name: pond\n")
    (info / "top_level.txt").write_text("pond\nsingle\n")
    modules = read_modules(importlib_metadata.Distribution.at(info))
    assert "pond.deep" in modules
    assert "single" in modules
    assert not modules.lists("pond")  # others may share the package
    assert "ponds" not in modules


@pytest.mark.parametrize("text", ["{", "[]", '{"dir_info": {"editable": true}}', "\0"])
def test_a_broken_direct_url_costs_no_wheel_its_modules(tmp_path: Path, text: str) -> None:
    files = {"pond-1.0.dist-info/direct_url.json": text}
    assert "pond" in _read(tmp_path, "pond.py,,\n", files)


def test_nothing_tells(tmp_path: Path) -> None:
    assert _read(tmp_path, None) == Modules(are_known=False)


REQUIRES = """Metadata-Version: 2.1
Name: pond
Version: 1.0
Provides-Extra: deep
Requires-Dist: Always_There>=2
Requires-Dist: deep-water; extra == "deep"
Requires-Dist: by-url @ https://example.org/x.whl
Requires-Dist: what is this?
Requires-Dist: elsewhere; python_version < "3"
Requires-Dist: nobody-asks; extra == "undeclared"
"""


def test_requirements_of_this_python_with_or_without_an_extra(tmp_path: Path) -> None:
    info = tmp_path / "pond-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(REQUIRES)
    found = list(read_requirements(importlib_metadata.Distribution.at(info)))
    assert found == ["always-there", "deep-water", "by-url"]


def test_a_distribution_that_is_not_installed() -> None:
    assert find_distribution("no-such-distribution") is None
