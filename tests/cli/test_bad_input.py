"""Whatever is wrong in a command line: one message that says so, nothing on standard output, status 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from kplug.cli.exit_status import ExitStatus
from tests.cli.test_app import run_main
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

SPEC = "A spec is name, name(key=value, …) or distribution/name(…)"
NO_KIND = "there is no kind 'frob'\n  Kinds: initializer, regularizer, loss, "


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "frob"], "'frob' is neither a kind nor a package that is installed\n  Kinds: "),
        (["show", "huber("], SPEC),
        (["show", ""], SPEC),
        (["show", "\x1b[31m"], "?[31m"),
        (["show", "frob", "--kind", "frob"], NO_KIND),
        (["why", "frob", "x"], NO_KIND),
        (["why", "loss", "a b"], SPEC),
        (["why"], "Missing argument"),
        (["why", "loss"], "'loss' is a kind, and no component has that name"),
        (["why", "huber("], SPEC),
        (["conflicts", "frob"], NO_KIND),
        (["doctor", "--budget", "soon"], "Invalid value for '--budget'"),
        (["doctor", "--budget", "-1"], "Invalid value for '--budget'"),
        (["env", "--frob"], "No such option: --frob"),
        (["docs", "file"], "is a file"),
        (["docs", "file/folder"], "'file/folder': Not a directory"),
        (["lock", "--check"], "there is no lock 'kplug.lock'"),
        (["lock", "--check", "--lock", "folder"], "folder cannot be read: Is a directory"),
        (["lock", "--check", "--lock", "damaged"], "kplug: damaged cannot be read: "),
        (["lock", "--check", "--lock", "bytes"], "kplug: bytes cannot be read: it is not in UTF-8"),
        (["lock", "--use", "huber"], "'huber' does not say of which kind it is"),
        (["lock", "--use", "frob:x"], NO_KIND),
        (["lock", "--use", "loss:frob"], "no loss is named 'frob'"),
        (["lock", "--use", "loss:huber("], SPEC),
        (["sync"], "there is no lock 'kplug.lock'"),
        (["sync", "kplug.lock"], "A lock file is given with --lock: kplug sync --lock kplug.lock"),
        (["bench", "no.py"], "there is no file 'no.py'"),
        (["bench", "file"], "'file' is no Python file"),
        (["frob"], "no command is named 'frob'"),
        (["demo"], "kplug-demo offers it: pip install kplug-demo"),
    ],
)
def test_what_is_wrong_is_said(
    install: Sandbox,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "damaged").write_text("no lock [")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    before = sorted(tmp_path.rglob("*"))
    assert run_main(monkeypatch, *arguments) == ExitStatus.FAILED
    written = capsys.readouterr()
    assert written.out == ""
    assert message in written.err
    assert "KPLUG_TRACEBACK" not in written.err, "nobody thought of it"
    assert sorted(tmp_path.rglob("*")) == before
