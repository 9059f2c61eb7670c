"""Renders READMEs and docstrings as HTML in which nothing runs, and nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from kplug.display.markdown import docstring_as_markdown
from kplug_registry.building.restructured_text import render_restructured_text
from kplug_registry.building.visible_text import escape_text, replace_invisible

MOST_README = 32 << 10  # characters, of which the worst take the parser half a second
_MOST_HTML = 8 * MOST_README
_TAGS_WORDS = (
    "a b blockquote br code dd del div dl dt em h3 h4 h5 h6 hr i kbd li ol p pre s strong sub sup table "
    "tbody td th thead tr ul"
)
_TAGS = set(_TAGS_WORDS.split())
_DEEPEST = 6
_ADDRESS = re.compile(r"(https?://|mailto:)[^\s\\]+", re.IGNORECASE)


@lru_cache(maxsize=16)  # the versions of a distribution mostly have the same
def render_readme(text: str, content_type: str) -> str:
    """Return the HTML of a README in Markdown or reStructuredText; others are shown as they are.

    Args:
        text: The text; the first `MOST_README` characters are shown.
        content_type: What its metadata say that it is, such as ``text/markdown``; without a word,
            reStructuredText, if that is without errors.
    """
    shown = replace_invisible(text[:MOST_README])
    if not shown.strip():
        return ""
    language = content_type.partition(";")[0].strip().casefold()
    if language == "text/markdown":
        html = _render(shown, has_html=True)
    elif language in ("text/x-rst", ""):
        html = _clean(render_restructured_text(shown) or "")
    else:
        html = ""
    if 0 < len(html) <= _MOST_HTML:  # else it is made to be large
        return html
    return f'<pre tabindex="0">{escape_text(shown)}</pre>'


@lru_cache(maxsize=256)  # a component's page and that of its distribution are made together
def render_docstring(text: str) -> str:
    r"""Return the HTML of a docstring, with its sections; HTML in it is text.

    Example:
        >>> render_docstring("Add `a` to <b>.")
        '<p>Add <code>a</code> to &lt;b&gt;.</p>\n'
    """
    markdown = docstring_as_markdown(replace_invisible(text))
    return _render(markdown, has_html=False)


def is_address(text: str) -> bool:
    """Whether a text is the address of a page or of a mailbox, to which a page may lead.

    Example:
        >>> is_address("https://example.com/"), is_address("javascript:alert()")
        (True, False)
    """
    return _ADDRESS.fullmatch(text) is not None


class _Renderer(RendererHTML):
    """HTML with links in place of pictures."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        label = self.renderInlineAsText(token.children, options, env) or "picture"
        return f'<a href="{escape_text(token.attrs.get("src", ""))}">{escape_text(label)}</a>'


@lru_cache
def _parser(has_html: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": has_html}, renderer_cls=_Renderer)
    return parser.enable(["table", "strikethrough"])


def _render(text: str, has_html: bool) -> str:
    parser, references = _parser(has_html), dict[str, object]()
    tokens = parser.parse(text, references)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = _lower(token.tag)
    return _clean(parser.renderer.render(tokens, parser.options, references))


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        attribute_filter=_keep,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )


def _lower(tag: str) -> str:
    """Return the title below one of the first or second order, as h3, and so on."""
    return f"h{min(int(tag[1:]) + 2, _DEEPEST)}"


def _keep(_tag: str, _attribute: str, value: str) -> str | None:
    return value if is_address(value) else None  # a path means a place in the author's repository
