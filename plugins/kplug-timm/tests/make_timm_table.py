"""Regenerates table.py from the installed timm: ``python make_timm_table.py``."""

from __future__ import annotations

import textwrap
from pathlib import Path

import importlib_metadata
import kplug_timm
import timm

from kplug.inspection import KINDS, keys_of, list_components
from kplug.registry.lookup_keys import lookup_key

TABLE = Path(kplug_timm.__file__).with_name("table.py")


def render() -> str:
    """Return the text of table.py."""
    names = sorted(timm.list_models())
    taken = {
        key
        for one in list_components(KINDS["model"])
        if one.origin.distribution not in ("kplug-timm", "custom") and not one.is_qualified_only
        for key in keys_of(one)
    }
    shared = [name for name in names if lookup_key(name) in taken]
    version = importlib_metadata.version("timm")
    return (
        f'"""The models of timm {version}, written by tests/make_timm_table.py."""\n\n'
        f'VERSION = "{version}"\n\n'
        "# The bare names of these are left to other plugins.\n"
        f'QUALIFIED_ONLY = frozenset(\n    """\n{_wrap(shared)}    """.split()\n)\n\n'
        f'NAMES = """\n{_wrap(names)}""".split()\n'
    )


def _wrap(names: list[str]) -> str:
    return "".join(f"{line}\n" for line in textwrap.wrap(" ".join(names), 108))


if __name__ == "__main__":
    TABLE.write_text(render(), encoding="utf-8")
