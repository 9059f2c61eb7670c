"""Example data and omitted checks for `kplug check` and the tests."""

from __future__ import annotations

from typing import Any

from kplug import Example

A_MATRIX_RATE = {"adamw_lr": 0.01}  # the default is too low for the suite's few steps
A_FAST_ADAM = {"optimizer": "torch/adam(lr=0.05)"}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "a2grad": {"lips": 1000.0},
    "adago": A_MATRIX_RATE,
    "adamuon": A_MATRIX_RATE,
    "avagrad": {"lr": 0.01},
    "bsam": {"num_data": 100},
    "friendlysam": A_FAST_ADAM,
    "kron": {
        "balance_prob": 0.0
    },  # it would draw from NumPy's generator, which the suite does not seed
    "lookahead": A_FAST_ADAM,
    "looksam": A_FAST_ADAM,
    "magma": A_FAST_ADAM,
    "muon": A_MATRIX_RATE,
    "muonclip": A_MATRIX_RATE,
    "normuon": A_MATRIX_RATE,
    "orthograd": A_FAST_ADAM,
    "ranger21": {"num_iterations": 200, "centralize_gradients": False},
    "rose": {"centralize": False},
    "sam": A_FAST_ADAM,
    "sara": {"threshold": 10.0},  # all of the suite's weights are below it
    "schedulefreewrapper": A_FAST_ADAM,
    "splus": {"nonstandard_constant": 0.1},
    "bi_tempered_logistic_loss": {"t1": 0.8, "t2": 1.2},
    "binary_bi_tempered_logistic_loss": {"t1": 0.8, "t2": 1.2},
    "jaccard_loss": {"mode": "binary"},
    "ldam_loss": {"num_class_list": [3, 2, 1]},
    "chebyshev_schedule": {"num_epochs": 8},
    "cosine_annealing_lr": {"T_max": 5},
    "cosine_annealing_warm_restarts": {"T_0": 4},
    "cosine_annealing_warmup_restarts": {"first_cycle_steps": 6},
    "cosine_scheduler": {"t_max": 10, "max_lr": 0.1},
    "cyclic_lr": {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 3},
    "linear_scheduler": {"t_max": 200_000, "max_lr": 0.1},  # below 0 past its end
    "multi_step_lr": {"milestones": [2, 4]},
    "one_cycle_lr": {"max_lr": 0.1, "total_steps": 200_000},  # undefined past its end
    "poly_scheduler": {"t_max": 10, "max_lr": 0.1},
    "rex_scheduler": {"total_steps": 2000},
    "step_lr": {"step_size": 2},
    "wsd_schedule": {"num_warmup_steps": 2, "num_stable_steps": 3, "num_decay_steps": 4},
}
IN_PLACE = "the library changes gradients in place, which a step of kplug does not use again"
SINGLE = "the library computes the value in float32"
LEFT_OUT: dict[tuple[str, str], tuple[str, ...]] = {
    ("inputs", IN_PLACE): (
        *("adalite", "grokfastadamw", "lars", "muon", "normuon", "novograd", "orthograd"),
        *("ranger", "ranger21", "rose", "schedulefreeadamw", "scionlight", "stablespam"),
    ),
    ("parabola", "it keeps the length of each weight"): ("nero",),
    ("parabola", "it moves each weight at right angles to itself"): ("orthograd",),
    ("parabola", "it moves no weight by the mean of its gradient"): ("ranger",),
    ("parabola", "its noise grows where gradients vanish"): ("bsam",),
    ("rosenbrock", "its noise grows where gradients vanish"): ("bsam",),
    ("rate", "its own rules decide how far the first steps go"): (
        *("adafactor", "adashift", "apollodqn", "radam", "sara", "schedulefreeradam", "trac"),
    ),
    ("groups", "its first steps are none, or of the same length for all"): (
        *("adashift", "radam", "sara", "schedulefreeradam", "trac"),
    ),
    ("config", "it draws the moments at which it looks anew"): ("kron",),
    ("rosenbrock", "it multiplies where Adam divides, and gradients of hundreds overflow"): (
        "dualadam",
    ),
    ("rosenbrock", "it damps large gradients, and does not get down the valley's walls"): (
        "gravity",
    ),
    ("arguments", "`moment_key` is looked up in the other optimizer's state, at the first step"): (
        "magma",
    ),
    ("effect", "`eps` bounds a divisor that is larger for the suite's inputs"): (
        *("dice_loss", "jaccard_loss"),
    ),
    ("effect", "the library never reads `eps`"): ("emolynx", "schedulefreesgd"),
    ("effect", "the library never reads `use_palm`"): ("schedulefreeadamw", "schedulefreeradam"),
    (
        "idle",
        "the suite's matrices are no larger than its rank, which leaves `gamma` nothing to bound",
    ): ("alice",),
    ("idle", "`c_coef` counts with the square of the rate, too little in the suite's few steps"): (
        "amos",
    ),
    ("idle", "`qk_clip_threshold` is for weights of attention alone"): ("muonclip",),
    ("idle", "all of the suite's weights are below the threshold"): ("sara",),
    ("idle", "`weight_lr_power` counts where the rate changes"): ("schedulefreewrapper",),
    ("idle", "`min_beta1` and `eta_min` count while a schedule of its own runs, which is off"): (
        *("simplifiedademamix", "stablespam"),
    ),
    ("ranks", "it cannot train a weight of shape ()"): ("trac",),
    ("dtype", "it takes no bfloat16"): ("trac",),
    ("inputs", "with `max_grad_norm` or `pre_norm` the library changes gradients in place"): (
        *("adan", "lamb"),
    ),
    ("memory", "the library takes views of weights and predictions"): (
        *("adamp", "adamuon", "focal_tversky_loss", "nero", "sgdp", "swats", "tversky_loss"),
    ),
    ("memory", "its decomposition depends on rounding"): ("soap",),
    ("half", "its numbers leave the range of float16, or its state is a half"): (
        *("adafactor", "adalite", "adamuon", "adatam", "alice", "bce_focal_loss", "bce_loss"),
        *("binary_bi_tempered_logistic_loss", "dadaptadam", "dadaptadan", "dadaptsgd"),
        *("ldam_loss", "prodigy", "shampoo", "soap", "trac"),
    ),
    ("group_settings", "the library has one rate for all groups, or sets a group's itself"): (
        *("dadaptadagrad", "dadaptadam", "dadaptadan", "dadaptlion", "dadaptsgd", "prodigy"),
        "ranger21",
    ),
    ("group_settings", "the library reads what it was made with, not the group's setting"): (
        *("adan", "apollodqn", "schedulefreewrapper"),
    ),
    ("soft_targets", "the library takes the largest target for the class"): (
        *("bi_tempered_logistic_loss", "focal_cosine_loss", "ldam_loss"),
    ),
    ("classes", "ids are taken for labels of one class"): ("dice_loss", "jaccard_loss"),
    ("exact", "with `gamma` below 1 the gradient of a right prediction is NaN"): (
        *("bce_focal_loss", "focal_loss", "focal_tversky_loss"),
    ),
    ("late", "far behind its last step the library's rate grows again"): (
        *("one_cycle_lr", "poly_scheduler"),
    ),
    ("dtype", SINGLE): ("soft_f1_loss",),
    ("gradcheck", SINGLE): ("soft_f1_loss",),
}


def _make_examples() -> dict[str, Example]:
    reasons: dict[str, dict[str, str]] = {}
    for (check, reason), names in LEFT_OUT.items():
        for name in names:
            reasons.setdefault(name, {})[check] = reason
    return {
        name: Example(ARGUMENTS.get(name, {}), leave_out=reasons.get(name, {}))
        for name in ARGUMENTS.keys() | reasons.keys()
    }


EXAMPLES = _make_examples()
