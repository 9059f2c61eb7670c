"""The built-in layers for sequences: recurrent ones, their cells and wrappers, and masks."""

from __future__ import annotations

from kplug.registry.component import Component

_LAYERS = "kplug.layers"

SEQUENCE_LAYERS: dict[str, Component | str] = {
    "Masking": Component(
        "Masking",
        f"{_LAYERS}.masking:Masking",
        summary="Marks the times of a sequence at which there is nothing.",
    ),
    "SimpleRNN": Component(
        "SimpleRNN",
        f"{_LAYERS}.recurrent.simple_rnn:SimpleRNN",
        summary="The simplest recurrent layer.",
    ),
    "LSTM": Component(
        "LSTM",
        f"{_LAYERS}.recurrent.lstm:LSTM",
        aliases=("CuDNNLSTM",),
        summary="Long short-term memory.",
    ),
    "GRU": Component(
        "GRU",
        f"{_LAYERS}.recurrent.gru:GRU",
        aliases=("CuDNNGRU",),
        summary="Gated recurrent unit.",
    ),
    "RNN": Component(
        "RNN",
        f"{_LAYERS}.recurrent.layer:RNN",
        summary="Runs a cell along the time of sequences.",
    ),
    "SimpleRNNCell": Component(
        "SimpleRNNCell",
        f"{_LAYERS}.recurrent.simple_rnn:SimpleRNNCell",
        summary="One step of the simplest recurrent layer.",
    ),
    "LSTMCell": Component(
        "LSTMCell",
        f"{_LAYERS}.recurrent.lstm:LSTMCell",
        summary="One step of a long short-term memory.",
    ),
    "GRUCell": Component(
        "GRUCell",
        f"{_LAYERS}.recurrent.gru:GRUCell",
        summary="One step of a gated recurrent unit.",
    ),
    "StackedRNNCells": Component(
        "StackedRNNCells",
        f"{_LAYERS}.recurrent.stacked:StackedRNNCells",
        summary="Several cells as one.",
    ),
    "Bidirectional": Component(
        "Bidirectional",
        f"{_LAYERS}.bidirectional:Bidirectional",
        summary="Runs a recurrent layer from both ends.",
    ),
    "TimeDistributed": Component(
        "TimeDistributed",
        f"{_LAYERS}.time_distributed:TimeDistributed",
        summary="Applies a layer to each time.",
    ),
}
