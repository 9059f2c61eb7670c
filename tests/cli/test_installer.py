"""Which installer an environment has, and what it is told."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from kplug.cli.installer import (
    Plan,
    as_requirement,
    make_commands,
    make_plan,
    run_commands,
)
from kplug.errors import LockError
from kplug.locking import Drift, InstallSource, Lock, LockedPackage
from kplug.registry import REGISTRY
from tests.locking import conftest
from tests.registry.conftest import Sandbox

install = conftest.install
install_plugin = conftest.install_plugin
working_copy = conftest.working_copy

COMMIT, DIGEST = "c" * 40, "d" * 64
ONE, TWO = LockedPackage("kplug-one", "1.0"), LockedPackage("kplug-two", "2.0")
PIP = [sys.executable, "-m", "pip", "install"]


@pytest.mark.parametrize(
    ("source", "requirement"),
    [
        (InstallSource(), "kplug-one==1.0"),
        (InstallSource("git+https://a/b.git", COMMIT), f"kplug-one @ git+https://a/b.git@{COMMIT}"),
        (
            InstallSource("git+file:///b.git", COMMIT, "one"),
            f"git+file:///b.git@{COMMIT}#egg=kplug-one&subdirectory=one",
        ),
        (
            InstallSource("git+https://a/b.git", COMMIT, "one/two", is_editable=True),
            f"kplug-one @ git+https://a/b.git@{COMMIT}#subdirectory=one/two",
        ),
        (
            InstallSource("https://a/b.whl", archive_hash=f"sha256:{DIGEST}"),
            f"kplug-one @ https://a/b.whl#sha256={DIGEST}",
        ),
        (
            InstallSource("https://a/b.zip", "", "one", f"sha256:{DIGEST}"),
            f"kplug-one @ https://a/b.zip#sha256={DIGEST}&subdirectory=one",
        ),
        (InstallSource("file:///gone.whl", archive_hash=f"sha256:{DIGEST}"), "kplug-one==1.0"),
    ],
)
def test_a_package_as_a_requirement(source: InstallSource, requirement: str) -> None:
    assert as_requirement(LockedPackage("kplug-one", "1.0", "", source)) == requirement


def test_a_wheel_that_is_still_there_is_installed_from_its_file(tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    wheel.write_bytes(b"")
    source = InstallSource(wheel.as_uri(), archive_hash=f"sha256:{DIGEST}")
    assert as_requirement(LockedPackage("kplug-one", "1.0", "", source)).startswith(
        f"kplug-one @ {wheel.as_uri()}#sha256="
    )


WHERE = """\
import kplug
@kplug.hookimpl
def kplug_archives(distribution, version, archive_hash):
    return [{answer}] if (distribution, version) == ("kplug-one", "1.0") else []
"""


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("f'https://ours/{archive_hash[7:9]}.whl'", "https://ours/dd.whl"),
        ("'https://ours/a.whl#sha256=0'", "https://gone/a.whl"),
        ("'--index-url=https://ours'", "https://gone/a.whl"),
        ("1 / 0", "https://gone/a.whl"),
    ],
)
def test_an_archive_is_looked_for_by_its_hash(install: Sandbox, answer: str, found: str) -> None:
    install(
        "my-places",
        entry_points={"kplug": {"plugin": "my_places"}},
        modules={"my_places.py": WHERE.replace("{answer}", answer)},
    )
    source = InstallSource("https://gone/a.whl", archive_hash=f"sha256:{DIGEST}")
    one = LockedPackage("kplug-one", "1.0", "", source)
    two = LockedPackage("kplug-two", "2.0", "", source)
    drift = [Drift("missing", each.name, "") for each in (one, two)]
    plan = make_plan(Lock((one, two)), drift)
    assert [each.source.url for each in plan.missing] == [found, "https://gone/a.whl"]
    assert {each.source.archive_hash for each in plan.missing} == {f"sha256:{DIGEST}"}


def test_what_is_as_locked_has_to_stay(tmp_path: Path) -> None:
    plan = make_plan(Lock((ONE, TWO)), [Drift("missing", "kplug-one", "")])
    assert plan == Plan(missing=(ONE,), kept=(TWO,))
    file = tmp_path / "constraints.txt"
    pinned = ["--constraint", str(file)]
    assert make_commands(PIP, plan, ["--no-index"], file) == [
        [*PIP, "--no-index", *pinned, "kplug-one==1.0"]
    ]
    run_commands([], plan, file)
    assert file.read_text() == "kplug-two==2.0\n"


@pytest.mark.parametrize("kind", ["hash", "commit"])
def test_other_code_of_the_same_version_is_installed_over_it_alone(kind: str) -> None:
    plan = make_plan(Lock((ONE,)), [Drift(kind, "kplug-one", "")])  # type: ignore[arg-type]
    assert make_commands(PIP, plan, [], Path("c")) == [
        [*PIP, "--force-reinstall", "--no-deps", "kplug-one==1.0"]
    ]


def test_nothing_to_do_is_no_command() -> None:
    assert make_commands(PIP, make_plan(Lock((ONE,)), []), [], Path("c")) == []


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("extra", "M: uninstall it, or set KPLUG_DISABLE=kplug-one"),
        ("off", "M: `kplug env` shows the setting"),
    ],
)
def test_what_no_installer_can_mend(kind: str, advice: str) -> None:
    drift = Drift(kind, "kplug-one", "M")  # type: ignore[arg-type]
    assert make_plan(Lock((ONE,)), [drift]) == Plan(obstacles=(advice,))


VERSIONS = """
import kplug

@kplug.hookimpl
def kplug_versions(distribution):
    return [kplug.PublishedVersion("1.0", print, published="2999-01-31T12:00:00Z")]
"""


def test_what_is_too_young_is_not_installed(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        "kplug-hooks", entry_points={"kplug": {"p": "hooks_of"}}, modules={"hooks_of.py": VERSIONS}
    )
    drift = [Drift("missing", name, "M") for name in ("kplug-one", "kplug-two")]
    lock = Lock((ONE, TWO))  # nothing is said about kplug-two 2.0
    assert make_plan(lock, drift).missing == (ONE, TWO)
    monkeypatch.setenv("KPLUG_MIN_AGE", "7 days")
    REGISTRY.reload()
    plan = make_plan(lock, drift)
    assert plan.missing == (TWO,)
    assert plan.obstacles == (
        "M: it is not to be installed yet: KPLUG_MIN_AGE is 7 days, and it was published in the future "
        "by the clock here, at 2999-01-31T12:00:00Z",
    )


@pytest.mark.usefixtures("install")
def test_what_may_not_load_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "kplug-one")
    REGISTRY.reload()
    plan = make_plan(Lock((ONE,)), [Drift("missing", "kplug-one", "M")])
    (obstacle,) = plan.obstacles
    assert obstacle.startswith("M: it is not to be installed, as it may not load: KPLUG_DISABLE")
    assert (plan.missing, plan.replaced) == ((), ())

    monkeypatch.setenv("KPLUG_DISABLE", "")
    monkeypatch.setenv("KPLUG_PLUGINS", "kplug-one")  # kplug itself needs no leave
    REGISTRY.reload()
    itself = LockedPackage("kplug", "99.0")
    drift = [Drift("missing", "kplug-one", "M"), Drift("version", "kplug", "M")]
    monkeypatch.setattr("kplug.cli.installer.read_install_source", lambda name: InstallSource())
    assert make_plan(Lock((itself, ONE)), drift).missing == (itself, ONE)


def test_a_working_copy_is_never_replaced(
    install_plugin: conftest.InstallPlugin, working_copy: Path
) -> None:
    install_plugin(direct_url=conftest.editable(working_copy))
    locked = LockedPackage("kplug-one", "1.0", "", InstallSource("git+https://a/b", COMMIT))
    drift = Drift("commit", "kplug-one", "M")
    place = f"M: it is an editable install of {working_copy}, "
    assert make_plan(Lock((locked,)), [drift]).obstacles == (f"{place}check out {COMMIT} there",)
    assert make_plan(Lock((ONE,)), [drift]).obstacles == (f"{place}change it there",)


@pytest.mark.parametrize(
    "source", [InstallSource("", COMMIT, is_editable=True), InstallSource(is_editable=True)]
)
def test_an_editable_install_that_has_no_remote_cannot_be_installed(source: InstallSource) -> None:
    locked = LockedPackage("kplug-one", "1.0", "", source)
    plan = make_plan(Lock((locked,)), [Drift("missing", "kplug-one", "M")])
    assert plan.obstacles == ("M: it was locked as an editable install that no address leads to",)


def _fail(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", f"raise SystemExit({words[0]})"]


def test_an_installer_that_fails_ends_it(tmp_path: Path) -> None:
    commands = [_fail(["3"]), [sys.executable, "-c", "open('ran', 'w')"]]
    with pytest.raises(LockError, match="ended with status 3; what it installed before stays"):
        run_commands(commands, Plan(), tmp_path / "constraints.txt")
    assert not Path("ran").exists()
