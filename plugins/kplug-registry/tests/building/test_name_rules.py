"""Names that belong to others, or look as if they did, are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.building.held_names import find_near_names
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import publish
from kplug_registry.storage import Folder
from kplug_registry.wheels import DeclaredComponent, read_wheel

NOW = "2026-01-31T12:00:00Z"
MakeWheel = Callable[..., Path]
HUBER = "[kplug.losses]\nHuber = kplug_waves:wave_loss\n"


@pytest.mark.parametrize(
    ("wheel", "message"),
    [
        ({"name": "torch"}, "no plugin may be called 'torch'"),
        ({"name": "custom"}, "no plugin may be called 'custom'"),
        ({"requires": "numpy"}, "does not require kplug"),
        (
            {"metadata": "Requires-Dist: pond @ https://example.org/pond.whl\n"},
            "requires pond from an address, past every registry",
        ),
        (
            {"entry_points": HUBER},
            r"(?s)offers the loss 'Huber', a name of the built-in kplug/huber.*is_qualified_only=True",
        ),
    ],
)
def test_names_of_others_are_refused(
    make_wheel: MakeWheel, tmp_path: Path, wheel: dict[str, Any], message: str
) -> None:
    with pytest.raises(PublishingError, match=message):
        build_site([read_wheel(make_wheel(**wheel))], tmp_path / "site", NOW)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("name", ["kplug-wave5", "kplugwaves", "kpl-ugwaves", "kpiug-waves"])
def test_a_name_that_looks_like_another_is_refused(
    make_wheel: MakeWheel, tmp_path: Path, name: str
) -> None:
    build_site([read_wheel(make_wheel())], tmp_path / "site", NOW)
    wheel = read_wheel(make_wheel(name))
    with pytest.raises(PublishingError, match=f"the name '{name}' looks like 'kplug-waves'"):
        publish([wheel], Folder(tmp_path / "site"), NOW)


@pytest.mark.parametrize(
    ("name", "is_near"),
    [
        ("kplug-wave", True),
        ("kplug-wavess", True),
        ("kplug-caves", True),
        ("kplug-waevs", True),
        ("xkplug-waves", True),
        ("kplug-waves", False),
        ("kplug-caver", False),
        ("kplug-wa", False),
        ("kplug-w.ves", True),  # a letter like any other
        ("kplug-vvaves", True),
        ("kp1ug-wave", True),  # a digit that looks like a letter, and one letter less
        ("waves-kplug", True),
        ("kplugwave", True),
        ("kplug-waves-more", False),
    ],
)
def test_names_that_differ_by_one_letter_are_near(name: str, is_near: bool) -> None:
    found = find_near_names(["kplug-waves"], name)
    assert found == ["kplug-waves"] * is_near


def test_a_wheel_that_would_write_too_many_files_is_refused(
    make_wheel: MakeWheel, tmp_path: Path
) -> None:
    words = [f"{number:x}" for number in range(6_000)]
    parts = range(60)
    code = "".join(f"def a{n}(): '{' '.join(words[n * 100 : n * 100 + 100])}'\n" for n in parts)
    points = "".join(f"a{n} = kplug_waves:a{n}\n" for n in parts)
    wheel = make_wheel(
        code={"kplug_waves/__init__.py": code}, entry_points=f"[kplug.losses]\n{points}"
    )
    message = r"would write 1\d+ files with 6\d+ hits, for 60 names and the 60\d\d words of .* 10000 files"
    with pytest.raises(PublishingError, match=message):
        build_site([read_wheel(wheel)], tmp_path / "site", NOW)
    assert not (tmp_path / "site").exists()


def test_a_wheel_with_too_many_hits_is_refused(make_wheel: MakeWheel, tmp_path: Path) -> None:
    words = " ".join(f"{number:x}" for number in range(100, 230))
    names = range(800)
    code = "".join(f"def a{n}(): '{words}'\n" for n in names)
    points = "".join(f"a{n} = kplug_waves:a{n}\n" for n in names)
    wheel = make_wheel(
        code={"kplug_waves/__init__.py": code}, entry_points=f"[kplug.losses]\n{points}"
    )
    with pytest.raises(PublishingError, match=r"with 10\d+ hits, for 800 names"):
        build_site([read_wheel(wheel)], tmp_path / "site", NOW)


def test_another_spelling_of_a_name_is_the_same_distribution(
    make_wheel: MakeWheel, tmp_path: Path
) -> None:
    build_site([read_wheel(make_wheel())], tmp_path / "site", NOW)
    publish([read_wheel(make_wheel("Kplug_Waves", "2.0"))], Folder(tmp_path / "site"), NOW)
    assert [path.name for path in (tmp_path / "site/distributions").iterdir()] == [
        "kplug-waves.json"
    ]


def test_a_qualified_name_may_be_that_of_a_built_in(make_wheel: MakeWheel, tmp_path: Path) -> None:
    code = {
        "kplug_waves/__init__.py": "class Huber: ...\n",
        "kplug_waves/plugin.py": "def kplug_losses(): return TABLE\n",
    }
    path = make_wheel(code=code, entry_points="[kplug]\nplugin = kplug_waves.plugin\n")
    facts = ("loss", "huber", (), "kplug-waves", "1.0", "kplug_waves:Huber", "", None, None)
    wheel = read_wheel(path, [DeclaredComponent(*facts, is_qualified_only=True)])
    assert build_site([wheel], tmp_path / "site", NOW) == 1
