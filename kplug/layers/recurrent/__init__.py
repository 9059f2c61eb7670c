"""Recurrent layers: cells, and layers that run them over the time steps of sequences."""

from kplug.layers.recurrent.base.gated_cell import GatedCell as GatedCell
from kplug.layers.recurrent.gru import GRU as GRU, GRUCell as GRUCell
from kplug.layers.recurrent.lstm import LSTM as LSTM, LSTMCell as LSTMCell
from kplug.layers.recurrent.rnn import RNN as RNN
from kplug.layers.recurrent.simple_rnn import SimpleRNN as SimpleRNN, SimpleRNNCell as SimpleRNNCell
from kplug.layers.recurrent.stacked import StackedRNNCells as StackedRNNCells
