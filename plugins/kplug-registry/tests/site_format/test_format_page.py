"""`docs/registry.md` documents each file of a site, and each field in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from kplug_registry import site_format
from kplug_registry.building import build_site
from kplug_registry.wheels import read_wheel

PAGE = (Path(__file__).parents[4] / "docs/registry.md").read_text("utf-8")
FORMAT = PAGE.partition("\n## The format\n")[2].partition("\n## ")[0]
FILES = {
    "registry.json": site_format.SiteFile,
    "components/KIND/KEY.json": site_format.ComponentFile,
    "distributions/NAME.json": site_format.DistributionFile,
    "releases/NAME/VERSION.json": site_format.ReleaseFile,
    "search/WORD.json": site_format.SearchFile,
    "prefixes/PREFIX.json": site_format.PrefixFile,
    "dependents/NAME.json": site_format.DependentsFile,
    "lookalikes/SHAPE.json": site_format.LookalikeFile,
    "recalls.json": site_format.NoticeFile,
    "catalogue/writers.json": site_format.PageWriters,
    "simple/newest.json": site_format.NewestNames,
}


def list_fields(noun: type) -> set[str]:
    """Return the names of the fields of a noun, and of the nouns in it."""
    names = set()
    for name, hint in get_type_hints(noun).items():
        names.add(name)
        for inner in (hint, *get_args(hint)):
            if hasattr(inner, "__match_args__"):
                names |= list_fields(inner)
    return names


@pytest.mark.parametrize("path", FILES)
def test_each_field_of_a_file_is_named(path: str) -> None:
    (row,) = re.findall(rf"^\| `{re.escape(path)}` \|.*$", FORMAT, re.MULTILINE)
    section = FORMAT.partition(f"\n### `{path}`\n")[2].partition("\n### ")[0]
    assert list_fields(FILES[path]) <= set(re.findall(r"[`\"](\w+)[`\"]", row + section))


def test_each_file_of_a_site_is_in_the_table(
    make_wheel: Callable[..., Path], tmp_path: Path
) -> None:
    build_site([read_wheel(make_wheel())], tmp_path / "site", "2026-01-31T12:00:00Z")
    rows = re.findall(r"^\| (`.*`) \|", FORMAT, re.MULTILINE)
    table = {name for row in rows for name in re.findall(r"`([a-z.]+)", row)}
    assert {path.name for path in (tmp_path / "site").iterdir()} <= table
