"""Models as estimators of scikit-learn, which must be installed: ``pip install "kplug[sklearn]"``."""

from kplug.exports import export_names
from kplug.wrappers.estimators import (
    KplugClassifier as KplugClassifier,
    KplugRegressor as KplugRegressor,
    KplugTransformer as KplugTransformer,
)

SKLearnClassifier = KplugClassifier  # Keras 3's names
SKLearnRegressor = KplugRegressor
SKLearnTransformer = KplugTransformer

export_names(globals())
