"""Wrong input to each command: one sentence, advice, exit status 2, no partial change."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kplug_registry.trust.signing_lifetimes import Lifetimes

import kplug
from kplug.cli import main
from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer

REGISTRY = "[tool.kplug.registries.site]\n"
PRINT = f"sha256:{'a' * 64}"
NO_WHEEL = "there is no wheel at gone.whl\n  Build one with: python -m build\n"
NO_ZIP = (
    "junk-1.0-py3-none-any.whl: it cannot be opened: File is not a zip file\n"
    "  Give what `python -m build` writes.\n"
)
NO_SITE = "there is no site of a registry at gone\n  Make one with: kplug index build WHEELS… --out gone\n"
NO_FOLDER = "  Give a folder that you may write to, on a disk with room.\n"
NO_KEYS = (
    "'no-keys' holds no private key\n"
    "  Keys are PEM files in a folder, or PEM text in env:NAME; `kplug trust init` makes some.\n"
)
NO_PLACE = (
    "https://a.example/ is no place to write to\n"
    "  Give the folder of the site, or its address in a store, as s3://bucket/site.\n"
)
NO_ROOT = "'gone' has no root\n  `kplug trust init` makes one.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a working directory: a text, a wheel that is none, an empty folder, a signed site, its keys."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = tmp_path / "here"
    (made / "empty").mkdir(parents=True)
    (made / "text").write_text("text")
    (made / "junk-1.0-py3-none-any.whl").write_text("text")
    monkeypatch.chdir(made)
    yield made
    monkeypatch.undo()
    kplug.reload()


@pytest.fixture
def site(folder: Path) -> SignedFolder:
    made = make_signed_folder(folder)
    offer(made, "kplug-pond", "1.0", ("loss", "pond_loss"))
    return made


@pytest.fixture
def fail(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return what runs a command that has to fail, and gives what is printed of it."""

    def run(line: str) -> str:
        kplug.reload()
        monkeypatch.setattr(sys, "argv", ["kplug", *line.split()])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        assert not printed.out
        return printed.err.removeprefix("kplug: ")

    return run


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("index build gone.whl --out new", NO_WHEEL),
        ("index build empty --out new", NO_WHEEL.replace("gone.whl", "empty")),
        ("index build junk-1.0-py3-none-any.whl --out new", NO_ZIP),
        ("index build text --out new", NO_ZIP.replace("junk-1.0-py3-none-any.whl", "text")),
        ("index build --out text", f"text cannot be written to: Not a directory\n{NO_FOLDER}"),
        (
            "index build --out text/new",
            f"text/new cannot be written to: File exists\n{NO_FOLDER}",
        ),
        ("index build --out https://a.example/", NO_PLACE),
        ("index verify gone", NO_SITE),
        ("publish gone.whl --to gone", NO_WHEEL),
        ("publish junk-1.0-py3-none-any.whl --to gone", NO_ZIP),
        (
            "publish gone.whl --to gone --components gone.json",
            "gone.json cannot be read: No such file or directory\n"
            "  Write it where the plugins are installed: kplug list --json > components.json, or "
            "kplug check --json > results.json\n",
        ),
        ("yank kplug-pond==1.0 --to gone", NO_SITE),
        ("yank kplug-pond==1.0 --to https://a.example/", NO_PLACE),
        (
            "yank kplug-pond --to gone",
            "a release and a reason are needed\n  kplug yank NAME==VERSION",
        ),
        ("trust init gone --keys new", NO_SITE),
        ("trust sign gone --keys no-keys", NO_SITE),
        ("trust renew https://a.example/ --keys no-keys", NO_PLACE),
        ("trust rotate gone --keys no-keys", NO_ROOT),
        ("trust show gone", NO_ROOT),
        (
            "serve gone",
            "gone is neither the site of a registry nor a folder of wheels\n"
            "  Make a site with: kplug index build WHEELS… --out gone. An empty folder is one of wheels.\n",
        ),
        ("serve text", "text is neither the site of a registry nor a folder of wheels\n"),
        ("token add --database text/tokens anna", "the database text/tokens cannot be opened: "),
        (
            "token revoke --database tokens anna",
            "there is no token 'anna'\n  There are: none. `kplug token add NAME` makes one.\n",
        ),
        ("uninstall nowhere", "no installed plugin is named 'nowhere' or declares a component"),
        *(
            (
                command,
                "no registry is configured\n  `kplug registry add NAME URL` adds one.\n",
            )
            for command in ("search pond", "install pond_loss", "outdated", "fetch")
        ),
    ],
)
def test_without_a_site(folder: Path, fail: Callable[..., str], line: str, message: str) -> None:
    before = sorted(folder.rglob("*"))
    printed = fail(line)
    assert printed.startswith(message), printed
    assert "\n  " in printed  # what to do
    assert [path.name for path in sorted(folder.rglob("*")) if path not in before] in (
        [],
        ["tokens"],
    )


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "index build --out site",
            "site is not empty\n  `kplug publish WHEEL --to SITE` adds to a site.\n",
        ),
        (
            "yank kplug-pond==1.0 --to site",
            "site is signed, and a change without a signature would be refused by clients\n  Give its keys: ",
        ),
        ("yank kplug-pond==9 --to site", "there is no kplug-pond 9 in site\n  Versions are 1.0.\n"),
        ("yank kplug-pond==1.0 --to site --keys no-keys", NO_KEYS),
        (
            "yank kplug-pond==1.0 --to site --keys other-keys",
            "the role 'targets' needs 1 of its keys to sign, and 0 are at hand\n  Give what holds them: ",
        ),
        (
            "trust renew site --keys other-keys",
            "the role 'timestamp' needs 1 of its keys to sign, and 0 are at hand\n",
        ),
        (
            "trust init site --keys new",
            "'site' has a root\n  `kplug trust rotate` makes the next one.\n",
        ),
        (
            "trust rotate site --keys site-keys --new-keys other-keys",
            "'other-keys' holds keys already, and none is replaced\n  Give a new folder",
        ),
        ("serve site --keys no-keys", NO_KEYS),
        ("trust sign site --keys env:NO_KEYS", NO_KEYS.replace("no-keys", "env:NO_KEYS")),
    ],
)
def test_with_a_site(
    folder: Path, site: SignedFolder, fail: Callable[..., str], line: str, message: str
) -> None:
    make_signed_folder(folder, "other")
    before = {path: path.read_bytes() for path in site.site.rglob("*.json")}
    printed = fail(line)
    assert printed.startswith(message), printed
    assert "\n  " in printed
    assert {path: path.read_bytes() for path in site.site.rglob("*.json")} == before
    assert not Path("new").exists()


@pytest.mark.sampled
@pytest.mark.parametrize("command", ["search pond", "install pond_loss", "outdated", "fetch"])
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            f"url = 'ftp://a.example'\nroot = '{PRINT}'",
            "the registry 'site' in {file} has the url 'ftp://a.example', which is no address",
        ),
        (
            "path = 'site'",
            "the registry 'site' in {file} does not say why it is trusted\n  Write root = ",
        ),
        (
            "path = 'site'\nroot = 'gone.json'",
            "the registry 'site' in {file} has a root that cannot be",
        ),
        (
            "path = 'empty'\ntrust = 'unsigned'",
            "the registry 'site' leads to none: nothing at {here}/empty/ says its format\n  Correct",
        ),
        (
            f"path = 'site'\nroot = '{PRINT}'",
            f"the registry at {{here}}/site/ has no root with the fingerprint {PRINT}\n  Ask whoever runs it",
        ),
    ],
    ids=["address", "trust", "root", "no site", "fingerprint"],
)
def test_settings(
    folder: Path,
    site: SignedFolder,
    fail: Callable[..., str],
    command: str,
    setting: str,
    message: str,
) -> None:
    file = folder / "pyproject.toml"
    file.write_text(REGISTRY + setting)
    printed = fail(command)
    assert printed.startswith(message.format(file=file, here=folder.as_uri())), printed
    assert "\n  " in printed


@pytest.mark.parametrize("command", ["search pond", "install pond_loss", "outdated", "fetch"])
def test_a_registry_whose_root_has_expired(
    folder: Path, fail: Callable[..., str], command: str
) -> None:
    configure(folder, make_signed_folder(folder, "old", lifetimes=Lifetimes(root=-1)))
    assert fail(command) == (
        f"the registry at {folder.as_uri()}/old/ is refused: its metadata has expired, so news may be hidden "
        "(Final root.json is expired)\n"
        "  Nothing of it was used. Ask whoever runs it; if it is a mirror, ask another one.\n"
    )


@pytest.mark.parametrize("command", ["install pond_loss", "outdated", "fetch"])
def test_a_registry_that_does_not_answer(
    folder: Path, site: SignedFolder, fail: Callable[..., str], command: str
) -> None:
    configure(folder, site)
    site.site.rename("moved")
    printed = fail(command)
    assert printed.startswith(f"the registry at {site.site.as_uri()}/ cannot be reached: ")
    assert printed.endswith("\n  What was seen of it before can still be searched.\n")


def test_a_search_names_the_registry_that_does_not_answer_before_what_others_have(
    folder: Path,
    site: SignedFolder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = make_signed_folder(folder, "first")
    configure(folder, first, site)
    first.site.rename("moved")
    kplug.reload()
    monkeypatch.setattr(sys, "argv", ["kplug", "search", "pond"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        f"first: the registry at {folder.as_uri()}/first/ cannot be reached: "
    )
    assert lines[0].endswith("; its copy on this machine is searched")
    assert lines[1] == "loss pond_loss"
