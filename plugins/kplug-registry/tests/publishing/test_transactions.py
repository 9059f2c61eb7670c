"""A writer may die at any moment: its change is then complete or absent."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import publish, transactions, verify
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import generate_keys, read_keys
from kplug_registry.trust.roots import lay_out_root, make_root
from kplug_registry.trust.signing import sign_site
from kplug_registry.trust.verified_site import VerifiedSite
from kplug_registry.wheels import read_wheel

from tests.plugins.dying_writers import work_and_die
from tests.plugins.stopped_processes import stop_while

NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]
_KILLS = 20
_PUBLISHER = """
import sys
from pathlib import Path
from kplug_registry.publishing import publish
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel
site, *wheels = map(Path, sys.argv[1:])
contents = [read_wheel(wheel) for wheel in wheels]
print("ready", flush=True)
for content in contents:
    publish([content], Folder(site), "2026-01-31T12:00:00Z")
    print(content.metadata.version, flush=True)
"""


def read_files(site: Path) -> dict[str, bytes]:
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and ".kplug" not in path.parts
    }


def test_whoever_dies_at_a_step_leaves_all_or_nothing(
    site: Path, make_wheel: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()
    for number in range(1, 200, 3):  # a third of the steps; the slow test draws
        wheel = read_wheel(make_wheel(version=f"2.{number}"))
        before = read_files(site)
        with monkeypatch.context() as patch:
            is_done = work_and_die(patch, number, partial(publish, [wheel], Folder(site), NOW))
        assert verify(Folder(site)) == []
        assert list((site / ".kplug").glob("[!l]*")) == []  # nothing but the lock is left
        seen.add(f"files/{wheel.file.filename}" in read_files(site))
        assert read_files(site) == before or f"files/{wheel.file.filename}" in read_files(site)
        if is_done:
            break
    assert is_done
    assert seen == {True, False}


def test_clients_of_a_signed_site_read_the_old_or_the_new_state_wherever_a_writer_dies(
    site: Path, make_wheel: MakeWheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(generate_keys(tmp_path / "keys"))
    Folder(site).write(lay_out_root(root))
    keys = read_keys(tmp_path / "keys")
    sign_site(Folder(site), keys)
    newest, is_done = "1.0", False
    for number in range(1, 600, 11):
        wheel = read_wheel(make_wheel(version=f"2.{number}"))
        work = partial(publish, [wheel], Folder(site), NOW, keys)
        with monkeypatch.context() as patch:
            is_done = work_and_die(patch, number, work)
        path = "components/loss/waveloss.json"
        for _ in ("with what it has seen", "after the change is completed"):
            client = VerifiedSite(site.as_uri(), tmp_path / "copy", root)
            offer, *_ = json.loads(client.fetch(path) or b"")["offers"]
            assert offer["version"] in (newest, f"2.{number}")
            assert verify(Folder(site)) == []
        newest = offer["version"]
        if is_done:
            break
    assert is_done


def test_a_writer_waits_for_another_and_then_says_so(site: Path) -> None:
    with (
        transactions.changing(Folder(site)),
        pytest.raises(
            PublishingError, match=r"another publisher has been writing to .* for 0\.1 s"
        ),
        transactions.changing(Folder(site), timeout=0.1),
    ):
        pass


@pytest.mark.slow
def test_a_site_is_sound_after_each_of_many_kills(site: Path, make_wheel: MakeWheel) -> None:
    wheels = [make_wheel(version=f"3.{number}") for number in range(30 * _KILLS)]
    drawn, died_in_the_middle, published = random.Random(0), 0, 0
    for kill in range(_KILLS):
        command = [sys.executable, "-c", _PUBLISHER, str(site)]
        rest = [str(wheel) for wheel in wheels[published : published + 30]]
        with subprocess.Popen([*command, *rest], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            told = [process.stdout.readline().strip() for _ in range(drawn.randrange(3))]
            if kill % 2:  # the others die at any moment
                stop_while(process, lambda: is_writing(site))
            process.kill()
            process.wait()
            told += process.stdout.read().split()
        died_in_the_middle += is_writing(site)
        assert verify(Folder(site)) == []
        offered = {path.name.split("-")[1] for path in (site / "files").glob("*.whl")}
        assert set(told) <= offered  # what was reported is there
        published = len(offered) - 1
    assert died_in_the_middle >= _KILLS // 2


def is_writing(site: Path) -> bool:
    """Whether there is more than the lock."""
    return bool(list((site / ".kplug").glob("[!l]*")))
