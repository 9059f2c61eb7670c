"""Says in words how a component relates to another one, from their readings alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from kplug_numbers.comparison import FLOOR, TOLERANCES, compare
from kplug_numbers.reading import Part, Reading

FAMILIES = {
    "real": "any numbers",
    "shares": "probabilities and one-hot targets",
    "single": "a probability a sample",
    "logits": "logits and one-hot targets",
    "ids": "probabilities and class ids",
    "id_logits": "logits and class ids",
    "mask": "masks",
    "sequence": "sequences of ids",
    "image": "pictures",
    "choices": "class ids",
    "vector": "vectors",
    "values": "values alone",
}
CASES = {
    "float32": "float32",
    "samples": "single samples",
    "exact": "right predictions",
    "wrong": "wrong predictions",
    "zeros": "zeros",
    "ties": "ties",
    "large": "large numbers",
    "weighted": "sample weights",
    "masked": "masked samples",
    "all_masked": "masked samples alone",
    "strided": "another memory order",
    "shorter": "a shorter batch",
    "merged": "merged states",
    "groups": "groups with rates of their own",
    "without_gradient": "weights without a gradient",
    "state": "the state",
    "training": "training",
    "empty": "empty shapes",
}
DERIVATIVES = frozenset({"gradient", "second", "weight_gradient"})
_OF_INPUTS = frozenset({"loss", "metric"})  # their recipes look for families that suit
_FLAT = frozenset({"optimizer", "schedule"})  # their recipes have cases alone, and no families
_WEIGHTED = frozenset({"weighted", "masked", "all_masked"})
_OF_TWO_SAMPLES = frozenset({"mask", "sequence", "image"})
_TRIVIAL = frozenset({"0", "1", "-1"})  # values that weights may leave as they are
_MOST_NAMED = 3
_SMALL = 1e-4  # of a value
_ALIKE = 0.01  # of a step
_FEWEST_TERMS = 5  # two of them decide the factor and the offset, the others confirm them
_SLACK = 10  # times the tolerance of one part, as a factor is taken from rounded values


def split(kind: str, name: str) -> tuple[str, str, str]:
    """Return the family, the case and the rest of a part's name.

    Example:
        >>> split("loss", "real/exact/gradient"), split("optimizer", "float64/step_3")
        (('real', 'exact', 'gradient'), ('', 'float64', 'step_3'))
    """
    family, case, *rest = ["", *name.split("/")] if kind in _FLAT else [*name.split("/"), ""]
    return family, case, "/".join(rest).rstrip("/")


def choose_family(reading: Reading) -> str:
    """Return the first family of a reading, of a loss the first for which right predictions are the best.

    A loss of masks or probabilities computes something for any numbers too, without a meaning.
    """
    parts = reading.parts
    found = _list_names(reading)
    for family in found:
        right, *others = (
            _read_value(parts.get(f"{family}/{case}/value"))
            for case in ("exact", "float64", "wrong", "zeros")
        )
        if math.isfinite(right) and right <= min(others) + _SMALL:
            return family
    return next(iter(found), "")


def _read_value(part: Part | None) -> float:
    return part.sample[0] if part is not None and part.sample else math.inf


def name_family(kind: str, family: str) -> str:
    """Return a family of inputs in words; other kinds than losses and metrics have names of their own."""
    return FAMILIES.get(family, family) if kind in _OF_INPUTS else family.replace("_", " ")


def is_derivative(name: str) -> bool:
    """Whether a part is a gradient, or made of one."""
    return not DERIVATIVES.isdisjoint(name.split("/"))


def describe_equality(first: Reading, other: Reading, of: str) -> str:
    """Return what makes one component of another: nothing, or a factor and an offset; empty without."""
    comparison = compare(first, other)
    if comparison.outcome == "same":
        return f"the same as {of}"
    return _find_formula(first, other, of) if comparison.outcome == "differs" else ""


def describe_relation(
    first: Reading, other: Reading, of: str, between: Iterable[str] = ()
) -> list[str]:
    """Return how a component differs from another one, in clauses; the most telling one comes first.

    Args:
        first: The reading of that other one.
        other: The component's.
        of: What the first one is called.
        between: Clauses that belong between where they agree and what both compute elsewhere.
    """
    comparison = compare(first, other)
    if comparison.outcome == "cannot be compared":
        return [str(comparison)]
    shared = [name for name in first.parts if name in other.parts]
    suits = first.kind not in _OF_INPUTS or choose_family(first) in _list_names(other)
    if not shared or not suits:
        return [f"takes {_list_families(other)}, where {of} takes {_list_families(first)}"]
    differing = {one.part for one in comparison.differences}
    found = [*_agree(first.kind, shared, differing), *between, *_contrast(first, other, of)]
    return found or [str(comparison).partition(" (and")[0]]


def describe_alone(reading: Reading) -> list[str]:
    """Return what a reading says of a component by itself."""
    names = _list_typical(reading, reading)[: reading.kind != "optimizer"]
    return [f"{_show(reading.parts[name])} for {_word(reading.kind, name)}" for name in names]


def _find_formula(first: Reading, other: Reading, of: str) -> str:
    """Return the factor and the offset that make one reading of the other; empty without."""
    if first.kind == "optimizer":  # its weights begin at the same place
        return ""
    ordinary = set(_WEIGHTED) if first.kind == "loss" else set()
    for left_out in (set(), ordinary):
        pairs = [
            (name, ours, other.parts[name])
            for name, ours in first.parts.items()
            if name in other.parts and split(first.kind, name)[1] not in left_out
        ]
        found = _fit([one for one in pairs if one[1].dtype in TOLERANCES])
        if found is not None and all(_is_alike(ours, theirs) for _, ours, theirs in pairs):
            exception = ", without weights and masks" if left_out else ""
            return f"{_write_formula(*found, of)}{exception}"
    return ""


def _is_alike(ours: Part, theirs: Part) -> bool:
    return (ours.raises, ours.shape, ours.dtype) == (theirs.raises, theirs.shape, theirs.dtype)


def _fit(pairs: list[tuple[str, Part, Part]]) -> tuple[float, float] | None:
    """Return the factor and the offset of all parts; derivatives have the factor alone."""
    terms = [
        (x, y, is_derivative(name), max(ours.size, FLOOR), TOLERANCES[ours.dtype])
        for name, ours, theirs in pairs
        for x, y in zip(ours.sample, theirs.sample, strict=False)
    ]
    if not all(math.isfinite(x) and math.isfinite(y) for x, y, *_ in terms):
        return None
    values = sorted(
        (x, y) for x, y, is_slope, _, tolerance in terms if not is_slope and tolerance < 1e-6
    )
    if len(set(values)) < _FEWEST_TERMS or values[-1][0] - values[0][0] < FLOOR / 10:
        return None
    (low, at_low), (high, at_high) = values[0], values[-1]
    factor = (at_high - at_low) / (high - low)
    offset = at_low - factor * low
    for x, y, is_slope, size, tolerance in terms:
        expected = factor * x + (0 if is_slope else offset)
        allowed = _SLACK * tolerance * max(size * max(abs(factor), 1), abs(offset), abs(y))
        if abs(expected - y) > allowed:
            return None
    return (factor, offset) if abs(factor) > 1e-6 else None


def _write_formula(factor: float, offset: float, of: str) -> str:
    """Return a formula in words of arithmetic.

    Example:
        >>> _write_formula(1, -1, "A"), _write_formula(-1, 1, "A"), _write_formula(2, 0, "A")
        ('A - 1', '1 - A', '2 · A')
    """
    size = abs(factor)
    product = of if abs(size - 1) < 1e-5 else f"{size:.4g} · {of}"
    if abs(offset) < 1e-5 * max(size, 1):
        return product if factor > 0 else f"-{product}"
    if factor < 0:
        return f"{offset:.4g} - {product}"
    return f"{product} {'+' if offset > 0 else '-'} {abs(offset):.4g}"


def _agree(kind: str, shared: list[str], differing: set[str]) -> Iterator[str]:
    """Yield where both compute the same; nothing if that is nowhere, or in unrelated places."""
    same = [name for name in shared if name not in differing]
    other = [name for name in shared if name in differing]
    if not other:
        yield "the same where both compute something"
        return
    if same and all(map(is_derivative, other)):
        yield f"the same values, other gradients for {_list_cases(kind, other)}"
        return
    families = [{split(kind, name)[0] for name in names} for names in (same, other)]
    cases = [{split(kind, name)[1] for name in names} for names in (same, other)]
    if whole := families[0] - families[1] - {"empty"}:
        yield f"the same for {_join(name_family(kind, one) for one in sorted(whole))}"
    elif len(cases[1]) <= _MOST_NAMED and cases[1].isdisjoint({"float64", "batches"}):
        yield f"the same but for {_list_cases(kind, other)}"
    elif kind == "optimizer" and "float64/step_1" in same:
        yield "the same in the first step"


def _contrast(first: Reading, other: Reading, of: str) -> Iterator[str]:
    """Yield what one computes in a place, and the other one there."""
    if first.kind == "optimizer":
        return
    pairs = [(name, first.parts[name], other.parts[name]) for name in _list_typical(first, other)]
    for name, ours, theirs in pairs:
        if _show(ours) != _show(theirs):
            yield f"{_show(theirs)} for {_word(first.kind, name)}, where {of} is {_show(ours)}"
            break
    for name, ours in first.parts.items():
        theirs = other.parts.get(name, ours)
        if bool(ours.not_finite) != bool(theirs.not_finite):
            yield f"{_show(theirs)} for {_word(first.kind, name)}, where {of} is {_show(ours)}"
            return


def _list_typical(first: Reading, other: Reading) -> list[str]:
    """Return the parts with values that both have, those of the inputs that suit best first."""
    family = choose_family(first)
    found = [
        name
        for name, part in first.parts.items()
        if part.dtype in TOLERANCES and part.sample and not is_derivative(name)
        if name in other.parts and other.parts[name].sample
    ]
    return sorted(found, key=lambda name: split(first.kind, name)[0] != family)


def find_traits(reading: Reading) -> dict[str, str]:
    """Return what a reading says of weights, masks and right predictions, or of gradients, by topic."""
    if reading.kind == "optimizer":
        return _find_optimizer_traits(reading)
    if reading.kind not in ("loss", "metric"):
        return {}
    found = {}
    for case, what in (("weighted", "sample weights"), ("masked", "masks")):
        if verb := _find_effect(reading, case):
            found[what] = f"{verb} {what}"
    family = choose_family(reading)
    for what in ("value", "result"):
        right = reading.parts.get(f"{family}/exact/{what}")
        if right is not None and right.sample:
            found["right"] = f"{_show(right)} for right predictions"
    return found


def _find_effect(reading: Reading, case: str) -> str:
    """Return whether sample weights or a mask change any value; empty where that cannot be told."""
    found = {_find_effect_on(reading, family, case) for family in _list_names(reading)} - {""}
    return "counts" if "counts" in found else found.pop() if len(found) == 1 else ""


def _find_effect_on(reading: Reading, family: str, case: str) -> str:
    parts = reading.parts
    if case == "masked" and family in _OF_TWO_SAMPLES:  # the mask keeps both
        return ""
    names = f"{family}/float64/value", f"{family}/batches/1"
    plain = next((parts[name] for name in names if name in parts), None)
    # A call that raised has no name behind its case.
    changed = f"{family}/{case}/value", f"{family}/{case}/result", f"{family}/{case}"
    other = next((parts[name] for name in changed if name in parts), None)
    if plain is None or other is None or other.raises:
        return "refuses" if plain is not None and other is not None else ""
    terms = [*zip(plain.sample, other.sample, strict=False)]
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in terms):
        return ""
    tolerance = TOLERANCES.get(plain.dtype, 0.0) * max(plain.size, FLOOR)
    if any(abs(x - y) > tolerance for x, y in terms):
        return "counts"
    return "" if not terms or _show(plain) in _TRIVIAL else "ignores"


def _find_optimizer_traits(reading: Reading) -> dict[str, str]:
    names = ("float64/step_2", "large/step_2", "zeros/step_2", "without_gradient/early")
    samples = [reading.parts[name].sample for name in names if name in reading.parts]
    if len(samples) < len(names) or not all(samples):
        return {}
    ordinary, large, zeros, early = (one[0] for one in samples)  # of the first weight
    found = {}
    if abs(ordinary - large) < _ALIKE * abs(ordinary - zeros):
        found["size"] = "moves as far for gradients a million times as large"
    if abs(zeros - early) > TOLERANCES["float64"]:
        found["decay"] = "moves weights whose gradient is 0"
    return found


def _list_families(reading: Reading) -> str:
    return _join(name_family(reading.kind, one) for one in _list_names(reading))


def _list_names(reading: Reading) -> list[str]:
    parts = reading.parts.items()
    return list(dict.fromkeys(split(reading.kind, n)[0] for n, part in parts if not part.raises))


def _list_cases(kind: str, names: Iterable[str]) -> str:
    found = list(dict.fromkeys(_word_case(split(kind, name)[1]) for name in names))
    return _join(found) if len(found) <= _MOST_NAMED else f"{_join(found[:2])} and others"


def _word(kind: str, name: str) -> str:
    """Return what a part is about, in words."""
    family, case, _ = split(kind, name)
    words = name_family(kind, family), "" if case in ("float64", "batches") else _word_case(case)
    return ", ".join(filter(None, words)) or "ordinary inputs"


def _word_case(case: str) -> str:
    return CASES.get(case, "ordinary inputs" if case == "float64" else case)


def _join(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _show(part: Part) -> str:
    if part.raises:
        return part.raises
    value = next(iter(part.sample), math.nan)
    return f"{0 if abs(value) < _SMALL**2 else value:.3g}"
