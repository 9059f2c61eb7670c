"""Nouns survive a JSON round trip; invalid JSON is refused with the field's name."""

from __future__ import annotations

import json

import pytest
from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import (
    ComponentFile,
    Offer,
    SiteFile,
    WheelFile,
    from_json,
    to_json,
)

WHEEL = WheelFile("kplug_x-1.0-py3-none-any.whl", "a" * 64, 1200)
OFFER = Offer(
    "kplug-x", "1.0", "dice_loss", "Dice.", "(smooth=1e-05)", ("kplug",), ">=3.10", (WHEEL,)
)
FILE = ComponentFile("loss", "diceloss", (OFFER,))


def test_what_is_written_is_read_back() -> None:
    assert from_json(ComponentFile, to_json(FILE), "x") == FILE


def test_keys_of_later_formats_are_left_out_and_fields_with_defaults_may_be_missing() -> None:
    assert from_json(SiteFile, '{"format": 1, "mirrors": []}', "registry.json") == SiteFile()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON: "),
        ('{"later": ' + "[" * 100_000, "is no JSON"),
        ('{"kind": "\\ud800"}', "is no JSON"),
        ("[]", ": Expected `object`, got `array`"),
        ("{}", ": Object missing required field `kind`"),
        ('{"kind": 1}', r": Expected `str`, got `int` - at `\$.kind`"),
        ('{"offers": {}}', r": Expected `array`, got `object` - at `\$.offers`"),
        (
            '{"offers": [{"wheels": [{"size": true}]}]}',
            r": Expected `int`, got `bool` - at `\$.offers\[0\].wheels\[0\].size`",
        ),
        ('{"offers": [{"yanked": 3}]}', r": Expected `str \| null`, got `int` - at .*yanked`"),
    ],
)
def test_what_is_not_the_noun_is_refused(text: str, message: str) -> None:
    with pytest.raises(SiteFormatError, match=f"^components/loss/a.json ?{message}"):
        from_json(ComponentFile, text, "components/loss/a.json")


def test_the_keys_are_those_of_the_specification() -> None:
    (offer,) = json.loads(to_json(FILE))["offers"]
    assert list(offer) == [
        *("distribution", "version", "name", "summary", "signature", "requires"),
        *("requires_python", "wheels", "yanked", "is_qualified_only", "picture", "checks"),
        *("example", "is_stated", "lifecycle", "successor"),
    ]
