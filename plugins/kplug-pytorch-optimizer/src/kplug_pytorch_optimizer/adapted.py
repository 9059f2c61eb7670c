"""Facts about pytorch-optimizer: adapted classes, undeclared arguments, omissions. No torch."""

from __future__ import annotations

_NORMED = frozenset(
    {"AdaBelief", "AdaMax", "AdaPNM", "AdamP", "AdamS", "Adan", "Aida", "DiffGrad", "Lamb", "Lion"}
    | {"RAdam", "Ranger"}
)
#: Arguments that classes of the library read but do not declare in their signatures.
UNDECLARED: dict[str, tuple[object, frozenset[str]]] = {
    "adam_debias": (
        False,
        frozenset({"AdaBelief", "AdaHessian", "AdaMax", "AdaMod", "AdaNorm", "AdaPNM"})
        | {"AdamP", "AdamS", "Aida", "AvaGrad", "DiffGrad", "Lamb", "NovoGrad", "RAdam", "Ranger"}
        | {"Ranger21", "Yogi"},
    ),
    "adanorm": (False, _NORMED),
    "adanorm_r": (None, _NORMED),
    "use_palm": (False, frozenset({"ScheduleFreeAdamW", "ScheduleFreeRAdam"})),
}

_MODEL = "it wants the model"
_STATE = "its state holds objects, which no file can"
#: Omitted classes, with the reason.
LEFT_OUT = {
    "AdaLOMO": "it updates weights during the backward pass",
    "AdamMini": _MODEL,
    "Conda": _STATE,
    "DeMo": "it exchanges gradients between processes itself",
    "DistributedMuon": "it exchanges gradients between processes itself",
    "GSAM": "it wants the model, and a schedule of its radius",
    "LOMO": "it updates weights during the backward pass",
    "LoRARite": "it wants the pairs of a LoRA model",
    "PCGrad": "it wants several losses",
    "SafeFP16Optimizer": "kplug scales losses itself: loss_scale_optimizer",
    "ScalableShampoo": _STATE,
    "SpectralSphere": "it takes matrices only, and a model has biases",
}

#: Names shared with kplug, torch or kplug-segmentation, which own the bare names.
QUALIFIED_ONLY = frozenset(
    {"adadelta", "adafactor", "adamax", "asgd", "ftrl", "lamb", "lion", "muon", "radam"}
    | {"schedulefreeadamw", "bce_loss"}
    | {"dice_loss", "focal_loss", "jaccard_loss", "tversky_loss"}
)

#: Class and summary of each schedule.
SCHEDULES = {
    "chebyshev_schedule": (
        "ChebyshevSchedule",
        "Rates from the nodes of a Chebyshev polynomial, in fractal order.",
    ),
    "constant_lr": (
        "ConstantLR",
        "The rate times a small factor for the first steps, then unchanged.",
    ),
    "cosine_annealing_lr": (
        "CosineAnnealingLR",
        "Half a cosine wave from the rate to a least one, and back.",
    ),
    "cosine_annealing_warm_restarts": (
        "CosineAnnealingWarmRestarts",
        "Cosine decays one after another, each T_mult times as long as the one before.",
    ),
    "cosine_annealing_warmup_restarts": (
        "CosineAnnealingWarmupRestarts",
        "Cosine decays one after another, each after a linear warm-up.",
    ),
    "cosine_scheduler": (
        "CosineScheduler",
        "Cosine decay after a linear warm-up.",
    ),
    "cyclic_lr": (
        "CyclicLR",
        "The rate rises and falls in a cycle between two bounds.",
    ),
    "linear_scheduler": (
        "LinearScheduler",
        "Linear decay after a linear warm-up.",
    ),
    "multi_step_lr": (
        "MultiStepLR",
        "The rate times gamma at each of the given steps.",
    ),
    "one_cycle_lr": (
        "OneCycleLR",
        "The 1cycle policy: up to a largest rate, then down below the first one.",
    ),
    "poly_scheduler": (
        "PolyScheduler",
        "Polynomial schedule after a linear warm-up.",
    ),
    "rex_scheduler": (
        "REXScheduler",
        "Rational decay for a given number of steps.",
    ),
    "step_lr": (
        "StepLR",
        "The rate times gamma every step_size steps.",
    ),
    "wsd_schedule": (
        "WsdSchedule",
        "Warm-up, then a constant rate, then decay.",
    ),
}

LOSSES = {
    "bce_focal_loss": "BCEFocalLoss",
    "bce_loss": "BCELoss",
    "bi_tempered_logistic_loss": "BiTemperedLogisticLoss",
    "binary_bi_tempered_logistic_loss": "BinaryBiTemperedLogisticLoss",
    "dice_loss": "DiceLoss",
    "focal_cosine_loss": "FocalCosineLoss",
    "focal_loss": "FocalLoss",
    "focal_tversky_loss": "FocalTverskyLoss",
    "jaccard_loss": "JaccardLoss",
    "ldam_loss": "LDAMLoss",
    "lovasz_hinge_loss": "LovaszHingeLoss",
    "soft_f1_loss": "SoftF1Loss",
    "tversky_loss": "TverskyLoss",
}
