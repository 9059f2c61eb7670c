"""Attention of several heads against Keras: outputs, scores, gradients, masks, configurations."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import torch
from hypothesis import assume, given, settings, strategies as st
from torch import Tensor

from kplug.backend.masks import get_mask, set_mask
from kplug.errors import ArgumentError, ArgumentValueError
from kplug.layers import GroupQueryAttention, Layer, MultiHeadAttention
from kplug.registry import resolve
from tests.layers.inputs import draw, draw_mask

SETTINGS = settings(max_examples=30, deadline=None)
flags = st.booleans()
sizes = st.integers(1, 4)


def _pair(layer: Layer, shapes: list[tuple[int, ...]]) -> Any:
    """Return Keras's layer of the same arguments, built, after giving both its weights."""
    arguments = {
        key: value
        for key, value in layer.get_config().items()
        if not isinstance(value, str) and key not in ("name", "trainable", "dtype")
    }
    theirs = getattr(keras.layers, type(layer).__name__.replace("Grouped", "Group"))(**arguments)
    theirs.build(*shapes)
    layer.build_for([(None, *shape[1:]) for shape in shapes])
    weights = [draw(*one.shape, seed=place).numpy() for place, one in enumerate(theirs.weights)]
    theirs.set_weights(weights)
    layer.set_weights(weights)
    return theirs


def _as_list(outputs: Any) -> list[Tensor]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _compare(layer: Layer, tensors: list[Tensor], **call: Any) -> None:
    """Compare what both layers make of the tensors, and the gradients of all weights and inputs."""
    theirs = _pair(layer, [tuple(one.shape) for one in tensors])
    ours_x, theirs_x = ([one.clone().requires_grad_() for one in tensors] for _ in range(2))
    made, expected = _as_list(layer(*ours_x, **call)), _as_list(theirs(*theirs_x, **call))
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)
    for outputs in (made, expected):
        gradients = [torch.arange(1.0, one.numel() + 1).view(one.shape) for one in outputs]
        torch.autograd.backward(outputs, gradients)
    for one, other in zip(ours_x, theirs_x, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-2)
    for weight, variable in zip(layer.weights, theirs.weights, strict=True):
        torch.testing.assert_close(weight.grad, variable.value.grad, rtol=1e-3, atol=1e-2)


@given(
    lengths=st.tuples(sizes, st.integers(2, 4)),  # Keras warns of shares among one
    features=st.tuples(sizes, sizes, sizes),
    num_heads=st.integers(1, 3),
    key_dim=sizes,
    value_dim=st.one_of(st.none(), sizes),
    output_shape=st.one_of(st.none(), sizes, st.tuples(sizes, sizes)),
    use_bias=flags,
    use_gate=flags,
    has_key=flags,
    dropout=st.sampled_from([0.0, 0.3]),
    sliding_window=st.one_of(st.none(), st.integers(1, 3)),
    masks=st.tuples(flags, flags, flags),
)
@SETTINGS
def test_outputs_scores_and_gradients(
    lengths: tuple[int, int],
    features: tuple[int, int, int],
    has_key: bool,
    masks: tuple[bool, bool, bool],
    **arguments: Any,
) -> None:
    # Keras on torch has a wrong gradient of queries that may look nowhere.
    assume(
        arguments["sliding_window"] is None or lengths[0] < lengths[1] + arguments["sliding_window"]
    )
    query, value, key = features
    tensors = [draw(2, lengths[0], query), draw(2, lengths[1], value, seed=1)]
    tensors += [draw(2, lengths[1], key, seed=2)] if has_key else []
    call: dict[str, Any] = {"use_causal_mask": masks[0], "return_attention_scores": masks[1]}
    if masks[2] and arguments["sliding_window"] is None:
        call["attention_mask"] = draw_mask(2, *lengths, seed=3)
    _compare(MultiHeadAttention(**arguments), tensors, **call)


@given(
    lengths=st.tuples(sizes, st.integers(2, 4)),  # Keras warns of shares among one
    features=st.tuples(sizes, sizes),
    head_dim=sizes,
    groups=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    use_bias=flags,
    use_gate=flags,
    switches=st.tuples(flags, flags),
)
@SETTINGS
def test_heads_in_groups(
    lengths: tuple[int, int],
    features: tuple[int, int],
    head_dim: int,
    groups: tuple[int, int],
    switches: tuple[bool, bool],
    **arguments: Any,
) -> None:
    layer = GroupQueryAttention(head_dim, groups[0] * groups[1], groups[0], **arguments)
    tensors = [draw(2, lengths[0], features[0]), draw(2, lengths[1], features[1], seed=1)]
    _compare(layer, tensors, use_causal_mask=switches[0], return_attention_scores=switches[1])


@pytest.mark.parametrize("axes", [None, 2, (1,), (1, 2), (-2,)])
@pytest.mark.parametrize("has_scores", [True, False])
def test_attention_along_chosen_axes(axes: Any, has_scores: bool) -> None:
    layer = MultiHeadAttention(2, 3, attention_axes=axes)
    query, value = draw(2, 3, 4, 5), draw(2, 3, 4, 5, seed=1)
    _compare(layer, [query, value], return_attention_scores=has_scores)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("is_causal", [True, False])
@pytest.mark.parametrize("masked", [(True, True), (True, False), (False, True)])
def test_masks_that_tensors_carry(
    dropout: float, is_causal: bool, masked: tuple[bool, bool]
) -> None:
    layer = MultiHeadAttention(2, 3, dropout=dropout)
    theirs = _pair(layer, [(2, 4, 3), (2, 5, 3)])
    masks = [draw_mask(2, 4, seed=1), draw_mask(2, 5, seed=2)]
    results = []
    for called, set_on in ((layer, set_mask), (theirs, keras.src.backend.set_keras_mask)):
        tensors = [draw(2, 4, 3), draw(2, 5, 3, seed=1)]
        for tensor, mask, is_masked in zip(tensors, masks, masked, strict=True):
            if is_masked:
                set_on(tensor, mask)
        results.append(called(*tensors, use_causal_mask=is_causal))
    torch.testing.assert_close(results[0], results[1], rtol=1e-4, atol=1e-5)
    carried = get_mask(results[0])
    assert (carried is not None) is masked[0]
    assert carried is None or torch.equal(carried, masks[0])


@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (2, 1, 5), (2, 2, 4, 5), (2, 1, 4, 5)])
def test_attention_mask_is_broadcast(shape: tuple[int, ...]) -> None:
    layer = MultiHeadAttention(2, 3)
    theirs = _pair(layer, [(2, 4, 3), (2, 5, 3)])
    tensors, mask = [draw(2, 4, 3), draw(2, 5, 3, seed=1)], draw_mask(*shape, seed=4)
    for has_scores in (True, False):
        call = {"attention_mask": mask, "return_attention_scores": has_scores}
        made, expected = _as_list(layer(*tensors, **call)), _as_list(theirs(*tensors, **call))
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        MultiHeadAttention(2, 3, dtype="float64"),
        GroupQueryAttention(3, 4, 2, dtype="float64"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_gradient_belongs_to_the_forward_pass_where_queries_see_nothing(layer: Layer) -> None:
    layer.build_for([(None, 3, 2), (None, 4, 2)])
    mask = draw_mask(2, 3, 4, seed=5)
    mask[0, 1] = mask[1] = False
    inputs = [draw(2, size, 2, seed=size).double().requires_grad_() for size in (3, 4)]
    names, weights = zip(*layer.named_parameters(), strict=True)

    def attend(query: Tensor, value: Tensor, *weights: Tensor) -> Tensor:
        by_name = dict(zip(names, weights, strict=True))
        made = torch.func.functional_call(layer, by_name, (query, value), {"attention_mask": mask})
        assert isinstance(made, Tensor)
        return made

    assert torch.autograd.gradcheck(attend, (*inputs, *weights))


def test_regularizers_constraints_and_penalties_of_the_projections() -> None:
    arguments: dict[str, Any] = {"kernel_regularizer": "l2", "activity_regularizer": "l1"}
    layer = MultiHeadAttention(2, 3, **arguments, kernel_constraint="non_neg")
    theirs = keras.layers.MultiHeadAttention(2, 3, **arguments)
    theirs.build((2, 4, 3), (2, 4, 3))
    layer.build_for([(None, 4, 3), (None, 4, 3)])
    theirs.set_weights(layer.get_weights())
    x = draw(2, 4, 3)
    layer(x, x)
    theirs(x, x)
    torch.testing.assert_close(sum(layer.losses), sum(theirs.losses))
    assert len(layer.losses) == 8
    assert len(layer.weight_constraints()) == 4
    assert not layer.activity_penalties


def test_names_of_weights_are_keras_s() -> None:
    layer = MultiHeadAttention(2, 3, use_gate=True, name="heads")
    theirs = _pair(layer, [(2, 4, 3), (2, 5, 3)])
    paths = [variable.path.partition("/")[2] for variable in theirs.weights]
    assert [name for name, _ in layer.named_weights()] == paths


@pytest.mark.parametrize(
    "theirs",
    [
        keras.layers.MultiHeadAttention(
            2, 3, value_dim=4, output_shape=(5,), attention_axes=(1,), kernel_regularizer="l2"
        ),
        keras.layers.MultiHeadAttention(1, 2, dropout=0.5, use_bias=False, seed=3, use_gate=True),
        keras.layers.GroupQueryAttention(2, 4, 2, kernel_initializer="he_normal"),
    ],
)
def test_keras_3_configurations_are_read(theirs: Any) -> None:
    layer = resolve("layer", keras.layers.serialize(theirs)).object
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    expected = theirs.get_config()
    for key in (
        "num_heads",
        "value_dim",
        "head_dim",
        "dropout",
        "use_bias",
        "output_shape",
        "seed",
    ):
        assert config.get(key) == expected.get(key)
    assert layer.name == theirs.name


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultiHeadAttention(0, 3), "'num_heads' is 0; allowed: an integer >= 1"),
        (
            lambda: MultiHeadAttention(2, 3, dropout=2),
            r"'dropout' is 2; allowed: a number in \[0, 1\]",
        ),
        (
            lambda: MultiHeadAttention(2, 3, output_shape=0),
            "'output_shape' is 0; allowed: integers >= 1",
        ),
        (lambda: MultiHeadAttention(2, 3, attention_axes=()), r"'attention_axes' is \(\); allowed"),
        (lambda: GroupQueryAttention(2, 4, 3), "allowed: a divisor of num_query_heads=4"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


def test_unknown_keyword() -> None:
    with pytest.raises(ArgumentError, match=r"'n_heads'.* Did you mean 'num_heads'"):
        MultiHeadAttention(2, 3, n_heads=2)
