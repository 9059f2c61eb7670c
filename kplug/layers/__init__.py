"""Layers: the building blocks of models."""

__kplug_keras_module__ = "keras.layers"  # of these classes; see `kplug.keras_class`

from kplug.graph import Node as Node, SymbolicTensor as SymbolicTensor
from kplug.layers.activations import (
    ELU as ELU,
    Activation as Activation,
    Identity as Identity,
    LeakyReLU as LeakyReLU,
    PReLU as PReLU,
    ReLU as ReLU,
    Softmax as Softmax,
)
from kplug.layers.adaptive_pooling import (
    AdaptiveAveragePooling1D as AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D as AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D as AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D as AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D as AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D as AdaptiveMaxPooling3D,
)
from kplug.layers.attention import (
    AdditiveAttention as AdditiveAttention,
    Attention as Attention,
    GroupQueryAttention as GroupQueryAttention,
    MultiHeadAttention as MultiHeadAttention,
)
from kplug.layers.base.component_slots import Slot as Slot
from kplug.layers.base.input_spec import InputSpec as InputSpec
from kplug.layers.base.layer import Layer as Layer
from kplug.layers.base.remat import RematScope as RematScope, remat as remat
from kplug.layers.base.sample_batches import iterate_batches as iterate_batches
from kplug.layers.base.seeds import make_seeded_generator as make_seeded_generator
from kplug.layers.batch_normalization import BatchNormalization as BatchNormalization
from kplug.layers.bidirectional import Bidirectional as Bidirectional
from kplug.layers.convolutional import Conv1D as Conv1D, Conv2D as Conv2D, Conv3D as Conv3D
from kplug.layers.dense import Dense as Dense
from kplug.layers.depthwise import (
    DepthwiseConv1D as DepthwiseConv1D,
    DepthwiseConv2D as DepthwiseConv2D,
)
from kplug.layers.einsum_dense import EinsumDense as EinsumDense
from kplug.layers.embedding import Embedding as Embedding
from kplug.layers.global_pooling import (
    GlobalAveragePooling1D as GlobalAveragePooling1D,
    GlobalAveragePooling2D as GlobalAveragePooling2D,
    GlobalAveragePooling3D as GlobalAveragePooling3D,
    GlobalMaxPooling1D as GlobalMaxPooling1D,
    GlobalMaxPooling2D as GlobalMaxPooling2D,
    GlobalMaxPooling3D as GlobalMaxPooling3D,
)
from kplug.layers.input import Input as Input, InputLayer as InputLayer
from kplug.layers.joining import (
    Concatenate as Concatenate,
    Dot as Dot,
    concatenate as concatenate,
    dot as dot,
)
from kplug.layers.lambda_layer import Lambda as Lambda
from kplug.layers.layer_normalization import (
    GroupNormalization as GroupNormalization,
    LayerNormalization as LayerNormalization,
    RMSNormalization as RMSNormalization,
    UnitNormalization as UnitNormalization,
)
from kplug.layers.locally_connected import (
    LocallyConnected1D as LocallyConnected1D,
    LocallyConnected2D as LocallyConnected2D,
)
from kplug.layers.low_rank_adapters import lora as lora, merge_lora as merge_lora
from kplug.layers.masking import Masking as Masking
from kplug.layers.merging import (
    Add as Add,
    Average as Average,
    Maximum as Maximum,
    Minimum as Minimum,
    Multiply as Multiply,
    Subtract as Subtract,
    add as add,
    average as average,
    maximum as maximum,
    minimum as minimum,
    multiply as multiply,
    subtract as subtract,
)
from kplug.layers.noise import (
    AlphaDropout as AlphaDropout,
    GaussianDropout as GaussianDropout,
    GaussianNoise as GaussianNoise,
)
from kplug.layers.padding import (
    Cropping1D as Cropping1D,
    Cropping2D as Cropping2D,
    Cropping3D as Cropping3D,
    ZeroPadding1D as ZeroPadding1D,
    ZeroPadding2D as ZeroPadding2D,
    ZeroPadding3D as ZeroPadding3D,
)
from kplug.layers.pooling import (
    AveragePooling1D as AveragePooling1D,
    AveragePooling2D as AveragePooling2D,
    AveragePooling3D as AveragePooling3D,
    MaxPooling1D as MaxPooling1D,
    MaxPooling2D as MaxPooling2D,
    MaxPooling3D as MaxPooling3D,
)
from kplug.layers.preprocessing import Normalization as Normalization, Rescaling as Rescaling
from kplug.layers.recurrent import (
    GRU as GRU,
    LSTM as LSTM,
    RNN as RNN,
    ConvLSTM1D as ConvLSTM1D,
    ConvLSTM2D as ConvLSTM2D,
    ConvLSTM3D as ConvLSTM3D,
    ConvLSTMCell as ConvLSTMCell,
    GRUCell as GRUCell,
    LSTMCell as LSTMCell,
    SimpleRNN as SimpleRNN,
    SimpleRNNCell as SimpleRNNCell,
    StackedRNNCells as StackedRNNCells,
)
from kplug.layers.regularization import (
    ActivityRegularization as ActivityRegularization,
    Dropout as Dropout,
    SpatialDropout1D as SpatialDropout1D,
    SpatialDropout2D as SpatialDropout2D,
    SpatialDropout3D as SpatialDropout3D,
)
from kplug.layers.reshaping import (
    Flatten as Flatten,
    Permute as Permute,
    RepeatVector as RepeatVector,
    Reshape as Reshape,
)
from kplug.layers.separable import (
    SeparableConv1D as SeparableConv1D,
    SeparableConv2D as SeparableConv2D,
)
from kplug.layers.serialization import (
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.layers.spectral_normalization import SpectralNormalization as SpectralNormalization
from kplug.layers.tensor_operation import TensorOperation as TensorOperation
from kplug.layers.time_distributed import TimeDistributed as TimeDistributed
from kplug.layers.torch_module import TorchModule as TorchModule
from kplug.layers.transposed import (
    Conv1DTranspose as Conv1DTranspose,
    Conv2DTranspose as Conv2DTranspose,
    Conv3DTranspose as Conv3DTranspose,
)
from kplug.layers.upsampling import (
    UpSampling1D as UpSampling1D,
    UpSampling2D as UpSampling2D,
    UpSampling3D as UpSampling3D,
)
from kplug.layers.wrapper import Wrapper as Wrapper
from kplug.support.exports import export_names

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

export_names(globals(), takes_lent=True)
