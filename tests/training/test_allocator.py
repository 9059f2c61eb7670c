"""Memory that a step frees: kept for the next one, returned after a long run, left alone where asked."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kplug.layers import Dense, Input
from kplug.models import Sequential
from kplug.training import allocator, runs
from kplug.training.allocator import Allocator, find_glibc, find_tuning_obstacle

TRIM, MMAP = -1, -3  # of malloc.h
KEPT = [(MMAP, 64 << 20), (TRIM, -1)]
RETURNED = [(MMAP, 32 << 20), (TRIM, 64 << 20), "trim"]
ENVIRONMENT = {
    name: text
    for name, text in os.environ.items()
    if not name.startswith(("KPLUG_", "MALLOC_", "GLIBC_", "LD_"))
}
needs_glibc = pytest.mark.skipif(
    find_tuning_obstacle(ENVIRONMENT) is not None, reason="malloc is not glibc's"
)


class FakeGlibc:
    """Notes what is called."""

    def __init__(self, highest: int = 1 << 40) -> None:
        self.calls: list[Any] = []
        self._highest = highest

    def mallopt(self, parameter: int, value: int) -> int:
        self.calls.append((parameter, value))
        return int(value <= self._highest)

    def malloc_trim(self, pad: ctypes.c_size_t) -> int:
        assert pad.value == 0
        self.calls.append("trim")
        return 1


@pytest.fixture
def fake() -> FakeGlibc:
    return FakeGlibc()


@pytest.fixture
def made(fake: FakeGlibc) -> Any:
    glibc: Any = fake
    return Allocator(glibc)


@pytest.fixture
def _long_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "LONG_RUN_SECONDS", 0.0)


def test_memory_is_kept_from_the_first_run_on(made: Allocator, fake: FakeGlibc) -> None:
    made.keep()
    made.keep()
    with made:
        assert fake.calls == KEPT
    assert fake.calls == KEPT, "a short run returns nothing, as another is likely to follow"


@pytest.mark.usefixtures("_long_runs")
def test_a_long_run_returns_memory_and_the_next_one_keeps_it_again(
    made: Allocator, fake: FakeGlibc
) -> None:
    with made:
        assert fake.calls == KEPT
    assert fake.calls == [*KEPT, *RETURNED]
    made.keep()
    assert fake.calls == [*KEPT, *RETURNED, *KEPT]


@pytest.mark.usefixtures("_long_runs")
def test_only_the_last_run_in_progress_returns_memory(made: Allocator, fake: FakeGlibc) -> None:
    with made:
        with made:
            pass
        other = threading.Thread(target=lambda: made.__enter__())
        other.start()
        other.join()
    assert fake.calls == KEPT
    made.__exit__()
    assert fake.calls == [*KEPT, *RETURNED]


@pytest.mark.usefixtures("_long_runs")
def test_a_run_that_fails_returns_memory(made: Allocator, fake: FakeGlibc) -> None:
    with pytest.raises(KeyboardInterrupt), made:
        raise KeyboardInterrupt
    assert fake.calls[-1] == "trim"


def test_an_old_glibc_gets_the_highest_threshold_that_it_accepts() -> None:
    fake: Any = FakeGlibc(highest=32 << 20)
    Allocator(fake).keep()
    assert fake.calls == [(MMAP, 64 << 20), (MMAP, 32 << 20), (TRIM, -1)]


@pytest.mark.parametrize(
    ("environ", "obstacle"),
    [
        ({"KPLUG_ALLOCATOR": "system"}, "KPLUG_ALLOCATOR is 'system'"),
        ({"KPLUG_ALLOCATOR": "sytem"}, "KPLUG_ALLOCATOR is 'sytem'"),
        ({"MALLOC_TRIM_THRESHOLD_": "131072"}, "MALLOC_TRIM_THRESHOLD_ is set"),
        (
            {"GLIBC_TUNABLES": "glibc.rtld.nns=2:glibc.malloc.mmap_max=3"},
            "GLIBC_TUNABLES has settings of malloc",
        ),
    ],
)
def test_the_environment_may_object(environ: dict[str, str], obstacle: str) -> None:
    assert find_tuning_obstacle(environ) == obstacle


@needs_glibc
@pytest.mark.parametrize(
    "environ",
    [{}, {"GLIBC_TUNABLES": "a.b=1"}, {"KPLUG_ALLOCATOR": "kplug"}, {"KPLUG_ALLOCATOR": ""}],
)
def test_without_an_obstacle(environ: dict[str, str]) -> None:
    assert find_tuning_obstacle(environ) is None


def _raise(*_: object) -> None:
    raise OSError("libc.so.6: cannot open shared object file")


@pytest.mark.parametrize(
    ("platform", "load"),
    [
        ("linux", _raise),
        ("linux", lambda _: object()),  # has no mallopt
        ("darwin", None),
        ("win32", None),
    ],
    ids=["musl", "no mallopt", "macOS", "Windows"],
)
def test_another_c_library(
    platform: str, load: Callable[[str], object] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", load)
    assert find_glibc() is None
    assert find_tuning_obstacle({}) == "the C library is not glibc"
    for name in [name for name in os.environ if name not in ENVIRONMENT]:
        monkeypatch.delenv(name)
    with Allocator():
        pass


def _run_python(code: str, **environ: str) -> str:
    """Return what a process without torch prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env={**ENVIRONMENT, **environ}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


WITH_MALLOC = """
#include <stddef.h>
void *__libc_malloc(size_t);
void *malloc(size_t size) { return __libc_malloc(size); }
"""
WITHOUT_MALLOC = "int puddle(void) { return 3; }"


@needs_glibc
@pytest.mark.parametrize(
    ("source", "obstacle"),
    [(WITH_MALLOC, "another allocator has replaced malloc"), (WITHOUT_MALLOC, "None")],
    ids=["allocator", "no allocator"],
)
def test_a_preloaded_library(source: str, obstacle: str, tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    (tmp_path / "pond.c").write_text(source)
    library = tmp_path / "pond.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "pond.c"], check=True)
    code = "from kplug.training.allocator import *; print(find_tuning_obstacle({}))"
    assert _run_python(code, LD_PRELOAD=str(library)) == obstacle


FREE_LARGE_BLOCKS = """
import resource
from kplug.training import allocator

allocator.LONG_RUN_SECONDS = 0.0

def count_faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        blocks = [bytearray(40 << 20) for _ in range(2)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def read_resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

plain = count_faults()
with allocator.ALLOCATOR:
    count_faults()
    kept, resident = count_faults(), read_resident()
print(plain, kept, resident - read_resident(), count_faults())
"""


@pytest.mark.slow
@needs_glibc
def test_freed_blocks_cost_page_faults_once_while_a_run_lasts() -> None:
    plain, kept, returned, after = map(int, _run_python(FREE_LARGE_BLOCKS).split())
    if plain < 10_000:
        pytest.skip("pages are large here, so faults are few")
    assert kept < plain / 20
    assert returned > 70 << 8, "pages of the two blocks of 40 MB"
    assert after > plain / 2, "as before the run"


@pytest.mark.slow
@needs_glibc
def test_the_variable_switches_it_off() -> None:
    found = _run_python(FREE_LARGE_BLOCKS, KPLUG_ALLOCATOR="system").split()
    plain, kept, *_ = map(int, found)
    assert kept > plain / 2


@needs_glibc
def test_a_real_allocator_that_is_preloaded() -> None:
    library = ctypes.util.find_library("jemalloc")
    if library is None:
        pytest.skip("jemalloc is not installed")
    code = "from kplug.training.allocator import *; print(find_tuning_obstacle({}))"
    assert _run_python(code, LD_PRELOAD=library) == "another allocator has replaced malloc"


IN_A_CHILD = (
    FREE_LARGE_BLOCKS.partition("plain =")[0]
    + """
import os

def tell_in_child():
    child = os.fork()
    if not child:
        print(count_faults(), count_faults(), flush=True)
        with allocator.ALLOCATOR:
            count_faults()
            resident = read_resident()
        print(resident - read_resident(), flush=True)
        os._exit(0)
    os.waitpid(child, 0)

with allocator.ALLOCATOR:
    tell_in_child()
"""
)


@needs_glibc
def test_a_forked_child_keeps_memory_and_returns_it_after_runs_of_its_own() -> None:
    """The run of its parent never ends in it."""
    first, kept, returned = map(int, _run_python(IN_A_CHILD).split())
    if first < 10_000:
        pytest.skip("pages are large here, so faults are few")
    assert kept < first / 20
    assert returned > 70 << 8, "pages of the two blocks of 40 MB"


def test_a_child_that_leaves_the_run_of_its_parent_goes_on(
    made: Allocator, fake: FakeGlibc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocator, "LONG_RUN_SECONDS", 0.0)
    with made:
        made.begin_anew()
    with made:
        pass
    assert fake.calls == [*KEPT, *RETURNED] * 2


NEAR_THE_LIMIT = """
import resource
from kplug.training import allocator

with open("/proc/self/statm") as file:
    size = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (100 << 20),) * 2)
with allocator.ALLOCATOR:
    for _ in range(5):
        blocks = [bytearray(40 << 20) for _ in range(2)]
        del blocks
    large = bytearray(90 << 20)  # of what was kept, as nothing else is left
    del large
    try:
        bytearray(200 << 20)
    except MemoryError:
        print("refused")
    blocks = [bytearray(40 << 20) for _ in range(2)]
    print("goes on")
"""


@needs_glibc
@pytest.mark.parametrize("chosen", ["kplug", "system"])
def test_memory_that_is_kept_is_used_where_the_address_space_ends(chosen: str) -> None:
    assert _run_python(NEAR_THE_LIMIT, KPLUG_ALLOCATOR=chosen).split("\n") == ["refused", "goes on"]


@pytest.mark.parametrize("long_run_seconds", [0.0, 60.0])
def test_what_trains_and_predicts_keeps_memory(
    long_run_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setattr(allocator, "LONG_RUN_SECONDS", long_run_seconds)

    def find_calls(method: Callable[[], object]) -> list[Any]:
        fake: Any = FakeGlibc()
        monkeypatch.setattr(runs, "ALLOCATOR", Allocator(fake))
        method()
        calls: list[Any] = fake.calls
        return calls

    for method in (
        lambda: model.fit(x, y, validation_data=(x, y), verbose=0),
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.predict(x, verbose=0),
    ):
        assert find_calls(method) == ([*KEPT, *RETURNED] if not long_run_seconds else KEPT)
    for method in (
        lambda: model.train_on_batch(x, y),
        lambda: model.test_on_batch(x, y),
        lambda: model.predict_on_batch(x),
    ):
        assert find_calls(method) == KEPT
