"""One distribution's offer, and what its failures cost."""

from __future__ import annotations

import gc
import types
import warnings
from collections.abc import Callable, Iterator

import pytest

import kplug
from kplug import hookspecs
from kplug.registry.candidates.installable_packages import Package
from kplug.registry.component import Component, Origin
from kplug.registry.installed.suppliers import Supplier
from kplug.registry.kinds import KINDS, get_kind
from kplug.registry.loading.importer import Importer

LOSS = get_kind("loss")
ORIGIN = Origin("my-plugin", "1.0")


class FakeImporter(Importer):
    """Gives modules that no distribution has."""

    def __init__(self, load: Callable[[str], object]) -> None:
        super().__init__()
        self._load = load

    def load(self, origin: Origin, target: str) -> object:
        return self._load(target)


def _supply(*modules: dict[str, object], **entries: list[tuple[str, str]]) -> Supplier:
    """Return a supplier with modules of hooks that hold these members."""
    made = {str(number): types.ModuleType("my_plugin") for number in range(len(modules))}
    for module, members in zip(made.values(), modules, strict=True):
        vars(module).update(members)
    groups = {get_kind(kind).group: pairs for kind, pairs in entries.items()}
    return Supplier(ORIGIN, groups, list(made), importer=FakeImporter(made.__getitem__))


def _messages(supplier: Supplier) -> list[str]:
    return [problem.message for problem in supplier.problems_with()]


def test_both_tiers_are_offered_together() -> None:
    @kplug.hookimpl
    def kplug_losses() -> dict[str, object]:
        return {"b": "m:b", "c": Component("c", "m:c")}

    supplier = _supply({"kplug_losses": kplug_losses}, loss=[("a", "m:a")])
    assert list(supplier.offer(LOSS)) == ["a", "b", "c"]
    assert supplier.problems_with() == []


def test_what_may_be_offered_is_known_without_loading_anything() -> None:
    static = Supplier(ORIGIN, {"kplug.losses": [("a", "m:a")]})
    assert [static.may_offer(get_kind(kind)) for kind in ("loss", "metric")] == [True, False]
    assert Supplier(ORIGIN, modules=("m",)).may_offer(get_kind("metric"))


def test_names_are_known_without_loading_anything() -> None:
    def fail(name: str) -> object:
        raise AssertionError

    supplier = Supplier(
        ORIGIN,
        {"kplug.losses": [("a", "m:a"), ("b", "m:b")]},
        ["my_plugin"],
        importer=FakeImporter(fail),
    )
    assert supplier.declared_names == [("kplug.losses", "a"), ("kplug.losses", "b")]


def test_module_is_loaded_once_for_all_kinds() -> None:
    loads = []

    def load(name: str) -> object:
        loads.append(name)
        return types.ModuleType(name)

    supplier = Supplier(ORIGIN, modules=["my_plugin"], importer=FakeImporter(load))
    for kind in KINDS.values():
        supplier.offer(kind)
    assert loads == ["my_plugin"]


def test_asking_twice_reports_a_problem_once() -> None:
    supplier = Supplier(ORIGIN, {"kplug.losses": [("bad-name", "m:a")]})
    supplier.offer(LOSS)
    supplier.offer(LOSS)
    assert len(supplier.problems_with()) == 1


class EvilMapping(dict[str, str]):
    def items(self) -> object:  # type: ignore[override]
        raise OSError("disk on fire")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "kplug_losses raised ValueError: no"),
        (SystemExit(3), "kplug_losses raised SystemExit: 3"),
        (GeneratorExit(), "kplug_losses raised GeneratorExit"),
    ],
)
def test_hook_that_raises(error: BaseException, text: str) -> None:
    @kplug.hookimpl
    def kplug_losses() -> dict[str, object]:
        raise error

    supplier = _supply({"kplug_losses": kplug_losses}, loss=[("a", "m:a")])
    assert list(supplier.offer(LOSS)) == ["a"]
    assert _messages(supplier) == [text]
    assert supplier.problems_with()[0].cause is error


def test_mapping_that_raises_when_read() -> None:
    @kplug.hookimpl
    def kplug_losses() -> dict[str, str]:
        return EvilMapping()

    supplier = _supply({"kplug_losses": kplug_losses})
    assert supplier.offer(LOSS) == {}
    assert _messages(supplier) == ["kplug_losses raised OSError: disk on fire"]


def test_interrupt_is_passed_on() -> None:
    @kplug.hookimpl
    def kplug_losses() -> dict[str, object]:
        raise KeyboardInterrupt

    def load(name: str) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _supply({"kplug_losses": kplug_losses}).offer(LOSS)
    with pytest.raises(KeyboardInterrupt):
        Supplier(ORIGIN, modules=["my_plugin"], importer=FakeImporter(load)).offer(LOSS)


@kplug.hookimpl
def kplug_loses() -> dict[str, object]:
    return {}


@kplug.hookimpl(specname="kplug_losses")
def with_an_argument(config: object) -> dict[str, object]:
    return {}


@kplug.hookimpl
def something_else() -> dict[str, object]:
    return {}


@kplug.hookimpl(optionalhook=True)
def kplug_datasets() -> dict[str, object]:
    return {}


@kplug.hookimpl(wrapper=True)
def no_generator() -> dict[str, object]:
    return {}


def unmarked() -> dict[str, object]:
    return {}


@kplug.hookimpl(specname="kplug_offers")
def offers_with_another_argument(ref: str) -> list[object]:
    return []


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"kplug_loses": kplug_loses},
            "it implements 'kplug_loses', which is no hook. Did you mean 'kplug_losses'?",
        ),
        (
            {"something_else": something_else},
            "it implements 'something_else', which is no hook. Hooks are "
            + ", ".join(name for name in vars(hookspecs) if name.startswith("kplug_"))
            + ".",
        ),
        (
            {"kplug_losses": with_an_argument},
            "its kplug_losses takes {'config'}; the hook is called without arguments",
        ),
        (
            {"kplug_offers": offers_with_another_argument},
            "its kplug_offers takes {'ref'}; the hook is called with kind, name and distribution",
        ),
        (
            {"kplug_losses": no_generator},
            "its kplug_losses is marked as a wrapper, and is no generator",
        ),
        (
            {"kplug_losses": unmarked},
            "its function 'kplug_losses' is not marked. Put @kplug.hookimpl above it",
        ),
    ],
)
def test_module_whose_hooks_do_not_fit(members: dict[str, object], message: str) -> None:
    supplier = _supply(members, loss=[("a", "m:a")])
    assert list(supplier.offer(LOSS)) == ["a"]
    assert _messages(supplier) == [message]


def test_one_bad_module_does_not_cost_the_other() -> None:
    @kplug.hookimpl
    def kplug_losses() -> dict[str, object]:
        return {"good": "m:a"}

    supplier = _supply({"kplug_loses": kplug_loses}, {"kplug_losses": kplug_losses})
    assert list(supplier.offer(LOSS)) == ["good"]
    assert len(supplier.problems_with()) == 1


def test_all_that_is_wrong_with_a_module_is_said_at_once() -> None:
    supplier = _supply({"kplug_losses": with_an_argument, "kplug_loses": kplug_loses})
    assert supplier.offer(LOSS) == {}
    assert [text.partition(" ")[2][:20] for text in _messages(supplier)] == [
        "kplug_losses takes {",
        "implements 'kplug_lo",
    ]


class Hostile:
    """An object with hooks, which fails when it is compared with another one."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if self is not other:
            raise OSError("compared")
        return True

    @kplug.hookimpl
    def kplug_losses(self) -> dict[str, object]:
        return {"a": "m:a"}


def test_plugins_do_not_meet() -> None:
    """One object may be the hooks of two distributions, and none is compared with another's."""
    module = types.ModuleType("shared")
    vars(module)["kplug_losses"] = kplug.hookimpl(lambda: {"b": "m:b"})
    importer = FakeImporter({"shared": module, "hostile": Hostile()}.__getitem__)
    suppliers = [Supplier(ORIGIN, {}, [name], importer) for name in ("shared", "hostile", "shared")]
    assert [list(each.offer(LOSS)) for each in suppliers] == [["b"], ["a"], ["b"]]


def test_hook_of_a_newer_kplug_is_passed_over() -> None:
    supplier = _supply({"kplug_datasets": kplug_datasets})
    assert supplier.offer(LOSS) == {}
    assert supplier.problems_with() == []


def test_an_unknown_hook_costs_no_other_hook_of_its_module() -> None:
    @kplug.hookimpl
    def kplug_losses() -> dict[str, str]:
        return {"good": "m:good"}

    @kplug.hookimpl
    def kplug_lossess() -> dict[str, str]:
        return {}

    supplier = _supply({"kplug_losses": kplug_losses, "kplug_lossess": kplug_lossess})
    assert list(supplier.offer(LOSS)) == ["good"]
    assert _messages(supplier) == [
        "it implements 'kplug_lossess', which is no hook. Did you mean 'kplug_losses'?"
    ]


@kplug.hookimpl(specname="kplug_losses")
async def awaited() -> dict[str, object]:
    return {}


@kplug.hookimpl(specname="kplug_losses")
def awaited_inside() -> object:
    return {"a": awaited()}


@kplug.hookimpl(specname="kplug_losses")
def generated() -> Iterator[dict[str, object]]:
    yield {}


@kplug.hookimpl(specname="kplug_offers")
async def offered_later() -> list[object]:
    return []


ASYNC = "a coroutine (a hook is called and not awaited: write def instead of async def)"


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        (awaited, f"kplug_losses returned {ASYNC}; it must return a mapping of name to target"),
        (
            awaited_inside,
            f"kplug_losses: 'a' is {ASYNC}, which cannot be called. "
            "Give a class or a function, or its 'module:object'.",
        ),
        (generated, "kplug_losses returned <generator object generated at 0x"),
        (
            offered_later,
            f"kplug_offers: {ASYNC} was returned. It must return a list of kplug.Package.",
        ),
    ],
)
def test_a_hook_that_is_async_or_a_generator_is_at_fault_and_nobody_is_warned(
    hook: object, message: str
) -> None:
    supplier = _supply({"hook": hook})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert supplier.offer(LOSS) == {}
        supplier.ask(Package, "kplug_offers", kind="loss", name="a", distribution=None)
        gc.collect()  # where Python would say that nobody awaited it
    (found,) = _messages(supplier)
    assert found.startswith(message)
