"""Every layer treats the masks of its inputs as Keras's layer of the same name does."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import keras
import pytest
import torch
from keras.src.backend import get_keras_mask, set_keras_mask
from torch import Tensor

from kplug import layers
from kplug.backend.masks import get_mask, set_mask

#: For arguments without a default.
USUAL = {
    "activation": "relu",
    "axes": 2,
    "bin_boundaries": [0.0, 1.0],
    "dims": (2, 1),
    "equation": "abc,cd->abd",
    "factor": 0.5,
    "filters": 3,
    "head_dim": 2,
    "height": 2,
    "height_factor": 0.5,
    "input_dim": 7,
    "kernel_size": 2,
    "key_dim": 2,
    "n": 2,
    "num_heads": 2,
    "num_key_value_heads": 2,
    "num_query_heads": 2,
    "num_tokens": 7,
    "output_dim": 3,
    "output_shape": (None, 3),
    "output_size": 2,
    "pool_size": 2,
    "rate": 0.1,
    "scale": 0.5,
    "stddev": 0.1,
    "target_shape": (-1,),
    "units": 3,
    "width": 2,
    "width_factor": 0.5,
}
#: Arguments under which a layer does something else with masks, or which it cannot do without.
FURTHER: dict[str, list[dict[str, Any]]] = {
    "CategoryEncoding": [{"num_tokens": 7}],
    "Concatenate": [{"axis": 1}],
    "Discretization": [{"bin_boundaries": [0.0, 1.0]}],
    "Embedding": [{"mask_zero": True}],
    "GlobalAveragePooling1D": [{"keepdims": True}],
    "GroupNormalization": [{"groups": 1}],
    "Bidirectional": [{"wrapped": "LSTM(return_sequences)"}, {"wrapped": "LSTM(return_state)"}],
    "TimeDistributed": [{"wrapped": "EinsumDense"}],
    **{
        name: [{"return_sequences": True}, {"return_state": True}]
        for name in ("LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D")
    },
}
WRAPPED = {"Bidirectional": "LSTM", "TimeDistributed": "Dense", "SpectralNormalization": "Dense"}
#: They have no call of their own, are called by a layer, run a user's code, or need TensorFlow in Keras. The
#: mask of Softmax says which numbers count: tests/layers/test_activations.py.
OTHERS = {
    "GRUCell",
    "LSTMCell",
    "SimpleRNNCell",
    "Softmax",
    "Hashing",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "Lambda",
    "Layer",
    "RNN",
    "StackedRNNCells",
    "StringLookup",
    "TextVectorization",
    "TorchModuleWrapper",
    "Wrapper",
}
PAIRED = (
    "Attention",
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
)
NAMES = sorted(
    name
    for name in dir(keras.layers)
    if inspect.isclass(getattr(keras.layers, name)) and hasattr(layers, name) and name not in OTHERS
)


def make(owner: Any, name: str, wrapped: str = "", **arguments: Any) -> Any:
    made = getattr(owner, name)
    if name in WRAPPED:
        class_name, _, flag = (wrapped or WRAPPED[name]).removesuffix(")").partition("(")
        inner: dict[str, Any] = {flag: True} if flag else {}
        return made(make(owner, class_name, **inner))
    for one in list(inspect.signature(made.__init__).parameters.values())[1:]:
        if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD:
            arguments.setdefault(one.name, USUAL.get(one.name))
    return made(**arguments)


def draw(name: str, rank: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if name in ("Embedding", "CategoryEncoding"):
        return torch.randint(0, 7, (2, 4), generator=generator)
    return torch.randn((*(2, 4, 4, 4, 4)[: rank - 1], 3), generator=generator)


def run(
    layer: Any, set_mask_of: Any, name: str, rank: int, are_masked: tuple[bool, ...]
) -> list[Any]:
    inputs = []
    for seed, is_masked in enumerate(are_masked):
        inputs.append(draw(name, rank, seed))
        if is_masked:
            mask = torch.tensor([[1, 1, 0, 1], [1, 0, 0, seed]]).bool()
            set_mask_of(inputs[-1], mask[:, 0] if inputs[-1].ndim == 2 and rank == 2 else mask)
    is_spread = name.startswith(("MultiHead", "Group")) and len(inputs) > 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both libraries say that a mask ends
        outputs = layer(*inputs) if is_spread else layer(inputs if len(inputs) > 1 else inputs[0])
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def find_masks(
    name: str, arguments: dict[str, Any], rank: int, are_masked: tuple[bool, ...]
) -> Any:
    """Return the masks that outputs carry in Keras and here; None where Keras refuses the inputs."""
    try:
        expected = run(
            make(keras.layers, name, **arguments), set_keras_mask, name, rank, are_masked
        )
    except Exception:  # noqa: BLE001  # inputs of this rank are not for this layer
        return None
    found = run(make(layers, name, **arguments), set_mask, name, rank, are_masked)
    return [
        [None if mask is None else mask.bool().tolist() for mask in masks]
        for masks in (map(get_keras_mask, expected), map(get_mask, found))
    ]


@pytest.mark.sampled
@pytest.mark.parametrize("name", NAMES)
def test_masks_are_those_of_keras(name: str) -> None:
    is_paired = name.endswith(PAIRED)
    compared = 0
    variants = FURTHER.get(name, [])
    if name not in ("CategoryEncoding", "Discretization"):
        variants = [{}, *variants]
    for arguments in variants:
        theirs, ours = make(keras.layers, name, **arguments), make(layers, name, **arguments)
        assert ours.supports_masking == theirs.supports_masking
        for rank in (2, 3, 4, 5, 6):
            for are_masked in (
                [(True, True), (True, False), (False, True)] if is_paired else [(True,)]
            ):
                masks = find_masks(name, arguments, rank, are_masked)
                if masks is not None:
                    compared += 1
                    assert masks[1] == masks[0], (arguments, rank, are_masked)
    assert compared, "Keras took none of the inputs"
