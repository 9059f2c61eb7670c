"""Stable hashes of texts: FarmHash64, and SipHash with a salt.

NumPy computes them for all texts of one length at once. None of kplug's dependencies provides them, and
Python's own hash of a text differs between processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from kplug.components.arguments import refusal

# Bytes of texts of equal length, shape (N, length), and 64-bit numbers, shape (N,).
Rows: TypeAlias = "np.ndarray[Any, np.dtype[np.uint8]]"
Numbers: TypeAlias = Any
Pair: TypeAlias = "tuple[Numbers, Numbers]"

_K0, _K1, _K2 = (
    np.uint64(constant) for constant in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F)
)


def find_buckets(texts: Sequence[str], count: int, salt: tuple[int, int] | None = None) -> Any:
    """Return hash mod count of each text.

    Args:
        texts: Texts, hashed as UTF-8.
        count: Number of buckets.
        salt: Key of SipHash; ``None`` is FarmHash64.

    Returns:
        An array of int64, shape (N,).

    Example:
        >>> find_buckets(["A", "B", "C", "D", "E"], 3).tolist()
        [1, 0, 1, 1, 2]

    Reference:
        TensorFlow's ``to_hash_bucket_fast`` and ``to_hash_bucket_strong``.
    """
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    lengths = np.array([len(one) for one in encoded], dtype=np.int64)
    found = np.empty(len(encoded), dtype=np.uint64)
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        joined = b"".join(encoded[place] for place in places)
        rows = np.frombuffer(joined, dtype=np.uint8).reshape(len(places), length)
        found[places] = farm_hash(rows) if salt is None else sip_hash(rows, salt)
    return (found % np.uint64(count)).astype(np.int64)


def farm_hash(rows: Rows) -> Numbers:
    """Return FarmHash64 (variant ``na``) of texts of equal length.

    Reference:
        Pike & Alakuijala, google/farmhash, MIT licence; ``tf.fingerprint`` has the same numbers.
    """
    length = rows.shape[1]
    if length <= 16:
        return _hash_up_to_16(rows, length)
    if length <= 32:
        return _hash_up_to_32(rows, length)
    return _hash_up_to_64(rows, length) if length <= 64 else _hash_long(rows, length)


def _rotate(x: Numbers, bits: int) -> Numbers:
    return (x >> np.uint64(bits)) | (x << np.uint64(64 - bits))


def _mix(x: Numbers) -> Numbers:
    return x ^ (x >> np.uint64(47))


def _read(rows: Rows, start: int, size: int = 8) -> Numbers:
    """Read ``size`` bytes of each text as a little-endian number."""
    part = np.ascontiguousarray(rows[:, start : start + size])
    return part.view(f"<u{size}")[:, 0].astype(np.uint64)


def _factor(length: int) -> Any:
    return np.uint64((int(_K2) + 2 * length) % 2**64)


def _join(u: Numbers, v: Numbers, factor: Any) -> Numbers:
    a = _mix((u ^ v) * factor)
    return _mix((v ^ a) * factor) * factor


def _hash_up_to_16(rows: Rows, length: int) -> Numbers:
    factor = _factor(length)
    if length >= 8:
        a, b = _read(rows, 0) + _K2, _read(rows, length - 8)
        return _join(_rotate(b, 37) * factor + a, (_rotate(a, 25) + b) * factor, factor)
    if length >= 4:
        first, last = _read(rows, 0, 4), _read(rows, length - 4, 4)
        return _join((first << np.uint64(3)) + np.uint64(length), last, factor)
    if not length:
        return np.full(len(rows), _K2)
    first, middle, last = (_read(rows, at, 1) for at in (0, length // 2, length - 1))
    y = first + (middle << np.uint64(8))
    z = np.uint64(length) + (last << np.uint64(2))
    return _mix(y * _K2 ^ z * _K0) * _K2


def _read_ends(rows: Rows, length: int, first_factor: np.uint64) -> tuple[Numbers, ...]:
    a, b = _read(rows, 0) * first_factor, _read(rows, 8)
    return a, b, _read(rows, length - 8) * _factor(length), _read(rows, length - 16) * _K2


def _hash_up_to_32(rows: Rows, length: int) -> Numbers:
    a, b, c, d = _read_ends(rows, length, _K1)
    left = _rotate(a + b, 43) + _rotate(c, 30) + d
    return _join(left, a + _rotate(b + _K2, 18) + c, _factor(length))


def _hash_up_to_64(rows: Rows, length: int) -> Numbers:
    factor = _factor(length)
    a, b, c, d = _read_ends(rows, length, _K2)
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _join(y, a + _rotate(b + _K2, 18) + c, factor)
    e, f = _read(rows, 16) * factor, _read(rows, 24)
    g = (y + _read(rows, length - 32)) * factor
    h = (z + _read(rows, length - 24)) * factor
    return _join(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, factor)


def _weaken(rows: Rows, start: int, a: Numbers, b: Numbers) -> Pair:
    """Return two numbers mixed with 32 bytes of each text."""
    w, x, y, z = (_read(rows, start + 8 * step) for step in range(4))
    a = a + w
    mixed = _rotate(b + a + z, 21)
    summed = a + x + y
    return summed + z, mixed + _rotate(summed, 44) + a


def _hash_long(rows: Rows, length: int) -> Numbers:
    zero = np.zeros(len(rows), dtype=np.uint64)
    y = zero + np.uint64((81 * int(_K1) + 113) % 2**64)
    z = _mix(y * _K2 + np.uint64(113)) * _K2
    x = (zero + np.uint64(81)) * _K2 + _read(rows, 0)
    v, w = (zero, zero), (zero, zero)
    end = (length - 1) // 64 * 64
    for start in range(0, end, 64):
        x, y, z, v, w = _turn(rows, start, x, y, z, v, w, _K1, (w[1], v[0]))
    last = (length - 1) % 64
    factor = _K1 + ((z & np.uint64(0xFF)) << np.uint64(1))
    first = w[0] + np.uint64(last)
    v = (v[0] + first, v[1])
    w = (first + v[0], w[1])
    nine = np.uint64(9)
    x, y, z, v, w = _turn(rows, end + last - 63, x, y, z, v, w, factor, (w[1] * nine, v[0] * nine))
    left = _join(v[0], w[0], factor) + _mix(y) * _K0 + z
    return _join(left, _join(v[1], w[1], factor) + x, factor)


def _turn(
    rows: Rows,
    at: int,
    x: Numbers,
    y: Numbers,
    z: Numbers,
    v: Pair,
    w: Pair,
    factor: Any,
    added: Pair,
) -> tuple[Numbers, Numbers, Numbers, Pair, Pair]:
    """Mix 64 bytes of each text into the state of a long hash."""
    x = _rotate(x + y + v[0] + _read(rows, at + 8), 37) * factor
    y = _rotate(y + v[1] + _read(rows, at + 48), 42) * factor
    x = x ^ added[0]
    y = y + added[1] + _read(rows, at + 40)
    z = _rotate(z + w[0], 33) * factor
    v = _weaken(rows, at, v[1] * factor, x + w[0])
    w = _weaken(rows, at + 32, z + w[1], y + _read(rows, at + 16))
    return z, y, x, v, w


def sip_hash(rows: Rows, salt: tuple[int, int]) -> Numbers:
    """Return SipHash-2-4 of texts of equal length, with a key of two numbers.

    Reference:
        Aumasson & Bernstein, 2012.
    """
    length = rows.shape[1]
    keys = [np.full(len(rows), key % 2**64, dtype=np.uint64) for key in salt]
    start = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    state = [keys[i % 2] ^ np.uint64(one) for i, one in enumerate(start)]
    padded = np.zeros((len(rows), length // 8 * 8 + 8), dtype=np.uint8)
    padded[:, :length] = rows
    padded[:, -1] = length % 256
    for at in range(0, padded.shape[1], 8):
        word = _read(padded, at)
        state[3] = state[3] ^ word
        state = _sip_round(_sip_round(state))
        state[0] = state[0] ^ word
    state[2] = state[2] ^ np.uint64(0xFF)
    for _ in range(4):
        state = _sip_round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _sip_round(state: list[Numbers]) -> list[Numbers]:
    a, b, c, d = state
    a, c = a + b, c + d
    b, d = _rotate(b, 51) ^ a, _rotate(d, 48) ^ c
    a = _rotate(a, 32)
    c, a = c + b, a + d
    b, d = _rotate(b, 47) ^ c, _rotate(d, 43) ^ a
    return [a, b, _rotate(c, 32), d]


def as_salt(owner: str, salt: Any) -> tuple[int, int] | None:
    """Return the key of SipHash: two integers; a single one counts twice.

    Raises:
        ArgumentValueError: It is something else.
    """
    pair: Sequence[Any] = salt if isinstance(salt, (list, tuple)) else (salt, salt)
    if salt is None:
        return None
    if len(pair) != 2 or any(type(one) is not int for one in pair):
        raise refusal(owner, "salt", salt, "an integer, two of them, or None")
    return pair[0], pair[1]
