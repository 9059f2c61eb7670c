"""The hooks of the built-in components."""

from __future__ import annotations

import subprocess
import sys

LIST = """
import sys
from kplug.registry import REGISTRY, get_kind
REGISTRY.index(get_kind("loss"))
print(sorted(name for name in sys.modules if name.startswith("kplug.builtins.")))
"""


def test_the_table_of_a_kind_is_imported_when_the_kind_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", LIST], capture_output=True, text=True, check=True)
    assert (
        done.stdout == "['kplug.builtins.hooks', 'kplug.builtins.losses', 'kplug.builtins.torch']\n"
    )
