"""Converts docstrings to Markdown."""

from __future__ import annotations

import re

_TITLE = re.compile(
    r"(Args|Arguments|Attributes|Returns|Yields|Raises|Warns|Examples?|References?|Notes?):"
)
_ENTRY = re.compile(r"(\*{0,2}[\w.]+(?:, \*{0,2}[\w.]+)*)(?: \([^)]*\))?: +(.*)")
# Directives, roles and numpydoc's underlines mark another language, which is shown verbatim.
_OTHER_LANGUAGE = re.compile(r"^\s*\.\. |:\w+:`|^-{3,}$", re.MULTILINE)
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_SPECIAL = re.compile(r"[*|\\]|<(?=[A-Za-z/!])|(?<!\w)_|_(?!\w)")
_LINE_START = re.compile(r"^(?=[>#+] )|^(?==+$)", re.MULTILINE)


def docstring_as_markdown(text: str) -> str:
    r"""Return a documentation text as Markdown.

    Sections such as ``Args:`` become bold titles, their entries lists, and examples code. What is
    written in another markup language is shown as it is.

    Args:
        text: As ``inspect.getdoc`` returns it.

    Returns:
        Markdown without a line break at its end; empty for no text.

    Example:
        >>> print(docstring_as_markdown("Add.\n\nArgs:\n    x: A number.\n        Or two."))
        Add.
        <BLANKLINE>
        **Args**
        <BLANKLINE>
        - `x`: A number. Or two.
    """
    if _OTHER_LANGUAGE.search(text):
        return fence(text, "text")
    blocks, title = [], ""
    body: list[str] = []
    for line in [*text.splitlines(), "End:"]:
        found = _TITLE.fullmatch(line)
        if found or line == "End:":
            blocks.append(_section(title, body))
            title, body = found[1] if found else "", []
        else:
            body.append(line)
    return "\n\n".join(filter(None, blocks))


def fence(text: str, language: str) -> str:
    """Return a block of code, between more backticks than it holds in a row itself."""
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}"


def _section(title: str, lines: list[str]) -> str:
    """Return a section, and as prose what follows its indented lines; without a title, all is prose."""
    first = next(filter(str.strip, lines), "")
    end = 0 if not title else len(lines)
    if title and first.startswith(" "):
        end = next((n for n, line in enumerate(lines) if line and not line[0].isspace()), end)
    text, prose = _unindent(lines[:end]), escape("\n".join(lines[end:]).strip("\n"))
    if not text:
        return prose
    is_code = title.startswith("Example") and "```" not in text
    content = fence(text, "pycon") if is_code else _entries(text)
    return "\n\n".join(filter(None, [f"**{title}**", content, prose]))


def _unindent(lines: list[str]) -> str:
    filled = [line for line in lines if line.strip()]
    width = min((len(line) - len(line.lstrip()) for line in filled), default=0)
    return "\n".join(line[width:] for line in lines).strip("\n")


def _entries(text: str) -> str:
    """Return a list where every line that is not indented starts an entry, else the text."""
    starts = [line for line in text.splitlines() if line and not line.startswith(" ")]
    if not all(_ENTRY.fullmatch(line) for line in starts):
        return escape(text)
    items: list[str] = []
    for line in filter(str.strip, text.splitlines()):
        found = _ENTRY.fullmatch(line)
        if found:
            items.append(f"- `{found[1]}`: {found[2]}")
        else:
            items[-1] += f" {line.strip()}"
    return "\n".join(map(escape, items))


def escape(text: str) -> str:
    r"""Return text whose characters mean themselves; code between backticks stays as it is.

    Example:
        >>> print(escape("a * b, but `a * b`"))
        a \* b, but `a * b`
    """
    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [_escape_prose(text[end : code.start()]), code[0]]
        end = code.end()
    return _LINE_START.sub(r"\\", "".join([*parts, _escape_prose(text[end:])]))


def _escape_prose(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)
