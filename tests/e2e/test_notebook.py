"""The notebook runs on the sample from top to bottom, in less than a minute."""

from __future__ import annotations

import time

import nbformat
import pytest

from tests.conftest import ROOT, Build

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_the_sample(
    sample: Build, path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGULARS_DB", str(sample.database))
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    names: dict[str, object] = {"__name__": "__main__"}
    started = time.monotonic()
    for number, cell in enumerate(code):
        exec(compile(cell.source, f"{path.name}, cell {number}", "exec"), names)
    assert time.monotonic() - started < 60
    printed = capsys.readouterr().out
    assert "purchase days in the next 90 days" in printed
    assert float(printed.split("rank correlation ")[1]) > 0.2
