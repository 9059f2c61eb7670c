"""Models with several inputs and outputs, shared layers and nested models."""

from __future__ import annotations

from typing import Any

from .table import architecture


@architecture((4,), (4,))
def merges(k: Any) -> Any:
    left, right = k.Input((4,), name="left"), k.Input((4,), name="right")
    pair = [k.Dense(3, name="of_left")(left), k.Dense(3, name="of_right")(right)]
    merged = [
        k.Add(name="add")(pair),
        k.Subtract(name="subtract")(pair),
        k.Multiply(name="multiply")(pair),
        k.Average(name="average")(pair),
        k.Maximum(name="maximum")(pair),
        k.Minimum(name="minimum")(pair),
    ]
    joined = k.Concatenate(name="join")(merged)
    return k.model([left, right], k.Dense(2, name="out")(joined))


@architecture((4,), (4,))
def siamese(k: Any) -> Any:
    left, right = k.Input((4,), name="left"), k.Input((4,), name="right")
    shared = k.Dense(3, activation="tanh", name="shared")
    cosine = k.Dot(axes=1, normalize=True, name="cosine")([shared(left), shared(right)])
    return k.model([left, right], k.Dense(1, name="score")(cosine))


@architecture((5,))
def two_outputs(k: Any) -> Any:
    inputs = k.Input((5,), name="inputs")
    hidden = k.Dense(4, activation="relu", name="hidden")(inputs)
    outputs = [
        k.Dense(1, name="price")(hidden),
        k.Dense(3, activation="softmax", name="kind")(hidden),
    ]
    return k.model(inputs, outputs)


@architecture((3,), (2,), rows=(0, 6))
def wide_and_deep(k: Any) -> Any:
    numbers = k.Input((3,), name="numbers")
    codes = k.Input((2,), dtype="int32", name="codes")
    embedded = k.Flatten(name="flat")(k.Embedding(6, 3, name="codes_table")(codes))
    deep = k.Dense(4, activation="relu", name="deep")(
        k.Concatenate(name="join")([numbers, embedded])
    )
    main = k.Dense(1, name="main")(k.Concatenate(name="wide")([deep, numbers]))
    return k.model([numbers, codes], [main, k.Dense(2, name="aside")(deep)])


@architecture((4,))
def nested_sequential(k: Any) -> Any:
    inputs = k.Input((4,), name="inputs")
    inner = k.sequential(
        [k.Input((4,)), k.Dense(3, name="one"), k.BatchNormalization(name="two")], name="inner"
    )
    return k.model(inputs, k.Dense(2, name="out")(inner(inputs)), name="outer")


@architecture((4,), (4,))
def nested_model_used_twice(k: Any) -> Any:
    start = k.Input((4,), name="start")
    branch = k.model(start, k.Dense(3, activation="relu", name="hidden")(start), name="branch")
    left, right = k.Input((4,), name="left"), k.Input((4,), name="right")
    joined = k.Concatenate(name="join")([branch(left), branch(right)])
    return k.model([left, right], k.Dense(1, name="out")(joined), name="twins")


@architecture((4,))
def layer_applied_twice(k: Any) -> Any:
    inputs = k.Input((4,), name="inputs")
    layer = k.Dense(4, activation="tanh", name="again")
    return k.model(inputs, k.Dense(1, name="out")(layer(layer(inputs))))


@architecture((6, 6, 1))
def models_in_a_row(k: Any) -> Any:
    features = k.sequential(
        [k.Input((6, 6, 1)), k.Conv2D(2, 3, name="conv"), k.BatchNormalization(name="norm")],
        name="features",
    )
    return k.sequential(
        [k.Input((6, 6, 1)), features, k.Flatten(name="flat"), k.Dense(2, name="head")], name="row"
    )


@architecture((3,), (3,))
def inner_model_of_several_tensors(k: Any) -> Any:
    one, two = k.Input((3,), name="one"), k.Input((3,), name="two")
    both = [k.Add(name="sum")([one, two]), k.Dense(2, name="dense")(two)]
    inner = k.model([one, two], both, name="inner")
    left, right = k.Input((3,), name="left"), k.Input((3,), name="right")
    first, second = inner([left, right])
    return k.model([left, right], [k.Dense(2, name="out")(first), second], name="outer")


# In HDF5 Keras writes an operator like a layer of that name, which does not exist.
@architecture((4,), (4,), readers=())
def operators(k: Any) -> Any:
    left, right = k.Input((4,), name="left"), k.Input((4,), name="right")
    joined = (left + right) * 2.0 - k.Dense(4, name="dense")(left) / 3.0
    return k.model([left, right], k.Dense(1, name="out")(joined))
