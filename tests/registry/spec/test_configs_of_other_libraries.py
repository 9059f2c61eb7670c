"""Configurations of OmegaConf, pydantic and YAML, as mappings and sequences of any library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kplug.errors import SpecError, SpecLimitError
from kplug.registry.spec import Spec, as_plain, spec_from_dict
from tests.foreign_configs import Config, Items


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        ({"name": "adam", "lr": 0.01}, "adam(lr=0.01)"),
        ({"name": "kplug/adam", "lr": {"name": "cosine", "steps": 9}}, "kplug/adam(lr=cosine(steps=9))"),
        ({"name": "f", "args": {"kernel_initializer": {"name": "zeros"}}}, "f(kernel_initializer=zeros)"),
        ({"name": "f", "metrics": [{"name": "auc", "n": 2}, "mae"]}, "f(metrics=[auc(n=2), 'mae'])"),
        ({"name": "f", "table": {"name": "x", "n": 1}}, "f(table={'name': 'x', 'n': 1})"),
        ({"name": "f", "args": {"name": "far"}}, "f(name='far')"),
        ({"class_name": "f", "config": {"lr": {"name": "x", "n": 1}}}, "f(lr={'name': 'x', 'n': 1})"),
        (Config(name="adam", lr=Config(name="cosine", steps=9)), "adam(lr=cosine(steps=9))"),
        (Config(name="f", args=Config(x=Items(1, Items(2)))), "f(x=[1, [2]])"),
        (Config(class_name="L2", config=Config(l2=0.1)), "L2(l2=0.1)"),
    ],
)  # fmt: skip
def test_forms(mapping: Mapping[str, Any], text: str) -> None:
    assert str(spec_from_dict(mapping)) == text


def test_a_value_that_is_missing_is_refused() -> None:
    reason = "a Config cannot be read: ValueError: Missing mandatory value: lr"
    with pytest.raises(SpecError, match=reason):
        spec_from_dict({"name": "f", "args": Config(name="adam", lr="???")})


def test_levels_are_limited() -> None:
    config: Any = 1
    for _ in range(20):
        config = Config(name="f", lr=config)
    with pytest.raises(SpecLimitError, match="nested more than 16 levels deep"):
        spec_from_dict(config)


def test_a_spec_with_other_arguments() -> None:
    spec = Spec("adam", (0.1,), {"beta_1": 0.9})
    assert str(spec.replace(beta_1=0.5, beta_2=0.9)) == "adam(0.1, beta_1=0.5, beta_2=0.9)"
    assert str(spec) == "adam(0.1, beta_1=0.9)"
    assert str(Spec("f").replace(self=1)) == "f(self=1)"
    assert str(Spec("adam").replace(lr=Config(name="cosine"))) == "adam(lr=cosine)"
    with pytest.raises(SpecError, match="'a b' cannot be the name of an argument of 'f'"):
        Spec("f").replace(**{"a b": 1})


def test_a_callable_model_of_pydantic_is_no_mapping() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Far(pydantic.BaseModel):  # type: ignore[name-defined, misc]
        scale: float = 1.0

        def __call__(self, y_true: Any, y_pred: Any) -> Any:
            return self.scale * (y_true - y_pred)

    far = Far()
    assert as_plain(far) is far


def test_pydantic() -> None:
    pydantic = pytest.importorskip("pydantic")
    schedule = pydantic.create_model("Schedule", name=(str, "cosine"), steps=(int, 9))
    config = pydantic.create_model("Config", name=(str, "adam"), lr=(schedule, schedule()))
    spec = spec_from_dict({"name": "f", "optimizer": config()})
    assert str(spec) == "f(optimizer=adam(lr=cosine(steps=9)))"


def test_omegaconf() -> None:
    omegaconf = pytest.importorskip("omegaconf")
    text = "rate: 0.5\nmine:\n  name: adam\n  lr: ${rate}\n  betas: [1, 2]"
    config = omegaconf.OmegaConf.create(text)
    assert str(spec_from_dict(config.mine)) == "adam(lr=0.5, betas=[1, 2])"
    broken = omegaconf.OmegaConf.create("mine:\n  name: adam\n  lr: ${no.such}")
    with pytest.raises(SpecError, match="a DictConfig cannot be read: InterpolationKeyError"):
        spec_from_dict(broken.mine)
