"""Writes what the page of a component says of another library's object."""

from __future__ import annotations

from collections.abc import Mapping


def write_sentence(name: str, version: str, reasons: Mapping[str, str]) -> str:
    """Return that a component is equal to an object, or how it differs.

    Args:
        name: The object, such as ``keras.losses.Huber``.
        version: The version of its library.
        reasons: What differs, by patterns of the parts' names; ``*`` means that all may.
    """
    library = f"`{name}` {'.'.join(version.split('.')[:2])}"
    if "*" in reasons:
        return f"Differs from {library}: {reasons['*']}."
    patterns: dict[str, list[str]] = {}
    for pattern, why in reasons.items():
        patterns.setdefault(why, []).append(f"`{pattern}`")
    but = "; ".join(f"{' and '.join(parts)}: {why}" for why, parts in patterns.items())
    how = "[within 10⁻⁶](../../numbers.md#equal-to-other-libraries)"
    return f"Equal to {library} {how}{', but for ' if but else ''}{but}."
