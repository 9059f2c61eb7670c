"""The menu of the documentation site has every page; the strict build finds entries without one."""

from __future__ import annotations

import re

from tests.test_docs import DOCUMENTS, ROOT

DOCS = ROOT / "docs"


def test_every_page_is_in_the_menu() -> None:
    entries = set(re.findall(r"[\w./*-]+", (DOCS / ".nav.yml").read_text(encoding="utf-8")))
    pages = [page.relative_to(DOCS) for page in DOCUMENTS if page.is_relative_to(DOCS)]
    missing = [page for page in pages if not {str(page), f"{page.parent}/*"} & entries]
    assert len(pages) > 20
    assert not missing


def test_each_group_of_the_menu_stands_once() -> None:
    groups = re.findall(
        r"^  - (.+?):", (DOCS / ".nav.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(groups) == len(set(groups)), groups
