"""Callbacks with one small defect each."""

from __future__ import annotations

from typing import Any

import torch

from kplug.callbacks import Callback
from tests.plugins.planted_defects.table import Defect


class Patient(Callback):
    """Stops when the loss does not fall; right as it stands."""

    def __init__(self, patience: int = 1, floor: float = 0.0) -> None:
        super().__init__()
        self.patience, self.floor = patience, floor
        self._wait, self._best = 0, float("inf")

    def on_train_begin(self, logs: Any = None) -> None:
        self._wait, self._best = 0, float("inf")

    def _stop(self) -> None:
        self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        self._wait = 0 if loss < self._best - self.floor else self._wait + 1
        self._best = min(self._best, loss)
        if self._wait > self.patience:
            self._stop()

    def get_config(self) -> dict[str, Any]:
        return {"patience": self.patience, "floor": self.floor}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        return cls(**config)


class Forgetful(Patient):
    def get_config(self) -> dict[str, Any]:
        return {"floor": self.floor}


class Unheeded(Patient):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        self._wait = 0 if loss < self._best - self.floor else self._wait + 1
        self._best = min(self._best, loss)
        if self._wait > 1:
            self._stop()


class StopsItself(Patient):
    def _stop(self) -> None:
        self.stop_training = True


class StartsOnce(Patient):
    """Begins its second training where the first has ended."""

    def on_train_begin(self, logs: Any = None) -> None:
        pass


class Misspelt(Patient):
    def on_epoch_finish(self, epoch: int, logs: Any = None) -> None:
        self._wait = 0


class FewParameters(Patient):
    def on_epoch_end(self, logs: Any = None) -> None:  # type: ignore[override]
        super().on_epoch_end(0, logs)


class NeedsValidation(Patient):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, {"loss": logs["val_loss"]})


class Evaluating(Patient):
    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.eval()


class WithoutGradients(Patient):
    def on_train_end(self, logs: Any = None) -> None:
        torch.set_grad_enabled(False)


class Emptying(Patient):
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)
        logs.clear()


class Resettling(Patient):
    def set_model(self, model: Any) -> None:
        pass


class Half(Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.optimizer.zero_gradients()


class Testing(Patient):
    def on_test_end(self, logs: Any = None) -> None:
        self._best = min(self._best, logs["val_loss"])


class Predicting(Patient):
    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.shape = logs["predictions"].shape


class Lambdas(Patient):
    def __init__(self, patience: int = 1, floor: float = 0.0) -> None:
        super().__init__(patience, floor)
        self._show = lambda text: text


class Tensors(Patient):
    """Writes tensors with a gradient into the logs."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        super().on_epoch_end(epoch, logs)
        logs["norm"] = torch.stack([one.norm() for one in self.model.trainable_weights])


DEFECTS = [
    Defect("forgets the patience", Forgetful, "config", "a stored run stops otherwise"),
    Defect(
        "reads no patience", Unheeded, "effect", "the argument changes nothing", also=("config",)
    ),
    Defect("stops itself", StopsItself, "stop", "training goes on"),
    Defect(
        "starts once", StartsOnce, "second_fit", "the second training stops at once", also=("stop",)
    ),
    Defect("misspells a hook", Misspelt, "hooks", "the method is never called"),
    Defect("takes too few arguments", FewParameters, "made", "it is refused where it is made"),
    Defect("needs validation data", NeedsValidation, "no_validation", "training fails without"),
    Defect("leaves evaluation mode", Evaluating, "modes", "dropout is off from then on"),
    Defect("switches gradients off", WithoutGradients, "modes", "the next training fails"),
    Defect("empties the logs", Emptying, "logs", "History is empty"),
    Defect("keeps no model", Resettling, "fit", "it fails where it wants to stop"),
    Defect("calls what is not there", Half, "fit", "training fails at the first batch"),
    Defect("mistakes the logs of a test", Testing, "evaluate", "evaluate fails", also=("fit",)),
    Defect("mistakes the logs of a prediction", Predicting, "predict", "predict fails"),
    Defect("keeps a lambda", Lambdas, "pickle", "the run cannot be sent to a process"),
    Defect("logs tensors", Tensors, "logs", "logs cannot be written"),
]
