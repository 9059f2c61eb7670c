"""Draws the level of a distribution as a badge: an SVG that is read on a light page and on a dark one."""

from __future__ import annotations

from pathlib import Path

from kplug.errors import KplugError
from kplug_authoring.commands.check.report import Report
from kplug_authoring.levels import Level

# White text on them has a contrast of 4.5 and more.
_COLOURS: dict[Level | None, str] = {
    "gold": "#8a6500",
    "silver": "#5c6770",
    "bronze": "#94552a",
    None: "#6e6e6e",
}
_LEFT, _LETTER, _MARGIN = 44, 7, 8  # the width of "kplug", of a letter, and beside a word


def write_badge(report: Report, file: Path) -> None:
    """Write the badge of the one distribution that was checked.

    Raises:
        KplugError: if the file cannot be written.
    """
    (name,) = report.whole
    try:
        file.write_text(draw_badge(report.find_level(name)), encoding="utf-8")
    except OSError as error:
        raise KplugError(
            f"{str(file)!r} cannot be written: {error.strerror}", hint="Choose another file."
        ) from error


def draw_badge(level: Level | None) -> str:
    """Return the badge of a level as SVG, with its text for those who do not see it.

    Example:
        >>> draw_badge("gold").partition(">")[0]
        '<svg xmlns="http://www.w3.org/2000/svg" width="88" height="20" role="img" aria-label="kplug: gold"'
    """
    word = level or "no level"
    right = _LETTER * len(word) + 2 * _MARGIN
    width = _LEFT + right
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
        f'aria-label="kplug: {word}"><title>kplug: {word}</title>\n'
        f'<rect width="{width}" height="20" rx="3" fill="{_COLOURS[level]}"/>'
        f'<path d="M3 0h{_LEFT - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#333"/>\n'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{_LEFT / 2:g}" y="14" textLength="{_LEFT - 12}">kplug</text>'
        f'<text x="{_LEFT + right / 2:g}" y="14" textLength="{right - 2 * _MARGIN}">{word}</text>'
        "</g></svg>\n"
    )
