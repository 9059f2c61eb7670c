"""``applications.resnet50``: Keras's older module of ResNet50."""

from kplug_applications.resnet import ResNet50, decode_predictions, preprocess_input

__all__ = ["ResNet50", "decode_predictions", "preprocess_input"]
