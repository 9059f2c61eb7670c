"""`Subject`, `Check` and `Suite`: a component under test, one check, the checks of a kind."""

from __future__ import annotations

import contextlib
import copy
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from kplug import Component, Example, Kind, Resolved, Spec, get_kind, resolve
from kplug.errors import ContractError, KplugError
from kplug.inspection import describe_signature, find_parameters, load
from kplug_authoring.examples import USUAL_SHAPES, usual_inputs
from kplug_authoring.levels import Level
from kplug_authoring.variations import find_variations, read_hints

Finding = str | None
_SLOW = 5_000  # calls of functions, for a few samples
_LARGE = 50_000  # values of the example's inputs


def count_calls(use: Callable[[], object]) -> int:
    """Return how many functions a use calls, which is the same on every machine, as its time is not."""
    count, former = 0, sys.getprofile()

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        use()
    finally:
        sys.setprofile(former)
    return count


class UnsuitableInputsError(KplugError):
    """None of the default inputs suits a component.

    Args:
        problem: The refusal of the last inputs.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"none of the usual inputs suits it; the last was refused with: {problem}",
            hint="Say what it is called with: @kplug.example(inputs=(…)) above it.",
        )


Behave = Callable[["Subject", Any], Any]


@dataclass(frozen=True)
class Check:
    """A check of every component of a kind.

    Args:
        name: Its name in ``leave_out`` and in the names of cases.
        expected: The requirement, as a clause.
        advice: The advice for authors.
        find: Returns the fault, or None.
        after: Names of simpler checks: where one of them fails or is left out, this one is not run.
        level: The level that asks for it.
    """

    name: str
    expected: str
    advice: str
    find: Callable[[Subject], Finding]
    after: tuple[str, ...] = ()
    level: Level = "silver"


def check(
    expected: str,
    advice: str,
    *,
    name: str | None = None,
    after: tuple[str, ...] = (),
    level: Level = "silver",
) -> Callable[[Callable[[Subject], Finding]], Check]:
    """Make a check of a function that returns a fault or None; the default name is the function's."""

    def make(find: Callable[[Subject], Finding]) -> Check:
        return Check(name or find.__name__.removeprefix("_"), expected, advice, find, after, level)

    return make


@dataclass(frozen=True)
class Suite:
    """The checks of one kind, in order, and a function that records an instance's behaviour for comparison.

    ``find_inputs`` returns the inputs of instances, or raises `UnsuitableInputsError`.
    """

    behave: Behave
    checks: tuple[Check, ...]
    find_inputs: Callable[[Subject], object] = lambda _: None


class Subject:
    """A component under test, with its instances and inputs."""

    def __init__(self, component: Component, example: Example, suite: Suite) -> None:
        self.component, self.example, self.suite = component, example, suite
        self._passed: dict[str, bool] = {}
        self._use: Callable[[Any], object] = lambda _: None

    @property
    def kind(self) -> Kind:
        """The kind of the component."""
        return get_kind(self.component.kind)

    def derive(self, use: Callable[[Any], object] | None = None, **facts: Any) -> Subject:
        """Return the same component with other facts of its example, and a use of each that is made."""
        other = Subject(self.component, replace(self.example, **facts), self.suite)
        other._use = use or self._use
        return other

    def resolve(self, **more: object) -> Resolved:
        """Make the component with its example's arguments and further ones."""
        arguments = {**copy.deepcopy(dict(self.example.arguments)), **more}
        return self.remake(Spec(self.component.qualified_name, kwargs=arguments))

    def remake(self, reference: object) -> Resolved:
        """Make the component of a reference with a fixed seed, as modules draw their weights."""
        with seeded(98):
            found = resolve(self.kind.name, reference)
            self._use(found.object)
        _evaluate(found.object)
        return found

    def make(self, **more: object) -> Any:
        """Return only the object."""
        return self.resolve(**more).object

    def make_plainly(self, **more: object) -> Any:
        """Make the object without a seed around it."""
        arguments = {**copy.deepcopy(dict(self.example.arguments)), **more}
        return resolve(self.kind.name, Spec(self.component.qualified_name, kwargs=arguments)).object

    @cached_property
    def obstacle(self) -> Exception | None:
        """The error that keeps it from being made or called, or None."""
        try:
            self.make()
            self.suite.find_inputs(self)
        except Exception as error:  # noqa: BLE001 - foreign code
            return error
        return None

    def passes(self, name: str) -> bool:
        """Whether a check of the suite is not left out and finds nothing; it is run once."""
        if name not in self._passed:
            checks = [one for one in self.suite.checks if one.name == name]
            try:
                is_left_out = name in self.example.leave_out
                self._passed[name] = not is_left_out and not any(one.find(self) for one in checks)
            except Exception:  # noqa: BLE001 - foreign code
                self._passed[name] = False
        return self._passed[name]

    def behave(self, made: Any) -> Any:
        """Return the behaviour of an instance, with a fixed seed; equal instances behave the same."""
        _evaluate(made)
        with seeded(99):
            return self.suite.behave(self, made)

    @cached_property
    def behaviour(self) -> list[Tensor]:
        """The behaviour of an instance with the example's arguments."""
        return [leaf.clone() for leaf in leaves(self.behave(self.make()))]

    @cached_property
    def is_slow(self) -> bool:
        """Whether a use takes so long that checks with many inputs are left out."""
        if sum(map(torch.numel, leaves(self.given_inputs))) > _LARGE:
            return True
        made = self.make()
        return count_calls(lambda: self.behave(made)) > _SLOW

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """Its constructor's parameters."""
        target = load(self.component)
        names = {name for name, _ in describe_signature(self.kind, target, self.component)}
        found = find_parameters(target) or {}
        return {name: one for name, one in found.items() if name in names}

    @cached_property
    def candidates(self) -> dict[str, list[Any]]:
        """Candidate values for each argument that can be varied."""
        hints = read_hints(load(self.component))
        return dict(find_variations(self.parameters, hints, self.example.arguments))

    @cached_property
    def variations(self) -> dict[str, Any]:
        """The first accepted other value for each argument that can be varied."""
        return {
            name: value
            for name, values in self.candidates.items()
            for value in itertools.islice(
                (one for one in values if self.is_taken(**{name: one})), 1
            )
        }

    def is_taken(self, **arguments: object) -> bool:
        """Whether it accepts further arguments."""
        try:
            self.make(**arguments)
        except Exception:  # noqa: BLE001 - the user sees it
            return False
        return True

    @property
    def given_inputs(self) -> Sequence[Any] | None:
        """The example's inputs; None without any."""
        given = self.example.inputs
        return given() if callable(given) else given

    @cached_property
    def inputs(self) -> tuple[Tensor, ...]:
        """The example's inputs, or the first default ones that give finite values.

        Raises:
            UnsuitableInputsError: if none does.
        """
        given = self.given_inputs
        if given is not None:
            return tuple(torch.as_tensor(value) for value in given)
        problem = "the values are not finite"
        for inputs in usual_inputs(self.kind.name):
            try:
                if all(is_finite(value) for value in leaves(self.behave_on(inputs))):
                    return inputs
            except Exception as error:  # noqa: BLE001 - foreign code refuses in any way
                problem = f"{type(error).__name__}: {error}"
        raise UnsuitableInputsError(problem)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The example's shape, or the first default one that an initializer accepts."""
        if self.example.shape is not None:
            return self.example.shape
        made, (*shapes, last) = self.make(), USUAL_SHAPES
        for shape in shapes:
            # Attempts must not advance the generator.
            with contextlib.suppress(Exception), seeded(99):
                made(shape, dtype=torch.float32)
                return shape
        return last

    def behave_on(self, inputs: tuple[Tensor, ...]) -> Any:
        """Return the behaviour of a new instance with other inputs."""
        trial = self.derive()
        trial.__dict__["inputs"] = inputs
        return trial.behave(trial.make())


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's CPU generator for a block, and restore its state afterwards."""
    state = torch.get_rng_state()
    # Not torch.manual_seed, which formats a stack trace for each type of device.
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)


def _evaluate(made: Any) -> None:
    """Put a module into inference mode, in which it draws no random numbers."""
    if isinstance(made, torch.nn.Module):
        made.eval()


def values_of(loss: Any, *inputs: Tensor) -> Tensor:
    """Return the values of a loss; of one with a ``__call__`` of its own and no ``call``, its number."""
    try:
        values: Tensor = loss.values(*inputs)
    except ContractError:
        values = torch.as_tensor(loss(*inputs))
    return values


def leaves(value: Any) -> list[Tensor]:
    """Return the tensors and numbers of a nested value as tensors."""
    if isinstance(value, Mapping):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [torch.as_tensor(value)] if isinstance(value, (Tensor, int, float)) else []


def is_finite(value: Tensor) -> bool:
    """Whether every number is finite."""
    return bool(value.isfinite().all())


def find_difference(first: Any, second: Any, tolerance: float = 0.0) -> Finding:
    """Return the difference between two nested values; NaNs are equal."""
    ours, theirs = leaves(first), leaves(second)
    if len(ours) != len(theirs):
        return f"{len(ours)} values and {len(theirs)}"
    for left, right in zip(ours, theirs, strict=True):
        if left.shape != right.shape:
            return f"shapes {tuple(left.shape)} and {tuple(right.shape)}"
        if not torch.allclose(left.double(), right.double(), tolerance, tolerance, equal_nan=True):
            return f"{shown(left)} and {shown(right)}"
    return None


def shown(value: Tensor) -> str:
    """Return a tensor as one short line."""
    text = " ".join(str(value.detach().tolist()).split())
    return text if len(text) <= 60 else f"{text[:59]}…"
