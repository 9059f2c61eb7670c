"""Random models as data, drawn by hypothesis and built in Keras and in kplug by the same functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

# A layer: its class, its arguments, and perhaps the class that is wrapped around it.
Step = tuple[str, dict[str, Any], str]

SMALL = st.integers(1, 4)
ACTIVATIONS = st.sampled_from([None, "relu", "tanh", "sigmoid", "elu", "softplus", "gelu"])
PADDINGS = st.sampled_from(["valid", "same"])
SHAPES = {"vector": (5,), "sequence": (6, 4), "image": (6, 6, 3), "ids": (6,)}
ROWS = 7  # of embeddings


@dataclass(frozen=True)
class Choice:
    """A layer whose arguments are drawn."""

    label: str
    steps: st.SearchStrategy[Step]


def _step(name: str, wrapper: str = "", **arguments: st.SearchStrategy[Any]) -> Choice:
    steps = st.fixed_dictionaries(arguments).map(lambda drawn: (name, drawn, wrapper))
    return Choice(f"{wrapper}({name})" if wrapper else name, steps)


def _draw_any(choices: list[Choice]) -> st.SearchStrategy[Step]:
    return st.one_of([each.steps for each in choices])


_EVERYWHERE = [
    _step("Dense", units=SMALL, activation=ACTIVATIONS, use_bias=st.booleans()),
    _step("BatchNormalization", momentum=st.sampled_from([0.9, 0.5]), scale=st.booleans()),
    _step("LayerNormalization", center=st.booleans()),
    _step(
        "Activation", activation=st.sampled_from(["tanh", "swish", "hard_sigmoid", "exponential"])
    ),
    _step("LeakyReLU"),
    _step("PReLU"),
    _step("UnitNormalization"),
    _step("Rescaling", scale=st.just(0.5), offset=st.just(0.1)),
    _step("Dropout", rate=st.just(0.0)),
]
_RECURRENT = ["SimpleRNN", "LSTM", "GRU"]
_MIDDLE = {
    "vector": _EVERYWHERE,
    "sequence": [
        *_EVERYWHERE,
        _step(
            "Conv1D",
            filters=SMALL,
            kernel_size=st.integers(1, 2),
            padding=PADDINGS,
            activation=ACTIVATIONS,
        ),
        _step("MaxPooling1D", pool_size=st.just(2), strides=st.just(1), padding=PADDINGS),
        _step("ZeroPadding1D", padding=st.just(1)),
        _step("UpSampling1D", size=st.just(2)),
        _step("Dense", "TimeDistributed", units=SMALL, activation=ACTIVATIONS),
        *(
            _step(name, units=SMALL, return_sequences=st.just(True), go_backwards=st.booleans())
            for name in _RECURRENT
        ),
        *(
            _step(name, "Bidirectional", units=SMALL, return_sequences=st.just(True))
            for name in _RECURRENT
        ),
    ],
    "image": [
        *_EVERYWHERE,
        _step(
            "Conv2D",
            filters=SMALL,
            kernel_size=st.integers(1, 2),
            padding=PADDINGS,
            activation=ACTIVATIONS,
        ),
        _step("Conv2DTranspose", filters=SMALL, kernel_size=st.just(2), padding=PADDINGS),
        _step(
            "DepthwiseConv2D",
            kernel_size=st.just(2),
            padding=PADDINGS,
            depth_multiplier=st.integers(1, 2),
        ),
        _step("SeparableConv2D", filters=SMALL, kernel_size=st.just(2), padding=PADDINGS),
        _step("MaxPooling2D", pool_size=st.just(2), strides=st.just(1), padding=PADDINGS),
        _step("AveragePooling2D", pool_size=st.just(2), strides=st.just(1)),
        _step("UpSampling2D", size=st.just(2)),
        _step("ZeroPadding2D", padding=st.just(1)),
        _step("GroupNormalization", groups=st.just(1)),
    ],
}
_ENDS = {
    "vector": [_step("Dense", units=SMALL)],
    "sequence": [
        _step("Flatten"),
        _step("GlobalAveragePooling1D"),
        _step("GlobalMaxPooling1D"),
        *(_step(name, units=SMALL, return_sequences=st.just(False)) for name in _RECURRENT),
        _step("LSTM", "Bidirectional", units=SMALL),
    ],
    "image": [_step("Flatten"), _step("GlobalAveragePooling2D"), _step("GlobalMaxPooling2D")],
}


@dataclass(frozen=True)
class Recipe:
    """The parts of a random model.

    Args:
        form: How its layers are connected.
        data: The kind of its inputs.
        first: The layers from the inputs to a vector.
        second: Layers from vectors to vectors: a branch, the model inside, or what is shared.
        merge: The class of the layer that joins branches.
        masks: Whether an embedding makes masks.
    """

    form: str
    data: str
    first: list[Step]
    second: list[Step]
    merge: str
    masks: bool


FORMS = ("sequential", "functional", "shared", "nested", "several_outputs", "stateful")


def list_choices(data: str) -> list[Choice]:
    """Return the layers that may stand between inputs of a kind and a vector."""
    return _MIDDLE["sequence" if data == "ids" else data]


@st.composite
def recipes(draw: st.DrawFn, form: str, data: str, choice: Choice) -> Recipe:
    """Draw a model of a form that has a layer."""
    others = st.lists(_draw_any(list_choices(data)), max_size=1)
    middle = [*draw(others), draw(choice.steps), *draw(others)]
    second = draw(st.lists(_draw_any(_MIDDLE["vector"]), min_size=1, max_size=2))
    merge = draw(
        st.sampled_from(["Add", "Multiply", "Concatenate", "Maximum", "Average", "Subtract"])
    )
    first = [*middle, draw(_draw_any(_ENDS["sequence" if data == "ids" else data]))]
    return Recipe(form, data, first, second, merge, draw(st.booleans()))


BATCH = 4


class Builder:
    """Builds the models of recipes with ``keras`` or ``kplug``."""

    def __init__(self, library: Any) -> None:
        self.library, self.layers = library, library.layers
        self.count = 0

    def build(self, recipe: Recipe) -> Any:
        """Return a new model."""
        self.count = 0
        return getattr(self, f"_build_{recipe.form}")(recipe)

    def make(self, name: str, **arguments: Any) -> Any:
        """Return a layer with a name of its own."""
        self.count += 1
        return getattr(self.layers, name)(name=f"{name.lower()}_{self.count}", **arguments)

    def make_step(self, step: Step, **more: Any) -> Any:
        """Return the layer of a step."""
        name, arguments, wrapper = step
        if name in _RECURRENT:
            arguments = {**arguments, **more}
        layer = self.make(name, **arguments)
        return self.make(wrapper, layer=layer) if wrapper else layer

    def list_first(self, recipe: Recipe, **more: Any) -> list[Any]:
        """Return the layers from the inputs to a vector."""
        head = []
        if recipe.data == "ids":
            head = [self.make("Embedding", input_dim=ROWS, output_dim=3, mask_zero=recipe.masks)]
        return [*head, *(self.make_step(step, **more) for step in recipe.first)]

    def make_input(self, recipe: Recipe, name: str) -> Any:
        kind = "int32" if recipe.data == "ids" else "float32"
        return self.layers.Input(SHAPES[recipe.data], name=name, dtype=kind)

    def chain(self, layers: list[Any], tensor: Any) -> Any:
        """Return what layers make of a symbolic tensor, one after the other."""
        for layer in layers:
            tensor = layer(tensor)
        return tensor

    def _build_sequential(self, recipe: Recipe) -> Any:
        first = self.list_first(recipe)
        rest = [self.make_step(step) for step in recipe.second]
        end = self.make("Dense", units=2)
        return self.library.Sequential([self.make_input(recipe, "x"), *first, *rest, end], name="m")

    def _build_stateful(self, recipe: Recipe) -> Any:
        shape = (BATCH, *SHAPES["sequence"])
        start = self.layers.Input(batch_shape=shape, name="x")
        first = self.list_first(recipe, stateful=True)
        return self.library.Sequential([start, *first, self.make("Dense", units=2)], name="m")

    def _build_functional(self, recipe: Recipe) -> Any:
        x = self.make_input(recipe, "x")
        trunk = self.chain(self.list_first(recipe), x)
        left = self.chain([self.make_step(step) for step in recipe.second], trunk)
        left, right = self.make("Dense", units=3)(left), self.make("Dense", units=3)(trunk)
        joined = self.make(recipe.merge)([left, right])
        return self.library.Model(x, self.make("Dense", units=2)(joined), name="m")

    def _build_shared(self, recipe: Recipe) -> Any:
        inputs = [self.make_input(recipe, name) for name in ("x", "z")]
        shared = self.list_first(recipe)
        sides = [self.chain(shared, each) for each in inputs]
        joined = self.make(recipe.merge)(sides)
        return self.library.Model(inputs, self.make("Dense", units=2)(joined), name="m")

    def _build_nested(self, recipe: Recipe) -> Any:
        x = self.make_input(recipe, "x")
        trunk = self.make("Dense", units=4)(self.chain(self.list_first(recipe), x))
        steps = [self.make_step(step) for step in recipe.second]
        inner = self.library.Sequential(
            [self.layers.Input((4,), name="inner_x"), *steps, self.make("Dense", units=4)],
            name="inner",
        )
        once = inner(trunk)
        joined = self.make(recipe.merge)([once, inner(once) if recipe.masks else trunk])
        return self.library.Model(x, self.make("Dense", units=2)(joined), name="m")

    def _build_several_outputs(self, recipe: Recipe) -> Any:
        x = self.make_input(recipe, "x")
        trunk = self.chain(self.list_first(recipe), x)
        left = self.chain([self.make_step(step) for step in recipe.second], trunk)
        ends = [self.layers.Dense(2, name="a")(left), self.layers.Dense(3, name="b")(trunk)]
        return self.library.Model(x, ends, name="m")


def draw_inputs(recipe: Recipe, seed: int) -> list[Any]:
    """Return an array for each input."""
    generator = np.random.default_rng(seed)
    shape = (BATCH, *SHAPES[recipe.data])
    count = 2 if recipe.form == "shared" else 1
    if recipe.data == "ids":
        drawn = [generator.integers(0, ROWS, shape) for _ in range(count)]
        for each in drawn:
            each[:, 0] = 1  # a sequence without any place is not what masks are for
        return [each.astype("int32") for each in drawn]
    return [generator.normal(size=shape).astype("float32") for _ in range(count)]
