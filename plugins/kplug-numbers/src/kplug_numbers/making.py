"""Makes readings: a component with its arguments, computed by the recipe of its kind."""

from __future__ import annotations

import contextlib
import copy
import functools
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from kplug import Spec, config, parse_spec, resolve
from kplug.backend import keeping_uids
from kplug.display.messages import describe_error
from kplug.dtype_policies import dtype_policy, set_dtype_policy
from kplug.errors import KplugError
from kplug_numbers.comparison import compare
from kplug_numbers.errors import ReadingError
from kplug_numbers.reading import Reading
from kplug_numbers.recipes.initializers import record_initializer
from kplug_numbers.recipes.layers import record_layer
from kplug_numbers.recipes.metrics import record_metric
from kplug_numbers.recipes.optimizers import record_optimizer
from kplug_numbers.recipes.recorder import MOST_SECONDS, Recorder
from kplug_numbers.recipes.schedules import record_schedule
from kplug_numbers.recipes.tensor_functions import (
    record_activation,
    record_constraint,
    record_loss,
    record_regularizer,
)
from kplug_numbers.time_limit import BY_THE_CLOCK, OverdueError, TimeLimit

# The versions of each recipe, from 1 on. One whose inputs or parts change gets another beside it, so what it
# recorded can be compared for good. Callbacks have none.
RECIPES: dict[str, tuple[Callable[[Recorder], None], ...]] = {
    "activation": (record_activation,),
    "constraint": (record_constraint,),
    "initializer": (record_initializer,),
    "layer": (record_layer,),
    "loss": (record_loss,),
    "metric": (record_metric,),
    "optimizer": (record_optimizer,),
    "regularizer": (record_regularizer,),
    "schedule": (record_schedule,),
}
_SEED = 7


def make_reading(
    kind: str,
    reference: str | Spec,
    *,
    is_twice: bool = True,
    most_seconds: float = MOST_SECONDS,
    recipe: int | None = None,
) -> Reading:
    """Return the reading of a component with arguments.

    Args:
        kind: The singular name of its kind.
        reference: The component with its arguments.
        is_twice: Whether it is made twice, to see whether the component is random.
        most_seconds: How much processor time each may take.
        recipe: The version of the kind's recipe; None for the newest.

    Raises:
        ReadingError: if the kind has no such recipe, or if the component cannot be made, is random, takes too
            long or suits no input of the recipe.

    Example:
        >>> make_reading("loss", "kplug/mse").parts["real/float64/value"].dtype
        'float64'
    """
    spec = parse_spec(reference) if isinstance(reference, str) else reference

    def make() -> Any:
        # A text is planned once, and each object gets lists of its own.
        given = reference if isinstance(reference, str) else copy.deepcopy(spec)
        return resolve(kind, given).object

    return _read(kind, str(spec), make, is_twice, most_seconds, recipe)


def read_object(
    kind: str,
    name: str,
    make: Callable[[], object],
    *,
    is_twice: bool = True,
    most_seconds: float = MOST_SECONDS,
) -> Reading:
    """Return the reading of an object of the user's code or of another library.

    Args:
        kind: The singular name of the kind that it is used as.
        name: What the reading calls it.
        make: Makes the object anew at each call.
        is_twice: As for `make_reading`, as is the next.
        most_seconds: How much processor time each may take.

    Raises:
        ReadingError: as `make_reading` does.

    Example:
        >>> from kplug_numbers import compare
        >>> ours = make_reading("activation", "kplug/tanh")
        >>> str(compare(ours, read_object("activation", "torch.tanh", lambda: torch.tanh)))
        'same'
    """
    return _read(kind, name, lambda: resolve(kind, make()).object, is_twice, most_seconds)


def make_recorder(kind: str, spec: Spec, most_seconds: float = MOST_SECONDS) -> Recorder:
    """Return a recorder of a component that is made anew as a recipe makes it."""
    return Recorder(_seed(lambda: resolve(kind, copy.deepcopy(spec)).object), most_seconds)


def _seed(make: Callable[[], Any]) -> Callable[[], Any]:
    """Return a function that makes a component between two seeds of torch's generator."""

    def make_seeded() -> Any:
        torch.default_generator.manual_seed(_SEED)
        try:
            made = make()
        except (KeyboardInterrupt, OverdueError):
            raise
        except BaseException as error:
            text = error.message if isinstance(error, KplugError) else describe_error(error)
            raise ReadingError(f"it cannot be made: {text}") from error
        torch.default_generator.manual_seed(_SEED)
        return made

    return make_seeded


def _read(
    kind: str,
    name: str,
    make: Callable[[], Any],
    is_twice: bool,
    most_seconds: float,
    recipe: int | None = None,
) -> Reading:
    if kind not in RECIPES:
        raise ReadingError(
            f"there is no recipe for the kind {kind!r}",
            hint=f"There is one for {', '.join(RECIPES)}.",
        )
    newest = len(RECIPES[kind])
    version = newest if recipe is None else recipe
    if not 0 < version <= newest:
        raise ReadingError(
            f"recipe {version} of the kind {kind} is unknown here; the newest is {newest}",
            hint="A newer kplug-numbers may know it.",
        )
    record = RECIPES[kind][version - 1]
    make_seeded = _seed(make)

    def read() -> Reading:
        out = Recorder(make_seeded, most_seconds)
        with out.limit.interrupting():
            try:
                record(out)
            except (KplugError, KeyboardInterrupt, OverdueError):
                raise
            except BaseException as error:  # between two calls
                raise ReadingError(f"it raised {describe_error(error)}") from error
        return out.finish(kind, name, version)

    def make_and_read() -> Reading:
        # It may read files, which takes its time.
        with TimeLimit(BY_THE_CLOCK * most_seconds).interrupting():
            make_seeded()
        return read()

    with standard_settings():
        known = len(sys.modules)
        try:
            first = make_and_read()
        except ReadingError:
            if len(sys.modules) == known:
                raise
            first = make_and_read()  # what was imported is there, and takes no time
        if is_twice and compare(first, read()).outcome != "same":
            raise ReadingError(
                "it is random: two readings differ although torch's generator is seeded"
            )
        return first


@contextlib.contextmanager
def standard_settings() -> Iterator[None]:
    """Compute with kplug's default settings; restore the caller's, names, and what a component may change.

    One thread at a time does, since the settings are the program's: a second one waits.
    """
    with _ALONE:
        yield from _compute_as_usual()


def _compute_as_usual() -> Iterator[None]:
    floatx, epsilon, layout = config.floatx(), config.epsilon(), config.image_data_format()
    policy = None if dtype_policy().name == floatx else dtype_policy()
    with _restoring_libraries():
        try:
            config.set_floatx("float32")
            config.set_epsilon(1e-7)
            config.set_image_data_format("channels_last")
            set_dtype_policy(None)
            with contextlib.ExitStack() as stack:
                stack.enter_context(keeping_uids())
                stack.enter_context(torch.inference_mode(False))
                stack.enter_context(torch.enable_grad())
                stack.enter_context(torch.autocast("cpu", enabled=False))
                if torch.get_default_device().type != "cpu":
                    stack.enter_context(torch.device("cpu"))
                stack.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
                yield
        finally:
            config.set_floatx(floatx)
            config.set_epsilon(epsilon)
            config.set_image_data_format(layout)
            set_dtype_policy(policy)


@contextlib.contextmanager
def _restoring_libraries() -> Iterator[None]:
    """Restore generators, and the settings of torch and NumPy, which are the usual ones meanwhile."""
    drawn = [(restore, read()) for read, restore in _GENERATORS]
    kept = [(read, restore, read()) for read, restore, _ in _SETTINGS]
    try:
        for read, restore, usual in _SETTINGS:
            if usual is not None and read() != usual:
                restore(usual)
        yield
    finally:
        for restore, state in drawn:
            restore(state)
        for read, restore, value in kept:
            if read() != value:
                restore(value)


def _read_determinism() -> dict[str, bool]:
    return {
        "mode": torch.are_deterministic_algorithms_enabled(),
        "warn_only": torch.is_deterministic_algorithms_warn_only_enabled(),
    }


def _restore_device(device: torch.device) -> None:
    torch.set_default_device(None if device.type == "cpu" else device)


def _read_precision(operation: Any) -> str:
    """Return the type in which oneDNN computes with float32: another one than float32 is much faster."""
    found: str = operation.fp32_precision
    return "ieee" if found == "none" else found


def _set_precision(operation: Any, value: str) -> None:
    operation.fp32_precision = value


_ALONE = threading.RLock()
_GENERATORS: tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...] = (
    (torch.get_rng_state, torch.set_rng_state),
    (random.getstate, random.setstate),
    (np.random.get_state, np.random.set_state),
)
# How each is read, how it is set, and the usual value, if numbers depend on it.
_SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], object], Any], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype, torch.float32),
    (torch.get_default_device, _restore_device, None),
    (torch.get_num_threads, torch.set_num_threads, None),
    (torch.is_grad_enabled, torch.set_grad_enabled, None),
    (torch.is_anomaly_enabled, torch.set_anomaly_enabled, False),
    *(
        (functools.partial(_read_precision, one), functools.partial(_set_precision, one), "ieee")
        for one in (
            torch.backends.mkldnn.matmul,  # type: ignore[attr-defined]
            torch.backends.mkldnn.conv,  # type: ignore[attr-defined]
            torch.backends.mkldnn.rnn,  # type: ignore[attr-defined]
        )
    ),
    (
        _read_determinism,
        lambda value: torch.use_deterministic_algorithms(**value),
        {"mode": False, "warn_only": False},
    ),
    (
        np.geterr,
        lambda value: np.seterr(**value),
        {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"},
    ),
)
