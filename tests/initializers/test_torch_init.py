"""torch's initializers: its numbers, for weights in Keras's order of a shape."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import torch
from torch.nn import init

from kplug.builtins.torch import kplug_initializers
from kplug.errors import ArgumentError, ArgumentValueError
from kplug.initializers import Initializer, RandomInitializer, get
from kplug.registry import resolve

TABLE = kplug_initializers()
ARGUMENTS: dict[str, dict[str, Any]] = {
    "dirac": {"groups": 2},
    "kaiming_normal": {"a": 0.1, "mode": "fan_out"},
    "kaiming_uniform": {"a": 5**0.5},
    "normal": {"mean": 1.0, "std": 2.0},
    "orthogonal": {"gain": 2.0},
    "sparse": {"sparsity": 0.4, "std": 0.5},
    "trunc_normal": {"std": 3.0, "a": -1.0},
    "uniform": {"a": -1.0},
    "xavier_normal": {"gain": 3.0},
    "xavier_uniform": {},
}
SHAPES: dict[str, list[tuple[int, ...]]] = {
    "dirac": [(3, 2, 4), (3, 3, 2, 4), (1, 3, 3, 2, 4)],
    "sparse": [(5, 4), (4, 9)],
}
# Those that read fans from the shape want two dimensions and more.
SHAPES |= {name: [(), (7,), (3, 3, 5, 4)] for name in ("uniform", "normal", "trunc_normal")}
ANY = [(5, 4), (3, 5, 4), (3, 2, 5, 4), (2, 2, 2, 5, 4)]
CASES = [(name, shape) for name in TABLE for shape in SHAPES.get(name, ANY)]


def in_torchs_order(values: torch.Tensor) -> torch.Tensor:
    rank = values.dim()
    return values if rank < 2 else values.permute(rank - 1, rank - 2, *range(rank - 2))


def make(name: str, **more: object) -> Any:
    return get({"name": f"torch/{name}", "args": {**ARGUMENTS[name], **more}})


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_values_are_torchs(name: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(3)
    ours = make(name)(shape)
    torch.manual_seed(3)
    theirs = torch.empty(in_torchs_order(torch.empty(shape)).shape)
    getattr(init, f"{name}_")(theirs, **ARGUMENTS[name])
    assert ours.shape == shape
    torch.testing.assert_close(in_torchs_order(ours), theirs, rtol=0, atol=0)


def test_a_kernel_starts_as_that_of_torchs_layer() -> None:
    torch.manual_seed(3)
    layer = torch.nn.Conv2d(5, 4, 3, bias=False)
    torch.manual_seed(3)
    kernel = get(f"torch/kaiming_uniform(a={5**0.5})")((3, 3, 5, 4))
    torch.testing.assert_close(kernel.permute(3, 2, 0, 1), layer.weight.detach(), rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted(TABLE.keys() - {"dirac"}))
def test_seeds_repeat_and_generators_go_on(name: str) -> None:
    seeded = make(name, seed=5)
    assert torch.equal(seeded((6, 8)), seeded((6, 8)))
    torch.manual_seed(0)
    before = torch.get_rng_state()
    seeded((6, 8))
    assert torch.equal(before, torch.get_rng_state())
    drawing = type(seeded)(**{**seeded.get_config(), "seed": torch.Generator().manual_seed(5)})
    assert torch.equal(drawing((6, 8)), seeded((6, 8)))
    assert not torch.equal(drawing((6, 8)), seeded((6, 8)))


@pytest.mark.parametrize("name", TABLE)
def test_configuration_makes_it_again(name: str) -> None:
    initializer = make(name)
    assert isinstance(initializer, Initializer)
    config = json.loads(json.dumps(initializer.get_config()))
    assert config.items() >= ARGUMENTS[name].items()
    assert get({"class_name": f"torch/{name}", "config": config}).get_config() == config


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_data_type_is_kept(dtype: torch.dtype) -> None:
    assert get("torch/xavier_normal")((5, 4), dtype=dtype).dtype is dtype


@pytest.mark.parametrize("name", TABLE)
def test_every_component_has_a_summary_and_torchs_function(name: str) -> None:
    assert TABLE[name].summary == f"torch.nn.init.{name}_."
    assert callable(getattr(init, f"{name}_"))


def test_a_bare_name_that_both_have_is_kplugs() -> None:
    assert resolve("initializer", "orthogonal").component.qualified_name == "kplug/orthogonal"
    assert resolve("initializer", "uniform").component.qualified_name == "kplug/random_uniform"
    found = resolve("initializer", "kaiming_normal")
    assert found.component.qualified_name == "torch/kaiming_normal"


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        ("xavier_normal", (3,), "xavier_normal: argument 'shape' is (3,); allowed: 2 to 64 dimen"),
        ("dirac", (3, 3), "dirac: argument 'shape' is (3, 3); allowed: 3 to 5 dimensions"),
        ("dirac(3)", (3, 2, 4), "argument 'groups' is 3; allowed: a divisor of the number of"),
        ("sparse(0.5)", (3, 3, 3), "sparse: argument 'shape' is (3, 3, 3); allowed: 2 to 2"),
        ("sparse(1.5)", (3, 3), "sparse: argument 'sparsity' is 1.5; allowed: a number in [0, 1]"),
        ("kaiming_normal(mode='fan')", (3, 3), "argument 'mode' is 'fan'; allowed: 'fan_in' or"),
        ("torch/uniform(a=2)", (3,), "uniform: argument 'b' is 1.0; allowed: a finite number >="),
        ("trunc_normal(a=3)", (3,), "trunc_normal: argument 'b' is 2.0; allowed: a finite numb"),
        ("torch/normal(std=-1)", (3,), "normal: argument 'std' is -1; allowed: a finite numbe"),
        ("dirac(0)", (3, 3, 3), "dirac: argument 'groups' is 0; allowed: an integer >= 1"),
    ],
)
def test_what_does_not_fit_is_refused(spec: str, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ArgumentValueError, match=re.escape(message)):
        get(spec)(shape)


def test_required_argument_is_named() -> None:
    with pytest.raises(ArgumentError, match="sparse needs 'sparsity'"):
        get("sparse")


def test_empty_weights_stay_empty() -> None:
    assert get("torch/kaiming_normal")((0, 3)).shape == (0, 3)


def test_memory_is_in_torchs_order() -> None:
    kernel = get("torch/xavier_uniform")((3, 3, 5, 4))
    assert isinstance(get("torch/xavier_uniform"), RandomInitializer)
    assert kernel.permute(3, 2, 0, 1).is_contiguous()
