"""What becomes of an optimizer in files: its configuration and its state."""

from __future__ import annotations

from typing import Any

import torch
from typing_extensions import Self

from kplug.optimizers.base.assisted import Assisted
from kplug.optimizers.base.group_settings import GroupSetting
from kplug.optimizers.base.saved_state import (
    check_settings,
    check_state,
    list_settings,
    merge_groups,
)
from kplug.optimizers.base.torch_kernels import align_state


class Stored(Assisted):
    """The part of ``kplug.optimizers.Optimizer`` that describes it, and takes up a state."""

    _name: str | None = None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments with their current values, under the guide's names."""
        config: dict[str, Any] = {"lr": self._get_rate_config()}
        config.update(self._get_rule_config())
        if self._clipping is not None:
            config.update(self._clipping.get_config())
        if self._extras is not None:
            config.update(self._extras.get_config())
        if self._name is not None:
            config["name"] = self._name
        return config

    def _get_rate_config(self) -> object:
        if self._schedule is None:
            return float(self.param_groups[0]["lr"])
        describe = getattr(self._schedule, "get_config", None)
        if describe is None:
            return self._schedule
        return {"class_name": type(self._schedule).__name__, "config": describe()}

    def _get_rule_config(self) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make an optimizer, without parameters or state, from what ``get_config`` returned.

        Keras's own configurations are understood: what speaks of TensorFlow alone is left out.
        """
        ignored = ("jit_compile", "is_legacy_optimizer")
        return cls(**{key: value for key, value in config.items() if key not in ignored})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a saved state, ours or that of the torch optimizer with the same state.

        Raises:
            WeightsError: If the state belongs to parameters of other number or shape, or holds a
                setting that this optimizer cannot have. Nothing changes.
        """
        check_state(self._owner(), self.param_groups, state_dict, self._get_state_shape)
        check_settings(
            self._owner(), self.param_groups, state_dict["param_groups"], self._list_settings
        )
        merged = merge_groups(self.param_groups, state_dict)
        super().load_state_dict(merged)
        align_state(self)
        for group in self.param_groups:
            self._start_state(group)

    def _list_settings(self, group: dict[str, Any]) -> list[GroupSetting]:  # noqa: ARG002
        """Return the settings of which a parameter group holds the values."""
        return list_settings(type(self))

    def _get_state_shape(self, name: str, parameter: torch.Tensor) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape that a state tensor must have."""
        return tuple(parameter.shape)

    def __getstate__(self) -> dict[str, Any]:
        return {
            **super().__getstate__(),
            "_schedule": self._schedule,
            "_clipping": self._clipping,
            "_extras": self._extras,
            "_steps_per_update": self._steps_per_update,
            "_name": self._name,
            "_names": self._names,
            "_exclusions": self._exclusions,
        }

    def _start_state(self, group: dict[str, Any]) -> None:
        """Make the state that cannot wait for the first step; by default none."""
