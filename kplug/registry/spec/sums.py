"""Reads sums of components, such as ``0.5*dice + bce``: numbers, ``+``, ``*`` and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn, TypeAlias

from kplug.registry.errors import SpecSyntaxError
from kplug.registry.spec.mistakes import explain
from kplug.registry.spec.model import REF, SUM, Spec, too_deep

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?!\w)")
_SPACE = re.compile(r"\s*")
# Texts and comments, in which a parenthesis is none, and the parentheses.
_PIECES = re.compile(
    r"""'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\#[^\r\n]*|[()\[\]{}]""",
    re.DOTALL,
)
# A number, or components with their factors.
_Amount: TypeAlias = float | list[tuple[float, Spec]]


class SumReader:
    """Reads one text.

    Args:
        text: The sum.
        room: The remaining levels of nesting.
        read_term: Reads the text of one component, with the levels that remain for it.
    """

    def __init__(self, text: str, room: int, read_term: Callable[[str, int], Spec]) -> None:
        self._text, self._room, self._read_term = text, room, read_term
        self._at = 0

    def read(self) -> Spec:
        """Return the sum; the component itself, if there is one without a factor.

        Raises:
            SpecSyntaxError: with the place that does not fit.
            SpecLimitError: for too many levels.
        """
        amount = self._read_sum(self._room)
        if self._at < len(self._text):
            reason = "'+', '*' or the end is expected here"
            raise explain(self._text, self._at, reason, "behind a name")
        if isinstance(amount, float):
            self._refuse(0, "a sum needs a component")
        if len(amount) == 1 and amount[0][0] == 1.0:
            return amount[0][1]
        weights = [weight for weight, _ in amount]
        return Spec(SUM, kwargs={"terms": [term for _, term in amount], "weights": weights})

    def _read_sum(self, room: int) -> _Amount:
        total = self._read_product(room)
        while self._take("+"):
            start = self._at
            other = self._read_product(room)
            if isinstance(total, float) and isinstance(other, float):
                total += other
            elif isinstance(total, float) or isinstance(other, float):
                self._refuse(start, "a sum adds components, and none to a number")
            else:
                total = [*total, *other]
        return total

    def _read_product(self, room: int) -> _Amount:
        product = self._read_factor(room)
        while self._take("*"):
            start = self._at
            other = self._read_factor(room)
            if isinstance(product, float) and isinstance(other, float):
                product *= other
            elif isinstance(product, float):
                product = _scale(other, product)
            elif isinstance(other, float):
                product = _scale(product, other)
            else:
                self._refuse(start, "a product has one component; its other factors are numbers")
        return product

    def _read_factor(self, room: int) -> _Amount:
        if room < 1:
            raise too_deep()
        if self._take("("):
            amount = self._read_sum(room - 1)
            if not self._take(")"):
                raise explain(self._text, self._at, "')' is expected here", "behind a name")
            return amount
        start = self._skip_space()
        head = REF.match(self._text, start)
        if head is not None:
            self._at = head.end()
            if self._text.startswith("(", self._skip_space()):
                self._at = _find_end(self._text, self._at)
            return [(1.0, self._read_part(start, room))]
        number = _NUMBER.match(self._text, start)
        if number is None:
            reason = "a component's name is expected here"
            raise explain(self._text, start, reason, "a name")
        self._at = number.end()
        if self._text[self._skip_space() :][:1] not in ("", "+", "*", ")"):
            raise explain(self._text, self._at, "'+' or '*' is expected here", "behind a number")
        return float(number[0])

    def _read_part(self, start: int, room: int) -> Spec:
        try:
            return self._read_term(self._text[start : self._at], room)
        except SpecSyntaxError as error:
            raise error.inside(self._text, start) from None

    def _take(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._skip_space()):
            return False
        self._at += len(sign)
        self._skip_space()
        return True

    def _skip_space(self) -> int:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _refuse(self, column: int, reason: str) -> NoReturn:
        raise SpecSyntaxError(
            self._text, column, reason, "A sum is such as 0.5*dice + 2*(bce + mse)."
        )


def _scale(amount: list[tuple[float, Spec]] | float, factor: float) -> _Amount:
    if isinstance(amount, float):
        return amount * factor
    return [(weight * factor, term) for weight, term in amount]


def _find_end(text: str, start: int) -> int:
    """Return the place behind the parenthesis that closes the one at a place; the end without one."""
    depth = 0
    for piece in _PIECES.finditer(text, start):
        if piece[0] in ("(", "[", "{"):
            depth += 1
        elif piece[0] in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                return piece.end()
    return len(text)
