"""From a graph to a function that does the same, and the error if the compiler refuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kplug.errors import KplugError
from kplug.training.jit import torch_compiler
from kplug.training.jit.torch_compiler import CompilerError, compile_graph
from kplug.training.jit.tracing import trace


def accumulate(total: Tensor, x: Tensor) -> Sequence[Tensor]:
    total.add_(x.sum())
    return [total * 2.0]


def test_a_function_writes_into_its_inputs_only_when_it_is_called() -> None:
    found = trace(accumulate, [torch.zeros(1), torch.ones(3)])
    total, x = torch.full((1,), 10.0), torch.tensor([1.0, 2.0, 3.0])
    run = compile_graph(found.graph, [total, x])
    assert total.item() == 10.0
    for expected in (16.0, 22.0):
        (output,) = run(total, x)
        assert total.item() == expected
        assert output.item() == 2 * expected


@pytest.mark.slow
@pytest.mark.usefixtures("inductor")
def test_dropout_in_compiled_code_draws_what_it_draws_without() -> None:
    x = torch.ones(64)
    found = trace(lambda each: [torch.nn.functional.dropout(each, 0.5)], [x])
    run = compile_graph(found.graph, [x])
    torch.manual_seed(4)
    (output,) = run(x)
    torch.manual_seed(4)
    assert torch.equal(output, torch.nn.functional.dropout(x, 0.5))
    assert 0 < output.count_nonzero() < 64


def chain(x: Tensor) -> Sequence[Tensor]:
    for _ in range(126):  # two operations each
        x = torch.sin(x) + 1
    return [x]


@pytest.mark.slow
@pytest.mark.usefixtures("inductor")
@pytest.mark.parametrize("variable", ["", "0"])
def test_the_kernels_of_a_large_graph_are_a_file_of_their_own(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    if variable:
        monkeypatch.setenv("TORCHINDUCTOR_CPP_WRAPPER_BUILD_SEPARATE", variable)
    x = torch.linspace(-1, 1, 7)
    found = trace(chain, [x])
    (output,) = compile_graph(found.graph, [x])(x)
    torch.testing.assert_close(output, chain(x)[0])
    assert len(list(tmp_path.rglob("*.optimized.cpp"))) == (not variable)
    assert len(list((tmp_path / "kplug").glob("*.so"))) == 1  # found by the next process


def test_a_refusal_of_the_compiler_is_an_error_of_kplug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_compiler, "BACKEND", "no_such_backend")
    x = torch.ones(1)
    found = trace(lambda each: [each + 1], [x])
    with pytest.raises(CompilerError, match=r"^InvalidBackend: .*no_such_backend") as caught:
        compile_graph(found.graph, [x])
    assert isinstance(caught.value, KplugError)
    assert "\n" not in caught.value.message
    assert type(caught.value.__cause__).__name__ == "InvalidBackend"
