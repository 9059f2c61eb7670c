"""A real browser visits a registry of this repository's own plugins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.wheels import read_declared, read_wheel

from kplug import __version__ as HERE

NOW = "2026-01-31T12:00:00Z"
SETTINGS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 640}},
}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(
    plugin_wheels: Path,
    plugin_components: Path,
    tmp_path_factory: pytest.TempPathFactory,
    serve: Callable[[Path], AbstractContextManager[str]],
) -> Iterator[str]:
    site = tmp_path_factory.mktemp("own") / "site"
    declared = read_declared(plugin_components.read_bytes(), "components.json")
    build_site((read_wheel(path, declared) for path in plugin_wheels.iterdir()), site, NOW)
    with serve(site) as address:
        yield address


class Visitor:
    """A page, and what went wrong in it: messages, and requests to anyone else."""

    def __init__(self, context: Any, address: str) -> None:
        self.address, self.problems = address, list[str]()
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        self.page = context.new_page()
        self.page.on("console", lambda message: self._note(message.text, message.location["url"]))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self._check(request.url))

    def _note(self, text: str, url: str) -> None:
        if not ("404" in text and re.search("/(search|prefixes)/", url)):  # a word that nothing has
            self.problems.append(text)

    def _check(self, url: str) -> None:
        if not url.startswith(f"{self.address}/"):
            self.problems.append(f"a request to {url}")

    def search(self, text: str, kind: str = "") -> list[str]:
        """Type a text on the start page; return the names that are found, in their order."""
        self.page.goto(f"{self.address}/index.html")
        self.page.get_by_label("Kind").select_option(kind)
        return self.type(text)

    def type(self, text: str) -> list[str]:
        """Type a text; return the names that are found when the page has answered it."""
        self.page.get_by_label("Find a component").fill(text)
        self.page.wait_for_url(re.compile(r"\bwords="))
        return self.read_hits()

    def read_hits(self) -> list[str]:
        """Return the names that are found, when the search has answered."""
        self.page.locator("#status", has_text=re.compile("component|Nothing")).wait_for()
        return [str(name) for name in self.page.locator("#hits a").all_inner_texts()]

    def check_page(self) -> None:
        """Expect no fault of accessibility, and nothing that is wider than the window."""
        from axe_core_python.sync_playwright import Axe

        found = Axe().run(self.page)["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not self.page.evaluate(wide), self.page.url


@pytest.fixture
def reader(browser: Any, address: str) -> Iterator[Visitor]:
    """Return a visitor in a window as usual."""
    context = browser.new_context()
    visitor = Visitor(context, address)
    yield visitor
    context.close()
    assert visitor.problems == []


@pytest.fixture(params=SETTINGS)
def visitor(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Visitor]:
    context = browser.new_context(**SETTINGS[request.param])
    visitor = Visitor(context, address)
    yield visitor
    context.close()
    assert visitor.problems == []


def test_a_component_is_opened_copied_and_installed_from(visitor: Visitor) -> None:
    page = visitor.page
    visitor.search("dice_loss", "loss")
    visitor.check_page()
    page.get_by_role("link", name="dice_loss", exact=True).click()
    page.wait_for_url("**/catalogue/components/loss/diceloss.html")
    visitor.check_page()
    assert page.get_by_text("dice_loss(smooth: float, thresh: float | None, sharpness").is_visible()
    for text in ("kplug-segmentation/dice_loss", f"kplug install kplug-segmentation=={HERE}"):
        page.get_by_role("button", name=f"Copy: {text}").click()
        assert page.evaluate("navigator.clipboard.readText()") == text
    page.get_by_role("link", name="kplug-segmentation", exact=True).click()
    page.wait_for_url("**/catalogue/distributions/kplug-segmentation/index.html")
    visitor.check_page()
    assert page.get_by_text(f"kplug install kplug-segmentation=={HERE}").is_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"kplug_segmentation-.*\.whl")).click()
    assert Path(download.value.path()).read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("dice_loss", "", "dice_loss"),
        ("DiceLoss", "", "dice_loss"),
        ("minus dice coefficient", "", "dice_loss"),  # of its summary
        ("kplug-segmentation", "loss", "dice_loss"),
        ("group", "regularizer", "group_lasso"),
        ("imbalanced", "loss", "focal_loss"),  # of its documentation
        ("overlap", "metric", "dice_coef"),
        ("dic", "", "dice_loss"),
        ("loss dic", "", "dice_loss"),
        ("dice_lo", "", "dice_loss"),
        ("sparse_cat", "", "kplug-keras2/sparse_categorical_crossentropy"),
    ],
)
def test_plugins_are_found_by_name_text_kind_and_beginnings(
    reader: Visitor, text: str, kind: str, expected: str
) -> None:
    assert expected in reader.search(text, kind)


def test_all_is_reached_without_a_script(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/index.html")
    page.get_by_role("link", name=re.compile(r"^\d+ losses$")).click()
    page.get_by_role("link", name="monai", exact=True).click()
    assert page.locator(".rows li").count() > 3
    assert page.get_by_role("link", name="focal_loss", exact=True).count() == 1
    page.get_by_role("link", name="kplug-monai", exact=True).first.click()
    assert page.get_by_role("heading", name="README").is_visible()
    page.get_by_role("link", name="All plugins").click()
    page.get_by_role("link", name="All distributions").click()
    page.get_by_role("link", name="se", exact=True).click()
    page.get_by_role("link", name="kplug-segmentation", exact=True).click()
    page.get_by_role("link", name="focal_loss", exact=True).click()
    line = 'model.compile(loss="kplug-segmentation/focal_loss")'
    assert page.get_by_text(line).first.is_visible()
    context.close()


@pytest.mark.parametrize(
    "path",
    [
        "index.html",
        "catalogue/kinds/loss.all.html",
        "catalogue/names/index.html",
        "catalogue/names/se.html",
        "catalogue/components/loss/diceloss.html",
        "catalogue/distributions/kplug-segmentation/index.html",
        f"catalogue/distributions/kplug-torchmetrics/{HERE}.html",
    ],
)
def test_every_sort_of_page_is_fit_for_everyone(visitor: Visitor, path: str) -> None:
    visitor.page.goto(f"{visitor.address}/{path}")
    visitor.check_page()


def test_of_one_kind_nothing_else_is_found(reader: Visitor) -> None:
    assert "dice_loss" not in reader.search("dice", "metric")
    assert reader.search("dice_loss", "metric") == []
    assert "Nothing found that fits, and" in reader.page.locator("#status").inner_text()


@pytest.mark.parametrize("words", ["", "dice"])
def test_filters_combine_with_words_and_without(visitor: Visitor, words: str) -> None:
    chosen = {"Lifecycle": "experimental", "Licence": "apache-2.0", "Order": "name"}
    visitor.page.goto(f"{visitor.address}/index.html?kind=loss")
    for label, value in chosen.items():
        visitor.page.get_by_label(label).select_option(value)
    visitor.page.wait_for_url(re.compile(r"\bsort=name"))
    found = visitor.type(words) if words else visitor.read_hits()
    assert "dice_loss" in found
    assert found == sorted(found, key=lambda name: name.rpartition("/")[2].replace("_", "").lower())
    visitor.check_page()
    visitor.page.reload()
    assert visitor.read_hits() == found
    visitor.page.get_by_label("Level", exact=True).select_option("gold")
    visitor.page.locator("#status", has_text="Nothing found that fits, and").wait_for()
    visitor.page.get_by_label("Kind").select_option("")
    if not words:
        visitor.page.locator("#status", has_text="Choose a kind, or type a word.").wait_for()


def test_a_misspelt_name_is_answered_with_the_nearest(reader: Visitor) -> None:
    assert reader.search("dise_loss") == []
    reader.check_page()
    reader.page.get_by_role("button", name="dice loss").click()
    reader.page.locator("#hits a").first.wait_for()
    assert "dice_loss" in reader.read_hits()
    assert reader.search("xyzzy") == []
    assert reader.page.locator("#status").inner_text() == "Nothing found."


def test_a_search_has_an_address_and_outlives_a_visit_to_a_result(reader: Visitor) -> None:
    found = reader.search("dice", "loss")
    assert reader.page.url.endswith("/index.html?words=dice&kind=loss")
    reader.page.get_by_role("link", name="dice_loss", exact=True).click()
    reader.page.wait_for_url("**/diceloss.html")
    reader.page.go_back()
    assert reader.read_hits() == found
    reader.page.goto(f"{reader.address}/index.html?words=<script>&kind=nothing")
    assert reader.read_hits() == []


def test_the_keyboard_alone_is_enough(reader: Visitor) -> None:
    page, press = reader.page, reader.page.keyboard.press
    page.goto(f"{reader.address}/index.html")

    def tab_to(name: str) -> None:
        for _ in range(60):
            press("Tab")
            focused = page.locator(":focus")
            assert focused.evaluate("node => getComputedStyle(node).outlineStyle") != "none"
            if focused.get_attribute("aria-label") == name or focused.inner_text() == name:
                return
        raise AssertionError(f"{name} is not reached")

    tab_to("All plugins")
    press("Tab")
    page.keyboard.type("dice_loss")
    reader.read_hits()
    tab_to("dice_loss")
    press("Enter")
    page.wait_for_url("**/diceloss.html")
    tab_to(f"Copy: kplug install kplug-segmentation=={HERE}")
    press("Enter")
    page.get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"kplug install kplug-segmentation=={HERE}"
