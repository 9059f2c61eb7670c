"""Settings shared by every test: the oracle's backend, the threads, and a clean slate of names."""

from __future__ import annotations

import gc
import os
import random
import tempfile
import zlib
from collections.abc import Iterator
from multiprocessing import resource_sharer

import pytest
from hypothesis import settings

os.environ["KERAS_BACKEND"] = "torch"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # each worker has a core
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# How long an example takes says more about the machine than about the code. The examples are always the same:
# a run fails only for what has changed. `--hypothesis-profile=explore` draws others.
settings.register_profile("kplug", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=500, print_blob=True)
settings.load_profile("kplug")

# Broken on purpose, or scripts: nothing in these folders is a test.
collect_ignore_glob = ["bad_plugins/*", "benchmarks/*"]

# Files whose slow tests take minutes, the longest first.
LONGEST = (
    "plugins/kplug-keras2/tests/test_programs.py",
    "tests/test_install.py",
    "tests/keras_files/test_random_models.py",
    "tests/test_tutorials.py",
)


@pytest.hookimpl(tryfirst=True)  # before workers are started with these options
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed of an exploration, so that the header can print it."""
    if config.option.hypothesis_profile == "explore" and config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(random.SystemRandom().randrange(2**32))


def pytest_report_header(config: pytest.Config) -> str | None:
    """Print the option that explores the same examples again."""
    if config.option.hypothesis_profile != "explore":
        return None
    return f"exploring: --hypothesis-seed={config.option.hypothesis_seed}"


@pytest.hookimpl(tryfirst=True)  # before slow tests are left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is left out of the quick run, and put the longest files first in one that keeps their order.

    The choice depends on the name of a case alone. No long file is left alone at the end.
    """
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled:
            mark_sampled(item, *sampled.args, **sampled.kwargs)
    if not config.getoption("loadscopereorder", True):
        ranks = {name: rank for rank, name in enumerate(LONGEST)}
        items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(LONGEST)))


def mark_sampled(item: pytest.Item, quick: int = 4, slow: int = 1) -> None:
    """Leave one case in `quick` quick, mark one in `slow` of the others slow, and the rest exhaustive."""
    number = zlib.crc32(item.nodeid.encode())
    if quick and number % quick == 0:
        return
    is_slow = number // (quick or 1) % slow == 0
    item.add_marker(pytest.mark.slow if is_slow else pytest.mark.exhaustive)


def pytest_collection_finish() -> None:
    """Leave modules and tests out of collections of garbage: Keras starts one for each model, of 0.8 s."""
    gc.freeze()


@pytest.fixture
def short_names_of_sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put sockets where their names are short enough, whatever TMPDIR is."""
    with tempfile.TemporaryDirectory(dir="/tmp" if os.name == "posix" else None) as folder:
        monkeypatch.setattr("multiprocessing.util.get_temp_dir", lambda: folder)
        yield
        resource_sharer.stop()  # it would look for its socket when Python ends
