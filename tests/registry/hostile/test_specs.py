"""Hostile texts of specs: a spec and its component, or an error that says where the text does not fit."""

from __future__ import annotations

from hypothesis import strategies as st

from kplug.errors import ResolutionError, SpecError
from kplug.registry import KINDS, Kind, Spec, look_up, parse_spec
from kplug.registry.candidates.conflicts import Choice
from tests.registry.hostile.bounds import drive, examples, outcome_of
from tests.registry.hostile.inputs import texts

VALID = (
    "adam",
    "kplug/adam(lr=1e-3)",
    "dice_loss(smooth=1e-5, thresh=None)",
    "3d-losses/Dice(-1, +2.5, inf)",
    "my_mod>L2",
    "f({'a': [1, (2,), {}]}, 'größe')",
    "wrap(inner=kplug-seg/dice-loss(x=1), parts=[l1, l2(l2=0.1)])",
    "f(x={'name': 'adam', 'args': {'lr': inf}})",
    "f(\n  lr=1e-3,  # a comment\n)",
)


@examples
def test_a_text_is_a_spec_or_a_spec_error(examples: int) -> None:
    def check(text: str) -> None:
        found = outcome_of(lambda: parse_spec(text), SpecError)
        if isinstance(found, Spec):
            assert outcome_of(lambda: parse_spec(str(found)), SpecError) == found

    drive(check, texts(VALID), examples)


@examples
def test_a_name_is_a_component_or_a_resolution_error(examples: int) -> None:
    def check(asked: tuple[Kind, str]) -> None:
        kind, name = asked
        spec = outcome_of(lambda: Spec(name), SpecError)
        if isinstance(spec, Spec):
            found = outcome_of(lambda: look_up(kind, spec), ResolutionError)
            assert isinstance(found, (Choice, ResolutionError))

    drive(check, st.tuples(st.sampled_from(list(KINDS.values())), texts(VALID)), examples)
