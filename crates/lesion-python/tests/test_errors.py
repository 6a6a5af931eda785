"""A user's mistake is one line that says what to do."""

from pathlib import Path
from typing import Any

import lesion
import pytest
from lesion import _lesion


def message(error: type[Exception], call: Any) -> str:
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


def test_errors_of_sentences(bert: lesion.Model) -> None:
    text = message(lesion.TextError, lambda: bert.predict("We saw."))
    assert "[MASK]" in text
    text = message(lesion.TextError, lambda: bert.predict(["We saw [MASK].", "We saw."]))
    assert text.startswith("sentence 1 (counted from 0): ")
    text = message(lesion.TextError, lambda: bert.predict("We saw [MASK].", ["zzzqqq"]))
    assert "zzzqqq" in text


def test_errors_of_neurons(bert: lesion.Model) -> None:
    predict = bert.predict
    assert "layer" in message(
        lesion.UserError, lambda: predict("We saw [MASK].", lesion={9: "her"})
    )
    text = message(lesion.SettingError, lambda: predict("We saw [MASK].", lesion="her"))
    assert text.startswith("`lesion`: `her` names no neurons; use for example `4:12,19`")
    text = message(
        lesion.SettingError, lambda: predict("We saw [MASK].", lesion={4: "her"}, kind="none")
    )
    assert text.startswith("`kind`: `none` is not a kind of lesion; use `zero`")
    assert "`top` is 0" in message(lesion.SettingError, lambda: predict("We saw [MASK].", top=0))


def test_errors_of_models(tmp_path: Path) -> None:
    text = message(lesion.ModelError, lambda: lesion.load_model(tmp_path))
    assert str(tmp_path) in text


def test_errors_of_settings(bert: lesion.Model) -> None:
    def study(**settings: Any) -> Any:
        return lambda: lesion.Study(bert, **settings)

    text = message(lesion.SettingError, study(control={"nulls": 5}))
    assert text == "no setting is called `control.nulls`; did you mean `controls.nulls`?"
    text = message(lesion.SettingError, study(selection={"alfa": 0.1}))
    assert text == "no setting is called `selection.alfa`; did you mean `selection.alpha`?"
    text = message(lesion.SettingError, study(xyzzy=1))
    assert text == "no setting is called `xyzzy`; `lesion.settings()` lists them"
    text = message(lesion.SettingError, study(selection={"alpha": 2}))
    assert text.startswith("`selection.alpha`: `2.0` is not a significance level; use")
    text = message(lesion.SettingError, study(seed="one"))
    assert text.startswith("`seed`: ")
    text = message(lesion.SettingError, study(model="bert"))
    assert "lesion.load_model" in text
    text = message(lesion.SettingError, study(seed=object()))
    assert "`seed`: a value cannot be of type object" in text
    message(lesion.SettingError, lambda: bert.select(correction="none at all"))
    text = message(lesion.UserError, lambda: bert.select(held_out=0.5))
    assert text.startswith("`held_out` needs a study")


def test_errors_of_texts(bert: lesion.Model, tmp_path: Path) -> None:
    text = message(lesion.UserError, lambda: bert.select(tmp_path / "pairs.txt"))
    assert "cannot read" in text
    assert "pairs.txt" in text
    text = message(lesion.TextError, lambda: bert.select(["We met {him|her}.", "We met {him|her"]))
    assert text.startswith("stimuli:2: ")
    text = message(lesion.SettingError, lambda: bert.select(["We met {him|her}.\nWe"]))
    assert "several lines" in text


def test_errors_of_results(tmp_path: Path) -> None:
    text = message(lesion.UserError, lambda: lesion.open_run(tmp_path))
    assert "manifest.json" in text


def test_a_panic_asks_for_a_report(capfd: pytest.CaptureFixture[str]) -> None:
    text = message(lesion.InternalError, _lesion.panic)
    assert text == (
        f"lesion {lesion.__version__} failed: a panic on purpose. This is a bug; please report it "
        "with this message"
    )
    assert "panicked" in capfd.readouterr().err


def test_another_study_in_a_folder_is_kept(
    bert: lesion.Model, small_study: lesion.Study, tmp_path: Path
) -> None:
    small_study.run(tmp_path)
    other = lesion.Study(bert, parts=[], seed=5)
    assert "another study" in message(lesion.UserError, lambda: other.run(tmp_path))
    assert other.run(tmp_path, replace=True).manifest["study"]["seed"] == 5
