"""Tables of other folders; tests are no package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).parents[3]


def load(path: str) -> Any:
    """Import a file by its path below ``tests``."""
    name = f"kplug_by_hand_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, _TESTS / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
