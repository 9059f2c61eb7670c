"""A value that is computed once: by whom, and who waits."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kplug.registry.installed.computed_once import Once


def test_it_is_computed_once_for_many_threads() -> None:
    calls: list[int] = []

    def compute() -> tuple[object, bool]:
        calls.append(1)
        time.sleep(0.05)
        return object(), True

    once = Once(compute)
    with ThreadPoolExecutor(100) as pool:
        found = set(pool.map(lambda _: once.get(), range(100)))
    assert found == {once.found}
    assert calls == [1]


def test_a_result_that_is_not_final_is_for_the_caller_alone() -> None:
    results = iter([("draft", False), ("value", True), ("never", True)])
    once = Once(lambda: next(results))
    assert once.get() == "draft"
    assert once.found is None
    assert [once.get(), once.get(), once.found] == ["value"] * 3


def test_an_error_is_raised_and_forgotten() -> None:
    results = iter([0, 4])
    once = Once(lambda: (8 // next(results), True))
    with pytest.raises(ZeroDivisionError):
        once.get()
    assert once.get() == 2


def test_those_who_wait_for_an_error_compute_for_themselves() -> None:
    started, results = threading.Event(), iter(["wrong", "right"])

    def compute() -> tuple[str, bool]:
        result = next(results)
        if result == "wrong":
            started.set()
            time.sleep(0.1)
            raise OSError
        return result, True

    once = Once(compute)
    with ThreadPoolExecutor(1) as pool:
        failing = pool.submit(once.get)
        started.wait()
        assert once.get() == "right"
        assert isinstance(failing.exception(), OSError)


def test_a_thread_knows_what_it_is_computing() -> None:
    once = Once(lambda: ((once.is_computed_here, other.is_computed_here), True))
    other = Once(lambda: (None, True))
    assert once.get() == (True, False)
    assert not once.is_computed_here


def test_asking_inside_of_it_computes_again() -> None:
    """Whoever computes says what the answer is then; waiting would be for oneself."""
    depths = iter([0, 1])
    once: Once[int] = Once(lambda: (once.get() + 1 if next(depths) == 0 else 10, False))
    assert once.get() == 11


@pytest.fixture
def slow() -> Once[int]:
    """A value that another thread is computing, and will not be done with for a minute."""
    started, threads = threading.Event(), []

    def compute() -> tuple[int, bool]:
        threads.append(threading.current_thread())
        started.set()
        if len(threads) == 1:
            time.sleep(60)
        return len(threads), True

    once = Once(compute)
    threading.Thread(target=once.get, daemon=True).start()
    started.wait()
    return once


def test_patience_ends(slow: Once[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kplug.registry.installed.computed_once.PATIENCE", 0.01)
    assert slow.get() == 2
    assert slow.found == 2


def test_who_computes_something_does_not_wait(slow: Once[int]) -> None:
    outer = Once(lambda: (slow.get(), True))
    assert outer.get() == 2


def test_who_imports_something_does_not_wait(slow: Once[int]) -> None:
    importing = """
import importlib.abc, importlib.util, sys
class Loader(importlib.abc.Loader):
    def exec_module(self, module):
        module.value = slow.get()
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, Loader()) if name == "a_module_of_a_test" else None
sys.meta_path.insert(0, Finder())
try:
    import a_module_of_a_test as module
finally:
    del sys.meta_path[0], sys.modules["a_module_of_a_test"]
"""
    names = {"slow": slow}
    exec(importing, names)
    assert names["module"].value == 2  # type: ignore[attr-defined]
