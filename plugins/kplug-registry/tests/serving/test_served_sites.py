"""Served folders: a site as it is, or one that is rebuilt when its wheels change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kplug_registry.errors import ServingError, WheelError
from kplug_registry.publishing import verify
from kplug_registry.serving.served_sites import SiteFolder, WheelFolder, open_site
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import SigningKeys

MakeWheel = Callable[..., Path]


def list_versions(served: WheelFolder) -> list[str]:
    return sorted(path.name.split("-")[1] for path in served.find_folder().glob("files/*.whl"))


@pytest.fixture
def served(make_wheel: MakeWheel) -> Iterator[WheelFolder]:
    made = WheelFolder(make_wheel().parent, pause=0)
    yield made
    made.close()


def test_a_site_is_served_as_it_is(site: Path) -> None:
    served = open_site(site)
    assert isinstance(served, SiteFolder)
    assert served.find_folder() == site


def test_a_site_of_wheels_follows_its_folder(served: WheelFolder, make_wheel: MakeWheel) -> None:
    assert list_versions(served) == ["1.0"]
    first = served.find_folder()
    assert served.find_folder() == first
    added = make_wheel(version="2.0")
    assert list_versions(served) == ["1.0", "2.0"]
    assert (first / "registry.json").is_file()  # for requests that began before
    added.unlink()
    assert list_versions(served) == ["1.0"]
    assert not first.exists()


@pytest.mark.slow
def test_wheels_that_make_no_site_leave_the_one_before(
    served: WheelFolder, make_wheel: MakeWheel
) -> None:
    half = make_wheel(version="2.0")
    whole = half.read_bytes()
    half.write_bytes(whole[:100])
    assert list_versions(served) == ["1.0"]
    assert served.problem is not None
    assert served.problem.startswith(f"{half.name}: it cannot be opened")
    half.write_bytes(whole)
    assert list_versions(served) == ["1.0", "2.0"]
    assert served.problem is None
    for path in half.parent.iterdir():
        path.unlink()
    assert list_versions(served) == ["1.0", "2.0"]
    assert served.problem.startswith("the folder of wheels is neither")


def test_the_folder_is_not_looked_at_by_every_request(make_wheel: MakeWheel) -> None:
    served = WheelFolder(make_wheel().parent, pause=3600)
    make_wheel(version="2.0")
    assert list_versions(served) == ["1.0"]
    served.close()


def test_a_closed_site_leaves_nothing(served: WheelFolder) -> None:
    served.close()
    assert not served.find_folder().exists()


def test_broken_wheels_are_refused_at_the_start(make_wheel: MakeWheel) -> None:
    path = make_wheel()
    path.write_bytes(b"")
    with pytest.raises(WheelError, match="it cannot be opened"):
        open_site(path.parent)


def test_an_empty_folder_is_served_and_gets_wheels(tmp_path: Path, make_wheel: MakeWheel) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    served = WheelFolder(folder, pause=0)
    assert json.loads((served.find_folder() / "registry.json").read_text())["recent"] == []
    assert verify(Folder(served.find_folder())) == []
    make_wheel().rename(folder / "kplug_waves-1.0-py3-none-any.whl")
    assert list_versions(served) == ["1.0"]
    served.close()


def test_what_is_neither_a_site_nor_wheels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ServingError, match=r"(?s)neither the site .*kplug index build WHEELS…"):
            open_site(folder)


def test_a_site_of_wheels_is_not_signed(make_wheel: MakeWheel) -> None:
    with pytest.raises(ServingError, match=r"(?s)a folder of wheels, .*sign it with `kplug trust`"):
        open_site(make_wheel().parent, SigningKeys())


def test_a_folder_of_wheels_may_have_libraries(served: WheelFolder, make_wheel: MakeWheel) -> None:
    make_wheel("acme-core", code={"acme_core/__init__.py": ""}, entry_points="")
    assert list_versions(served) == ["1.0", "1.0"]
    assert served.problem is None
