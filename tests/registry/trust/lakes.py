"""A plugin for tests of what may be imported, and a module that nobody has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kplug.registry import REGISTRY, get_kind, parse_spec
from kplug.registry.names.lookup import look_up

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

POND = "def pond(weight_matrix, path=''):\n    return 0.25\n"


def plant(install: Sandbox) -> None:
    """Write a module that no distribution has."""
    (install.folder / "planted.py").write_text(f"{POND}open('written', 'w').close()\n")


def offer(install: Sandbox, name: str = "lake", version: str = "1.0", source: str = POND) -> None:
    install(
        name,
        version,
        entry_points={"kplug.regularizers": {"pond": f"{name}:pond"}},
        modules={f"{name}.py": source},
    )


def load(ref: str) -> Any:
    """Return the object of a regularizer."""
    return REGISTRY.load(look_up(get_kind("regularizer"), parse_spec(ref)).component)
