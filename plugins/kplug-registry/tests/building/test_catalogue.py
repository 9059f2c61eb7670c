"""Web pages: their content, their safety, and their rendering in a real browser."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.publishing import publish, verify, yank
from kplug_registry.site_format import (
    CheckedComponent,
    ContractResults,
    DrawnComponent,
    FailedCheck,
    LeftOutCheck,
    Picture,
)
from kplug_registry.storage import Folder
from kplug_registry.wheels import WheelContents, read_wheel
from PIL import Image

NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]
Serve = Callable[[Path], AbstractContextManager[str]]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="461" height="307">{}</svg>'
THEMED = SVG.format(
    "<style>@media (prefers-color-scheme: dark) { rect { fill: #ff0000; } }</style>"
    '<rect width="461" height="307" fill="#0000ff"/>'
)
SCRIPT = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>\"'"


@pytest.fixture
def site(make_wheel: MakeWheel, tmp_path: Path) -> Path:
    wheels = [make_wheel(), make_wheel(version="2.0"), make_wheel("kplug-tides")]
    contents = [read_wheel(wheel) for wheel in wheels]
    contents[1] = with_picture(contents[1], THEMED, "wave_loss: loss over y_pred")
    contents[1] = replace(contents[1], results=make_results("a wave"))
    build_site(contents, tmp_path / "site", NOW)
    return tmp_path / "site"


def make_results(text: str) -> ContractResults:
    """Return results with a text wherever there may be any."""
    failed, left_out = FailedCheck(f"gradcheck {text}", text, text), LeftOutCheck("empty", text)
    passed = "made", f"dtype {text}"
    row = CheckedComponent(
        "loss", "wave_loss", passed, (failed,), (left_out,), "silver", text, text
    )
    return ContractResults("0.1.0", "2.13.0+cpu", NOW, (row,), (f"a hook fails: {text}",))


def with_picture(wheel: WheelContents, svg: str, text: str) -> WheelContents:
    """Return a wheel with a picture of its first component."""
    entry, digest = wheel.components[0], hashlib.sha256(svg.encode()).hexdigest()
    drawn = DrawnComponent(entry.kind, entry.name, Picture(digest, text))
    return replace(wheel, drawn=(drawn,), pictures={digest: svg.encode()})


@pytest.fixture
def hostile_site(make_wheel: MakeWheel, tmp_path: Path) -> Path:
    """A site whose only plugin has HTML in every field that takes any text."""
    code = f"def wave_loss(y_true, height: {SCRIPT!r} = {SCRIPT!r}):\n    {SCRIPT!r}\n"
    metadata = f"Summary: {SCRIPT}\nRequires-Dist: pond; platform_version == '<script>'\n"
    wheel = make_wheel(code={"kplug_waves/__init__.py": code}, metadata=metadata)
    picture = SVG.format("<script>parent.hacked=1; top.hacked=1</script>")
    contents = with_picture(read_wheel(wheel), picture, SCRIPT)
    build_site([replace(contents, results=make_results(SCRIPT))], tmp_path / "hostile", NOW)
    yank(Folder(tmp_path / "hostile"), "kplug-waves", "1.0", SCRIPT)
    yank(Folder(tmp_path / "hostile"), "kplug-waves", "1.0", None)
    return tmp_path / "hostile"


def read_page(site: Path, path: str) -> str:
    """Return the text of a page, without its tags."""
    text = re.sub(r"<[^>]*>", " ", (site / path).read_text())
    return " ".join(unescape(text).split())


def test_a_component_has_a_page_with_all_who_offer_it(site: Path) -> None:
    page = read_page(site, "catalogue/components/loss/waveloss.html")
    assert "2 distributions offer this name" in page
    assert "kplug-tides 1.0 A wave. wave_loss(y_true, y_pred, height=1.0)" in page
    assert "Name kplug-waves/wave_loss" in page
    assert "Install kplug install kplug-waves==2.0" in page
    assert "kplug-waves==1.0" not in page


def test_a_component_leads_to_the_versions_that_have_it(site: Path) -> None:
    page = (site / "catalogue/components/loss/waveloss.html").read_text()
    places = re.findall(r'href="(../../distributions/kplug-waves/[\d.]+html)"', page)
    assert places == [f"../../distributions/kplug-waves/{each}.html" for each in ("2.0", "1.0")]
    assert "kplug-tides/1.0.html" not in page  # the only one
    for place in places:
        assert (site / "catalogue/components/loss" / place).is_file()


@pytest.mark.parametrize(
    ("versions", "lossy", "newest"),
    [
        (("1.0", "2.0"), "1.0", "2.0"),
        (("2.0", "1.0"), "1.0", "2.0"),
        (("2.0rc1", "1.0"), "2.0rc1", None),  # the current version is older
    ],
)
def test_a_component_that_a_newer_version_lacks_says_so(
    versions: tuple[str, str], lossy: str, newest: str | None, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    kept = "[kplug.losses]\nwave_loss = kplug_waves:wave_loss\n"
    for version in versions:  # 1.0 or 2.0rc1 has a component more
        lost = "old_loss = kplug_waves:other_loss\n" * (version == lossy)
        code = {"kplug_waves/__init__.py": "def wave_loss(y, p): ...\ndef other_loss(y, p): ...\n"}
        wheel = read_wheel(make_wheel(version=version, code=code, entry_points=kept + lost))
        if (tmp_path / "site").exists():
            publish([wheel], Folder(tmp_path / "site"), NOW)
        else:
            build_site([wheel], tmp_path / "site", NOW)
    page = read_page(tmp_path / "site", "catalogue/components/loss/oldloss.html")
    found = re.search("A newer version exists, ([^,]*), which does not have it", page)
    assert (found.group(1) if found else None) == newest
    kept_page = read_page(tmp_path / "site", "catalogue/components/loss/waveloss.html")
    assert "A newer version" not in kept_page


def test_a_component_of_many_versions_leads_to_ten(make_wheel: MakeWheel, tmp_path: Path) -> None:
    wheels = [read_wheel(make_wheel(version=f"{each}.0")) for each in range(12)]
    build_site(wheels, tmp_path / "site", NOW)
    page = read_page(tmp_path / "site", "catalogue/components/loss/waveloss.html")
    assert "Versions 11.0 10.0 9.0 8.0 7.0 6.0 5.0 4.0 3.0 2.0 and 2 older" in page


def test_a_signature_is_shown_with_its_types(make_wheel: MakeWheel, tmp_path: Path) -> None:
    code = "def wave_loss(y_true: Tensor, y_pred, *, height: float | None = None) -> Tensor: ...\n"
    wheel = make_wheel(code={"kplug_waves/__init__.py": code})
    build_site([read_wheel(wheel)], tmp_path / "site", NOW)
    written = "wave_loss(y_true: Tensor, y_pred, *, height: float | None = None)"
    for path in ("components/loss/waveloss.html", "distributions/kplug-waves/index.html"):
        assert written in read_page(tmp_path / "site", f"catalogue/{path}")


def test_a_component_is_shown_with_its_picture_and_what_is_in_it(site: Path) -> None:
    digest = hashlib.sha256(THEMED.encode()).hexdigest()
    assert (site / f"pictures/{digest}.svg").read_text() == THEMED
    page = (site / "catalogue/components/loss/waveloss.html").read_text()
    (tag,) = re.findall("<img[^>]*>", page)
    assert f'src="../../../pictures/{digest}.svg"' in tag
    assert 'alt="wave_loss: loss over y_pred"' in tag
    found = json.loads((site / "components/loss/waveloss.json").read_text())["offers"]
    assert [(one["version"], one["picture"]) for one in found if one["picture"]] == [
        ("2.0", {"sha256": digest, "text": "wave_loss: loss over y_pred"})
    ]


@pytest.mark.parametrize(
    ("arguments", "is_shown"),
    [
        ("y_true, y_pred", True),
        ("y_true, y_pred, height=1.0, *, width=2", True),
        ("y_true, y_pred, height", False),
        ("height", False),
        ("*, height", False),
        ("height=1.0", True),
        ("y_true: Tensor, y_pred: 'Tensor', height: dict[str, int] | None = None", True),
        ("y_true: Tensor, y_pred: Tensor, height: float", False),
    ],
)
def test_a_line_to_copy_lacks_no_argument(
    arguments: str, is_shown: bool, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    code = {"kplug_waves/__init__.py": f"def wave_loss({arguments}): ...\n"}
    build_site([read_wheel(make_wheel(code=code))], tmp_path / "site", NOW)
    page = read_page(tmp_path / "site", "catalogue/components/loss/waveloss.html")
    assert ('model.compile(loss="kplug-waves/wave_loss")' in page) == is_shown


def test_results_of_the_contract_suite_are_shown_as_the_publishers(site: Path) -> None:
    for name in ("2.0", "index"):
        page = read_page(site, f"catalogue/distributions/kplug-waves/{name}.html")
        assert "Supplied by the publisher, and not verified by this registry" in page
        assert "Run 2026-01-31 with kplug 0.1.0 and torch 2.13.0+cpu. a hook fails: a wave" in page
        assert (
            "wave_loss loss 2 made, dtype a wave "
            "1 gradcheck a wave, made with a wave: a wave 1 empty: a wave silver" in page
        )
        assert "Contract suite level silver, results , as the publisher says" in page
    assert "Supplied" not in read_page(site, "catalogue/distributions/kplug-waves/1.0.html")
    page = read_page(site, "catalogue/components/loss/waveloss.html")
    assert (
        "as the publisher says: level silver, 2 passed, 1 failed, 1 left out with kplug 0.1.0 and"
        in page
    )
    assert "As the publisher says: equal to a wave within 10 -5 . a wave" in page
    files = (site / f"releases/kplug-waves/{version}.json" for version in ("1.0", "2.0"))
    assert [json.loads(file.read_text())["results"] is not None for file in files] == [False, True]
    assert verify(Folder(site)) == []


def test_an_altered_picture_is_found(site: Path) -> None:
    assert verify(Folder(site)) == []
    (picture,) = site.glob("pictures/*.svg")
    picture.write_text(SVG)
    path = picture.relative_to(site).as_posix()
    text = f"{path} does not have the hash that the file of kplug-waves 2.0 gives it"
    assert verify(Folder(site)) == [text]


def test_a_withdrawn_version_gives_way_to_the_one_before_it(site: Path) -> None:
    yank(Folder(site), "kplug-waves", "2.0", "wrong sign")
    page = read_page(site, "catalogue/components/loss/waveloss.html")
    assert "kplug install kplug-waves==1.0" in page
    assert "Withdrawn: wrong sign" in read_page(
        site, "catalogue/distributions/kplug-waves/2.0.html"
    )
    assert "kplug-waves 1.0" in read_page(site, "catalogue/distributions/kplug-waves/index.html")


def test_a_distribution_has_a_page_with_its_versions_and_one_for_each(
    site: Path,
) -> None:
    folder = "catalogue/distributions/kplug-waves"
    assert "Versions 2.0 1.0" in read_page(site, f"{folder}/index.html")
    assert "kplug-waves 1.0" in read_page(site, f"{folder}/1.0.html")


def test_the_page_of_a_distribution_is_that_of_its_current_version(site: Path) -> None:
    folder = site / "catalogue/distributions/kplug-waves"
    for current, older in (("2.0", "1.0"), ("1.0", "2.0")):
        assert (folder / "index.html").read_bytes() == (folder / f"{current}.html").read_bytes()
        assert "This is not the current version" in (folder / f"{older}.html").read_text()
        yank(Folder(site), "kplug-waves", "2.0", "wrong sign")
    assert verify(Folder(site)) == []


def test_the_start_page_shows_what_is_new(site: Path, make_wheel: MakeWheel) -> None:
    publish([read_wheel(make_wheel("kplug-ponds"))], Folder(site), "2026-02-01T00:00:00Z")
    assert "New kplug-ponds 1.0 2026-02-01 kplug-tides 1.0" in read_page(site, "index.html")


def test_every_page_forbids_other_hosts_and_scripts_in_it(site: Path) -> None:
    for path in [site / "index.html", *site.glob("catalogue/**/*.html")]:
        page = path.read_text()
        assert "default-src 'none'; style-src 'self'; script-src 'self'" in page
        assert not re.search(r"https?://|\son\w+=|style=|<script>", page), path


def test_html_in_the_fields_of_a_plugin_is_shown_as_text(hostile_site: Path) -> None:
    for path in [
        hostile_site / "index.html",
        *hostile_site.glob("catalogue/**/*.html"),
    ]:
        page = path.read_text()
        assert "<script>" not in page
        assert "<img src=x" not in page
    for path in hostile_site.glob("simple/**/*.html"):
        assert "<script>" not in path.read_text()
    assert "window.hacked" in read_page(hostile_site, "index.html")


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"color_scheme": "light", "viewport": {"width": 360, "height": 640}},
    ],
    ids=["light", "dark", "phone"],
)
def test_a_person_searches_opens_a_component_and_copies_its_name(
    site: Path, serve: Serve, browser: Any, settings: dict[str, Any]
) -> None:
    context = browser.new_context(**settings)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    with serve(site) as address:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        page.goto(f"{address}/index.html")
        _expect_no_violation(page)
        assert page.locator("p", has_text="2 losses").is_visible()
        page.get_by_label("Find a component").fill("wave loss")
        page.get_by_text("2 components", exact=True).wait_for()
        page.get_by_label("Kind").select_option("2 losses")
        _expect_no_violation(page)
        page.get_by_role("link", name="wave_loss").first.click()
        page.wait_for_url("**/catalogue/components/loss/waveloss.html")
        _expect_no_violation(page)
        picture = page.get_by_role("img", name="wave_loss: loss over y_pred")
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 461
        colour = (255, 0, 0) if settings["color_scheme"] == "dark" else (0, 0, 255)
        shot = Image.open(io.BytesIO(picture.screenshot())).convert("RGB")
        assert shot.getpixel((shot.width // 2, shot.height // 2)) == colour
        page.get_by_role("button", name="Copy: kplug-waves/wave_loss").click()
        page.get_by_text("Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == "kplug-waves/wave_loss"
        page.get_by_role("link", name="kplug-waves").click()
        page.wait_for_url("**/catalogue/distributions/kplug-waves/index.html")
        assert page.get_by_text("kplug install kplug-waves==2.0").is_visible()
        page.locator("summary").click()
        assert page.get_by_text("made, dtype a wave").is_visible()
        _expect_no_violation(page)
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide)
    assert problems == []


@pytest.mark.slow
def test_nothing_runs_of_what_a_plugin_wrote(
    hostile_site: Path, serve: Serve, browser: Any
) -> None:
    page = browser.new_page()
    paths = [path.relative_to(hostile_site) for path in hostile_site.glob("**/*.html")]
    with serve(hostile_site) as address:
        for path in paths:
            page.goto(f"{address}/{path.as_posix()}")
            assert page.evaluate("window.hacked === undefined")
        page.goto(f"{address}/index.html")
        page.get_by_label("Find a component").fill("hacked")
        page.get_by_text("1 component", exact=True).wait_for()
        assert page.evaluate("window.hacked === undefined")
    assert len(paths) == 12


def _expect_no_violation(page: Any) -> None:
    from axe_core_python.sync_playwright import Axe

    found = Axe().run(page)["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
