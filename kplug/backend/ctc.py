"""Connectionist temporal classification: the loss, and decoding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from kplug.backend.convert import TensorLike, to_float, to_tensor
from kplug.backend.global_settings import epsilon
from kplug.components.arguments import refusal, require_integer
from kplug.errors import DataError


def ctc_batch_cost(
    y_true: TensorLike, y_pred: TensorLike, input_length: TensorLike, label_length: TensorLike
) -> torch.Tensor:
    """Return −ln Σ_π Π_t p_t(π_t) for each sequence.

    The sum runs over the paths π that become the labels when repeats are merged and blanks dropped.
    The blank is the *last* class, C − 1, as in Keras 2; ``losses.CTC`` takes logits, with blank 0.

    Args:
        y_true: Class ids in [0, C − 1), shape (N, L); blanks may pad a row.
        y_pred: p, probabilities, shape (N, T, C).
        input_length: How many of the T steps count, shape (N, 1) or (N,).
        label_length: How many of the L labels count, shape (N, 1) or (N,).

    Returns:
        Shape (N, 1); infinity where the labels need more steps than available.

    Raises:
        DataError: The shapes do not fit, or a length is out of range.

    Example:
        >>> ctc_batch_cost([[0]], [[[0.5, 0.5], [0.5, 0.5]]], [[2]], [[1]])
        tensor([[0.2877]])
    """
    scores = _as_scores("ctc_batch_cost", y_pred)
    labels = to_tensor(y_true).to(scores.device).long()
    if labels.ndim != 2 or len(labels) != len(scores):
        raise DataError(
            f"ctc_batch_cost: y_true has shape {tuple(labels.shape)} and y_pred has shape "
            f"{tuple(scores.shape)}; (N, L) and (N, T, C) are needed"
        )
    steps = _as_lengths("input_length", input_length, scores)
    counts = _as_lengths("label_length", label_length, labels)
    blank = scores.shape[2] - 1
    if scores.is_meta:  # only the shape is needed
        return scores.new_empty((len(scores), 1))
    counts = _count_before_blank(labels, counts, blank)
    inside = torch.arange(labels.shape[1], device=labels.device) < counts[:, None]
    labels = torch.where(inside, labels, 0)
    cost = F.ctc_loss(scores.transpose(0, 1), labels, steps, counts, blank=blank, reduction="none")
    return cost.unsqueeze(1)


def _count_before_blank(labels: torch.Tensor, counts: torch.Tensor, blank: int) -> torch.Tensor:
    """Return the number of labels before the first blank; as in TensorFlow, blanks pad a row.

    Raises:
        DataError: A label follows a blank, or is negative.
    """
    inside = torch.arange(labels.shape[1], device=labels.device) < counts[:, None]
    is_label = inside & (labels < blank)
    found = is_label.long().cumprod(1).sum(1)
    is_outside = inside & ((labels < 0) | (labels > blank))
    if bool((is_label.sum(1) > found).any()) or bool(is_outside.any()):
        raise DataError(
            f"ctc_batch_cost: y_true holds a class outside [0, {blank}), or a label behind a blank",
            hint=f"Of the {blank + 1} classes of y_pred the last one is the blank; it may fill rows up.",
        )
    return found


def _as_scores(owner: str, y_pred: TensorLike) -> torch.Tensor:
    """Return the logarithms of probabilities, with ε added and renormalized, as in Keras."""
    probabilities = to_float(y_pred)
    if probabilities.ndim != 3:
        raise DataError(f"{owner}: y_pred has shape {tuple(probabilities.shape)}, not (N, T, C)")
    return torch.log(probabilities + epsilon()).log_softmax(-1)


def _as_lengths(name: str, lengths: TensorLike, rows: torch.Tensor) -> torch.Tensor:
    given = to_tensor(lengths).to(rows.device).long().reshape(-1)
    most = rows.shape[1]
    is_known = not given.is_meta
    if len(given) != len(rows) or (is_known and bool(((given < 0) | (given > most)).any())):
        raise DataError(
            f"{name} is {given.tolist()}; {len(rows)} numbers from 0 to {most} are needed"
        )
    return given


def ctc_label_dense_to_sparse(labels: TensorLike, label_lengths: TensorLike) -> torch.Tensor:
    """Return the labels (N, L) within ``label_lengths``, (N,) or (N, 1), as a sparse COO tensor.

    Example:
        >>> ctc_label_dense_to_sparse([[3, 4], [5, 6]], [1, 2]).values()
        tensor([3, 5, 6])
    """
    labels = to_tensor(labels)
    counts = _as_lengths("label_lengths", label_lengths, labels)
    inside = torch.arange(labels.shape[1], device=labels.device) < counts[:, None]
    # Marked as coalesced, since the indices are sorted, so that values() works.
    return torch.sparse_coo_tensor(
        inside.nonzero().T, labels[inside], labels.shape, is_coalesced=True, check_invariants=True
    )


def ctc_decode(
    y_pred: TensorLike,
    input_length: TensorLike,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Return the most probable label sequences. The blank is the last class.

    Args:
        y_pred: Probabilities, shape (N, T, C).
        input_length: How many of the T steps count, shape (N,) or (N, 1).
        greedy: Whether to take the best class of each step instead of a beam search.
        beam_width: The number of prefixes that the beam search keeps.
        top_paths: The number of sequences that the beam search returns.

    Returns:
        A list of ``top_paths`` tensors (N, longest), int64, padded with −1, best first; and a
            tensor: for the beam search ln p of each sequence, shape (N, top_paths); for greedy decoding
            minus the sum of the logarithms along the path, shape (N, 1).

    Raises:
        ArgumentValueError: ``beam_width`` is below 1, or ``top_paths`` outside [1, beam_width].
        DataError: The shapes do not fit, or a length is out of range.

    Example:
        >>> labels, cost = ctc_decode([[[0.9, 0.1], [0.2, 0.8], [0.9, 0.1]]], [3])
        >>> labels
        [tensor([[0, 0]])]
    """
    scores = _as_scores("ctc_decode", y_pred).detach()
    steps = _as_lengths("input_length", input_length, scores).tolist()
    require_integer("ctc_decode", "beam_width", beam_width, "an integer >= 1", at_least=1)
    require_integer("ctc_decode", "top_paths", top_paths, "an integer >= 1", at_least=1)
    if top_paths > beam_width:
        raise refusal("ctc_decode", "top_paths", top_paths, "at most beam_width")
    blank = scores.shape[2] - 1
    ranked = _decode(scores, steps, None if greedy else beam_width, top_paths, blank)
    places = range(len(ranked[0]) if ranked else 0)
    labels = [_pad(row[place].labels for row in ranked).to(scores.device) for place in places]
    values = [[path.value for path in row] for row in ranked]
    return labels, torch.tensor(values, dtype=scores.dtype, device=scores.device)


def decode_logits(
    logits: torch.Tensor,
    lengths: torch.Tensor,
    beam_width: int | None,
    top_paths: int,
    blank: int,
    merge_repeated: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the most probable label sequences as Keras 3 does.

    Args:
        logits: Shape (N, T, C).
        lengths: How many of the T steps count, shape (N,).
        beam_width: The number of prefixes of the beam search; ``None`` decodes greedily.
        top_paths: The number of sequences that the beam search returns.
        blank: The class of the blank.
        merge_repeated: Whether greedy decoding merges equal classes in successive steps.

    Returns:
        Labels (paths, N, T), int32, padded with −1; and (N, paths): ln p of each, or minus the sum
            of the largest logits for greedy decoding.
    """
    scores = logits.detach() if beam_width is None else logits.detach().log_softmax(-1)
    counts = _as_lengths("sequence_lengths", lengths, scores).tolist()
    ranked = _decode(scores, counts, beam_width, top_paths, blank, merge_repeated)
    labels = np.full((len(ranked[0]), *scores.shape[:2]), -1, dtype=np.int32)
    for number, row in enumerate(ranked):
        for place, path in enumerate(row):
            labels[place, number, : len(path.labels)] = path.labels
    values = [[path.value for path in row] for row in ranked]
    return torch.from_numpy(labels).to(scores.device), torch.tensor(values).to(scores)


def _decode(
    scores: torch.Tensor,
    counts: Iterable[int],
    beam_width: int | None,
    top_paths: int,
    blank: int,
    merge_repeated: bool = True,
) -> list[list[_Path]]:
    """Return the paths of each row, best first; without a width, the single greedy path."""
    rows = [row[:count].double().cpu().numpy() for row, count in zip(scores, counts, strict=True)]
    if beam_width is None:
        return [[_follow_best(row, blank, merge_repeated)] for row in rows]
    found = [_search(row, beam_width, blank) for row in rows]
    # A search may find fewer sequences than requested, for example of one step and two classes.
    return [[*row[:top_paths], *[_NOTHING] * (top_paths - len(row))] for row in found]


class _Path(NamedTuple):
    labels: tuple[int, ...]
    value: float


_NOTHING = _Path((), -np.inf)


def _follow_best(
    scores: np.ndarray[tuple[int, int], np.dtype[np.float64]], blank: int, merge_repeated: bool
) -> _Path:
    best = scores.argmax(1)
    starts = (np.diff(best, prepend=-1) != 0) | (not merge_repeated)
    labels = best[starts & (best != blank)]
    return _Path(tuple(labels.tolist()), -float(scores.max(1).sum()))


def _search(
    scores: np.ndarray[tuple[int, int], np.dtype[np.float64]], beam_width: int, blank: int
) -> list[_Path]:
    """Return the prefixes of the beam after the last step, best first.

    Each prefix has two values, ln p of its paths that end with a blank and of those that end with its
    last label: only after a blank may the same label repeat.
    """
    classes = [label for label in range(scores.shape[1]) if label != blank]
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -np.inf)}
    for step in scores.tolist():
        grown: dict[tuple[int, ...], tuple[float, float]] = {}
        for prefix, (after_blank, after_label) in beams.items():
            total = _add(after_blank, after_label)
            repeated = after_label + step[prefix[-1]] if prefix else -np.inf
            _gather(grown, prefix, total + step[blank], repeated)
            for label in classes:
                before = after_blank if prefix and label == prefix[-1] else total
                _gather(grown, (*prefix, label), -np.inf, before + step[label])
        best = sorted(grown.items(), key=lambda item: -_add(*item[1]))
        beams = dict(best[:beam_width])
    return [_Path(prefix, _add(*values)) for prefix, values in beams.items()]


def _gather(
    beams: dict[tuple[int, ...], tuple[float, float]],
    prefix: tuple[int, ...],
    after_blank: float,
    after_label: float,
) -> None:
    old_blank, old_label = beams.get(prefix, (-np.inf, -np.inf))
    beams[prefix] = (_add(old_blank, after_blank), _add(old_label, after_label))


def _add(one: float, other: float) -> float:
    return float(np.logaddexp(one, other))


def _pad(rows: Iterable[tuple[int, ...]]) -> torch.Tensor:
    lists = [list(row) for row in rows]
    longest = max(map(len, lists), default=0)
    return torch.tensor([row + [-1] * (longest - len(row)) for row in lists], dtype=torch.int64)
