"""Checks of components of every kind."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterable, Mapping

from kplug import Resolved, resolve
from kplug.inspection import (
    find_kind_of_slot,
    find_search_ranges,
    list_ends,
    load,
    write_range,
)
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    find_difference,
)
from kplug_authoring.checks.switches import find_reseeded
from kplug_authoring.readings import find_texts, find_unread, is_taken_up


@check(
    "it can be made with the arguments of its example, and called with the inputs",
    "Say what it is made with: @kplug.example({argument: value}) above it.",
    level="bronze",
)
def made(subject: Subject) -> Finding:
    """Make the component; on failure, or without suitable inputs, other checks are skipped."""
    subject.make()
    return None


@check(
    "what it was made with goes through text and JSON and makes the same again",
    "Keep each argument as an attribute of its own name, as a literal, or write get_config and from_config.",
    level="bronze",
)
def _config(subject: Subject) -> Finding:
    finding = _stored(subject)
    if finding or not subject.variations:
        return finding
    # A lost argument shows only if it differs from its default: vary compatible ones together, then the rest.
    varied = subject.variations
    together = varied if _is_used(subject, **varied) else _find_compatible(subject, varied)
    alone = [{name: varied[name]} for name in varied.keys() - together.keys()]
    tried = [together, *(one for one in alone if _is_used(subject, **one))]
    return next(filter(None, (_stored(subject, **one) for one in tried)), None)


def _find_compatible(subject: Subject, varied: Mapping[str, object]) -> dict[str, object]:
    """Return the variations that a component accepts together."""
    chosen: dict[str, object] = {}
    for name, value in varied.items():
        if _is_used(subject, **chosen, **{name: value}):
            chosen[name] = value
    return chosen


def _stored(subject: Subject, **more: object) -> Finding:
    """Compare a component with the one rebuilt from its configuration."""
    found = subject.resolve(**more)
    if found.lost:
        return f"made with {found.written}, its get_config() leaves out {', '.join(found.lost)}"
    text = str(found.spec)
    again = subject.remake(text)
    if again.spec != found.spec:
        return f"{text} makes {again.spec}"
    difference = find_difference(subject.behave(found.object), subject.behave(again.object))
    if difference:
        return f"{text} makes one that behaves differently: {difference}"
    if str(found.spec) != text:
        return f"{text} is {found.spec} after its use"
    return _own_config(found)


def _own_config(found: Resolved) -> Finding:
    """Compare an instance's configuration with that of its rebuilt copy, also as Keras's dict."""
    source = found.source
    if not hasattr(source, "get_config") or not hasattr(type(source), "from_config"):
        return None
    config = source.get_config()
    try:
        stored = json.loads(json.dumps(config))
    except (TypeError, ValueError) as error:
        return f"get_config() returned {config}, which JSON cannot hold: {error}"
    made = [type(source).from_config(copy.deepcopy(stored))]
    if found.call is not None and found.call.role == "class":
        form = {"class_name": found.component.qualified_name, "config": stored}
        made.append(resolve(found.kind, form).source)
    for one in made:
        again = json.loads(json.dumps(one.get_config()))
        if again != stored:
            return f"{stored} makes one whose configuration is {again}"
    return None


@check(
    "it can be pickled, and the copy behaves as it does; what a factory made can be copied",
    "Keep no lambda, lock, generator or open file as an attribute; make it where it is used.",
)
def _pickle(subject: Subject) -> Finding:
    found = subject.resolve()
    made = found.object
    # A factory may return a local function, which does not pickle: files store name and arguments instead.
    is_made = found.call is not None and found.call.role == "factory"
    try:
        twin = copy.deepcopy(made) if is_made else pickle.loads(pickle.dumps(made))  # noqa: S301 - ours
    except Exception as error:  # noqa: BLE001 - pickle raises anything
        return f"{type(error).__name__}: {error}"
    difference = find_difference(subject.behaviour, subject.behave(twin))
    return difference and f"the copy behaves differently: {difference}"


@check(
    "two that are made alike give the same values for the same inputs, and seed no generator of the process",
    "Draw from torch's generator only, and keep no state between instances. With a seed of one's own, make a "
    "torch.Generator: no torch.manual_seed, random.seed or np.random.seed.",
)
def _determinism(subject: Subject) -> Finding:
    difference = find_difference(subject.behaviour, subject.behave(subject.make()))
    if difference:
        return difference
    found = find_reseeded(lambda: subject.suite.behave(subject, subject.make_plainly()))
    return found and f"{found} is in one state after a use, whichever it was in before"


@check(
    "an error for an argument that it does not have, and for a text that is none of an argument's values",
    "Take no **kwargs that nothing reads, and check what a text may be: raise ArgumentValueError.",
)
def _arguments(subject: Subject) -> Finding:
    if _is_used(subject, no_such_argument=1):
        return "it is made with no_such_argument=1"
    if subject.kind.name == "callback":  # their texts are names of files and logs
        return None
    for name, value in subject.resolve().arguments.items():
        is_choice = isinstance(value, str) and name != "name" and find_kind_of_slot(name) is None
        if is_choice and _is_used(subject, **{name: "no such text"}):
            other = subject.behave(subject.make(**{name: "no such text"}))
            if find_difference(subject.behaviour, other) is None and _is_chosen(subject, name):
                return f"it is made with {name}='no such text' and does what it does with {value!r}"
    return None


def _is_chosen(subject: Subject, name: str) -> bool:
    """Whether a text chooses something, as none of a label or a title does; also if nobody takes it."""
    target = load(subject.component)
    return not is_taken_up(target, name) or any(
        _is_used(subject, **{name: text})
        and find_difference(subject.behaviour, subject.behave(subject.make(**{name: text})))
        for text in (*_USUAL_TEXTS, *find_texts(target))
    )


_USUAL_TEXTS = ("sum", "mean", "none", "max", "micro", "macro", "batch")


@check(
    "another value of an argument changes what it does",
    "Read the argument, or remove it.",
)
def _effect(subject: Subject) -> Finding:
    return find_without_effect(subject, find_unread_arguments(subject))


def find_unread_arguments(subject: Subject) -> list[str]:
    """Return the arguments that the source never reads."""
    return find_unread(load(subject.component), subject.variations)


def find_without_effect(subject: Subject, names: Iterable[str]) -> Finding:
    """Return the first of some arguments that has no effect for any tried value."""
    for name in names:
        if not _changes(subject, name):
            tried = ", ".join(map(repr, subject.candidates[name]))
            return f"nothing reads {name!r}: {tried} change nothing"
    return None


def _changes(subject: Subject, name: str) -> bool:
    """Whether another value of an argument makes a difference."""
    for value in filter(lambda one: subject.is_taken(**{name: one}), subject.candidates[name]):
        try:
            other = subject.behave(subject.make(**{name: value}))
        except Exception:  # noqa: BLE001 - an error is a difference
            return True
        if find_difference(subject.behaviour, other) is not None:
            return True
    return False


@check(
    "it can be made and used at the ends of its search ranges, and with each of their choices",
    "Give @kplug.search_ranges what the argument allows.",
)
def _search_ranges(subject: Subject) -> Finding:
    for name, values in find_search_ranges(subject.component).items():
        for value in list_ends(values):
            try:
                subject.behave(subject.make(**{name: value}))
            except Exception as error:  # noqa: BLE001 - foreign code
                return (
                    f"{name} is searched from {write_range(values)}, and {name}={value!r} is refused: "
                    f"{type(error).__name__}: {error}"
                )
    return None


def _is_used(subject: Subject, **arguments: object) -> bool:
    """Whether a component can be made and used with further arguments."""
    try:
        subject.behave(subject.make(**arguments))
    except Exception:  # noqa: BLE001 - the user sees it
        return False
    return True


BASIC = (made, _config, _pickle, _determinism, _arguments, _search_ranges)
COMMON = (*BASIC, _effect)
