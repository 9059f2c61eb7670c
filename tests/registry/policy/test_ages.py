"""The setting `min-age`: which texts are ages, and which releases are too young."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import kplug
from kplug.errors import PolicyError
from kplug.registry.policy.ages import find_lack_of_age, parse_age


def write_time(ago: timedelta) -> str:
    return (datetime.now(timezone.utc) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("7 days", timedelta(days=7)),
        ("1 day", timedelta(days=1)),
        ("36 hours", timedelta(hours=36)),
        ("2 weeks", timedelta(days=14)),
        ("0 days", timedelta()),
        ("7", None),
        ("-1 days", None),
        ("7 d", None),
        ("999999 days", None),
        ("soon", None),
    ],
)
def test_ages(text: str, age: timedelta | None) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize(
    ("ago", "sentence"),
    [
        (timedelta(days=7, seconds=5), None),
        (timedelta(days=6, hours=23), "is 7 days, and it was published 6 days ago, at {time}"),
        (timedelta(hours=30), "is 7 days, and it was published 30 hours ago, at {time}"),
        (timedelta(hours=1, minutes=1), "is 7 days, and it was published 1 hour ago, at {time}"),
        (  # a clock that is wrong by a day
            timedelta(days=-1),
            "is 7 days, and it was published in the future by the clock here, at {time}",
        ),
    ],
)
def test_a_release_has_to_be_old_enough(ago: timedelta, sentence: str | None) -> None:
    time = write_time(ago)
    assert find_lack_of_age("7 days", time) == (sentence and sentence.format(time=time))


@pytest.mark.parametrize("time", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"])
def test_a_time_that_nothing_says_is_too_young(time: str) -> None:
    assert find_lack_of_age("7 days", time) == "is 7 days, and nothing says when it was published"


def test_the_longest_age_of_all_places_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.kplug]\nmin-age = '2 days'\n")
    old, young = write_time(timedelta(days=9)), write_time(timedelta(hours=3))
    assert kplug.find_lack_of_age(old) is None
    reason = f"'min-age' in {file} is 2 days, and it was published 3 hours ago, at {young}"
    assert kplug.find_lack_of_age(young) == reason
    monkeypatch.setenv("KPLUG_MIN_AGE", "2 weeks")
    assert (kplug.find_lack_of_age(old) or "").startswith("KPLUG_MIN_AGE is 2 weeks, and it was")
    assert kplug.find_refusal("lake", "1.0") is None  # what is here is not asked for its age
    monkeypatch.setenv("KPLUG_MIN_AGE", "soon")
    reason = "KPLUG_MIN_AGE is 'soon'"
    assert kplug.find_refusal("lake", "1.0") == reason
    with pytest.raises(PolicyError, match="Give a number of hours, days or weeks: '7 days'"):
        kplug.read_settings_tables("registries")
