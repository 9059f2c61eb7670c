"""Components of kplug's own companion packages, to name the package when it is not installed."""

from __future__ import annotations

from kplug.registry.lookup_keys import lookup_key

_KNOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "kplug-penalties": {"regularizer": ("group_lasso", "l1_reg", "orthogonality")},
    "kplug-segmentation": {
        "loss": ("dice_loss", "focal_loss", "jaccard_loss", "tversky_loss"),
        "metric": ("dice_coef", "jaccard_coef"),
    },
}
_BY_KEY = {
    (kind, lookup_key(name)): owner
    for owner, kinds in _KNOWN.items()
    for kind, names in kinds.items()
    for name in names
}


def find_known_distribution(kind: str, name: str, claimed: str | None = None) -> str | None:
    """Return the package that is known to offer a component: no other name may follow ``pip install``.

    Args:
        kind: The kind of the component.
        name: The name that is wanted.
        claimed: The package that a file or a user says to offer it.

    Example:
        >>> find_known_distribution("loss", "DiceLoss")
        'kplug-segmentation'
        >>> find_known_distribution("loss", "dice_loss", claimed="evil")
    """
    if claimed is not None:
        return claimed if claimed in _KNOWN else None
    return _BY_KEY.get((kind, lookup_key(name)))
