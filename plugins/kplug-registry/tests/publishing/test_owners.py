"""Owners of a site in a folder, and the wheels that a published version may get."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.building.wheel_tags import can_replace
from kplug_registry.errors import ExistingReleaseError, NotPermittedError, PublishingError
from kplug_registry.publishing import add_owner, publish, remove_owner, verify, yank
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import generate_keys, read_keys
from kplug_registry.trust.roots import lay_out_root, make_root
from kplug_registry.trust.signing import sign_site, write_file
from kplug_registry.trust.verified_site import VerifiedSite
from kplug_registry.wheels import read_wheel
from typer.testing import CliRunner

from kplug.cli.app import app

NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]
CODE = "def wave_loss(y_true, y_pred, height=1.0):\n    '''A wave.'''\n"
PACKAGE = {"kplug_waves/__init__.py": CODE}
LINUX = "kplug_waves-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
WINDOWS = "kplug_waves-1.0-cp311-cp311-win_amd64.whl"
BUILD = "kplug_waves-1.0-1-py3-none-any.whl"


def add(site: Path, wheel: Path, publisher: str = "operator") -> None:
    publish([read_wheel(wheel)], Folder(site), NOW, publisher=publisher)


def read_file(site: Path) -> Any:
    return json.loads((site / "distributions/kplug-waves.json").read_text())


def read_files(site: Path) -> dict[str, bytes]:
    found = (path for path in site.rglob("*") if path.is_file() and ".kplug" not in path.parts)
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in found}


def test_a_further_build_with_other_code_is_refused(site: Path, make_wheel: MakeWheel) -> None:
    before = read_files(site)
    code = {"kplug_waves/__init__.py": f"{CODE}    print('other')\n"}
    with pytest.raises(PublishingError, match=r"its file 'kplug_waves/__init__.py' differs"):
        add(site, make_wheel(filename=BUILD, code=code))
    assert read_files(site) == before


@pytest.mark.parametrize("version", ["1.0.0", "1", "1.0+fixed", "1.0.0+fixed"])
def test_a_version_that_is_another_spelling_of_one_is_refused(
    site: Path, make_wheel: MakeWheel, version: str
) -> None:
    before = read_files(site)
    with pytest.raises(
        PublishingError, match=r"kplug-waves 1\.0 is published, and ==1\.0 could mean"
    ):
        add(site, make_wheel(version=version, code={"kplug_waves/__init__.py": f"{CODE}# new\n"}))
    assert read_files(site) == before
    add(site, make_wheel(version="1.0.post1"))
    add(site, make_wheel(version="2.0+fixed"))
    with pytest.raises(PublishingError, match=r"kplug-waves 2\.0\+fixed is published"):
        add(site, make_wheel(version="2.0"))


@pytest.mark.parametrize(
    ("more", "fact"),
    [
        ({"kplug_waves/_sea.py": "x = 1\n"}, "its file 'kplug_waves/_sea.py' is in one of them"),
        ({"kplug_waves/_sea.so": "\x7fELF"}, "its file 'kplug_waves/_sea.so' is in one of them"),
        ({"kplug_waves/data.json": "{}"}, "its file 'kplug_waves/data.json' is in one of them"),
    ],
    ids=["python", "compiled", "data"],
)
def test_machines_that_have_a_version_get_no_other_files(
    site: Path, make_wheel: MakeWheel, more: dict[str, str], fact: str
) -> None:
    """A wheel for one platform would be taken there instead of the one for all."""
    before = read_files(site)
    for name in (BUILD, LINUX):
        with pytest.raises(PublishingError) as caught:
            add(site, make_wheel(filename=name, code={**PACKAGE, **more}))
        assert fact in str(caught.value)
        assert "build them from one source, or give a new version" in str(caught.value)
    assert read_files(site) == before


def test_a_wheel_for_another_platform_may_differ_in_compiled_files_alone(
    make_wheel: MakeWheel, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    linux = {**PACKAGE, "kplug_waves/_sea.so": "\x7fELF"}
    build_site([read_wheel(make_wheel(filename=LINUX, code=linux))], site, NOW)
    add(site, make_wheel(filename=WINDOWS, code={**PACKAGE, "kplug_waves/_sea.pyd": "MZ"}))
    add(site, make_wheel(code=PACKAGE))  # for all others
    assert len(read_file(site)["releases"][0]["wheels"]) == 3
    assert verify(Folder(site)) == []
    other = {"kplug_waves/__init__.py": f"{CODE}# sea\n"}
    with pytest.raises(PublishingError, match=r"__init__.py' differs"):
        add(site, make_wheel(filename=LINUX.replace("311", "312"), code=other))


def test_a_moved_file_is_the_same_file(make_wheel: MakeWheel, tmp_path: Path) -> None:
    """`.data/purelib` leads to the same place, so its files count as those of the package."""
    site, sea = tmp_path / "site", "kplug_waves/_sea.py"
    build_site([read_wheel(make_wheel(code={**PACKAGE, sea: "x = 1\n"}))], site, NOW)
    moved = f"kplug_waves-1.0.data/purelib/{sea}"
    with pytest.raises(PublishingError, match=r"its file 'kplug_waves/_sea.py' differs"):
        add(site, make_wheel(filename=LINUX, code={**PACKAGE, moved: "x = 2\n"}))
    add(site, make_wheel(filename=LINUX, code={**PACKAGE, moved: "x = 1\n"}))


def test_a_command_hides_no_package_of_the_same_place(
    make_wheel: MakeWheel, tmp_path: Path
) -> None:
    """A package may be called `bin`, as the folder of commands is."""
    site, command = tmp_path / "site", {"kplug_waves-1.0.data/scripts/wave.py": "print()\n"}
    files = {**PACKAGE, "bin/wave.py": "x = 1\n", **command}
    build_site([read_wheel(make_wheel(code=files))], site, NOW)
    with pytest.raises(PublishingError, match=r"its file 'bin/wave.py' differs"):
        add(site, make_wheel(filename=BUILD, code={**files, "bin/wave.py": "x = 2\n"}))
    with pytest.raises(PublishingError, match=r"its file '../bin/wave.py' is in one of them alone"):
        add(site, make_wheel(filename=BUILD, code={**PACKAGE, "bin/wave.py": "x = 1\n"}))
    add(site, make_wheel(filename=BUILD, code=files))


@pytest.mark.parametrize(
    "name",
    [
        "Kplug_Waves-1.0-py3-none-any.whl",
        "kplug.waves-1.0-py3-none-any.whl",
        "kplug_waves-1.00-py3-none-any.whl",
    ],
)
def test_another_spelling_of_a_wheels_name_is_the_same_wheel(
    site: Path, make_wheel: MakeWheel, name: str
) -> None:
    with pytest.raises(ExistingReleaseError, match=r"published already as kplug_waves-1\.0-py3"):
        add(site, make_wheel(filename=name))


@pytest.mark.parametrize(
    ("new", "known", "is_so"),
    [
        ("py3-none-any", "py3-none-any", True),
        ("py3-none-any", "py2.py3-none-any", True),
        ("cp311-cp311-manylinux_2_17_x86_64", "py3-none-any", True),
        ("py3-none-any", "cp311-cp311-manylinux_2_17_x86_64", False),
        ("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux2014_x86_64", True),
        ("cp311-cp311-musllinux_1_2_x86_64", "cp311-cp311-manylinux2014_x86_64", False),
        ("cp311-cp311-musllinux_1_2_x86_64", "cp311-cp311-linux_x86_64", True),
        ("cp311-cp311-manylinux2014_x86_64", "cp311-cp311-linux_x86_64", True),
        ("cp311-cp311-manylinux2014_aarch64", "cp311-cp311-manylinux2014_x86_64", False),
        ("cp312-cp312-win_amd64", "cp311-cp311-win_amd64", False),
        ("cp312-cp312-win_amd64", "cp311-abi3-win_amd64", True),
        ("cp313-cp313t-win_amd64", "cp313-cp313-win_amd64", False),
        ("cp311-none-win_amd64", "cp311-cp311-win_amd64", True),
        ("pp310-pypy310_pp73-win_amd64", "cp310-cp310-win_amd64", False),
        ("cp311-cp311-macosx_11_0_arm64", "cp311-cp311-macosx_11_0_x86_64", False),
        ("cp311-cp311-macosx_11_0_arm64", "cp311-cp311-macosx_10_9_universal2", True),
        ("cp311-cp311-macosx_11_0_x86_64", "cp311-cp311-macosx_10_9_intel", True),
        ("cp311-cp311-macosx_11_0_arm64", "cp311-cp311-macosx_10_9_intel", False),
        ("cp311-cp311-ios_15_0_arm64_iphoneos", "cp311-cp311-ios_13_0_arm64_iphoneos", True),
        ("cp311-cp311-win_arm64", "cp311-cp311-win_amd64", False),
        ("cp316-cp316t-win_amd64", "cp315-abi3t-win_amd64", True),
        ("py3-none-win_amd64", "cp311-cp311-win_amd64", False),
    ],
)
def test_which_wheels_could_be_taken_instead(new: str, known: str, is_so: bool) -> None:
    assert can_replace(f"a-1-{new}.whl", f"a-1-{known}.whl") is is_so


def test_only_who_published_a_version_adds_wheels_to_it(site: Path, make_wheel: MakeWheel) -> None:
    add_owner(Folder(site), "kplug-waves", "bert", NOW)
    with pytest.raises(
        NotPermittedError, match=r"kplug-waves 1\.0 was published by operator, who alone adds"
    ):
        add(site, make_wheel(filename=LINUX), "bert")
    add(site, make_wheel(version="2.0"), "bert")


def test_a_static_site_has_owners_too(site: Path, make_wheel: MakeWheel) -> None:
    with pytest.raises(NotPermittedError, match="belongs to operator, and not to anna"):
        add(site, make_wheel(version="2.0"), "anna")
    add_owner(Folder(site), "Kplug_Waves", "anna", NOW)
    add(site, make_wheel(version="2.0"), "anna")
    remove_owner(Folder(site), "kplug-waves", "operator", NOW)
    with pytest.raises(NotPermittedError, match="belongs to anna, and not to operator"):
        add(site, make_wheel(version="3.0"))
    with pytest.raises(PublishingError, match="anna is the last owner"):
        remove_owner(Folder(site), "kplug-waves", "anna", NOW)
    yank(Folder(site), "kplug-waves", "2.0", "the operator may")
    with pytest.raises(NotPermittedError, match="belongs to anna, and not to bert"):
        yank(Folder(site), "kplug-waves", "1.0", "bert may not", by="bert")
    with pytest.raises(PublishingError, match=r"there is no kplug-tides in "):
        add_owner(Folder(site), "kplug-tides", "anna", NOW)
    assert [change["owner"] for change in read_file(site)["owner_changes"]] == [
        "operator",
        "anna",
        "operator",
    ]
    assert verify(Folder(site)) == []


def test_the_history_of_owners_does_not_grow_without_end(site: Path) -> None:
    for _ in range(60):
        add_owner(Folder(site), "kplug-waves", "anna", NOW)
        remove_owner(Folder(site), "kplug-waves", "anna", NOW)
    assert len(read_file(site)["owner_changes"]) == 100


def test_a_change_of_owners_is_signed(site: Path, tmp_path: Path) -> None:
    root = make_root(generate_keys(tmp_path / "keys"))
    for path, data in lay_out_root(root).items():
        write_file(site / path, data)
    keys = read_keys(tmp_path / "keys")
    sign_site(Folder(site), keys)
    with pytest.raises(PublishingError, match="is signed, and a change without a signature"):
        add_owner(Folder(site), "kplug-waves", "anna", NOW)
    add_owner(Folder(site), "kplug-waves", "anna", NOW, keys)
    client = VerifiedSite(site.as_uri(), tmp_path / "copy", root)
    found = client.fetch("distributions/kplug-waves.json") or b""
    assert json.loads(found)["owners"] == ["anna", "operator"]
    assert verify(Folder(site)) == []


def test_owners_by_command(site: Path, make_wheel: MakeWheel) -> None:
    def call(*words: object) -> str:
        done = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert call("owner", "add", "kplug-waves", "anna", "--to", site) == (
        "kplug-waves belongs to anna, operator\n"
    )
    assert call("owner", "remove", "kplug-waves", "operator", "--to", site) == (
        "kplug-waves belongs to anna\n"
    )
    call("publish", make_wheel(version="2.0"), "--to", site, "--publisher", "anna")
    first, *changes = call("owner", "list", "kplug-waves", "--to", site).splitlines()
    assert first == "kplug-waves belongs to anna"
    assert [line.split("  ")[-1] for line in changes] == [
        "operator added by operator",
        "anna added by operator",
        "operator removed by operator",
    ]
    with pytest.raises(NotPermittedError):
        call("publish", make_wheel(version="3.0"), "--to", site)
