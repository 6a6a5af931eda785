"""What the tests share. They run against the installed package, outside the tree."""

import json
from pathlib import Path
from typing import Any

import lesion
import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def bert() -> lesion.Model:
    return lesion.load_model()


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """Answers of transformers and SciPy."""
    path = REPOSITORY / "tests/fixtures/python/expected.json"
    answers: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return answers


@pytest.fixture(scope="session")
def small_study(bert: lesion.Model, expected: dict[str, Any]) -> lesion.Study:
    """A study of a second."""
    return lesion.Study(
        bert,
        stimuli=expected["pairs"],
        prompts=[
            "The king smiled when we met {him|her}.",
            "The queen smiled when we met {her|him}.",
        ],
        parts=["controls", "dose"],
        controls={"nulls": 20},
        lesion={"sets": "top=5"},
        selection={"alpha": 0.2, "permutations": 100},
        dose={"sizes": [1, 2], "draws": 2},
        bootstrap={"draws": 1000},
    )


@pytest.fixture(scope="session")
def small_run(small_study: lesion.Study) -> lesion.Run:
    return small_study.run()
