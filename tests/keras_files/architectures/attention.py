"""Models in which positions attend to each other."""

from __future__ import annotations

from typing import Any

from .table import architecture


@architecture((5,), rows=7)
def transformer_encoder(k: Any) -> Any:
    words = k.Input((5,), dtype="int32", name="words")
    embedded = k.Embedding(7, 4, name="embedding")(words)
    attended = k.MultiHeadAttention(2, 3, dropout=k.rate, name="heads")(embedded, embedded)
    normed = k.LayerNormalization(name="norm_1")(k.Add(name="add_1")([embedded, attended]))
    hidden = k.Dense(4, name="back")(k.Dense(6, activation="relu", name="wide")(normed))
    outputs = k.LayerNormalization(name="norm_2")(k.Add(name="add_2")([normed, hidden]))
    return k.model(words, k.Dense(2, name="class")(k.GlobalAveragePooling1D(name="mean")(outputs)))


@architecture((4,), (3,), rows=7)
def transformer_decoder(k: Any) -> Any:
    source = k.Input((4,), dtype="int32", name="source")
    target = k.Input((3,), dtype="int32", name="target")
    shared = k.Embedding(7, 4, mask_zero=True, name="shared")
    seen, made = shared(source), shared(target)
    itself = k.MultiHeadAttention(2, 3, value_dim=2, name="itself")
    # Without a residual connection: Keras takes the masks off the tensors that it attends to.
    made = k.LayerNormalization(name="norm")(itself(made, made, use_causal_mask=True))
    across = k.MultiHeadAttention(1, 3, output_shape=4, use_bias=False, name="across")
    return k.model([source, target], k.Dense(7, name="words")(across(made, value=seen)))


# Keras's reader of HDF5 takes the argument score_mode="dot" for the function `dot`.
@architecture((4, 3), (5, 3), readers=("kplug",))
def luong_and_bahdanau(k: Any) -> Any:
    query, value = k.Input((4, 3), name="query"), k.Input((5, 3), name="value")
    dot = k.Attention(use_scale=True, name="dot")([query, value])
    concat = k.Attention(score_mode="concat", dropout=k.rate, name="concat")([query, value])
    added = k.AdditiveAttention(name="added")([query, value])
    return k.model([query, value], k.Concatenate(name="all")([dot, concat, added]))


@architecture((5, 4))
def grouped_queries(k: Any) -> Any:
    inputs = k.Input((5, 4), name="inputs")
    layer = k.GroupQueryAttention(3, 4, 2, name="groups")
    outputs = layer(inputs, inputs, use_causal_mask=True)
    return k.model(inputs, k.RMSNormalization(name="norm")(outputs))
