"""Giving kplug's models the methods of Keras 2, and taking them back."""

from __future__ import annotations

from typing import Any

import kplug
from kplug_keras2.models.methods import METHODS

_former: dict[str, Any] = {}


def give_methods() -> None:
    """Give ``kplug.Model`` the methods of Keras 2. All models in the process have them."""
    _former.update({name: vars(kplug.Model).get(name) for name in METHODS})
    for name, method in METHODS.items():
        setattr(kplug.Model, name, method)


def take_methods() -> None:
    """Give ``kplug.Model`` its own methods back."""
    for name, method in _former.items():
        if method is None:
            delattr(kplug.Model, name)
        else:
            setattr(kplug.Model, name, method)
    _former.clear()
