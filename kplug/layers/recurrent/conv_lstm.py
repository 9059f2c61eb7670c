"""ConvLSTM layers: convolutional LSTMs over sequences of rows, images or volumes."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import Unpack

from kplug.components.types import ActivationLike
from kplug.layers.base.layer import Layer
from kplug.layers.recurrent.base.shared_arguments import LayerArguments, takes_arguments_of
from kplug.layers.recurrent.conv_lstm_cell import OF_MATRICES, ConvLSTMCell
from kplug.layers.recurrent.rnn import RNN


@takes_arguments_of(
    Layer.__init__, RNN.__init__, ConvLSTMCell.__init__, leaving_out=(*OF_MATRICES, "rank")
)
def _construct(
    self: RNN,
    filters: int,
    kernel_size: int | Sequence[int],
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
    activation: ActivationLike = "kplug/tanh",
    recurrent_activation: ActivationLike = "kplug/sigmoid",
    use_bias: bool = True,
    *,
    unit_forget_bias: bool = True,
    **shared: Unpack[LayerArguments],
) -> None:
    """Initialize the layer: the shared constructor of the three layers, whose cells differ in rank."""
    self._make_with_cell(
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        activation=activation,
        recurrent_activation=recurrent_activation,
        use_bias=use_bias,
        unit_forget_bias=unit_forget_bias,
        **shared,
    )


class ConvLSTM1D(RNN, cell=ConvLSTMCell, rank=1):
    """Convolutional long short-term memory over the time steps of sequences of rows of cells.

    ``ConvLSTMCell`` has the equations. Inputs are (N, time, cells, channels), or (N, time, channels, cells)
    with ``data_format="channels_first"``.

    Example:
        >>> import torch
        >>> layer = ConvLSTM1D(3, 2, return_sequences=True)
        >>> layer(torch.zeros(2, 4, 6, 1)).shape
        torch.Size([2, 4, 5, 3])

    Reference:
        Shi et al., 2015; ``keras.layers.ConvLSTM1D``.
    """

    __init__ = _construct


class ConvLSTM2D(RNN, cell=ConvLSTMCell, rank=2):
    """Convolutional long short-term memory over the time steps of sequences of images.

    ``ConvLSTMCell`` has the equations. Inputs are (N, time, rows, columns, channels), or (N, time, channels,
    rows, columns) with ``data_format="channels_first"``.

    Example:
        >>> import torch
        >>> layer = ConvLSTM2D(3, kernel_size=3, padding="same", return_sequences=True)
        >>> layer(torch.zeros(2, 4, 8, 8, 1)).shape
        torch.Size([2, 4, 8, 8, 3])

    Reference:
        Shi et al., 2015; ``keras.layers.ConvLSTM2D``. Keras 2's recurrent activation is ``hard_sigmoid``.
    """

    __init__ = _construct


class ConvLSTM3D(RNN, cell=ConvLSTMCell, rank=3):
    """Convolutional long short-term memory over the time steps of sequences of volumes.

    ``ConvLSTMCell`` has the equations. Inputs have one spatial axis more than those of ``ConvLSTM2D``.

    Example:
        >>> import torch
        >>> layer = ConvLSTM3D(3, 2)
        >>> layer(torch.zeros(2, 4, 3, 4, 5, 1)).shape
        torch.Size([2, 2, 3, 4, 3])

    Reference:
        Shi et al., 2015; ``keras.layers.ConvLSTM3D``.
    """

    __init__ = _construct
