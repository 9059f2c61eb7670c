"""`kplug publish` reports its changes, and what needs a person's attention."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from kplug.cli.app import app

MakeWheel = Callable[..., Path]


def call(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_new_name_that_is_nearly_anothers_is_told(make_wheel: MakeWheel, tmp_path: Path) -> None:
    site = tmp_path / "site"
    call("index", "build", make_wheel(), "--out", site)
    warning = (
        "warning: kplug-caves is new, and its name differs by one letter from that of kplug-waves"
    )
    assert warning in call("publish", make_wheel("kplug-caves"), "--to", site)
    assert "warning" not in call("publish", make_wheel("kplug-caves", "2.0"), "--to", site)
    assert "warning" not in call("publish", make_wheel("kplug-tides"), "--to", site)
