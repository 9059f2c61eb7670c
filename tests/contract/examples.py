"""How the components that ship with kplug are made and called in the contract suite.

What needs no arguments, works on the usual inputs and keeps every promise is not listed here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from kplug_authoring import Example
from kplug_numbers.plugin import READ

from kplug.errors import SpecError
from kplug.layers import Input
from kplug.registry import REGISTRY, Component, Spec, parse_spec
from kplug.registry.kinds import BUILT_IN_KINDS, KINDS

# For arguments without a default, whatever component they belong to.
USUAL_ARGUMENTS: dict[str, Any] = {
    "activation": "kplug/relu",
    "axes": 1,
    "backup_dir": "backup",
    "boundaries": [10, 100],
    "cell": parse_spec("kplug/LSTMCell(units=3)"),
    "cells": [parse_spec("kplug/LSTMCell(units=3)"), parse_spec("kplug/GRUCell(units=2)")],
    "decay_rate": 0.9,
    "decay_steps": 100,
    "default_value": -0.5,
    "dims": (2, 1),
    "equation": "ab,bc->ac",
    "filename": "log.csv",
    "filepath": "weights.h5",
    "filters": 3,
    "function": "kplug/relu",
    "first_decay_steps": 100,
    "head_dim": 2,
    "initial_learning_rate": 0.1,
    "input_dim": 5,
    "kernel_size": 3,
    "key_dim": 3,
    "layer": parse_spec("kplug/LSTM(units=3)"),
    "n": 2,
    "num_classes": 3,
    "num_heads": 2,
    "num_key_value_heads": 2,
    "num_query_heads": 4,
    "operation": "negative",
    "output_dim": 3,
    "output_shape": 3,
    "output_size": 2,
    "precision": 0.5,
    "rank": 2,
    "rate": 0.5,
    "recall": 0.5,
    "scale": 0.5,
    "sensitivity": 0.5,
    "smooth": 1e-5,
    "sparsity": 0.5,
    "specificity": 0.5,
    "stddev": 0.1,
    "target_class_ids": [0, 1],
    "target_shape": (5, 1),
    "thresh": None,
    "threshold": 0.1,
    "units": 4,
    "values": [0.1, 0.01, 0.001],
}

LARGE = (200, 300)  # fan_in 200, fan_out 300


def _varies(variance: float, **arguments: Any) -> Example:
    return Example(arguments, shape=LARGE, variance=variance)


POSITIVE = (
    torch.tensor([[1.5, 2.5], [0.5, 3.5], [2.5, 1.5]], dtype=torch.float64),
    torch.tensor([[1.2, 2.1], [0.9, 3.3], [2.7, 1.9]], dtype=torch.float64),
)
DECAY = parse_spec(
    "kplug/exponential_decay(initial_learning_rate=0.1, decay_steps=2, decay_rate=0.5)"
)
OPTIMIZERS = {"default_optimizer": "kplug/adam(lr=0.05)", "optimizer_map": {}}
ROWS = Input((4,))
# Targets and predictions of three classes.
IDS = (torch.tensor([0, 1, 2, 1]), torch.tensor([0, 2, 2, 1]))
# The score of a batch as a whole has no parts that add up.
SAMPLES = Example({"smooth": 1e-5, "thresh": 0.5, "reduction": "sample"})

SIGNS = Example(leave_out={"soft_targets": "its targets are -1 and 1; 0 and 1 alone are labels"})
CELL = Example({"units": 4}, leave_out={"device": "a cell is called by a layer, with its states"})

EXAMPLES: dict[str, Example] = {
    "initializer/kplug/random_normal": _varies(0.0025),
    "initializer/kplug/random_uniform": _varies(0.01 / 12),
    "initializer/kplug/truncated_normal": _varies(0.0025 * 0.87962566103423978**2),
    "initializer/kplug/variance_scaling": _varies(2 / 300, scale=2.0, mode="fan_out"),
    "initializer/kplug/lecun_normal": _varies(1 / 200),
    "initializer/kplug/lecun_uniform": _varies(1 / 200),
    "initializer/kplug/glorot_normal": _varies(2 / 500),
    "initializer/kplug/glorot_uniform": _varies(2 / 500),
    "initializer/kplug/he_normal": _varies(2 / 200),
    "initializer/kplug/he_uniform": _varies(2 / 200),
    "initializer/kplug/orthogonal": _varies(1 / 300),
    "initializer/torch/normal": _varies(0.25, std=0.5),
    "initializer/torch/uniform": _varies(1 / 12),
    "initializer/torch/trunc_normal": dataclasses.replace(
        _varies(0.0025, std=0.05), leave_out={"idle": "the bounds are 40 deviations away"}
    ),
    "initializer/torch/kaiming_normal": _varies(2 / 200),
    "initializer/torch/kaiming_uniform": _varies(2 / 300, mode="fan_out"),
    "initializer/torch/xavier_normal": _varies(2 / 500),
    "initializer/torch/xavier_uniform": _varies(4 * 2 / 500, gain=2.0),
    "initializer/torch/orthogonal": _varies(1 / 300),
    "activation/kplug/glu": Example(leave_out={"shape": "it multiplies one half by the other"}),
    "regularizer/kplug/orthogonal_regularizer": Example(
        leave_out={"half": "the sum of the products of 300 rows overflows in float16"}
    ),
    "loss/kplug-keras2/binary_crossentropy": Example(
        leave_out={"half": "its epsilon is Keras 2's, which float16 cannot tell from 0"}
    ),
    "loss/kplug/circle": Example(
        leave_out={
            "one_row": "it compares the samples of a batch with each other",
            "reduction": "samples whose loss is 0 do not count in the mean",
        }
    ),
    "loss/kplug/torch_convention": Example({"loss": parse_spec("kplug/mean_squared_error")}),
    "metric/kplug/torch_convention": Example({"metric": parse_spec("kplug/mean_absolute_error")}),
    **dict.fromkeys(("loss/kplug/hinge", "loss/kplug/squared_hinge"), SIGNS),
    "loss/kplug/weighted_sum": Example(
        {
            "terms": ["kplug/mean_squared_error", "kplug/mean_absolute_error"],
            "weights": [0.5, 2.0],
        }
    ),
    "loss/torch/hinge_embedding_loss": SIGNS,
    "loss/torch/multi_label_margin_loss": Example(
        leave_out={"soft_targets": "its targets are lists of class ids"}
    ),
    "loss/torch/soft_margin_loss": Example(
        leave_out={"precise": "torch's kernel computes exp(100) in float32"}
    ),
    "loss/kplug/ctc": Example(leave_out={"device": "torch's ctc_loss knows no meta tensors"}),
    # Targets of 0 make the percentage 1e7 times as large as its own float64 precision.
    "loss/kplug/mean_absolute_percentage_error": Example(
        inputs=POSITIVE, leave_out={"uneven_weights": "it warns of targets of 0"}
    ),
    "loss/torch/kl_div_loss": Example(
        {"reduction": "batchmean"},
        leave_out=dict.fromkeys(("one_row", "reduction"), "divided by samples, not by values"),
    ),
    "metric/kplug/exact_accuracy": Example(inputs=IDS),
    "metric/kplug/iou": Example({"num_classes": 3, "target_class_ids": [0, 1]}, inputs=IDS),
    "metric/kplug/mean_iou": Example({"num_classes": 3}, inputs=IDS),
    "metric/kplug/sparse_categorical_crossentropy": Example(
        leave_out={"left_out_class": "without weights the divisor has all places, as in Keras"}
    ),
    "metric/kplug/f1_score": Example({"average": "macro"}),
    "metric/kplug/fbeta_score": Example({"average": "macro"}),
    "metric/kplug-segmentation/dice_coef": SAMPLES,
    "metric/kplug-segmentation/jaccard_coef": SAMPLES,
    "optimizer/kplug/adafactor": Example(
        leave_out={"effect": "`relative_step` is kept for Keras's configurations"}
    ),
    "optimizer/torch/asgd": Example(
        leave_out={"idle": "`t0` says when an average begins, which is no weight"}
    ),
    "optimizer/kplug/loss_scale_optimizer": Example(
        {"inner_optimizer": parse_spec("kplug/adam(lr=0.05)")}
    ),
    "optimizer/kplug/multi_optimizer": Example({"optimizer_map": OPTIMIZERS}),
    "callback/kplug/learning_rate_scheduler": Example({"schedule": DECAY}),
    "layer/kplug/Bidirectional": Example(
        {
            "layer": parse_spec("kplug/LSTM(units=3)"),
            "backward_layer": parse_spec("kplug/LSTM(units=3, go_backwards=True)"),
        }
    ),
    "layer/kplug/Sequential": Example(
        {"layers": [parse_spec("kplug/Dense(units=3)")]},
        leave_out={"config": "only from_config makes layers of what it writes of them"},
    ),
    "layer/kplug/SpectralNormalization": Example({"layer": parse_spec("kplug/Dense(units=3)")}),
    "layer/kplug/Functional": Example(
        {"inputs": ROWS, "outputs": -ROWS},
        inputs=(torch.ones(4, 4),),
        leave_out={"config": "symbolic tensors are no text"},
    ),
    "layer/kplug/ConvLSTM3D": Example(
        {"filters": 3, "kernel_size": 3}, inputs=(torch.ones(4, 2, 4, 4, 4, 3),)
    ),
    "layer/kplug/ConvLSTMCell": Example(
        {"rank": 1, "filters": 3, "kernel_size": 2, "padding": "same"},
        inputs=(torch.ones(4, 4, 3), [torch.ones(4, 4, 3)] * 2),
        leave_out=CELL.leave_out,
    ),
    "layer/kplug/GroupNormalization": Example(
        {"groups": 5}, leave_out={"padding": "as in Keras, its statistics are of all steps"}
    ),
    "layer/kplug/Softmax": Example(leave_out={"mask": "its mask says which values count"}),
    **{f"layer/kplug/{name}Cell": CELL for name in ("GRU", "LSTM", "SimpleRNN")},
    "layer/kplug/StackedRNNCells": Example(
        {"cells": USUAL_ARGUMENTS["cells"]},
        inputs=(torch.ones(4, 5), [torch.ones(4, size) for size in (3, 3, 2)]),
        leave_out=CELL.leave_out,
    ),
    "layer/kplug/InputLayer": Example(
        {"shape": (5,)},
        leave_out={"config": "its configuration has batch_input_shape, which only models read"},
    ),
}


ADAPTABLE = ("Dense", "EinsumDense", "Embedding")
OF_ADAPTERS = {
    "config": "as in Keras, the arguments of an adapter stand there once it has one",
    "idle": "an adapter begins at zero, and its alpha without a rank means nothing",
}


def find_examples() -> dict[str, Example]:
    """Return an example for each component of kplug's kinds that needs one, so that a new one is found."""
    found = {}
    for kind in BUILT_IN_KINDS.values():
        for component in REGISTRY.components(kind):
            name = f"{kind.name}/{component.qualified_name}"
            arguments = _usual_arguments(component, len(kind.leading))
            if arguments and name not in EXAMPLES:
                found[name] = Example(arguments)
    owners = {
        one.origin.distribution
        for kind in BUILT_IN_KINDS.values()
        for one in REGISTRY.components(kind)
    }
    found |= {name: one for name, one in EXAMPLES.items() if name.split("/")[1] in owners}
    adaptable = {name: found[name] for name in (f"layer/kplug/{layer}" for layer in ADAPTABLE)}
    return found | {
        name: replace(one, leave_out={**one.leave_out, **OF_ADAPTERS})
        for name, one in adaptable.items()
    }


def list_own_distributions() -> list[str]:
    """Return the distributions of this repository with components that `kplug_numbers` has a recipe for."""
    root = Path(__file__).parents[2]
    ours = {"kplug", *(one.parent.name for one in root.glob("plugins/*/pyproject.toml"))}
    return sorted(ours & {one.origin.distribution for _, one in _list_read()})


def list_example_specs(distribution: str) -> list[str]:
    """Return the components of a distribution with the arguments that they need here, as text."""
    examples, found = find_examples(), []
    for kind, component in _list_read():
        example = examples.get(f"{kind}/{component.qualified_name}")
        if example is not None and component.origin.distribution == distribution:
            with contextlib.suppress(SpecError):  # symbolic tensors are no text
                found.append(str(Spec(component.name, kwargs=dict(example.arguments))))
    return found


def _list_read() -> Iterator[tuple[str, Component]]:
    for kind in READ:
        yield from ((kind, one) for one in REGISTRY.components(KINDS[kind]))


def _usual_arguments(component: Component, leading: int) -> dict[str, Any]:
    target = REGISTRY.load(component)
    parameters = list(inspect.signature(target).parameters.values())
    if component.role == "function" or _is_the_component(component, parameters):
        parameters = parameters[max(leading, 1) :]
    return {
        one.name: USUAL_ARGUMENTS[one.name]
        for one in parameters
        if one.default is one.empty and one.name in USUAL_ARGUMENTS
    }


def _is_the_component(component: Component, parameters: list[inspect.Parameter]) -> bool:
    leading = KINDS[component.kind].leading
    return bool(leading) and tuple(one.name for one in parameters[: len(leading)]) == leading
