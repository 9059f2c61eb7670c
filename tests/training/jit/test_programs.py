"""The steps as programs: what is planned, what they can see, and that they train as steps do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.errors import DataError, LossWithoutGradientError
from kplug.layers import Dense, Embedding, Flatten, Input
from kplug.models import Sequential
from kplug.training.data.batch import Batch
from kplug.training.jit import torch_compiler
from kplug.training.jit.programs import Program, TrainProgram, make_train_program
from kplug.training.step.standard_steps import PredictStep, make_test_step, make_train_step

X = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
Y = torch.tensor([[1.0], [0.0]])


def make_model(loss: Any = "mse") -> Sequential:
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    model.ensure_built()
    model.compile(loss=loss, metrics=["mae"])
    return model


def make_program(model: Sequential, optimizer: torch.optim.Optimizer | None) -> Program | None:
    assert model.compiled is not None
    return make_train_program(make_train_step(model, model.compiled, optimizer))


def test_a_planned_step_trains_as_the_formula_of_sgd_says() -> None:
    model = make_model()
    program = make_program(model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert isinstance(program, TrainProgram)
    numbers: list[float] = []
    _, structure = program.plan(numbers)
    tensors = list(torch.tensor(numbers, dtype=torch.float64).unbind())
    loss, outcome = program.run_planned(Batch(X, Y), structure, tensors)
    program.settle(outcome)
    # Both errors are 2: a loss of 4, and a gradient of 2 * (x1 + x2) for the kernel, 4 for the bias.
    assert loss.item() == pytest.approx(4.0)
    kernel, bias = (torch.as_tensor(each) for each in model.get_weights())
    torch.testing.assert_close(kernel, torch.tensor([[1 - 0.1 * 8.0], [1 - 0.1 * 2.0]]))
    torch.testing.assert_close(bias, torch.tensor([-0.4]))
    assert all(each.grad is not None for each in model.parameters())
    program.clean_up()
    assert all(each.grad is None for each in model.parameters())


def test_without_an_optimizer_there_is_nothing_to_plan() -> None:
    model = make_model()
    program = make_program(model, None)
    assert type(program) is Program
    assert program.plan([]) == (None, None)
    loss, outcome = program.run_planned(Batch(X, Y), None, [])
    assert outcome is None
    assert loss.item() == pytest.approx(4.0)
    assert torch.as_tensor(model.get_weights()[0]).tolist() == [[1.0], [1.0]]


def test_an_optimizer_with_hooks_has_no_program() -> None:
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.register_step_pre_hook(lambda *_: None)
    assert make_program(model, optimizer) is None


def test_a_program_sees_model_losses_metrics_and_the_state_of_its_optimizer() -> None:
    model = make_model()
    assert model.compiled is not None
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    program = make_program(model, optimizer)
    assert program is not None
    before = program.find_roots()
    assert before["model"] is model
    assert [*before["optimizer"]] == ["parameters"]
    program.run(Batch(X, Y))
    after = program.find_roots()["optimizer"]
    assert [*after] == ["parameters", "state 0", "state 1"]
    assert after["state 0"] is optimizer.state[after["parameters"][0]]
    compiled = model.compiled
    parts = {id(compiled.losses[0].loss), id(compiled.metrics[0].metric)}
    assert parts < {
        id(each) for each in Program(make_test_step(model, compiled)).find_roots().values()
    }
    assert [*Program(PredictStep(model)).find_roots()] == ["model"]


def test_a_loss_without_gradient_is_refused_in_a_planned_step_too() -> None:
    model = make_model(lambda y_true, y_pred: (y_true - y_pred).detach().square().mean())
    program = make_program(model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert program is not None
    with pytest.raises(LossWithoutGradientError, match="No gradient reaches the model's weights"):
        program.run_planned(Batch(X, Y), program.plan([])[1], [])


IDS = torch.arange(48).reshape(24, 2) % 6
CLASSES = IDS[:, :1] % 5


def train_on_ids(ids: Tensor, classes: Tensor, *, jit: bool) -> str:
    """Return what training says of ids or classes that are not there."""
    embedding = Embedding(6, 4, input_length=2, name="embedding")
    model = Sequential([embedding, Flatten(), Dense(5, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=jit)
    with pytest.raises(DataError) as caught:
        model.fit(ids, classes, batch_size=4, shuffle=False, verbose=0)
    return str(caught.value)


@pytest.mark.parametrize("wrong", [-1, 7])
@pytest.mark.parametrize("what", ["ids", "classes"])
@pytest.mark.parametrize("backend", ["eager", pytest.param("inductor", marks=pytest.mark.slow)])
def test_what_a_graph_fails_on_is_told_as_in_eager_steps(
    what: str, wrong: int, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_compiler, "BACKEND", backend)
    ids, classes = IDS.clone(), CLASSES.clone()
    (ids if what == "ids" else classes)[-1, 0] = wrong
    texts = [train_on_ids(ids, classes, jit=jit) for jit in (False, True)]
    assert texts[0] == texts[1]
    assert f"{wrong}" in texts[0]
