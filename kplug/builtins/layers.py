"""The built-in layers."""

from __future__ import annotations

from kplug.builtins.sequence_layers import SEQUENCE_LAYERS
from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_LAYERS = "kplug.layers"


@hookimpl
def kplug_layers() -> dict[str, Component | str]:
    """Offer the layers of ``kplug.layers``."""
    return {
        "InputLayer": Component(
            "InputLayer", f"{_LAYERS}.input:InputLayer", summary="An input of a model."
        ),
        "Dense": Component(
            "Dense",
            f"{_LAYERS}.dense:Dense",
            summary="Each output is a weighted sum of all inputs.",
        ),
        "Activation": Component(
            "Activation",
            f"{_LAYERS}.core:Activation",
            summary="An activation as a layer of its own.",
        ),
        "Flatten": Component(
            "Flatten", f"{_LAYERS}.core:Flatten", summary="Turns each sample into one row."
        ),
        "Reshape": Component(
            "Reshape", f"{_LAYERS}.core:Reshape", summary="Gives each sample another shape."
        ),
        "Dropout": Component(
            "Dropout",
            f"{_LAYERS}.regularization:Dropout",
            summary="Drops a random part of the inputs in training.",
        ),
        "BatchNormalization": Component(
            "BatchNormalization",
            f"{_LAYERS}.batch_normalization:BatchNormalization",
            summary="Normalizes each channel over the batch.",
        ),
        "LayerNormalization": Component(
            "LayerNormalization",
            f"{_LAYERS}.layer_normalization:LayerNormalization",
            summary="Normalizes each sample.",
        ),
        "RMSNormalization": Component(
            "RMSNormalization",
            f"{_LAYERS}.layer_normalization:RMSNormalization",
            summary="Divides each sample by its root mean square.",
        ),
        "GroupNormalization": Component(
            "GroupNormalization",
            f"{_LAYERS}.layer_normalization:GroupNormalization",
            summary="Normalizes groups of channels of each sample.",
        ),
        "UnitNormalization": Component(
            "UnitNormalization",
            f"{_LAYERS}.layer_normalization:UnitNormalization",
            summary="Scales each sample to length 1.",
        ),
        "Conv1D": Component(
            "Conv1D",
            f"{_LAYERS}.convolutional:Conv1D",
            aliases=("Convolution1D",),
            summary="Slides filters over sequences.",
        ),
        "Conv2D": Component(
            "Conv2D",
            f"{_LAYERS}.convolutional:Conv2D",
            aliases=("Convolution2D",),
            summary="Slides filters over images.",
        ),
        "Conv3D": Component(
            "Conv3D",
            f"{_LAYERS}.convolutional:Conv3D",
            aliases=("Convolution3D",),
            summary="Slides filters over volumes.",
        ),
        "AveragePooling1D": Component(
            "AveragePooling1D",
            f"{_LAYERS}.pooling:AveragePooling1D",
            aliases=("AvgPool1D",),
            summary="The mean of each window of sequences.",
        ),
        "AveragePooling2D": Component(
            "AveragePooling2D",
            f"{_LAYERS}.pooling:AveragePooling2D",
            aliases=("AvgPool2D",),
            summary="The mean of each window of images.",
        ),
        "AveragePooling3D": Component(
            "AveragePooling3D",
            f"{_LAYERS}.pooling:AveragePooling3D",
            aliases=("AvgPool3D",),
            summary="The mean of each window of volumes.",
        ),
        "MaxPooling1D": Component(
            "MaxPooling1D",
            f"{_LAYERS}.pooling:MaxPooling1D",
            aliases=("MaxPool1D",),
            summary="The largest value of each window of sequences.",
        ),
        "MaxPooling2D": Component(
            "MaxPooling2D",
            f"{_LAYERS}.pooling:MaxPooling2D",
            aliases=("MaxPool2D",),
            summary="The largest value of each window of images.",
        ),
        "MaxPooling3D": Component(
            "MaxPooling3D",
            f"{_LAYERS}.pooling:MaxPooling3D",
            aliases=("MaxPool3D",),
            summary="The largest value of each window of volumes.",
        ),
        "GlobalAveragePooling1D": Component(
            "GlobalAveragePooling1D",
            f"{_LAYERS}.global_pooling:GlobalAveragePooling1D",
            aliases=("GlobalAvgPool1D",),
            summary="The mean of each channel of a sequence.",
        ),
        "GlobalAveragePooling2D": Component(
            "GlobalAveragePooling2D",
            f"{_LAYERS}.global_pooling:GlobalAveragePooling2D",
            aliases=("GlobalAvgPool2D",),
            summary="The mean of each channel of a image.",
        ),
        "GlobalAveragePooling3D": Component(
            "GlobalAveragePooling3D",
            f"{_LAYERS}.global_pooling:GlobalAveragePooling3D",
            aliases=("GlobalAvgPool3D",),
            summary="The mean of each channel of a volume.",
        ),
        "GlobalMaxPooling1D": Component(
            "GlobalMaxPooling1D",
            f"{_LAYERS}.global_pooling:GlobalMaxPooling1D",
            aliases=("GlobalMaxPool1D",),
            summary="The largest value of each channel of a sequence.",
        ),
        "GlobalMaxPooling2D": Component(
            "GlobalMaxPooling2D",
            f"{_LAYERS}.global_pooling:GlobalMaxPooling2D",
            aliases=("GlobalMaxPool2D",),
            summary="The largest value of each channel of a image.",
        ),
        "GlobalMaxPooling3D": Component(
            "GlobalMaxPooling3D",
            f"{_LAYERS}.global_pooling:GlobalMaxPooling3D",
            aliases=("GlobalMaxPool3D",),
            summary="The largest value of each channel of a volume.",
        ),
        "AdaptiveAveragePooling1D": Component(
            "AdaptiveAveragePooling1D",
            f"{_LAYERS}.adaptive_pooling:AdaptiveAveragePooling1D",
            summary="The mean of each of a chosen number of parts of sequences.",
        ),
        "AdaptiveAveragePooling2D": Component(
            "AdaptiveAveragePooling2D",
            f"{_LAYERS}.adaptive_pooling:AdaptiveAveragePooling2D",
            summary="The mean of each of a chosen number of parts of images.",
        ),
        "AdaptiveAveragePooling3D": Component(
            "AdaptiveAveragePooling3D",
            f"{_LAYERS}.adaptive_pooling:AdaptiveAveragePooling3D",
            summary="The mean of each of a chosen number of parts of volumes.",
        ),
        "AdaptiveMaxPooling1D": Component(
            "AdaptiveMaxPooling1D",
            f"{_LAYERS}.adaptive_pooling:AdaptiveMaxPooling1D",
            summary="The largest value of each of a chosen number of parts of sequences.",
        ),
        "AdaptiveMaxPooling2D": Component(
            "AdaptiveMaxPooling2D",
            f"{_LAYERS}.adaptive_pooling:AdaptiveMaxPooling2D",
            summary="The largest value of each of a chosen number of parts of images.",
        ),
        "AdaptiveMaxPooling3D": Component(
            "AdaptiveMaxPooling3D",
            f"{_LAYERS}.adaptive_pooling:AdaptiveMaxPooling3D",
            summary="The largest value of each of a chosen number of parts of volumes.",
        ),
        "ZeroPadding1D": Component(
            "ZeroPadding1D",
            f"{_LAYERS}.padding:ZeroPadding1D",
            summary="Puts zeros around sequences.",
        ),
        "ZeroPadding2D": Component(
            "ZeroPadding2D",
            f"{_LAYERS}.padding:ZeroPadding2D",
            summary="Puts zeros around images.",
        ),
        "ZeroPadding3D": Component(
            "ZeroPadding3D",
            f"{_LAYERS}.padding:ZeroPadding3D",
            summary="Puts zeros around volumes.",
        ),
        "Cropping1D": Component(
            "Cropping1D",
            f"{_LAYERS}.cropping:Cropping1D",
            summary="Cuts the edges of sequences off.",
        ),
        "Cropping2D": Component(
            "Cropping2D",
            f"{_LAYERS}.cropping:Cropping2D",
            summary="Cuts the edges of images off.",
        ),
        "Cropping3D": Component(
            "Cropping3D",
            f"{_LAYERS}.cropping:Cropping3D",
            summary="Cuts the edges of volumes off.",
        ),
        "UpSampling1D": Component(
            "UpSampling1D",
            f"{_LAYERS}.resizing:UpSampling1D",
            summary="Enlarges sequences by whole factors.",
        ),
        "UpSampling2D": Component(
            "UpSampling2D",
            f"{_LAYERS}.resizing:UpSampling2D",
            summary="Enlarges images by whole factors.",
        ),
        "UpSampling3D": Component(
            "UpSampling3D",
            f"{_LAYERS}.resizing:UpSampling3D",
            summary="Enlarges volumes by whole factors.",
        ),
        "Conv1DTranspose": Component(
            "Conv1DTranspose",
            f"{_LAYERS}.transposed:Conv1DTranspose",
            aliases=("Convolution1DTranspose",),
            summary="Enlarges sequences: a convolution backwards.",
        ),
        "Conv2DTranspose": Component(
            "Conv2DTranspose",
            f"{_LAYERS}.transposed:Conv2DTranspose",
            aliases=("Convolution2DTranspose",),
            summary="Enlarges images: a convolution backwards.",
        ),
        "Conv3DTranspose": Component(
            "Conv3DTranspose",
            f"{_LAYERS}.transposed:Conv3DTranspose",
            aliases=("Convolution3DTranspose",),
            summary="Enlarges volumes: a convolution backwards.",
        ),
        "DepthwiseConv1D": Component(
            "DepthwiseConv1D",
            f"{_LAYERS}.depthwise:DepthwiseConv1D",
            summary="Slides filters over each channel of sequences by itself.",
        ),
        "DepthwiseConv2D": Component(
            "DepthwiseConv2D",
            f"{_LAYERS}.depthwise:DepthwiseConv2D",
            summary="Slides filters over each channel of images by itself.",
        ),
        "SeparableConv1D": Component(
            "SeparableConv1D",
            f"{_LAYERS}.separable:SeparableConv1D",
            aliases=("SeparableConvolution1D",),
            summary="Slides filters over each channel of sequences, then mixes the channels.",
        ),
        "SeparableConv2D": Component(
            "SeparableConv2D",
            f"{_LAYERS}.separable:SeparableConv2D",
            aliases=("SeparableConvolution2D",),
            summary="Slides filters over each channel of images, then mixes the channels.",
        ),
        "ELU": Component(
            "ELU",
            f"{_LAYERS}.activations:ELU",
            summary="Exponential below 0, the identity above.",
        ),
        "LeakyReLU": Component(
            "LeakyReLU",
            f"{_LAYERS}.activations:LeakyReLU",
            summary="A rectifier with a small slope below 0.",
        ),
        "PReLU": Component(
            "PReLU",
            f"{_LAYERS}.activations:PReLU",
            summary="A rectifier with a learned slope below 0.",
        ),
        "ReLU": Component(
            "ReLU",
            f"{_LAYERS}.activations:ReLU",
            summary="A rectifier with leak, ceiling and threshold.",
        ),
        "Softmax": Component(
            "Softmax",
            f"{_LAYERS}.activations:Softmax",
            summary="Shares that sum to 1 along an axis.",
        ),
        "ActivityRegularization": Component(
            "ActivityRegularization",
            f"{_LAYERS}.activity:ActivityRegularization",
            summary="Adds a penalty of its inputs to the loss.",
        ),
        "Embedding": Component(
            "Embedding",
            f"{_LAYERS}.embedding:Embedding",
            summary="Looks up a learned row for each integer.",
        ),
        "Concatenate": Component(
            "Concatenate",
            f"{_LAYERS}.joining:Concatenate",
            summary="Joins tensors along an axis.",
        ),
        "Dot": Component(
            "Dot",
            f"{_LAYERS}.joining:Dot",
            summary="Scalar products of two tensors, sample by sample.",
        ),
        "Add": Component(
            "Add",
            f"{_LAYERS}.merging:Add",
            summary="Sum of tensors.",
        ),
        "Average": Component(
            "Average",
            f"{_LAYERS}.merging:Average",
            summary="Mean of tensors.",
        ),
        "Maximum": Component(
            "Maximum",
            f"{_LAYERS}.merging:Maximum",
            summary="Largest of tensors, element by element.",
        ),
        "Minimum": Component(
            "Minimum",
            f"{_LAYERS}.merging:Minimum",
            summary="Smallest of tensors, element by element.",
        ),
        "Multiply": Component(
            "Multiply",
            f"{_LAYERS}.merging:Multiply",
            summary="Product of tensors.",
        ),
        "Subtract": Component(
            "Subtract",
            f"{_LAYERS}.merging:Subtract",
            summary="Difference of two tensors.",
        ),
        "AlphaDropout": Component(
            "AlphaDropout",
            f"{_LAYERS}.noise:AlphaDropout",
            summary="Dropout that keeps mean and variance, for selu.",
        ),
        "GaussianDropout": Component(
            "GaussianDropout",
            f"{_LAYERS}.noise:GaussianDropout",
            summary="Multiplies with normal noise around 1 in training.",
        ),
        "GaussianNoise": Component(
            "GaussianNoise",
            f"{_LAYERS}.noise:GaussianNoise",
            summary="Adds normal noise in training.",
        ),
        "SpatialDropout1D": Component(
            "SpatialDropout1D",
            f"{_LAYERS}.noise:SpatialDropout1D",
            summary="Drops whole channels of sequences in training.",
        ),
        "SpatialDropout2D": Component(
            "SpatialDropout2D",
            f"{_LAYERS}.noise:SpatialDropout2D",
            summary="Drops whole channels of images in training.",
        ),
        "SpatialDropout3D": Component(
            "SpatialDropout3D",
            f"{_LAYERS}.noise:SpatialDropout3D",
            summary="Drops whole channels of volumes in training.",
        ),
        "Normalization": Component(
            "Normalization",
            f"{_LAYERS}.preprocessing:Normalization",
            summary="Brings data to mean 0 and variance 1.",
        ),
        "Rescaling": Component(
            "Rescaling",
            f"{_LAYERS}.preprocessing:Rescaling",
            summary="Multiplies and shifts.",
        ),
        "Permute": Component(
            "Permute",
            f"{_LAYERS}.rearranging:Permute",
            summary="Changes the order of a sample's axes.",
        ),
        "RepeatVector": Component(
            "RepeatVector",
            f"{_LAYERS}.rearranging:RepeatVector",
            summary="Repeats each row.",
        ),
        "TensorOperation": Component(
            "TensorOperation",
            f"{_LAYERS}.tensor_operation:TensorOperation",
            summary="An operator between tensors of a graph.",
        ),
        "Identity": Component("Identity", f"{_LAYERS}.identity:Identity", summary="Does nothing."),
        "EinsumDense": Component(
            "EinsumDense",
            f"{_LAYERS}.einsum_dense:EinsumDense",
            summary="Multiplies inputs and a kernel along axes that an equation names.",
        ),
        "Attention": Component(
            "Attention",
            f"{_LAYERS}.attention:Attention",
            summary="Averages values by how well their keys fit each query.",
        ),
        "AdditiveAttention": Component(
            "AdditiveAttention",
            f"{_LAYERS}.attention:AdditiveAttention",
            summary="Attention whose scores are sums of tanh(query + key).",
        ),
        "MultiHeadAttention": Component(
            "MultiHeadAttention",
            f"{_LAYERS}.multi_head_attention:MultiHeadAttention",
            summary="Attention of several heads, each in its own projection.",
        ),
        "GroupQueryAttention": Component(
            "GroupQueryAttention",
            f"{_LAYERS}.grouped_query_attention:GroupQueryAttention",
            aliases=("GroupedQueryAttention",),
            summary="Attention whose query heads share heads of keys and values.",
        ),
        "Sequential": Component(
            "Sequential", "kplug.models.sequential:Sequential", summary="A chain of layers."
        ),
        "Functional": Component(
            "Functional",
            "kplug.models.functional:Functional",
            aliases=("Model",),
            role="factory",
            summary="A graph of layers.",
        ),
        **SEQUENCE_LAYERS,
    }
