"""The arguments with which the contract suite makes the layer."""

from __future__ import annotations

import torch

from kplug import Example

_PICTURES = torch.randn(4, 32, 32, 3, generator=torch.Generator().manual_seed(0))
EXAMPLES = {
    "TimmNetwork": Example(
        {"architecture": "test_resnet", "arguments": {"num_classes": 3}},
        inputs=(_PICTURES,),
    )
}
