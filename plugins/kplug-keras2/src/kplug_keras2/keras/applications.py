"""``keras.applications``: keras-applications under its Keras 2 names."""

from __future__ import annotations

import importlib

from kplug_keras2.binding.architectures import list_architectures

_HOMES = {
    "densenet": ("DenseNet121", "DenseNet169", "DenseNet201"),
    "inception_resnet_v2": ("InceptionResNetV2",),
    "inception_v3": ("InceptionV3",),
    "mobilenet": ("MobileNet",),
    "mobilenet_v2": ("MobileNetV2",),
    "nasnet": ("NASNetLarge", "NASNetMobile"),
    "resnet": ("ResNet50", "ResNet101", "ResNet152"),
    "resnet_v2": ("ResNet50V2", "ResNet101V2", "ResNet152V2"),
    "vgg16": ("VGG16",),
    "vgg19": ("VGG19",),
    "xception": ("Xception",),
}

__all__: list[str] = []
for _home, _names in _HOMES.items():
    _found = list_architectures(importlib.import_module(f"keras_applications.{_home}"))
    globals().update({name: _found[name] for name in _names})
    __all__ += _names
