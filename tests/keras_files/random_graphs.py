"""Random graphs of layers with masks, drawn by hypothesis and built in Keras and in kplug by the same class.

A call is drawn as numbers, which choose among the tensors and the layers that are there by then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

STEPS, SIZE, ROWS, BATCH = 4, 3, 6, 2

# Layers: the class, its arguments, and perhaps the class that is wrapped around it.
_SAME: list[tuple[str, dict[str, Any], str]] = [
    ("Dense", {"units": SIZE}, ""),
    ("BatchNormalization", {}, ""),
    ("LayerNormalization", {}, ""),
    ("Activation", {"activation": "tanh"}, ""),
    ("Masking", {"mask_value": 0.5}, ""),
    ("LSTM", {"units": SIZE, "return_sequences": True}, ""),
    ("GRU", {"units": SIZE, "return_sequences": True}, ""),
    ("SimpleRNN", {"units": SIZE, "return_sequences": True}, ""),
    ("SimpleRNN", {"units": SIZE, "return_sequences": True, "merge_mode": "sum"}, "Bidirectional"),
    ("Dense", {"units": SIZE}, "TimeDistributed"),
    ("Conv1D", {"filters": SIZE, "kernel_size": 2, "padding": "same"}, ""),
]
_ENDS: list[tuple[str, dict[str, Any], str]] = [
    ("LSTM", {"units": 2}, ""),
    ("GRU", {"units": 2}, "Bidirectional"),
    ("GlobalAveragePooling1D", {}, ""),
    ("GlobalMaxPooling1D", {}, ""),
]
_MERGES = ["Add", "Multiply", "Maximum", "Average", "Attention"]

_NUMBER = st.integers(0, 30)


def _numbers(least: int, most: int) -> st.SearchStrategy[list[int]]:
    return st.lists(_NUMBER, min_size=least, max_size=most)


_CALL = st.one_of(
    st.tuples(st.just("new"), st.sampled_from(_SAME), _numbers(1, 1)),
    st.tuples(st.just("again"), _NUMBER, _numbers(3, 3)),
    st.tuples(st.just("merge"), st.sampled_from(_MERGES), _numbers(2, 3)),
    st.tuples(st.just("join"), st.none(), _numbers(2, 3)),
    st.tuples(st.just("model"), _numbers(4, 6), _numbers(2, 2)),
)
GRAPHS = st.fixed_dictionaries(
    {
        "embedding_masks": st.lists(st.booleans(), min_size=1, max_size=2),
        "id_inputs": st.integers(1, 2),
        "float_masks": st.lists(st.booleans(), max_size=2),
        "calls": st.lists(_CALL, min_size=2, max_size=10),
        "ends": st.lists(st.tuples(st.sampled_from(_ENDS), _NUMBER), min_size=1, max_size=3),
    }
)


def draw_inputs(graph: dict[str, Any]) -> list[Any]:
    """Return an array for each input, each with a place that is masked and none that is masked throughout."""
    generator = np.random.default_rng(0)
    ids = [generator.integers(1, ROWS, (BATCH, STEPS)) for _ in range(graph["id_inputs"])]
    rows = [generator.normal(size=(BATCH, STEPS, SIZE)) for _ in graph["float_masks"]]
    for each in (*ids, *rows):
        each[0, -1:] = 0
    return [*(each.astype("int32") for each in ids), *(each.astype("float32") for each in rows)]


class GraphBuilder:
    """Builds the model of a drawn graph with ``keras`` or ``kplug``."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.count = 0
        self.tensors: list[Any] = []
        self.callable: list[tuple[Any, int]] = []  # layers, and on how many tensors each is called

    def build(self, graph: dict[str, Any]) -> Any:
        """Return a new model."""
        ids = [self.make_input((STEPS,), "int32") for _ in range(graph["id_inputs"])]
        rows = [self.make_input((STEPS, SIZE), "float32") for _ in graph["float_masks"]]
        for is_masked in graph["embedding_masks"]:
            sizes = {"input_dim": ROWS, "output_dim": SIZE, "mask_zero": is_masked}
            embedding = self.make("Embedding", **sizes)
            self.tensors += [embedding(each) for each in ids]
        for each, is_masked in zip(rows, graph["float_masks"], strict=True):
            self.tensors.append(self.make("Masking")(each) if is_masked else each)
        for kind, what, numbers in graph["calls"]:
            tensors = [self.pick(number) for number in numbers]
            self.tensors.append(getattr(self, f"call_{kind}")(what, tensors))
        ends = [self.make_step(step)(self.pick(number)) for step, number in graph["ends"]]
        return self.library.Model([*ids, *rows], ends if len(ends) > 1 else ends[0], name="m")

    def pick(self, number: int) -> Any:
        """Return one of the last tensors."""
        return self.tensors[-1 - number % min(len(self.tensors), 6)]

    def make(self, name: str, **arguments: Any) -> Any:
        """Return a new layer with a name of its own."""
        self.count += 1
        # Keras names what makes masks by itself: concatenate, concatenate_1, …
        own = f"own_{name.lower()}_{self.count}"
        return getattr(self.library.layers, name)(name=own, **arguments)

    def make_input(self, shape: tuple[int, ...], dtype: str) -> Any:
        self.count += 1
        return self.library.Input(shape, dtype=dtype, name=f"input_{self.count}")

    def make_step(self, step: tuple[str, dict[str, Any], str]) -> Any:
        """Return a new layer, perhaps in a wrapper."""
        name, arguments, wrapper = step
        of_wrapper = {key: value for key, value in arguments.items() if key == "merge_mode"}
        own = {key: value for key, value in arguments.items() if key != "merge_mode"}
        layer = self.make(name, **own)
        return self.make(wrapper, layer=layer, **of_wrapper) if wrapper else layer

    def call_new(self, step: tuple[str, dict[str, Any], str], tensors: list[Any]) -> Any:
        layer = self.make_step(step)
        self.callable.append((layer, 1))
        return layer(tensors[0])

    def call_again(self, number: int, tensors: list[Any]) -> Any:
        if not self.callable:
            return self.call_new(_SAME[0], tensors)
        layer, count = self.callable[number % len(self.callable)]
        return layer(tensors[:count] if count > 1 else tensors[0])

    def call_merge(self, name: str, tensors: list[Any]) -> Any:
        given = tensors[:2] if name == "Attention" else tensors
        layer = self.make(name)
        self.callable.append((layer, len(given)))
        return layer(given)

    def call_join(self, _: None, tensors: list[Any]) -> Any:
        return self.make("Dense", units=SIZE)(self.make("Concatenate")(tensors))

    def call_model(self, numbers: list[int], tensors: list[Any]) -> Any:
        """Call a new model inside: sequential, or functional with one input or two."""
        has_two, is_chain = numbers[0] % 2 == 1, numbers[1] % 2 == 1
        steps = [_SAME[number % len(_SAME)] for number in numbers[2:]]
        starts = [self.make_input((STEPS, SIZE), "float32") for _ in range(1 + has_two)]
        layers = [self.make_step(step) for step in steps]
        self.count += 1
        if is_chain and not has_two:
            model = self.library.Sequential([*starts, *layers], name=f"model_{self.count}")
        else:
            made = [layers[0](starts[0])]
            for layer in layers[1:]:
                made.append(layer(made[-1] if is_chain else starts[-1]))
            end = self.make("Add")([starts[-1], *made[-2:]])
            given = starts if has_two else starts[0]
            model = self.library.Model(given, end, name=f"model_{self.count}")
        self.callable.append((model, 1 + has_two))
        return model(tensors[:2] if has_two else tensors[0])
