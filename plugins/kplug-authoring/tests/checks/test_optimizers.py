"""Correct but unusual optimizers pass every check."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from kplug_authoring import run_contract

import kplug


class Noisy(torch.optim.SGD):
    """Adds noise, from torch's generator, to where the weights are."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, lr)

    def step(self) -> None:  # type: ignore[override]
        super().step()
        with torch.no_grad():
            for parameter in self.param_groups[0]["params"]:
                if parameter.grad is not None:
                    noise = 0.01 * self.param_groups[0]["lr"] * torch.randn_like(parameter)
                    parameter.add_(noise)


class Newton(torch.optim.Optimizer):
    """Divides by the diagonal of the Hessian matrix, and has no learning rate."""

    needs_gradient_graph = True

    def __init__(self, params: Any, damping: float = 1.0) -> None:
        super().__init__(params, {"damping": damping})

    def step(self) -> None:  # type: ignore[override]
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                ones = torch.ones_like(parameter)
                (row,) = torch.autograd.grad(parameter.grad, parameter, ones, retain_graph=True)
                with torch.no_grad():
                    parameter.sub_(parameter.grad / (row.abs() + self.param_groups[0]["damping"]))


class Wrapper(torch.optim.SGD):
    """Stores its state in a form of its own, by group and place."""

    def __init__(self, params: Any, lr: float = 0.1, momentum: float = 0.9) -> None:
        super().__init__(params, lr, momentum)

    def state_dict(self) -> dict[str, Any]:
        places = [(0, place) for place in range(len(self.param_groups[0]["params"]))]
        kept = {at: dict(self.state[self.param_groups[0]["params"][at[1]]]) for at in places}
        return {"moments": kept, "inner": super().state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict["inner"])


@pytest.mark.parametrize("target", [Noisy, Newton, Wrapper])
def test_an_unusual_optimizer_passes(target: type) -> None:
    with kplug.scope(optimizers={"unusual": target}):
        assert run_contract("custom") > 10
