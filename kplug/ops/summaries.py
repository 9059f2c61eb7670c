"""One-line summaries of the functions of ``kplug.ops``, for their docstrings."""

from __future__ import annotations

from collections.abc import Mapping

_TEXT = """
abs, absolute, fabs | the absolute value of each element
adaptive_average_pool, adaptive_max_pool | the mean, or largest value, of as many windows as asked for
add, subtract, multiply, divide, true_divide | the elementwise sum, difference, product or quotient
all, any | whether all, or any, elements along the axes are true
allclose | whether all elements are equal up to rtol·|x2| + atol
amax, amin, max, min | the largest, or smallest, element along the axes
angle | the angle of each complex number, in radians
append | two tensors one behind the other; both are flattened without an axis
arange | the numbers from ``start`` up to ``stop``, which is left out
arccos, arccosh, arcsin, arcsinh, arctan, arctanh | the inverse of the function of each element
arctan2 | the angle of each point (x2, x1), in radians
argmax, argmin | where the largest, or smallest, element along an axis stands
argpartition | the places in an order in which the ``kth`` element stands where it does when sorted
argsort | the places of the elements in rising order
array, convert_to_tensor | a tensor of an array, a list or a number
array_split | the parts of a tensor along an axis, which may differ by one in size
associative_scan | what an associative function of two makes of the first one, two, three … entries
average | the mean along the axes, with weights
average_pool, max_pool | the mean, or largest value, of each window
bartlett, blackman, hamming, hanning, kaiser | a window for signals: weights that fall towards both ends
batch_normalization | (x - mean) / √(variance + ε) along an axis, scaled and shifted
binary_crossentropy | -[t ln p + (1 - t) ln(1 - p)] for each element
bincount | how often each whole number from 0 on occurs
bitwise_and, bitwise_or, bitwise_xor | the combination of the bits of two integers
bitwise_invert, bitwise_not | each integer with all bits turned over
bitwise_left_shift, left_shift, bitwise_right_shift, right_shift | each integer with its bits moved
broadcast_to | a tensor repeated along axes of size 1 until it has a shape
cast | a tensor with another number type
categorical_crossentropy | -Σ t ln p along the axis of the classes
cbrt | the cube root of each element
cdist | the distance of each row of one tensor from each row of another
ceil, floor, trunc | each element rounded up, down or towards 0
celu, elu, selu | an exponential linear unit: x above 0, a curve towards a negative limit below
cholesky | the triangular L with x = L Lᵀ, or the upper one
cholesky_inverse | the inverse of the matrix whose Cholesky factor is given
clip | each element kept between two limits
concatenate | tensors one behind the other along an axis
cond | what one of two functions returns, as a condition says
conj, conjugate | each complex number with its imaginary part turned over
conv | a convolution over one, two or three axes; the kernel is (…, in, out)
conv_transpose | a transposed convolution; the kernel is (…, out, in)
copy | a copy of a tensor
corrcoef | the correlation of each row with each other one
correlate | the sums of products of two vectors, one moved along the other
cos, cosh, sin, sinh, tan, tanh | the function of each element
count_nonzero | how many elements along the axes are not 0
cross | the vector product of three-dimensional vectors along an axis
ctc_decode | the most probable label sequences, and how probable they are
ctc_loss | -ln of the probability of each label sequence, summed over all alignments
cumprod, cumsum | the products, or sums, of the first one, two, three … elements along an axis
deg2rad, rad2deg | each angle in radians, or in degrees
depth_to_space | pictures enlarged by blocks whose pixels lay in the channels
depthwise_conv | a convolution of each channel by itself; the kernel is (…, in, multiplier)
det | the determinant of each matrix
diag | the diagonal of a matrix, or a matrix with a vector as its diagonal
diagflat | a matrix with all elements on its diagonal
diagonal | the diagonal of each matrix along two axes
diff | the differences of neighbours along an axis, ``n`` times
digitize | the number of the bin in which each element lies
divide_no_nan | the quotient of two tensors, 0 where the second is 0
dot | the product of vectors or matrices, summed over the last axis of x1 and the last but one of x2
dot_product_attention | softmax(q·k)·v for each head, with masks and a bias
dsplit, hsplit, vsplit | the parts of a tensor along its third, second or first axis
dstack, hstack, vstack | tensors one behind the other along the third, second or first axis
eig, eigh | the eigenvalues and eigenvectors of each matrix; ``eigh`` takes symmetric ones
einsum | sums of products, as a text such as "ij,jk->ik" says
empty, zeros, ones | a tensor of a shape without set values, of zeros or of ones
empty_like, zeros_like, ones_like | a tensor of the shape and type of another
equal, not_equal, greater, greater_equal, less, less_equal | the comparison of two tensors, elementwise
erf, erfc, erfinv | the error function of each element, its complement or its inverse
exp, exp2, expm1 | eˣ, 2ˣ or eˣ - 1 for each element
expand_dims | a tensor with a new axis of size 1
extract_sequences | windows of a signal, one every ``sequence_stride`` cells
eye, identity, tri | a matrix with ones on a diagonal, or up to it
fft, fft2, ifft2 | the discrete Fourier transform of a pair of tensors, over one or two axes, or its inverse
flip, fliplr, flipud | a tensor turned over along axes, along the second or the first
floor_divide, mod, fmod | the whole quotient of two tensors, or what remains
fmax, fmin, maximum, minimum | the larger, or smaller, of two elements; ``fmax`` and ``fmin`` pass over NaN
fold | the sum of overlapping windows, put back where ``unfold`` took them
fori_loop | what a function makes of a value, called for each number from ``lower`` up to ``upper``
full, full_like | a tensor filled with one value
gcd, lcm | the greatest common divisor, or least common multiple, of two integers
gelu | x·Φ(x), by tanh or exactly
geomspace, logspace | numbers whose ratios are equal
get_item | a part of a tensor, as ``x[key]``
glu | the first half of an axis times the sigmoid of the second
hard_shrink, soft_shrink, tanh_shrink, threshold | x where it is large enough, made smaller or as it is
hard_sigmoid, hard_tanh | a function of straight lines that is like the sigmoid or tanh
hard_silu, hard_swish, silu, swish | x times its (hard) sigmoid
heaviside | 0 below 0, 1 above it, and x2 at 0
histogram | how many elements lie in each of some bins, and the edges of these
hypot | √(x1² + x2²)
i0, sinc, sign, signbit | the function of each element
imag, real | the imaginary, or real, part of each element
in_top_k | whether each target is among the k largest predictions
inner, vdot, outer, kron | the inner, complex inner, outer or Kronecker product of two tensors
inv, pinv | the (pseudo-)inverse of each matrix
irfft, rfft | the Fourier transform of a real signal, or its inverse
isclose | whether two elements are equal up to rtol·|x2| + atol
isfinite, isinf, isnan, isneginf, isposinf, isreal | whether each element is so
isin | whether each element of x1 is one of x2
istft, stft | the Fourier transforms of windows of a signal, or the signal again
jvp | what a function returns, and how it changes along given directions
layer_normalization | x moved to mean 0 and variance 1 along axes, scaled and shifted
ldexp | x1·2^x2
leaky_relu | x above 0, ``negative_slope``·x below
linspace | numbers at equal distances
log, log10, log1p, log2 | the logarithm of each element; ``log1p`` that of 1 + x
log_sigmoid, log_softmax | the logarithm of the sigmoid, or of the softmax along an axis
logaddexp, logaddexp2 | log(eˣ¹ + eˣ²), or the same with base 2
logdet, slogdet | the logarithm of the determinant of each matrix, and its sign
logical_and, logical_or, logical_xor, logical_not | the combination of truth values
logsumexp | log Σ eˣ along the axes, without overflow
lstsq | x for which a·x is nearest to b
lu_factor | the LU decomposition of each matrix, and its pivots
map, vectorized_map | what a function makes of each entry of the first axis
matmul | the product of matrices along the last two axes
matrix_rank | the rank of each matrix
mean, std, var, median | the mean, standard deviation, variance or median along the axes
meshgrid | the coordinates of a grid, from those along each axis
moments | mean and variance along the axes
moveaxis, swapaxes, transpose | a tensor with its axes in another order
multi_hot, one_hot | ones at the given classes and zeros elsewhere
nan_to_num | a tensor with numbers in the place of NaN and infinity
nanargmax, nanargmin | where the largest, or smallest, element stands that is not NaN; -1 without one
nancumprod, nancumsum | the running products or sums, passing over NaN
nanmax, nanmin, nanmean, nanmedian, nanprod, nanstd, nansum, nanvar | the same without NaN
nanpercentile, nanquantile, percentile, quantile | the value below which a share of the elements lies
negative, reciprocal, square, sqrt, rsqrt | -x, 1/x, x², √x or 1/√x for each element
nextafter | the next number after x1 in the direction of x2
nonzero | where the elements are not 0
norm | a norm of vectors or matrices along axes
normalize | x divided by its norm along an axis
pad | a tensor with cells around it
polar | the complex numbers of given absolute values and angles
power | x1 to the power of x2
prod, sum | the product, or sum, along the axes
psnr | the peak signal-to-noise ratio of two tensors, in decibels
ptp | the largest minus the smallest element along the axes
qr | the matrices Q and R with x = Q·R
ravel | all elements in one vector
rearrange | a tensor with its axes split, joined and moved, as a text such as "b h w -> b (h w)" says
relu, relu6 | x above 0 and 0 below; ``relu6`` is 6 at most
repeat, tile | a tensor whose elements, or which as a whole, is repeated
reshape | the same elements in another shape
rms_normalization | x divided by its root mean square along axes, scaled
roll | a tensor moved along axes; what falls off comes back at the other end
rot90 | a tensor turned by quarters
round | each element rounded to a number of decimals
saturate_cast | a tensor with another number type, values outside of its range cut off
scan | the last state, and the results, of a function that is called for each entry of the first axis
scatter | zeros with values at some indices; those at the same index are added
scatter_update, slice_update | a tensor with other values at some indices, or in one part
searchsorted | where each value would stand in a sorted vector
segment_max, segment_min, segment_prod, segment_sum | the reduction of the entries with the same segment id
select | for each element the choice whose condition is the first to be true
separable_conv | a convolution of each channel by itself, then one across the channels
sigmoid, sparse_sigmoid | 1 / (1 + e⁻ˣ), or a function like it that reaches 0 and 1
slice | a part of a tensor, from ``start_indices`` on and of a shape
softmax, sparsemax | positive values, or zeros too for ``sparsemax``, that sum to 1 along an axis
softplus, sparse_plus, squareplus | a smooth function that is 0 far below 0 and x far above
softsign | x / (1 + |x|)
solve, solve_triangular | x with a·x = b; a is triangular for ``solve_triangular``
sort | the elements in rising order along an axis
space_to_depth | pictures made smaller by blocks whose pixels go into the channels
sparse_categorical_crossentropy | -ln p of the right class, whose id is the target
split | the parts of a tensor along an axis, equal or at the given places
squeeze | a tensor without its axes of size 1
stack | tensors side by side along a new axis
stop_gradient | a tensor through which no gradient passes
svd | the singular value decomposition of each matrix
switch | what one of several functions returns, as an index says
take, take_along_axis | the entries at some indices along an axis
tensordot | sums of products over given axes of two tensors
top_k | the k largest elements along the last axis, and where they stand
trace | the sum of the diagonal of each matrix
trapezoid | the integral along an axis, by the trapezoidal rule
tril, triu | a matrix with zeros above, or below, a diagonal
unfold | the windows of pictures, as columns
unique | the different elements, and as asked for where and how often they occur
unravel_index | the indices along each axis for places in a flattened tensor
unstack | the entries of an axis as a list
vander | a matrix of the powers of each element
view, view_as_complex, view_as_real | the same memory with another number type
where | x1 where a condition is true and x2 elsewhere
while_loop | what a function makes of some values, called as long as a condition holds
image.affine_transform, image.perspective_transform | pictures turned, stretched, sheared or tilted
image.crop_images, image.pad_images | pictures with pixels cut off, or added, at the edges
image.elastic_transform | pictures warped by smooth random shifts
image.extract_patches, image.extract_patches_3d | the windows of pictures or volumes, each as one row
image.gaussian_blur | blurred pictures
image.hsv_to_rgb, image.rgb_to_hsv | pictures with hue, saturation and value in the channels, or back
image.map_coordinates | the values at places between the cells of a tensor
image.resize | pictures in another size
image.rgb_to_grayscale | pictures in shades of grey
image.scale_and_translate | a tensor resized and moved along some axes
image.sobel_edges | the differences along height and width, weighed by Sobel's filter
image.ssim | how similar two pictures are, by structure
random.beta, random.gamma, random.normal, random.uniform | draws from the distribution
random.binomial | draws of how many of ``counts`` trials succeed
random.categorical | draws of classes whose probabilities are the softmax of the logits
random.dropout | a tensor with a random part set to 0 and the rest made larger
random.randint | draws of whole numbers, each as likely, from ``minval`` up to ``maxval``
random.shuffle | a tensor with the entries of an axis in a random order
random.truncated_normal | draws from a normal distribution, none beyond two standard deviations
"""


def _read() -> dict[str, str]:
    lines = [line.partition(" | ") for line in _TEXT.strip().splitlines()]
    return {name: text for names, _, text in lines for name in names.split(", ")}


SUMMARIES: Mapping[str, str] = _read()
