"""One-line summaries of the functions of ``kplug.ops``, for their docstrings."""

from __future__ import annotations

from collections.abc import Mapping

_TEXT = """
abs, absolute, fabs | the absolute value of each element
adaptive_average_pool, adaptive_max_pool | the mean, or maximum, of windows for an output of a given size
add, subtract, multiply, divide, true_divide | the elementwise sum, difference, product or quotient
all, any | whether all, or any, elements along the axes are true
allclose | whether all elements are equal up to rtol·|x2| + atol
amax, amin, max, min | the largest, or smallest, element along the axes
angle | the angle of each complex number, in radians
append | two tensors concatenated, flattened first if no axis is given
arange | the numbers from ``start`` to ``stop``, exclusive
arccos, arccosh, arcsin, arcsinh, arctan, arctanh | the inverse function of each element, as the name says
arctan2 | the angle of each point (x2, x1), in radians
argmax, argmin | the index of the largest, or smallest, element along an axis
argpartition | indices that partition a tensor: the ``kth`` element is where sorting puts it
argsort | the indices that sort a tensor in ascending order
array, convert_to_tensor | a tensor of an array, a list or a number
array_split | the parts of a tensor along an axis, whose sizes differ by at most one
associative_scan | the cumulative results of an associative function of two arguments along an axis
average | the mean along the axes, with weights
average_pool, max_pool | the mean, or maximum, of each window
bartlett, blackman, hamming, hanning, kaiser | a window function for signals
batch_normalization | (x - mean) / √(variance + ε) along an axis, scaled and shifted
binary_crossentropy | -[t ln p + (1 - t) ln(1 - p)] for each element
bincount | the number of occurrences of each integer from 0 on
bitwise_and, bitwise_or, bitwise_xor | the bitwise combination of two integers
bitwise_invert, bitwise_not | each integer with its bits inverted
bitwise_left_shift, left_shift, bitwise_right_shift, right_shift | each integer with its bits shifted
broadcast_to | a tensor broadcast to a shape
cast | a tensor with another number type
categorical_crossentropy | -Σ t ln p along the axis of the classes
cbrt | the cube root of each element
cdist | the distance of each row of one tensor from each row of another
ceil, floor, trunc | each element rounded up, down or towards 0
celu, elu, selu | an exponential linear unit: x above 0, a curve towards a negative limit below
cholesky | the triangular L with x = L Lᵀ, or the upper one
cholesky_inverse | the inverse of the matrix whose Cholesky factor is given
clip | each element limited to a range
concatenate | tensors concatenated along an axis
cond | the result of one of two functions, chosen by a condition
conj, conjugate | the complex conjugate of each element
conv | a convolution over one, two or three axes; the kernel is (…, in, out)
conv_transpose | a transposed convolution; the kernel is (…, out, in)
copy | a copy of a tensor
corrcoef | the correlation coefficients of the rows
correlate | the cross-correlation of two vectors
cos, cosh, sin, sinh, tan, tanh | the function of each element, as the name says
count_nonzero | the number of elements along the axes that are not 0
cross | the vector product of three-dimensional vectors along an axis
ctc_decode | the most probable label sequences, with their log-probabilities
ctc_loss | -ln of the probability of each label sequence, summed over all alignments
cumprod, cumsum | the cumulative product, or sum, along an axis
deg2rad, rad2deg | each angle in radians, or in degrees
depth_to_space | images enlarged by moving blocks of channels into height and width
depthwise_conv | a separate convolution of each channel; the kernel is (…, in, multiplier)
det | the determinant of each matrix
diag | the diagonal of a matrix, or a matrix with a vector as its diagonal
diagflat | a matrix with all elements on its diagonal
diagonal | the diagonal of each matrix along two axes
diff | the ``n``-th differences of neighbours along an axis
digitize | the index of the bin that contains each element
divide_no_nan | the quotient of two tensors, 0 where the second is 0
dot | the product of vectors or matrices, summed over the last axis of x1 and the last but one of x2
dot_product_attention | softmax(q·k)·v for each head, with masks and a bias
dsplit, hsplit, vsplit | the parts of a tensor along its third, second or first axis
dstack, hstack, vstack | tensors concatenated along the third, second or first axis
eig, eigh | the eigenvalues and eigenvectors of each matrix; ``eigh`` takes symmetric ones
einsum | sums of products in Einstein notation, such as "ij,jk->ik"
empty, zeros, ones | a tensor of a shape without set values, of zeros or of ones
empty_like, zeros_like, ones_like | a tensor of the shape and type of another
equal, not_equal, greater, greater_equal, less, less_equal | the comparison of two tensors, elementwise
erf, erfc, erfinv | the error function of each element, its complement or its inverse
exp, exp2, expm1 | eˣ, 2ˣ or eˣ - 1 for each element
expand_dims | a tensor with a new axis of size 1
extract_sequences | windows of a signal, ``sequence_stride`` elements apart
eye, identity, tri | a matrix with ones on a diagonal, or up to it
fft, fft2, ifft2 | the discrete Fourier transform of a pair of tensors, over one or two axes, or its inverse
flip, fliplr, flipud | a tensor reversed along axes, along the second or the first
floor_divide, mod, fmod | the integer quotient of two tensors, or the remainder
fmax, fmin, maximum, minimum | the larger, or smaller, of two elements; ``fmax`` and ``fmin`` ignore NaN
fold | the sum of overlapping windows at the positions from which ``unfold`` takes them
fori_loop | the final value of a loop of a function over integers below ``upper``
full, full_like | a tensor filled with one value
gcd, lcm | the greatest common divisor, or least common multiple, of two integers
gelu | x·Φ(x), by tanh or exactly
geomspace, logspace | numbers evenly spaced on a logarithmic scale
get_item | a part of a tensor, as ``x[key]``
glu | the first half of an axis times the sigmoid of the second
hard_shrink, soft_shrink, tanh_shrink, threshold | x shrunk towards 0, or replaced below a threshold
hard_sigmoid, hard_tanh | a piecewise linear approximation of the sigmoid or tanh
hard_silu, hard_swish, silu, swish | x times its (hard) sigmoid
heaviside | 0 below 0, 1 above it, and x2 at 0
histogram | the number of elements in each bin, and the edges of the bins
hypot | √(x1² + x2²)
i0, sinc, sign, signbit | the Bessel function I₀, sinc, sign or sign bit of each element
imag, real | the imaginary, or real, part of each element
in_top_k | whether each target is among the k largest predictions
inner, vdot, outer, kron | the inner, conjugated inner, outer or Kronecker product of two tensors
inv, pinv | the (pseudo-)inverse of each matrix
irfft, rfft | the Fourier transform of a real signal, or its inverse
isclose | whether two elements are equal up to rtol·|x2| + atol
isfinite, isinf, isnan, isneginf, isposinf, isreal | whether each element is what the name says
isin | whether each element of x1 is one of x2
istft, stft | the Fourier transforms of windows of a signal, or the signal reconstructed from them
jvp | the result of a function and its Jacobian-vector product
layer_normalization | x normalized to mean 0 and variance 1 along axes, scaled and shifted
ldexp | x1·2^x2
leaky_relu | x above 0, ``negative_slope``·x below
linspace | evenly spaced numbers
log, log10, log1p, log2 | the logarithm of each element; ``log1p`` that of 1 + x
log_sigmoid, log_softmax | the logarithm of the sigmoid, or of the softmax along an axis
logaddexp, logaddexp2 | log(eˣ¹ + eˣ²), or the same with base 2
logdet, slogdet | the logarithm of the determinant of each matrix, and its sign
logical_and, logical_or, logical_xor, logical_not | the logical combination of truth values
logsumexp | log Σ eˣ along the axes, without overflow
lstsq | the least-squares solution x of a·x = b
lu_factor | the LU decomposition of each matrix, and its pivots
map, vectorized_map | the results of a function for each entry of the first axis
matmul | the product of matrices along the last two axes
matrix_rank | the rank of each matrix
mean, std, var, median | the mean, standard deviation, variance or median along the axes
meshgrid | the coordinates of a grid, given those along each axis
moments | mean and variance along the axes
moveaxis, swapaxes, transpose | a tensor with its axes permuted
multi_hot, one_hot | ones at the given classes and zeros elsewhere
nan_to_num | a tensor with NaN and infinity replaced by numbers
nanargmax, nanargmin | the index of the largest, or smallest, element that is not NaN; -1 if there is none
nancumprod, nancumsum | the cumulative product, or sum, along an axis, ignoring NaN
nanmax, nanmin, nanmean, nanmedian, nanprod, nanstd, nansum, nanvar | the reduction, ignoring NaN
nanpercentile, nanquantile, percentile, quantile | the value below which a share of the elements lies
negative, reciprocal, square, sqrt, rsqrt | -x, 1/x, x², √x or 1/√x for each element
nextafter | the next representable number after x1 in the direction of x2
nonzero | the indices of the elements that are not 0
norm | a norm of vectors or matrices along axes
normalize | x divided by its norm along an axis
pad | a tensor padded along its axes
polar | the complex numbers of given absolute values and angles
power | x1 to the power of x2
prod, sum | the product, or sum, along the axes
psnr | the peak signal-to-noise ratio of two tensors, in decibels
ptp | the largest minus the smallest element along the axes
qr | the matrices Q and R with x = Q·R
ravel | a tensor flattened to a vector
rearrange | a tensor with its axes split, merged and permuted by a pattern such as "b h w -> b (h w)"
relu, relu6 | x above 0 and 0 below; ``relu6`` is at most 6
repeat, tile | a tensor with its elements repeated, or repeated as a whole
reshape | the same elements in another shape
rms_normalization | x divided by its root mean square along axes, scaled
roll | a tensor shifted along axes, wrapping around at the ends
rot90 | a tensor rotated by multiples of 90°
round | each element rounded to a number of decimals
saturate_cast | a tensor with another number type, values outside of its range clipped
scan | the final state of a function called for each entry of the first axis, and its stacked results
scatter | zeros with values at the given indices; values at the same index are added
scatter_update, slice_update | a tensor with other values at the given indices, or in one slice
searchsorted | the index at which each value would be inserted into a sorted vector
segment_max, segment_min, segment_prod, segment_sum | the reduction of the entries with the same segment id
select | for each element the choice whose condition is the first to be true
separable_conv | a separate convolution of each channel, then one across the channels
sigmoid, sparse_sigmoid | 1 / (1 + e⁻ˣ), or a piecewise linear function that reaches 0 and 1
slice | a slice of a tensor with a given start and shape
softmax, sparsemax | positive values, or zeros too for ``sparsemax``, that sum to 1 along an axis
softplus, sparse_plus, squareplus | a smooth approximation of relu
softsign | x / (1 + |x|)
solve, solve_triangular | x with a·x = b; a is triangular for ``solve_triangular``
sort | the elements in ascending order along an axis
space_to_depth | images made smaller by moving blocks of pixels into the channels
sparse_categorical_crossentropy | -ln p of the right class, whose id is the target
split | the parts of a tensor along an axis, of equal size or split at given positions
squeeze | a tensor without its axes of size 1
stack | tensors stacked along a new axis
stop_gradient | a tensor that passes no gradient on
svd | the singular value decomposition of each matrix
switch | the result of one of several functions, chosen by an index
take, take_along_axis | the entries at the given indices along an axis
tensordot | the sums of products over given axes of two tensors
top_k | the k largest elements along the last axis, and their indices
trace | the sum of the diagonal of each matrix
trapezoid | the integral along an axis, by the trapezoidal rule
tril, triu | a matrix with zeros above, or below, a diagonal
unfold | the windows of images, as columns
unique | the distinct elements and, on request, their indices and counts
unravel_index | the indices along each axis, given those into the flattened tensor
unstack | the entries of an axis as a list
vander | a matrix of the powers of each element
view, view_as_complex, view_as_real | a view of the same memory with another number type
where | x1 where a condition is true and x2 elsewhere
while_loop | the final values of a loop that runs while a condition holds
image.affine_transform, image.perspective_transform | images rotated, stretched, sheared or tilted
image.crop_images, image.pad_images | images with pixels removed, or added, at the edges
image.elastic_transform | images distorted by smooth random shifts
image.extract_patches, image.extract_patches_3d | the windows of images or volumes, each flattened to one row
image.gaussian_blur | blurred images
image.hsv_to_rgb, image.rgb_to_hsv | images converted from HSV to RGB channels, or back
image.map_coordinates | the values interpolated at given coordinates of a tensor
image.resize | resized images
image.rgb_to_grayscale | images converted to greyscale
image.scale_and_translate | a tensor resized and moved along some axes
image.sobel_edges | the gradients along height and width, by Sobel's filter
image.ssim | the structural similarity of two images
random.beta, random.gamma, random.normal, random.uniform | draws from the distribution
random.binomial | draws of the number of successes among ``counts`` trials
random.categorical | draws of classes whose probabilities are the softmax of the logits
random.dropout | a tensor with random elements set to 0 and the rest scaled up
random.randint | draws of integers from ``minval`` to ``maxval``, exclusive, all equally likely
random.shuffle | a tensor with the entries of an axis in random order
random.truncated_normal | draws from a normal distribution, truncated at two standard deviations
"""


def _read() -> dict[str, str]:
    lines = [line.partition(" | ") for line in _TEXT.strip().splitlines()]
    return {name: text for names, _, text in lines for name in names.split(", ")}


SUMMARIES: Mapping[str, str] = _read()
