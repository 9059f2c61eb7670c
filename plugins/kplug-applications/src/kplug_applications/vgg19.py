"""``applications.vgg19``: the architecture, its preprocessing and the names of its classes."""

from functools import partial

from kplug_applications import imagenet_utils
from kplug_applications.base.vgg import VGG19
from kplug_applications.imagenet_utils import decode_predictions

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

preprocess_input = partial(imagenet_utils.preprocess_input, mode="caffe")
