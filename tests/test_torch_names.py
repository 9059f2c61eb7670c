"""The names of torch that it does not promise, and that kplug uses: docs/support.md lists all of them."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
FILES = [*ROOT.glob("kplug/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")]
_MODULES = ("torch", "nn", "F")


def find_names(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names of torch's that have a part with an underscore, or are experimental."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            if re.fullmatch(r"[\w.]+", text) and text.split(".")[0] in _MODULES:
                yield text


def find_private_names() -> set[str]:
    names = {name for file in FILES for name in find_names(ast.parse(file.read_text("utf-8")))}
    names = {re.sub(r"^(nn|F)\.", r"torch.\1.", name) for name in names}
    found = {
        name
        for name in names
        if name.startswith("torch.") and re.search(r"\._(?!_)|\.experimental\.", name)
    }
    # The longest form says all: `torch._C` is a part of `torch._C._aoti`.
    return {name for name in found if not any(other.startswith(f"{name}.") for other in found)}


def read_table() -> dict[str, str]:
    text = (ROOT / "docs/support.md").read_text("utf-8").partition("\n## Names of torch")[2]
    rows = re.findall(r"^\| (`.+?) \| .+? \|$", text, re.MULTILINE)
    return {name: row for row in rows for name in re.findall(r"`(torch\.[\w.*]+)`", row)}


@pytest.mark.slow
def test_the_table_has_what_the_code_uses() -> None:
    used = find_private_names()
    several = {name for name in used if name.startswith("torch._foreach_")}
    assert used - several == read_table().keys() - {"torch._foreach_*"}
    assert several
    assert all(hasattr(torch, name.removeprefix("torch.")) for name in several)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of modules of torch
@pytest.mark.parametrize("name", sorted(read_table().keys() - {"torch._foreach_*"}))
def test_this_torch_has_it(name: str) -> None:
    module, _, rest = name.partition(".")
    found = importlib.import_module(module)
    for part in rest.split("."):
        module = f"{module}.{part}"
        try:
            found = importlib.import_module(module)
        except ImportError:  # no module
            found = getattr(found, part)
