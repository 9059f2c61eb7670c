"""Components of kplug's own companion packages, to name the package when it is not installed."""

from __future__ import annotations

from kplug.registry.keys import lookup_key

_KNOWN = {
    ("loss", "dice_loss"): "kplug-segmentation",
    ("metric", "dice_coef"): "kplug-segmentation",
    ("regularizer", "l1_reg"): "kplug-penalties",
}
_BY_KEY = {(kind, lookup_key(name)): owner for (kind, name), owner in _KNOWN.items()}


def find_known_distribution(kind: str, name: str) -> str | None:
    """Return the package that offers a component, if it is one of kplug's companions.

    Example:
        >>> find_known_distribution("loss", "DiceLoss")
        'kplug-segmentation'
    """
    return _BY_KEY.get((kind, lookup_key(name)))
