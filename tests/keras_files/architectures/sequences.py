"""Models of sequences: recurrent layers, masks, states."""

from __future__ import annotations

from typing import Any

from .table import architecture


@architecture((5,), rows=7)
def words_averaged(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((5,), dtype="int32"),
            k.Embedding(7, 4),
            k.GlobalAveragePooling1D(),
            k.Dense(2, activation="softmax"),
        ]
    )


@architecture((5,), rows=7)
def masked_words(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((5,), dtype="int32"),
            k.Embedding(7, 4, mask_zero=True),
            k.LSTM(3),
            k.Dense(2, activation="sigmoid"),
        ]
    )


@architecture((5, 3))
def simple_recurrence(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((5, 3)),
            k.SimpleRNN(4, return_sequences=True, activation="relu"),
            k.SimpleRNN(3, go_backwards=True, use_bias=False),
        ]
    )


@architecture((5, 3))
def stacked_lstm(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((5, 3)),
            k.LSTM(4, return_sequences=True, unit_forget_bias=False),
            k.LSTM(3, recurrent_activation="hard_sigmoid", dropout=k.rate),
            k.Dense(1),
        ]
    )


@architecture((5, 3))
def gated_units(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((5, 3)),
            k.GRU(4, return_sequences=True),
            k.GRU(3, reset_after=False, recurrent_dropout=k.rate),
            k.Dense(1),
        ]
    )


@architecture((5, 3))
def both_directions(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((5, 3)),
            k.Bidirectional(k.LSTM(3, return_sequences=True)),
            k.Bidirectional(k.GRU(4, return_sequences=True), merge_mode="sum"),
            k.Bidirectional(k.SimpleRNN(2), merge_mode="ave"),
        ]
    )


@architecture((4, 6, 6, 1))
def each_time(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((4, 6, 6, 1)),
            k.TimeDistributed(k.Conv2D(2, 3, activation="relu")),
            k.TimeDistributed(k.Flatten()),
            k.TimeDistributed(k.Dense(3)),
            k.LSTM(2),
        ]
    )


@architecture((5, 3))
def masked_numbers(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((5, 3)),
            k.Masking(mask_value=0.0),
            k.GRU(3, return_sequences=True),
            k.TimeDistributed(k.Dense(2)),
        ]
    )


@architecture((4, 2), (3, 2))
def translation(k: Any) -> Any:
    source, target = k.Input((4, 2), name="source"), k.Input((3, 2), name="target")
    _, hidden, cell = k.LSTM(3, return_state=True, name="encoder")(source)
    decoder = k.LSTM(3, return_sequences=True, name="decoder")
    decoded = decoder(target, initial_state=[hidden, cell])
    return k.model([source, target], k.Dense(2, name="words")(decoded))


@architecture((5, 3))
def cells(k: Any) -> Any:
    inputs = k.Input((5, 3))
    stacked = k.RNN([k.LSTMCell(3), k.GRUCell(2)], return_sequences=True)(inputs)
    last = k.RNN(k.SimpleRNNCell(2))(stacked)
    other = k.RNN(k.StackedRNNCells([k.SimpleRNNCell(2), k.LSTMCell(2)]))(inputs)
    return k.model(inputs, k.Add()([last, other]))


@architecture((3, 5, 2))
def convolutional_states_of_rows(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((3, 5, 2)),
            k.ConvLSTM1D(2, 3, strides=2, recurrent_activation="hard_sigmoid"),
            k.Flatten(),
        ]
    )


@architecture((3, 5, 4, 2))
def convolutional_states_of_images(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((3, 5, 4, 2)),
            k.ConvLSTM2D(2, 3, padding="same", return_sequences=True, dropout=k.rate),
            k.ConvLSTM2D(3, (2, 1), dilation_rate=2, use_bias=False, go_backwards=True),
            k.Flatten(),
        ]
    )


@architecture((2, 3, 4, 3, 1))
def convolutional_states_of_volumes(k: Any) -> Any:
    return k.sequential([k.Input((2, 3, 4, 3, 1)), k.ConvLSTM3D(2, 2), k.Flatten()])
