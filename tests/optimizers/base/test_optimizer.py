"""Parameters that come later, the step, hooks, and what torch expects of an optimizer."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from kplug import optimizers
from kplug.errors import ContractError, NotBuiltError
from tests.optimizers.optimizer_classes import CLASSES

SIGNATURES: dict[str, dict[str, object]] = {
    "SGD": {"lr": 0.01, "momentum": 0.0, "decay": 0.0, "nesterov": False},
    "RMSprop": {"lr": 0.001, "rho": 0.9, "epsilon": None, "decay": 0.0},
    "Adagrad": {"lr": 0.01, "epsilon": None, "decay": 0.0},
    "Adadelta": {"lr": 1.0, "rho": 0.95, "epsilon": None, "decay": 0.0},
    "Adam": {
        "lr": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": None,
        "decay": 0.0,
        "amsgrad": False,
    },
    "Nadam": {
        "lr": 0.002,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": None,
        "schedule_decay": 0.004,
    },
    "Adamax": {"lr": 0.002, "beta_1": 0.9, "beta_2": 0.999, "epsilon": None, "decay": 0.0},
    "AdamW": {
        "lr": 0.001,
        "weight_decay": 0.004,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "amsgrad": False,
    },
    "Lion": {"lr": 0.001, "beta_1": 0.9, "beta_2": 0.99},
    "Lamb": {"lr": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    "Ftrl": {
        "lr": 0.001,
        "learning_rate_power": -0.5,
        "initial_accumulator_value": 0.1,
        "l1_regularization_strength": 0.0,
        "l2_regularization_strength": 0.0,
        "l2_shrinkage_regularization_strength": 0.0,
        "beta": 0.0,
    },
    "Adafactor": {
        "lr": 0.001,
        "beta_2_decay": -0.8,
        "epsilon_1": 1e-30,
        "epsilon_2": 1e-3,
        "clip_threshold": 1.0,
        "relative_step": True,
    },
    "Muon": {
        "lr": 0.001,
        "adam_beta_1": 0.9,
        "adam_beta_2": 0.999,
        "adam_weight_decay": 0.004,
        "epsilon": 1e-7,
        "weight_decay": 0.004,
    },
    "ScheduleFreeAdamW": {
        "lr": 0.0025,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "warmup_steps": 0,
    },
}
COMMON = {
    "learning_rate": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "weight_decay": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "gradient_accumulation_mean": "samples",
    "name": None,
}
NAMES = {"AdamW": "adamw", "ScheduleFreeAdamW": "schedule_free_adamw"}


def make_parameter(*values: float) -> torch.nn.Parameter:
    parameter = torch.nn.Parameter(torch.tensor(values or (1.0,)))
    parameter.grad = torch.ones_like(parameter)
    return parameter


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_the_signature_is_the_guides(optimizer_class: type[optimizers.Optimizer]) -> None:
    parameters = inspect.signature(optimizer_class).parameters.values()
    positional = {p.name: p.default for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
    assert list(positional.items()) == list(SIGNATURES[optimizer_class.__name__].items())
    keywords = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert COMMON.items() <= {**keywords, **positional, "weight_decay": None}.items()


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_it_is_a_torch_optimizer_before_and_after_build(
    optimizer_class: type[optimizers.Optimizer],
) -> None:
    optimizer = optimizer_class()
    parameter = make_parameter()
    assert isinstance(optimizer, torch.optim.Optimizer)
    assert not optimizer.built
    assert optimizer.build([parameter]) is optimizer
    assert optimizer.built
    assert optimizer.param_groups[0]["params"] == [parameter]


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_a_step_before_build_is_refused(optimizer_class: type[optimizers.Optimizer]) -> None:
    name = NAMES.get(optimizer_class.__name__, optimizer_class.__name__.lower())
    with pytest.raises(NotBuiltError) as caught:
        optimizer_class().step()
    assert str(caught.value) == (
        f"{name}: step() before the parameters are known\n"
        "  Call build(model.parameters()), or compile the model with this optimizer."
    )


def test_building_again_with_the_same_parameters_changes_nothing() -> None:
    parameters = [make_parameter(), make_parameter(2.0)]
    optimizer = optimizers.Adam().build(parameters)
    optimizer.step()
    assert optimizer.build(iter(parameters)).iterations == 1


@pytest.mark.parametrize(
    ("later", "reason"),
    [(3, "1 of the new ones are unknown to it"), (1, "the new list is shorter")],
)
def test_building_again_with_others_is_refused(later: int, reason: str) -> None:
    parameters = [make_parameter(), make_parameter(), make_parameter()]
    optimizer = optimizers.Adam().build(parameters[:2])
    with pytest.raises(ContractError) as caught:
        optimizer.build(parameters[:later])
    assert str(caught.value) == (
        f"adam: this optimizer already trains 2 other parameters ({reason}); its state belongs to "
        "them\n  Make a new one for this model: Adam.from_config(optimizer.get_config())."
    )
    assert optimizer.param_groups[0]["params"] == parameters[:2]


BAD_PARAMETERS = [
    ([], "sgd: there is nothing to train, the list of parameters is empty"),
    (["kernel"], "sgd: parameter 0 is a str, not a tensor"),
    (
        [torch.zeros(2, dtype=torch.int64)],
        "sgd: parameter 0 has dtype torch.int64, and only floating-point tensors can be trained",
    ),
    (
        [torch.ones(2, requires_grad=True) * 2],
        "sgd: parameter 0 is the result of a computation, not a leaf tensor",
    ),
]


@pytest.mark.parametrize(("params", "message"), BAD_PARAMETERS)
def test_what_cannot_be_trained_is_refused(params: list[torch.Tensor], message: str) -> None:
    optimizer = optimizers.SGD()
    with pytest.raises(ContractError) as caught:
        optimizer.build(params)
    assert str(caught.value).splitlines()[0] == message
    assert not optimizer.built


def test_a_repeated_parameter_is_refused() -> None:
    parameter = make_parameter()
    with pytest.raises(ContractError, match="parameter 1 stands in the list twice"):
        optimizers.SGD().build([parameter, parameter])


def test_groups_made_before_build_keep_their_own_rate() -> None:
    slow, fast = make_parameter(), make_parameter()
    optimizer = optimizers.SGD(lr=0.5)
    optimizer.add_param_group({"params": [slow], "lr": 0.125})
    optimizer.build([slow, fast])
    optimizer.step()
    assert (fast.item(), slow.item()) == (0.5, 0.875)


def test_groups_added_after_build_are_trained() -> None:
    first, second = make_parameter(), make_parameter()
    optimizer = optimizers.SGD(lr=0.5, momentum=0.9).build([first])
    optimizer.add_param_group({"params": [second], "lr": 0.25})
    optimizer.step()
    assert (first.item(), second.item()) == (0.5, 0.75)


def test_every_group_taken_before_build_is_refused() -> None:
    parameter = make_parameter()
    optimizer = optimizers.SGD()
    optimizer.add_param_group({"params": [parameter]})
    with pytest.raises(ContractError, match="every parameter already stands in a group"):
        optimizer.build([parameter])


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_step_hooks_run_once(optimizer_class: type[optimizers.Optimizer]) -> None:
    # An instance of torch's class makes torch wrap the method that ours calls.
    torch_class = getattr(torch.optim, optimizer_class.__name__, torch.optim.NAdam)
    torch_class([torch.nn.Parameter(torch.ones(1, 1))])
    optimizer = optimizer_class().build([make_parameter()])
    calls: list[str] = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    optimizer.step()
    assert calls == ["before", "after"]


def test_profilers_record_steps_and_others_do_not_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = optimizers.Adam().build([parameter])
    parameter.grad = torch.ones(2)
    with torch.profiler.profile() as profile:
        optimizer.step()
    assert "Optimizer.step#Adam.step" in {event.name for event in profile.events()}

    def refuse(name: str) -> None:
        raise AssertionError(name)

    monkeypatch.setattr(torch.autograd.profiler, "record_function", refuse)
    optimizer.step()
    assert optimizer.iterations == 2


def test_hooks_of_all_optimizers_run() -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = optimizers.SGD().build([parameter])
    calls: list[str] = []
    handles = [
        register_optimizer_step_pre_hook(lambda *_: calls.append("before")),
        register_optimizer_step_post_hook(lambda *_: calls.append("after")),
    ]
    for handle in handles:
        optimizer.step()
        handle.remove()
    optimizer.step()
    assert calls == ["before", "after", "after"]


def test_a_closure_is_called_once_with_gradients_enabled() -> None:
    parameter = make_parameter(3.0)
    optimizer = optimizers.SGD(lr=0.5).build([parameter])

    def closure() -> float:
        optimizer.zero_grad()
        loss = (parameter**2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    assert optimizer.step(closure) == 9.0
    assert parameter.item() == 0.0


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_gradients_are_not_written_to(optimizer_class: type[optimizers.Optimizer]) -> None:
    parameter = make_parameter(1.0, 2.0)
    optimizer = optimizer_class().build([parameter])
    optimizer.step()
    assert parameter.grad is not None
    assert parameter.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("optimizer_class", [optimizers.SGD, optimizers.Adagrad, optimizers.Adam])
def test_fused_kernels_are_used_where_torch_has_them(
    optimizer_class: type[optimizers.Optimizer],
) -> None:
    assert optimizer_class().build([make_parameter()]).param_groups[0]["fused"] is True


def test_tensor_subclasses_fall_back_to_torchs_choice() -> None:
    class Tagged(torch.Tensor):
        pass

    parameter = torch.ones(2).as_subclass(Tagged)
    optimizer = optimizers.Adam().build([parameter.requires_grad_()])
    assert not optimizer.param_groups[0]["fused"]


def test_the_gradient_scaler_drives_it() -> None:
    parameter = make_parameter()
    parameter.grad = torch.tensor([float("inf")])
    optimizer = optimizers.Adam().build([parameter])
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    scaler.scale(torch.ones(()))
    scaler.step(optimizer)
    scaler.update()
    assert (parameter.item(), optimizer.iterations) == (1.0, 0)
