"""`Importer`: imports the object of a target, if its distribution may name it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from kplug.registry.component import BUILT_IN, Origin
from kplug.registry.errors import KplugError
from kplug.registry.loading.module_ownership import (
    Modules,
    find_distribution,
    read_modules,
    read_requirements,
)
from kplug.registry.loading.running_builds import find_build_to_run, note_target, noting_import
from kplug.registry.metadata import has_metadata
from kplug.registry.policy import Installed, Policy


class TargetError(KplugError):
    """A target in a module that its namer has no right to; the module is not imported."""


class DisabledTargetError(TargetError):
    """A target in a module of a distribution that policy keeps out."""


class Importer:
    """Imports targets of a plugin and of its requirements, but never of a plugin that is switched off.

    Args:
        policy: Decides what may load. Settings that judge builds, such as lists with versions or hashes, are
            asked again at import, since another build may be installed by then.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self._policy = policy or Policy()
        self._judged = set(filter(self._policy.judges_builds, self._policy.named))
        self._distributions: dict[str, Any] = {}
        self._disabled: dict[str, str] = {}
        self._modules: dict[str, Modules] = {}
        self._requirements: dict[str, tuple[str, ...]] = {}

    def add(self, name: str, distribution: Any) -> None:
        """Map a name to this distribution of ``importlib_metadata``, unless it has one already."""
        self._distributions.setdefault(name, distribution)
        if self._policy.judges_builds(name):
            self._judged.add(name)

    def disable(self, distribution: str, reason: str) -> None:
        """Refuse the modules of a distribution to every namer."""
        self._disabled[distribution] = reason

    def load(self, origin: Origin, target: str) -> Any:
        """Return the object of ``"package.module:object"``, or the module of ``"package.module"``.

        Args:
            origin: The namer.
            target: The target.

        Raises:
            TargetError: for a module that the namer has no right to; it is not imported.

        Example:
            >>> Importer().load(Origin("custom"), "math:pi")
            3.141592653589793
        """
        name, _, path = target.partition(":")
        owner = self._check(origin, name)
        with noting_import(origin.distribution, name, owner):
            found: Any = importlib.import_module(name)
        if self._judged:  # the imported code may differ from the files
            self._check(origin, name)
        if not path and getattr(found.__spec__, "_initializing", False):  # by this thread
            raise ImportError(f"partially initialized module {name!r}", name=name)
        for attribute in path.split(".") if path else ():
            found = getattr(found, attribute)
            if isinstance(found, ModuleType):  # os, where a module of the plugin imports it
                self._check(origin, found.__name__)
        note_target(origin, name, path)
        return found

    def find_target_error(self, origin: Origin, target: str) -> TargetError | None:
        """Return why an origin may not name a target, or None, as far as is known without importing it."""
        try:
            self._check(origin, target.partition(":")[0])
        except TargetError as error:
            return error
        return None

    def forget(self) -> None:
        """Drop the cached ownership of modules, after an installation."""
        self._modules.clear()
        self._requirements.clear()

    def _check(self, origin: Origin, module: str) -> str:
        """Return the owner of a module, if the origin may name it."""
        namer = origin.distribution
        if origin.is_built_in:  # the running program, which no setting keeps out
            return namer
        own = Modules() if origin.is_custom or not namer else self._modules_of(namer)
        self._refuse_what_is_off(module, own)
        if origin.is_custom or not namer:
            return namer
        owner = self._find_owner(namer, module)
        if owner is not None:
            return owner
        message = f"{module!r} is a module neither of {namer} nor of a package that it requires"
        if not own.are_known:
            message = f"{namer} has no RECORD of its modules, so {module!r} may be anybody's"
        raise TargetError(message)

    def _refuse_what_is_off(self, module: str, own: Modules) -> None:
        for distribution in dict.fromkeys((*self._disabled, *sorted(self._judged))):
            name = self._find_theirs(distribution, module, own)
            if name is None:
                continue
            label, reason = distribution, self._disabled.get(distribution)
            if reason is None:
                label, reason = self._judge_again(distribution, name)
            if reason is not None:
                raise DisabledTargetError(
                    f"{name!r} is a module of {label}, which is switched off: {reason}"
                )

    def _find_theirs(self, distribution: str, module: str, own: Modules) -> str | None:
        """Return the module, or a parent package of it, if another distribution owns that."""
        theirs = self._modules_of(distribution)
        if not theirs.are_known:
            theirs = Modules(packages=frozenset((distribution.replace("-", "_"),)))
        for name in _with_parents(module):
            is_shared = own.lists(name) and not (name == module and theirs.lists(name))
            if name in theirs and not is_shared:
                return name
        return None

    def _judge_again(self, distribution: str, module: str) -> tuple[str, str | None]:
        """Return the build that would run and why it may not, as it may differ from the discovered one."""
        version, find_build = find_build_to_run(distribution, module)
        installed = Installed(
            distribution, version, lambda: find_build().hash, lambda: find_build().doubt
        )
        label = f"{distribution} {version or 'of an unknown version'}"
        return label, self._policy.find_refusal(installed)

    def _find_owner(self, namer: str, module: str) -> str | None:
        """Return the owner of a module if the plugin may name it, else None."""
        if is_of_python(module):
            return None
        if module in self._modules_of(namer):
            return namer
        required = self.list_required(namer)
        return next((name for name in required if module in self._modules_of(name)), None)

    def list_required(self, distribution: str) -> tuple[str, ...]:
        """Return the names of the requirements of a distribution, including those of its extras."""
        if distribution not in self._requirements:
            found = self._find(distribution)
            self._requirements[distribution] = tuple(read_requirements(found)) if found else ()
        return self._requirements[distribution]

    def _modules_of(self, distribution: str) -> Modules:
        if distribution in BUILT_IN:  # built-ins may lack metadata
            return Modules(packages=frozenset((distribution,)))
        modules = self._modules.get(distribution)
        if modules is None:
            try:
                modules = read_modules(self._find(distribution))
            except Exception:  # noqa: BLE001 - missing, or invalid files
                modules = Modules(are_known=False)
            self._modules[distribution] = modules
        return modules

    def _find(self, distribution: str) -> Any:
        known = self._distributions.get(distribution)
        is_there = known is not None and has_metadata(known)  # false after an upgrade
        return known if is_there else find_distribution(distribution)


def is_of_python(target: str) -> bool:
    """Whether a target names a module of the standard library.

    Example:
        >>> is_of_python("os.path:join"), is_of_python("torch:relu")
        (True, False)
    """
    return target.partition(":")[0].partition(".")[0] in sys.stdlib_module_names


def strip_extras(value: str) -> str:
    """Return the value of an entry point without extras and spaces.

    Example:
        >>> strip_extras("package.module : thing [extra]")
        'package.module:thing'
    """
    return value.partition("[")[0].replace(" ", "")


def _with_parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))
