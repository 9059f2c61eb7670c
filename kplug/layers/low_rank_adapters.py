"""`lora`: low-rank adapters of the weights of any module, by patterns over their names."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.utils import parametrize

from kplug.components.arguments import require_integer, require_positive
from kplug.components.name_patterns import assign_names
from kplug.errors import ArgumentValueError, ContractError
from kplug.graph import list_modules
from kplug.layers.base.layer import Layer
from kplug.layers.base.lora import AdaptableLayer, list_adapter, merge_adapter, require_adaptable
from kplug.registry.quoting import name_type


class LowRank(nn.Module):
    """The parametrization W + α/r · B·A of a weight W of torch's shape (outputs, …).

    Args:
        weight: W; of a convolution the axes from the second on count as one.
        rank: The rank r.
        alpha: The factor α.
    """

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        super().__init__()
        self.rank, self.alpha = rank, alpha
        self.lora_a = nn.Parameter(weight.new_empty((rank, *weight.shape[1:])))
        self.lora_b = nn.Parameter(weight.new_zeros((len(weight), rank)))
        nn.init.kaiming_uniform_(self.lora_a)  # he_uniform

    def forward(self, weight: Tensor) -> Tensor:
        """Return the sum of the weight and its adapter."""
        made = self.lora_b @ self.lora_a.flatten(1)
        return weight + (self.alpha / self.rank) * made.view_as(weight)


class Adapter(NamedTuple):
    """The adapter of one weight.

    Args:
        owner: The module that has the weight.
        weight: The weight's name there.
        a: The matrix A.
        b: The matrix B.
        alpha: The factor α.
    """

    owner: nn.Module
    weight: str
    a: Tensor
    b: Tensor
    alpha: float

    @property
    def rank(self) -> int:
        """The rank r."""
        return self.b.shape[0 if isinstance(self.owner, AdaptableLayer) else 1]


def lora(module: nn.Module, ranks: Mapping[str, int], alpha: float | None = None) -> None:
    """Give weights of a module low-rank adapters, by patterns over their names, and freeze everything else.

    W becomes W + α/r · A·B in a layer of kplug, and W + α/r · B·A in a module of torch, where a weight has
    the shape (outputs, inputs). Only A and B are trained. The product is 0 at first, so the outputs are
    unchanged. ``kplug.saving.save_lora`` saves the adapters alone; `merge_lora` adds them to the weights.

    Args:
        module: A model, a layer or any other module. A model that was compiled before is compiled again.
        ranks: Ranks r by pattern, as in a shell: ``*`` is any text, dots too. The names are those of
            ``module.named_parameters()``. What can have an adapter are the weights of ``Dense``,
            ``EinsumDense``, ``Conv1D`` to ``Conv3D`` and ``Embedding``, and those with two axes or more of
            modules that are no layers of kplug, except recurrent ones. A pattern may fit others too.
        alpha: The factor α; ``None`` is the rank.

    Raises:
        ContractError: A pattern fits no weight that can have an adapter, or several fit one; a weight has an
            adapter or a constraint; or it is no module.
        ArgumentValueError: A rank or ``alpha`` is outside its range.

    Example:
        >>> network = nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 1))
        >>> lora(network, {"0.*": 2})
        >>> [tuple(each.shape) for each in network.parameters() if each.requires_grad]
        [(2, 8), (6, 2)]

    Reference:
        Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021. A module of torch gets
        ``torch.nn.utils.parametrize``, so its class is derived from the former one, and the weight W is
        ``parametrizations.<name>.original`` in its ``state_dict``.
    """
    if not isinstance(module, nn.Module):
        raise ContractError(
            f"lora: {name_type(module)} is no torch.nn.Module", hint="Give the network itself."
        )
    table: object = ranks
    if not isinstance(table, Mapping) or not all(isinstance(each, str) for each in table):
        raise ArgumentValueError("lora", "ranks", ranks, "a dict of ranks by pattern")
    for pattern, rank in ranks.items():
        require_integer("lora", f"ranks[{pattern!r}]", rank, "an integer >= 1", at_least=1)
    if alpha is not None:
        require_positive("lora", "alpha", alpha)
    patterns = assign_names(
        "lora", find_adaptable(module), ranks, lambda pattern, name: fnmatchcase(name, pattern)
    )
    add_adapters(module, {name: (ranks[each], alpha) for name, each in patterns.items()})


def merge_lora(module: nn.Module) -> None:
    """Add the low-rank adapters of a module to its weights, and remove them; all weights stay frozen.

    Outputs change by rounding alone. A model that was compiled is compiled again.

    Args:
        module: A model, a layer or any other module; one without adapters is left as it is.

    Example:
        >>> network = nn.Sequential(nn.Linear(8, 6))
        >>> lora(network, {"*": 2})
        >>> merge_lora(network)
        >>> [name for name, _ in network.named_parameters()]
        ['0.bias', '0.weight']
    """
    for adapter in find_adapters(module).values():
        if isinstance(adapter.owner, AdaptableLayer):
            merge_adapter(adapter.owner)
        else:
            parametrize.remove_parametrizations(adapter.owner, adapter.weight)
            adapter.owner.get_parameter(adapter.weight).requires_grad_(False)


def find_adaptable(module: nn.Module) -> dict[str, tuple[nn.Module, str]]:
    """Return the weights that can get an adapter: by name the module that has each, and its name there."""
    list(module.parameters())  # makes the weights of a model of kplug
    found = {}
    for path, owner in module.named_modules():
        for name, weight in owner._parameters.items():
            if weight is not None and _can_adapt(owner, name, weight):
                found[f"{path}.{name}" if path else name] = owner, name
    return found


def _can_adapt(owner: nn.Module, name: str, weight: Tensor) -> bool:
    if isinstance(owner, AdaptableLayer):
        return name == owner.adapted_weight
    if isinstance(owner, (Layer, nn.RNNBase, parametrize.ParametrizationList, LowRank)):
        return False
    return weight.ndim > 1 and weight.is_floating_point()


def add_adapters(module: nn.Module, wanted: Mapping[str, tuple[int, float | None]]) -> None:
    """Add adapters of given ranks and factors α, by the names of the weights, and freeze everything else."""
    known = find_adaptable(module)
    for name in wanted:
        owner, _ = known[name]
        if isinstance(owner, AdaptableLayer):
            require_adaptable(owner, "lora")
    kept = [each for adapter in find_adapters(module).values() for each in (adapter.a, adapter.b)]
    module.requires_grad_(False)
    for name, (rank, alpha) in wanted.items():
        owner, own_name = known[name]
        if isinstance(owner, AdaptableLayer):
            owner.trainable = True  # or the adapter would be frozen
            owner.enable_lora(rank, alpha)
            owner.requires_grad_(False)
            kept += list_adapter(owner)
        else:
            weight = owner.get_parameter(own_name)
            made = LowRank(weight, rank, float(rank if alpha is None else alpha))
            parametrize.register_parametrization(owner, own_name, made)
            kept += [made.lora_a, made.lora_b]
    for each in kept:
        each.requires_grad_(True)
    _freeze_layers(module)


def _freeze_layers(module: nn.Module) -> None:
    """Set ``trainable`` to False in layers without adapters, so that their statistics stay, too."""
    for layer in list_modules(module):
        if isinstance(layer, Layer) and layer.trainable and not find_adapters(layer):
            layer.trainable = False


def find_adapters(module: nn.Module) -> dict[str, Adapter]:
    """Return the adapters of a module, by the names of their weights before they were adapted."""
    found = {}
    for path, owner in module.named_modules():
        prefix = f"{path}." if path else ""
        if isinstance(owner, AdaptableLayer) and owner.lora_enabled:
            name = owner.adapted_weight
            alpha = float(owner.lora_alpha or 1.0)
            found[f"{prefix}{name}"] = Adapter(owner, name, *list_adapter(owner), alpha)
        elif parametrize.is_parametrized(owner):
            for name, chain in owner.parametrizations.items():
                for each in chain:
                    if isinstance(each, LowRank):
                        adapter = Adapter(owner, name, each.lora_a, each.lora_b, each.alpha)
                        found[f"{prefix}{name}"] = adapter
    return found
