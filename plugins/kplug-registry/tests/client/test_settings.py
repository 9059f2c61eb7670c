"""``[tool.kplug.registries]``: its parsing, without any guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from kplug_registry.client.settings import read_registries
from kplug_registry.errors import RegistrySettingError

PRINT = f"sha256:{'a' * 64}"
SIGNED = f'url = "https://plugins.example/"\nroot = "{PRINT}"'


def write(folder: Path, text: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(text)
    return file


def test_registries_come_in_order_with_their_files(machine: Path) -> None:
    (machine / "root.json").write_bytes(b"{}")
    file = write(
        machine,
        f"[tool.kplug.registries.first]\n{SIGNED}\n"
        '[tool.kplug.registries.second]\npath = "site"\nroot = "root.json"\nonline = true\n'
        '[tool.kplug.registries.third]\npath = "/srv/site"\ntrust = "unsigned"\n',
    )
    found = [(each.name, each.address, each.root, each.is_online) for each in read_registries()]
    assert found == [
        ("first", "https://plugins.example/", PRINT, False),
        ("second", (machine / "site").as_uri(), b"{}", True),
        ("third", "file:///srv/site", None, False),
    ]
    assert {each.file for each in read_registries()} == {file}


def test_those_of_the_machine_come_first_and_are_not_replaced(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = machine / "kplug.toml"
    outer.write_text(f"[registries.ours]\n{SIGNED}")
    monkeypatch.setenv("KPLUG_POLICY", str(outer))
    write(machine, '[tool.kplug.registries.theirs]\npath = "x"\ntrust = "unsigned"')
    assert [each.name for each in read_registries()] == ["ours", "theirs"]
    inner = write(machine, '[tool.kplug.registries.ours]\npath = "x"\ntrust = "unsigned"')
    with pytest.raises(RegistrySettingError) as caught:
        read_registries()
    assert str(caught.value) == (
        f"the registry 'ours' in {inner} has the name of one in {outer}\n"
        "  Give it another name; a nearer file cannot replace what an outer one says."
    )


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ('url = "https://a/"', "does not say why it is trusted"),
        (f'{SIGNED}\ntrust = "unsigned"', "does not say why it is trusted"),
        ('url = "https://a/"\ntrust = "signed"', "does not say why it is trusted"),
        ('url = "https://a/"\nroot = "sha256:abc"', "has the root 'sha256:abc'"),
        ('url = "https://a/"\nroot = "gone.json"', "has a root that cannot be read"),
        (f'root = "{PRINT}"', "has not one address"),
        (f'{SIGNED}\npath = "x"', "has not one address"),
        (
            f'url = "https://me:secret@a:x/"\nroot = "{PRINT}"',
            "has the url 'a:x/', which is no address of",
        ),
        (
            f'url = "http://[::"\nroot = "{PRINT}"',
            "has the url 'http://[::', which is no address of",
        ),
        (
            f'url = "https://a:x/"\nroot = "{PRINT}"',
            "has the url 'https://a:x/', which is no address of",
        ),
        (
            f'url = "https:///a"\nroot = "{PRINT}"',
            "has the url 'https:///a', which is no address of",
        ),
        (
            f'url = "ftp://a/"\nroot = "{PRINT}"',
            "has the url 'ftp://a/', which is no address of https:, http: or file:",
        ),
        (f'url = "https://me:secret@a/"\nroot = "{PRINT}"', "has an address with a user"),
        (f'{SIGNED}\ntrsut = "unsigned"', "has the key 'trsut'"),
        (f"{SIGNED}\nonline = 1", "has an 'online' that is neither true nor false"),
    ],
)
def test_what_is_refused(machine: Path, text: str, fact: str) -> None:
    file = write(machine, f"[tool.kplug.registries.ours]\n{text}")
    with pytest.raises(RegistrySettingError) as caught:
        read_registries()
    assert str(caught.value).startswith(f"the registry 'ours' in {file} {fact}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("[tool.kplug.registries]\nours = 3", "is no table"),
        ("[tool.kplug.registries.'../x']", "has a name"),
    ],
)
def test_tables_that_are_none(machine: Path, text: str, fact: str) -> None:
    write(machine, text)
    with pytest.raises(RegistrySettingError, match=fact):
        read_registries()
