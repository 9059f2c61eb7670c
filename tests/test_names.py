"""Names with arguments as data, through attributes."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import kplug
from kplug import names
from kplug.layers import Dense


def test_a_spec_is_that_of_the_text() -> None:
    written = names.optimizer.adam(names.schedule.exponential_decay(0.1, 100, 0.9), beta_1=0.5)
    assert written == kplug.parse_spec("adam(exponential_decay(0.1, 100, 0.9), beta_1=0.5)")
    assert names.loss("kplug/mse") == kplug.parse_spec("kplug/mse")


def test_an_argument_may_be_called_name_or_self() -> None:
    assert names.layer.Dense(1, name="out") == names.layer("Dense", 1, name="out")
    assert names.layer.Dense(self=1) == kplug.Spec("Dense", kwargs={"self": 1})


def test_a_model_is_made_of_names() -> None:
    penalty = names.regularizer.l2(0.5)
    model = kplug.Sequential([Dense(1, input_shape=(2,), kernel_regularizer=penalty)])
    model.compile(names.optimizer.sgd(lr=0.5), names.loss.huber(delta=2.0), metrics=["mae"])
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert {row.slot: row.written for row in model.components}["loss"] == "kplug/huber(delta=2.0)"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_names_are_copied_and_pickled(duplicate: object) -> None:
    assert callable(duplicate)
    assert duplicate(names.loss).mse() == names.loss.mse()


def test_a_notebook_completes_what_is_installed() -> None:
    found = dir(names.loss)
    assert {"mse", "mean_squared_error", "bce_loss"} <= set(found)
    assert not [one for one in found if "/" in one]


@pytest.mark.parametrize("name", ["los", "losses", "LosName"])
def test_what_is_no_kind_is_no_attribute(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'kplug.names' has no attribute '{name}'"):
        getattr(names, name)
