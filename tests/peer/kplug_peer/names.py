"""Which of kplug's objects stands under which of Keras's names."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
from keras import config as keras_config
from keras.src import (
    backend as keras_backend,
    dtype_policies as keras_policies,
    ops as keras_ops,
    testing as keras_testing,
)

from kplug import (
    activations,
    backend,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    models,
    regularizers,
)
from kplug.components.arguments import require_number
from kplug.initializers.scaling import compute_fans
from kplug.losses.base import alignment

from . import metrics as metric_calls, operations, optimizers as optimizer_calls, tensors
from .cases import TestCase
from .imports import Names


def make_stand_ins(file: str) -> dict[str, Any]:
    """Return Keras module → stand-in for one test file."""
    prepare()
    table: dict[str, Any] = {"conftest": Names("conftest", {"skip_if_backend": _keep})}
    shared = {
        "testing": Names("testing", {"TestCase": TestCase}, keras_testing),
        "backend": _make_backend(),
        "dtype_policies": _make_policies(),
        "layers": Names("layers", {}, layers),
        "models": Names("models", {}, models),
        "callbacks": Names("callbacks", {}, callbacks),
        "activations": _make_activations(),
        "constraints": Names("constraints", {}, constraints),
    }
    table.update({f"keras.src.{name}": one for name, one in shared.items()})
    table.update(_make_initializers())
    table.update(_make_regularizers())
    table.update(_make_losses())
    table.update(metric_calls.make_stand_ins())
    table.update(optimizer_calls.make_stand_ins())
    table["keras.src.saving"] = Names("saving", {"register_keras_serializable": _keep})
    table["keras.src"] = Names("keras.src", {})
    table["keras.src.random"] = shared["backend"].random
    top = {"layers": shared["layers"], "Sequential": models.Sequential, "ops": keras_ops}
    table["keras"] = Names("keras", {**top, "optimizers": table["keras.src.optimizers"]})
    if file.startswith("ops/"):
        table.update(operations.make_stand_ins())
        own = {
            "ops": table["keras.src.ops"],
            "config": keras_config,
            "Input": layers.Input,
            "Layer": layers.Layer,
            "Model": models.Model,
        }
        symbolic = {"KerasTensor": operations.KerasTensor}
        table["keras.src.backend"] = Names("backend", symbolic, shared["backend"])
        table["keras"] = Names("keras", own, table["keras"])
    return table


@functools.cache
def prepare() -> None:
    """Give kplug's objects Keras's calling shapes, once in the process."""
    tensors.give_tensors_variable_methods()
    for base in (constraints.Constraint, regularizers.Regularizer):
        tensors.let_calls_take_arrays(base)
    _cast_predictions()
    metric_calls.give_keras_calls()
    _give_models_keras_calls()
    optimizer_calls.give_keras_calls()


def _give_models_keras_calls() -> None:
    """kplug always runs eagerly, and calls a model's variables weights."""
    owner: Any = models.Model
    compile_model = owner.compile

    @functools.wraps(compile_model)
    def compile_eagerly(
        self: Any, *arguments: Any, run_eagerly: bool = True, **keywords: Any
    ) -> None:
        compile_model(self, *arguments, **keywords)

    owner.compile = compile_eagerly
    owner.trainable_variables = property(lambda self: self.trainable_weights)


def _keep(*arguments: Any, **keywords: Any) -> Callable[[Any], Any]:
    """Stand for a decorator that means nothing here."""
    return lambda decorated: decorated


def _make_backend() -> Names:
    def set_floatx(name: str) -> None:
        keras_backend.set_floatx(name)
        backend.set_floatx(name)

    def set_image_data_format(name: str) -> None:
        keras_backend.set_image_data_format(name)
        backend.set_image_data_format(name)

    random = Names("backend.random", {"SeedGenerator": _make_generator}, keras_backend.random)
    own = {
        "Variable": tensors.Variable,
        "name_scope": tensors.name_scope,
        "set_floatx": set_floatx,
        "set_image_data_format": set_image_data_format,
        "random": random,
    }
    return Names("backend", own, keras_backend)


def _make_generator(seed: int | None = None) -> torch.Generator:
    """A ``SeedGenerator`` is torch's generator: an object whose draws differ from call to call."""
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    return generator


def _make_policies() -> Names:
    """A policy is the name of its compute type: kplug has types, no policies."""

    def name_type(policy: str) -> str:
        return str(keras_policies.DTypePolicy(policy).compute_dtype)

    return Names("dtype_policies", {"DTypePolicy": name_type}, keras_policies)


def _make_activations() -> Names:
    functions = {
        name: tensors.taking_arrays(one)
        for name, one in vars(activations).items()
        if inspect.isfunction(one) and not name.startswith("_")
    }

    def get(identifier: object) -> Any:
        return tensors.taking_arrays(activations.get(identifier))

    functions["get"] = get
    return Names("activations", functions)


def _make_initializers() -> dict[str, Any]:
    door = Names("initializers", {"compute_fans": compute_fans}, initializers)
    return {
        "keras.src.initializers": door,
        "keras.src.initializers.random_initializers": door,
    }


def _make_regularizers() -> dict[str, Any]:
    def validate(value: object, name: str) -> float:
        return require_number(regularizers.L1(), name, value, at_least=0.0)

    door = Names("regularizers", {"validate_float_arg": validate}, regularizers)
    return {"keras.src.regularizers": door, "keras.src.regularizers.regularizers": door}


def _make_losses() -> dict[str, Any]:
    door = Names("losses", {"squeeze_or_expand_to_same_rank": alignment.align_ranks}, losses)
    return {
        "keras.src.losses": door,
        "keras.src.losses.loss": door,
        "keras.src.losses.losses": door,
    }


def _cast_predictions() -> None:
    """Hand predictions of double precision to a loss without a type in ``floatx``, as Keras's losses do.

    kplug keeps the type of a tensor. A mask that is fastened to the predictions goes along.
    """
    owner: Any = losses.Loss
    call = owner.__call__

    @functools.wraps(call)
    def cast_and_call(self: Any, y_true: Any, y_pred: Any, *rest: Any, **keywords: Any) -> Any:
        if self.dtype is None and torch.is_tensor(y_pred) and y_pred.dtype is torch.float64:
            mask = keras_backend.get_keras_mask(y_pred)
            y_pred = y_pred.to(backend.to_dtype(backend.floatx()))
            keras_backend.set_keras_mask(y_pred, mask)
        return call(self, y_true, y_pred, *rest, **keywords)

    owner.__call__ = cast_and_call
