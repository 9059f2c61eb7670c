"""`Sandbox`: runs the contract suite on code of others, in a process that can reach and take little."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from kplug_registry.errors import PublishingError, RegistryError

SECONDS = 1800  # by the clock
_MEMORY = 8 << 30  # of the data of a process, in bytes
_SPACE = 1 << 30  # of all its files, which are in memory
_PROCESSES = 512  # and threads
_MOST_OUTPUT = 16 << 20  # bytes
_NOBODY = 65534
_NOT_STARTED = (125, 126, 127)  # of podman, docker and shells
_LONGEST = 300  # characters of a reason
_HINT = (
    "Give a command that runs a container: --sandbox 'podman run --network=none … kplug check {name} "
    "--json'; docs/registry.md has one."
)
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
_NEEDED = """
from importlib.util import find_spec
import kplug.cli.app
missing = [name for name in ("torch", "kplug_authoring") if find_spec(name) is None]
raise SystemExit(f"{' and '.join(missing)} cannot be imported" if missing else 0)
"""
# Brings the loopback up, over which processes of one check talk: SIOCSIFFLAGS with IFF_UP.
_LOOPBACK = """
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 1))
socket.sethostname("localhost")
"""
# Makes a root of its own in memory, in which the given paths can be read, and runs a command there.
_ROOT = """
set -eu
"$1" -I -S -c "$2"; shift 2
root=$1; shift
mount -t tmpfs -o "size=$1,nr_inodes=200k,mode=755" none "$root"; shift
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root${1%/*}"; : > "$root$1"; fi
    mount --bind "$1" "$root$1"
    mount -o remount,bind,ro,nosuid,nodev "$root$1"
    shift
done
shift
cd "$root"
mkdir -p dev/shm etc proc tmp
echo 127.0.0.1 localhost > etc/hosts
chmod 1777 dev/shm tmp
for device in null zero urandom; do : > dev/$device; mount --bind /dev/$device dev/$device; done
mount -t proc none proc
echo 1000 > /proc/self/oom_score_adj
exec chroot . "$@"
"""


class NotCheckedError(RegistryError):
    """A release whose check did not end with results."""


class NotStartedError(RegistryError):
    """A check that the operator's command could not begin, which says nothing about the release."""


class Sandbox:
    """Runs ``kplug check``, with a command of the operator's or in namespaces of Linux.

    In namespaces, a check has no network, sees no process but its own and no file but the system's programs,
    this Python's packages and the wheel, none of which it can change. It writes into memory, up to a limit,
    and is nobody where root checks. Ending it ends all that it has started.

    Args:
        command: The command, with ``{folder}`` for the unpacked wheels and ``{name}`` for the distribution.
            None for namespaces.
        seconds: How long a check may take, by the clock.

    Raises:
        PublishingError: if the command cannot be read, or this machine has no namespaces.
    """

    def __init__(self, command: str | None = None, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._running: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        try:
            self._command = None if command is None else shlex.split(command)
        except ValueError as error:
            raise PublishingError(
                f"--sandbox {command!r} is no command: {error}", hint=_HINT
            ) from error
        if self._command is None:
            self._try_namespaces()

    def run(self, folder: Path, name: str) -> bytes:
        """Return what ``kplug check NAME --level gold --json`` prints.

        Args:
            folder: The unpacked wheels, which come first on Python's path.
            name: The distribution.

        Raises:
            NotCheckedError: if it takes too long, prints too much, or ends without results.
            NotStartedError: if the command says that it could not begin, as podman and docker do.
            PublishingError: if it cannot begin, or is stopped.
        """
        with tempfile.TemporaryDirectory(prefix="kplug-check-") as root:
            if self._command is None:
                check = [sys.executable, *f"-m kplug check {name} --level gold --json".split()]
                command = [*_enter(root, folder), *check]
            else:
                places = {"{folder}": str(folder), "{name}": name}
                command = [_replace(word, places) for word in self._command]
            status, out, err = self._run(command)
        if self._is_closed:
            raise PublishingError(f"the check of {name} was stopped", hint="Run it again.")
        if not out.strip():
            last = " ".join(err.decode(errors="replace").split())[-_LONGEST:]
            said = f"with status {status}{f': {last}' if last else ''}"
            if self._command is not None and status in _NOT_STARTED:
                raise NotStartedError(f"{self._command[0]} could not begin, {said}", hint=_HINT)
            raise NotCheckedError(f"its check ended without results, {said}")
        return out

    def close(self) -> None:
        """End a check that is running; none begins later."""
        self._is_closed = True
        if self._running is not None:
            _kill(self._running)

    def _run(self, command: Sequence[str]) -> tuple[int, bytes, bytes]:
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's, or ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise PublishingError(
                f"checks cannot be run by {command[0]!r}: {error.strerror}", hint=_HINT
            ) from error
        self._running = process
        try:
            return self._receive(process)
        finally:
            _kill(process)
            process.wait()
            self._running = None
            for stream in (process.stdout, process.stderr):
                assert stream is not None  # noqa: S101 - they are pipes
                stream.close()

    def _receive(self, process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
        """Return the status and what is printed, and stop where that is too much or takes too long."""
        until = time.monotonic() + self._seconds
        read: dict[object, bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
        with selectors.DefaultSelector() as selector:
            for stream in (process.stdout, process.stderr):
                assert stream is not None  # noqa: S101 - they are pipes
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                left = until - time.monotonic()
                ready = selector.select(left) if left > 0 else []
                if not ready:
                    raise NotCheckedError(f"its check did not end within {self._seconds:g} s")
                for key, _ in ready:
                    chunk = os.read(key.fd, 1 << 16)
                    read[key.fileobj] += chunk
                    if not chunk:
                        selector.unregister(key.fileobj)
                if sum(map(len, read.values())) > _MOST_OUTPUT:
                    raise NotCheckedError(
                        f"its check prints more than {_MOST_OUTPUT >> 20} MiB, and results have less"
                    )
        try:
            status = process.wait(max(until - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            raise NotCheckedError(f"its check did not end within {self._seconds:g} s") from None
        return status, bytes(read[process.stdout]), bytes(read[process.stderr])

    def _try_namespaces(self) -> None:
        """Refuse to check where not even an honest release could be."""
        with tempfile.TemporaryDirectory(prefix="kplug-check-") as root:
            try:
                command = [*_enter(root, Path(root)), sys.executable, "-c", _NEEDED]
                status, _, err = self._run(command)
            except PublishingError as error:
                status, err = -1, error.message.encode()
        if status:
            raise PublishingError(
                "checks of code of others run in namespaces of Linux with the packages that are installed "
                f"here, and that fails: {' '.join(err.decode(errors='replace').split())[-_LONGEST:]}",
                hint=f"Install kplug-authoring and torch, on Linux with util-linux. Or: {_HINT}",
            )


def _enter(root: str, folder: Path) -> list[str]:
    """Return the beginning of a command that runs in namespaces.

    Args:
        root: An empty folder.
        folder: The unpacked wheels.
    """
    is_root = os.geteuid() == 0
    names = () if is_root else ("--user", "--map-root-user")
    other = f"--reuid={_NOBODY} --regid={_NOBODY} --clear-groups".split() if is_root else ()
    environment = {
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), "/usr/bin:/bin"]),  # noqa: PTH120
        "HOME": "/tmp",  # noqa: S108 - it is the check's own
        "USER": "check",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return [
        *("setpriv", "--pdeathsig", "KILL"),  # a server that is killed leaves no check behind
        *("unshare", *names, "--mount", "--net", "--pid", "--ipc", "--uts", "--fork"),
        *("--kill-child", "--wd", "/", "--", "sh", "-c", _ROOT, "sh"),
        *(sys.executable, _LOOPBACK, root, str(_SPACE)),
        *(*_list_readable(folder), "--"),
        *("env", "-i", "-C", "/tmp", *(f"{key}={value}" for key, value in environment.items())),  # noqa: S108
        *("prlimit", f"--data={_MEMORY}", f"--nproc={_PROCESSES}", "--core=0"),
        *("setpriv", *other, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
        *("nice", "-n", "19"),
    ]


def _list_readable(folder: Path) -> Iterator[str]:
    """Yield the outermost folders and files that a check can read: the system's, Python's, the wheels."""
    python = Path(sys.executable).resolve().parents[1]
    places = [*_SYSTEM, sys.prefix, sys.base_prefix, str(python), *_list_packages(), str(folder)]
    known = sorted({Path(one) for one in places if one and Path(one).exists()})
    for one in known:
        if not set(one.parents) & set(known):
            yield str(one)


@cache
def _list_packages() -> list[str]:
    """Return Python's path without this folder and `PYTHONPATH`: keys may lie there."""
    command = [sys.executable, "-I", "-c", "import sys; print(*sys.path, sep='\\n')"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()  # noqa: S603


def _replace(word: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(name, value)
    return word


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
