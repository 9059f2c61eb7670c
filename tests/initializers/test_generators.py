"""``torch.Generator`` as a seed."""

from __future__ import annotations

import copy
import json
import pickle

import keras
import pytest
import torch

from kplug.errors import ArgumentValueError
from kplug.initializers import HeNormal, Orthogonal, RandomInitializer, RandomNormal, get

CLASSES = [RandomNormal, HeNormal, Orthogonal]


@pytest.mark.parametrize("owner", CLASSES)
def test_generator_draws_its_next_values(owner: type[RandomInitializer]) -> None:
    generator = torch.Generator().manual_seed(5)
    first, second = owner(seed=generator)((4, 3)), owner(seed=generator)((4, 3))
    assert torch.equal(first, owner(seed=5)((4, 3)))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("owner", CLASSES)
def test_configuration_records_where_the_generator_started(owner: type[RandomInitializer]) -> None:
    initializer = owner(seed=torch.Generator().manual_seed(5))
    first = initializer((4, 3))
    config = json.loads(json.dumps(initializer.get_config()))
    assert config["seed"]["class_name"] == "SeedGenerator"
    assert config["seed"]["config"] == {"seed": 5}
    again = owner.from_config(config)
    assert again.get_config() == config
    assert torch.equal(again((4, 3)), first)


def test_the_largest_seed_of_a_generator_comes_back() -> None:
    config = RandomNormal(seed=torch.Generator().manual_seed(2**64 - 1)).get_config()
    assert RandomNormal.from_config(config).get_config() == config


def test_configuration_of_keras_3_with_a_generator_is_read() -> None:
    theirs = keras.initializers.RandomNormal(seed=keras.random.SeedGenerator(5))
    ours = get(keras.initializers.serialize(theirs))
    assert ours.seed.initial_seed() == 5


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_go_on_where_the_original_is(copied: object) -> None:
    initializer = RandomNormal(seed=torch.Generator().manual_seed(5))
    initializer((4,))
    twin = copied(initializer)  # type: ignore[operator]
    assert torch.equal(twin((4,)), initializer((4,)))


def test_values_go_to_the_device_of_new_tensors() -> None:
    initializer = RandomNormal(seed=torch.Generator().manual_seed(5))
    with torch.device("meta"):
        assert initializer((4,)).device.type == "meta"


@pytest.mark.parametrize(
    "seed", [{"class_name": "Other"}, {"class_name": "SeedGenerator", "config": {}}, "5", 1.5]
)
def test_anything_else_is_refused(seed: object) -> None:
    with pytest.raises(ArgumentValueError, match=r"argument 'seed' is .*or a torch\.Generator"):
        RandomNormal(seed=seed)  # type: ignore[arg-type]
