"""The arguments with which the contract suite makes the layer."""

from __future__ import annotations

import torch

from kplug import Example

_SMALL = {
    "encoder_name": "tu-test_resnet",
    "decoder_channels": [16, 8, 8, 8, 8],
    "decoder_use_norm": False,
}
_PICTURES = torch.randn(4, 96, 96, 3, generator=torch.Generator().manual_seed(0))
EXAMPLES = {
    "SegmentationNetwork": Example(
        {"architecture": "Unet", "arguments": _SMALL}, inputs=(_PICTURES,)
    )
}
