"""Training states in folders, of which each process writes its own part.

::

    <folder>/kplug.state                  the state without its large tensors, and the component table; HDF5
    <folder>/shards-<hex>/*.safetensors   weights/<path>/<number> and optimizer/<weight>/<entry>, cut by rows

The parts are a checkpoint of ``torch.distributed.checkpoint`` in safetensors, so nothing is a pickle.
``kplug.state`` names their folder and is replaced last: there is a whole state at any moment.
"""

from __future__ import annotations

import contextlib
import math
import re
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.hf_storage import (
    HuggingFaceStorageReader,
    HuggingFaceStorageWriter,
)
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard

from kplug.backend.processes import copy_from_main, is_main_process, run_on_main
from kplug.errors import KplugError, WeightsError
from kplug.registry.quoting import quote
from kplug.saving.formats import DAMAGED_HINT
from kplug.saving.hdf5 import require_file
from kplug.saving.hdf5_library import h5py
from kplug.saving.hdf5_writing import created
from kplug.saving.json_text import encode, parse_json
from kplug.saving.protocols import CompilableModel
from kplug.saving.provenance import collect_rows, write_components
from kplug.saving.state.exact_state import TrainingState, list_moments, write_state
from kplug.saving.text_attributes import read_text
from kplug.saving.weights.keras3_layout import list_weight_groups
from kplug.saving.weights.load_plan import list_names
from kplug.support.atomic import check_target, replacing, sync
from kplug.support.optional_libraries import import_extra
from kplug.training.distribution.world import World, find_world
from kplug.training.position import Position

STATE: Final = "kplug.state"
_ATTRIBUTE = "kplug_shards"
_SHARDS = re.compile(r"shards-[0-9a-f]{12}")


def save_folder(
    model: CompilableModel, folder: Path, epoch: int, positions: Sequence[Position]
) -> None:
    """Save a training state in a folder; all processes call it, and write at the same time.

    Raises:
        WeightsError: A process cannot write, or the processes see different folders.
    """
    import_extra("a sharded state", "safetensors", "safetensors")
    world = find_world()
    shards = folder / copy_from_main(f"shards-{secrets.token_hex(6)}")
    run_on_main(lambda: _make_folder(folder))
    try:
        _write_shards(_list_tensors(model), shards, world)
        run_on_main(lambda: _write_state(model, shards, epoch, positions))
    except BaseException:
        if is_main_process():
            shutil.rmtree(shards, ignore_errors=True)
        raise


def _make_folder(folder: Path) -> None:
    if folder.is_file():
        raise WeightsError(
            "cannot save: a file of this name exists, and a sharded state is a folder",
            hint="Choose another path, or remove the file.",
        )
    if folder.is_dir() and not (folder / STATE).is_file() and any(_list_foreign(folder)):
        raise WeightsError(
            "cannot save: the folder has other files",
            hint="Give the path of a folder for the state alone.",
        )
    check_target(folder / STATE if folder.is_dir() else folder, overwrite=True)
    folder.mkdir(exist_ok=True)


def _list_foreign(folder: Path) -> Iterator[str]:
    """Yield the files that no save has written; one that was killed leaves parts."""
    known = (path.name for path in folder.iterdir())
    return (
        name for name in known if not (_SHARDS.fullmatch(name) or name.startswith(f".{STATE}."))
    )


def _list_weights(model: CompilableModel) -> dict[str, tuple[str, Tensor]]:
    """Return all weights by their names in the parts, each with the title of its layer."""
    return {
        "/".join(filter(None, ("weights", group.path, str(number)))): (group.title, weight.tensor)
        for group in list_weight_groups(model, is_exact=True)
        for number, weight in enumerate(group.weights)
    }


def _list_tensors(model: CompilableModel) -> dict[str, Tensor]:
    """Return the tensors of which this process writes a part.

    Moving averages and the like are the main process's alone, as in files: within an epoch the processes have
    different ones.
    """
    is_main, optimizer = is_main_process(), model.built_optimizer
    weights = {
        name: tensor.detach()
        for name, (_, tensor) in _list_weights(model).items()
        if is_main or isinstance(tensor, nn.Parameter)
    }
    return weights | list_moments(None if optimizer is None else optimizer.state_dict())


def _write_shards(tensors: Mapping[str, Tensor], shards: Path, world: World | None) -> None:
    parts = {
        name: _cut(tensor, world)
        if world is not None and tensor.ndim and len(tensor) >= world.size
        else tensor.contiguous()
        for name, tensor in tensors.items()
    }
    writer = HuggingFaceStorageWriter(str(shards), save_distributed=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.distributed is disabled")
        try:
            save(parts, storage_writer=writer, no_dist=world is None)
        except CheckpointException as error:
            raise WeightsError(
                f"the state cannot be written: {_tell(error)}",
                hint="Check the free space and the permissions of the folder; nothing was replaced.",
            ) from error


def _cut(tensor: Tensor, world: World) -> Tensor:
    """Return a tensor that all processes have, as one of which each has some rows."""
    mesh = init_device_mesh(tensor.device.type, (world.size,))
    parts = tensor.chunk(world.size)
    own = parts[world.rank] if world.rank < len(parts) else tensor[:0]
    stride = torch.empty(tensor.shape, device="meta").stride()
    made: Tensor = DTensor.from_local(
        own.contiguous(), mesh, [Shard(0)], shape=tensor.shape, stride=stride
    )
    return made


def _tell(error: CheckpointException) -> str:
    """Return the first error of a process, without the traceback."""
    rank, (cause, _) = min(error.failures.items())
    return f"{type(cause).__name__} in process {rank}: {quote(str(cause))}"


def _write_state(
    model: CompilableModel, shards: Path, epoch: int, positions: Sequence[Position]
) -> None:
    """Check the parts of all processes, and make them those of the folder."""
    found = _list_stored(HuggingFaceStorageReader(str(shards)))
    if found is None or not _list_tensors(model).keys() <= found.keys():
        raise WeightsError(
            f"the main process does not see what the others have written to {str(shards)!r}",
            hint="All processes need one folder, on a file system that they share.",
        )
    sync(shards)
    sizes = {path.name: path.stat().st_size for path in sorted(shards.iterdir())}
    with replacing(shards.parent / STATE) as temporary, created(temporary) as file:
        write_components(file, collect_rows(model))
        write_state(file, model, epoch, positions, has_moments=False)
        file.attrs[_ATTRIBUTE] = encode({"folder": shards.name, "files": sizes})
    for path in shards.parent.iterdir():
        if _SHARDS.fullmatch(path.name) and path != shards:
            shutil.rmtree(path, ignore_errors=True)


def plan_folder(
    model: CompilableModel, file: h5py.File, folder: Path, state: TrainingState
) -> Callable[[], None]:
    """Read the parts of a state; return the function that gives the model its weights.

    Args:
        model: The model.
        file: The folder's ``kplug.state``.
        folder: The folder.
        state: The content of that file; its optimizer gets the moments.

    Raises:
        WeightsError: A part is missing or damaged, or the weights are of another model.
    """
    import_extra("a sharded state", "safetensors", "safetensors")
    reader = HuggingFaceStorageReader(str(_find_shards(file, folder)))
    found = _list_stored(reader)
    if found is None:
        raise WeightsError("parts of the state are missing", hint=DAMAGED_HINT)
    weights = _list_weights(model)
    _check_weights(
        weights, {name: one for name, one in found.items() if name.startswith("weights/")}
    )
    read = {name: torch.zeros(one.size, dtype=one.properties.dtype) for name, one in found.items()}
    with _reading():
        load(dict(read), storage_reader=reader, no_dist=True)
    _add_moments(state, {name: value for name, value in read.items() if name not in weights})

    @torch.no_grad()
    def assign() -> None:
        for name, (_, tensor) in weights.items():
            tensor.copy_(read[name])

    return assign


def require_state(folder: Path) -> Path:
    """Return the file of a folder that names its parts.

    Raises:
        WeightsError: There is none.
    """
    file = folder / STATE
    if not file.is_file():
        raise WeightsError(
            f"the folder holds no training state: it has no file {STATE!r}",
            hint="model.save_state(folder, sharded=True) writes one.",
        )
    return file


def _find_shards(file: h5py.File, folder: Path) -> Path:
    """Return the folder of the parts: all there, no links, and of the sizes with which they were written."""
    text = read_text(file, _ATTRIBUTE)
    listing = None if text is None else parse_json(text, "the list of parts")
    name, sizes = (
        (listing.get("folder"), listing.get("files")) if isinstance(listing, dict) else ("", {})
    )
    if not isinstance(name, str) or not _SHARDS.fullmatch(name) or not isinstance(sizes, dict):
        raise WeightsError("the file does not say which parts the state has", hint=DAMAGED_HINT)
    shards = folder / name
    present = {path.name: path for path in shards.iterdir()} if shards.is_dir() else {}
    for part in sorted({*sizes, *present}):
        path = present.get(part)
        if path is None or part not in sizes or shards.is_symlink() or path.is_symlink():
            problem = "is missing" if path is None else "is none of the state"
        else:
            require_file(path)
            if (size := path.stat().st_size) == sizes[part]:
                continue
            problem = f"has {size} bytes and was written with {quote(sizes[part])}"
        raise WeightsError(f"the part {quote(f'{name}/{part}')} {problem}", hint=DAMAGED_HINT)
    return shards


def _list_stored(reader: HuggingFaceStorageReader) -> dict[str, TensorStorageMetadata] | None:
    """Return the stored tensors; None if rows of one are missing, which torch would not notice."""
    with _reading():
        stored = reader.read_metadata().state_dict_metadata
    found = {name: one for name, one in stored.items() if isinstance(one, TensorStorageMetadata)}
    is_whole = all(
        sum(math.prod(chunk.sizes) for chunk in one.chunks) == math.prod(one.size)
        for one in found.values()
    )
    return found if is_whole else None


def _check_weights(
    weights: Mapping[str, tuple[str, Tensor]], found: Mapping[str, TensorStorageMetadata]
) -> None:
    problems = [
        f"the state {what} weights{that}{list_names(names)}"
        for what, that, names in (
            ("lacks", " of the model", [name for name in weights if name not in found]),
            ("holds", " that the model lacks", sorted(found.keys() - weights.keys())),
        )
        if names
    ]
    for name, (title, tensor) in weights.items():
        expected = (tuple(tensor.shape), tensor.dtype)
        stored = found.get(name)
        if stored and (theirs := (tuple(stored.size), stored.properties.dtype)) != expected:
            ours, other = (f"{shape} of {str(dtype)[6:]}" for shape, dtype in (expected, theirs))
            problems.append(f"{title}: {name!r} is {ours}, the state's is {other}")
    if problems:
        raise WeightsError(
            "; ".join(problems[:3]) + (f"; {len(problems) - 3} more" if problems[3:] else ""),
            hint="Build and compile the model as it was when it was saved.",
        )


def _add_moments(state: TrainingState, moments: Mapping[str, Tensor]) -> None:
    entries = (state.optimizer or {}).get("state")
    for name, value in moments.items():
        kind, index, entry = [*name.split("/", 2), "", ""][:3]
        own = entries.get(int(index)) if isinstance(entries, dict) and index.isdecimal() else None
        if kind != "optimizer" or not isinstance(own, dict):
            raise WeightsError(f"the part {quote(name)} belongs to no weight", hint=DAMAGED_HINT)
        own[entry] = value


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Turn what torch raises of damaged parts into ``WeightsError``."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "torch.distributed is disabled")
            yield
    except KplugError:
        raise
    except CheckpointException as error:
        raise WeightsError(
            f"the parts cannot be read: {_tell(error)}", hint=DAMAGED_HINT
        ) from error
    except Exception as error:  # safetensors and json raise their own
        raise WeightsError(f"the parts cannot be read: {error!r}", hint=DAMAGED_HINT) from error
