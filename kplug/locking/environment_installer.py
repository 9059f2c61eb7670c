"""The installer of this environment: uv or pip."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

from kplug.errors import LockError


def find_installer(action: str = "install") -> list[str]:
    """Return how the command of this environment begins: uv's where uv made it or pip is missing, else pip's.

    Args:
        action: ``install`` or ``uninstall``.

    Raises:
        LockError: There is neither.
    """
    uv = shutil.which("uv")
    has_pip = importlib.util.find_spec("pip") is not None
    if uv and (_is_made_by_uv() or not has_pip):
        return [uv, "pip", action, "--python", sys.executable]
    if has_pip:
        return [sys.executable, "-m", "pip", action]
    raise LockError(
        f"the environment {sys.prefix} has no pip, and there is no uv on the PATH",
        hint="python -m ensurepip, or install uv.",
    )


def _is_made_by_uv() -> bool:
    try:
        text = Path(sys.prefix, "pyvenv.cfg").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return any(line.partition("=")[0].strip() == "uv" for line in text.splitlines())
