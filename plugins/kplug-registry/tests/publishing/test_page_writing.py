"""`kplug index pages` writes the pages of a site again that another version of the templates wrote."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import kplug_registry
import pytest
from kplug_registry.building import build_site
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import page_check, page_writing, publish, verify, write_pages
from kplug_registry.storage import Folder, Turn
from kplug_registry.trust.keys import generate_keys, read_keys
from kplug_registry.trust.roots import lay_out_root, make_root
from kplug_registry.trust.signing import sign_site
from kplug_registry.wheels import read_wheel

from tests.plugins.dying_writers import work_and_die

NOW = "2026-01-31T12:00:00Z"
WRITERS = "catalogue/writers.json"
OTHER = "kplug-registry 0.9 0123456789ab"
MakeWheel = Callable[..., Path]


@pytest.fixture
def site(make_wheel: MakeWheel, tmp_path: Path) -> Path:
    """Build a site of two versions of one distribution, and one of another."""
    path = tmp_path / "site"
    wheels = [make_wheel(), make_wheel(version="2.0"), make_wheel("kplug-pond")]
    build_site(map(read_wheel, wheels), path, NOW)
    return path


def read_files(site: Path) -> dict[str, bytes]:
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and ".kplug" not in path.parts
    }


def make_older(site: Path) -> int:
    """Make a site one of another version, whose pages lack an icon; return how many pages that changes."""
    pages = [path for path in site.rglob("*.html") if b'rel="icon"' in path.read_bytes()]
    for page in pages:
        page.write_text(re.sub(r'<link rel="icon".*', "", page.read_text()))
    (site / WRITERS).write_text(json.dumps({"writers": [OTHER]}))
    return len(pages)


def sign(site: Path, tmp_path: Path) -> None:
    Folder(site).write(lay_out_root(make_root(generate_keys(tmp_path / "keys"))))
    sign_site(Folder(site), read_keys(tmp_path / "keys"))


def test_verify_tells_pages_of_another_version_from_changed_files(site: Path) -> None:
    count = make_older(site)
    (site / "feed.xml").unlink()  # may be a page that the other version did not have
    (fault,) = verify(Folder(site))
    assert fault.startswith(f"pages are from another version of the templates: {count + 1}, ")
    assert OTHER in fault
    assert f"kplug index pages {site}" in fault
    (site / "catalogue/assets/evil.js").write_text("alert(1)")
    file = site / "components/loss/waveloss.json"
    file.write_text(file.read_text().replace("A wave.", "A wafe."))
    assert set(verify(Folder(site))) == {
        fault,
        "catalogue/assets/evil.js belongs to nothing in the site",
        "components/loss/waveloss.json does not say what the distributions' files say",
    }


@pytest.mark.parametrize("text", [None, "no JSON", '{"writers":[]}'])
def test_a_site_that_does_not_say_who_wrote_its_pages_is_of_another_version(
    site: Path, text: str | None
) -> None:
    count = make_older(site)
    (site / WRITERS).unlink()
    if text is not None:
        (site / WRITERS).write_text(text)
    (fault,) = verify(Folder(site))
    assert f"another version of the templates: {count}, " in fault


def test_pages_that_another_version_made_in_the_same_way_are_sound(site: Path) -> None:
    (site / WRITERS).write_text(json.dumps({"writers": [OTHER]}))
    assert verify(Folder(site)) == []


@pytest.mark.parametrize("batch", [1, 100])
def test_pages_are_written_again_from_the_signed_files_and_nothing_else_is(
    site: Path, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_check, "_BATCH", batch)
    sign(site, tmp_path)
    wanted = read_files(site)
    count = make_older(site)
    (site / "catalogue/old.html").write_text("a page that this version does not have")
    (site / "files/stray-1.0-py3-none-any.whl").write_text("no page")
    written = write_pages(Folder(site))
    assert (written.written, written.removed) == (count + 1, 1)  # and who wrote them
    assert written.pages == len([path for path in wanted if is_page(path)])
    (site / "files/stray-1.0-py3-none-any.whl").unlink()
    assert read_files(site) == wanted
    assert verify(Folder(site)) == []
    again = write_pages(Folder(site))
    assert (again.written, again.removed) == (0, 0)


def is_page(path: str) -> bool:
    return path.partition("/")[0] in ("index.html", "feed.xml", "catalogue", "simple", "lookalikes")


def test_pages_are_not_made_from_files_that_are_not_what_was_signed(
    site: Path, tmp_path: Path
) -> None:
    sign(site, tmp_path)
    make_older(site)
    file = site / "releases/kplug-waves/1.0.json"
    file.write_text(file.read_text().replace("A wave.", "An evil wave."))
    before = read_files(site)
    with pytest.raises(PublishingError, match=r"releases/kplug-waves/1\.0\.json is not the file"):
        write_pages(Folder(site))
    assert read_files(site) == before


def test_pages_are_not_made_from_metadata_that_a_signed_file_gives_another_hash(site: Path) -> None:
    make_older(site)
    (file,) = site.glob("files/kplug_waves-1.0*.metadata")
    file.write_text(file.read_text() + "\nAnother README.\n")
    before = read_files(site)
    with pytest.raises(
        PublishingError, match=r"\.metadata does not have the hash that kplug-waves"
    ):
        write_pages(Folder(site))
    assert read_files(site) == before


@pytest.mark.parametrize("text", ["no JSON", '{"listed":0,"names":["kplug-waves"]}'])
def test_a_damaged_list_of_the_newest_names_is_mended(site: Path, text: str) -> None:
    wanted = read_files(site)
    (site / "simple/newest.json").write_text(text)
    write_pages(Folder(site))
    assert read_files(site) == wanted


def test_the_turn_is_extended_for_each_file_and_page(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn in an object store is shorter than all of it may take."""
    sign(site, tmp_path)
    folder, checks = Folder(site), 0
    take_turn = folder.take_turn

    @contextlib.contextmanager
    def take(timeout: float) -> Iterator[Turn]:
        def check() -> None:
            nonlocal checks
            checks += 1

        with take_turn(timeout) as turn:
            yield replace(turn, check=check)

    monkeypatch.setattr(folder, "take_turn", take)
    pages = write_pages(folder).pages
    signed = len(list(site.glob("[cdr]*/**/*.json")))
    assert checks > pages + signed / 2


def test_a_site_remembers_that_two_versions_wrote_its_pages(
    site: Path, make_wheel: MakeWheel
) -> None:
    (own,) = json.loads((site / WRITERS).read_text())["writers"]
    make_older(site)
    publish([read_wheel(make_wheel("kplug-pond", "2.0"))], Folder(site), NOW)
    assert json.loads((site / WRITERS).read_text())["writers"] == [OTHER, own]
    assert len(verify(Folder(site))) == 1
    write_pages(Folder(site))
    assert json.loads((site / WRITERS).read_text())["writers"] == [own]
    assert verify(Folder(site)) == []


def test_whoever_dies_leaves_whole_pages_and_the_next_goes_on(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_writing, "_BATCH", 3)
    wanted = read_files(site)
    make_older(site)
    older = read_files(site)
    halves = 0
    for step in range(1, 400, 7):
        with monkeypatch.context() as patch:
            is_done = work_and_die(patch, step, partial(write_pages, Folder(site)))
        faults = verify(Folder(site))  # which completes what was begun
        found = read_files(site)
        assert all(found[path] in (older[path], wanted[path]) for path in wanted)
        assert found.keys() == wanted.keys()
        is_other = any(found[path] != wanted[path] for path in wanted if path != WRITERS)
        assert len(faults) == is_other
        halves += found not in (older, wanted)
        if is_done:
            break
        for path, content in older.items():
            (site / path).write_bytes(content)
    assert is_done
    assert found == wanted
    assert halves > 1


@pytest.mark.slow
def test_after_an_upgrade_that_changes_a_template_one_command_makes_the_site_sound(
    site: Path, tmp_path: Path
) -> None:
    package = tmp_path / "upgraded/kplug_registry"
    shutil.copytree(Path(kplug_registry.__file__).parent, package)
    template = package / "building/templates/page.html"
    template.write_text(template.read_text().replace("<header>", '<header class="new">'))
    paths = os.pathsep.join([str(package.parent), *sys.path])

    def run(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kplug", "index", command, str(site)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )

    first = run("verify")
    assert first.returncode == 1
    assert len(first.stdout.splitlines()) == 2
    assert f"kplug index pages {site}" in first.stdout
    assert run("pages").returncode == 0
    assert run("verify").stdout.splitlines() == [f"{site}: sound"]
    assert '<header class="new">' in (site / "index.html").read_text()
    assert len(verify(Folder(site))) == 1  # and the other way round
