"""A disk cache of compiled graphs, called without importing torch's compiler.

To look code up in its cache, torch imports its compiler, which takes longer than ``import torch``. It calls
the code through Python wrappers that a whole graph of plain tensors does not need. On a CPU the code is a
shared library with one function. kplug tests whether that function alone gives the results of torch's
callable. If so, kplug calls it directly and keeps a copy, which the next process finds by the graph's key.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import operator
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import torch
from torch import Tensor, fx

from kplug.support.own_files import is_own_file

Run = Callable[..., Sequence[Tensor]]

_ENTRY: Final = "inductor_entry_cpp"  # torch's name for the function
_INPUTS: Final = re.compile(r"steal_from_raw_handles_to_raii_handles\(input_handles, (\d+)\)")
_LARGEST: Final = 1 << 28  # bytes of inputs that are copied to test a library
_NAMESPACES: Final = ("aten", "prims", "kplug")
# Environment variables that affect the code; those of caches and logs do not.
_VARIABLES: Final = re.compile(
    r"TORCH(?!INDUCTOR_CACHE_DIR|_LOGS|_HOME).*|AOT_.*|ATEN_.*|CXX|OMP_.*"
)


class CodeLibrary:
    """The cache entry of a graph's library.

    Args:
        graph: The graph, as it is traced.
        tensors: Its inputs.
        options: torch's options for it.
    """

    def __init__(
        self, graph: fx.GraphModule, tensors: Sequence[Tensor], options: dict[str, Any]
    ) -> None:
        self._path: Path | None = None
        if _is_plain(graph, tensors):
            said = repr((graph.code, *map(_describe, tensors), options, *_describe_machine()))
            name = hashlib.sha256(said.encode()).hexdigest()
            self._path = find_folder() / f"{name}.so"
        self._before = set(sys.modules)

    def find(self) -> Run | None:
        """Return the function of a library that an earlier process kept, or None."""
        if self._path is None or not is_own_file(self._path):
            return None
        try:
            return _call_directly(_load(self._path))
        except (ImportError, AttributeError):  # damaged
            return None

    def keep(self, run: Run, tensors: Sequence[Tensor]) -> Run:
        """Cache the library that torch has just loaded, if its results equal those of torch's callable.

        Args:
            run: torch's callable.
            tensors: Inputs to test both with. They are copied.

        Returns:
            The library's function, or ``run`` if their results differ.
        """
        module = self._find_loaded(len(tensors))
        if module is None or self._path is None:
            return run
        try:
            direct = _call_directly(module)
            if not _do_the_same(run, direct, tensors):
                return run
        except Exception:  # noqa: BLE001 - these are torch's inner parts; its callable is there
            return run
        with contextlib.suppress(OSError):  # a full disk only costs the next process time
            _copy(str(module.__file__), self._path)
        return direct

    def _find_loaded(self, inputs: int) -> ModuleType | None:
        """Return the library loaded since this object was made that takes so many inputs."""
        new = [name for name in sys.modules if name not in self._before and name.endswith(_ENTRY)]
        if len(new) != 1:
            return None
        module = sys.modules[new[0]]
        try:
            source = Path(str(module.__file__)).with_suffix(".cpp").read_text()
        except OSError:
            return None
        return module if _INPUTS.findall(source) == [str(inputs)] else None


def _load(path: Path) -> ModuleType:
    # The library needs the address of a torch function when it is loaded.
    guards: Any = torch._C._dynamo.guards
    address = guards._torchinductor_pyobject_tensor_data_ptr
    os.environ["_TORCHINDUCTOR_PYOBJECT_TENSOR_DATA_PTR"] = str(address)
    name = f"{path.stem}.{_ENTRY}"
    loader = ExtensionFileLoader(name, str(path))
    module = module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    loader.exec_module(module)
    return module


def _call_directly(module: ModuleType) -> Run:
    entry = getattr(module, _ENTRY)
    as_handles = torch._C._aoti.unsafe_alloc_void_ptrs_from_tensors
    as_tensors = torch._C._aoti.alloc_tensors_by_stealing_from_void_ptrs

    def run(*tensors: Tensor) -> Sequence[Tensor]:
        outputs: list[Tensor] = as_tensors(entry(as_handles(list(tensors))))
        return outputs

    return run


def _is_plain(graph: fx.GraphModule, tensors: Sequence[Tensor]) -> bool:
    """Return whether the code needs only its inputs, and no two of them share memory."""
    if not all(map(_is_known, graph.graph.nodes)):
        return False
    if any(each.layout is not torch.strided or each.device.type != "cpu" for each in tensors):
        return False
    if sum(each.nbytes for each in tensors) > _LARGEST:
        return False
    memory = [each.untyped_storage().data_ptr() for each in tensors if each.numel()]
    return len(set(memory)) == len(memory)


def _is_known(node: fx.Node) -> bool:
    """Return whether a node has no side effects beyond the graph."""
    if node.op in ("placeholder", "output") or node.target is operator.getitem:
        return True
    return getattr(node.target, "namespace", None) in _NAMESPACES and node.op == "call_function"


def _describe(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.stride(), tensor.dtype


def _describe_machine() -> Iterable[Any]:
    """Yield the other things that the code depends on: the cache key besides the graph."""
    yield torch.__version__
    yield sys.implementation.cache_tag
    yield str(torch.cpu.get_capabilities())
    yield torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield sorted(item for item in os.environ.items() if _VARIABLES.fullmatch(item[0]))
    yield _find_changed_settings()


def _find_changed_settings() -> list[tuple[str, Any]]:
    """Return the compiler settings that the program has changed; none before they are imported."""
    settings: Any = sys.modules.get("torch._inductor.config")
    if settings is None:
        return []
    values = sorted(settings.get_config_copy().items())
    return [(name, value) for name, value in values if value != settings._config[name].default]


def find_folder() -> Path:
    """Return a folder inside torch's cache, without asking torch: that would import the compiler."""
    given = os.environ.get("TORCHINDUCTOR_CACHE_DIR")
    if not given:  # a container's user may have no name, which only the default folder needs
        user = re.sub(r"\W", "_", getpass.getuser())
        given = f"{tempfile.gettempdir()}/torchinductor_{user}"
    return Path(given, "kplug")


def holds_code() -> bool:
    """Return whether the folder has the code of any graph."""
    return any(find_folder().glob("*.so"))


class StepNote:
    """A note on disk that a step was faster as kept code. It is read before there is a graph.

    Args:
        facts: What is known of the step by then; another step with equal facts costs a trace in vain.
    """

    def __init__(self, *facts: Any) -> None:
        said = repr((facts, *_describe_machine()))
        self._path = find_folder() / f"{hashlib.sha256(said.encode()).hexdigest()}.faster"

    @property
    def exists(self) -> bool:
        """Whether an earlier process has left it."""
        return self._path.exists()

    def leave(self) -> None:
        """Leave it for later processes."""
        with contextlib.suppress(OSError):  # it only saves time
            self._path.touch()


def _copy(source: str, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copy = Path(shutil.copyfile(source, Path(folder, target.name)))
        copy.chmod(0o600)
        copy.replace(target)


@torch.no_grad()
def _do_the_same(one: Run, other: Run, tensors: Sequence[Tensor]) -> bool:
    """Return whether two functions return and write the same values from the same random state."""
    found = []
    for run in (one, other):
        inputs = [each.clone() for each in tensors]
        with torch.random.fork_rng(devices=[]):
            found.append([*run(*inputs), *inputs])
    return all(map(_is_same, *found)) and len(found[0]) == len(found[1])


def _is_same(one: Tensor, other: Tensor) -> bool:
    if _describe(one) != _describe(other):
        return False
    # Kernels may sum in varying order; this check only has to detect mixed-up arguments.
    return torch.allclose(one, other, rtol=1e-3, atol=1e-10, equal_nan=True)
