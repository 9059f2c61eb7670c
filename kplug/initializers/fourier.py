"""The ``STFT`` initializer: short-time Fourier kernels for convolutions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import final

import torch
from torch import Tensor

from kplug.backend import DTypeLike, to_dtype
from kplug.components.arguments import list_words, refusal, require_choice, require_flag
from kplug.initializers.base import Initializer, ShapeLike, as_shape
from kplug.initializers.windows import WINDOWS, make_window
from kplug.registry import named

_SHAPE = "three dimensions (samples of a frame, 1, frequencies)"


@named("stft", "STFTInitializer")
@final
class STFT(Initializer):
    """Cosines or sines of a short-time Fourier transform, one frequency a filter.

    ``w[t, 0, f] = window[t] · cos(−2π·t·f / (2·(F − 1))) / norm`` for a kernel of shape (T, 1, F),
    with sin for the imaginary side. The norm is ``√Σ window²`` (``"density"``), ``Σ |window|``
    (``"spectrum"``) or 1.

    Args:
        side: ``"real"`` or ``"imag"``.
        window: A name such as ``"hann"``, T values, or None for none.
        scaling: ``"density"``, ``"spectrum"`` or None.
        periodic: Whether a named window is periodic; otherwise it is symmetric.

    Raises:
        ArgumentValueError: for an unknown side, window or scaling; at the call, for a shape of other
            than three dimensions, or a window of other length than the frame.

    Example:
        >>> STFT(window=None)((4, 1, 3))[:, 0]
        tensor([[ 1.0000e+00,  1.0000e+00,  1.0000e+00],
                [ 1.0000e+00,  6.1232e-17, -1.0000e+00],
                [ 1.0000e+00, -1.0000e+00,  1.0000e+00],
                [ 1.0000e+00, -1.8370e-16, -1.0000e+00]])

    Reference:
        Keras 3's ``STFT``, with the same reading of ``periodic``. The named windows are those of
        ``scipy.signal.windows`` that need no argument, and scipy is not needed.
    """

    def __init__(
        self,
        side: str = "real",
        window: str | Iterable[float] | None = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        self.side = require_choice(self, "side", side, ("real", "imag"))
        self.window = _read_window(self, window)
        choices = ("density", "spectrum")
        self.scaling = scaling and require_choice(self, "scaling", scaling, choices)
        self.periodic = require_flag(self, "periodic", periodic)

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return the kernel, the same for every input channel."""
        sizes = as_shape(self, shape)
        if len(sizes) != 3:
            raise refusal(self, "shape", sizes, _SHAPE)
        length, _, frequencies = sizes
        step = -math.pi / max(frequencies - 1, 1)
        angles = torch.outer(*(torch.arange(n, dtype=torch.float64) for n in (length, frequencies)))
        kernel = (angles * step).cos() if self.side == "real" else (angles * step).sin()
        if self.window is not None:
            kernel = kernel * self._scaled_window(length).to(kernel.device).unsqueeze(1)
        return kernel.unsqueeze(1).expand(sizes).to(to_dtype(dtype), copy=True).contiguous()

    def _scaled_window(self, length: int) -> Tensor:
        if isinstance(self.window, str):
            values = make_window(self.window, length, is_periodic=self.periodic)
        else:
            values = torch.tensor(self.window, dtype=torch.float64)
        if values.shape != (length,):
            raise refusal(self, "window", f"{len(values)} values", f"{length}, one a sample")
        if self.scaling == "density":
            return values / values.square().sum().sqrt()
        return values / values.abs().sum() if self.scaling == "spectrum" else values


def _read_window(owner: STFT, window: object) -> str | list[float] | None:
    if window is None:
        return None
    if isinstance(window, str):
        return require_choice(owner, "window", window, WINDOWS.keys())
    try:
        values = torch.as_tensor(window, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        values = torch.zeros(())
    if values.dim() != 1:
        allowed = f"None, {list_words(WINDOWS)}, or a list of numbers"
        raise refusal(owner, "window", window, allowed)
    return list(values.tolist())
