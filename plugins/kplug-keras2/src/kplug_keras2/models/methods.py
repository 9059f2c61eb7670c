"""The methods that ``install`` gives kplug's models, with Keras 2's signatures."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import yaml

import kplug
from kplug.graph import is_symbolic
from kplug_keras2.arguments.renamed import modernise
from kplug_keras2.keras.optimizers import find_optimizer
from kplug_keras2.models.counted_samples import count_samples
from kplug_keras2.models.frozen_weights import note_trainable, training_as_compiled
from kplug_keras2.models.graph_losses import follow_graph, follow_losses
from kplug_keras2.models.keras_callbacks import tell_callbacks
from kplug_keras2.models.log_names import Logs, name_metrics
from kplug_keras2.models.losses import find_losses
from kplug_keras2.models.workers import OF_QUEUES, making_batches
from kplug_keras2.symbolic.fixed_inputs import (
    complete,
    complete_batches,
    complete_targets,
    note_targets,
)
from kplug_keras2.symbolic.layer_losses import give_losses
from kplug_keras2.symbolic.phase import asking_phase
from kplug_keras2.symbolic.training import note_losses

_compile, _fit, _evaluate = kplug.Model.compile, kplug.Model.fit, kplug.Model.evaluate
_predict, _predict_on_batch = kplug.Model.predict, kplug.Model.predict_on_batch
_train_on_batch, _test_on_batch = kplug.Model.train_on_batch, kplug.Model.test_on_batch


def compile(  # noqa: A001 - Keras's name
    self: Any,
    optimizer: Any = "rmsprop",
    loss: Any = None,
    metrics: Any = None,
    loss_weights: Any = None,
    sample_weight_mode: Any = None,  # noqa: ARG001 - the shape of the weights says it
    weighted_metrics: Any = None,
    target_tensors: Any = None,
    **options: Any,
) -> None:
    """Prepare the model for training; the layers that are trainable now are trained.

    Raises:
        KplugError: ``target_tensors`` have no values.
    """
    if is_symbolic(target_tensors):
        raise kplug.KplugError(
            "compile: target_tensors are tensors of a TensorFlow graph",
            hint="Give the targets to fit, or compute the loss from tensors with model.add_loss.",
        )
    give_losses(self)
    _compile(
        self,
        find_optimizer(optimizer, self),
        follow_losses(self, find_losses(loss)),
        metrics=follow_graph(self, name_metrics(metrics)),
        loss_weights=loss_weights,
        weighted_metrics=follow_graph(self, name_metrics(weighted_metrics)),
        **options,
    )
    note_trainable(self)
    note_targets(self, target_tensors)
    note_losses(self, find_losses(loss), loss_weights)


def fit(self: Any, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Train the model, with Keras 2's arguments."""
    read = _read(_fit, kwargs)
    given = dict(zip(FIT_ARGUMENTS[3:], args, strict=False)) | read
    told = tell_callbacks({"x": x, "y": y, **given})
    x, y, more = complete_batches(self, x, y, given.get("steps_per_epoch"))
    with training_as_compiled(self):
        return _fit(self, x, y, **{**given, **more, "callbacks": told})


def evaluate(self: Any, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Return loss and metrics on data, with Keras 2's arguments."""
    read = _read(_evaluate, kwargs)
    x, y, more = complete_batches(self, x, y, read.get("steps"))
    found = _evaluate(self, x, y, *args, **{**read, **more})
    return Logs(found) if isinstance(found, dict) else found


def predict(self: Any, x: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Return the outputs for inputs; silent, as in Keras 2."""
    read = _read(_predict, kwargs)
    if len(args) < 2:
        read.setdefault("verbose", 0)
    x, _, more = complete_batches(self, _cut_to_first(x), None, read.get("steps"))
    return _predict(self, x, *args, **{**read, **more})


def _cut_to_first(x: Any) -> Any:
    """Truncate several inputs to the first one's number of samples, as Keras 2 does."""
    if not isinstance(x, (list, tuple)) or not all(hasattr(one, "shape") for one in x):
        return x
    sizes = [len(one) for one in x]
    return x if len(set(sizes)) < 2 or min(sizes) < sizes[0] else [one[: sizes[0]] for one in x]


def train_on_batch(self: Any, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Make one update of the weights that were trainable when ``compile`` was called."""
    x, y = complete(self, x), complete_targets(self, y)
    with training_as_compiled(self):
        return _train_on_batch(self, x, y, *args, **kwargs)


def evaluate_on_batch(self: Any, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Return loss and metrics of one batch."""
    return _test_on_batch(self, complete(self, x), complete_targets(self, y), *args, **kwargs)


def predict_on_batch(self: Any, x: Any = None) -> Any:
    """Return the outputs for one batch."""
    return _predict_on_batch(self, complete(self, x))


def fit_generator(
    self: Any,
    generator: Any,
    steps_per_epoch: int | None = None,
    epochs: int = 1,
    verbose: int = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    *others: Any,
    **options: Any,
) -> Any:
    """Train on batches from a generator, with the arguments of Keras 2, or of Keras 1 by name."""
    given = {
        "steps_per_epoch": steps_per_epoch,
        "epochs": epochs,
        "verbose": verbose,
        "callbacks": callbacks,
        "validation_data": validation_data,
        "validation_steps": validation_steps,
        # Keras 2.3 has `validation_freq` before the others.
        **dict(zip(_LAST_OF_FIT[len(others) < 7 :], others, strict=False)),
    }
    counted, generator = count_samples(generator, options, "samples_per_epoch", "steps_per_epoch")
    checked, data = count_samples(
        options.pop("validation_data", validation_data),
        options,
        "nb_val_samples",
        "validation_steps",
    )
    given = {**given, **counted, **checked, "validation_data": data}
    read = _read_options("fit_generator", given, options)
    with making_batches(generator, {**given, **options}):
        return self.fit(generator, **read)


# The parameters after `validation_steps` in Keras 2.
_LAST_OF_FIT = (
    *("validation_freq", "class_weight", "max_queue_size", "workers", "use_multiprocessing"),
    *("shuffle", "initial_epoch"),
)


def _read_options(owner: str, given: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    known = {*given, "class_weight", "initial_epoch", "shuffle", "validation_freq"}
    return {
        name: one
        for name, one in {**given, **modernise(owner, options, known)}.items()
        if name not in OF_QUEUES and not (name == "validation_freq" and one is None)
    }


def evaluate_generator(
    self: Any, generator: Any, steps: int | None = None, *others: Any, **options: Any
) -> Any:
    """Return loss and metrics on batches from a generator."""
    return self.evaluate(**_read_generator("evaluate_generator", generator, steps, others, options))


def predict_generator(
    self: Any, generator: Any, steps: int | None = None, *others: Any, **options: Any
) -> Any:
    """Return the outputs for batches from a generator."""
    return self.predict(**_read_generator("predict_generator", generator, steps, others, options))


def _read_generator(
    owner: str, generator: Any, steps: int | None, others: tuple[Any, ...], options: dict[str, Any]
) -> dict[str, Any]:
    """Parse the arguments of a method with ``steps``; later numbers configure its queue."""
    # Keras 2.3 has callbacks there, a list or a callback.
    callbacks = None if not others or isinstance(others[0], int) else others[0]
    given = {"steps": steps, "callbacks": callbacks, "verbose": 0}
    options = {name: one for name, one in options.items() if name not in OF_QUEUES}
    counted, data = count_samples(generator, options, "val_samples", "steps")
    read = {**given, **counted, **modernise(owner, options, given)}
    return {"x": data, **read}


def predict_proba(self: Any, x: Any, batch_size: int | None = None, verbose: int = 0) -> Any:
    """Return the outputs, the probabilities of a classifier."""
    return self.predict(x, batch_size=batch_size, verbose=verbose)


def predict_classes(self: Any, x: Any, batch_size: int | None = None, verbose: int = 0) -> Any:
    """Return the class of each sample: the largest output, or whether the only one is more than 0.5."""
    probabilities = self.predict(x, batch_size=batch_size, verbose=verbose)
    if probabilities.shape[-1] > 1:
        return probabilities.argmax(axis=-1)
    return (probabilities > 0.5).astype(np.int32)


def to_yaml(self: Any, **options: Any) -> str:
    """Return the configuration as YAML, which ``model_from_yaml`` reads."""
    return str(yaml.safe_dump(json.loads(self.to_json()), **options))


def _read(method: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    return modernise(method.__name__, given, _list_arguments(method))


@functools.cache
def _list_arguments(method: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(method).parameters)


# The parameters of kplug's own methods, which these replace on `Model`.
FIT_ARGUMENTS = _list_arguments(_fit)
PREDICT_ARGUMENTS = _list_arguments(_predict)
METHODS = {
    "compile": compile,
    "evaluate": asking_phase(evaluate),
    "evaluate_generator": evaluate_generator,
    "fit": asking_phase(fit),
    "fit_generator": fit_generator,
    "predict": asking_phase(predict),
    "predict_classes": predict_classes,
    "predict_generator": predict_generator,
    "predict_on_batch": asking_phase(predict_on_batch),
    "predict_proba": predict_proba,
    "test_on_batch": asking_phase(evaluate_on_batch),
    "to_yaml": to_yaml,
    "train_on_batch": asking_phase(train_on_batch),
}
