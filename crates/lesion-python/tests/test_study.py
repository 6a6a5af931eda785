"""Studies from Python are those of the program."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import lesion
import pytest


def test_a_plan_has_every_key(small_study: lesion.Study) -> None:
    plan = small_study.check()
    assert plan.stimuli == 16
    assert plan.prompts == 2
    assert plan.layers == 6
    assert plan.seconds > 0
    assert {step.name for step in plan.steps} >= {"controls", "dose"}
    assert all(isinstance(warning, str) for warning in plan.warnings)


def test_results_are_attributes(small_run: lesion.Run) -> None:
    assert small_run.folder is None
    assert "profile" in small_run.tables
    assert small_run.profile.to_dict() == small_run.table("profile").to_dict()
    assert "profile" in dir(small_run)
    assert small_run.manifest["study"]["controls"]["nulls"] == 20
    assert small_run.changed == []
    assert len(small_run.warnings) == len(small_run.manifest["warnings"])
    neurons = small_run.neuron_sets["her", 4]
    lesioned = small_run.lesioned_sets["her", 4]
    assert set(lesioned) <= set(neurons)
    assert len(lesioned) <= 5
    assert len(small_run.neuron_sets) == 12
    assert ("him", 0) in small_run.neuron_sets


def test_results_that_do_not_exist_are_errors_that_list_those_that_do(
    small_run: lesion.Run,
) -> None:
    with pytest.raises(AttributeError, match="no table `profiles`; it has"):
        _ = small_run.profiles
    with pytest.raises(lesion.NoSuchResultError, match="no figure `joint`; it has"):
        small_run.figure("joint")
    with pytest.raises(LookupError, match='"it" in layer 4'):
        _ = small_run.neuron_sets["it", 4]


def test_figures_and_pages_show_themselves(small_run: lesion.Run, tmp_path: Path) -> None:
    figure = small_run.figure("profile")
    assert figure._repr_svg_().startswith("<svg")
    assert figure.save(tmp_path / "profile.svg").read_text(encoding="utf-8") == figure.svg
    assert figure.save(tmp_path / "profile.pdf").read_bytes().startswith(b"%PDF-")
    assert figure.save(tmp_path / "profile.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(lesion.SettingError, match="png"):
        figure.save(tmp_path / "profile.bmp")
    page = small_run.report()
    assert "<html" in page.html
    assert page.save(tmp_path / "page.html").exists()
    assert page._repr_html_().startswith("<iframe")


def test_a_folder_has_the_same_results_as_memory(
    small_study: lesion.Study, small_run: lesion.Run, tmp_path: Path
) -> None:
    run = small_study.run(tmp_path / "run")
    again = lesion.open_run(tmp_path / "run")
    assert run.folder == again.folder == tmp_path / "run"
    for name in small_run.tables:
        # Texts, because NaN is not equal to itself.
        assert repr(again.table(name).to_dict()) == repr(small_run.table(name).to_dict())


def test_the_program_finds_the_same(
    small_study: lesion.Study, expected: dict[str, Any], tmp_path: Path
) -> None:
    prompts = "The king smiled when we met {him|her}.\nThe queen smiled when we met {her|him}.\n"
    (tmp_path / "prompts.txt").write_text(prompts, encoding="utf-8")
    (tmp_path / "pairs.txt").write_text("\n".join(expected["pairs"]) + "\n", encoding="utf-8")
    texts = 'stimuli = "pairs.txt"\nprompts = "prompts.txt"\n'
    (tmp_path / "study.toml").write_text(texts + small_study.toml(), encoding="utf-8")
    program = Path(sys.executable).with_name("lesion")
    subprocess.run(
        [program, "run", "study.toml", "--out", "program"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    small_study.run(tmp_path / "python")
    for csv in sorted((tmp_path / "program").glob("*.csv")):
        assert csv.read_bytes() == (tmp_path / "python" / csv.name).read_bytes(), csv.name


def test_runs_are_gathered(small_run: lesion.Run) -> None:
    gathered = lesion.gather({"one": small_run, "other": small_run})
    profile = gathered.profile
    assert profile.columns == ["run", *small_run.profile.columns]
    half = len(profile) // 2
    assert profile["run"] == ["one"] * half + ["other"] * half
    assert profile[half:]["layer"] == small_run.profile["layer"]
    assert gathered.tables == small_run.tables
    assert lesion.gather([small_run, small_run]).runs == ["0", "1"]


def test_settings_are_those_of_study_files(bert: lesion.Model) -> None:
    names = lesion.settings()
    assert names["selection.alpha"][0] == "0.05"
    assert "model" not in names
    study = lesion.Study(
        bert,
        seed=3,
        parts=[],
        joint={"layers": [[0, 3], "2-4"]},
        lesion={"kind": {"scale": 2}, "at": [-1, 1], "sets": {"share": 0.2}, "layer": None},
        selection={"directional": True},
    )
    text = study.toml()
    assert "seed = 3" in text
    assert 'layers = ["0,3", "2-4"]' in text or "[0, 3]" in text
    json.dumps(names)
