"""Tokens, and the file that stores them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.errors import ServingError
from kplug_registry.serving.database import Database
from kplug_registry.serving.tokens import TokenStore


@pytest.fixture
def tokens(database: Database) -> TokenStore:
    return TokenStore(database)


def find(tokens: TokenStore, text: str) -> str | None:
    """Return the name of a token by its text."""
    token = tokens.find(text)
    return None if token is None else token.name


def test_a_token_is_found_by_its_text(tokens: TokenStore) -> None:
    anna, bert = tokens.add("anna"), tokens.add("bert")
    assert [find(tokens, text) for text in (anna, bert)] == ["anna", "bert"]
    assert [token.name for token in tokens.list_all()] == ["anna", "bert"]
    assert find(tokens, anna[:-1]) is None
    tokens.revoke("anna")
    assert find(tokens, anna) is None


def test_the_text_of_a_token_is_not_stored(tokens: TokenStore, tmp_path: Path) -> None:
    text = tokens.add("anna")
    assert text.startswith("kplug-")
    assert len(text) == len("kplug-") + 43  # 32 bytes in base64
    assert text.encode() not in (tmp_path / "serve.sqlite").read_bytes()


def test_texts_are_compared_in_constant_time(
    tokens: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tokens.add("anna")
    tokens.add("bert")
    compared: list[bool] = []

    def compare(left: str, right: str) -> bool:
        compared.append(left == right)
        return left == right

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert find(tokens, text) == "anna"
    assert sorted(compared) == [False, True]  # all are, whichever it is


def test_a_token_is_not_replaced(tokens: TokenStore) -> None:
    text = tokens.add("anna")
    with pytest.raises(ServingError, match=r"(?s)a token 'anna' already.*kplug token revoke anna"):
        tokens.add("anna")
    assert find(tokens, text) == "anna"


@pytest.mark.parametrize("name", ["", " ", "an\nna"])
def test_a_token_has_a_name(tokens: TokenStore, name: str) -> None:
    with pytest.raises(ServingError, match="cannot be the name of a token"):
        tokens.add(name)


def test_what_is_not_there_cannot_be_revoked(tokens: TokenStore) -> None:
    tokens.add("anna")
    with pytest.raises(ServingError, match=r"(?s)no token 'bert'.*There are: anna"):
        tokens.revoke("bert")


def test_the_file_is_its_owners(database: Database, tmp_path: Path) -> None:
    assert (tmp_path / "serve.sqlite").stat().st_mode & 0o777 == 0o600


def test_tokens_outlive_the_server(tokens: TokenStore, tmp_path: Path) -> None:
    text = tokens.add("anna")
    assert find(TokenStore(Database(tmp_path / "serve.sqlite")), text) == "anna"


def test_the_file_of_something_else_is_refused(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other.sqlite"
    text.write_text("no database, whatever its name is")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE birds (name)")
    connection.close()
    for file in (text, other, tmp_path):
        before = file.read_bytes() if file.is_file() else b""
        with pytest.raises(ServingError, match=r"(?s)cannot be opened: .*--database FILE"):
            Database(file)
        assert (file.read_bytes() if file.is_file() else b"") == before


def test_a_token_says_what_it_is_for(tokens: TokenStore) -> None:
    tokens.add("anna")
    tokens.add("ci", "anna", ["yank", "publish"], ["Kplug_Waves", "kplug-tides"], days=90)
    anna, ci = tokens.list_all()
    assert (anna.owner, anna.permissions, anna.distributions, anna.expires) == (
        *("anna", ("publish", "yank", "own", "read")),
        *((), None),
    )
    assert (ci.owner, ci.permissions) == ("anna", ("publish", "yank"))
    assert ci.distributions == ("kplug-tides", "kplug-waves")
    assert ci.expires is not None
    assert not ci.is_expired


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "Anna Ash"}, r"(?s)'Anna Ash' cannot be the name of an owner.*--owner NAME"),
        ({"owner": "operator"}, "no token acts as 'operator', who changes all owners"),
        ({"permissions": ["publish", "fly"]}, r"(?s)cannot be for fly.*publish, yank, own, read"),
        ({"permissions": []}, "cannot be for nothing"),
        ({"distributions": ["a/b"]}, "'a/b' is no name of a distribution"),
    ],
)
def test_a_scope_that_cannot_be(
    tokens: TokenStore, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ServingError, match=message):
        tokens.add(**{"name": "ci", **arguments})
    assert tokens.list_all() == []
