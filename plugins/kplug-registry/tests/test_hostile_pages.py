"""Pages show hostile texts of plugins as text: nothing runs, overflows or turns around."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from kplug_registry.building import build_site
from kplug_registry.publishing import verify, yank
from kplug_registry.storage import Folder
from kplug_registry.wheels import DeclaredComponent, read_wheel

NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]
Serve = Callable[[Path], AbstractContextManager[str]]
TEXTS = {
    "script": "<script>window.hacked=1</script></title></textarea>--><svg onload=window.hacked=1>",
    "image": "\"'><img src=x onerror=window.hacked=1><iframe srcdoc='<script>top.hacked=1</script>'>",
    "address": "javascript:window.hacked=1 [a](javascript:window.hacked=1) data:text/html,<b>",
    "template": "{{ 7 * 7 }} {% raw %} ${window.hacked=1} `+window.hacked` \\u003cscript\\u003e &lt;b&gt;",
    "right-to-left": "a\u202eb\u05d0c",
    "controls": "a\x01b\x1b[2Jc\x7fd\x9be\ufffefg\ufeffh\ud7ffi",
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \U0001d54f " * 20,
    "long": "w" * 30_000,
    "marks": "z" + "\u0301\u0323" * 200,
}
_ABSENT = "404 (File not found)"  # a word that nothing has, and a console says so


def write_hostile(make_wheel: MakeWheel, name: str, text: str) -> Path:
    """Write a wheel with a text in every field that takes any, and in its code."""
    package = f"kplug_{name.replace('-', '_')}"
    fields = ("Summary", "Author", "Author-email", "Maintainer", "License", "Keywords", "Home-page")
    heads = "".join(f"{field}: {text}\n" for field in (*fields, "Download-URL"))
    address = f"Project-URL: {text[:30].replace(',', '')}, {text}\n"
    quoted = text.replace("'", "").replace("\\", "")[:500]
    marker = f"Requires-Dist: pond; platform_version == '{quoted}'\n"
    code = f"def loss_{package}(y_true, height={text!r}):\n    {text!r}\n"
    return make_wheel(
        f"kplug-{name}",
        code={f"{package}/__init__.py": code},
        entry_points=f"[kplug.losses]\nloss_{package} = {package}:loss_{package}\n",
        metadata=f"{heads}{address}{marker}\n{text}\n",
    )


@pytest.fixture
def hostile_site(make_wheel: MakeWheel, tmp_path: Path) -> Path:
    site = tmp_path / "hostile"
    wheels = []
    for name, text in TEXTS.items():
        facts = ("loss", f"old_{name.replace('-', '_')}", (), f"kplug-{name}", "1.0")
        target = f"kplug_{name.replace('-', '_')}"
        entry = DeclaredComponent(
            *facts, f"{target}:loss_{target}", text, "deprecated", text, is_qualified_only=False
        )
        wheels.append(read_wheel(write_hostile(make_wheel, name, text), [entry]))
    build_site(wheels, site, NOW)
    for name, text in TEXTS.items():
        yank(Folder(site), f"kplug-{name}", "1.0", text)
        if name != "script":
            yank(Folder(site), f"kplug-{name}", "1.0", None)
    return site


def test_the_site_is_sound_and_its_feed_is_xml(hostile_site: Path) -> None:
    assert verify(Folder(hostile_site)) == []
    feed = ET.fromstring((hostile_site / "feed.xml").read_bytes())
    assert len(feed.findall("{*}entry")) == len(TEXTS)
    for page in hostile_site.rglob("*.html"):
        text = page.read_text("utf-8")
        assert not set(text) & set(map(chr, (*range(9), *range(14, 32)))), page
        assert "<script>" not in text
        assert "<img" not in text


@pytest.fixture
def phone(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 360, "height": 640})
    yield context.new_page()
    context.close()


@pytest.mark.slow
def test_nothing_runs_overflows_or_turns_around(
    hostile_site: Path, serve: Serve, phone: Any
) -> None:
    problems: list[str] = []
    phone.on("console", lambda message: problems.append(message.text))
    phone.on("dialog", lambda dialog: problems.append(dialog.message))
    phone.on("pageerror", lambda error: problems.append(str(error)))
    pages = [path.relative_to(hostile_site).as_posix() for path in hostile_site.rglob("*.html")]
    with serve(hostile_site) as address:
        for page in pages:
            phone.goto(f"{address}/{page}")
            check_page(phone)
        phone.goto(f"{address}/index.html")
        for name in TEXTS:
            phone.get_by_label("Find a component").fill(f"kplug{name.replace('-', '')}")
            wanted = "Nothing found." if name == "script" else "1 component"
            phone.get_by_text(wanted, exact=True).wait_for()
            check_page(phone)
    assert [one for one in problems if not one.endswith(_ABSENT)] == []
    assert len(pages) > 4 * len(TEXTS)


def check_page(page: Any) -> None:
    assert page.evaluate("window.hacked === undefined")
    strange = "script:not([src$='catalogue.js']), img, iframe, svg, [onload], [onerror], [href^='javascript']"
    assert page.locator(strange).count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert page.evaluate(_TURNED) == [], page.url


# Lines in ASCII whose last character is left of the first: a text beside them has turned them around.
_TURNED = r"""(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const turned = [];
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const found = text.data.match(/^\s*([\x21-\x7e][\x20-\x7e]*[\x21-\x7e])\s*$/);
    if (!found) continue;
    const at = (place) => {
      const range = document.createRange();
      range.setStart(text, place);
      range.setEnd(text, place + 1);
      return range.getBoundingClientRect();
    };
    const start = text.data.indexOf(found[1]);
    const [first, last] = [at(start), at(start + found[1].length - 1)];
    if (Math.abs(first.top - last.top) < 1 && last.left < first.left) turned.push(found[1]);
  }
  return turned;
})()"""
