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
        ComponentRow("metrics/0", "metric", "custom/mine", distribution="custom"),
    ]
)


def test_it_prints_what_was_written_and_the_package() -> None:
    assert repr(TABLE) == str(TABLE)
    lines = [line.split() for line in str(TABLE).splitlines()]
    assert lines[0] == ["slot", "component", "package", "chosen", "as"]
    assert lines[1][:2] == ["loss", "kplug-segmentation/dice_loss(smooth=1)"]
    assert lines[1][2:] == ["kplug-segmentation", "0.1.0", "only", "candidate"]
    assert lines[2] == ["metrics/0", "custom/mine", "custom"]


def test_a_row_is_a_line_however_long_it_is() -> None:
    long = ComponentRow("loss", "loss", "a/b", {}, "a", "1.0", "built-in", f"a/b(c={'d' * 200!r})")
    lines = str(ComponentTable([TABLE[1], long])).splitlines()
    assert len(lines) == 3
    assert lines[1].index("custom", 15) == lines[0].index("package") == 75
    assert lines[2].endswith("dd')   a 1.0     built-in")


def test_html_has_the_same_cells() -> None:
    html = TABLE._repr_html_()
    assert "<td>kplug-segmentation/dice_loss(smooth=1)</td>" in html
    assert "<th>chosen as</th>" in html


def test_rows_are_found_by_slot() -> None:
    assert TABLE.get("loss") is TABLE[0]
    with pytest.raises(KeyError):
        TABLE.get("nothing")


def test_a_slice_is_a_table() -> None:
    assert type(TABLE[:1]) is ComponentTable
    assert len(TABLE[:1]) == 1


def test_json_has_every_field() -> None:
    assert TABLE.to_json()[1] == {
        "slot": "metrics/0",
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
