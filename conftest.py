"""Seeds each test by its name, lets Ctrl-C interrupt, and keeps readings out of the user's cache."""

from __future__ import annotations

import atexit
import os
import random
import shutil
import signal
import sys
import tempfile
import zlib
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker has it from its session
    of_user = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for one in of_user.glob("*"):  # caches of other programs stay in place
        if one.name != "kplug":
            Path(folder, one.name).symlink_to(one)
    os.environ["XDG_CACHE_HOME"] = folder

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # a shell starts its background jobs like this
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before fixtures draw
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Seed what tests draw from without a seed: which tests ran before in a process changes no number."""
    seed = zlib.crc32(item.nodeid.encode())
    random.seed(seed)  # Keras draws its seeds there
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
