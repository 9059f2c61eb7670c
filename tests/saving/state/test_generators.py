"""The states of random generators: collected, checked and restored."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug import Sequential, layers
from kplug.errors import WeightsError
from kplug.saving.state.generators import apply_generators, check_generators, collect_generators


def make() -> Any:
    return Sequential([layers.Dense(2, input_dim=3), layers.Dropout(0.5, seed=7)])


def find_generator(model: Any) -> torch.Generator:
    """Return the one generator of the dropout."""
    (found,) = [
        value for value in vars(model.layers[-1]).values() if isinstance(value, torch.Generator)
    ]
    return found


def test_states_are_those_of_torch_and_of_each_seeded_layer() -> None:
    model = make()
    states = collect_generators(model)
    own = [name for name in states if name != "torch" and not name.startswith("cuda:")]
    assert len(own) == 1
    assert torch.equal(states["torch"], torch.get_rng_state())
    assert torch.equal(states[own[0]], find_generator(model).get_state())
    check_generators(states)


def test_generator_that_two_layers_share_is_stored_once() -> None:
    model = Sequential([layers.Dropout(0.5, seed=7), layers.Dropout(0.5, seed=8)])
    before = len(collect_generators(model))
    first, second = model.layers
    (attribute,) = [
        name for name, value in vars(first).items() if isinstance(value, torch.Generator)
    ]
    setattr(second, attribute, getattr(first, attribute))
    assert len(collect_generators(model)) == before - 1


def test_restored_generators_draw_the_same_numbers_again() -> None:
    model = make()
    states = collect_generators(model)
    expected = torch.rand(5), torch.rand(5, generator=find_generator(model))
    other = make()
    torch.rand(3, generator=find_generator(other))
    apply_generators(other, states)
    assert torch.equal(torch.rand(5), expected[0])
    assert torch.equal(torch.rand(5, generator=find_generator(other)), expected[1])


def test_generators_without_a_stored_state_stay_as_they_are() -> None:
    model = make()
    before = torch.get_rng_state(), find_generator(model).get_state()
    apply_generators(model, {"99/none": torch.Generator().get_state()})
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.equal(find_generator(model).get_state(), before[1])


@pytest.mark.parametrize("state", [torch.zeros(3, dtype=torch.uint8), torch.zeros(3), "text", None])
def test_state_of_no_generator_is_refused(state: object) -> None:
    with pytest.raises(WeightsError, match="the stored generator '1/own' cannot be read: "):
        check_generators({"torch": torch.get_rng_state(), "1/own": state})
