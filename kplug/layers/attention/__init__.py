"""Attention layers."""

from kplug.layers.attention.dot_product import (
    AdditiveAttention as AdditiveAttention,
    Attention as Attention,
)
from kplug.layers.attention.grouped_query_attention import (
    GroupQueryAttention as GroupQueryAttention,
)
from kplug.layers.attention.multi_head_attention import MultiHeadAttention as MultiHeadAttention
