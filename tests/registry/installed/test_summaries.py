"""A component without a summary has the first line of its documentation, read without importing it."""

from __future__ import annotations

import compileall
import zipfile
from pathlib import Path

import pytest

from kplug.registry import REGISTRY, Component, get_kind
from kplug.registry.installed.summaries import InstalledCode

from ..conftest import Sandbox

_POINTS = {"kplug.losses": {"wave": "sea:wave", "Ripple": "sea.deep:Ripple"}}
_SOURCES = {
    "sea/__init__.py": "raise SystemExit('imported')\nfrom .tide import wave",
    "sea/tide.py": "def wave(y_true, y_pred):\n    '''Rise and `fall`.\n\n    Again.'''",
    "sea/deep.py": "class Ripple:\n    '''\n    A small wave.\n    '''",
}


def _summaries() -> dict[str, str]:
    components = REGISTRY.components(get_kind("loss"))
    own = [one for one in components if not one.origin.is_built_in]
    return {one.name: REGISTRY.summarize(one) for one in own}


def test_entry_points_alone_are_listed_with_summaries_and_nothing_is_imported(
    install: Sandbox,
) -> None:
    install("sea", entry_points=_POINTS, modules=_SOURCES)
    assert _summaries() == {"Ripple": "A small wave.", "wave": "Rise and fall."}
    assert install.imported() == set()


def test_code_that_is_switched_off_is_text_like_any_other(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("sea", modules={"sea.py": "raise SystemExit\ndef wave(): 'Rise.'"})
    points = {"kplug.losses": {"wave": "sea:wave"}}
    install("lake", entry_points=points, modules={"lake.py": ""}, requires=["sea"])
    monkeypatch.setenv("KPLUG_DISABLE", "sea")
    REGISTRY.reload()
    assert _summaries() == {"wave": "Rise."}
    assert install.imported() == set()


def test_what_the_author_states_counts(install: Sandbox) -> None:
    install("sea", modules=_SOURCES)
    assert REGISTRY.summarize(Component("wave", "sea:wave", summary="Foam.")) == "Foam."
    assert REGISTRY.summarize(Component("wave", Sandbox)).startswith("A folder on the search path;")


def test_a_class_in_a_class_has_its_own(install: Sandbox) -> None:
    source = "class Sea:\n    'Salt.'\n    class Wave:\n        'Water.'\n    class Bare: pass"
    install("sea", modules={"sea.py": source})
    found = [
        REGISTRY.summarize(Component("wave", f"sea:Sea{end}")) for end in ("", ".Wave", ".Bare")
    ]
    assert found == ["Salt.", "Water.", ""]


def test_a_parent_that_is_no_package_is_not_looked_into(install: Sandbox) -> None:
    install("sea", modules={"sea.py": "", "tide.py": "def wave(): 'Another one.'"})
    assert REGISTRY.summarize(Component("wave", "sea.tide:wave")) == ""


def test_namespace_packages_are_looked_into(install: Sandbox) -> None:
    install("sea", modules={"waters/sea.py": "def wave(): 'Rise.'"})
    assert REGISTRY.summarize(Component("wave", "waters.sea:wave")) == "Rise."


@pytest.mark.parametrize(
    "source",
    ["def wave(: 'x'", "# coding: klingon\n", "x = '\0'", "def wave(): pass", "wave = 3", ""],
)
def test_source_that_says_nothing_is_no_error(install: Sandbox, source: str) -> None:
    install("sea", entry_points={"kplug.losses": {"wave": "sea:wave"}}, modules={"sea.py": source})
    assert _summaries() == {"wave": ""}
    assert install.problems("sea") == []


def test_a_large_file_is_left_alone(install: Sandbox) -> None:
    source = "def wave(): 'Rise.'\n"
    install("sea", modules={"sea.py": source + "#" * (1 << 18), "lake.py": source + "#" * 1000})
    assert REGISTRY.summarize(Component("wave", "sea:wave")) == ""
    assert REGISTRY.summarize(Component("wave", "lake:wave")) == "Rise."


def test_what_is_no_source_file_says_nothing(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = install.folder / "sea.py"
    source.write_text("def wave(): 'Rise.'")
    compileall.compile_file(str(source), legacy=True, quiet=1)
    source.unlink()
    archive = install.folder / "lake.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("lake.py", "def wave(): 'Rise.'")
    monkeypatch.syspath_prepend(str(archive))
    (install.folder / "pond.abi3.so").write_bytes(b"\x7fELF")
    for module in ("sea", "lake", "pond", "sys", "no_such_module", "no_such.module"):
        assert REGISTRY.summarize(Component("wave", f"{module}:wave")) == "", module


def test_a_finder_that_raises_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def find_spec(self, *_: object) -> None:
            raise RuntimeError("lost")

    monkeypatch.setattr("sys.meta_path", [Finder()])
    assert REGISTRY.summarize(Component("wave", "sea:wave")) == ""


def test_a_module_is_parsed_once(install: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    install("sea", entry_points=_POINTS, modules=_SOURCES)
    read: list[str] = []
    find = InstalledCode.find_source

    def find_source(code: InstalledCode, module: str) -> tuple[str, bytes] | None:
        read.append(module)
        return find(code, module)

    monkeypatch.setattr(InstalledCode, "find_source", find_source)
    REGISTRY.components(get_kind("loss"))
    assert read == []
    assert _summaries() == _summaries()
    assert sorted(read) == ["sea", "sea.deep", "sea.tide"]


def test_what_was_upgraded_is_read_again(install: Sandbox) -> None:
    install("sea", modules={"sea.py": "def wave(): 'Rise.'"})
    assert REGISTRY.summarize(Component("wave", "sea:wave")) == "Rise."
    Path(install.folder, "sea.py").write_text("def wave(): 'Fall.'")
    install.changed()
    assert REGISTRY.summarize(Component("wave", "sea:wave")) == "Fall."
