"""From a graph to a function that does the same, and the error if the compiler refuses."""

from __future__ import annotations

from collections.abc import Sequence

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


def test_a_refusal_of_the_compiler_is_an_error_of_kplug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_compiler, "BACKEND", "no_such_backend")
    x = torch.ones(1)
    found = trace(lambda each: [each + 1], [x])
    with pytest.raises(CompilerError, match=r"^InvalidBackend: .*no_such_backend") as caught:
        compile_graph(found.graph, [x])
    assert isinstance(caught.value, KplugError)
    assert "\n" not in caught.value.message
    assert type(caught.value.__cause__).__name__ == "InvalidBackend"
