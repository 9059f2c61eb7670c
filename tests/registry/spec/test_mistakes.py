"""Frequent mistakes in a text: what is wrong, where, and what to write instead."""

from __future__ import annotations

import pytest

from kplug.errors import KplugError, ResolutionError, SpecSyntaxError
from kplug.registry import resolve, scope
from kplug.registry.spec import parse_spec
from kplug.registry.spec.mistakes import advise_on_word

_VERSION = "a spec has no version"
_PATH = "kplug imports nothing by its path."
_CALL = "Write name(argument=value"


@pytest.mark.parametrize(
    ("text", "column", "reason", "advice"),
    [
        ("torch.nn.MSELoss", 5, "a name has no dots", _PATH),
        ("adam(lr=1).x", 10, "a name has no dots", _PATH),
        ("l2_reg(kind=torch.abs)", 12, "only literals and further specs are read", _PATH),
        ("pkg:dice", 3, "a slash belongs here", "package/name"),
        ("dice==1.2", 4, _VERSION, "`kplug lock` records it"),
        ("dice >= 1.2", 5, _VERSION, "`kplug lock`"),
        ("dice@1.2", 4, _VERSION, "`kplug lock`"),
        ("dice(smooth=1)==1.2", 14, _VERSION, "`kplug lock`"),
        ("mse, mae", 3, "a text names one component", "Give several in a list of texts"),
        ("[mse, mae]", 0, "a text names one component", "['mse', 'mae']"),
        ("adam lr=1", 5, "'(' is expected here", _CALL),
        ("lr=1", 2, "an argument stands in a component's parentheses", _CALL),
        ("'adam'", 0, "the text has quotes of its own", "Leave the inner quotes out."),
        ("{'name': 'adam'}", 0, "a dict is given as text", "Give the dict itself"),
        ("kplug/", 5, "a component's name is expected behind the slash", "A spec is name"),
        ("a/b/c", 3, "a reference has one slash", "It is name or package/name."),
        ("-mse", 0, "a sign may stand before a number only", "Write -1*name."),
        ("mse - mae", 4, "a sum has '+' and '*' alone", "Write a - b as a + -1*b."),
        ("0.5 dice", 0, "a number and a name are joined by '*'", "Write 0.5*name."),
    ],
)
def test_says_what_to_write(text: str, column: int, reason: str, advice: str) -> None:
    with pytest.raises(SpecSyntaxError) as caught:
        parse_spec(text)
    assert (caught.value.column, caught.value.reason) == (column, reason)
    assert advice in str(caught.value.hint)


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("abs", "If a text is meant, quote it: kind='abs'."),
        ("true", "Write kind=True, or kind='true' for a text."),
        ("null", "Write kind=None, or kind='null' for a text."),
    ],
)
def test_a_text_without_quotes(word: str, advice: str) -> None:
    assert advise_on_word("kind", word) == advice

    def make(kind: str) -> None:
        """Never called."""

    with scope(callbacks={"make": make}), pytest.raises(ResolutionError) as caught:
        resolve("callback", f"make(kind={word})")
    assert str(caught.value.hint).startswith(f"{advice}\n")


def test_the_rest_of_the_advice_is_computed_when_it_is_read() -> None:
    asked: list[str] = []

    def compute() -> str:
        asked.append("rest")
        return "Further advice."

    error = KplugError("No.", hint=compute)
    error.advise("Advice.")
    assert not asked
    assert str(error) == "No.\n  Advice.\n  Further advice."
    error = KplugError("No.")
    error.advise("Advice.")
    assert str(error) == "No.\n  Advice."


def test_a_misspelt_component_where_one_belongs_is_no_text() -> None:
    def make(learning_rate: object) -> None:
        """Never called."""

    with scope(callbacks={"make": make}), pytest.raises(ResolutionError) as caught:
        resolve("callback", "make(learning_rate=exponental)")
    assert "quote it" not in str(caught.value)
