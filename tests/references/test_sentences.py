"""The pages of components say which object of another library each is equal to."""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
from pathlib import Path

import pytest

from tests.references.sentences import write_sentence

ROOT = Path(__file__).resolve().parents[2]
WITHIN = "[within 10⁻⁶](../../numbers.md#equal-to-other-libraries)"


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ({}, f"Equal to `keras.losses.Huber` 3.15 {WITHIN}."),
        ({"*": "it is older"}, "Differs from `keras.losses.Huber` 3.15: it is older."),
        (
            {"*/zeros/gradient": "it is NaN", "a/*": "rounded", "b/*": "rounded"},
            f"Equal to `keras.losses.Huber` 3.15 {WITHIN}, but for `*/zeros/gradient`: it is NaN; "
            "`a/*` and `b/*`: rounded.",
        ),
    ],
)
def test_a_page_says_what_is_equal_and_what_is_not(reasons: dict[str, str], expected: str) -> None:
    assert write_sentence("keras.losses.Huber", "3.15.1", reasons) == expected


@pytest.mark.slow
def test_sentences_come_from_a_comparison_and_stand_on_their_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / ".ci"))
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    (tmp_path / "losses").mkdir()
    folder = tmp_path / "regularizers"
    folder.mkdir()
    for name in ("l1", "l1_l2", "l2", "orthogonal_regularizer"):
        (folder / f"kplug-{name}.md").write_text("# A name\n\nFrom kplug 0.1.\n\nText.\n")
    equalities = importlib.import_module("equalities")
    equalities.add_equalities(tmp_path, equalities.begin_comparing(["regularizer"]))
    text = (folder / "kplug-l2.md").read_text()
    assert f"From kplug 0.1.\n\nEqual to `keras.regularizers.L2` 3.15 {WITHIN}.\n\nText." in text
    text = (folder / "kplug-orthogonal_regularizer.md").read_text()
    assert f"OrthogonalRegularizer` 3.15 {WITHIN}, but for `*/zeros/gradient`: " in text
    done, file = (
        subprocess.Popen((sys.executable, "-c", "")),
        io.BytesIO(b'{"loss kplug/mse": "."}'),
    )
    (tmp_path / "losses/kplug-mse.md").touch()
    with pytest.raises(SystemExit, match=r"kplug-mse\.md has no place for"):
        equalities.add_equalities(tmp_path, (done, file))


@pytest.mark.slow
def test_a_difference_without_a_reason_ends_the_comparison_with_status_1(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.references import __main__ as it, differences, table\n"
        "table.TOLERANCE = 0.0; differences.DIFFERENCES.clear()\n"
        "sys.exit(it.main(sys.argv[1], 'regularizer'))"
    )
    done = subprocess.run(
        (sys.executable, "-c", code, str(tmp_path / "found.json")),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 1
    assert '"regularizer kplug/orthogonal_regularizer": {' in done.stderr
