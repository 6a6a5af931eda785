"""Answers about sentences are those of transformers and SciPy."""

from typing import Any

import lesion
import numpy as np
import pytest

Expected = dict[str, Any]


def by_candidate(table: lesion.Table, column: str, expected: Expected) -> np.ndarray:
    """The column as [sentence, candidate], in the order of the fixture."""
    values = np.full((len(expected["sentences"]), len(expected["candidates"])), np.nan)
    for row in table:
        place = expected["candidates"].index(row["candidate"])
        values[row.get("sentence", 0), place] = row[column]
    return values


def layers(expected: Expected) -> dict[int, list[int]]:
    return {int(layer): neurons for layer, neurons in expected["neurons"].items()}


def test_the_model_has_its_shape(bert: lesion.Model) -> None:
    assert (bert.name, bert.layers, bert.neurons) == ("bundled", 6, 768)
    assert repr(bert) == "<lesion.Model bundled: 6 layers of 768 neurons>"


def test_predictions_and_lesions_are_those_of_transformers(
    bert: lesion.Model, expected: Expected
) -> None:
    table = bert.predict(expected["sentences"], expected["candidates"], lesion=layers(expected))
    for column, answer in [("logit", "logits"), ("logit_lesioned", "lesioned")]:
        values = by_candidate(table, column, expected)
        np.testing.assert_allclose(values, expected[answer], atol=1e-4)
    np.testing.assert_allclose(by_candidate(table, "prob", expected), expected["prob"], atol=1e-5)


def test_a_patch_is_that_of_transformers(bert: lesion.Model, expected: Expected) -> None:
    source = expected["source"]
    table = bert.patch(expected["sentences"], source, layers(expected), expected["candidates"])
    values = by_candidate(table, "logit_lesioned", expected)
    np.testing.assert_allclose(values, expected["patched"], atol=1e-4)


def test_each_neuron_falls_as_in_transformers(bert: lesion.Model, expected: Expected) -> None:
    each = expected["each"]
    word = expected["candidates"][0]
    table = bert.each(
        expected["sentences"][0], {each["layer"]: each["neurons"]}, expected["candidates"]
    )
    drops = dict(zip(table["neuron"], table["logit_drop"], strict=True))
    for neuron, logits in zip(each["neurons"], each["logits"], strict=True):
        assert drops[neuron] == pytest.approx(expected["logits"][0][0] - logits[0], abs=2e-4)
    assert set(table["word"]) == {word}
    assert list(table["layer"]) == [each["layer"]] * len(each["neurons"])


def test_many_sentences_are_answered_as_each_by_itself(
    bert: lesion.Model, expected: Expected
) -> None:
    together = bert.predict(expected["sentences"], lesion={4: "0-99"}, top=3)
    alone = [
        bert.predict(sentence, lesion={4: "0-99"}, top=3) for sentence in expected["sentences"]
    ]
    assert together["logit"] == [logit for table in alone for logit in table["logit"]]
    assert together.columns == ["sentence", *alone[0].columns]


@pytest.mark.parametrize("site", ["pre", "post"])
def test_activations_are_those_of_transformers(
    bert: lesion.Model, expected: Expected, site: str
) -> None:
    activations = bert.activations(expected["sentences"], at="[MASK]", site=site)
    assert activations.shape == (3, bert.layers, bert.neurons)
    assert activations.dtype == np.float32
    every = activations[:, :, :: expected["every"]]
    np.testing.assert_allclose(every, expected[site], atol=1e-5)


def test_a_token_is_a_mask_a_word_or_a_position(bert: lesion.Model) -> None:
    sentence = "We saw [MASK]."
    at_mask = bert.activations(sentence)
    np.testing.assert_array_equal(at_mask, bert.activations([sentence], at=3))
    np.testing.assert_array_equal(at_mask, bert.activations([sentence], at=-3))
    at_word = bert.activations([sentence], at="saw")
    np.testing.assert_array_equal(at_word, bert.activations([sentence], at=2))


def test_activations_are_not_copied(bert: lesion.Model) -> None:
    native = bert._activation_array(["We saw [MASK]."], "[MASK]", "post")
    array = np.asarray(native)
    address = native.address
    assert array.ctypes.data == address
    assert native.positions == [3]
    # The array keeps the values alive.
    first = array.copy()
    del native
    bert.activations(["We met [MASK]."])
    np.testing.assert_array_equal(array, first)
    assert array.flags.writeable


def test_neurons_are_selected_as_by_scipy(bert: lesion.Model, expected: Expected) -> None:
    selection = bert.select(expected["pairs"], test="paired", correction="bh")
    assert selection.labels == ("him", "her")
    assert len(selection) == bert.layers * bert.neurons
    for column in ["t", "p", "q"]:
        values = np.array(selection[column]).reshape(bert.layers, bert.neurons)
        answers = [layer[column] for layer in expected["select"]]
        np.testing.assert_allclose(values[:, :: expected["every"]], answers, rtol=2e-3, atol=1e-6)


def test_selected_neurons_can_be_lesioned(bert: lesion.Model) -> None:
    selection = bert.select()
    neurons = selection.neurons("her", 4)
    assert neurons
    given = bert.predict("We saw [MASK].", ["her"], lesion={4: neurons})
    labelled = bert.predict("We saw [MASK].", ["her"], lesion={4: "her"})
    assert given.to_dict() == labelled.to_dict()


def test_neurons_are_given_in_many_forms(bert: lesion.Model) -> None:
    forms: list[Any] = [
        "4:3,4,5",
        ["4:3", "4:4-5"],
        {4: [3, 4, 5]},
        {"4": "3-5"},
        {4: range(3, 6)},
        {4: {3, 4, 5}},
        {4: np.array([3, 4, 5])},
    ]
    tables = [bert.predict("We saw [MASK].", lesion=form).to_dict() for form in forms]
    assert all(table == tables[0] for table in tables)


def test_kinds_sites_and_tokens_of_a_lesion(bert: lesion.Model) -> None:
    def drop(**options: Any) -> float:
        table = bert.predict("We saw [MASK].", ["her", "him"], lesion={3: "all"}, **options)
        value: float = table["logit_drop"][0]
        return value

    assert drop(kind={"scale": 1}) == 0
    assert drop(kind={"scale": 0}) == drop() != 0
    assert drop(kind="mean") != drop(kind="median")
    assert drop(at=[0]) == drop(at="target")
    assert drop(at="all") != drop(at=[-1, 0])
    assert drop(site="pre") == pytest.approx(drop(site="post"), abs=1e-5)


def test_a_view_has_every_token(bert: lesion.Model) -> None:
    view = bert.view("We saw [MASK].", {4: "top3"})
    assert len(view) == 3 * 6
    assert view["token"][:4] == ["[CLS]", "we", "saw", "[MASK]"]


def test_an_untrained_model_is_a_control(bert: lesion.Model) -> None:
    one, other = (lesion.load_model(untrained=seed) for seed in [1, 2])
    sentence = "We saw [MASK]."
    logits = [model.predict(sentence, ["her"])["logit"] for model in [bert, one, other]]
    assert len({tuple(logit) for logit in logits}) == 3


def test_a_folder_is_a_model(repository: Any, bert: lesion.Model) -> None:
    folder = repository / "assets/models/bundled"
    model = lesion.load_model(folder)
    assert model.name == str(folder)
    assert model.predict("We saw [MASK].").to_dict() == bert.predict("We saw [MASK].").to_dict()
