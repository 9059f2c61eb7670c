"""The one door, with real plugins behind it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

import kplug
from kplug.errors import (
    ArgumentError,
    ContractError,
    KplugError,
    SpecError,
    UnknownComponentError,
    WrongKindError,
)
from kplug.registry import REGISTRY, Spec, parse_spec, resolve, resolve_object
from kplug.registry.building import resolution
from kplug.registry.candidates.scopes import plans_here

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

PUDDLES = '''
imports = []

class Puddle:
    """A class."""
    def __init__(self, depth=0.5, parts=(), table=None):
        self.depth, self.parts, self.table = depth, parts, table
    def __call__(self, weight_matrix):
        return self.depth

class Described(Puddle):
    def get_config(self):
        return {"depth": self.depth * 2, "object": object()}

def pond(weight_matrix, depth=0.25):
    return depth

def lake(size, shore):
    return Puddle(size)

def wrap(inner, regularizers=(), scale=1.0):
    return Puddle(scale, parts=(inner, *regularizers))

def starts(kernel_initializer="zeros", loss=None):
    return Puddle(parts=(kernel_initializer, loss))

def broken(depth=1):
    raise RuntimeError(f"no depth {depth}")
'''


@pytest.fixture(autouse=True)
def puddles(install: Sandbox) -> None:
    names = ("Puddle", "Described", "pond", "lake", "wrap", "starts", "broken")
    install(
        "puddle-penalties",
        "2.1",
        entry_points={"kplug.regularizers": {name: f"puddles:{name}" for name in names}},
        modules={"puddles.py": PUDDLES},
    )


def _make(identifier: object) -> Any:
    return resolve_object("regularizer", identifier)


# --- What may be written ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "identifier",
    [
        "puddle(depth=2.0)",
        "Puddle(2.0)",
        "puddle-penalties/puddle(depth=2.0)",
        "Puddle.Penalties/PUDDLE(2.0)",
        {"name": "puddle", "args": {"depth": 2.0}},
        {"class_name": "Puddle", "config": {"depth": 2.0}},
        Spec("puddle", (2.0,)),
        parse_spec("puddle(2.0)"),
    ],
)
def test_every_written_form_makes_the_same(identifier: object) -> None:
    found = resolve("regularizers", identifier)
    assert (type(found.object).__name__, found.object.depth) == ("Puddle", 2.0)
    assert found.kind == "regularizer"
    assert found.component.name == "Puddle"
    assert found.component.qualified_name == "puddle-penalties/Puddle"
    assert str(found.component.origin) == "puddle-penalties 2.1"


def test_function_is_the_component_with_its_arguments_bound() -> None:
    assert _make("pond")("w") == 0.25
    assert _make("pond(depth=3)")("w") == 3


def test_factory_is_called() -> None:
    assert _make("lake(4, shore=1)").depth == 4


@pytest.mark.torch
def test_instance_is_kept() -> None:
    instance = kplug.regularizers.L2(0.5)
    found = resolve("regularizer", instance)
    assert found.object is instance
    assert found.rule == "passed in code"
    assert str(found.spec) == "kplug/l2(l2=0.5)"


@pytest.mark.torch
def test_class_is_instantiated() -> None:
    found = resolve("regularizer", kplug.regularizers.L2)
    assert isinstance(found.object, kplug.regularizers.L2)
    assert found.component.qualified_name == "kplug/l2"


def test_callable_is_the_component_itself() -> None:
    def my_penalty(w: object) -> float:
        return 1.0

    found = resolve("regularizer", my_penalty)
    assert found.object is my_penalty
    assert (found.rule, found.component.qualified_name) == ("passed in code", "custom/my_penalty")
    assert str(found.spec) == "custom/my_penalty"


def test_lambda_has_a_name() -> None:
    found = resolve("regularizer", lambda w: 1.0)
    assert found.component.qualified_name == "custom/lambda_function"


def test_function_of_a_plugin_that_was_imported_keeps_its_origin() -> None:
    function = _make("pond")
    found = resolve("regularizer", functools.partial(function, depth=0.75))
    assert str(found.spec) == "puddle-penalties/pond(depth=0.75)"
    assert found.object("w") == 0.75


def test_resolved_is_kept_if_its_kind_fits() -> None:
    found = resolve("regularizer", "pond")
    assert resolve("regularizer", found) is found
    with pytest.raises(
        WrongKindError, match="'puddle-penalties/pond' is a regularizer, not a loss"
    ):
        resolve("loss", found)


@pytest.mark.torch
def test_none_is_nothing_where_the_kind_allows_it() -> None:
    assert resolve_object("regularizer", None) is None
    assert resolve("activation", None).component.qualified_name == "kplug/linear"


@pytest.mark.parametrize("identifier", [3, 1.5, b"pond", ["pond"], object()])
@pytest.mark.torch
def test_anything_else_is_refused(identifier: object) -> None:
    with pytest.raises(ContractError):
        resolve("regularizer", identifier)


def test_empty_dict_is_refused() -> None:
    with pytest.raises(SpecError, match="a dict with the keys"):
        resolve("regularizer", {})


# --- The rule ---------------------------------------------------------------------------------------


@pytest.mark.torch
def test_rule_says_why() -> None:
    assert resolve("regularizer", "pond").rule == "only candidate"
    assert resolve("regularizer", "puddle-penalties/pond").rule == "qualified name"
    assert resolve("regularizer", "l2").rule == "built-in"
    with kplug.scope(regularizers={"pond": lambda weight_matrix: 9}):
        found = resolve("regularizer", "pond")
        assert (found.rule, found.object("w")) == ("innermost scope", 9)
        assert resolve("regularizer", "puddle-penalties/pond").object("w") == 0.25
    assert resolve("regularizer", "pond").rule == "only candidate"
    kplug.register("regularizer", "pond", lambda weight_matrix: 8)
    assert resolve("regularizer", "custom/pond").object("w") == 8
    assert resolve("regularizer", "pond").rule == "registered in code"
    kplug.unregister("regularizer", "pond")
    kplug.prefer("puddle-penalties")
    assert resolve("regularizer", "pond").rule == "preferred"


def test_registered_object_passed_itself_goes_by_its_registered_name() -> None:
    def anonymous(weight_matrix: object) -> float:
        return 1.0

    with kplug.scope(regularizers={"mine": anonymous}):
        assert resolve("regularizer", anonymous).component.qualified_name == "custom/mine"


@pytest.mark.torch
def test_instance_in_a_scope_is_the_component() -> None:
    instance = kplug.regularizers.L2(0.5)
    with kplug.scope(regularizers={"mine": instance}):
        assert resolve("regularizer", "mine").object is instance


# --- Nested specs -----------------------------------------------------------------------------------


def test_nested_spec_is_of_the_kind_of_its_owner_by_default() -> None:
    found = resolve("regularizer", "wrap(pond(depth=2))")
    (inner,) = found.object.parts
    assert inner("w") == 2
    assert found.children["inner"].component.qualified_name == "puddle-penalties/pond"


@pytest.mark.torch
def test_nested_spec_is_of_the_kind_that_its_parameter_names() -> None:
    found = resolve("regularizer", "starts(kernel_initializer=he_normal, loss=huber(delta=2.0))")
    kinds = {name: child.kind for name, child in found.children.items()}
    assert kinds == {"kernel_initializer": "initializer", "loss": "loss"}
    assert type(found.object.parts[0]).__name__ == "HeNormal"


@pytest.mark.torch
def test_specs_inside_containers_are_made_too() -> None:
    found = resolve(
        "regularizer", "puddle(parts=[pond, (l2(l2=0.5), 3)], table={'a': pond(depth=7)})"
    )
    first, (second, number) = found.object.parts
    assert (first("w"), second.l2, number) == (0.25, 0.5, 3)
    assert found.object.table["a"]("w") == 7
    assert list(found.children) == ["parts[0]", "parts[1][0]", "table['a']"]


@pytest.mark.torch
def test_dict_forms_inside_dict_forms() -> None:
    found = resolve(
        "regularizer",
        {"name": "wrap", "args": {"inner": {"class_name": "L2", "config": {"l2": 0.5}}}},
    )
    assert found.object.parts[0].l2 == 0.5


@pytest.mark.torch
def test_plural_parameter_names_the_kind_of_its_items() -> None:
    found = resolve("regularizer", "wrap(pond, regularizers=[l1, l2])")
    assert [child.component.name for child in found.children.values()] == ["pond", "l1", "l2"]


# --- Arguments and the canonical spec ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("pond", "puddle-penalties/pond(depth=0.25)"),
        ("Pond(3)", "puddle-penalties/pond(depth=3)"),
        ("lake(shore=1, size=2)", "puddle-penalties/lake(size=2, shore=1)"),
        (
            "wrap(Pond(3), scale=2.0)",
            "puddle-penalties/wrap(regularizers=(), scale=2.0, inner=puddle-penalties/pond(depth=3))",
        ),
        (
            "puddle(parts=[l2(0.5), 1])",
            "puddle-penalties/Puddle(depth=0.5, table=None, parts=[kplug/l2(l2=0.5), 1])",
        ),
        ("l1_l2(0.1)", "kplug/l1_l2(l1=0.1, l2=0.01)"),
    ],
)
@pytest.mark.torch
def test_canonical_spec_resolves_to_itself(text: str, canonical: str) -> None:
    found = resolve("regularizer", text)
    assert str(found.spec) == canonical
    again = resolve("regularizer", str(found.spec))
    assert again.spec == found.spec
    assert again.rule == "qualified name"


def test_arguments_are_the_written_ones_and_the_defaults() -> None:
    assert dict(resolve("regularizer", "pond").arguments) == {"depth": 0.25}
    assert dict(resolve("regularizer", "puddle(2)").arguments) == {
        "depth": 2,
        "parts": (),
        "table": None,
    }


@pytest.mark.parametrize(
    "identifier", ["puddle(parts=[1], table={'a': [2]})", "puddle(parts=([1],))"]
)
def test_each_object_has_lists_and_dicts_of_its_own(identifier: str) -> None:
    first, second = _make(identifier), _make(identifier)
    assert first.parts == second.parts
    assert first.parts[-1] is not second.parts[-1] or isinstance(first.parts, list)
    assert first.parts is not second.parts
    if isinstance(first.parts, list):
        first.parts.append("changed")
        first.table["a"].append("changed")
        assert second.parts == _make(identifier).parts == [1]
        assert second.table == {"a": [2]}


def test_list_in_a_dict_form_is_copied() -> None:
    mine = [1, 2]
    made = _make({"name": "puddle", "args": {"parts": mine}})
    mine.append(3)
    made.parts.append(4)
    assert (mine, made.parts) == ([1, 2, 3], [1, 2, 4])


def test_each_call_makes_a_new_object() -> None:
    assert _make("puddle") is not _make("puddle")


# --- Errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "error"),
    [
        ("pond(", SpecError),
        ("pnod", UnknownComponentError),
        ("pond(dept=1)", ArgumentError),
        ("broken", ContractError),
        (3, ContractError),
        ({"nam": "pond"}, SpecError),
    ],
)
@pytest.mark.torch
def test_error_says_where(identifier: object, error: type[KplugError]) -> None:
    with pytest.raises(error) as caught:
        resolve("regularizer", identifier, where="dense_1.kernel_regularizer")
    assert caught.value.where == "dense_1.kernel_regularizer"
    assert str(caught.value).startswith("dense_1.kernel_regularizer: ")


def test_error_of_a_nested_spec_says_where_inside() -> None:
    with pytest.raises(UnknownComponentError) as caught:
        resolve("regularizer", "puddle(parts=[pond, pnod])", where="dense_1.kernel_regularizer")
    assert caught.value.where == "dense_1.kernel_regularizer.parts[1]"


def test_error_of_a_nested_spec_without_a_slot() -> None:
    with pytest.raises(ArgumentError, match=r"^inner: pond has no argument 'dept'\."):
        resolve("regularizer", "wrap(pond(dept=1))")


def test_component_that_fails_to_be_made() -> None:
    with pytest.raises(ContractError) as caught:
        resolve("regularizer", "broken(3)")
    assert str(caught.value) == (
        "the regularizer 'broken' of puddle-penalties 2.1 cannot be made from depth=3: "
        "RuntimeError: no depth 3\n"
        "  `kplug show puddle-penalties/broken` shows its arguments."
    )
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_component_that_wants_to_end_the_process() -> None:
    @kplug.factory
    def leaving(status: int) -> None:
        raise SystemExit(status)

    with kplug.scope(regularizers={"leaving": leaving}), pytest.raises(ContractError) as caught:
        resolve("regularizer", "leaving(2)")
    assert str(caught.value) == (
        "the regularizer 'leaving' of custom cannot be made from status=2: SystemExit: 2\n"
        "  `kplug show custom/leaving` shows its arguments."
    )


def test_missing_arguments_are_named() -> None:
    with pytest.raises(ArgumentError) as caught:
        resolve("regularizer", "lake")
    assert str(caught.value) == (
        "lake needs 'size' and 'shore'\n"
        "  Write 'lake(size=…, shore=…)'. Its arguments (puddle-penalties 2.1): size, shore."
    )


# --- The warm path ----------------------------------------------------------------------------------


def deep(weight_matrix: object, depth: int = 7) -> int:
    return depth


@pytest.mark.parametrize("names", [{}, {"mine": deep}])
@pytest.mark.parametrize("is_registered", [False, True])
def test_text_is_read_and_bound_once(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, object], is_registered: bool
) -> None:
    if is_registered:
        kplug.register("regularizer", "ours", deep)
    texts = {"pond(depth=3)": 3, **dict.fromkeys(names, 7)} | ({"ours": 7} if is_registered else {})
    with kplug.scope(regularizers=names):
        first = {text: resolve("regularizer", text).object("w") for text in texts}
        monkeypatch.setattr(resolution, "bind", None)
        assert {text: resolve("regularizer", text).object("w") for text in texts} == first == texts


def test_what_a_text_means_follows_scopes_registrations_and_reloads() -> None:
    def means(text: str = "pond") -> float:
        return float(resolve("regularizer", text).object("w"))

    assert means() == 0.25
    kplug.register("regularizer", "pond", lambda weight_matrix: 1)
    assert means() == 1
    outer, inner = (
        kplug.scope(regularizers={"pond": lambda weight_matrix, number=number: number})
        for number in (2, 3)
    )
    with outer:
        assert means() == 2
        with inner:
            assert means() == 3
            with outer:
                assert means() == 2
            assert means() == 3
        assert means() == 2
        kplug.register("regularizer", "lagoon", lambda weight_matrix: 4)
        assert (means(), means("lagoon")) == (2, 4)
        kplug.register("regularizer", "lagoon", lambda weight_matrix: 5, replace=True)
        kplug.reload()
        assert (means(), means("lagoon")) == (2, 5)
    assert means() == 1
    kplug.unregister("regularizer", "pond")
    assert means() == 0.25


def test_what_was_planned_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolution, "_MOST_PLANS", 3)
    for depth in range(10):
        assert resolve("regularizer", f"pond(depth={depth})").object("w") == depth
    assert len(plans_here(REGISTRY.state)) <= 3


def test_name_of_a_scope_is_not_remembered() -> None:
    with kplug.scope(regularizers={"mine": lambda weight_matrix: 1}):
        resolve("regularizer", "mine")
        resolve("regularizer", "wrap(mine)")
    for text in ("mine", "wrap(mine)"):
        with pytest.raises(UnknownComponentError):
            resolve("regularizer", text)


def test_scope_is_seen_by_text_that_was_planned_before() -> None:
    resolve("regularizer", "wrap(pond)")
    with kplug.scope(regularizers={"pond": lambda weight_matrix: 6}):
        assert resolve("regularizer", "wrap(pond)").object.parts[0]("w") == 6


@pytest.mark.torch
def test_what_a_factory_of_a_plugin_returned_is_told_with_its_name(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={"kplug.losses": {"nonsense": "my_nonsense:nonsense"}},
        modules={"my_nonsense.py": "def nonsense(answer=42):\n    return answer\n"},
    )
    with pytest.raises(ContractError) as caught:
        resolve("loss", "nonsense(answer=42)")
    assert str(caught.value).startswith(
        "the loss 'nonsense' of my-plugin 1.0 (my_nonsense:nonsense) is not what its kind wants from "
        "answer=42: 42 is no loss\n  A loss is a name,"
    )
