"""Our plugins use what every plugin may use: no name of kplug with an underscore, unless the guide has it.

The code is read, not run, so a plugin whose library is missing is checked too. What cannot be told from the
code is left out: an attribute counts if kplug's classes have one of that name and the plugin itself has none.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(ROOT.glob("plugins/*/src"))
# The plugin's programs read them.
OF_KERAS = {"_inbound_nodes", "_outbound_nodes", "_keras_history", "_keras_shape"}
OF_TORCH = {"_buffers", "_modules", "_parameters"}


@functools.cache
def _parse(folder: Path) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(folder.rglob("*.py"))}


def _is_private(name: str) -> bool:
    return name.strip("_") != "" and name.startswith("_") and not name.startswith("__")


def _bind(statement: ast.stmt) -> Iterator[str]:
    """Yield the private names that a statement of a class body binds."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        found = [statement.name]
    else:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        found = [one.id for one in targets if isinstance(one, ast.Name)]
    yield from filter(_is_private, found)


def _own_names(owner: ast.ClassDef) -> set[str]:
    """Return the private names of a class: those of its body, and what its methods set on ``self``."""
    set_on_self = {
        node.attr
        for node in ast.walk(owner)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and _is_private(node.attr)
    }
    return set_on_self | {name for statement in owner.body for name in _bind(statement)}


def _list_classes(folder: Path) -> Iterator[tuple[Path, ast.ClassDef]]:
    for path, module in _parse(folder).items():
        yield from ((path, one) for one in ast.walk(module) if isinstance(one, ast.ClassDef))


@functools.cache
def _list_documented() -> frozenset[str]:
    """Return the private names that the guide for authors tells them to write or to call."""
    pages = [page.read_text("utf-8") for page in (ROOT / "docs/plugins").rglob("*.md")]
    return frozenset(name for page in pages for name in re.findall(r"`(_[a-z]\w*)\(", page))


@functools.cache
def _list_of_kplug() -> dict[str, set[str]]:
    """Return the private names of kplug's classes, inherited ones included, by the class's name."""
    classes = {one.name: one for _, one in _list_classes(ROOT / "kplug")}
    shared = OF_TORCH | OF_KERAS | _list_documented()

    def collect(name: str) -> set[str]:
        bases = [ast.unparse(base).rpartition(".")[2] for base in classes[name].bases]
        inherited = (collect(base) for base in bases if base in classes and base != name)
        return (_own_names(classes[name]) - shared).union(*inherited)

    return {name: collect(name) for name in classes}


def _find_inherited(owner: ast.ClassDef, of_plugin: dict[str, ast.ClassDef]) -> set[str]:
    """Return kplug's private names that a class inherits; one without a base may be mixed into a layer."""
    bases = [ast.unparse(base).rpartition(".")[2] for base in owner.bases] or ["Layer"]
    found = [
        _find_inherited(of_plugin[base], of_plugin)
        if base in of_plugin and base != owner.name
        else _list_of_kplug().get(base, set())
        for base in bases
    ]
    return set().union(*found)


def _find_private_imports(source: Path) -> Iterator[str]:
    for path, module in _parse(source).items():
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kplug":
                names = [*(node.module or "").split("."), *(one.name for one in node.names)]
                yield from (
                    f"{path.name}:{node.lineno} import {one}" for one in names if _is_private(one)
                )


def _find_private_members(source: Path) -> Iterator[str]:
    """Yield what classes of a plugin bind that is a private name of their bases in kplug."""
    of_plugin = {one.name: one for _, one in _list_classes(source)}
    for path, owner in _list_classes(source):
        inherited = _find_inherited(owner, of_plugin)
        for statement in owner.body:
            for name in set(_bind(statement)) & inherited:
                yield f"{path.name}:{statement.lineno} {owner.name}.{name}"


def _find_private_attributes(source: Path) -> Iterator[str]:
    """Yield the attributes that are read, set or named in a string, and that no class of the plugin has."""
    own = set().union(*(_own_names(one) for _, one in _list_classes(source)))
    known = set().union(*_list_of_kplug().values()) - own
    for path, module in _parse(source).items():
        nodes = list(ast.walk(module))
        pieces = {one for node in nodes if isinstance(node, ast.JoinedStr) for one in node.values}
        for node in (
            one for one in nodes if one not in pieces
        ):  # f"{name}_block" names no attribute
            name = getattr(node, "attr", None) or getattr(node, "value", None)
            if isinstance(node, (ast.Attribute, ast.Constant)) and name in known:
                yield f"{path.name}:{node.lineno} {name}"


@pytest.mark.sampled
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.parent.name)
def test_a_plugin_uses_no_private_name_of_kplug(source: Path) -> None:
    found = [
        *_find_private_imports(source),
        *_find_private_members(source),
        *_find_private_attributes(source),
    ]
    assert found == []


def test_private_names_are_found(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text(
        "from kplug.layers.base.layer import _a\n"
        "from kplug.layers import Dense, Layer\n"
        "class Quiet(Layer):\n"
        "    _store = None\n"
        "    def __init__(self):\n"
        "        self._mine = 1\n"
        "class Louder(Quiet):\n"
        "    def _connect(self): ...\n"
        "def fill(layer):\n"
        "    layer._ensure_values()\n"
        "    layer._mine, layer._buffers, layer._inbound_nodes\n"
        "    f'{layer}_connect'\n"
    )
    assert list(_find_private_imports(tmp_path)) == ["layers.py:1 import _a"]
    assert list(_find_private_members(tmp_path)) == [
        "layers.py:4 Quiet._store",
        "layers.py:8 Louder._connect",
    ]
    assert list(_find_private_attributes(tmp_path)) == ["layers.py:10 _ensure_values"]


def test_what_the_guide_tells_authors_to_write_is_no_private_name() -> None:
    assert {"_start", "_plan", "_move"} <= _list_documented()
