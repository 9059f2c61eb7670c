"""``AdaptableLayer``: the base of layers whose kernel takes a low-rank adapter (LoRA)."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.components.arguments import require_integer, require_positive
from kplug.components.types import InitializerLike
from kplug.errors import ContractError, NotBuiltError
from kplug.layers.base.layer import Layer
from kplug.layers.base.weight_entry import WeightEntry
from kplug.registry import resolve


class AdaptedWeight:
    """The attribute that holds an adaptable weight: with an adapter, it is their sum.

    Args:
        name: The weight's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, layer: AdaptableLayer | None, owner: type) -> Any:
        if layer is None:
            return self
        weight = layer._parameters.get(self.name)
        if weight is None:  # Layer.__getattr__ looks further
            raise AttributeError(f"layer {layer.name!r} has no {self.name!r} yet")
        return compute_merged(layer) if layer.lora_enabled else weight


class AdaptableLayer(Layer):
    """A layer whose kernel W takes a low-rank adapter: it then computes with W + α/r · A·B.

    W is frozen, and A of shape (…, r) and B of shape (r, outputs) are trained. A starts random and B at 0, so
    the first outputs are those of W.

    Args:
        lora_rank: The rank r; ``None`` for no adapter. ``enable_lora`` adds one later.
        lora_alpha: The factor α; ``None`` is the rank.

    Attributes:
        adapted_weight: The name of W.
        lora_enabled: Whether the layer has an adapter.
    """

    adapted_weight: ClassVar[str] = "kernel"
    lora_enabled: bool = False

    def __init__(
        self, *, lora_rank: int | None = None, lora_alpha: float | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.lora_rank, self.lora_alpha = _read(
            type(self).__name__, "lora_rank", lora_rank, lora_alpha
        )

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: InitializerLike = "kplug/he_uniform",
        b_initializer: InitializerLike = "kplug/zeros",
    ) -> None:
        """Freeze the kernel and add a low-rank adapter, which is trained instead.

        The bias stays as trainable as it is; `kplug.lora` freezes everything but adapters. A model that was
        compiled before is compiled again. Files of whole models and of weights hold the merged kernel.

        Args:
            rank: The rank r of the adapter, >= 1.
            lora_alpha: The factor α; the adapter counts by α/r. ``None`` is the rank.
            a_initializer: Initial values of A, shape (…, r).
            b_initializer: Initial values of B, shape (r, outputs).

        Raises:
            ArgumentValueError: An argument is outside its range.
            ContractError: The layer has an adapter, or its kernel has a constraint.
            NotBuiltError: The layer has no kernel yet.
            ResolutionError: Nothing has the name of an initializer.

        Example:
            >>> from kplug.layers import Dense
            >>> layer = Dense(6, input_dim=8)
            >>> layer.enable_lora(2)
            >>> [weight.name for weight in layer.trainable_weights]
            ['bias', 'lora_kernel_a', 'lora_kernel_b']

        Reference:
            Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021; Keras's ``enable_lora``.
        """
        owner, name = f"{type(self).__name__}.enable_lora", self.adapted_weight
        read_rank, alpha = _read(owner, "rank", rank, lora_alpha, is_optional=False)
        entry = require_adaptable(self, owner)
        for each in (a_initializer, b_initializer):
            resolve("initializer", each)  # an unknown name is refused before anything changes
        was_ready = self._is_ready
        *leading, last = entry.shape
        for part, shape, initializer in (
            ("a", (*leading, rank), a_initializer),
            ("b", (rank, last), b_initializer),
        ):
            self.add_weight(
                f"lora_{name}_{part}", shape, initializer, f"{name}_regularizer", dtype="float32"
            )
            self._store.entries[-1].is_adapter = True
        entry.is_adapted = True
        self._store.get(entry).requires_grad_(False)
        self.lora_rank, self.lora_alpha, self.lora_enabled = read_rank, alpha, True
        if was_ready:
            self.materialize()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor; those of an adapter if there is one."""
        config = super().get_config()
        if self.lora_rank is None:
            for key in ("lora_rank", "lora_alpha"):
                config.pop(key, None)
        return config


def add_asked_adapter(layer: AdaptableLayer) -> None:
    """Add the adapter that the constructor was asked for; called at the end of ``build``."""
    if layer.lora_rank is not None:
        layer.enable_lora(layer.lora_rank, layer.lora_alpha)


def get_unadapted(layer: AdaptableLayer) -> Any:
    """Return the weight W itself."""
    return layer._parameters[layer.adapted_weight]


def list_adapter(layer: AdaptableLayer) -> tuple[Tensor, Tensor]:
    """Return A and B."""
    weights: Any = layer._parameters
    name = layer.adapted_weight
    return weights[f"lora_{name}_a"], weights[f"lora_{name}_b"]


def read_adapter(layer: AdaptableLayer, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
    """Return A and α/r · B, in the kernel's type or another one."""
    a, b = list_adapter(layer)
    kind = dtype or get_unadapted(layer).dtype
    scale = float(layer.lora_alpha or 1.0) / len(b)
    return a.to(kind), (b * scale).to(kind)


def compute_merged(layer: AdaptableLayer) -> Tensor:
    """Return W + α/r · A·B in the type of W."""
    weight = get_unadapted(layer)
    a, b = read_adapter(layer, torch.promote_types(weight.dtype, torch.float32))
    merged: Tensor = (weight + a @ b).to(weight.dtype)
    return merged


@torch.no_grad()
def restart_adapter(layer: AdaptableLayer) -> None:
    """Set B to 0, after a file has replaced the kernel."""
    list_adapter(layer)[1].zero_()


@torch.no_grad()
def merge_adapter(layer: AdaptableLayer) -> None:
    """Add the adapter to the kernel, which stays frozen, and remove it."""
    entry = _find_entry(layer)
    if entry is None or not layer.lora_enabled:
        return
    get_unadapted(layer).copy_(compute_merged(layer))
    entry.is_adapted = False
    for part in "ab":
        layer._store.remove(f"lora_{layer.adapted_weight}_{part}")
    layer.lora_rank = layer.lora_alpha = None
    layer.lora_enabled = False


def require_adaptable(layer: AdaptableLayer, owner: str) -> WeightEntry:
    """Return the declaration of the kernel, if it may get an adapter.

    Raises:
        ContractError: It has an adapter or a constraint.
        NotBuiltError: There is none yet.
    """
    if layer.built or _find_entry(layer) is None:  # else `build` asks
        layer._ensure_values()
    entry, name = _find_entry(layer), layer.adapted_weight
    if entry is None:
        raise NotBuiltError(
            f"{owner}: layer {layer.name!r} has no {name} yet: its input shape is unknown",
            hint="Give it an input_shape, or call it on data once.",
        )
    if layer.lora_enabled:
        raise ContractError(
            f"{owner}: layer {layer.name!r} has an adapter of rank {layer.lora_rank}",
            hint="kplug.merge_lora(layer) adds it to the kernel and removes it.",
        )
    if not entry.constraint.is_empty:
        raise ContractError(
            f"{owner}: the {name} of layer {layer.name!r} has a constraint, which cannot hold for a sum of "
            "kernel and adapter",
            hint=f"Make the layer without {name}_constraint.",
        )
    return entry


def _find_entry(layer: AdaptableLayer) -> WeightEntry | None:
    found = (entry for entry in layer._store.entries if entry.name == layer.adapted_weight)
    return next(found, None)


def _read(
    owner: str, argument: str, rank: int | None, alpha: float | None, *, is_optional: bool = True
) -> tuple[int | None, float | None]:
    """Return the checked arguments of an adapter."""
    if rank is None and is_optional:
        return None, None
    allowed = f"{'None, or ' if is_optional else ''}an integer >= 1"
    checked = require_integer(owner, argument, rank, allowed, at_least=1)
    return checked, checked if alpha is None else require_positive(owner, "lora_alpha", alpha)
