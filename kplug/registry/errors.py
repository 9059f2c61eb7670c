"""Errors of parsing, lookup, loading and building: one type for each cause, each with its facts.

Every message says what was asked, where, what is known and what to do. The same facts are attributes,
so that a program need not read the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kplug.registry.quoting import make_printable, quote

_Hint = str | Callable[[], str] | None


class KplugError(Exception):
    """Base of everything that kplug raises on purpose.

    Args:
        message: What happened, in full sentences.
        hint: What to do about it, printed on a line of its own; or a function that returns it, called when
            the text is first read.
        where: The slot it happened in, such as ``dense_1.kernel_regularizer``.
    """

    __module__ = "kplug"

    def __init_subclass__(cls) -> None:
        _make_public(cls)

    def __init__(self, message: str, *, hint: _Hint = None, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self._hint = hint
        self.where = where

    @property
    def hint(self) -> str | None:
        """The advice of the message."""
        if callable(self._hint):
            self._hint = self._hint()
        return self._hint

    @hint.setter
    def hint(self, hint: str | None) -> None:
        self._hint = hint

    def __str__(self) -> str:
        prefix = f"{self.where}: " if self.where else ""
        suffix = f"\n  {self.hint}" if self.hint else ""
        return make_printable(f"{prefix}{self.message}{suffix}")

    def advise(self, advice: str) -> None:
        """Put advice in front of the hint, which is still computed when the text is first read."""
        rest = self._hint

        def join() -> str:
            further = rest() if callable(rest) else rest
            return "\n  ".join(filter(None, (advice, further)))

        self._hint = join

    def at(self, where: str | None) -> KplugError:
        """Return this error with its slot filled in, unless it already names one."""
        if self.where is None:
            self.where = where
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # By default, an exception is unpickled by calling its class with `args`, which these constructors
        # do not take. Worker processes send their errors back as pickles.
        _ = self.hint  # a lazy hint cannot be pickled
        return _restore, (type(self), self.args, self.__dict__)


def _make_public(error: type) -> None:
    """Make tracebacks show the name that users import: ``kplug.DataError``."""
    if error.__module__ in (__name__, "kplug.errors"):
        error.__module__ = "kplug"


def _restore(
    kind: type[KplugError], args: tuple[object, ...], facts: dict[str, object]
) -> KplugError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class SpecError(KplugError, ValueError):
    """A text or dict that does not describe a component."""


class SpecSyntaxError(SpecError):
    """A spec that does not follow the grammar; the message points at the column.

    Args:
        text: The spec as it was given.
        column: 0-based offset of the first character that does not fit.
        reason: What was found or expected there.
        advice: What to write instead; by default what a spec is.
    """

    def __init__(self, text: str, column: int, reason: str, advice: str | None = None) -> None:
        self.text, self.column, self.reason, self._advice = text, column, reason, advice
        line, offset = _line_at(text, column)
        super().__init__(
            f"cannot read the spec {quote(text)}: {reason}\n    {line}\n    {' ' * offset}^",
            hint=advice
            or "A spec is name, name(key=value, …) or distribution/name(…); values are Python "
            "literals or further specs.",
        )

    def inside(self, text: str, start: int) -> SpecSyntaxError:
        """Return this error as one of a longer text, in which its own begins at a place."""
        return SpecSyntaxError(text, start + self.column, self.reason, self._advice)


class SpecLimitError(SpecError):
    """A spec that is longer or nested deeper than the grammar allows."""


class ResolutionError(KplugError, LookupError):
    """A well-formed reference that leads to no usable component.

    Args:
        message: What happened.
        kind: The kind that was asked for, such as ``loss``.
        ref: The reference as it was written.
        candidates: Names that would have worked; or a function that returns them, called on first access.
        hint: What to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        ref: str,
        candidates: Sequence[str] | Callable[[], Sequence[str]] = (),
        hint: _Hint = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind, self.ref = kind, ref
        self._candidates = candidates

    @property
    def candidates(self) -> tuple[str, ...]:
        """Names that would have worked."""
        found = self._candidates() if callable(self._candidates) else self._candidates
        self._candidates = tuple(found)
        return self._candidates

    def __reduce__(self) -> tuple[Any, ...]:
        _ = self.candidates
        return super().__reduce__()

    # KeyError, a LookupError, prints the repr of its argument; these errors print the sentence.
    __str__ = KplugError.__str__


class UnknownComponentError(ResolutionError):
    """No installed plugin offers the name."""


class NotInstalledError(ResolutionError):
    """The distribution that a qualified name begins with is not installed."""


class AmbiguousComponentError(ResolutionError):
    """Several plugins offer the name and nothing says which one is meant."""


class WrongKindError(ResolutionError):
    """The name exists, but as a component of another kind."""


class DisabledComponentError(ResolutionError):
    """The plugin that offers the name is installed and switched off by policy."""


class PluginLoadError(ResolutionError):
    """The plugin that offers the name is installed and broken; the cause is chained.

    It is deliberately no ``ImportError``: an ``except ImportError`` around optional features must not
    hide it.
    """


class MissingModuleError(KplugError, ModuleNotFoundError):
    """A lent module of kplug whose distribution is missing or switched off, or that is lent twice."""


class ContractError(KplugError, TypeError):
    """An object that does not do what its kind requires."""


class ArgumentError(KplugError, TypeError):
    """Arguments that do not fit the component's signature: unknown, missing or given twice."""


class ArgumentValueError(KplugError, ValueError):
    """An argument whose value is outside the allowed range.

    Args:
        owner: The component or method, such as ``l1``.
        argument: The name of the argument.
        value: What was given.
        allowed: The allowed range, in words.
    """

    def __init__(self, owner: str, argument: str, value: object, allowed: str) -> None:
        self.owner, self.argument, self.value, self.allowed = owner, argument, value, allowed
        super().__init__(f"{owner}: argument {argument!r} is {quote(value)}; allowed: {allowed}")


class UnknownKindError(KplugError, ValueError):
    """A kind of component that does not exist."""


class RegistrationError(KplugError, ValueError):
    """A call of ``register``, ``unregister`` or ``scope`` that cannot be carried out."""


class PolicyError(KplugError, ValueError):
    """A setting that cannot be understood, or a component that is unavailable because of one."""


class SeveralProblemsError(KplugError):
    """All the problems of one model, reported together.

    Args:
        problems: The errors, in the order of the model's slots.
        what: What could not be done.
    """

    def __init__(self, problems: Sequence[KplugError], what: str) -> None:
        self.problems = tuple(problems)
        listing = "\n".join(
            f"{number}. " + str(problem).replace("\n", "\n   ")
            for number, problem in enumerate(self.problems, start=1)
        )
        count = len(self.problems)
        super().__init__(f"{what}: {count} problem{'s' * (count != 1)}\n{listing}")


def raise_problems(problems: Sequence[KplugError], what: str) -> None:
    """Raise a single problem itself, several together, and nothing if there is none.

    Args:
        problems: The problems of one model or layer.
        what: What could not be done, such as ``layer 'dense' cannot be built``.

    Raises:
        KplugError: The one problem.
        SeveralProblemsError: All of them, if there are several.
    """
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise SeveralProblemsError(problems, what)


class KplugWarning(UserWarning):
    """Base of kplug's warnings."""

    __module__ = "kplug"

    def __init_subclass__(cls) -> None:
        _make_public(cls)


class ShadowedComponentWarning(KplugWarning):
    """A bare name went to the built-in although a plugin offers the same name."""


class DeprecatedComponentWarning(KplugWarning):
    """The component or its distribution is deprecated or archived. It still works."""


def _line_at(text: str, column: int) -> tuple[str, int]:
    """Return a window of the text's line around the column, and the column inside that window."""
    start = text.rfind("\n", 0, column) + 1
    end = text.find("\n", column)
    line, offset = make_printable(text[start : len(text) if end < 0 else end]), column - start
    if len(line) <= 80:
        return line, offset
    left = max(0, offset - 50)
    return line[left : left + 80], offset - left
