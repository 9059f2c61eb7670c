"""Estimators pass scikit-learn's checks and work in its tools."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from kplug_sklearn import KplugClassifier, KplugRegressor, KplugTransformer
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import kplug
from kplug.errors import ContractError, DataError, NotCompiledError
from kplug.layers import Dense
from kplug.models import Sequential

X, Y = load_iris(return_X_y=True)


def make(X: Any, y: Any, units: Any = 16, activation: Any = None, loss: str = "mse") -> Sequential:
    outputs = y.shape[1] if y.ndim > 1 else 1
    model = Sequential([Dense(units, "relu", input_dim=X.shape[1]), Dense(outputs, activation)])
    model.compile("adam(lr=1e-2)", loss)
    return model


TRAINING = {"epochs": 30, "verbose": 0, "batch_size": 16}
CLASSES = {"activation": "softmax", "loss": "categorical_crossentropy"}
ESTIMATORS: dict[str, Callable[[], Any]] = {
    "classifier": lambda: KplugClassifier(make, model_kwargs=CLASSES, fit_kwargs=TRAINING),
    "regressor": lambda: KplugRegressor(make, fit_kwargs=TRAINING),
    "transformer": lambda: KplugTransformer(make, fit_kwargs={"verbose": 0}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.filterwarnings("ignore")  # what the checks provoke on purpose
def test_an_estimator_passes_every_check_of_scikit_learn(name: str) -> None:
    kplug.utils.set_random_seed(0)
    results = check_estimator(ESTIMATORS[name](), on_skip=None, on_fail=None)
    failed = {
        each["check_name"]: each["exception"] for each in results if each["status"] == "failed"
    }
    assert not failed
    assert sum(each["status"] == "passed" for each in results) > 40


def test_a_classifier_learns_in_a_pipeline() -> None:
    kplug.utils.set_random_seed(0)
    pipeline = make_pipeline(StandardScaler(), ESTIMATORS["classifier"]())
    assert cross_val_score(pipeline, X, Y, cv=3).mean() > 0.9


def test_arguments_of_the_model_are_searched() -> None:
    search = GridSearchCV(
        KplugClassifier(make, model_kwargs=CLASSES, fit_kwargs={"verbose": 0}),
        {"model_kwargs": [{**CLASSES, "units": units} for units in (2, 3)]},
        cv=2,
    ).fit(X, Y)
    assert (
        search.best_estimator_.model_.layers[0].units
        == search.best_params_["model_kwargs"]["units"]
    )


def _compiled() -> Sequential:
    return make(X, np.eye(3)[Y], 16, *CLASSES.values())


def test_each_fit_trains_a_copy_of_a_compiled_model() -> None:
    model = _compiled()
    before = model.get_weights()
    first = KplugClassifier(model, fit_kwargs={"verbose": 0}).fit(X, Y)
    second = clone(first).fit(X, Y)
    assert all(map(np.array_equal, model.get_weights(), before))
    assert not np.array_equal(first.model_.get_weights()[0], second.model_.get_weights()[0])
    assert first.history_.keys() == {"loss"}


def test_a_seed_makes_a_fit_repeatable_and_changes_no_other_draw() -> None:
    kplug.utils.set_random_seed(1)
    expected = np.random.random(), torch.rand(1).item()
    kplug.utils.set_random_seed(1)
    first, second = (
        KplugRegressor(make, fit_kwargs={"verbose": 0}, random_state=seed).fit(X, Y)
        for seed in (3, np.random.RandomState(3))
    )
    assert (np.random.random(), torch.rand(1).item()) == expected
    again = clone(first).fit(X, Y)
    assert np.array_equal(again.predict(X), first.predict(X))
    assert not np.array_equal(second.predict(X), first.predict(X))


def test_a_warm_start_goes_on() -> None:
    estimator = KplugClassifier(_compiled(), warm_start=True, fit_kwargs={"verbose": 0}).fit(X, Y)
    model = estimator.model_
    assert estimator.fit(X, Y, epochs=2).model_ is model
    assert len(estimator.history_["loss"]) == 2


def test_classes_keep_their_names() -> None:
    names = np.array(["one", "three", "two"])[Y]
    estimator = ESTIMATORS["classifier"]().fit(X, names)
    assert estimator.classes_.tolist() == ["one", "three", "two"]
    probabilities = estimator.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (estimator.predict(X) == estimator.classes_[probabilities.argmax(axis=1)]).all()


@pytest.mark.parametrize("y", [Y * 1.0, np.stack([Y, -Y], 1)], ids=["one", "two"])
def test_predictions_have_the_shape_of_the_targets(y: Any) -> None:
    estimator = ESTIMATORS["regressor"]().fit(X, y)
    assert estimator.predict(X).shape == y.shape


def test_an_estimator_is_pickled_with_its_model() -> None:
    estimator = ESTIMATORS["regressor"]().fit(X, Y)
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_allclose(again.predict(X), estimator.predict(X), rtol=1e-6)


def test_pictures_are_samples_too() -> None:
    model = Sequential([kplug.layers.Flatten(input_shape=(4, 4, 1)), Dense(2, "softmax")])
    model.compile("sgd", "categorical_crossentropy")
    pictures = np.zeros((6, 4, 4, 1))
    estimator = KplugClassifier(model, fit_kwargs={"verbose": 0}).fit(pictures, [0, 1] * 3)
    assert estimator.predict(pictures).shape == (6,)


def test_a_model_that_is_not_compiled_is_named() -> None:
    with pytest.raises(NotCompiledError) as caught:
        KplugRegressor(Sequential([Dense(1)], name="plain")).fit(X, Y)
    assert str(caught.value) == (
        "KplugRegressor: model 'plain' is not compiled\n"
        "  Call its compile(…) first; a function returns a compiled model."
    )


def test_one_class_is_no_task() -> None:
    with pytest.raises(DataError, match=r"all targets are of one class, 'a'"):
        ESTIMATORS["classifier"]().fit(X, ["a"] * len(X))


@pytest.mark.parametrize(
    ("units", "activation", "loss", "metrics", "complaint"),
    [
        (
            3,
            "softmax",
            "sparse_categorical_crossentropy",
            None,
            "loss: sparse_categorical_crossentropy: y_true has",
        ),
        (1, "sigmoid", "binary_crossentropy", None, "loss: binary_crossentropy: y_true has"),
        (2, "softmax", "categorical_crossentropy", None, "loss: categorical_crossentropy: y_true"),
        (
            3,
            "softmax",
            "categorical_crossentropy",
            ["sparse_categorical_accuracy"],
            "metrics[0]: sparse_",
        ),
    ],
)
def test_whoever_gives_class_ids_is_told_what_the_model_gets(
    units: int, activation: str, loss: str, metrics: Any, complaint: str
) -> None:
    model = Sequential([Dense(units, activation, input_dim=4)])
    model.compile("sgd", loss, metrics=metrics)
    with pytest.raises(DataError) as caught:
        KplugClassifier(model, fit_kwargs={"verbose": 0}).fit(X, Y)
    message, hint = str(caught.value).split("\n")
    assert message.startswith(complaint)
    assert hint == (
        "  KplugClassifier makes the classes one-hot, of shape (samples, 3). Let the model end in "
        "Dense(3, 'softmax'), and compile it with 'categorical_crossentropy', and with metrics without "
        "'sparse_'."
    )


def test_another_fault_of_the_data_is_told_as_it_is() -> None:
    model = Sequential([Dense(3, "softmax", input_dim=5)])
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(DataError) as caught:
        KplugClassifier(model, fit_kwargs={"verbose": 0}).fit(X, Y)
    assert "one-hot" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (None, "KplugClassifier: model is None"),
        (3, "KplugClassifier: model is 3"),
        (lambda: 3, r"cannot be used as the model of KplugClassifier: got an unexpected keyword"),
    ],
)
def test_what_makes_no_model_is_said(model: Any, text: str) -> None:
    with pytest.raises(ContractError, match=text) as caught:
        KplugClassifier(model).fit(np.ones((4, 2)), np.array([0, 1, 0, 1]))
    assert str(caught.value).endswith(
        "Give a compiled model, or a function (X, y) that returns one."
    )


def test_programs_for_keras_find_the_same_classes() -> None:
    names: dict[str, Any] = {}
    exec("import kplug as keras\nfrom kplug.wrappers import SKLearnRegressor", names)
    assert names["SKLearnRegressor"] is names["keras"].wrappers.KplugRegressor is KplugRegressor
