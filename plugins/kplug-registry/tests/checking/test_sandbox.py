"""Checks of hostile code: what they reach, take and leave behind.

A module `kplug` in the folder of wheels stands for the check, as that folder comes first on Python's path.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from kplug_registry.checking import sandbox
from kplug_registry.checking.sandbox import NotCheckedError, NotStartedError, Sandbox
from kplug_registry.errors import PublishingError

Run = Callable[..., str]


def find_obstacle() -> str:
    """Return why this machine has no namespaces; empty if it has."""
    try:
        Sandbox()
    except PublishingError as error:
        return error.message
    return ""


OBSTACLE = find_obstacle() if sys.platform == "linux" else "there are namespaces on Linux alone"
needs_namespaces = pytest.mark.skipif(bool(OBSTACLE), reason=OBSTACLE)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs a program in place of `kplug check`, and returns what it prints."""

    def run(program: str, seconds: float = 60, name: str = "kplug-waves") -> str:
        folder = tmp_path / "wheels"
        (folder / "kplug").mkdir(parents=True, exist_ok=True)
        (folder / "kplug/__init__.py").touch()
        (folder / "kplug/__main__.py").write_text(f"import os, sys, time\n{program}")
        for each in (folder, folder / "kplug"):
            each.chmod(0o755)
        return Sandbox(seconds=seconds).run(folder, name).decode().strip()

    return run


@needs_namespaces
def test_a_check_sees_neither_files_nor_processes_nor_the_environment(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "targets.pem"
    key.write_text("secret")
    monkeypatch.setenv("TWINE_PASSWORD", "secret")
    monkeypatch.chdir(tmp_path)
    seen = run(
        f"print(os.path.exists({str(key)!r}), os.path.exists('/etc/passwd'), 'TWINE_PASSWORD' in os.environ, "
        f"os.path.exists('/proc/{os.getpid()}'), os.listdir(os.environ['HOME']) == [{tmp_path.parts[2]!r}])"
    )
    assert seen.split()[:4] == ["False"] * 4
    if os.geteuid() == 0:
        assert run("print(os.getuid(), os.getgid(), os.getgroups())") == "65534 65534 []"


@needs_namespaces
def test_a_check_changes_nothing_outside(run: Run, tmp_path: Path) -> None:
    tried = [
        str(tmp_path / "wheels/new"),
        f"{sys.prefix}/new",
        "/usr/new",
        "/proc/sys/kernel/hostname",
    ]
    program = f"""
for place in {tried}:
    try:
        open(place, "w")
        print(place)
    except OSError:
        pass
print("end")
"""
    assert run(program) == "end"
    assert not [one for one in tried[:-1] if Path(one).exists()]


@needs_namespaces
def test_a_check_has_no_network(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = f"""
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), 5)
    print("connected")
except OSError as error:
    print(error.strerror)
"""
        assert run(program) == "Connection refused"  # its loopback is another one


@needs_namespaces
def test_a_check_fills_no_disk(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_SPACE", 4 << 20)
    program = """
with open("/tmp/big", "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(1 << 20))
    except OSError as error:
        print(error.strerror, os.path.getsize("/tmp/big") <= 4 << 20)
"""
    assert run(program) == "No space left on device True"


@needs_namespaces
def test_a_check_takes_memory_and_processes_up_to_a_limit(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_MEMORY", 256 << 20)
    monkeypatch.setattr(sandbox, "_PROCESSES", 24)
    program = """
try:
    bytearray(1 << 30)
except MemoryError:
    print("no memory")
try:
    for _ in range(100):
        if os.fork() == 0:
            time.sleep(60)
except OSError as error:
    print(error.strerror)
"""
    assert run(program).split("\n")[:2] == ["no memory", "Resource temporarily unavailable"]


@pytest.mark.sampled
@needs_namespaces
@pytest.mark.parametrize(
    ("program", "seconds", "message"),
    [
        ("time.sleep(60)", 2, "did not end within 2 s"),
        ("import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass", 2,
         "did not end within 2 s"),
        ("while True: print('x' * 10_000)", 60, "prints more than 16 MiB"),
        ("while True: print('x' * 10_000, file=sys.stderr)", 60, "prints more than 16 MiB"),
        ("raise ValueError('waves')", 60, "ended without results, with status 1: .*ValueError: waves"),
        ("sys.exit(125)", 60, "ended without results, with status 125"),
        ("os.abort()", 60, "ended without results, with status"),
        ("os.close(1)\nos.close(2)\ntime.sleep(60)", 2, "did not end within 2 s"),
    ],
)  # fmt: skip
def test_a_check_that_stands_still_or_prints_endlessly_is_ended(
    run: Run, program: str, seconds: float, message: str
) -> None:
    with pytest.raises(NotCheckedError, match=message):
        run(program, seconds)


@needs_namespaces
def test_what_a_check_starts_ends_with_it_and_it_ends_nothing_else(run: Run) -> None:
    name = f"kplug-{uuid4().hex}"
    program = """
import signal
for target in (os.getppid(), -1):
    try:
        os.kill(target, signal.SIGKILL)
    except OSError:
        pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
print("printed")
"""
    assert run(program, name=name) == "printed"
    left = [each for each in Path("/proc").glob("[0-9]*/cmdline") if is_of(each, name)]
    assert left == []


def is_of(command: Path, name: str) -> bool:
    try:
        return name.encode() in command.read_bytes()
    except OSError:
        return False


def test_an_operator_gives_another_command(tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'import sys; print(sys.argv[1:])' --volume {{folder}}:/wheels {{name}}"
    printed = Sandbox(command).run(tmp_path, "kplug-waves").decode()
    assert printed.strip() == str(["--volume", f"{tmp_path}:/wheels", "kplug-waves"])


def test_commands_that_cannot_run_are_named(tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match="is no command: No closing quotation\n  Give a comm"):
        Sandbox("podman 'run")
    with pytest.raises(NotStartedError, match="sh could not begin, with status 125: no image"):
        Sandbox("sh -c 'echo no image >&2; exit 125'").run(tmp_path, "kplug-waves")
    with pytest.raises(PublishingError, match="cannot be run by '/nothing/podman': No such file"):
        Sandbox("/nothing/podman run").run(tmp_path, "kplug-waves")


@needs_namespaces
def test_an_environment_that_cannot_check_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_NEEDED", sandbox._NEEDED.replace("torch", "no_torch"))
    with pytest.raises(PublishingError, match="that fails: no_torch cannot be imported\n  Install"):
        Sandbox()


def test_without_namespaces_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unshare = tmp_path / "unshare"
    unshare.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    unshare.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(
        PublishingError, match=r"that fails: unshare failed: Operation not permitted\n  Ins"
    ):
        Sandbox()
