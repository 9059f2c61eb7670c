"""Packs nested data with tensors into JSON and HDF5 datasets.

Numbers, texts and containers become JSON; a tensor becomes the number of a dataset. Unpacking creates
only values of these types.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug.errors import WeightsError
from kplug.registry.quoting import name_type
from kplug.saving.hdf5 import get_dataset
from kplug.saving.hdf5_library import h5py
from kplug.saving.weights.hdf5_tensors import read_array

# Types that NumPy lacks are stored as integers with the same bits.
_AS_BITS = {
    torch.bfloat16: torch.int16,
    torch.float8_e4m3fn: torch.uint8,
    torch.float8_e5m2: torch.uint8,
}
_MOST_BYTES = 1 << 36
_SCALARS = (bool, int, float, str, type(None))
_SEQUENCES: dict[str, type[list[Any] | tuple[Any, ...]]] = {"list": list, "tuple": tuple}


def pack(value: Any, group: h5py.Group) -> Any:
    """Return a value as JSON data; its tensors are written to the group.

    Raises:
        WeightsError: It contains other types than numbers, texts, tensors and containers.
    """
    if isinstance(value, Tensor):
        return _pack_tensor(value, group)
    if isinstance(value, (np.generic, *_SCALARS)):
        return _pack_scalar(value)
    if isinstance(value, Mapping):
        return {"items": [[pack(key, group), pack(item, group)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        name = "tuple" if isinstance(value, tuple) else "list"
        return {name: [pack(item, group) for item in value]}
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, deque):  # a rule may keep past gradients
        return {"deque": [value.maxlen, pack(list(value), group)]}
    raise WeightsError(
        f"the training state holds {name_type(value)}, which cannot be stored",
        hint="A state is made of numbers, texts, tensors, lists and dicts.",
    )


def unpack(value: Any, group: h5py.Group, read: set[str] | None = None) -> Any:
    """Return the value that `pack` packed.

    No dataset is read twice: repeated references in a short text could exhaust memory.

    Raises:
        WeightsError: The data are no packed value, or a dataset is missing or unsafe.
    """
    read = set() if read is None else read
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, dict) and len(value) == 1:
        (name, content), *_ = value.items()
        if name == "tensor" and isinstance(content, list) and len(content) == 3:
            return _unpack_tensor(content, group, read)
        if name == "items" and isinstance(content, list):
            return {_unpack_key(pair): unpack(pair[1], group, read) for pair in content}
        if name in _SEQUENCES and isinstance(content, list):
            return _SEQUENCES[name](unpack(item, group, read) for item in content)
        if name == "deque" and isinstance(content, list) and len(content) == 2:
            return _unpack_deque(content[0], content[1], group, read)
        if name == "dtype" and isinstance(content, str):
            return _find_dtype(content)
    raise _unknown_form()


def _unpack_deque(longest: Any, kept: Any, group: h5py.Group, read: set[str]) -> deque[Any]:
    is_length = longest is None or (type(longest) is int and longest >= 0)
    items = unpack(kept, group, read)
    if not is_length or not isinstance(items, list):
        raise _unknown_form()
    return deque(items, longest)


def _find_dtype(name: object) -> torch.dtype:
    dtype = getattr(torch, name, None) if isinstance(name, str) else None
    if isinstance(dtype, torch.dtype):
        return dtype
    raise _unknown_form()


def _pack_scalar(value: Any) -> Any:
    # Including float subclasses, such as an optimizer's `LearningRate`.
    plain = value.item() if isinstance(value, np.generic) else value
    return float(plain) if isinstance(plain, float) else plain


def _pack_tensor(tensor: Tensor, group: h5py.Group) -> Any:
    number = str(len(group))
    dtype = str(tensor.dtype).removeprefix("torch.")
    values = tensor.detach().cpu().contiguous()
    if values.dtype in _AS_BITS:
        values = values.view(_AS_BITS[values.dtype])
    group.create_dataset(number, data=values.numpy())
    return {"tensor": [number, dtype, tensor.device.type]}


def _unpack_tensor(content: list[Any], group: h5py.Group, read: set[str]) -> Tensor:
    number, name, _ = content
    dtype = _find_dtype(name)
    if not isinstance(number, str) or number in read:
        raise _unknown_form()
    read.add(number)
    dataset = get_dataset(group, number)
    stored, declared = dataset.id.get_storage_size(), dataset.size * dataset.dtype.itemsize
    if declared > max(1000 * stored, 1 << 20) or declared > _MOST_BYTES:
        raise WeightsError(
            f"the dataset {dataset.name!r} declares {declared} bytes, holds {stored}"
        )
    values = torch.from_numpy(np.asarray(read_array(dataset)))
    if dtype in _AS_BITS:
        return values.view(dtype)
    if values.dtype != dtype:
        raise WeightsError(f"the dataset {dataset.name!r} is {values.dtype}, not {dtype}")
    return values


def _unpack_key(pair: Any) -> Any:
    key = pair[0] if isinstance(pair, list) and len(pair) == 2 else None
    if isinstance(key, dict) and isinstance(key.get("tuple"), list):  # such as (group, place)
        key = tuple(key["tuple"])
    parts = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(part, (str, int, float)) for part in parts):
        raise _unknown_form()
    return key


def _unknown_form() -> WeightsError:
    return WeightsError("the training state of the file cannot be read: it has another form")
