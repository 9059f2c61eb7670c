"""Recurrent layers: cells, and layers that run them along the time of sequences."""

from __future__ import annotations

from kplug.layers.recurrent.base.gated_cell import GatedCell
from kplug.layers.recurrent.gru import GRU, GRUCell
from kplug.layers.recurrent.lstm import LSTM, LSTMCell
from kplug.layers.recurrent.rnn import RNN
from kplug.layers.recurrent.simple_rnn import SimpleRNN, SimpleRNNCell
from kplug.layers.recurrent.stacked import StackedRNNCells

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "GatedCell",
    "LSTMCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
]
