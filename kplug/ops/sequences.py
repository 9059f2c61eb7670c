"""Attention and CTC, under their ``keras.ops`` names."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F

from kplug.backend import TensorLike
from kplug.backend.attention import attend, causal_mask, join_masks
from kplug.backend.ctc import decode_logits
from kplug.backend.indices import to_indices
from kplug.components.arguments import require_choice
from kplug.errors import DataError
from kplug.ops.operands import Function, to_float, to_one_type, to_operand


def _dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> torch.Tensor:
    del flash_attention  # torch picks the kernel
    q, k, v = (to_float(one) for one in to_one_type(query, key, value))
    _require_heads(q, k, v)
    groups = q.shape[2] // k.shape[2]
    k, v = (one.repeat_interleave(groups, 2) if groups > 1 else one for one in (k, v))
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    limit = None if mask is None else to_operand(mask).bool()
    if is_causal and (limit is not None or bias is not None or attn_logits_soft_cap is not None):
        limit = join_masks(limit, causal_mask(q.shape[1], k.shape[1], q.device).unsqueeze(1))
        is_causal = False
    if bias is None and attn_logits_soft_cap is None:
        return attend(q, k, v, scale=scale, mask=limit, is_causal=is_causal)
    scores = torch.einsum("btnh,bsnh->bnts", q, k) * scale
    if attn_logits_soft_cap is not None:
        scores = torch.tanh(scores / attn_logits_soft_cap) * attn_logits_soft_cap
    scores = scores if bias is None else scores + to_operand(bias).to(scores)
    if limit is not None:
        scores = scores.masked_fill(~limit, 0.7 * torch.finfo(scores.dtype).min)
    return torch.einsum("bnts,bsnh->btnh", scores.softmax(-1), v)


def _require_heads(*tensors: torch.Tensor) -> None:
    shapes = [tuple(one.shape) for one in tensors]
    if any(len(shape) != 4 for shape in shapes) or shapes[0][2] % shapes[1][2]:
        raise DataError(
            "query, key and value have the shapes {}, {} and {}".format(*shapes),
            hint="(batch, length, heads, size) is needed, and as many heads of the query as of the "
            "key, or a multiple.",
        )


def _ctc_loss(
    target: TensorLike,
    output: TensorLike,
    target_length: TensorLike,
    output_length: TensorLike,
    mask_index: int = 0,
) -> torch.Tensor:
    scores = to_float(output)
    labels, label_counts, counts = (
        to_indices(one, "ctc_loss") for one in (target, target_length, output_length)
    )
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    if scores.is_meta:  # only the shape is needed
        return scores.new_empty(len(scores))
    logs = scores.log_softmax(-1).transpose(0, 1)
    return F.ctc_loss(logs, labels, counts, label_counts, blank=mask_index, reduction="none")


def _ctc_decode(
    inputs: TensorLike,
    sequence_lengths: TensorLike,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int | None = 0,
) -> tuple[torch.Tensor, torch.Tensor]:
    is_greedy = require_choice("ctc_decode", "strategy", strategy, _STRATEGIES) == "greedy"
    scores = to_float(inputs)
    size = scores.shape[1]
    count = 1 if is_greedy else top_paths
    if scores.is_meta:  # only the shapes are needed
        labels = scores.new_empty((count, len(scores), size), dtype=torch.int32)
        dtype = torch.promote_types(scores.dtype, torch.float32)
        return labels, scores.new_empty((len(scores), count), dtype=dtype)
    blank = scores.shape[2] - 1 if mask_index is None else mask_index
    width = None if is_greedy else beam_width
    lengths = to_operand(sequence_lengths)
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    return decode_logits(scores, lengths, width, count, blank, merge_repeated)


_STRATEGIES = ("greedy", "beam_search")


SEQUENCES: Mapping[str, Function] = {
    "ctc_decode": _ctc_decode,
    "ctc_loss": _ctc_loss,
    "dot_product_attention": _dot_product_attention,
}
