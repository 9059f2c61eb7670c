"""Which graphs are called without torch's compiler, and where their code is kept."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, fx

from kplug.training.jit import code_library
from kplug.training.jit.code_library import CodeLibrary, holds_code
from kplug.training.jit.tracing import trace

ONE, TWO = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the libraries of a test be its own."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    return tmp_path / "kplug"


def add(one: Tensor, two: Tensor) -> Sequence[Tensor]:
    one += two
    return [one * 2]


def make(
    function: Callable[..., Sequence[Tensor]] = add,
    tensors: Sequence[Tensor] = (ONE, TWO),
    **options: Any,
) -> CodeLibrary:
    graph = trace(function, [each.clone() for each in tensors]).graph
    return CodeLibrary(graph, tensors, options)


def load_stand_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Any], inputs: int = 2
) -> None:
    """Do as torch does when it loads a library, whose function is a stand-in."""
    folder.mkdir(exist_ok=True)
    module = ModuleType(f"number_{next(NUMBERS)}.inductor_entry_cpp")
    path = folder / f"{module.__name__}.so"
    path.write_bytes(b"the library")
    path.with_suffix(".cpp").write_text(
        f"auto inputs = steal_from_raw_handles_to_raii_handles(input_handles, {inputs});"
    )
    vars(module).update(__file__=str(path), run=run)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(code_library, "_call_directly", lambda module: module.run)


# -- keeping -----------------------------------------------------------------------------------


def test_a_library_that_does_the_same_is_kept_and_called(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library, direct = make(), lambda one, two: add(one, two)
    assert not holds_code()
    load_stand_in(tmp_path / "torch", monkeypatch, direct)
    assert library.keep(add, [ONE, TWO]) is direct
    assert [each.read_bytes() for each in folder.iterdir()] == [b"the library"]
    assert holds_code()
    assert ONE.tolist() == [1.0, 2.0]


def subtract(one: Tensor, two: Tensor) -> Sequence[Tensor]:
    one -= two
    return [(one + two + two) * 2]


def add_elsewhere(one: Tensor, two: Tensor) -> Sequence[Tensor]:
    return [(one + two) * 2]


def fail(*_: Tensor) -> Sequence[Tensor]:
    raise RuntimeError("no such function")


@pytest.mark.parametrize(
    "direct",
    [subtract, add_elsewhere, fail, lambda one, two: [*add(one, two), one], lambda *_: []],
    ids=["other numbers", "other inputs", "fails", "more outputs", "fewer outputs"],
)
def test_one_that_does_something_else_is_not(
    direct: Callable[..., Any], folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = make()
    load_stand_in(tmp_path / "torch", monkeypatch, direct)
    assert library.keep(add, [ONE, TWO]) is add
    assert not folder.exists()


def test_one_that_takes_more_than_the_inputs_is_never_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would read past the end of its arguments."""
    library = make()
    load_stand_in(tmp_path / "torch", monkeypatch, lambda *_: pytest.fail("called"), inputs=3)
    assert library.keep(add, [ONE, TWO]) is add


def test_both_draw_the_same_random_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def draw(one: Tensor, _: Tensor) -> Sequence[Tensor]:
        return [torch.rand_like(one)]

    library, direct = make(draw), lambda one, two: draw(one, two)
    load_stand_in(tmp_path / "torch", monkeypatch, direct)
    before = torch.get_rng_state()
    assert library.keep(draw, [ONE, TWO]) is direct
    assert torch.equal(torch.get_rng_state(), before)


# -- which graphs ------------------------------------------------------------------------------


@torch.library.custom_op("kplug_tests::count", mutates_args=())
def count(one: Tensor) -> Tensor:
    """Stand for an operation that does more than it returns."""
    return one.clone()


BASE = torch.zeros(4)


@pytest.mark.parametrize(
    ("function", "tensors"),
    [
        (lambda one, two: [one + torch.tensor([0.5, 1.5]), two], (ONE, TWO)),
        (lambda one, two: [count(one), two], (ONE, TWO)),
        (add, (BASE[:2], BASE[2:])),
        (add, (torch.zeros(2, device="meta"), TWO)),
        (add, (torch.empty(1 << 27), torch.empty(1))),
    ],
    ids=["constant", "operation of others", "one memory", "other device", "large"],
)
def test_these_are_left_to_torch(
    function: Callable[..., Sequence[Tensor]],
    tensors: Sequence[Tensor],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    traced = [ONE, TWO] if function is add else tensors
    graph = trace(function, [each.clone() for each in traced]).graph
    library = CodeLibrary(graph, tensors, {})
    load_stand_in(tmp_path / "torch", monkeypatch, lambda *_: pytest.fail("called"))
    run = fx.Interpreter(graph).run
    assert library.find() is None
    assert library.keep(run, tensors) is run


# -- finding -----------------------------------------------------------------------------------


def keep(library: CodeLibrary) -> None:
    assert library._path is not None
    library._path.parent.mkdir(mode=0o700, exist_ok=True)
    library._path.write_bytes(b"")
    library._path.chmod(0o600)


@pytest.fixture
def without_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_library, "_load", lambda path: path)
    monkeypatch.setattr(code_library, "_call_directly", lambda path: path)


@pytest.mark.usefixtures("without_loading")
def test_the_same_graph_finds_it() -> None:
    assert make().find() is None
    keep(make())
    assert make().find() is not None
    assert make(tensors=[ONE + 5, TWO * 3]).find() is not None


@pytest.mark.usefixtures("without_loading")
@pytest.mark.parametrize(
    "other",
    [
        lambda: make(lambda one, two: [one + two]),
        lambda: make(tensors=[ONE.double(), TWO.double()]),
        lambda: make(tensors=[torch.ones(3), torch.ones(3)]),
        lambda: make(tensors=[torch.ones(4)[::2], TWO]),
        lambda: make(cpp_wrapper=True),
    ],
    ids=["operations", "dtype", "shape", "strides", "options"],
)
def test_another_one_does_not(other: Callable[[], CodeLibrary]) -> None:
    keep(make())
    assert other().find() is None


@pytest.mark.usefixtures("without_loading")
def test_neither_does_a_process_with_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(make())
    monkeypatch.setenv("TORCHINDUCTOR_CPP_MIN_CHUNK_SIZE", "4096")
    assert make().find() is None
    monkeypatch.delenv("TORCHINDUCTOR_CPP_MIN_CHUNK_SIZE")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    assert make().find() is None


@pytest.mark.usefixtures("without_loading")
def test_settings_that_are_as_they_were_do_not_count() -> None:
    import torch._inductor.config as settings

    keep(make())
    with settings.patch({"cpp.simdlen": 128}):
        assert make().find() is None
    assert make().find() is not None  # torch notes these as changed


@pytest.mark.usefixtures("without_loading")
@pytest.mark.parametrize("name", ["folder", "library"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_what_others_may_write_to_is_not_run(name: str, folder: Path) -> None:
    keep(make())
    assert make().find() is not None
    (folder if name == "folder" else next(folder.iterdir())).chmod(0o777)
    assert make().find() is None


@pytest.mark.usefixtures("without_loading")
def test_a_user_without_a_name_needs_a_folder_that_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr("getpass.getuser", fail)
    keep(make())
    assert make().find() is not None


def test_a_damaged_file_is_none() -> None:
    keep(make())
    assert make().find() is None
