"""Parses the text form of a spec by walking its syntax tree; evaluates nothing."""

from __future__ import annotations

import ast
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from kplug.registry.errors import SpecError, SpecLimitError, SpecSyntaxError
from kplug.registry.quoting import name_type, quote
from kplug.registry.spec.model import MAX_BYTES, MAX_DEPTH, REF, Spec, Value

if TYPE_CHECKING:
    from kplug.registry.spec.mistakes import Place

_HEAD = re.compile(rf"\s*(?P<ref>{REF.pattern})\s*")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")  # Python's lines; str.splitlines knows more
_WORDS = {"inf": math.inf, "nan": math.nan}
# Replaces the reference in front of the top-level parenthesis, as a distribution such as 3d-losses is no
# Python expression.
_STAND_IN = "f"


def parse_spec(text: str) -> Spec:
    """Read a spec.

    Args:
        text: At most 4 KiB, nested at most 16 levels.

    Returns:
        The spec; ``parse_spec(str(spec)) == spec``.

    Raises:
        SpecError: if it is not a text.
        SpecSyntaxError: with a caret under the column that does not fit.
        SpecLimitError: if it is too long or too deep.

    Example:
        >>> parse_spec("dice_loss(smooth=1e-5, thresh=0.5)").kwargs
        {'smooth': 1e-05, 'thresh': 0.5}
    """
    if not isinstance(text, str):
        raise SpecError(
            f"{quote(text)} is no text", hint="Write a spec, such as 'huber(delta=2.0)'."
        )
    return _read(text)


@lru_cache(maxsize=4096)
def _read(text: str) -> Spec:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise SpecLimitError(
            f"the spec that begins {text[:40]!r} has {size} bytes; at most {MAX_BYTES} are read",
            hint="Make the object in code and pass it instead of its text.",
        )
    return _read_any(text, MAX_DEPTH)


def _read_any(text: str, room: int) -> Spec:
    if "+" in text or "*" in text:
        from kplug.registry.spec.sums import SumReader  # few texts are sums

        return SumReader(text, room, lambda term, inner: _Reader(term).read(inner)).read()
    return _Reader(text).read(room)


def _explain(text: str, column: int, reason: str, place: Place) -> SpecSyntaxError:
    from kplug.registry.spec.mistakes import explain  # for errors alone

    return explain(text, column, reason, place)


class _Reader:
    """Reads one text, and locates errors in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = 0  # start in the text of the part given to `ast`
        self.source = ""

    def read(self, room: int) -> Spec:
        head = _HEAD.match(self.text)
        if head is None:
            offset = len(self.text) - len(self.text.lstrip())
            reason = "a component's name is expected here"
            raise _explain(self.text, offset, reason, "a name")
        rest = self.text[head.end() :]
        if not rest:
            return Spec(head["ref"])
        if not rest.startswith("("):
            reason = "'(' or the end is expected here"
            raise _explain(self.text, head.end(), reason, "behind a name")
        self.start = head.end() - len(_STAND_IN)
        self.source = _STAND_IN + rest
        call = self._parse()
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            self._refuse_rest(call)
        return self._spec(head["ref"], call, room)

    def _parse(self) -> ast.expr:
        try:
            tree = ast.parse(self.source, mode="eval").body
        except SyntaxError as error:
            column = self._column(error.lineno or 1, max((error.offset or 1) - 1, 0))
            raise SpecSyntaxError(self.text, column, f"{error.msg}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise SpecSyntaxError(
                self.text, max(self.start, 0), f"{error}".strip() or "too deep"
            ) from None
        if not self.source.isascii():
            self._refuse_lookalikes(tree)
        return tree

    def _refuse_lookalikes(self, tree: ast.expr) -> None:
        """Refuse identifiers that Python normalises (NFKC), such as full-width letters."""
        for node in ast.walk(tree):
            if isinstance(node, (ast.Name, ast.keyword)):
                word = node.id if isinstance(node, ast.Name) else node.arg or "**"
                start = self._column_of(node.lineno, node.col_offset)
                if not self.text.startswith(word, start) and start > self.start:
                    reason = f"this reads like {quote(word)}, but has other characters"
                    raise SpecSyntaxError(self.text, start, reason)

    def _spec(self, ref: str, call: ast.Call, room: int) -> Spec:
        self._check_depth(room)
        args = tuple(self._value(node, room - 1) for node in call.args)
        kwargs: dict[str, Value] = {}
        for item in call.keywords:
            if item.arg is None:
                self._refuse(item.value, "'**' is not part of the grammar")
            if not item.arg.isascii():
                self._refuse(item.value, f"{quote(item.arg)} cannot be the name of an argument")
            if item.arg in kwargs:
                self._refuse(item.value, f"the argument {quote(item.arg)} is given twice")
            kwargs[item.arg] = self._value(item.value, room - 1)
        return Spec(ref, args, kwargs)

    def _check_depth(self, room: int) -> None:
        if room < 1:
            raise SpecLimitError(
                f"the spec that begins {self.text[:40]!r} is nested more than {MAX_DEPTH} levels deep",
                hint="Make the inner object in code and pass it instead of its text.",
            )

    def _value(self, node: ast.expr, room: int) -> Value:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.UnaryOp):
            return self._signed(node)
        if isinstance(node, ast.Name) and node.id in _WORDS:
            return _WORDS[node.id]
        if isinstance(node, ast.BinOp) and self._is_sum(node):
            return self._sum(node, room)
        if isinstance(node, (ast.Name, ast.Call, ast.BinOp)):
            return self._nested(node, room)
        if isinstance(node, (ast.List, ast.Tuple, ast.Dict)):
            return self._container(node, room)
        reason = "only literals and further specs are read"
        column = self._column_of(node.lineno, node.col_offset)
        raise _explain(self.text, column, reason, "a value")

    def _constant(self, node: ast.Constant) -> Value:
        if node.value is None or isinstance(node.value, (bool, int, float, str)):
            return node.value
        self._refuse(node, f"{name_type(node.value)} is not one of the allowed literals")

    def _signed(self, node: ast.UnaryOp) -> Value:
        value = None
        if isinstance(node.op, (ast.USub, ast.UAdd)):
            if isinstance(node.operand, ast.Constant):
                value = self._constant(node.operand)
            elif isinstance(node.operand, ast.Name):
                value = _WORDS.get(node.operand.id)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self._refuse(node, "a sign may stand before a number only")
        if math.isnan(value):
            return math.nan  # a single object, so that specs with nan compare equal
        return -value if isinstance(node.op, ast.USub) else value

    def _container(self, node: ast.List | ast.Tuple | ast.Dict, room: int) -> Value:
        self._check_depth(room)
        if isinstance(node, ast.Dict):
            return self._mapping(node, room)
        items = [self._value(item, room - 1) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)

    def _mapping(self, node: ast.Dict, room: int) -> dict[Value, Value]:
        mapping: dict[Value, Value] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                self._refuse(item, "'**' is not part of the grammar")
            is_word = isinstance(key, ast.Name) and key.id in _WORDS
            if not is_word and not isinstance(key, (ast.Constant, ast.UnaryOp)):
                self._refuse(key, "a dict key must be a plain literal")
            name = self._value(key, 0)
            # The dict form of a spec counts as one level, although it has two.
            inner = room if name == "args" and len(node.keys) == 2 else room - 1
            mapping[name] = self._value(item, inner)
        return mapping

    def _is_sum(self, node: ast.BinOp) -> bool:
        names = any(isinstance(one, ast.Name) for one in ast.walk(node))
        return names and not {"+", "*"}.isdisjoint(self._segment(node))

    def _sum(self, node: ast.BinOp, room: int) -> Spec:
        try:
            return _read_any(self._segment(node), room)
        except SpecSyntaxError as error:
            start = self._column_of(node.lineno, node.col_offset)
            raise error.inside(self.text, start) from None

    def _segment(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.source, node) or ""

    def _nested(self, node: ast.Name | ast.Call | ast.BinOp, room: int) -> Spec:
        """Read a spec inside a spec; `a-b/c-d(x=1)` is arithmetic to Python, a reference to us."""
        call: ast.expr = node
        while isinstance(call, ast.BinOp):
            call = call.right
        segment = self._segment(node)
        head = _HEAD.match(segment)
        if head is None or segment[: len(head["ref"])] != head["ref"]:
            self._refuse(node, "only literals and further specs are read")
        # Python's last operand must end where our reference ends, unlike in a(1)-b(2), which is arithmetic.
        end = (node.lineno, node.col_offset + len(head["ref"]))
        name = call.func if isinstance(call, ast.Call) else call
        if isinstance(name, ast.Name) and (name.end_lineno, name.end_col_offset) == end:
            if isinstance(call, ast.Call):
                return self._spec(head["ref"], call, room)
            if head.end() == len(segment):
                return self._spec(head["ref"], ast.Call(call, [], []), room)
        self._refuse(node, "only literals and further specs are read")

    def _refuse_rest(self, tree: ast.expr) -> NoReturn:
        """Point behind the first call, at what follows it."""
        first = next(
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and not node.col_offset
        )
        end = self._column_of(first.end_lineno or 1, first.end_col_offset or 0)
        reason = "one call is expected, and nothing after it"
        raise _explain(self.text, end, reason, "behind a name")

    def _refuse(self, node: ast.expr, reason: str) -> NoReturn:
        raise SpecSyntaxError(self.text, self._column_of(node.lineno, node.col_offset), reason)

    def _column_of(self, line: int, offset: int) -> int:
        """Turn a line and an offset in UTF-8 bytes, as `ast` counts, into an offset in the text."""
        text = _LINE.findall(self.source)[line - 1]
        return self._column(line, len(text.encode()[:offset].decode(errors="replace")))

    def _column(self, line: int, column: int) -> int:
        """Turn a place in the parsed part into an offset in the whole text."""
        before = sum(len(text) for text in _LINE.findall(self.source)[: line - 1])
        return min(max(before + column + self.start, 0), len(self.text))
