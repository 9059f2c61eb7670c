"""The rules of the built-in optimizers, rewritten in float64 NumPy: what the optimizers are compared with.

Each is a generator: from a weight and its gradients, which it asks for one by one, the weight after each
step. So a whole path can be had at once, or a loop can compute each gradient where the weight is by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sgd(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    momentum: float,
    decay: float,
    nesterov: bool,
) -> Iterator[Array]:
    velocity = np.zeros_like(weight)
    for step, gradient in enumerate(gradients):
        rate = lr / (1 + decay * step)
        velocity = momentum * velocity - rate * gradient
        weight = weight + (momentum * velocity - rate * gradient if nesterov else velocity)
        yield weight


def rmsprop(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    rho: float,
    epsilon: float,
    decay: float,
    momentum: float = 0.0,
    centered: bool = False,
) -> Iterator[Array]:
    average, mean, velocity = (np.zeros_like(weight) for _ in range(3))
    for step, gradient in enumerate(gradients):
        average = rho * average + (1 - rho) * gradient**2
        mean = rho * mean + (1 - rho) * gradient
        divisor = np.sqrt(average) + epsilon
        if momentum or centered:
            divisor = np.sqrt(average - centered * mean**2 + epsilon)
        velocity = momentum * velocity + lr / (1 + decay * step) * gradient / divisor
        weight = weight - velocity
        yield weight


def adagrad(
    weight: Array, gradients: Iterable[Array], lr: float, epsilon: float, decay: float
) -> Iterator[Array]:
    total = np.zeros_like(weight)
    for step, gradient in enumerate(gradients):
        total = total + gradient**2
        weight = weight - lr / (1 + decay * step) * gradient / (np.sqrt(total) + epsilon)
        yield weight


def adadelta(
    weight: Array, gradients: Iterable[Array], lr: float, rho: float, epsilon: float, decay: float
) -> Iterator[Array]:
    average, delta = np.zeros_like(weight), np.zeros_like(weight)
    for step, gradient in enumerate(gradients):
        average = rho * average + (1 - rho) * gradient**2
        update = gradient * np.sqrt(delta + epsilon) / np.sqrt(average + epsilon)
        weight = weight - lr / (1 + decay * step) * update
        delta = rho * delta + (1 - rho) * update**2
        yield weight


def adam(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    decay: float,
    amsgrad: bool,
) -> Iterator[Array]:
    mean, square, largest = np.zeros_like(weight), np.zeros_like(weight), 0.0 * weight
    for step, gradient in enumerate(gradients):
        mean = beta_1 * mean + (1 - beta_1) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        largest = np.maximum(largest, square)
        correction = np.sqrt(1 - beta_2 ** (step + 1)) / (1 - beta_1 ** (step + 1))
        root = np.sqrt(largest if amsgrad else square)
        weight = weight - lr / (1 + decay * step) * correction * mean / (root + epsilon)
        yield weight


def nadam(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    schedule_decay: float,
) -> Iterator[Array]:
    def momentum(step: int) -> float:
        return float(beta_1 * (1 - 0.5 * 0.96 ** (step * schedule_decay)))

    mean, square, product = np.zeros_like(weight), np.zeros_like(weight), 1.0
    for step, gradient in enumerate(gradients, start=1):
        product *= momentum(step)
        mean = beta_1 * mean + (1 - beta_1) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        ahead = (1 - momentum(step)) * gradient / (1 - product)
        ahead = ahead + momentum(step + 1) * mean / (1 - product * momentum(step + 1))
        weight = weight - lr * ahead / (np.sqrt(square / (1 - beta_2**step)) + epsilon)
        yield weight


def adamax(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> Iterator[Array]:
    mean, largest = np.zeros_like(weight), np.zeros_like(weight)
    for step, gradient in enumerate(gradients, start=1):
        mean = beta_1 * mean + (1 - beta_1) * gradient
        largest = np.maximum(beta_2 * largest, np.abs(gradient))
        weight = weight - lr / (1 - beta_1**step) * mean / (largest + epsilon)
        yield weight


def adamw(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    weight_decay: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> Iterator[Array]:
    mean, square = np.zeros_like(weight), np.zeros_like(weight)
    for step, gradient in enumerate(gradients, start=1):
        weight = weight - weight * weight_decay * lr
        mean = beta_1 * mean + (1 - beta_1) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        correction = np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        weight = weight - lr * correction * mean / (np.sqrt(square) + epsilon)
        yield weight


def lion(
    weight: Array, gradients: Iterable[Array], lr: float, beta_1: float, beta_2: float
) -> Iterator[Array]:
    mean = np.zeros_like(weight)
    for gradient in gradients:
        weight = weight - lr * np.sign(beta_1 * mean + (1 - beta_1) * gradient)
        mean = beta_2 * mean + (1 - beta_2) * gradient
        yield weight


def lamb(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> Iterator[Array]:
    mean, square = np.zeros_like(weight), np.zeros_like(weight)
    for step, gradient in enumerate(gradients, start=1):
        mean = beta_1 * mean + (1 - beta_1) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        update = mean / (1 - beta_1**step) / (np.sqrt(square / (1 - beta_2**step)) + epsilon)
        above, below = np.sqrt((weight**2).sum()), np.sqrt((update**2).sum())
        weight = weight - lr * (above / below if above > 0 and below > 0 else 1.0) * update
        yield weight


def ftrl(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    learning_rate_power: float,
    initial_accumulator_value: float,
    l1_regularization_strength: float,
    l2_regularization_strength: float,
    l2_shrinkage_regularization_strength: float,
    beta: float,
) -> Iterator[Array]:
    power, l1 = -learning_rate_power, l1_regularization_strength
    total, linear = np.full_like(weight, initial_accumulator_value), np.zeros_like(weight)
    for gradient in gradients:
        following = total + gradient**2
        shrunk = gradient + 2 * l2_shrinkage_regularization_strength * weight
        linear = linear + shrunk - (following**power - total**power) / lr * weight
        quadratic = following**power / lr + 2 * (l2_regularization_strength + beta / (2 * lr))
        weight = (np.clip(linear, -l1, l1) - linear) / quadratic
        total = following
        yield weight


def adafactor(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    beta_2_decay: float,
    epsilon_1: float,
    epsilon_2: float,
    clip_threshold: float,
) -> Iterator[Array]:
    rows, columns, square = 0.0, 0.0, np.zeros_like(weight)
    for step, gradient in enumerate(gradients, start=1):
        beta = 1 - step**beta_2_decay
        raised = gradient**2 + epsilon_1
        if weight.ndim >= 2:
            rows = beta * rows + (1 - beta) * raised.mean(axis=-1)
            columns = beta * columns + (1 - beta) * raised.mean(axis=-2)
            share = rows / np.mean(rows, axis=-1, keepdims=True)
            square = share[..., :, None] * np.expand_dims(columns, -2)
        else:
            square = beta * square + (1 - beta) * raised
        update = gradient / np.sqrt(square)
        scale = max(epsilon_2, np.sqrt(np.mean(weight**2))) * min(lr, 1 / np.sqrt(step))
        limit = max(1.0, np.sqrt(np.mean(update**2)) / clip_threshold)
        weight = weight - scale * update / limit
        yield weight


def muon(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    momentum: float,
    nesterov: bool,
    ns_steps: int,
    weight_decay: float,
    adam_weight_decay: float,
) -> Iterator[Array]:
    if weight.ndim != 2:
        yield from adamw(weight, gradients, lr, adam_weight_decay, 0.9, 0.999, 1e-7)
        return
    velocity = np.zeros_like(weight)
    for gradient in gradients:
        weight = weight - weight * weight_decay * lr
        velocity = momentum * velocity + gradient
        found = gradient + momentum * velocity if nesterov else velocity
        found = found.T if weight.shape[0] > weight.shape[1] else found
        found = found / (np.sqrt((found**2).sum()) + 1e-7)
        for _ in range(ns_steps):
            gram = found @ found.T
            found = 3.4445 * found + (-4.7750 * gram + 2.0315 * gram @ gram) @ found
        found = found.T if weight.shape[0] > weight.shape[1] else found
        weight = weight - lr * 0.2 * np.sqrt(max(weight.shape)) * found
        yield weight


def schedule_free(
    weight: Array,
    gradients: Iterable[Array],
    lr: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    warmup_steps: int,
) -> Iterator[Array]:
    sequence, average, square = weight, weight, np.zeros_like(weight)
    for step, gradient in enumerate(gradients, start=1):
        rate = lr * (min(step / warmup_steps, 1.0) if warmup_steps else 1.0)
        square = beta_2 * square + (1 - beta_2) * gradient**2
        sequence = sequence - rate * gradient / (np.sqrt(square / (1 - beta_2**step)) + epsilon)
        average = average + (sequence - average) / step
        yield (1 - beta_1) * sequence + beta_1 * average


def follow(name: str, start: Array, gradients: Iterable[Array], **arguments: Any) -> list[Array]:
    """Return the weights after each step, by the formula of a name."""
    return list(globals()[name](start, gradients, **arguments))
