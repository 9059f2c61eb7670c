"""`can_replace`: whether installers could take one wheel of a version instead of another."""

from __future__ import annotations

import re
from itertools import product

from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

_LINUX = re.compile(r"(many|musl)?linux(?:\d+|_\d+_\d+)?_(\w+)")
_MACOS = re.compile(r"macosx_\d+_\d+_(\w+)")
_MACHINES = {"arm64": ("arm64",), "universal2": ("arm64", "x86_64")}  # of macOS; others are Intel's


def can_replace(new: str, known: str) -> bool:
    """Whether some machine that has used a wheel could get a new one of the same version instead.

    Args:
        new: The file name of the new wheel.
        known: The file name of the other.

    Example:
        >>> can_replace("a-1-1-py3-none-any.whl", "a-1-py3-none-any.whl")
        True
        >>> can_replace("a-1-cp312-cp312-win_amd64.whl", "a-1-cp311-cp311-win_amd64.whl")
        False
        >>> can_replace("a-1-cp311-abi3-win_amd64.whl", "a-1-cp312-cp312-win_amd64.whl")
        True
        >>> can_replace("a-1-py3-none-any.whl", "a-1-cp312-cp312-win_amd64.whl")
        False
    """
    tags, others = (parse_wheel_filename(name)[3] for name in (new, known))
    return any(_fit_one(one, other) for one, other in product(tags, others)) and not all(
        _comes_later(one, other) for one, other in product(tags, others)
    )


def _comes_later(tag: Tag, other: Tag) -> bool:
    """Whether every installer prefers the other tag where both fit."""
    if (tag.platform == "any") != (other.platform == "any"):
        return tag.platform == "any"
    return _is_general(tag) and not _is_general(other)


def _fit_one(tag: Tag, other: Tag) -> bool:
    """Whether both may fit one interpreter; in doubt they do."""
    platforms = _list_platforms(tag.platform), _list_platforms(other.platform)
    if "any" not in (tag.platform, other.platform) and not set.intersection(*platforms):
        return False
    if _is_general(tag) or _is_general(other):
        return True
    if tag.interpreter[:2] != other.interpreter[:2]:
        return False
    if tag.abi.startswith("abi3") or other.abi.startswith("abi3"):
        return True
    has_one_abi = tag.abi == other.abi or "none" in (tag.abi, other.abi)
    return tag.interpreter == other.interpreter and has_one_abi


def _is_general(tag: Tag) -> bool:
    return tag.interpreter.startswith("py")


def _list_platforms(platform: str) -> set[str]:
    """Return names of the kinds of machines that a platform's tag fits, whatever their versions."""
    if found := _LINUX.fullmatch(platform):
        kinds = (found[1],) if found[1] else ("many", "musl")  # any Linux
        return {f"{kind}linux {found[2]}" for kind in kinds}
    if found := _MACOS.fullmatch(platform):
        return {f"macos {machine}" for machine in _MACHINES.get(found[1], ("x86_64",))}
    return {platform if platform.startswith("win") else platform.partition("_")[0]}
