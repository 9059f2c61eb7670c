"""Layers: what models are made of."""

from __future__ import annotations

from typing import Any

from kplug.graph import Node, SymbolicTensor
from kplug.layers.activations import ELU, LeakyReLU, PReLU, ReLU, Softmax
from kplug.layers.activity import ActivityRegularization
from kplug.layers.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from kplug.layers.attention import AdditiveAttention, Attention
from kplug.layers.base.component_slots import Slot
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.batch_normalization import BatchNormalization
from kplug.layers.bidirectional import Bidirectional
from kplug.layers.convolutional import Conv1D, Conv2D, Conv3D
from kplug.layers.core import Activation, Flatten, Reshape
from kplug.layers.cropping import Cropping1D, Cropping2D, Cropping3D
from kplug.layers.dense import Dense
from kplug.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D
from kplug.layers.einsum_dense import EinsumDense
from kplug.layers.embedding import Embedding
from kplug.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from kplug.layers.grouped_query_attention import GroupQueryAttention
from kplug.layers.identity import Identity
from kplug.layers.input import Input, InputLayer
from kplug.layers.joining import Concatenate, Dot
from kplug.layers.layer_normalization import (
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from kplug.layers.masking import Masking
from kplug.layers.merge_functions import (
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from kplug.layers.merging import Add, Average, Maximum, Minimum, Multiply, Subtract
from kplug.layers.multi_head_attention import MultiHeadAttention
from kplug.layers.noise import (
    AlphaDropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from kplug.layers.padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from kplug.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from kplug.layers.preprocessing import Normalization, Rescaling
from kplug.layers.rearranging import Permute, RepeatVector
from kplug.layers.recurrent import (
    GRU,
    LSTM,
    RNN,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
)
from kplug.layers.regularization import Dropout
from kplug.layers.resizing import UpSampling1D, UpSampling2D, UpSampling3D
from kplug.layers.separable import SeparableConv1D, SeparableConv2D
from kplug.layers.serialization import deserialize, serialize
from kplug.layers.tensor_operation import TensorOperation
from kplug.layers.time_distributed import TimeDistributed
from kplug.layers.torch_module import TorchModule
from kplug.layers.transposed import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from kplug.registry import resolve_object

Convolution2D = Conv2D
MaxPool2D = MaxPooling2D
Convolution1D = Conv1D
Convolution3D = Conv3D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
MaxPool1D = MaxPooling1D
MaxPool3D = MaxPooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
Convolution1DTranspose = Conv1DTranspose
Convolution2DTranspose = Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D


def get(identifier: object) -> Any:
    """Return the layer that an identifier means.

    Args:
        identifier: Text such as ``"dense(units=3)"``, a dict, a class or an instance.

    Returns:
        A ``Layer``.
    """
    return resolve_object("layer", identifier)


__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "LSTMCell",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Node",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Slot",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StackedRNNCells",
    "Subtract",
    "SymbolicTensor",
    "TensorOperation",
    "TimeDistributed",
    "TorchModule",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "get",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
