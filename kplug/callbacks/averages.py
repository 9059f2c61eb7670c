"""Swaps in the moving averages of weights for evaluation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from typing_extensions import override

from kplug.callbacks.base.callback import Callback, Logs
from kplug.components.arguments import require_flag
from kplug.errors import ContractError
from kplug.optimizers.base.moving_average import AVERAGE
from kplug.registry import named


@named("swap_ema_weights")
class SwapEMAWeights(Callback):
    """Give the model the moving averages of its weights while it is evaluated or predicts.

    For optimizers with ``use_ema=True``. Training continues with the weights themselves.

    Args:
        swap_on_epoch: Keep the averages in the model from the end of an epoch to the start of the
            next, so that callbacks after this one, such as ``ModelCheckpoint``, save them.
            ``BackupAndRestore`` saves the weights themselves at any position: an interrupted run
            needs them. Place a custom callback that calls ``model.save_state`` before this one.

    Raises:
        ContractError: If the optimizer keeps no averages.

    Example:
        >>> import numpy as np
        >>> from kplug import Sequential
        >>> from kplug.layers import Dense
        >>> model = Sequential([Dense(1, input_dim=2)])
        >>> model.compile("sgd(use_ema=True)", "mse")
        >>> x, y = np.ones((8, 2)), np.ones((8, 1))
        >>> _ = model.fit(x, y, validation_data=(x, y), callbacks=SwapEMAWeights(), verbose=0)

    Reference:
        ``keras.callbacks.SwapEMAWeights``. Keras exchanges weights and averages in place; here a copy
        of the weights is kept meanwhile. So with ``swap_on_epoch``, a run that another callback
        stops early ends with the averages too.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = require_flag("SwapEMAWeights", "swap_on_epoch", swap_on_epoch)
        self._weights: dict[torch.Tensor, torch.Tensor] = {}

    @override
    def set_model(self, model: Any) -> None:
        """Check at the start that the optimizer keeps averages."""
        if not any(getattr(each, "use_ema", False) for each in _list_inner(model.optimizer)):
            raise ContractError(
                "SwapEMAWeights: the optimizer keeps no moving averages of the weights",
                hint="Compile the model with use_ema, as in optimizer='adam(use_ema=True)'.",
            )
        super().set_model(model)

    @torch.no_grad()
    def _use_averages(self) -> None:
        if self._weights:
            return
        for parameter, state in self.model.optimizer.state.items():
            if AVERAGE in state:
                self._weights[parameter] = parameter.detach().clone()
                parameter.copy_(state[AVERAGE])

    @contextlib.contextmanager
    def using_weights(self) -> Iterator[None]:
        """Restore the training weights within a block, if the model holds averages."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        for parameter, values in self._weights.items():
            held = parameter.detach().clone()
            parameter.copy_(values)
            values.copy_(held)

    @torch.no_grad()
    def _use_weights(self) -> None:
        for parameter, values in self._weights.items():
            parameter.copy_(values)
        self._weights = {}

    @override
    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._weights = {}

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Restore the weights before training continues."""
        self._use_weights()

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """With ``swap_on_epoch``, show the averages to later callbacks."""
        if self.swap_on_epoch:
            self._use_averages()

    @override
    def on_train_end(self, logs: Logs | None = None) -> None:
        """Keep the model's weights: ``fit`` has replaced them by the averages."""
        self._weights = {}

    @override
    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._use_averages()

    @override
    def on_test_end(self, logs: Logs | None = None) -> None:
        self._use_weights()

    @override
    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._use_averages()

    @override
    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._use_weights()


def _list_inner(optimizer: Any) -> list[Any]:
    """Return the optimizer, or those inside it."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # of a LossScaleOptimizer
    return list(getattr(inner, "optimizers", [inner]))
