"""K has every name that code of Keras 2 may call."""

from __future__ import annotations

import inspect

import pytest

from kplug import backend as K

# By what they are about; together the public functions of Keras 2.2.4's backend.
TABLE = """
epsilon set_epsilon floatx set_floatx cast_to_floatx image_data_format set_image_data_format
image_dim_ordering set_image_dim_ordering normalize_data_format backend

sum prod max min mean var std any all argmax argmin logsumexp cumsum cumprod
abs square sqrt exp log pow sign round sin cos maximum minimum clip
equal not_equal greater greater_equal less less_equal cast

flatten batch_flatten reshape expand_dims squeeze transpose permute_dimensions concatenate stack tile
repeat repeat_elements reverse arange gather one_hot in_top_k dot batch_dot

shape int_shape ndim dtype count_params is_tensor is_keras_tensor is_placeholder is_sparse to_dense
variable constant placeholder zeros ones eye zeros_like ones_like identity
get_value set_value batch_get_value batch_set_value eval print_tensor
update update_add update_sub moving_average_update
random_normal random_uniform truncated_normal random_binomial random_normal_variable
random_uniform_variable

relu elu softmax softplus softsign sigmoid hard_sigmoid tanh dropout l2_normalize
in_train_phase in_test_phase learning_phase set_learning_phase switch
stop_gradient gradients function
binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy

bias_add conv1d conv2d conv3d conv2d_transpose conv3d_transpose depthwise_conv2d separable_conv1d
separable_conv2d local_conv1d local_conv2d pool2d pool3d resize_images resize_volumes temporal_padding
spatial_2d_padding spatial_3d_padding batch_normalization normalize_batch_in_training
rnn map_fn foldl foldr ctc_batch_cost ctc_decode ctc_label_dense_to_sparse

clear_session get_uid reset_uids get_session set_session manual_variable_initialization name_scope
"""
NAMES = TABLE.split()

# Keras 2.2.4's parameters, in its order: K may be called by position and by name. (Its `set_epsilon`
# and `set_floatx` call theirs `e` and `floatx`.)
SIGNATURES = """
cast_to_floatx x
set_image_data_format data_format
set_image_dim_ordering dim_ordering
normalize_data_format value
get_uid prefix
set_learning_phase value
set_session session
manual_variable_initialization value
is_sparse tensor
to_dense tensor
name_scope name
variable value dtype name constraint
constant value dtype shape name
is_keras_tensor x
is_tensor x
placeholder shape ndim dtype sparse name
is_placeholder x
shape x
int_shape x
ndim x
dtype x
eval x
zeros shape dtype name
ones shape dtype name
eye size dtype name
zeros_like x dtype name
ones_like x dtype name
identity x name
random_uniform_variable shape low high dtype name seed
random_normal_variable shape mean scale dtype name seed
count_params x
cast x dtype
update x new_x
update_add x increment
update_sub x decrement
moving_average_update x value momentum
dot x y
batch_dot x y axes
transpose x
gather reference indices
max x axis keepdims
min x axis keepdims
sum x axis keepdims
prod x axis keepdims
cumsum x axis
cumprod x axis
var x axis keepdims
std x axis keepdims
mean x axis keepdims
any x axis keepdims
all x axis keepdims
argmax x axis
argmin x axis
square x
abs x
sqrt x
exp x
log x
logsumexp x axis keepdims
round x
sign x
pow x a
clip x min_value max_value
equal x y
not_equal x y
greater x y
greater_equal x y
less x y
less_equal x y
maximum x y
minimum x y
sin x
cos x
normalize_batch_in_training x gamma beta reduction_axes epsilon
batch_normalization x mean var beta gamma axis epsilon
concatenate tensors axis
reshape x shape
permute_dimensions x pattern
resize_images x height_factor width_factor data_format interpolation
resize_volumes x depth_factor height_factor width_factor data_format
repeat_elements x rep axis
repeat x n
arange start stop step dtype
tile x n
flatten x
batch_flatten x
expand_dims x axis
squeeze x axis
temporal_padding x padding
spatial_2d_padding x padding data_format
spatial_3d_padding x padding data_format
stack x axis
one_hot indices num_classes
reverse x axes
get_value x
batch_get_value ops
set_value x value
batch_set_value tuples
print_tensor x message
function inputs outputs updates
gradients loss variables
stop_gradient variables
rnn step_function inputs initial_states go_backwards mask constants unroll input_length
switch condition then_expression else_expression
in_train_phase x alt training
in_test_phase x alt training
relu x alpha max_value threshold
elu x alpha
softmax x axis
softplus x
softsign x
categorical_crossentropy target output from_logits axis
sparse_categorical_crossentropy target output from_logits axis
binary_crossentropy target output from_logits
sigmoid x
hard_sigmoid x
tanh x
dropout x level noise_shape seed
l2_normalize x axis
in_top_k predictions targets k
conv1d x kernel strides padding data_format dilation_rate
conv2d x kernel strides padding data_format dilation_rate
conv2d_transpose x kernel output_shape strides padding data_format dilation_rate
separable_conv1d x depthwise_kernel pointwise_kernel strides padding data_format dilation_rate
separable_conv2d x depthwise_kernel pointwise_kernel strides padding data_format dilation_rate
depthwise_conv2d x depthwise_kernel strides padding data_format dilation_rate
conv3d x kernel strides padding data_format dilation_rate
conv3d_transpose x kernel output_shape strides padding data_format
pool2d x pool_size strides padding data_format pool_mode
pool3d x pool_size strides padding data_format pool_mode
bias_add x bias data_format
random_normal shape mean stddev dtype seed
random_uniform shape minval maxval dtype seed
random_binomial shape p dtype seed
truncated_normal shape mean stddev dtype seed
ctc_label_dense_to_sparse labels label_lengths
ctc_batch_cost y_true y_pred input_length label_length
ctc_decode y_pred input_length greedy beam_width top_paths
map_fn fn elems name dtype
foldl fn elems initializer name
foldr fn elems initializer name
local_conv1d inputs kernel kernel_size strides data_format
local_conv2d inputs kernel kernel_size strides output_shape data_format
"""


@pytest.mark.parametrize("name", NAMES)
def test_name_is_a_public_function_with_documentation(name: str) -> None:
    assert inspect.isfunction(getattr(K, name))
    assert inspect.getdoc(getattr(K, name))


@pytest.mark.parametrize("line", SIGNATURES.strip().splitlines(), ids=lambda line: line.split()[0])
def test_parameters_are_those_of_keras_2(line: str) -> None:
    name, *wanted = line.split()
    parameters = list(inspect.signature(getattr(K, name)).parameters)
    assert parameters[: len(wanted)] == wanted
