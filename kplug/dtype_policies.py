"""``dtype_policies``: Keras 3's pairs of a compute dtype and a weight dtype.

In kplug, whole models compute in reduced precision, not single layers: a mixed policy of the program has the
effect of ``compile(precision="bf16")``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from typing_extensions import Self

from kplug.backend import dtype_name, floatx, to_dtype
from kplug.components.arguments import refusal
from kplug.components.configurable import check_keys
from kplug.errors import ArgumentValueError, KplugError
from kplug.support.exports import export_names

_MIXED = {"mixed_float16": "fp16", "mixed_bfloat16": "bf16"}


class DTypePolicy:
    """The compute dtype and the weight dtype of a layer.

    Args:
        name: ``"mixed_bfloat16"``, ``"mixed_float16"``, or a dtype such as ``"float32"`` for both.
            ``None`` is the program's policy.

    Attributes:
        compute_dtype: Name of the compute dtype.
        variable_dtype: Name of the weight dtype.

    Raises:
        ArgumentValueError: There is no such dtype.

    Example:
        >>> policy = DTypePolicy("mixed_bfloat16")
        >>> policy.compute_dtype, policy.variable_dtype
        ('bfloat16', 'float32')

    Reference:
        ``keras.DTypePolicy``. There are no policies of quantized layers, since no layer is quantized.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name: str = dtype_policy().name if name is None else name
        is_mixed = self.name in _MIXED
        try:
            given = self.name.removeprefix("mixed_") if is_mixed else self.name
            self.compute_dtype = dtype_name(given)
        except (KplugError, AttributeError):
            allowed = f"{', '.join(map(repr, _MIXED))}, or a type such as 'float32'"
            raise refusal("DTypePolicy", "name", name, allowed) from None
        self.variable_dtype = "float32" if is_mixed else self.compute_dtype

    def get_config(self) -> dict[str, Any]:
        """Return the argument of the constructor."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a policy from what ``get_config`` returned."""
        check_keys(cls, config)
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


class _Program:
    """The value of ``set_dtype_policy``; None means ``floatx()``."""

    policy: DTypePolicy | None = None


def dtype_policy() -> DTypePolicy:
    """Return the program's policy, which defaults to ``floatx()``.

    Example:
        >>> dtype_policy()
        <DTypePolicy "float32">
    """
    return _Program.policy or DTypePolicy(floatx())


def set_dtype_policy(policy: object) -> None:
    """Set the policy of layers and models made, and of models compiled, from now on.

    Without an explicit ``precision``, ``"mixed_bfloat16"`` and ``"mixed_float16"`` act like
    ``compile(precision="bf16")`` and ``"fp16"``. Another dtype is that of layers' weights by default.

    Args:
        policy: A policy, its name or its dict; None for ``floatx()``, whatever that will be.

    Raises:
        ArgumentValueError: It is none of these.

    Example:
        >>> set_dtype_policy("mixed_bfloat16")
        >>> dtype_policy()
        <DTypePolicy "mixed_bfloat16">
        >>> set_dtype_policy(None)

    Reference:
        ``keras.config.set_dtype_policy``, and None from ``tf.keras``. A layer called outside of
        ``fit``, ``evaluate`` and ``predict`` computes in the dtype of its weights.
    """
    _Program.policy = None if policy is None else get(policy)


def get(identifier: object) -> DTypePolicy:
    """Return the policy that an identifier means.

    Args:
        identifier: A policy (also Keras's), a name, a dtype, Keras's dict, or None for the program's policy.

    Raises:
        ArgumentValueError: It is none of these.

    Example:
        >>> get({"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}})
        <DTypePolicy "mixed_float16">
    """
    if isinstance(identifier, DTypePolicy):
        return identifier
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, Mapping):
        config = identifier.get("config")
        return DTypePolicy(config.get("name", "") if isinstance(config, Mapping) else "")
    if hasattr(identifier, "variable_dtype"):
        return DTypePolicy(getattr(identifier, "name", ""))
    return DTypePolicy(identifier if isinstance(identifier, str) else dtype_name(identifier))  # type: ignore[arg-type]


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Return a policy as Keras's dict, which ``deserialize`` reads."""
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": dtype_policy.get_config(),
        "registered_name": None,
    }


deserialize = get


def find_program_precision() -> str | None:
    """Return the ``precision`` of ``compile`` that corresponds to the program's policy, or None."""
    return _MIXED.get(dtype_policy().name)


def read_weights_type(owner: str, dtype: object) -> torch.dtype:
    """Return the weight dtype for the ``dtype`` of a layer.

    Args:
        owner: The class, for the error.
        dtype: A dtype, a policy, its name or its dict; None is the program's.

    Raises:
        ArgumentValueError: It is a mixed policy other than the program's.
    """
    if dtype is None:
        return to_dtype(None if _Program.policy is None else _Program.policy.variable_dtype)
    is_policy = isinstance(dtype, Mapping) or hasattr(dtype, "variable_dtype")
    if not is_policy and not (isinstance(dtype, str) and dtype in _MIXED):
        return to_dtype(dtype)  # type: ignore[arg-type]
    policy = get(dtype)
    if policy.name in _MIXED and policy != dtype_policy():
        raise ArgumentValueError(
            owner,
            "dtype",
            dtype,
            "the type of the weights, since a layer alone does not compute in another one. Write "
            f"compile(precision={_MIXED[policy.name]!r}), or kplug.config.set_dtype_policy({policy.name!r}) "
            "before the first layer",
        )
    return to_dtype(policy.variable_dtype)


FloatDTypePolicy = DTypePolicy

export_names(globals())
