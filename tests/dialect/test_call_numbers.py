"""From which number on Keras counts the calls of models inside a model."""

from __future__ import annotations

import pytest

from kplug.dialect.call_numbers import FirstCalls, find_first_calls, first_calls_of
from kplug.dialect.layer_calls import LayerCall, Reference

GRAPHS = {"inner": True, "chain": False}


def test_keras_2_counts_the_own_graph_of_every_model() -> None:
    assert first_calls_of(2, GRAPHS) == FirstCalls(
        GRAPHS.fromkeys(GRAPHS, 1), {"inner": 1, "chain": 1}
    )


def test_keras_3_counts_it_of_functional_models_at_the_ends() -> None:
    assert first_calls_of(3, GRAPHS) == FirstCalls({}, {"inner": 1, "chain": 0})


@pytest.mark.parametrize("first", [0, 1])
def test_the_smallest_number_tells_where_a_configuration_of_keras_2_begins(first: int) -> None:
    calls = {
        "inner": [
            LayerCall([Reference("data", 0, 0)], {}),
            LayerCall([Reference("data", 0, 0)], {}),
        ],
        "add": [LayerCall([[Reference("inner", first, 0), Reference("inner", first + 1, 0)]], {})],
    }
    found = find_first_calls(
        calls, [[Reference("data", 0, 0)], [Reference("add", 0, 0)]], {"inner": True}
    )
    assert found == FirstCalls({"inner": first}, {"inner": first})


def test_one_call_in_the_form_of_keras_3_tells_who_wrote() -> None:
    calls = {"inner": [LayerCall([Reference("data", 0, 0)], {}, generation=3)]}
    assert find_first_calls(calls, [], GRAPHS) == first_calls_of(3, GRAPHS)
