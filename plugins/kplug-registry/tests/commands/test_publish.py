"""`kplug publish` reports its changes, and what needs a person's attention."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.errors import NotPermittedError, PublishingError
from typer.testing import CliRunner

from kplug.cli.app import app

MakeWheel = Callable[..., Path]


def call(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_a_new_name_that_is_nearly_anothers_is_held(make_wheel: MakeWheel, tmp_path: Path) -> None:
    site, caves = tmp_path / "site", make_wheel("kplug-caves")
    call("index", "build", make_wheel(), "--out", site)
    publish = ["publish", "--to", site, "--publisher", "anna"]
    with pytest.raises(NotPermittedError) as caught:
        call(*publish, caves)
    assert str(caught.value) == (
        f"the name 'kplug-caves' is held: it is like 'kplug-waves', which {site} has\n"
        "  Give it a name that nobody takes for the other. Whoever runs the registry can allow it: "
        "kplug names allow kplug-caves --to SITE"
    )
    call("publish", make_wheel("kplug-waves2"), "--to", site)  # by the owner of the other
    call("names", "allow", "Kplug_Caves", "--to", site)
    call(*publish, caves)
    call("names", "allow", "kplug-caves", "--undo", "--to", site)
    call(*publish, make_wheel("kplug-caves", "2.0"))
    call(*publish, make_wheel("kplug-tides"))


def test_libraries_are_allowed(make_wheel: MakeWheel, tmp_path: Path) -> None:
    wheel, site = make_wheel("acme-core", entry_points=""), tmp_path / "site"
    call("index", "build", "--out", site)
    said = call("names", "library", "acme-core", "--to", site)
    assert said == f"{site}: acme-core: may be a library\n"
    assert "acme-core  library" in call("names", "list", "--to", site)
    assert "acme-core 1.0" in call("publish", wheel, "--to", site)
    said = call("names", "library", "acme-core", "--undo", "--to", site)
    assert said == f"{site}: acme-core: has to offer components\n"
    options = ("--library", "acme-core", "--out", tmp_path / "other")
    assert "1 wheel\n" in call("index", "build", wheel, *options)


def test_names_are_reserved_listed_and_allowed(make_wheel: MakeWheel, tmp_path: Path) -> None:
    site, file = tmp_path / "site", tmp_path / "names.txt"
    call("index", "build", make_wheel(), "--out", site)
    file.write_text("# public\nKplug_Pond>=1\n\nkplug-tides # ours\n")
    assert "2 names are reserved" in call("names", "reserve", file, "--to", site)
    assert call("names", "list", "--to", site).splitlines() == [
        "kplug-pond  reserved",
        "kplug-tides  reserved",
        "kplug  required",
    ]
    for name, words in (
        ("kplug-pond", "it is reserved by whoever runs"),
        ("kplug-p0nd", "it looks like 'kplug-pond', which is reserved by"),
    ):
        with pytest.raises(NotPermittedError, match=f"the name '{name}' is held: {words}"):
            call("publish", make_wheel(name), "--to", site)
    call("names", "reserve", file, "--to", site, "--undo")
    call("publish", make_wheel("kplug-pond"), "--to", site)
    for text, message in (
        ("a b", r"names\.txt, line 1: 'a b' is no name of a distribution"),
        ("a" * 101, "is no name of a distribution"),
        ("\u0430bc", "line 1: '\u0430bc' is no name of a distribution"),
    ):
        file.write_text(text)
        with pytest.raises(PublishingError, match=message):
            call("names", "reserve", file, "--to", site)
    with pytest.raises(PublishingError, match="gone cannot be read: No such file"):
        call("names", "reserve", tmp_path / "gone", "--to", site)
    with pytest.raises(PublishingError, match=r"'a/b' is no name of a distribution"):
        call("names", "allow", "a/b", "--to", site)
