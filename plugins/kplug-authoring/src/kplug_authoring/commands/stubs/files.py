"""The stub package ``kplug-stubs``: its location, its ownership and its changes."""

from __future__ import annotations

import re
import secrets
import sysconfig
from pathlib import Path

from kplug.errors import KplugError
from kplug_authoring.commands.stubs.module_text import MARK


def find_package(folder: Path | None = None) -> Path:
    """Return the folder of the stub package, by default in this Python's site-packages."""
    return (folder or Path(sysconfig.get_path("purelib"))) / "kplug-stubs"


def is_ours(package: Path) -> bool:
    """Whether ``kplug stubs`` wrote a folder."""
    module = package / "names.pyi"
    return module.is_file() and module.read_bytes().startswith(MARK.encode())


def require_ours(package: Path) -> None:
    """Refuse a missing place, or one with files that ``kplug stubs`` did not write.

    Raises:
        KplugError: with advice.
    """
    if not package.parent.is_dir():
        raise KplugError(
            f"the folder {str(package.parent)!r} does not exist; nothing was written",
            hint="Give one that a type checker looks into, or none for this Python's site-packages.",
        )
    if (package.is_symlink() or package.exists()) and not is_ours(package):
        raise KplugError(
            f"{str(package)!r} was not written by `kplug stubs`; nothing was written",
            hint="Move it away, or give another folder.",
        )


def write_package(package: Path, text: str) -> None:
    """Write the folder, replacing an existing module atomically.

    Raises:
        KplugError: if writing fails.
    """
    temporary = package / f".{secrets.token_hex(6)}.tmp"
    try:
        package.mkdir(exist_ok=True)
        (package / "py.typed").write_text("partial\n", encoding="utf-8")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(package / "names.pyi")
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise KplugError(
            f"{str(package)!r} cannot be written: {error.strerror or error}",
            hint="Give a folder of the environment whose packages the type checker sees.",
        ) from error


def describe_changes(written: str, text: str) -> str:
    r"""Return the names added and removed between two texts of the module, listing the first ten.

    Example:
        >>> describe_changes('    "dice",\n    "mse",\n', '    "dune",\n    "mse",\n')
        '+dune, -dice'
    """
    new, old = list_names(text), list_names(written)
    changes = [f"+{name}" for name in new if name not in old]
    changes += [f"-{name}" for name in old if name not in new]
    return ", ".join(changes[:10]) + (f" and {len(changes) - 10} more" if len(changes) > 10 else "")


def list_names(text: str) -> dict[str, None]:
    """Return the names of all kinds in a text of the module."""
    return dict.fromkeys(re.findall(r'^    "(.*)",$', text, re.MULTILINE))
