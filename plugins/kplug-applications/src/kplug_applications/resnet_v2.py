"""ResNet v2: activations come before the convolutions."""

from functools import partial

from kplug_applications import imagenet_utils
from kplug_applications.base.residual import make_residual_v2
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["ResNet50V2", "ResNet101V2", "ResNet152V2", "decode_predictions", "preprocess_input"]

ResNet50V2 = make_residual_v2(
    "resnet50v2",
    (3, 4, 6, 3),
    ("3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917"),
)
ResNet101V2 = make_residual_v2(
    "resnet101v2",
    (3, 4, 23, 3),
    ("6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5"),
)
ResNet152V2 = make_residual_v2(
    "resnet152v2",
    (3, 8, 36, 3),
    ("a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33"),
)

preprocess_input = partial(imagenet_utils.preprocess_input, mode="tf")
