"""Keras's dict form: a class reads its own configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import kplug
from kplug.errors import ArgumentError, ContractError, RegistrationError, UnknownComponentError
from kplug.registry import Spec, resolve, resolve_object
from kplug.registry.spec import spec_from_dict

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

STREAMS = '''
class Stream:
    """A class that reads the configurations of its first version, in which depth had another name."""
    made_by = "the constructor"

    def __init__(self, depth=0.5, source=None, **options):
        self.depth, self.source, self.options = depth, source, options

    def __call__(self, weight_matrix):
        return self.depth

    def get_config(self):
        return {"depth": self.depth, **self.options}

    @classmethod
    def from_config(cls, config):
        config["depth"] = config.pop("deepness", config.get("depth", 0.5))
        stream = cls(**config)
        stream.made_by = "from_config"
        return stream

class Brook:
    """A class whose from_config checks nothing."""
    def __init__(self, depth):
        if depth < 0:
            raise RuntimeError("dry")
        self.depth = depth

    def __call__(self, weight_matrix):
        return self.depth

    @classmethod
    def from_config(cls, config):
        return cls(**config)

def delta(weight_matrix, depth=0.25):
    return depth
'''


@pytest.fixture(autouse=True)
def streams(install: Sandbox) -> None:
    install(
        "streams",
        "2.1",
        entry_points={
            "kplug.regularizers": {name: f"streams:{name}" for name in ("Stream", "Brook", "delta")}
        },
        modules={"streams.py": STREAMS},
    )


def _keras(name: str, /, **config: object) -> dict[str, Any]:
    return {"class_name": name, "config": config}


def test_class_reads_its_own_configuration() -> None:
    found = resolve("regularizer", _keras("Stream", deepness=2.0))
    assert (found.object.made_by, found.object.depth) == ("from_config", 2.0)


@pytest.mark.parametrize(
    "identifier",
    ["stream(depth=2.0)", {"name": "stream", "args": {"depth": 2.0}}, Spec("stream", (2.0,))],
)
def test_other_forms_call_the_constructor(identifier: object) -> None:
    found = resolve_object("regularizer", identifier)
    assert (found.made_by, found.depth) == ("the constructor", 2.0)


def test_old_keys_do_not_enter_the_record() -> None:
    found = resolve("regularizer", _keras("Stream", deepness=2.0, speed=3))
    assert str(found.spec) == str(found.written) == "streams/Stream(depth=2.0, speed=3)"
    assert resolve("regularizer", str(found.spec)).object.depth == 2.0


def test_function_gets_the_configuration_as_keywords() -> None:
    assert resolve_object("regularizer", _keras("delta", depth=3))("w") == 3


def test_configuration_stays_the_callers() -> None:
    identifier = _keras("Stream", deepness=2.0)
    resolve("regularizer", identifier)
    resolve("regularizer", identifier)
    assert identifier == _keras("Stream", deepness=2.0)


def test_component_inside_a_configuration_is_made_first() -> None:
    found = resolve("regularizer", _keras("Stream", source=_keras("Stream", deepness=7)))
    assert (found.object.source.made_by, found.object.source.depth) == ("from_config", 7)
    assert str(found.spec) == "streams/Stream(depth=0.5, source=streams/Stream(depth=7))"


def test_unknown_key_is_named_with_what_was_meant() -> None:
    with pytest.raises(ArgumentError) as caught:
        resolve("regularizer", _keras("Brook", dept=2.0), where="dense.kernel_regularizer")
    assert str(caught.value) == (
        "dense.kernel_regularizer: Brook has no argument 'dept'. Did you mean 'depth'?\n"
        "  Its arguments (streams 2.1): depth."
    )


def test_missing_key_is_named() -> None:
    with pytest.raises(ArgumentError, match="Brook needs 'depth'"):
        resolve("regularizer", _keras("Brook"))


def test_failure_inside_the_class_is_told_as_such() -> None:
    with pytest.raises(ContractError, match=r"cannot be made from depth=-1: RuntimeError: dry"):
        resolve("regularizer", _keras("Brook", depth=-1))


@pytest.mark.parametrize(
    ("identifier", "spec"),
    [
        (
            _keras("HeNormal", scale=2.0, mode="fan_in", distribution="normal", seed=3),
            "kplug/he_normal(seed=3)",
        ),
        (
            _keras("RandomNormal", mean=0.0, stddev=1.0, seed=None, dtype="float32"),
            "kplug/random_normal(mean=0.0, stddev=1.0, seed=None)",
        ),
        (
            _keras("Constant", value={"class_name": "__numpy__", "config": {"value": [1, 2]}}),
            "kplug/constant(value=[1, 2])",
        ),
        (
            {**_keras("Zeros"), "module": "keras.initializers", "registered_name": None},
            "kplug/zeros",
        ),
    ],
)
@pytest.mark.torch
def test_configurations_of_both_keras(identifier: dict[str, Any], spec: str) -> None:
    assert str(resolve("initializer", identifier).spec) == spec


@pytest.mark.parametrize(
    "data",
    [
        _keras("__numpy__", value=[1.0]),
        _keras("__tensor__", value=[1.0]),
        {**_keras("DTypePolicy", name="float32"), "module": "keras", "registered_name": None},
        _keras("SeedGenerator", seed=3),
    ],
)
def test_data_in_the_form_of_a_component_stays_data(data: dict[str, Any]) -> None:
    assert spec_from_dict(_keras("Stream", value=data)).kwargs == {"value": data}


def test_a_configuration_equals_the_text_with_its_arguments() -> None:
    assert spec_from_dict(_keras("Stream", depth=1)) == Spec("Stream", kwargs={"depth": 1})


class Mine:
    def __init__(self, l2: float = 0.0) -> None:
        self.l2 = l2

    def __call__(self, weight_matrix: Any) -> float:
        return self.l2

    def get_config(self) -> dict[str, float]:
        return {"l2": self.l2}


REGISTERED = {
    "module": "my_mod",
    "class_name": "L2",
    "config": {"l2": 0.5},
    "registered_name": "my_mod>L2",
}


@pytest.mark.parametrize(
    "identifier",
    [
        REGISTERED,
        _keras("my_mod>L2", l2=0.5),
        {"module": "my_mod", **_keras("my_mod>L2", l2=0.5)},
        {"class_name": "function", "config": "my_mod>L2"},
    ],
)
@pytest.mark.torch
def test_a_registered_class_is_never_the_built_in_of_its_name(identifier: dict[str, Any]) -> None:
    with pytest.raises(UnknownComponentError) as caught:
        kplug.regularizers.deserialize(identifier)
    assert str(caught.value) == (
        "'my_mod>L2' was a regularizer defined in code, and this code does not offer it\n"
        "  Offer it: custom_objects={'L2': …} where it is loaded, or "
        "with kplug.scope(regularizers={'L2': …}):"
    )
    found = kplug.regularizers.deserialize(identifier, {"L2": Mine})
    assert type(found) is Mine


@pytest.mark.parametrize("key", ["my_mod>L2", "L2"])
@pytest.mark.torch
def test_keras_writes_keys_of_custom_objects_with_a_package(key: str) -> None:
    assert type(kplug.regularizers.deserialize(REGISTERED, {key: Mine})) is Mine
    with pytest.raises(RegistrationError) as caught:
        kplug.regularizers.deserialize(REGISTERED, {key: Mine, "other>L2": type("Other", (), {})})
    assert str(caught.value).startswith("custom_objects has two objects of the name 'L2'\n")


@pytest.mark.parametrize("registered", [{}, {"registered_name": None}, {"registered_name": "L2"}])
@pytest.mark.torch
def test_a_class_of_another_module_is_the_users_own(registered: dict[str, Any]) -> None:
    identifier = {"module": "my_mod", **_keras("L2", l2=0.5), **registered}
    with pytest.raises(UnknownComponentError) as caught:
        resolve("regularizer", identifier)
    assert str(caught.value) == (
        "'custom/L2' was a regularizer defined in code, and this code does not offer it\n"
        "  Offer it: custom_objects={'L2': …} where it is loaded, or "
        "with kplug.scope(regularizers={'L2': …}):"
    )
    assert type(kplug.regularizers.deserialize(identifier, {"L2": Mine})) is Mine


@pytest.mark.parametrize(
    "module", ["keras.regularizers", "tf_keras.src.regularizers", "kplug.regularizers", None]
)
@pytest.mark.torch
def test_a_class_of_keras_is_the_built_in(module: str | None) -> None:
    identifier = {"module": module, **_keras("L2", l2=0.5), "registered_name": None}
    assert resolve("regularizer", identifier).component.qualified_name == "kplug/l2"


def test_a_registered_class_of_a_plugin_is_the_plugins() -> None:
    identifier = {**_keras("Stream", deepness=2.0), "registered_name": "streams>Stream"}
    with kplug.scope(regularizers={"L2": Mine}):
        found = resolve("regularizer", identifier)
    assert found.component.qualified_name == "streams/Stream"


def test_a_registered_name_may_stand_inside_a_configuration() -> None:
    nested = spec_from_dict(_keras("Stream", depth=REGISTERED)).kwargs["depth"]
    assert (nested.ref, nested.distribution, nested.name) == ("my_mod>L2", "my-mod", "L2")


@pytest.mark.torch
def test_an_optimizer_of_tf_keras_is_the_built_in() -> None:
    config = {"learning_rate": 0.125, "is_legacy_optimizer": False}
    identifier = {"class_name": "Adam", "config": config, "registered_name": "Custom>Adam"}
    assert resolve("optimizer", identifier).component.qualified_name == "kplug/adam"
