"""Recurrent layers: cells, and the layers that run them over sequences."""

from kplug.layers.recurrent.base.gated_cell import GatedCell as GatedCell
from kplug.layers.recurrent.conv_lstm import (
    ConvLSTM1D as ConvLSTM1D,
    ConvLSTM2D as ConvLSTM2D,
    ConvLSTM3D as ConvLSTM3D,
)
from kplug.layers.recurrent.conv_lstm_cell import ConvLSTMCell as ConvLSTMCell
from kplug.layers.recurrent.gru import GRU as GRU, GRUCell as GRUCell
from kplug.layers.recurrent.lstm import LSTM as LSTM, LSTMCell as LSTMCell
from kplug.layers.recurrent.rnn import RNN as RNN
from kplug.layers.recurrent.simple_rnn import SimpleRNN as SimpleRNN, SimpleRNNCell as SimpleRNNCell
from kplug.layers.recurrent.stacked import StackedRNNCells as StackedRNNCells
