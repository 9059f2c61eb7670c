"""``numbers.json`` of a wheel is kept as it is; what is malformed or of something else is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.errors import PublishingError, WheelError
from kplug_registry.publishing import publish, verify
from kplug_registry.site_format import DistributionFile, from_json, numbers_path
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

MakeWheel = Callable[..., Path]
NOW = "2026-01-31T12:00:00Z"
INIT = "kplug_waves/__init__.py"
CODE = "def wave_loss(y_true, y_pred, height=1.0): ..."


def make_numbers(**facts: object) -> str:
    """Return a file with one reading, of which some fields are others."""
    reading = {
        "format": 1,
        "kind": "loss",
        "spec": "kplug-waves/wave_loss(height=2.0)",
        "recipe": 1,
        "torch": "2.13.0",
        "parts": {"real/exact/value": {"dtype": "float64", "shape": [], "sample": [0.0]}},
        **facts,
    }
    return json.dumps({"format": 1, "readings": [reading], "unread": []})


def with_numbers(make_wheel: MakeWheel, text: str, **facts: str) -> Path:
    return make_wheel(code={INIT: CODE, "kplug_waves/numbers.json": text}, **facts)


def test_a_site_keeps_the_numbers_of_each_release(make_wheel: MakeWheel, tmp_path: Path) -> None:
    site, first = tmp_path / "site", make_numbers()
    build_site([read_wheel(with_numbers(make_wheel, first))], site, NOW)
    newer = make_numbers(recipe=99)  # which nobody here knows
    for version, text in (("1.1", first), ("1.2", newer)):
        publish([read_wheel(with_numbers(make_wheel, text, version=version))], Folder(site), NOW)
    publish([read_wheel(make_wheel(version="1.3"))], Folder(site), NOW)
    file = from_json(DistributionFile, (site / "distributions/kplug-waves.json").read_bytes(), "")
    hashes = [one and sha256(one.encode()).hexdigest() for one in (None, newer, first, first)]
    assert [release.numbers for release in file.releases] == hashes
    assert hashes[1]
    assert (site / numbers_path(hashes[1])).read_text() == newer
    assert len(list((site / "numbers").iterdir())) == 2
    assert verify(Folder(site)) == []
    page = (site / "catalogue/distributions/kplug-waves/index.html").read_text()
    versions = re.findall(r'\.html">([\d.]+)</a>(?: \(([a-z ]+)\))?', page)
    notes = ["", "numbers recorded anew", "same numbers", ""]
    assert versions == list(zip(["1.3", "1.2", "1.1", "1.0"], notes, strict=True))
    (site / numbers_path(hashes[1])).write_text("{}")
    (site / "numbers/other.json").write_text("{}")
    assert verify(Folder(site)) == [
        f"{numbers_path(hashes[1])} does not have the hash that the file of kplug-waves 1.2 gives it",
        *(
            f"catalogue/distributions/kplug-waves/{stem}.html does not show what the distributions' files say"
            for stem in ("1.3", "index")
        ),
        "numbers/other.json belongs to nothing in the site",
    ]


def make_readings(torch: str = "2.13.0", /, **values: float) -> str:
    """Return a file with a reading for each height, by its value."""
    readings = [
        {
            "format": 1,
            "kind": "loss",
            "spec": f"kplug-waves/wave_loss(height={height.removeprefix('of_')}.0)",
            "recipe": 1,
            "torch": torch,
            "parts": {"value": {"dtype": "float64", "shape": [], "sample": [value]}},
        }
        for height, value in values.items()
    ]
    return json.dumps({"format": 1, "readings": readings, "unread": []})


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ({"of_2": 0.5}, {"of_2": 0.5, "of_3": 0.25}, "same numbers, 1 reading more"),
        ({"of_2": 0.5}, {"of_1": 0.0, "of_2": 0.5, "of_3": 0.25}, "same numbers, 2 readings more"),
        ({"of_2": 0.5, "of_3": 0.25}, {"of_2": 0.5}, "same numbers"),
        ({"of_2": 0.5, "of_3": 0.25}, {"of_3": 0.25, "of_4": 1.0}, "same numbers, 1 reading more"),
        ({"of_2": 0.5}, {"of_2": 0.75, "of_3": 0.25}, "numbers recorded anew"),
        ({"of_2": 0.5}, {"of_3": 0.5}, ""),
    ],
)
def test_a_page_compares_the_readings_that_two_versions_have(
    make_wheel: MakeWheel,
    tmp_path: Path,
    before: dict[str, float],
    after: dict[str, float],
    note: str,
) -> None:
    texts = {"1.0": make_readings(**before), "1.1": make_readings("2.14.0", **after)}
    wheels = [with_numbers(make_wheel, text, version=version) for version, text in texts.items()]
    build_site([*map(read_wheel, wheels)], tmp_path / "site", NOW)
    page = (tmp_path / "site/catalogue/distributions/kplug-waves/index.html").read_text()
    assert re.findall(r'">1\.1</a>(?: \(([^)]+)\))?', page) == [note]


def test_a_page_compares_the_newest_versions(make_wheel: MakeWheel, tmp_path: Path) -> None:
    texts = [make_readings(**{f"of_{each}": 0.5 for each in range(at)}) for at in range(1, 14)]
    texts.insert(0, texts[0])
    wheels = [with_numbers(make_wheel, text, version=f"1.{at}") for at, text in enumerate(texts)]
    build_site([*map(read_wheel, wheels)], tmp_path / "site", NOW)
    page = (tmp_path / "site/catalogue/distributions/kplug-waves/index.html").read_text()
    notes = re.findall(r'\.html">1\.\d+</a>(?: \(([^)]+)\))?', page)
    more = "same numbers, 1 reading more"
    assert notes == [*[more] * 10, "", "", "same numbers", ""]


def test_all_wheels_of_a_version_have_the_same_numbers(
    make_wheel: MakeWheel, tmp_path: Path
) -> None:
    build_site([read_wheel(with_numbers(make_wheel, make_numbers()))], tmp_path / "site", NOW)
    for text in ("", make_numbers(torch="2.12.0")):
        name = "kplug_waves-1.0-py3-none-win_amd64.whl"
        files = {INIT: CODE, **({"kplug_waves/numbers.json": text} if text else {})}
        other = read_wheel(make_wheel(code=files, filename=name))
        with pytest.raises(PublishingError, match="it has the numbers "):
            publish([other], Folder(tmp_path / "site"), NOW)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        (make_numbers()[:-9], "Unterminated string"),
        ("[" * 100_000, "recursion"),
        ("[]", "its format is None"),
        (make_numbers().replace('{"format": 1', '{"format": 2', 1), "its format is 2"),
        ('{"format": 1, "readings": {}}', "its readings are no list"),
        ('{"format": 1, "readings": [' + "0," * 4000 + "0]}", "its readings are no list"),
        ('{"format": 1, "readings": [{}]}', "a reading: Object missing required field `kind`"),
        (make_numbers(parts=[]), r"a reading: Expected `object`, got `array` - at `\$.parts`"),
        (make_numbers(parts={"a": 1}), "a reading: Expected `object`, got `int` - at `"),
        (make_numbers(recipe="1"), "a reading: Expected `int`, got `str` - at `"),
        (make_numbers(recipe=float("nan")), "NaN is no JSON"),
        (make_numbers(more="x" * 4096), r"has \d+ bytes, and 4096 are allowed"),
        (make_numbers(kind="metric"), "of nothing that the wheel offers"),
        (make_numbers(spec="kplug/mse"), "of nothing that the wheel offers"),
        (make_numbers(spec="wave_loss"), "of nothing that the wheel offers"),
        (make_numbers(spec="kplug-waves/ebb"), "of nothing that the wheel offers"),
        (make_numbers(spec="((("), "is of no component"),
    ],
)
def test_other_numbers_are_refused(make_wheel: MakeWheel, text: str, reason: str) -> None:
    with pytest.raises(WheelError, match=rf"numbers\.json.*{reason}"):
        read_wheel(with_numbers(make_wheel, text))
