"""The notebooks run, and their outputs are the committed ones.

`LESION_WRITE_NOTEBOOKS=1 pytest test_notebooks.py` writes their outputs anew.
"""

import os
from pathlib import Path

import nbformat
import pytest
from guide_blocks import shows
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[3] / "docs/notebooks").glob("*.ipynb"))


def results(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The outputs of a cell without progress bars, which slow machines show."""
    return [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]


def texts(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell shows, as plain text."""
    shown = []
    for output in results(cell):
        text = output.get("text") or output.get("data", {}).get("text/plain")
        shown.append("".join(text or f"{output.get('ename')}: {output.get('evalue')}"))
    return shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_is_committed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    committed = nbformat.read(path, as_version=4)
    executed = nbformat.read(path, as_version=4)
    client = NotebookClient(executed, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    if os.environ.get("LESION_WRITE_NOTEBOOKS"):
        for cell in executed.cells:
            # When a cell ran.
            cell.metadata.clear()
            if cell.cell_type == "code":
                cell.outputs = results(cell)
        executed.metadata["language_info"] = {"name": "python"}
        nbformat.write(executed, path)
        return
    for ours, theirs in zip(executed.cells, committed.cells, strict=True):
        found, expected = texts(ours), texts(theirs)
        assert len(found) == len(expected), ours.source
        for one, other in zip(found, expected, strict=True):
            assert shows(other, one), f"{ours.source}\n{one}"
