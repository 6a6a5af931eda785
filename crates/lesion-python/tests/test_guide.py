"""Every block of the guide runs, and prints what the page shows."""

from pathlib import Path
from typing import Any

import pytest
from guide_blocks import blocks, run_block, shows

PAGES = sorted((Path(__file__).resolve().parents[3] / "docs/python").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    printed = ""
    for language, text in blocks(page):
        if language == "python":
            printed = run_block(text, names)
        elif language == "text":
            assert shows(text, printed), printed
