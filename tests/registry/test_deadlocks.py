"""Whatever a plugin does while it is asked, nobody waits for ever: each case is a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

LIBRARY = """
import time
time.sleep(0.3)
import kplug
KEPT = kplug.resolve("regularizer", "kplug/l2")
def pond(weight_matrix):
    return 0.25
"""
LAZY_HOOK = """
import kplug, time
@kplug.hookimpl
def kplug_regularizers():
    time.sleep({delay})
    import my_library
    return {{"pond": my_library.pond}}
"""
SLOW_HOOK = """
import kplug, os, sys, time
@kplug.hookimpl
def kplug_regularizers():
    if os.getpid() == sys.modules["__main__"].parent:
        sys.modules["__main__"].started.set()
        time.sleep(1)
    return {"pond": lambda weight_matrix: 0.25}
"""


def _run(install: Sandbox, script: str) -> str:
    """Run a script in a process that sees what is installed, and return what it prints."""
    path = install.folder.parent / "script.py"
    path.write_text(f"import sys\nsys.path.insert(0, {str(install.folder)!r})\n{script}")
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _install(install: Sandbox, hooks: str, **modules: str) -> None:
    files = {f"{name}.py": source for name, source in modules.items()}
    install(
        "my-plugin",
        entry_points={"kplug": {"plugin": "my_hooks"}},
        modules={"my_hooks.py": hooks, **files},
    )


@pytest.mark.parametrize(
    "delay",
    [pytest.param(0.0, marks=pytest.mark.slow), 0.15, pytest.param(0.6, marks=pytest.mark.slow)],
)
@pytest.mark.torch
def test_a_hook_that_imports_what_another_thread_is_importing(
    install: Sandbox, delay: float
) -> None:
    _install(install, LAZY_HOOK.format(delay=delay), my_library=LIBRARY)
    output = _run(
        install,
        "import threading, kplug\n"
        "def find():\n"
        "    print(kplug.resolve('regularizer', 'pond').object('w'))\n"
        "threads = [threading.Thread(target=work, args=args, daemon=True)\n"
        "           for work, args in [(__import__, ('my_library',)), (find, ())]]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join(120)\n"
        "print([thread.is_alive() for thread in threads])\n"
        "print(kplug.resolve('regularizer', 'pond').object('w'))\n",
    )
    assert output == "0.25\n[False, False]\n0.25"


@pytest.mark.slow
@pytest.mark.torch
def test_a_fork_while_a_plugin_is_asked(install: Sandbox) -> None:
    _install(install, SLOW_HOOK)
    output = _run(
        install,
        "import os, threading, time, kplug\n"
        "parent, started = os.getpid(), threading.Event()\n"
        "thread = threading.Thread(target=kplug.resolve, args=('regularizer', 'pond'))\n"
        "thread.start()\n"
        "started.wait()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    kplug.resolve('regularizer', 'kplug/l2')\n"
        "    os._exit(7)\n"
        "limit = time.monotonic() + 120\n"
        "while time.monotonic() < limit:\n"
        "    done, status = os.waitpid(child, os.WNOHANG)\n"
        "    if done: break\n"
        "    time.sleep(0.05)\n"
        "else:\n"
        "    os.kill(child, 9)\n"
        "thread.join()\n"
        "print(done == child and os.waitstatus_to_exitcode(status))\n",
    )
    assert output == "7"


@pytest.mark.slow
def test_two_hooks_that_ask_for_each_others_kind(install: Sandbox) -> None:
    _install(
        install,
        "import kplug, time\n"
        "@kplug.hookimpl\n"
        "def kplug_regularizers():\n"
        "    time.sleep(0.3)\n"
        "    kplug.resolve('loss', 'kplug/huber')\n"
        "    return {'pond': lambda weight_matrix: 0.25}\n"
        "@kplug.hookimpl\n"
        "def kplug_losses():\n"
        "    time.sleep(0.3)\n"
        "    kplug.resolve('regularizer', 'kplug/l2')\n"
        "    return {'brook': lambda y_true, y_pred: 0.25}\n",
    )
    output = _run(
        install,
        "import threading, kplug\n"
        "threads = [threading.Thread(target=kplug.resolve, args=args, daemon=True)\n"
        "           for args in [('loss', 'kplug/mae'), ('regularizer', 'kplug/l1')]]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join(120)\n"
        "print([thread.is_alive() for thread in threads])\n",
    )
    assert output == "[False, False]"


@pytest.mark.slow
@pytest.mark.torch
def test_a_lock_of_the_users_around_both(install: Sandbox) -> None:
    _install(
        install,
        "import kplug, time\n"
        "@kplug.hookimpl\n"
        "def kplug_regularizers():\n"
        "    import __main__\n"
        "    time.sleep(0.3)\n"
        "    with __main__.lock:\n"
        "        return {'pond': lambda weight_matrix: 0.25}\n",
    )
    output = _run(
        install,
        "import threading, time, kplug\n"
        "lock = threading.RLock()\n"
        "from kplug.registry.installed import computed_once as once\n"
        "once.PATIENCE = 1.0\n"
        "thread = threading.Thread(target=kplug.resolve, args=('regularizer', 'pond'), daemon=True)\n"
        "thread.start()\n"
        "time.sleep(0.1)\n"
        "with lock:\n"
        "    print(kplug.resolve('regularizer', 'pond').object('w'))\n"
        "thread.join(120)\n"
        "print(thread.is_alive())\n",
    )
    assert output == "0.25\nFalse"
