"""Components, their origins, and the author's marks."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import kplug
from kplug.errors import RegistrationError
from kplug.registry.component import Component, Origin, find_names, find_role, find_summary


@pytest.mark.parametrize("name", ["adam", "l1_l2", "a9", "Adam", "L1L2"])
def test_declared_names(name: str) -> None:
    assert Component(name, "pkg.mod:obj").name == name


@pytest.mark.parametrize(
    "name", ["", "_x", "9a", "dice-loss", "Dice_Loss", "camelCase", "a.b", "ä", None]
)
def test_other_names_are_refused(name: Any) -> None:
    message = (
        f"{name!r} cannot be the name of a component\n"
        "  Names are snake_case ([a-z][a-z0-9_]*) or CapWords."
    )
    with pytest.raises(RegistrationError, match=f"^{re.escape(message)}$"):
        Component(name, "pkg.mod:obj")


def test_aliases_are_texts() -> None:
    with pytest.raises(RegistrationError, match="the aliases of 'a' is"):
        Component("a", "pkg:obj", aliases=(3,))  # type: ignore[arg-type]


def test_aliases_given_as_one_text() -> None:
    with pytest.raises(RegistrationError) as caught:
        Component("mean", "pkg:obj", aliases="avg")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "the aliases of 'mean' are the text 'avg'\n  Give a tuple: aliases=('avg',)"
    )


@pytest.mark.parametrize(
    "target", ["pkg", "pkg:", ":obj", "pkg mod:obj", "pkg/mod:obj", "pkg:obj()"]
)
def test_target_outside_the_grammar(target: str) -> None:
    message = f"the target of 'adam' is {target!r}\n  A target is 'package.module:object'."
    with pytest.raises(RegistrationError, match=f"^{re.escape(message)}$"):
        Component("adam", target)


@pytest.mark.parametrize(
    ("fact", "value", "hint"),
    [
        ("aliases", None, "Aliases are a tuple of names."),
        ("aliases", ["avg"], "Aliases are a tuple of names."),
        ("role", "functoin", "A role is one of 'class', 'function', 'factory', None."),
        ("role", [], "A role is one of 'class', 'function', 'factory', None."),
        ("example", "acme.examples", "It is None, or 'package.module:object'."),
        ("summary", None, "A summary is one line of text."),
        ("summary", b"Mean.", "A summary is one line of text."),
        ("lifecycle", "old", "It is None, or one of {stages}."),
        ("lifecycle", [], "It is None, or one of {stages}."),
        ("successor", True, "It is None, or the text that says what to use instead."),
        ("successor", "median", "Only what is deprecated or archived has one."),
        ("is_qualified_only", "no", "It is True or False."),
    ],
)
def test_a_fact_of_another_type_is_refused(fact: str, value: Any, hint: str) -> None:
    hint = hint.format(stages="'experimental', 'stable', 'deprecated', 'archived'")
    with pytest.raises(RegistrationError) as caught:
        Component("mean", "pkg:obj", **{fact: value})
    assert str(caught.value) == f"the {fact} of 'mean' is {value!r}\n  {hint}"


def test_no_text_of_it_runs_code_of_its_own() -> None:
    class Text(str):
        __slots__ = ()

        def partition(self, sep: str) -> Any:
            raise SystemExit(sep)

    texts: dict[str, Any] = {
        "target": Text("pkg:obj"),
        "summary": Text("a"),
        "successor": Text("b"),
    }
    component = Component(Text("mean"), lifecycle="deprecated", **texts)
    assert {type(getattr(component, fact)) for fact in ("name", *texts)} == {str}
    assert component.location == "pkg:obj"


def test_qualified_name_and_location() -> None:
    component = Component("adam", "pkg.mod:Adam.inner", origin=Origin("my-plugin", "1.2"))
    assert component.qualified_name == "my-plugin/adam"
    assert component.location == "pkg.mod:Adam.inner"
    assert Component("f", test_qualified_name_and_location).location.endswith(
        ":test_qualified_name_and_location"
    )


@pytest.mark.parametrize(
    ("name", "built_in", "custom"),
    [("kplug", True, False), ("torch", True, False), ("custom", False, True), ("x", False, False)],
)
def test_origin(name: str, built_in: bool, custom: bool) -> None:
    origin = Origin(name, "1.0")
    assert (origin.is_built_in, origin.is_custom) == (built_in, custom)
    assert str(origin) == f"{name} 1.0"


def test_origin_of_a_working_copy(install: Any) -> None:
    install("my-plugin")
    facts = {"url": "file:///src", "dir_info": {"editable": True}}
    (install.info("my-plugin", "1.0") / "direct_url.json").write_text(json.dumps(facts))
    origin = Origin("my-plugin", "1.0")
    assert (origin.is_editable, origin.commit) == (True, None)


def test_origin_of_a_revision(install: Any) -> None:
    install("my-plugin")
    facts = {"url": "https://example.org/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc123"}}
    (install.info("my-plugin", "1.0") / "direct_url.json").write_text(json.dumps(facts))
    origin = Origin("my-plugin", "1.0")
    assert (origin.is_editable, origin.commit) == (False, "abc123")


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff\xfe", b"[1]", b"3", b'{"dir_info": [], "vcs_info": 3}', b'{"vcs_info": null}'],
)
def test_origin_with_a_broken_record_says_nothing(install: Any, content: bytes) -> None:
    install("my-plugin")
    (install.info("my-plugin", "1.0") / "direct_url.json").write_bytes(content)
    origin = Origin("my-plugin", "1.0")
    assert (origin.is_editable, origin.commit) == (False, None)


def test_origin_of_what_is_not_installed() -> None:
    origin = Origin("no-such-distribution")
    assert (origin.is_editable, origin.commit) == (False, None)


def test_marks() -> None:
    assert find_role(kplug.factory(lambda: None)) == "factory"
    assert find_role(kplug.function(lambda: None)) == "function"
    assert find_role(lambda: None) is None


@kplug.named("half_square", "hs")
class HalfSquare:
    """Half the square of ``e``.

    More about it.
    """


class Quarter(HalfSquare):
    pass


def test_names_and_summary_stand_on_the_object() -> None:
    assert find_names(HalfSquare) == ("half_square", "hs")
    assert find_summary(HalfSquare) == "Half the square of e."
    marked = kplug.named("l")(lambda w: w)
    assert find_names(marked) == ("l",)
    assert find_names(len) == find_names(3) == ()
    assert find_summary(3) == find_summary(marked) == ""


def test_a_class_has_no_names_and_no_role_from_its_base() -> None:
    assert find_names(Quarter) == ()
    assert find_summary(Quarter) == ""
    assert find_role(type("Made", (kplug.factory(type("Base", (), {})),), {})) is None


def test_a_name_outside_the_grammar_is_refused_where_it_is_written() -> None:
    with pytest.raises(RegistrationError, match="'half-square' cannot be the name"):
        kplug.named("ok", "half-square")
