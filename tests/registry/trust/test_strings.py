"""Limits of a string: what its resolution can and cannot do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kplug.registry import resolve
from tests.registry.trust.lakes import offer, plant
from tests.registry.trust.watched import run_watched

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

HOSTILE = (
    "__import__('os').system('id')",
    "l2(l2=__import__('planted'))",
    "l2(open('written', 'w'))",
    "eval('1')",
    "l2.__class__",
    "planted",
    "planted:pond",
    "planted.pond",
    "planted/pond",
    "os:system('id')",
    "os.system",
    "os/system('id')",
    "../planted/pond",
    "./planted.py",
    "custom/planted",
    "planted>pond",
    "l2(l2=planted:pond)",
    "l2(l2='planted:pond')",
    "l2(l2=(lambda: 1)())",
    "l2(l2=[x for x in (1,)])",
    "l2(l2=f'{1}')",
)


def test_strings_run_nothing(install: Sandbox) -> None:
    plant(install)
    before = f"""
import kplug
def attempt(text):
    try:
        kplug.resolve("regularizer", text)
    except kplug.KplugError:
        return True
texts = {HOSTILE!r}
attempt("l2(l2=nothing/like_it(x='y'))"), attempt("__unread__"), attempt("elsewhere/l2")
"""
    done = run_watched(
        before,
        "result = [text for text in texts if not attempt(text)]",
        path=install.folder,
        planted=("planted",),
    )
    assert done == ([], [])
    assert not Path("written").exists()


def test_a_string_imports_the_plugin_that_it_names(install: Sandbox) -> None:
    offer(install)
    offer(install, "sea")
    resolve("regularizer", "lake/pond")
    assert install.imported() == {"lake"}


@pytest.mark.torch
def test_a_component_does_what_it_is_made_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    logger = resolve("callback", f"csv_logger('{path}')").object
    assert not path.exists()
    logger.on_train_begin()
    logger.on_train_end()
    assert path.exists()
