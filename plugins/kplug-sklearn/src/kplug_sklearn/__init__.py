"""scikit-learn estimators that wrap kplug models."""

from kplug_sklearn.estimators import (
    KplugClassifier as KplugClassifier,
    KplugRegressor as KplugRegressor,
    KplugTransformer as KplugTransformer,
)

SKLearnClassifier = KplugClassifier  # Keras 3's names
SKLearnRegressor = KplugRegressor
SKLearnTransformer = KplugTransformer

__all__ = [
    "KplugClassifier",
    "KplugRegressor",
    "KplugTransformer",
    "SKLearnClassifier",
    "SKLearnRegressor",
    "SKLearnTransformer",
]
