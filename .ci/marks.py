"""Fills the places of a page that are made in the build: comments such as ``<!-- masks -->``."""

from __future__ import annotations

from pathlib import Path


def fill(page: Path, **texts: str) -> None:
    """Write texts into a page, each in place of the mark of its name.

    Raises:
        SystemExit: if the page lacks a mark.
    """
    text = page.read_text(encoding="utf-8")
    for name, made in texts.items():
        mark = f"<!-- {name} -->"
        if mark not in text:
            raise SystemExit(f"{page} has no mark {mark}")
        text = text.replace(mark, made, 1)
    page.write_text(text, encoding="utf-8")
