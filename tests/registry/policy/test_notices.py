"""Lists of recalls: their entries, and texts that are no list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kplug.errors import PolicyError
from kplug.registry.policy import Installed
from kplug.registry.policy.notices import Notice, parse_notices

FILE = Path("list.json")
NOTICE = {
    "distribution": "Kplug_Waves",
    "versions": "==1.2",
    "reason": "stolen\n\x1b[31m key",
    "since": "2026-04-01T12:00:00Z",
}
LIST = {
    "format": 1,
    "number": 3,
    "date": "2026-04-01T12:00:00Z",
    "recalls": [NOTICE],
    "advisories": [],
}


def test_a_list_is_read_and_its_texts_are_safe_to_print() -> None:
    found = parse_notices(json.dumps({**LIST, "later": 1}).encode(), FILE)
    assert str(found) == "list number 3 of 2026-04-01, recalls: 1, advisories: 0"
    (recall,) = found.recalls
    assert recall.distribution == "kplug-waves"
    assert str(recall) == "2026-04-01: stolen ?[31m key (list.json)"


@pytest.mark.parametrize(
    ("versions", "version", "is_concerned"),
    [
        ("==1.2", "1.2", True),
        ("==1.2", "1.2.0", True),
        ("==1.2", "1.2+local", True),
        ("==1.2", "1.2.1", False),
        ("<1.3", "1.3rc1", False),
        ("<1.3", "1.2rc1", True),
        ("no versions", "1.2", True),  # a doubt counts as yes
        ("==1.2", "what?", True),
    ],
)
def test_versions(versions: str, version: str, is_concerned: bool) -> None:
    notice = Notice("kplug-waves", versions, "", "2026-04-01T12:00:00Z", "list.json")
    assert notice.concerns(Installed("kplug-waves", version)) is is_concerned
    assert not notice.concerns(Installed("kplug-tides", version))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is no JSON: Expecting value"),
        (json.dumps(LIST).encode()[:-40], "it is no JSON: "),
        (b"\xff\xfe\x00", "it is no JSON: "),
        (b"[" * 100_000, "it is no JSON: "),
        (b"[]", r"it is \[\], and no object"),
        (b" " * ((1 << 20) + 1), "it has more than 1 MiB"),
        ({"format": 2}, "it has format 2, and 1 is read here"),
        ({"number": -1}, "'number' is -1"),
        ({"number": True}, "'number' is True"),
        ({"date": "yesterday"}, "'date' is 'yesterday'"),
        ({"recalls": None}, "'recalls' is None, and no list"),
        ({"advisories": ["a"]}, r"'advisories\[0\]' has not the texts distribution, versions"),
        ({"recalls": [{**NOTICE, "reason": 3}]}, r"'recalls\[0\]' has not the texts"),
        ({"recalls": [{**NOTICE, "since": "soon"}]}, r"'since' of 'recalls\[0\]' is 'soon'"),
    ],
)
def test_what_is_no_list(data: bytes | dict[str, Any], reason: str) -> None:
    text = data if isinstance(data, bytes) else json.dumps({**LIST, **data}).encode()
    with pytest.raises(
        PolicyError, match=f"the list of recalls list.json cannot be read: {reason}"
    ):
        parse_notices(text, FILE)
