"""`get`: the model that a name means; and whether making it may download weights."""

from __future__ import annotations

from contextvars import ContextVar
from typing import cast

from kplug import Spec, parse_spec, resolve
from kplug.components.arguments import require_flag
from kplug.errors import ArgumentError
from kplug.inspection import list_distributions
from kplug.models import Model
from kplug_models.plugin import OFFERING

_MAY_DOWNLOAD = ContextVar("_MAY_DOWNLOAD", default=False)
_PREFIX = "kplug-"


def get(identifier: object, *, may_download: bool = False) -> Model:
    """Return the model that an identifier means.

    Args:
        identifier: Text such as ``"timm/resnet18(num_classes=10)"``, a dict, or a model. In text, a
            distribution's name may go without ``kplug-`` in front, unless one of the shorter name offers
            components, too.
        may_download: Whether arguments such as ``pretrained=True`` and ``weights="imagenet"`` may fetch
            weights. A name alone fetches none, so neither does a file that has one.

    Returns:
        A new ``Model``, not compiled; a model is returned itself.

    Raises:
        ResolutionError: No installed package offers the model.
        ArgumentError: An argument that the model does not take, or one that needs ``may_download``.
        ArgumentValueError: A value out of range.
        WeightsError: A file of weights that does not fit.

    Example:
        >>> model = get("kplug-applications/MobileNetV2(input_shape=(96, 96, 3), classes=5)")
        >>> model.output_shape
        (None, 5)

    Reference:
        ``timm.create_model`` and ``torchvision.models.get_model``, which return modules of torch.
    """
    if isinstance(identifier, str):
        identifier = _complete(parse_spec(identifier))
    token = _MAY_DOWNLOAD.set(require_flag("models.get", "may_download", may_download))
    try:
        return cast("Model", resolve("model", identifier).object)
    finally:
        _MAY_DOWNLOAD.reset(token)


def require_download(owner: str, argument: str, advice: str) -> None:
    """Refuse an argument that may fetch weights, unless the caller of `get` allows it.

    Args:
        owner: The model, for messages.
        argument: The argument as written.
        advice: Another way to these weights.

    Raises:
        ArgumentError: It is not allowed.
    """
    if not _MAY_DOWNLOAD.get():
        raise ArgumentError(
            f"{owner}: {argument} downloads weights, which a name alone does not",
            hint=f"Allow it: kplug.models.get(…, may_download=True). {advice}",
        )


def _complete(spec: Spec) -> Spec:
    """Return a reference with the distribution's whole name: ``timm/resnet18`` is ``kplug-timm/resnet18``."""
    head = spec.distribution
    known = {origin.distribution for origin in list_distributions()}
    if head is None or head in known or f"{_PREFIX}{head}" not in {*known, *OFFERING}:
        return spec
    return Spec(f"{_PREFIX}{head}/{spec.name}", spec.args, spec.kwargs)
