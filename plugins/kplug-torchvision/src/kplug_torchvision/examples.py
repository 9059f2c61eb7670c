"""The arguments with which the contract suite makes the layer."""

from __future__ import annotations

import torch

from kplug import Example

_PICTURES = torch.randn(4, 64, 64, 3, generator=torch.Generator().manual_seed(0))
EXAMPLES = {
    "TorchvisionNetwork": Example(
        {"architecture": "shufflenet_v2_x0_5", "arguments": {"num_classes": 3}},
        inputs=(_PICTURES,),
    )
}
