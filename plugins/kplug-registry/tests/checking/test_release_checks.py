"""Results of the registry's own checks: what is entered, of which release, and what is not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import SiteView
from kplug_registry.building.releases import find_release
from kplug_registry.checking import Sandbox, check_release, list_unchecked
from kplug_registry.checking.sandbox import NotCheckedError
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import publish, verify, yank
from kplug_registry.site_format import ContractResults
from kplug_registry.storage import Folder
from kplug_registry.wheels import list_code_hashes, read_wheel
from typer.testing import CliRunner

from kplug.cli.app import app
from tests.plugins.check_reports import make_report

MakeWheel = Callable[..., Path]
DATE = "2026-02-28T12:00:00Z"


def hash_wheel(wheel: Path) -> str:
    return min(list_code_hashes(wheel))


class Printing(Sandbox):
    """Prints what it is given, or raises it, and keeps the names of the files in the folder."""

    def __init__(self, printed: bytes | NotCheckedError) -> None:
        self._printed = printed
        self.seen: list[set[str]] = []

    def run(self, folder: Path, name: str) -> bytes:
        self.seen.append({one.relative_to(folder).as_posix() for one in folder.rglob("*.py")})
        if isinstance(self._printed, NotCheckedError):
            raise self._printed
        return self._printed

    def close(self) -> None: ...


def find_results(site: Path, name: str = "kplug-waves", version: str = "1.0") -> ContractResults:
    found = find_release(SiteView(Folder(site)), name, version).results
    assert found is not None
    return found


def test_a_level_is_entered_as_the_registrys(site: Path, make_wheel: MakeWheel) -> None:
    storage = Folder(site)
    assert list(list_unchecked(storage)) == [("kplug-waves", "1.0")]
    box = Printing(make_report(("kplug-waves", "1.0", hash_wheel(make_wheel()))))
    assert check_release(storage, "kplug-waves", "1.0", box) == "kplug-waves 1.0: level gold"
    assert find_results(site).is_verified
    hits = json.loads((site / "search/wave.json").read_bytes())["hits"]
    assert [hit["score"] for hit in hits] == [30]
    assert list(list_unchecked(storage)) == []
    assert verify(storage) == []


@pytest.mark.parametrize(
    ("printed", "problem"),
    [
        (NotCheckedError("its check did not end within 900 s"), "its check did not end within 900 s"),
        (b"no JSON", "what its check printed is no JSON"),
        (make_report(), "its check printed nothing about the code of its wheels"),
        (make_report(("kplug-waves", "1.0", "sha256:00")), "its check printed nothing about the code"),
        (b"[" * 100_000, "what its check printed"),
    ],
)  # fmt: skip
def test_a_release_whose_check_fails_has_no_level_and_says_why(
    site: Path, printed: bytes | NotCheckedError, problem: str
) -> None:
    storage = Folder(site)
    said = check_release(storage, "kplug-waves", "1.0", Printing(printed))
    assert said.startswith(f"kplug-waves 1.0: {problem}")
    found = find_results(site)
    assert (found.is_verified, found.components) == (True, ())
    assert [text.startswith(problem) for text in found.problems] == [True]
    page = (site / "catalogue/distributions/kplug-waves/index.html").read_text("utf-8")
    assert problem in page
    assert list(list_unchecked(storage)) == []  # it is not tried again and again
    assert verify(storage) == []


def test_what_a_check_prints_about_others_is_not_entered(site: Path, make_wheel: MakeWheel) -> None:
    storage, other = Folder(site), make_wheel("kplug-tides")
    publish([read_wheel(other)], storage, DATE)
    mine = ("kplug-waves", "1.0", hash_wheel(make_wheel()))
    theirs = ("kplug-tides", "1.0", hash_wheel(other))
    check_release(storage, "kplug-waves", "1.0", Printing(make_report(mine, theirs)))
    assert list(list_unchecked(storage)) == [("kplug-tides", "1.0")]
    check_release(storage, "kplug-tides", "1.0", Printing(make_report(mine)))
    assert find_results(site, "kplug-tides").components == ()
    assert find_results(site).components[0].level == "gold"


def test_only_what_may_be_installed_is_checked(site: Path, make_wheel: MakeWheel) -> None:
    publish([read_wheel(make_wheel(version="2.0"))], Folder(site), DATE)
    yank(Folder(site), "kplug-waves", "1.0", "wrong")
    assert list(list_unchecked(Folder(site))) == [("kplug-waves", "2.0")]
    with pytest.raises(
        PublishingError, match=r"no kplug-waves 3\.0 in .*\n  Versions are 2\.0, 1\.0"
    ):
        check_release(Folder(site), "kplug-waves", "3.0", Printing(b""))


def test_what_a_release_requires_of_the_site_comes_with_it(
    site: Path, make_wheel: MakeWheel
) -> None:
    storage = Folder(site)
    plain = '; extra == "plot"'
    for name, version, requires in (
        ("kplug-tides", "1.0", "kplug-waves>=1,<2"),
        ("kplug-waves", "1.5", "kplug-tides"),  # a cycle
        ("kplug-waves", "2.0", "kplug"),
        ("kplug-moons", "1.0", f"kplug-tides{plain}\nRequires-Dist: numpy>=99"),
        ("kplug-suns", "1.0", "kplug-tides>=2"),
    ):
        code = {
            f"{name.replace('-', '_')}/__init__.py": f"def wave_loss(y_true, y_pred): {version}"
        }
        requires = f"{requires}\nRequires-Dist: kplug"
        path = make_wheel(name, version, code=code, requires=requires)
        publish([read_wheel(path)], storage, DATE)
    box = Printing(NotCheckedError("it ends"))
    for name in ("kplug-tides", "kplug-moons"):
        check_release(storage, name, "1.0", box)
    assert box.seen == [
        {"kplug_tides/__init__.py", "kplug_waves/__init__.py"},
        {"kplug_moons/__init__.py"},
    ]
    said = check_release(storage, "kplug-suns", "1.0", box)
    assert "no wheel of kplug-tides>=2 in this registry fits this Python, " in said
    assert len(box.seen) == 2


def call(*words: object) -> str:
    result = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_command_checks_what_has_not_been_checked(
    site: Path, make_wheel: MakeWheel, tmp_path: Path
) -> None:
    report = tmp_path / "check.json"
    report.write_bytes(make_report(("kplug-waves", "1.0", hash_wheel(make_wheel()))))
    sandbox = f"{sys.executable} -c 'print(open(\"{report}\").read())' {{name}}"
    check = ("attest", "--to", site, "--sandbox", sandbox)
    assert call(*check, "--check") == "kplug-waves 1.0: level gold\n"
    assert call(*check, "--check") == ""
    assert call(*check, "--only", "kplug-waves==1.0") == "kplug-waves 1.0: level gold\n"
    result = CliRunner().invoke(
        app,
        [
            "attest",
            "--to",
            str(site),
            "--only",
            "kplug-waves==1.0",
            "--sandbox",
            "sh -c 'exit 125'",
        ],
    )
    assert result.exit_code == 1
    assert "kplug-waves 1.0 was not checked: sh could not begin, with status 125" in result.output
    assert find_results(site).components[0].level == "gold"
    for words in ((), (report, "--check")):
        result = CliRunner().invoke(app, [*map(str, (*check, *words))])
        assert result.exit_code == 2
        assert "give either files with results, or --check" in result.output


@pytest.mark.slow
def test_a_plugin_reaches_its_level_in_namespaces(site: Path, make_wheel: MakeWheel) -> None:
    try:
        box = Sandbox()
    except PublishingError as error:
        pytest.skip(error.message)
    code = '''"""Waves."""
import torch


def wave_loss(y_true, y_pred, height=1.0):
    """Return the height times the mean of the squared differences."""
    return height * torch.square(y_true - y_pred).mean(dim=-1)
'''
    good = make_wheel("kplug-tides", code={"kplug_tides/__init__.py": code})
    killer = {"kplug_moons/__init__.py": "import os\nos.kill(os.getppid(), 9)\nos._exit(0)\n"}
    publish([read_wheel(good)], Folder(site), DATE)
    entry = "[kplug.losses]\nmoon_loss = kplug_moons:kill\n"
    killer["kplug_moons/__init__.py"] += "def kill(y_true, y_pred): pass\n"
    wheel = make_wheel("kplug-moons", code=killer, entry_points=entry)
    publish([read_wheel(wheel)], Folder(site), DATE)
    said = {
        name: check_release(Folder(site), name, version, box)
        for name, version in list_unchecked(Folder(site))
    }
    assert "ended without results" in said["kplug-moons"]
    assert said["kplug-tides"].split()[2] == "level", said
    assert find_results(site, "kplug-tides").components[0].level in ("bronze", "silver", "gold")
    assert verify(Folder(site)) == []
