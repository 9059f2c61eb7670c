"""``keras.utils`` of Keras 1 and 2: helpers that later versions removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

import kplug

__all__ = [
    "GeneratorEnqueuer",
    "HDF5Matrix",
    "OrderedEnqueuer",
    "batch_shuffle",
    "categorical_probas_to_classes",
    "convert_kernel",
    "count_params",
    "deserialize_keras_object",
    "func_dump",
    "func_load",
    "get_from_module",
    "get_test_data",
    "is_all_none",
    "keras_test",
    "layer_from_config",
    "make_batches",
    "object_list_uid",
    "plot",
    "print_summary",
    "probas_to_classes",
    "serialize_keras_object",
    "slice_X",
    "slice_arrays",
]


def serialize_keras_object(instance: Any) -> Any:
    """Return class and configuration of an object, or the name of a function.

    Raises:
        ValueError: It has neither.
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        return {"class_name": type(instance).__name__, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return instance.__name__
    raise ValueError(f"{instance!r} has no get_config and no name, so nothing can be written of it")


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return the object that a configuration or a name describes, among the passed objects only.

    Args:
        identifier: ``{"class_name", "config"}``, or the name of a function or class.
        module_objects: Objects by their names.
        custom_objects: The same, with precedence.
        printable_module_name: Their description in messages.

    Raises:
        ValueError: None of them has the name.
    """
    from kplug_keras2.custom_objects import get_custom_objects

    known = {**(module_objects or {}), **get_custom_objects(), **(custom_objects or {})}
    is_config = isinstance(identifier, Mapping)
    name = identifier["class_name"] if is_config else identifier
    if name not in known:
        raise ValueError(f"Unknown {printable_module_name}: {name}")
    found, config = known[name], identifier.get("config", {}) if is_config else None
    if config is None:
        return found() if isinstance(found, type) else found
    return found.from_config(config) if hasattr(found, "from_config") else found(**config)


def get_from_module(
    identifier: Any,
    module_params: Mapping[str, Any],
    module_name: str,
    instantiate: bool = False,
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Return an object by its name, or an instance of a class; Keras 1's version of the above.

    Raises:
        ValueError: None of them has the name.
    """
    if not isinstance(identifier, str):
        return identifier
    if identifier not in module_params:
        raise ValueError(f"Invalid {module_name}: {identifier}")
    found = module_params[identifier]
    return found(**(kwargs or {})) if instantiate else found


def layer_from_config(config: Mapping[str, Any], custom_objects: Any = None) -> Any:
    """Return the layer that a configuration describes."""
    from kplug.layers import deserialize

    return deserialize(dict(config), custom_objects=custom_objects)


def _refuse_code(owner: str) -> kplug.KplugError:
    return kplug.KplugError(
        f"{owner}: the code of functions is neither written nor read",
        hint="Register the function: kplug.register('activation', name, function).",
    )


def func_dump(func: Any) -> Any:
    """Refuse to write the code of a function.

    Raises:
        KplugError: Always.
    """
    del func
    raise _refuse_code("func_dump")


def func_load(code: Any, defaults: Any = None, closure: Any = None, globs: Any = None) -> Any:
    """Refuse to run code from a file.

    Raises:
        KplugError: Always.
    """
    del code, defaults, closure, globs
    raise _refuse_code("func_load")


def HDF5Matrix(  # noqa: N802 - Keras's name
    datapath: str, dataset: str, start: int = 0, end: int | None = None, normalizer: Any = None
) -> Any:
    """Return a dataset of an HDF5 file, which ``fit`` reads lazily; a part of it as an array.

    Args:
        datapath: The file.
        dataset: The dataset's name in it.
        start: The first sample.
        end: The sample after the last one.
        normalizer: A function of the samples.
    """
    import h5py

    data = h5py.File(datapath, "r")[dataset]
    if start == 0 and end is None and normalizer is None:
        return data
    part = data[start:end]
    return part if normalizer is None else normalizer(part)


class GeneratorEnqueuer:
    """Iterates over a generator, for a script's own loops.

    Args:
        generator: The generator; ``OrderedEnqueuer`` takes a ``Sequence``.
        *_options: Arguments of Keras's queue.
        **_named: The same by name.
    """

    def __init__(self, generator: Any, *_options: Any, **_named: Any) -> None:
        self._generator = generator
        self._is_running = False

    def start(self, *_workers: Any, **_options: Any) -> None:
        """Begin."""
        self._is_running = True

    def is_running(self) -> bool:
        """Return whether it was started and not stopped."""
        return self._is_running

    def stop(self, timeout: float | None = None) -> None:
        """End."""
        del timeout
        self._is_running = False

    def get(self) -> Iterator[Any]:
        """Return an iterator of the batches, which repeats a ``Sequence`` endlessly."""
        while self._is_running:
            if hasattr(self._generator, "__next__"):
                yield next(self._generator)
                continue
            for number in range(len(self._generator)):
                yield self._generator[number]
            self._generator.on_epoch_end()


OrderedEnqueuer = GeneratorEnqueuer


def slice_arrays(arrays: Any, start: Any = None, stop: int | None = None) -> Any:
    """Return a part of each array: a range of rows, or the rows in a list."""
    several = arrays if isinstance(arrays, list) else [arrays]
    rows = start if hasattr(start, "__len__") else slice(start, stop)
    found = [None if one is None else one[rows] for one in several]
    return found if isinstance(arrays, list) else found[0]


slice_X = slice_arrays  # noqa: N816 - Keras's name


def make_batches(size: int, batch_size: int) -> list[tuple[int, int]]:
    """Return the first row of each batch, and the one after its last.

    Example:
        >>> make_batches(5, 2)
        [(0, 2), (2, 4), (4, 5)]
    """
    return [(first, min(first + batch_size, size)) for first in range(0, size, batch_size)]


def batch_shuffle(index_array: Any, batch_size: int) -> Any:
    """Shuffle row numbers by whole batches; an incomplete last batch stays last."""
    count = len(index_array) // batch_size
    full = np.asarray(index_array[: count * batch_size]).reshape(count, batch_size)
    np.random.shuffle(full)
    return np.append(full.ravel(), index_array[count * batch_size :])


def probas_to_classes(y_pred: Any) -> Any:
    """Convert probabilities to classes, as ``predict_classes`` does."""
    if np.ndim(y_pred) == 2 and np.shape(y_pred)[1] > 1:
        return categorical_probas_to_classes(y_pred)
    return np.array([1 if one > 0.5 else 0 for one in np.ravel(y_pred)])


def categorical_probas_to_classes(p: Any) -> Any:
    """Return the most likely class of each row."""
    return np.argmax(p, axis=1)


def convert_kernel(kernel: Any) -> Any:
    """Rotate a kernel by 180 degrees, as Theano's are."""
    array = np.asarray(kernel)
    axes = tuple(range(array.ndim - 2))
    return np.copy(np.flip(array, axes))


def count_params(weights: Sequence[Any]) -> int:
    """Return the number of elements of the weights."""
    return sum(int(one.numel()) for one in {id(one): one for one in weights}.values())


def print_summary(
    model: Any, line_length: int | None = None, *_options: Any, **_named: Any
) -> None:
    """Print a model's layers."""
    model.summary(line_length=line_length)


def plot(model: Any, to_file: str = "model.png", **options: Any) -> Any:
    """Draw a model into a file; Keras 1's name of ``plot_model``."""
    return kplug.utils.plot_model(model, to_file=to_file, **options)


def is_all_none(iterable_or_element: Any) -> bool:
    """Return whether a value is ``None`` or a list of ``None``."""
    several = iterable_or_element
    return all(
        one is None for one in (several if isinstance(several, (list, tuple)) else [several])
    )


def object_list_uid(object_list: Any) -> str:
    """Return a text that identifies a list of tensors."""
    several = object_list if isinstance(object_list, (list, tuple)) else [object_list]
    return ", ".join(str(abs(id(one))) for one in several)


def keras_test(func: Any) -> Any:
    """Return a test unchanged."""
    return func


def get_test_data(
    num_train: int = 1000,
    num_test: int = 500,
    input_shape: tuple[int, ...] = (10,),
    output_shape: tuple[int, ...] = (2,),
    classification: bool = True,
    num_classes: int = 2,
    **old: Any,
) -> Any:
    """Return random training and test data: inputs with classes, or with targets of a shape."""
    count_1 = old.pop("nb_train", num_train)
    total = count_1 + old.pop("nb_test", num_test)
    classes = old.pop("nb_class", num_classes)
    chance = np.random.mtrand._rand  # the generator that scripts seed
    if classification:
        y = chance.randint(0, classes, size=(total,))
        x = np.zeros((total, *input_shape), "float32")
        x += y.reshape(-1, *[1] * len(input_shape)) + chance.normal(0, 0.7, size=x.shape)
    else:
        base = chance.random(total)
        x = base.reshape(-1, *[1] * len(input_shape)) * np.ones((1, *input_shape), "float32")
        y = base.reshape(-1, *[1] * len(output_shape)) * np.ones((1, *output_shape), "float32")
    return (x[:count_1], y[:count_1]), (x[count_1:], y[count_1:])
