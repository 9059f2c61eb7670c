"""Quotes values for messages: short, and safe for a terminal."""

from __future__ import annotations

_MOST_REPEATED = 80


def quote(value: object) -> str:
    """Return a value quoted for messages: shortened, in one line, and safe for every terminal.

    Example:
        >>> print(quote("adma"), quote("a" * 3000)[-5:])
        'adma' aaa…'
    """
    if isinstance(value, str):
        text = str.__repr__(value[: _MOST_REPEATED + 1])
        return f"{text[0]}{shorten(text[1:-1])}{text[-1]}"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a foreign object, or nested too deeply
        text = f"<{type(value).__name__}>"
    return make_printable(shorten(text)).replace("\n", " ")


def with_article(noun: str) -> str:
    """Return a noun with its indefinite article.

    Example:
        >>> with_article("optimizer"), with_article("loss"), with_article("ndarray")
        ('an optimizer', 'a loss', 'an ndarray')
    """
    is_open = noun[:1].lower() in tuple("aeiou") or noun == "ndarray"
    return f"{'an' if is_open else 'a'} {noun}"


def name_type(value: object) -> str:
    """Return the type of a value, with its article.

    Example:
        >>> name_type(3)
        'an int'
    """
    return with_article(type(value).__name__)


def shorten(text: str, limit: int = _MOST_REPEATED) -> str:
    """Return a text, cut to the longest length that messages repeat."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def make_printable(text: str) -> str:
    r"""Return a text with each control or unprintable character replaced by a mark.

    Example:
        >>> make_printable("\x1b[31mred\ud800")
        '?[31mred?'
    """
    if text.isprintable():
        return text
    return "".join(map(_make_printable, text))


def _make_printable(mark: str) -> str:
    if mark.isprintable() or mark == "\n":
        return mark
    return " " if mark.isspace() else "?"
