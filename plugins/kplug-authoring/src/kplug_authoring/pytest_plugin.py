"""Fixtures for the tests of components: inputs that are easily forgotten.

pytest loads it where kplug-authoring is installed; nothing of torch is imported before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@pytest.fixture(params=["contiguous", "transposed", "with_gaps"])
def lay(request: pytest.FixtureRequest) -> Callable[[Tensor], Tensor]:
    """Return a function that copies a tensor into memory: in order, with axes reversed, with gaps."""
    from kplug_authoring.checks.memory import transposed, with_gaps

    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "contiguous": lambda value: value.detach().contiguous().clone(),
        "transposed": transposed,
        "with_gaps": with_gaps,
    }
    return ways[request.param]


@pytest.fixture(params=["float16", "bfloat16"])
def half_dtype(request: pytest.FixtureRequest) -> torch.dtype:
    """Return each half-precision type."""
    import torch

    found: torch.dtype = getattr(torch, request.param)
    return found


@pytest.fixture
def masked_sequences() -> tuple[Tensor, Tensor]:
    """Return sequences (4, 6, 5) and their mask (4, 6): whole, cut off twice, and masked as a whole.

    The values of masked steps are large, so that what counts them shows.
    """
    import torch

    values = torch.linspace(-2.0, 2.0, 4 * 6 * 5).sin().reshape(4, 6, 5)
    mask = torch.arange(6) < torch.tensor([6, 4, 1, 0])[:, None]
    return torch.where(mask[..., None], values, 1e3), mask


@pytest.fixture
def sequences_of_lengths() -> list[Tensor]:
    """Return batches of sequences (3, length, 5) whose length changes from call to call."""
    import torch

    return [
        torch.linspace(-2.0, 2.0, 3 * length * 5).sin().reshape(3, length, 5)
        for length in (6, 9, 1, 4)
    ]


@pytest.fixture(params=["real", "shares", "scores"])
def tied_pairs(request: pytest.FixtureRequest) -> tuple[Tensor, Tensor]:
    """Return targets and predictions with ties: errors of 0, equal shares of classes, equal scores."""
    import torch

    ways: dict[str, tuple[list[list[float]], list[list[float]]]] = {
        "real": ([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]], [[0.0, 1.0], [1.0, 0.0], [0.5, -0.5]]),
        "shares": ([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]),
        "scores": ([[1.0], [0.0], [1.0], [0.0]], [[0.5], [0.5], [0.5], [0.0]]),
    }
    y_true, y_pred = ways[request.param]
    return torch.tensor(y_true), torch.tensor(y_pred)
