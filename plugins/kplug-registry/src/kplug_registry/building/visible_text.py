"""Escapes plugins' texts for HTML and XML, and marks invisible characters."""

from __future__ import annotations

import re
from html import escape

# Characters that XML forbids, or that control HTML parsers and terminals.
_CHARACTERS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
_INVISIBLE, _ESCAPED = re.compile(f"[{_CHARACTERS}]"), re.compile(f"[&<>\"'{_CHARACTERS}]")


def escape_text(value: object) -> str:
    r"""Return a text escaped for HTML or XML, with a replacement character for each invisible one.

    Example:
        >>> escape_text("<b>\x1b")
        '&lt;b&gt;�'
    """
    text = str(value)  # which mostly has nothing to escape
    return escape(replace_invisible(text)) if _ESCAPED.search(text) else text


def replace_invisible(text: str) -> str:
    r"""Return a text with a replacement character for each invisible one.

    Example:
        >>> replace_invisible("<b>\x1b")
        '<b>�'
    """
    return _INVISIBLE.sub("\ufffd", text)
