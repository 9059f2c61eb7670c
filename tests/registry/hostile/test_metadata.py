"""Hostile metadata of an installed distribution: it is read or a problem, and costs no other one anything."""

from __future__ import annotations

import functools
import shutil
from typing import TYPE_CHECKING

import importlib_metadata
import pytest
from hypothesis import strategies as st

from kplug.registry import KINDS, REGISTRY
from tests.registry.hostile.bounds import LONGEST_MESSAGE, drive, examples, outcome_of
from tests.registry.hostile.inputs import files

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

METADATA = (
    "Metadata-Version: 2.1\nName: my-plugin\nVersion: 1.0\nRequires-Dist: kplug>=1; extra == 'x'\n\nText\n",
    "name:\tMy_Plugin\r\nVersion: 1.0\r\n",
    "Version: 1.0\nName: my\n  -plugin\n",
    "Name: kplug\nVersion: 99\n",
)
ENTRY_POINTS = (
    "[kplug.losses]\npuddle = my_plugin:puddle\nPond = my_plugin.ponds:Pond [extra]\n",
    "[kplug]\nhooks = my_plugin.hooks\n",
    "[console_scripts]\nx = y:z\n[kplug.regularisers]\na = os:system\n[kplug.metrics]\na=b:c\na=b:d\n",
)
RECORDS = ("my_plugin/__init__.py,sha256=AAAA,10\nmy_plugin-1.0.dist-info/RECORD,,\n",)
URLS = ('{"url": "file:///x", "dir_info": {"editable": true}}', '{"vcs_info": {"commit_id": "a"}}')
FOLDERS = (
    "my_plugin-1.0.dist-info",
    "my_plugin.egg-info",
    "x.dist-info",
    "-.dist-info",
    ".dist-info",
)


@pytest.fixture(autouse=True)
def _torch_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each example the search for torch among all that is installed here."""
    find = importlib_metadata.distribution
    find_once = functools.cache(find)
    monkeypatch.setattr(
        importlib_metadata,
        "distribution",
        lambda name: find_once(name) if name == "torch" else find(name),
    )


@examples
def test_it_is_read_or_a_problem(examples: int, install: Sandbox) -> None:
    install("good-plugin", entry_points={"kplug.losses": {"brook": "good_plugin:brook"}})

    def check(written: tuple[str, dict[str, bytes]]) -> None:
        folder = install.folder / written[0]
        folder.mkdir()
        for name, data in written[1].items():
            (folder / name).write_bytes(data)
        install.changed()
        try:
            assert "good-plugin/brook" in outcome_of(_list_everything)
        finally:
            shutil.rmtree(folder)

    contents = st.fixed_dictionaries(
        {"METADATA": files(METADATA), "entry_points.txt": files(ENTRY_POINTS)},
        optional={
            "RECORD": files(RECORDS),
            "direct_url.json": files(URLS),
            "PKG-INFO": files(METADATA),
        },
    )
    drive(check, st.tuples(st.sampled_from(FOLDERS), contents), examples)


def _list_everything() -> set[str]:
    found = REGISTRY.state.discovery
    plugins = [supplier for supplier in found.suppliers if not supplier.origin.is_built_in]
    offered = [
        one for each in plugins for kind in KINDS.values() for one in each.offer(kind).values()
    ]
    assert all(isinstance(each.origin.is_editable, bool) for each in plugins)
    problems = [*found.problems, *(problem for each in plugins for problem in each.problems_with())]
    assert all(len(str(problem)) <= LONGEST_MESSAGE for problem in problems)
    return {component.qualified_name for component in offered}
