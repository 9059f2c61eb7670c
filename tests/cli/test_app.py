"""The command line as a whole: exit statuses, and errors as sentences."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kplug.cli import main
from kplug.cli.exit_status import MEANINGS, ExitStatus
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
COMMANDS = """
def stop(): raise KeyboardInterrupt
def fail(): raise ValueError("no such luck")
def read(): open("/no/such/file")
def leave(): raise SystemExit(1)
"""


@pytest.fixture
def client(install: Sandbox) -> Sandbox:
    names = ("stop", "fail", "read", "leave")
    entries = {name: f"client:{name}" for name in names}
    install("my-client", entry_points={"kplug.commands": entries}, modules={"client.py": COMMANDS})
    return install


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the program in this process; return its exit status."""
    monkeypatch.setattr(sys, "argv", ["kplug", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--version"], ExitStatus.DONE),
        (["why", "loss", "zzzz"], ExitStatus.WRONG),
        (["leave"], ExitStatus.WRONG),
        (["show", "zzzz"], ExitStatus.FAILED),
        (["sync"], ExitStatus.FAILED),
        (["fail"], ExitStatus.FAILED),
        (["zzzz"], ExitStatus.FAILED),
        (["show"], ExitStatus.FAILED),
        (["list", "--zzzz"], ExitStatus.FAILED),
        ([], ExitStatus.FAILED),
        (["stop"], ExitStatus.INTERRUPTED),
    ],
)
def test_an_exit_status_means_the_same_in_every_command(
    client: Sandbox,
    arguments: list[str],
    status: ExitStatus,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_main(monkeypatch, *arguments) == status


def test_the_exit_statuses_are_in_the_help_and_in_the_documents(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_main(monkeypatch, "--help")
    shown = " ".join(capsys.readouterr().out.split())
    page = PAGE.read_text(encoding="utf-8")
    for status, meaning in MEANINGS.items():
        assert f" {int(status)} {meaning}" in shown
        assert f"| {int(status)} | {meaning} |" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["show", "zzzz"],
            "kplug: no component is named 'zzzz'\n  `kplug list` shows what is installed.\n",
        ),
        (
            ["show", "adam", "--kind", "loss"],
            "kplug: 'adam' is an optimizer, not a loss\n"
            "  `kplug list losses` shows what fits here.\n",
        ),
        (
            ["fail"],
            "kplug: ValueError: no such luck\n  KPLUG_TRACEBACK=1 shows where this comes from.\n",
        ),
        (["read"], "kplug: '/no/such/file': No such file or directory\n"),
    ],
)
def test_an_error_is_a_sentence_and_the_traceback_is_there_on_request(
    client: Sandbox,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_main(monkeypatch, *arguments) == ExitStatus.FAILED
    assert capsys.readouterr() == ("", message)

    monkeypatch.setenv("KPLUG_TRACEBACK", "1")
    assert run_main(monkeypatch, *arguments) == ExitStatus.FAILED
    written = capsys.readouterr().err
    assert written.startswith("Traceback (most recent call last):")
    assert written.endswith(message)


@pytest.mark.parametrize("arguments", [["show", "zzzz"], ["list", "--zzzz"]])
@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_an_error_is_in_colour_where_it_is_wanted(
    install: Sandbox,
    arguments: list[str],
    environment: dict[str, str],
    is_coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert run_main(monkeypatch, *arguments) == ExitStatus.FAILED
    assert ("\x1b[" in capsys.readouterr().err) is is_coloured


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_a_question_mark(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """As in a file on Windows."""
    source = (
        "import kplug\n@kplug.hookimpl\ndef kplug_losses():\n"
        "    return {'pond': kplug.Component('pond', 'm:pond', summary='A \\u221a of \\xe9.')}\n"
    )
    install("ponds", entry_points={"kplug": {"p": "hooks"}}, modules={"hooks.py": source})
    written = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", written)
    assert run_main(monkeypatch, "list", "losses") == ExitStatus.DONE
    written.seek(0)
    shown = "A \u221a of \xe9." if encoding == "utf-8" else "A ? of \xe9."
    assert shown in written.read()


@pytest.mark.parametrize("arguments", [["list"], ["--help"]])
def test_a_reader_who_stops_reading_gets_no_message(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "kplug", *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (ExitStatus.CLOSED, b"")


def wait_until_it_sleeps(process: int) -> None:
    """Wait until a process waits; where the system does not tell, for a while."""
    stat = Path("/proc", str(process), "stat")
    if not stat.exists():
        time.sleep(0.5)
        return
    while stat.read_text().rpartition(")")[2].split()[0] != "S":
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_ctrl_c_at_a_question_ends_quietly() -> None:
    import pty

    from tests.cli.terminals import read_screen

    # Where the tests run in the background, Ctrl-C is ignored, which a child would inherit.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kplug", "new"], stdin=theirs, stdout=theirs, stderr=theirs
    )
    signal.signal(signal.SIGINT, before)
    os.close(theirs)
    screen = b""
    try:
        while b"such as kplug-acme: " not in screen:
            screen += read_screen(ours)
        wait_until_it_sleeps(process.pid)  # a signal between question and wait can get lost
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=300) == ExitStatus.INTERRUPTED
        assert b"Traceback" not in screen + read_screen(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
