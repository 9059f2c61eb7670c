"""Models of samples that are rows of numbers."""

from __future__ import annotations

from typing import Any

from .table import architecture


@architecture((6,))
def perceptron(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((6,)),
            k.Dense(5, activation="relu"),
            k.Dropout(k.rate),
            k.Dense(4, activation="tanh", use_bias=False),
            k.Dense(3, activation="softmax"),
        ]
    )


@architecture((4,))
def penalties_and_constraints(k: Any) -> Any:
    elastic = {"class_name": "L1L2", "config": {"l1": 0.01, "l2": 0.02}}
    return k.sequential(
        [
            k.Input((4,)),
            k.Dense(
                5,
                kernel_initializer="he_normal",
                kernel_regularizer="l2",
                bias_regularizer="l1",
                activity_regularizer="l2",
            ),
            k.ActivityRegularization(l1=0.01, l2=0.02),
            k.Dense(3, kernel_constraint="non_neg", bias_initializer="ones", activation="elu"),
            k.Dense(2, kernel_constraint="max_norm", kernel_regularizer=elastic),
        ]
    )


@architecture((5,))
def batch_normalization(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((5,)),
            k.Dense(4, use_bias=False),
            k.BatchNormalization(),
            k.Activation("relu"),
            k.Dense(3),
            k.BatchNormalization(scale=False, momentum=0.9, epsilon=0.01),
            k.BatchNormalization(center=False),
        ]
    )


# Keras's reader of HDF5 loses the axes [1, 2].
@architecture((3, 6), readers=("kplug",))
def normalizations(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((3, 6)),
            k.LayerNormalization(),
            k.LayerNormalization(axis=[1, 2], epsilon=0.01, scale=False),
            k.RMSNormalization(),
            k.GroupNormalization(groups=3),
            k.UnitNormalization(),
            k.Dense(2),
        ]
    )


@architecture((6,))
def activation_layers(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((6,)),
            k.Dense(5),
            k.ELU(alpha=0.7),
            k.Dense(5),
            k.LeakyReLU(negative_slope=0.2),
            k.PReLU(alpha_initializer="ones"),
            k.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.05),
            k.Dense(4),
            k.Softmax(),
        ]
    )


@architecture((6,))
def noises(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((6,)),
            k.GaussianNoise(k.rate),
            k.Dense(5, activation="selu"),
            k.AlphaDropout(k.rate),
            k.GaussianDropout(k.rate),
            k.Dense(2),
        ]
    )


@architecture((4,))
def preprocessing(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((4,)),
            k.Rescaling(0.5, offset=1.0),
            k.Normalization(mean=[0.0, 1.0, 2.0, 3.0], variance=[1.0, 2.0, 3.0, 4.0]),
            k.Normalization(),
            k.Dense(3, activation="sigmoid"),
        ]
    )


@architecture((3,), rows=5)
def categories(k: Any) -> Any:
    return k.sequential(
        [k.Input((3,), dtype="int32"), k.CategoryEncoding(5, output_mode="count"), k.Dense(2)]
    )


@architecture((4,))
def bins(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((4,)),
            k.Discretization(bin_boundaries=[-0.5, 0.0, 1.0], output_mode="one_hot"),
            k.Flatten(),
            k.Dense(2),
        ]
    )


@architecture((3, 4))
def rearrangements(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((3, 4)),
            k.Permute((2, 1)),
            k.Reshape((2, -1)),
            k.Identity(),
            k.Flatten(),
            k.Dense(3),
            k.RepeatVector(2),
            k.Dense(2),
        ]
    )


@architecture((3, 4))
def equations(k: Any) -> Any:
    inputs = k.Input((3, 4))
    hidden = k.EinsumDense("abc,cde->abde", (3, 2, 5), bias_axes="de", activation="relu")(inputs)
    outputs = k.EinsumDense("...yz,yzc->...c", (6,), bias_axes="c")(hidden)
    return k.model(inputs, outputs)


@architecture((4,))
def frozen_layers(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((4,)),
            k.Dense(5, trainable=False, name="fixed"),
            k.BatchNormalization(trainable=False, name="fixed_norm"),
            k.Dense(3, name="learned"),
            k.BatchNormalization(name="learned_norm"),
        ]
    )
