"""Weights in files: in the HDF5 layouts of Keras 2 and Keras 3, and in safetensors.

``weight_files`` has the two doors. A model's weights are listed (``named_weights``), paired with what a file
holds (``keras2_matching``, ``keras3_matching``) in a ``LoadPlan``, and copied (``hdf5_tensors``).
"""
