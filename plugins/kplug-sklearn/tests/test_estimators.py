"""Estimators pass scikit-learn's checks and work in its tools."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import skorch
import torch
from kplug_sklearn import KplugClassifier, KplugRegressor, KplugTransformer
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, ParameterGrid, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import kplug
from kplug.errors import ArgumentError, ContractError, DataError, NotCompiledError
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


GRID = {
    "loss": ["categorical_crossentropy", "categorical_focal_crossentropy(gamma=1.0)"],
    "optimizer": ["adam(lr=1e-3)", "sgd(momentum=0.9)"],
    "optimizer__lr": [0.25, 0.5],
    "model__units": [2, 3],
}


@pytest.mark.parametrize("form", ["function", "pipeline"])
def test_a_grid_goes_over_components_and_their_arguments(form: str) -> None:
    classifier = KplugClassifier(
        make, model__activation="softmax", fit__verbose=0, fit__batch_size=150
    )
    prefix = "" if form == "function" else "kplugclassifier__"
    estimator = classifier if form == "function" else make_pipeline(StandardScaler(), classifier)
    grid = {f"{prefix}{name}": values for name, values in GRID.items()}
    search = GridSearchCV(estimator, grid, cv=2, error_score="raise").fit(X, Y)
    assert search.cv_results_["params"] == list(ParameterGrid(grid))
    best = search.best_estimator_ if form == "function" else search.best_estimator_[-1]
    chosen = {name.removeprefix(prefix): value for name, value in search.best_params_.items()}
    rows = best.model_.components
    assert rows.get("loss").name == f"kplug/{chosen['loss'].partition('(')[0]}"
    assert rows.get("optimizer").name == f"kplug/{chosen['optimizer'].partition('(')[0]}"
    assert rows.get("optimizer").arguments["lr"] == chosen["optimizer__lr"]
    assert best.model_.layers[0].units == chosen["model__units"]


class _Net(torch.nn.Sequential):
    def __init__(self, units: int = 4) -> None:
        torch.manual_seed(units)  # so that both libraries begin with the same weights
        super().__init__(torch.nn.Linear(4, units), torch.nn.ReLU(), torch.nn.Linear(units, 3))


def _wrap(X: Any, y: Any, units: int = 4) -> Any:
    return Sequential([_Net(units)])  # not compiled: the estimator's loss and optimizer do


@pytest.mark.slow  # some seconds of skorch
def test_a_search_finds_what_that_of_skorch_finds() -> None:
    optimizers = {
        "optimizer": [torch.optim.SGD, torch.optim.Adam],
        "optimizer__lr": [0.0, 0.05],
    }
    theirs = GridSearchCV(
        skorch.NeuralNetClassifier(
            _Net,
            criterion=torch.nn.CrossEntropyLoss,
            max_epochs=20,
            batch_size=-1,
            train_split=None,
            verbose=0,
        ),
        {"module__units": [1, 8], **optimizers},
        cv=3,
        refit=False,
    )
    ours = GridSearchCV(
        KplugClassifier(
            _wrap,
            loss="categorical_crossentropy(from_logits=True)",
            fit__epochs=20,
            fit__batch_size=150,
            fit__verbose=0,
            fit__shuffle=False,
        ),
        {"model__units": [1, 8], **optimizers},
        cv=3,
        refit=False,
    )
    theirs.fit(X.astype("float32"), Y)
    ours.fit(X, Y)
    expected, found = (
        {tuple(map(str, params.values())): score for params, score in zip(*search, strict=True)}
        for search in (
            (one.cv_results_["params"], one.cv_results_["mean_test_score"])
            for one in (theirs, ours)
        )
    )
    assert found.keys() == expected.keys()
    for key, score in expected.items():
        assert found[key] == pytest.approx(score, abs=0.02), key


@pytest.mark.slow  # processes that import torch
def test_a_search_in_processes_finds_what_one_finds() -> None:
    found = [
        GridSearchCV(
            KplugClassifier(
                _wrap,
                loss="categorical_crossentropy(from_logits=True)",
                fit__verbose=0,
                random_state=0,
            ),
            {"optimizer": ["adam", "sgd"], "optimizer__lr": [0.01, 0.1]},
            n_jobs=jobs,
            cv=2,
            error_score="raise",
        )
        .fit(X, Y)
        .cv_results_["mean_test_score"]
        for jobs in (1, 2)
    ]
    np.testing.assert_allclose(*found)


def test_entries_of_parameters_are_parameters() -> None:
    classifier = KplugClassifier(make, model__units=3, optimizer__lr=0.5, fit_kwargs={"epochs": 2})
    classifier.set_params(fit__verbose=0, model__units=4)
    assert classifier.fit_kwargs == {"epochs": 2, "verbose": 0}
    params = clone(classifier).get_params()
    expected = {"model__units": 4, "fit__epochs": 2, "fit__verbose": 0, "optimizer__lr": 0.5}
    assert {name: value for name, value in params.items() if "__" in name} == expected
    assert not any("__" in name for name in classifier.get_params(deep=False))
    with pytest.raises(ValueError, match="Invalid parameter 'modell'"):
        classifier.set_params(modell__units=3)


def _adam(y: Any) -> Sequential:
    model = Sequential([Dense(3, "softmax", input_dim=4)])
    model.compile(
        "adam(learning_rate=0.5, beta_1=0.7)", "categorical_crossentropy", metrics=["acc"]
    )
    return model


def test_a_search_keeps_the_rest_of_what_was_compiled() -> None:
    estimator = KplugClassifier(_adam(Y), optimizer__lr=np.float64(0.25), fit__verbose=0).fit(X, Y)
    row = estimator.model_.components.get("optimizer")
    assert (row.name, row.arguments["lr"], row.arguments["beta_1"]) == ("kplug/adam", 0.25, 0.7)
    assert list(estimator.history_) == ["acc", "loss"]


def test_a_class_takes_further_arguments() -> None:
    estimator = KplugClassifier(
        _adam(Y),
        loss=kplug.losses.CategoricalCrossentropy,
        loss__label_smoothing=0.25,
        optimizer=torch.optim.SGD,
        optimizer__lr=0.5,
        fit__verbose=0,
    ).fit(X, Y)
    assert estimator.model_.optimizer.param_groups[0]["lr"] == 0.5
    assert estimator.model_.loss.label_smoothing == 0.25


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (
            _adam(Y),
            {"model__units": 3},
            "KplugClassifier: model__units is given, and the model is made already\n"
            "  Give a function (X, y, units=…) that returns a compiled model.",
        ),
        (
            _wrap,
            {"optimizer__lr": 0.1},
            "KplugClassifier: optimizer__lr is given, and neither the estimator nor its model says of which "
            "optimizer\n  Give optimizer=… too, by its name.",
        ),
    ],
)
def test_an_argument_without_its_owner_is_refused(model: Any, given: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        KplugClassifier(model, **given).fit(X, Y)
    assert str(caught.value) == message


def test_an_optimizer_that_is_made_takes_no_more_arguments() -> None:
    given: Any = {"optimizer": kplug.optimizers.Adam(), "optimizer__lr": 0.1}
    with pytest.raises(ArgumentError) as caught:
        KplugClassifier(_adam(Y), **given).fit(X, Y)
    assert str(caught.value) == (
        "KplugClassifier: optimizer__lr is given, and the optimizer is made already: Adam\n"
        "  Give the optimizer by its name, or its class."
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
        "  Call its compile(…) first, or give loss=…; a function returns a compiled model."
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
