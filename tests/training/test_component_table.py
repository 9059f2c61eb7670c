"""The component table prints, and becomes JSON."""

from __future__ import annotations

import pytest

from kplug.training.component_table import ComponentRow, ComponentTable

TABLE = ComponentTable(
    [
        ComponentRow(
            "loss",
            "loss",
            "kplug-segmentation/dice_loss",
            {"smooth": 1.0},
            "kplug-segmentation",
            "0.1.0",
            "only candidate",
            "kplug-segmentation/dice_loss(smooth=1)",
        ),
        ComponentRow("metrics[0]", "metric", "custom/mine", distribution="custom"),
    ]
)


def test_it_prints_what_was_written_and_the_package() -> None:
    lines = [line.split() for line in str(TABLE).splitlines()]
    assert lines[0] == ["slot", "component", "package", "chosen", "as"]
    assert lines[2][:2] == ["loss", "kplug-segmentation/dice_loss(smooth=1)"]
    assert lines[2][2:] == ["kplug-segmentation", "0.1.0", "only", "candidate"]
    assert lines[3] == ["metrics[0]", "custom/mine", "custom"]


def test_html_has_the_same_cells() -> None:
    html = TABLE._repr_html_()
    assert "<td>kplug-segmentation/dice_loss(smooth=1)</td>" in html
    assert "<th>chosen as</th>" in html


def test_rows_are_found_by_slot() -> None:
    assert TABLE.get("loss") is TABLE[0]
    with pytest.raises(KeyError):
        TABLE.get("nothing")


def test_a_slice_is_a_table() -> None:
    assert repr(TABLE[:1]) == "ComponentTable(1 rows)"


def test_json_has_every_field() -> None:
    assert TABLE.to_json()[1] == {
        "slot": "metrics[0]",
        "kind": "metric",
        "name": "custom/mine",
        "arguments": {},
        "distribution": "custom",
        "version": "",
        "rule": "",
        "written": "",
        "spec": "",
        "code": "",
    }
