"""What torch finds out anew in each export, at most of its cost, is found out once in a process."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from torch._export import utils


@pytest.fixture(scope="package", autouse=True)
def _quick_exports() -> Iterator[None]:
    """Keep torch's operators and their translations to ONNX; the latter in a copy for each export."""
    with pytest.MonkeyPatch.context() as patch:
        kept = functools.cache(utils._materialize_cpp_cia_ops)
        patch.setattr(utils, "_materialize_cpp_cia_ops", kept)
        try:
            from torch.onnx._internal.exporter._registration import ONNXRegistry
        except ImportError:  # onnxscript is not installed
            yield
            return
        read = functools.cache(ONNXRegistry.from_torchlib)

        def copy(*args: Any, **kwargs: Any) -> ONNXRegistry:
            registry = ONNXRegistry()
            found = read(*args, **kwargs)
            registry._opset_version = found.opset_version
            registry.functions = {name: list(metas) for name, metas in found.functions.items()}
            return registry

        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(copy))
        yield
