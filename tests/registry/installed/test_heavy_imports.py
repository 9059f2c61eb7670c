"""Light modules that import what takes seconds: each case is a process that has not imported it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kplug.registry.installed.heavy_imports import HeavyImports

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

HOOKS = (
    "import kplug\n"
    "@kplug.hookimpl\n"
    "def kplug_regularizers():\n"
    "    return {'pond': 'my_plugin:pond'}\n"
)
SCRIPT = """
import json, sys
sys.path.insert(0, {folder!r})
{first}
from kplug.registry import REGISTRY, get_kind
found = [problem for problem in REGISTRY.problems() if problem.origin.distribution == "my-plugin"]
print(json.dumps([[problem.message, problem.is_advice] for problem in found]))
assert REGISTRY.index(get_kind("regularizer")).find_qualified("my-plugin", "pond")
"""
HIDDEN = """
class Hidden:
    def find_spec(self, name, path, target=None):
        if name == "jax":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
"""


def _problems(install: Sandbox, modules: dict[str, str], first: str = "") -> list[list[object]]:
    install("my-plugin", entry_points={"kplug": {"plugin": "my_hooks"}}, modules=modules)
    script = SCRIPT.format(folder=str(install.folder), first=first)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[list[object]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("modules", "culprit"),
    [
        (
            {"my_hooks.py": "import torch\n" + HOOKS},
            "module of hooks 'my_hooks' imports torch (my_hooks, line 1: `import torch`)",
        ),
        pytest.param(
            {
                "my_hooks.py": "import my_library\n" + HOOKS,
                "my_library.py": "from torch import nn\n",
            },
            "module of hooks 'my_hooks' imports torch (my_library, line 1: `from torch import nn`)",
            marks=pytest.mark.slow,
        ),
        (
            {"my_hooks.py": "from kplug.losses import Huber\n" + HOOKS},
            "module of hooks 'my_hooks' imports torch "
            "(my_hooks, line 1: `from kplug.losses import Huber`)",
        ),
        (
            {"my_hooks.py": HOOKS.replace("    return", "    import numpy\n    return")},
            "kplug_regularizers imports numpy (my_hooks, line 4: `import numpy`)",
        ),
    ],
    ids=["torch", "by another module", "by kplug", "in a hook"],
)
@pytest.mark.torch
def test_the_line_that_imports_it_is_named(
    install: Sandbox, modules: dict[str, str], culprit: str
) -> None:
    assert _problems(install, modules) == [
        [f"its {culprit}, which makes `kplug list` slow. Import it where it is used", True]
    ]


@pytest.mark.parametrize(
    ("source", "first"),
    [
        pytest.param("import torch\n", "import torch", marks=pytest.mark.slow),
        ("try:\n    import jax\nexcept ImportError:\n    pass\n", HIDDEN),
    ],
    ids=["imported before", "not installed"],
)
@pytest.mark.torch
def test_what_costs_nothing_is_no_problem(install: Sandbox, source: str, first: str) -> None:
    assert _problems(install, {"my_hooks.py": source + HOOKS}, first) == []


def test_only_the_innermost_block_is_blamed(install: Sandbox) -> None:
    install("my-plugin", entry_points={}, modules={"my_heavy.py": "import jax\n", "jax.py": ""})
    with HeavyImports() as outer, HeavyImports() as inner:
        importlib.import_module("my_heavy")
    assert outer.describe() is None
    assert str(inner.describe()).startswith("imports jax (my_heavy, line 1")
