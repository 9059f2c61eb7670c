"""From docstrings to Markdown."""

from __future__ import annotations

import pytest

from kplug.display.markdown import docstring_as_markdown, escape, fence

DOCSTRING = """\
Half of x, at most ``most``.

y = x * 0.5
> most is cut.

Args:
    x: A number, such as ``2 * 3``.
        Or two.
    *more: Further *numbers*.

Returns:
    A number.

Example:
    >>> half(4)
    2

        deeper

Reference:
    Somebody, 2001;
    Somebody else.
"""

MARKDOWN = """\
Half of x, at most ``most``.

y = x \\* 0.5
\\> most is cut.

**Args**

- `x`: A number, such as ``2 * 3``. Or two.
- `*more`: Further \\*numbers\\*.

**Returns**

A number.

**Example**

```pycon
>>> half(4)
2

    deeper
```

**Reference**

Somebody, 2001;
Somebody else."""


def test_sections_become_titles_lists_and_code() -> None:
    assert docstring_as_markdown(DOCSTRING) == MARKDOWN


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        (
            "Args:\n    x: A number.\n\nIt is_ halved.",
            "**Args**\n\n- `x`: A number.\n\nIt is\\_ halved.",
        ),
        (
            "Returns:\n    A number.\n\n```python\nhalf(4)\n```\nArgs:\n    x: It.",
            "**Returns**\n\nA number.\n\n```python\nhalf(4)\n```\n\n**Args**\n\n- `x`: It.",
        ),
        ("Example:\n\n>>> half(4)\n2", "**Example**\n\n```pycon\n>>> half(4)\n2\n```"),
        (
            "Example:\n\n```python\nhalf(4)\n```",
            "**Example**\n\n```python\nhalf(4)\n```",
        ),
        ("Returns:\nA number.", "**Returns**\n\nA number."),
    ],
)
def test_a_section_ends_where_its_lines_are_no_longer_indented(text: str, markdown: str) -> None:
    assert docstring_as_markdown(text) == markdown


@pytest.mark.parametrize(
    "text",
    [
        "Adam.\n\n.. math::\n   x = 1",
        "See :class:`Adam`.",
        "Adam.\n\nParameters\n----------\nlr : float",
    ],
)
def test_another_language_is_shown_as_it_is(text: str) -> None:
    assert docstring_as_markdown(text) == f"```text\n{text}\n```"


def test_no_text_stays_none() -> None:
    assert docstring_as_markdown("") == ""


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b and y_true", "a_b and y_true"),
        ("_a_", "\\_a\\_"),
        ("x < y, <b> and `<b>`", "x < y, \\<b> and `<b>`"),
        ("a | b", "a \\| b"),
        ("# no title", "\\# no title"),
        ("====", "\\===="),
        ("- an entry", "- an entry"),
        ("an open ` tick * here", "an open ` tick \\* here"),
    ],
)
def test_characters_mean_themselves(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_fence_is_longer_than_what_it_holds() -> None:
    assert fence("```python\n```", "text") == "````text\n```python\n```\n````"
