"""Entries of policy lists: their syntax, and the distributions that they match."""

from __future__ import annotations

import pytest

from kplug.errors import PolicyError
from kplug.registry.policy.list_entries import Installed
from kplug.registry.policy.settings import parse_entry
from kplug.registry.quoting import quote

HASH, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("key", "text", "canonical"),
    [
        ("plugins", "My_Plugin", "my-plugin"),
        ("disable", "my.plugin", "my-plugin"),
        ("prefer", "My_Plugin", "my-plugin"),
        ("prefer", "My_Plugin/dice_loss", "my-plugin/dice_loss"),
        ("plugins", "My_Plugin >=1.2, <2", "my-plugin<2,>=1.2"),
        ("plugins", "a (==1.0)", "a==1.0"),
        ("plugins", f"a  --hash={OTHER} --hash={HASH}", f"a --hash={HASH} --hash={OTHER}"),
        ("plugins", f"a==1.0 --hash={HASH}", f"a==1.0 --hash={HASH}"),
    ],
)
def test_it_is_read(key: str, text: str, canonical: str) -> None:
    entry = parse_entry("KPLUG_PLUGINS", key, text)
    assert str(entry) == canonical
    assert parse_entry("KPLUG_PLUGINS", key, canonical) == entry


@pytest.mark.parametrize(
    ("key", "text", "hint"),
    [
        ("disable", "a b", "Give names of distributions."),
        ("disable", "a/dice", "Give names of distributions."),
        ("disable", "a==1.0", "Give names of distributions."),
        ("disable", 1, "Give names of distributions."),
        ("prefer", "/dice", "Give names of distributions, or distribution/name."),
        ("prefer", "a/dice/more", "Give names of distributions, or distribution/name."),
        ("prefer", "a>=1", "Give names of distributions, or distribution/name."),
        *(
            (
                "plugins",
                text,
                "Give names of distributions, as in 'a', 'a>=1.2,<2' or 'a==1.2 --hash=sha256:…'.",
            )
            for text in (
                "",
                "a/dice",
                "a>=nonsense",
                "a=>1",
                "a[extra]",
                "a @ https://example.org/a.whl",
                "a; python_version > '3'",
                "a --hash=sha256:abc",
                f"a --hash=md5:{'a' * 32}",
                f"--hash={HASH}",
                f"a --hash={HASH[:-1]}A",
                f"a=={'9' * 5000}",
            )
        ),
    ],
)
def test_it_is_refused(key: str, text: object, hint: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_entry("the setting", key, text)
    assert str(caught.value) == f"the setting holds {quote(text)}\n  {hint}"


@pytest.mark.parametrize(
    ("text", "version", "mismatch"),
    [
        ("a", "", None),
        ("a>=1.2,<2", "1.2", None),
        ("a>=1.2,<2", "1.9.post1", None),
        ("a>=1.2,<2", "1.3rc1", None),
        ("a>=1.2,<2", "2.0", "asks for <2,>=1.2"),
        ("a>=1.2,<2", "2.0rc1", "asks for <2,>=1.2"),
        ("a>=1.2", "", "asks for >=1.2"),
        ("a>=1.2", "not-a-version", "asks for >=1.2"),
        ("a>=1.2", "9" * 5000, "asks for >=1.2"),
        ("a==1.0", "1.0+local", None),
        ("a===1.0", "1.0+local", "asks for ===1.0"),
        (f"a --hash={HASH}", "1.0", None),
        (f"a --hash={OTHER} --hash={HASH}", "1.0", None),
        (f"a --hash={OTHER}", "1.0", f"does not name its hash, {HASH}"),
        (f"a==2 --hash={HASH}", "1.0", "asks for ==2"),
    ],
)
def test_what_is_installed_is_judged(text: str, version: str, mismatch: str | None) -> None:
    entry = parse_entry("KPLUG_PLUGINS", "plugins", text)
    assert entry.find_mismatch(Installed("a", version, lambda: HASH)) == mismatch


def test_an_installation_without_a_hash() -> None:
    entry = parse_entry("KPLUG_PLUGINS", "plugins", f"a --hash={HASH}")
    assert entry.find_mismatch(Installed("a", "1.0")) == "names a hash, and it has none"


def test_a_hash_is_worked_out_where_an_entry_names_one() -> None:
    def fail() -> str:
        raise AssertionError

    entry = parse_entry("KPLUG_PLUGINS", "plugins", "a>=1")
    assert entry.find_mismatch(Installed("a", "1.0", fail)) is None


@pytest.mark.parametrize(
    ("text", "is_pinned"),
    [
        ("a", False),
        ("a>=1.2,<2", False),
        ("a~=1.2", False),
        ("a==1.*", False),
        ("a!=1.0", False),
        ("a==1.2", True),
        ("a===1.2", True),
        ("a>=1,==1.2", True),
        (f"a --hash={HASH}", True),
    ],
)
def test_whether_it_pins(text: str, is_pinned: bool) -> None:
    assert parse_entry("KPLUG_PLUGINS", "plugins", text).is_pinned is is_pinned
