"""Arguments for the functions of ``ops.image``, with which they are compared with those of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

_DRAWS = np.random.default_rng(0)
X = _DRAWS.random((2, 6, 5, 3)).astype("float32")
BYTES = (X * 255).astype("uint8")
FIRST = X.transpose(0, 3, 1, 2).copy()
_VOLUMES = _DRAWS.random((2, 4, 3, 5, 2)).astype("float32")
_LARGE = _DRAWS.random((2, 2, 12, 13, 2)).astype("float32")
# No coordinate is nearer than 0.02 to where "nearest" changes pixels, or "bilinear" its four.
_TURN = np.array(
    [[1.1, 0.05, -1.08, 0.13, 0.88, 0.44, 0, 0], [1.09, 0.32, -0.07, -0.06, 1.17, 1.09, 0, 0]],
    "float32",
)
CORNERS = np.array([[0, 0], [4, 0], [0, 5], [4, 5]], "float32")
_MOVED = (CORNERS + _DRAWS.random((2, 4, 2))).astype("float32")
_PLACES = (_DRAWS.random((3, 2, 4)) * 12 - 3).astype("float32")
_SCALE, _SHIFT = np.array([0.6, 1.5], "float32"), np.array([0.3, -1.0], "float32")
_FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
_LAST, _CHANNELS_FIRST = "channels_last", "channels_first"

PICTURE_CASES: dict[str, list[tuple[Any, ...]]] = {
    "image.resize": [
        *((X, (4, 7), mode) for mode in ("bilinear", "nearest", "bicubic")),
        *((BYTES, (4, 7), mode, True) for mode in ("bilinear", "nearest", "bicubic")),
        (X[0], (4, 7), "bicubic", True),
        (X, (4, 4), "bilinear", False, True),
        (X, (3, 9), "bilinear", False, False, True, "constant", 0.5),
        (BYTES, (3, 9), "nearest", False, False, True, "constant", 7.5),
        (FIRST, (4, 7), "bilinear", False, False, False, "constant", 0.0, _CHANNELS_FIRST),
    ],
    "image.scale_and_translate": [
        (given, (2, 5, 9, 3), _SCALE, _SHIFT, (1, 2), method, is_smooth)
        for method in ("linear", "bicubic", "lanczos3", "lanczos5")
        for given, is_smooth in ((X, True), (X, False), (BYTES, True))
    ],
    "image.rgb_to_grayscale": [(X,), (BYTES,), (X[0],), (X[..., :1],), (FIRST, _CHANNELS_FIRST)],
    "image.rgb_to_hsv": [(X,), (X[0],), (X.round(),), (FIRST, _CHANNELS_FIRST)],
    "image.hsv_to_rgb": [(X,), (X[0],), (FIRST, _CHANNELS_FIRST)],
    "image.sobel_edges": [(X, _LAST), (FIRST, _CHANNELS_FIRST)],
    "image.gaussian_blur": [
        (X, (3, 3), (1.0, 2.0), _LAST),
        (X[0], (5, 5), (2.0, 2.0), _LAST),
        (FIRST, (3, 3), (0.5, 0.5), _CHANNELS_FIRST),
    ],
    "image.ssim": [(*_LARGE,), (*_LARGE[:, 0],), (*_LARGE, 2.0, 5, 1.0, 0.02, 0.05)],
    "image.pad_images": [(X, 1, 2, None, 1, 9), (BYTES, None, None, 0, 1, 8, 7)],
    "image.crop_images": [(X, 1, 2, None, 1, 4), (X[0], None, None, 0, 1, 3, 2)],
    "image.extract_patches": [
        *((X, size, None, 1, way) for size in (2, (3, 2)) for way in ("valid", "same")),
        (X[0], (3, 2), 1, 1),
        (X, 2, 1, 2, "same"),
        (_VOLUMES, (2, 3, 1)),
    ],
    "image.extract_patches_3d": [(_VOLUMES, 2), (_VOLUMES[0], (2, 3, 1), 1, 1, "same")],
    "image.map_coordinates": [
        (given, places, order, mode, 0.25)
        for given, places in ((X[0], _PLACES), (X[0, ..., 0], _PLACES[:2]))
        for order in (0, 1)
        for mode in _FILL_MODES
    ],
    "image.affine_transform": [
        *((X, _TURN, way, mode, 0.3) for way in ("nearest", "bilinear") for mode in _FILL_MODES),
        (BYTES, _TURN, "bilinear", "constant", 3),
        (X[0], _TURN[0]),
        (FIRST, _TURN, "bilinear", "reflect", 0, _CHANNELS_FIRST),
    ],
    "image.perspective_transform": [
        (X, np.stack([CORNERS] * 2), _MOVED, "bilinear", 0.3),
        (X, CORNERS, _MOVED[0], "nearest"),
        (X[0], CORNERS, _MOVED[0]),
    ],
}
