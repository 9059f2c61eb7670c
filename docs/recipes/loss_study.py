"""A study of losses for segmentation: which one, with which arguments, finds small disks in noise best?

Optuna chooses a loss, its arguments and the learning rate. Every trial is judged by the same metric, the Dice
coefficient of masks that the network was not trained on, since values of different losses do not compare.
"""

from collections import defaultdict

import matplotlib as mpl
import numpy as np
import optuna
from kplug_optuna import SearchSpace

import kplug
from kplug.layers import Conv2D

mpl.use("Agg")
from matplotlib import pyplot as plt

TRIALS, EPOCHS, SIZE = 40, 10, 16
DICE = "dice_coef(smooth=1e-5, thresh=0.5)"
LOSSES = SearchSpace(
    "loss", ["bce", "dice", "tversky", "binary_focal_crossentropy", "0.5*dice + bce"]
)
OPTIMIZERS = SearchSpace("optimizer", {"adam": {"lr": kplug.Range(1e-3, 3e-2, log=True)}})


def draw_disks(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures of noise with one small disk each, and the masks of the disks."""
    chance = np.random.default_rng(count)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    centres, radii = (
        chance.uniform(4, SIZE - 4, (2, count, 1, 1)),
        chance.uniform(1.2, 2.5, (count, 1, 1)),
    )
    masks = (rows - centres[0]) ** 2 + (columns - centres[1]) ** 2 <= radii**2
    pictures = masks + chance.normal(0.0, 0.7, masks.shape)
    return pictures[..., None].astype("float32"), masks[..., None].astype("float32")


TRAINING, VALIDATION = draw_disks(96), draw_disks(64)


def train(trial: optuna.Trial) -> float:
    """Train with what a trial suggests, and return the Dice coefficient."""
    kplug.utils.set_random_seed(0)
    model = kplug.Sequential(
        [
            Conv2D(6, 5, padding="same", activation="relu", input_shape=(SIZE, SIZE, 1)),
            Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    model.compile(OPTIMIZERS.suggest(trial), LOSSES.suggest(trial), metrics=[DICE])
    history = model.fit(
        *TRAINING,
        batch_size=16,
        epochs=EPOCHS,
        validation_data=VALIDATION,
        verbose=0,
        callbacks=["optuna_pruning('val_dice_coef')"],
    )
    return max(history.history["val_dice_coef"])


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=10, n_warmup_steps=4),
    )
    study.optimize(train, n_trials=TRIALS)

    scores = defaultdict(list)
    best = {}
    for trial in study.get_trials(states=[optuna.trial.TrialState.COMPLETE]):
        loss = trial.params["loss"]
        scores[loss].append(trial.value)
        best[loss] = max(best.get(loss, trial), trial, key=lambda one: one.value)
    ranked = sorted(scores, key=lambda loss: -max(scores[loss]))

    print("| loss | best | median | trials | as |\n|---|---|---|---|---|")
    for loss in ranked:
        found, median = scores[loss], np.median(scores[loss])
        spec = LOSSES.suggest(best[loss])
        print(f"| `{loss}` | {max(found):.3f} | {median:.3f} | {len(found)} | `{spec}` |")

    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    for place, loss in enumerate(ranked):
        axes.scatter(scores[loss], [place] * len(scores[loss]), alpha=0.6)
    axes.set(
        xlabel="Dice coefficient of the validation masks",
        yticks=range(len(ranked)),
        yticklabels=ranked,
    )
    axes.invert_yaxis()
    figure.savefig("loss_study.png", dpi=150)
