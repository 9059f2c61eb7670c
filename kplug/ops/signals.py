"""Fourier transforms of signals, under their ``keras.ops`` names.

A complex tensor is a pair of tensors, the real and the imaginary parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend import TensorLike
from kplug.components.arguments import require_choice, require_integer
from kplug.errors import DataError
from kplug.ops.operands import Function, of_one, of_two_floats, to_float, to_operand

Pair: TypeAlias = "tuple[Tensor, Tensor]"


def _to_complex(x: Any) -> Any:
    if not isinstance(x, (list, tuple)) or len(x) != 2:
        raise DataError("a complex tensor is given as a pair: its real and its imaginary part")
    real, imaginary = (to_float(one) for one in x)
    if real.shape != imaginary.shape:
        raise DataError(
            f"the real part has shape {tuple(real.shape)}, the imaginary one {tuple(imaginary.shape)}"
        )
    return torch.complex(
        *(one if one.dtype is torch.float64 else one.float() for one in (real, imaginary))
    )


def _to_pair(x: Tensor) -> Pair:
    return x.real, x.imag


def _of_complex(function: Function) -> Function:
    return lambda x: _to_pair(function(_to_complex(x)))


def _rfft(x: TensorLike, fft_length: int | None = None) -> Pair:
    return _to_pair(torch.fft.rfft(to_float(x), fft_length))


def _irfft(x: Any, fft_length: int | None = None) -> Any:
    return torch.fft.irfft(_to_complex(x), fft_length)


def _extract_sequences(x: Tensor, sequence_length: int, sequence_stride: int) -> Tensor:
    return x.unfold(-1, sequence_length, sequence_stride)


def _make_window(window: Any, length: int, size: int, like: Tensor) -> Tensor:
    """Return a window centred in ``size`` cells."""
    if isinstance(window, str):
        name = require_choice("stft", "window", window, ("hann", "hamming"))
        make = torch.hann_window if name == "hann" else torch.hamming_window
        made = make(length, dtype=like.dtype, device=like.device)
    else:
        made = like.new_ones(length) if window is None else to_operand(window).to(like)
        if tuple(made.shape) != (length,):
            raise DataError(f"the window has shape {tuple(made.shape)}; ({length},) is needed")
    before = (size - length) // 2
    return F.pad(made, (before, size - length - before))


def _check_lengths(owner: str, length: int, stride: int, size: int) -> None:
    for name, value in (("sequence_length", length), ("sequence_stride", stride)):
        require_integer(owner, name, value, "an integer >= 1", at_least=1)
    require_integer(owner, "fft_length", size, f"an integer >= {length}", at_least=length)


def _stft(
    x: TensorLike,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> Pair:
    _check_lengths("stft", sequence_length, sequence_stride, fft_length)
    signal = to_float(x)
    shape = _make_window(window, sequence_length, fft_length, signal)
    rows = signal.reshape(-1, signal.shape[-1])
    if center:
        rows = F.pad(rows.unsqueeze(1), (fft_length // 2,) * 2, mode="reflect").squeeze(1)
    frames = rows.unfold(-1, fft_length, sequence_stride) * shape
    made = torch.fft.rfft(frames)
    return _to_pair(made.reshape(*signal.shape[:-1], *made.shape[1:]))


def _istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    _check_lengths("istft", sequence_length, sequence_stride, fft_length)
    spectrum = _to_complex(x)
    frames = torch.fft.irfft(spectrum, fft_length)
    shape = _make_window(window, sequence_length, fft_length, frames)
    signal = _overlap(frames * shape, sequence_stride)
    if window is not None:
        weight = _overlap((shape * shape).expand(frames.shape[-2:]), sequence_stride)
        signal = signal / torch.where(weight > 1e-10, weight, 1.0)
    first = fft_length // 2 if center else 0
    last = signal.shape[-1] - first
    signal = signal[..., first : last if length is None else first + length]
    return signal if length is None else F.pad(signal, (0, length - signal.shape[-1]))


def _overlap(frames: Tensor, stride: int) -> Tensor:
    """Overlap-add frames (…, number, size) at a distance of ``stride`` cells."""
    count, size = frames.shape[-2:]
    total = size + (count - 1) * stride
    columns = frames.reshape(-1, count, size).mT
    made = F.fold(columns, (1, total), (1, size), stride=(1, stride))
    return made.reshape(*frames.shape[:-2], total)


SIGNALS: Mapping[str, Function] = {
    "extract_sequences": of_one(_extract_sequences),
    "fft": _of_complex(torch.fft.fft),
    "fft2": _of_complex(torch.fft.fft2),
    "ifft2": _of_complex(torch.fft.ifft2),
    "irfft": _irfft,
    "istft": _istft,
    "polar": of_two_floats(lambda abs_, angle: torch.polar(abs_, angle)),
    "rfft": _rfft,
    "stft": _stft,
}
