"""Attention without projections against Keras: outputs, shares, gradients, masks, configurations."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from kplug.backend.masks import get_mask, set_mask
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import GraphFunction
from kplug.layers import AdditiveAttention, Attention, Input, Layer
from kplug.registry import resolve
from tests.layers.inputs import draw

SETTINGS = settings(max_examples=40, deadline=None)
flags = st.booleans()
sizes = st.integers(1, 4)


def _draw_mask(*shape: int, seed: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) > 0.4


def _as_list(outputs: Any) -> list[Tensor]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _compare(layer: Layer, theirs: Any, tensors: list[Tensor], **call: Any) -> None:
    shapes = [tuple(one.shape) for one in tensors]
    theirs.build(shapes)
    layer.build_for([(None, *shape[1:]) for shape in shapes])
    weights = [draw(*one.shape, seed=place).numpy() for place, one in enumerate(theirs.weights)]
    theirs.set_weights(weights)
    layer.set_weights(weights)
    assert [name for name, _ in layer.named_weights()] == [one.name for one in theirs.weights]
    ours_x, theirs_x = ([one.clone().requires_grad_() for one in tensors] for _ in range(2))
    made, expected = _as_list(layer(ours_x, **call)), _as_list(theirs(theirs_x, **call))
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)
    for outputs in (made, expected):
        gradients = [torch.arange(1.0, one.numel() + 1).view(one.shape) for one in outputs]
        torch.autograd.backward(outputs, gradients)
    for one, other in zip(ours_x, theirs_x, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-3)
    for weight, variable in zip(layer.weights, theirs.weights, strict=True):
        torch.testing.assert_close(weight.grad, variable.value.grad, rtol=1e-3, atol=1e-3)


@given(
    lengths=st.tuples(sizes, st.integers(2, 4)),  # Keras warns of shares among one
    features=sizes,
    outputs=sizes,
    has_key=flags,
    mode=st.sampled_from(["dot", "concat", "additive"]),
    use_scale=flags,
    masked=st.tuples(flags, flags),
    is_causal=flags,
    has_scores=flags,
)
@SETTINGS
def test_outputs_shares_and_gradients(
    lengths: tuple[int, int],
    features: int,
    outputs: int,
    has_key: bool,
    mode: str,
    use_scale: bool,
    masked: tuple[bool, bool],
    is_causal: bool,
    has_scores: bool,
) -> None:
    arguments: dict[str, Any] = {"use_scale": use_scale}
    name = "AdditiveAttention" if mode == "additive" else "Attention"
    if mode != "additive":
        arguments["score_mode"] = mode
    layer = {"Attention": Attention, "AdditiveAttention": AdditiveAttention}[name](**arguments)
    tensors = [draw(2, lengths[0], features)]
    if has_key:
        tensors += [draw(2, lengths[1], size, seed=size) for size in (outputs, features)]
    else:
        tensors.append(draw(2, lengths[1], features, seed=1))
    masks = [
        _draw_mask(2, length, seed=3) if is_masked else None
        for length, is_masked in zip(lengths, masked, strict=True)
    ]
    call = {"mask": masks, "use_causal_mask": is_causal, "return_attention_scores": has_scores}
    _compare(layer, getattr(keras.layers, name)(**arguments), tensors, **call)


@pytest.mark.parametrize("masked", [(True, True), (True, False), (False, True), (False, False)])
def test_masks_that_tensors_carry(masked: tuple[bool, bool]) -> None:
    masks = [_draw_mask(2, 4, seed=1), _draw_mask(2, 5, seed=2)]
    results = []
    for layer, set_on in (
        (Attention(), set_mask),
        (keras.layers.Attention(), keras.src.backend.set_keras_mask),
    ):
        tensors = [draw(2, 4, 3), draw(2, 5, 3, seed=1)]
        for tensor, mask, is_masked in zip(tensors, masks, masked, strict=True):
            if is_masked:
                set_on(tensor, mask)
        results.append(layer(tensors))
    torch.testing.assert_close(results[0], results[1], rtol=1e-4, atol=1e-5)
    carried = get_mask(results[0])
    assert (carried is not None) is masked[0]
    assert carried is None or torch.equal(carried, masks[0])


@pytest.mark.parametrize("layer_class", [Attention, AdditiveAttention])
def test_dropout_changes_the_outputs_in_training_only(layer_class: Any) -> None:
    layer = layer_class(dropout=0.5, seed=1)
    tensors = [draw(2, 4, 3), draw(2, 6, 3, seed=1)]
    assert torch.equal(layer(tensors), layer(tensors))
    made = layer(tensors, training=True)
    assert not torch.allclose(made, layer(tensors))
    again = layer_class(dropout=0.5, seed=1, weights=layer.get_weights())
    torch.testing.assert_close(again(tensors, training=True), made)


def test_dropped_shares_are_made_up_for() -> None:
    layer = Attention(dropout=0.25)
    query, value = torch.zeros(1, 1, 2), torch.ones(1, 4000, 2)
    _, shares = layer([query, value], training=True, return_attention_scores=True)
    torch.testing.assert_close(torch.unique(shares * 4000), torch.tensor([0.0, 4 / 3]))
    assert abs(float(shares.sum()) - 1.0) < 0.05


def test_symbolic_tensors_are_connected() -> None:
    query, value = Input((4, 3)), Input((None, 3))
    layer = Attention(use_scale=True)
    outputs, shares = layer([query, value], return_attention_scores=True)
    assert (outputs.shape, shares.shape) == ((None, 4, 3), (None, 4, None))
    arrays = [draw(2, 4, 3).numpy(), draw(2, 5, 3, seed=1).numpy()]
    made = GraphFunction([query, value], [outputs, shares])(arrays)
    expected = layer(arrays, return_attention_scores=True)
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_allclose(one, other.detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    "theirs",
    [
        keras.layers.Attention(use_scale=True, score_mode="concat", dropout=0.2, seed=3),
        keras.layers.AdditiveAttention(use_scale=False, dropout=0.1),
    ],
)
def test_configurations(theirs: Any) -> None:
    layer = resolve("layer", keras.layers.serialize(theirs)).object
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    names = ("name", "use_scale", "score_mode", "dropout", "seed")
    expected = theirs.get_config()
    assert {key: config.get(key) for key in names} == {key: expected.get(key) for key in names}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (lambda x: x, "is called on a list of 2 or 3 tensors"),
        (lambda x: [x], "is called on a list of 2 or 3 tensors"),
        (lambda x: [x, x[..., :2]], "query and key need the same last size"),
        (lambda x: [x, x, x[:, :2]], "value and key the same number of places"),
    ],
)
@pytest.mark.parametrize("is_built", [True, False])
def test_inputs_that_do_not_fit(inputs: Any, message: str, is_built: bool) -> None:
    layer = Attention()
    x = draw(2, 4, 3)
    if is_built:
        layer([x, x])
    with pytest.raises(DataError, match=message):
        layer(inputs(x))


def test_masks_that_are_no_pair() -> None:
    x = draw(2, 4, 3)
    with pytest.raises(DataError, match=r"takes a list of masks, \[query_mask, value_mask\]"):
        Attention()([x, x], mask=x[..., 0] > 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"score_mode": "sum"}, "'score_mode' is 'sum'; allowed: 'dot' or 'concat'"),
        ({"dropout": -1}, r"'dropout' is -1; allowed: a number in \[0, 1\]"),
    ],
)
def test_wrong_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        Attention(**arguments)
