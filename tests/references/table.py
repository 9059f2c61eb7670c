"""Components with the objects of other libraries that they are compared with."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version

import keras
import torch
from kplug_numbers import Part, Reading, compare, make_reading, read_object
from kplug_numbers.comparison import TOLERANCES
from kplug_numbers.making import RECIPES

from kplug import Component, Spec
from kplug.dialect.names import find_keras_class
from kplug.inspection import KINDS, find_own_example, list_components, load
from tests.contract.examples import find_examples
from tests.references import keras_objects, libraries

_MOST_SECONDS = 60.0  # of a reading: on a busy machine much time passes by the clock
TOLERANCE = 1e-6  # of float64, by the size of the terms; of the other types as in `kplug_numbers`
# Names of states are each library's own. In Keras all weights have one rate. torch's losses are a number
# for a batch, so what weights and masks make of them is kplug's alone.
_NOT_COMPARED = ("state/*", "groups/*")
_OF_BATCHES = ("*/samples/*", "*/weighted/*", "*/masked/*", "*/all_masked/*")


@dataclass(frozen=True)
class Reference:
    """A component and what it is compared with.

    Args:
        kind: The kind of both.
        spec: The component with its arguments.
        name: The other object, such as ``keras.losses.Huber``.
        make: Makes it anew.
    """

    kind: str
    spec: str
    name: str
    make: Callable[[], object]

    @property
    def key(self) -> str:
        """The component's kind and qualified name."""
        return f"{self.kind} {self.spec.partition('(')[0]}"

    @property
    def version(self) -> str:
        """The version of the other library."""
        return version(self.name.partition(".")[0].replace("_", "-"))


@dataclass(frozen=True)
class Result:
    """The result of a comparison.

    Args:
        count: How many parts of the readings were compared.
        differing: What differs, by the names of parts.
    """

    count: int
    differing: Mapping[str, str]


def list_references() -> list[Reference]:
    """Return all comparisons."""
    examples = find_examples()
    found: list[Reference] = []
    for kind in RECIPES:
        for component in list_components(KINDS[kind]):
            example = examples.get(f"{kind}/{component.qualified_name}")
            arguments = dict((example or find_own_example(component)).arguments)
            found += _find(kind, component, Spec(component.qualified_name, kwargs=arguments))
    return found


def _find(kind: str, component: Component, spec: Spec) -> Iterator[Reference]:
    home, _, name = component.target.partition(":")
    if component.origin.distribution == "torch":
        yield from _find_torch(kind, name, spec)
    elif (kind, home) in libraries.MAKERS:
        library, make = libraries.MAKERS[kind, home]
        owner = getattr(library, name, None)
        if owner is not None and name not in libraries.LEFT_OUT:
            is_of_torch = owner.__module__.startswith("torch.optim.lr_scheduler")
            home = "torch.optim.lr_scheduler" if is_of_torch else library.__name__
            made = functools.partial(make, owner, spec)
            yield Reference(kind, str(spec), f"{home}.{name}", made)
    else:
        yield from _find_keras(kind, component, spec)


def _find_torch(kind: str, name: str, spec: Spec) -> Iterator[Reference]:
    if kind == "optimizer":
        make = functools.partial(libraries.make_optimizer, getattr(torch.optim, name), spec)
        yield Reference(kind, str(spec), f"torch.optim.{name}", make)
    elif kind == "loss":
        make = functools.partial(libraries.make_torch_loss, getattr(torch.nn, name), spec)
        yield Reference(kind, str(spec), f"torch.nn.{name}", make)
    elif kind == "initializer":
        function = f"{spec.name}_"
        of_torch = getattr(torch.nn.init, function)
        make = functools.partial(libraries.make_torch_initializer, of_torch, spec)
        yield Reference(kind, str(spec), f"torch.nn.init.{function}", make)


def _find_keras(kind: str, component: Component, spec: Spec) -> Iterator[Reference]:
    if kind == "activation":
        path = f"keras.activations.{component.name}"
    else:
        path = find_keras_class(kind, load(component)) or ""
    home, _, name = path.rpartition(".")
    family = keras.activations if kind == "activation" else keras_objects.FAMILIES[kind]
    if home.startswith("keras.") and hasattr(family, name) and name not in _NEVER:
        yield Reference(
            kind, str(spec), path, functools.partial(keras_objects.make, kind, str(spec))
        )


# Random ones draw from a generator of Keras's, or make one from text; the others are no layers to call.
_NEVER = {
    *(
        "Embedding",
        "CategoryEncoding",
    ),  # Keras takes floats for ids, so its recipe has other inputs
    *("Functional", "Sequential", "InputLayer", "Lambda", "StackedRNNCells", "STFT"),
    *("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform"),
    *("Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling"),
    *("RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation"),
    *("RandomTranslation", "RandomZoom"),
    *("Hashing", "IntegerLookup", "StringLookup", "TextVectorization"),  # in Keras, TensorFlow's
    "CategoricalGeneralizedCrossEntropy",  # Keras does not read its configuration
    *("LossScaleOptimizer", "MultiOptimizer"),  # they wrap others
    *("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"),  # k is 5, of three classes
}


def compare_both(reference: Reference) -> Result:
    """Return where a component's reading differs from that of the other object."""
    kind, spec, name = reference.kind, reference.spec, reference.name
    ours = make_reading(kind, spec, is_twice=False, most_seconds=_MOST_SECONDS)
    # What is random differs from itself too.
    theirs = read_object(kind, name, reference.make, is_twice=False, most_seconds=_MOST_SECONDS)
    is_of_keras = name.startswith("keras.")
    left_out = _NOT_COMPARED + (() if reference.kind != "loss" or is_of_keras else _OF_BATCHES)
    names = [
        one
        for one in ours.parts
        if one in theirs.parts and not any(fnmatch.fnmatch(one, each) for each in left_out)
    ]
    first, second = _keep(ours, names), _keep(theirs, names)
    # Another type is no difference here, but then both are compared as the less precise one.
    parts = {name: _align(first.parts[name], part) for name, part in second.parts.items()}
    first = replace(first, parts={name: ours for name, (ours, _) in parts.items()})
    second = replace(second, parts={name: theirs for name, (_, theirs) in parts.items()})
    found = compare(first, second).differences
    return Result(len(names), {one.part: one.message for one in found if not one.by <= TOLERANCE})


def _align(ours: Part, theirs: Part) -> tuple[Part, Part]:
    """Return both parts in one type; another error for the same input is none of another kind."""
    if ours.raises and theirs.raises:
        return ours, ours
    dtype = max(ours.dtype, theirs.dtype, key=lambda one: TOLERANCES.get(one, 0.0))
    return replace(ours, dtype=dtype), replace(theirs, dtype=dtype)


def _keep(reading: Reading, names: list[str]) -> Reading:
    return replace(reading, parts={name: reading.parts[name] for name in names})
