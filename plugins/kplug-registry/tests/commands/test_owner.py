"""``kplug owner``: trusted publishers are added, listed and removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from kplug_registry.publishing import list_owners, verify
from kplug_registry.site_format import Claim
from kplug_registry.storage import Folder
from typer.testing import CliRunner

from kplug.cli.app import app
from kplug.errors import KplugError

ISSUER = "https://token.actions.githubusercontent.com"


def call(*words: object, status: int = 0) -> str:
    result = CliRunner().invoke(app, list(map(str, words)))
    if status and isinstance(result.exception, KplugError):
        return str(result.exception)
    assert result.exit_code == status, (result.output, result.exception)
    return result.output


def trust(site: Path, *words: str, status: int = 0, owner: str = "operator") -> str:
    facts = ("--issuer", ISSUER, "--audience", "plugins.example.com", "--owner", owner)
    return call(
        "owner", "trust", "kplug-waves", "release", "--to", site, *facts, *words, status=status
    )


def test_a_workflow_is_trusted_and_distrusted(site: Path) -> None:
    line = (
        "release publishes as operator, for plugins.example.com: environment a=b, repository acme/waves "
        f"({ISSUER})\n"
    )
    claims = ("--claim", "repository=acme/waves", "--claim", "environment=a=b")
    assert trust(site, *claims) == line
    (publisher,) = list_owners(Folder(site), "kplug-waves").trusted_publishers
    assert publisher.workflow.claims == (
        Claim("environment", "a=b"),
        Claim("repository", "acme/waves"),
    )
    listed = call("owner", "list", "kplug-waves", "--to", site)
    assert line in listed
    assert "workflow:release added by operator" in listed
    assert verify(Folder(site)) == []
    assert call("owner", "distrust", "kplug-waves", "release", "--to", site) == ""
    assert list_owners(Folder(site), "kplug-waves").trusted_publishers == ()
    assert verify(Folder(site)) == []
    again = call("owner", "distrust", "kplug-waves", "release", "--to", site, status=2)
    assert "kplug-waves trusts no publisher 'release'" in again


def test_a_workflow_may_be_the_first_to_publish_a_name(site: Path) -> None:
    facts = ("--issuer", ISSUER, "--audience", "plugins.example.com", "--owner", "anna")
    words = ("owner", "trust", "acme-tides", "release", "--to", site, *facts)
    shown = call(*words, "--claim", "repository=acme/tides", "--pending")
    assert shown.startswith("release may be the first to publish acme-tides until 20")
    assert shown.endswith(f", as anna, for plugins.example.com: repository acme/tides ({ISSUER})\n")
    assert call("owner", "list", "acme-tides", "--to", site) == shown
    call("owner", "distrust", "acme-tides", "release", "--to", site)
    again = call("owner", "list", "acme-tides", "--to", site, status=2)
    assert "there is no acme-tides in" in " ".join(again.split())


@pytest.mark.parametrize(
    ("words", "owner", "message"),
    [
        (("--claim", "repository"), "operator", "is not NAME=VALUE"),
        (("--claim", "sub=a", "--claim", "sub=b"), "operator", "is not NAME=VALUE"),
        (("--claim", "environment=x"), "operator", "no pinned claim says whose workflow it is"),
        (("--claim", "sub=x"), "bert", "kplug-waves belongs to operator, and not to bert"),
    ],
)
def test_what_cannot_be_trusted(
    site: Path, words: tuple[str, ...], owner: str, message: str
) -> None:
    before = (site / "distributions/kplug-waves.json").read_bytes()
    shown = trust(site, *words, owner=owner, status=2)
    assert message in " ".join(shown.split())
    assert (site / "distributions/kplug-waves.json").read_bytes() == before
