"""Rematerialization: `RematScope` and `remat`, and what a second forward pass must not do twice.

torch's checkpoint keeps the inputs of a call instead of what its backward pass needs, and runs the call again
during the backward pass. The second run sees the states of the first one, and leaves no trace.
"""

from __future__ import annotations

import contextlib
import functools
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.autograd.grad_mode import _unsafe_preserve_version_counter
from torch.utils.checkpoint import checkpoint
from typing_extensions import Self

from kplug.activations import linear
from kplug.backend.random import SeedGenerator
from kplug.components.arguments import refusal, require_choice, require_integer
from kplug.errors import ContractError
from kplug.graph import TensorSpec, list_modules
from kplug.layers.base.outermost_call import THREAD
from kplug.metrics import Metric
from kplug.support.nested import find_leaves, map_leaves

_MODES: Final = ("full", "activations", "larger_than", "list_of_layers", None)


class _Scopes(threading.local):
    """The scopes that a thread is in, innermost last."""

    opened: tuple[RematScope, ...] = ()


_SCOPES = _Scopes()
# torch's batch_norm does not count its changes, of statistics that are small.
_SMALL = 65_536


class RematScope:
    """Layers that are made in the scope trade time for memory in training: rematerialization.

    Such a layer keeps its inputs alone, and its backward pass computes what it needs from them once more,
    with the same random numbers. Results are the same to the bit. A layer inside a rematerialized one is
    not rematerialized again, and a model is not as a whole unless it is named. An inner scope replaces an
    outer one.

    Args:
        mode: Which layers: all for ``"full"``, those with outputs of more than ``output_size_threshold``
            numbers for ``"larger_than"``, those in ``layer_names`` for ``"list_of_layers"``, none for
            ``None``. With ``"activations"`` only the activation of each layer is computed again.
        output_size_threshold: The number of elements of all outputs of a call, the batch included, >= 0.
        layer_names: Names of layers; ``*`` stands for any text, as in ``"encoder_*"``.

    Raises:
        ArgumentValueError: An argument is outside its range.

    Example:
        >>> from kplug.layers import Dense
        >>> with RematScope(mode="list_of_layers", layer_names=["hidden_*"]):
        ...     layer = Dense(64, activation="gelu", name="hidden_1")

    Reference:
        Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016; ``keras.RematScope``, whose names
        have no patterns, and which repeats whole models too. Configurations hold no scope, as in Keras: a
        model is loaded in one. A step with such layers is not compiled.
    """

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Sequence[str] | None = None,
    ) -> None:
        owner = "RematScope"
        self.mode = None if mode is None else require_choice(owner, "mode", mode, _MODES[:-1])
        self.output_size_threshold = require_integer(
            owner,
            "output_size_threshold",
            output_size_threshold,
            "an integer >= 0",
            at_least=0,
        )
        names: object = [] if layer_names is None else layer_names
        if not isinstance(names, (list, tuple)) or not all(isinstance(each, str) for each in names):
            raise refusal(owner, "layer_names", layer_names, "a list of names")
        self.layer_names = list(names)

    def __enter__(self) -> Self:
        _SCOPES.opened = (*_SCOPES.opened, self)
        return self

    def __exit__(self, *_: object) -> None:
        _SCOPES.opened = _SCOPES.opened[:-1]


def find_scope() -> RematScope | None:
    """Return the scope in which a layer is being made, if it asks for anything."""
    scope = _SCOPES.opened[-1] if _SCOPES.opened else None
    return None if scope is None or scope.mode is None else scope


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function, or a layer's call, that keeps its inputs alone and is computed again for gradients.

    What it calls may have states: averages, random generators and metrics of the object that a method belongs
    to, of modules in its closure, and of what is inside them, are as after a single run.

    Args:
        f: A function of tensors, a method, a layer or any module.

    Returns:
        A function with the same parameters and results.

    Raises:
        ContractError: In the call, if it changes a trainable weight in place.

    Example:
        >>> def block(x):
        ...     return torch.tanh(x * 2.0) ** 2
        >>> x = torch.ones(3, requires_grad=True)
        >>> torch.equal(remat(block)(x), block(x))
        True

    Reference:
        ``keras.remat``, whose second run updates averages again. See `RematScope` for layers.
    """
    holders = _find_modules(f)

    @functools.wraps(f, updated=())
    def repeated(*args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return f(*args, **kwargs)
        return _checkpointed(f, holders, args, kwargs)

    return repeated


def _find_modules(function: Any) -> list[nn.Module]:
    """Return the modules that a function reaches: its own object, and those in its closure."""
    reached = [function, getattr(function, "__self__", None)]
    if isinstance(function, functools.partial):
        reached += [*_find_modules(function.func), *function.args, *function.keywords.values()]
    for cell in getattr(function, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # an empty cell
            reached.append(cell.cell_contents)
    return [each for each in reached if isinstance(each, nn.Module)]


def call_layer(
    layer: Any,
    scope: RematScope,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Return a layer's result for the scope that it was made in.

    Args:
        layer: The layer.
        scope: The scope.
        function: Its ``call``, possibly watched.
        args: The arguments of the call.
        kwargs: Its keyword arguments.
    """
    if THREAD.is_repeatable or next(find_leaves((args, kwargs), Tensor), _META).is_meta:
        return function(*args, **kwargs)
    if scope.mode == "activations":
        with _repeating_activation(layer):
            return function(*args, **kwargs)
    if not _is_chosen(layer, scope, args, kwargs):
        return function(*args, **kwargs)
    return _checkpointed(function, [layer], args, kwargs)


_META = torch.empty(0, device="meta")


def _is_chosen(
    layer: Any, scope: RematScope, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bool:
    if scope.mode == "list_of_layers":
        return any(fnmatchcase(layer.name, pattern) for pattern in scope.layer_names)
    if layer._leaves_masks:  # a model, whose layers were made in the scope or not
        return False
    return scope.mode == "full" or _has_large_outputs(layer, scope, args, kwargs)


def _has_large_outputs(
    layer: Any, scope: RematScope, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bool:
    """Return whether the outputs have more elements than the threshold, inferred once for each shape."""
    specs = map_leaves((args, dict(kwargs)), Tensor, _describe)
    key = tuple(find_leaves(specs, TensorSpec))
    sizes: dict[Any, bool] = vars(layer).setdefault("_remat_sizes", {})
    if key not in sizes:
        # Inferring runs the call on tensors without memory, of which nothing may be left either.
        with torch.random.fork_rng(devices=[]), _State([layer]).repeating():
            made = [spec.shape for spec in layer.infer_specs(*specs)]
        count = sum(math.prod(size or 1 for size in shape) for shape in made)
        sizes[key] = count > scope.output_size_threshold
    return sizes[key]


def _describe(tensor: Tensor) -> TensorSpec:
    return TensorSpec(tuple(tensor.shape), tensor.dtype)


@contextlib.contextmanager
def _repeating_activation(layer: Any) -> Iterator[None]:
    """Let a layer compute its activation again in the backward pass."""
    activation = layer.activation if "activation" in layer.slots else linear
    if activation is linear:
        yield
        return
    layer._show_component("activation", remat(activation))
    try:
        yield
    finally:
        layer._show_component("activation", activation)


def _checkpointed(
    function: Callable[..., Any],
    holders: Sequence[nn.Module],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    if torch.compiler.is_dynamo_compiling():  # torch.compile chooses by itself what to keep
        return function(*args, **kwargs)
    if torch.compiler.is_compiling():
        raise ContractError("a call that is computed again for gradients cannot be part of a graph")
    state = _State(holders)
    made = checkpoint(
        functools.partial(function, **kwargs),
        *args,
        use_reentrant=False,
        context_fn=lambda: (_marking(), state.repeating()),
    )
    state.end_first_run()
    return made


@contextlib.contextmanager
def _marking() -> Iterator[None]:
    """Mark a first run: layers inside are not rematerialized again."""
    before, THREAD.is_repeatable = THREAD.is_repeatable, True
    try:
        yield
    finally:
        THREAD.is_repeatable = before


class _State:
    """The states of modules before a call, for its second run.

    These are attributes, the mode among them, buffers, generators and metrics; not lists in attributes.

    Args:
        holders: The modules, with all inside them.
    """

    def __init__(self, holders: Sequence[nn.Module]) -> None:
        modules = list(dict.fromkeys(each for one in holders for each in list_modules(one)))
        self._call = THREAD.call
        held = [value for module in modules for value in vars(module).values()]
        tables = [table for module in modules for table in (vars(module), module._buffers)]
        self._attributes = [(table, dict(table)) for table in tables]
        self._generators = [(each, each.get_state()) for each in _pick(held, torch.Generator)]
        self._metrics = _pick(held, Metric)
        tensors = [*_pick(held, Tensor), *(each.state for each in _pick(held, SeedGenerator))]
        for module in modules:
            tensors += [each for each in module._buffers.values() if each is not None]
        self._tensors = [(each, each.detach().clone(), each._version) for each in tensors]
        weights = [each for module in modules for each in module._parameters.values()]
        self._weights = [(each, each._version) for each in weights if each is not None]

    def end_first_run(self) -> None:
        """Forget large tensors that the call has not changed.

        Raises:
            ContractError: It has changed a trainable weight in place.
        """
        self._tensors = [
            each
            for each in self._tensors
            if each[0]._version != each[2] or each[0].numel() <= _SMALL
        ]
        changed = next(
            (weight for weight, version in self._weights if weight._version != version), None
        )
        if changed is not None:
            raise ContractError(
                f"a call that is computed again for gradients has changed a weight of shape "
                f"{tuple(changed.shape)} in place, so the second time would compute something else",
                hint="Make its layer under kplug.RematScope(mode=None), or give others by name: "
                'RematScope("list_of_layers", layer_names=[…]).',
            )

    @contextlib.contextmanager
    def repeating(self) -> Iterator[None]:
        """Run a block in the states before the call, and restore those of now."""
        attributes = [(state, dict(state)) for state, _ in self._attributes]
        tensors = [(each, each.detach().clone()) for each, _, _ in self._tensors]
        generators = [(each, each.get_state()) for each, _ in self._generators]
        metrics = [(metric, metric.snapshot()) for metric in self._metrics]
        thread = vars(THREAD).copy()
        _put_back(self._attributes, [each[:2] for each in self._tensors], self._generators)
        THREAD.call, THREAD.is_repeatable, THREAD.is_repeating = self._call or object(), True, True
        try:
            yield
        finally:
            vars(THREAD).clear()
            vars(THREAD).update(thread)
            _put_back(attributes, tensors, generators)
            for metric, snapshot in metrics:
                metric.restore(snapshot)


def _pick(values: Sequence[object], kind: type) -> list[Any]:
    return list({id(each): each for each in values if isinstance(each, kind)}.values())


@torch.no_grad()
def _put_back(
    attributes: Sequence[tuple[dict[str, Any], dict[str, Any]]],
    tensors: Sequence[tuple[Tensor, Tensor]],
    generators: Sequence[tuple[torch.Generator, Tensor]],
) -> None:
    for state, values in attributes:
        state.clear()
        state.update(values)
    for tensor, value in tensors:
        with _unsafe_preserve_version_counter(tensor):  # what is saved for gradients stays valid
            tensor.copy_(value)
    for generator, position in generators:
        generator.set_state(position)
