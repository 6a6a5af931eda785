"""Threads, forks, signals, memory, and a Python without other packages."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import lesion
import pytest

SENTENCE = "We saw [MASK]."


def python(
    code: str, *arguments: str, folder: Path, **options: str
) -> subprocess.CompletedProcess[str]:
    """Runs a script, whose functions other processes can import."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **options},
    )


STUDY = """
import sys
import lesion

bert = lesion.load_model()
study = lesion.Study(
    bert, parts=["controls"], controls={"nulls": 400, "every_kind": True}, seed=1,
)
try:
    study.run(sys.argv[1])
except lesion.Stopped as stopped:
    print(stopped, flush=True)
    sys.exit(75)
"""


def test_ctrl_c_stops_and_the_same_call_resumes(tmp_path: Path) -> None:
    whole = python(STUDY, str(tmp_path / "whole"), folder=tmp_path)
    assert whole.returncode == 0, whole.stderr
    child = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "stopped")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = tmp_path / "stopped" / "journal.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.read_bytes().count(b"\n") > 2):
        assert time.monotonic() < deadline
        assert child.poll() is None, child.stderr.read() if child.stderr else ""
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    started = time.monotonic()
    out, err = child.communicate(timeout=60)
    seconds = time.monotonic() - started
    assert child.returncode == 75, err
    assert out.startswith("Stopped. The same call resumes the study in ")
    assert seconds < 1
    assert not (tmp_path / "stopped" / "manifest.json").exists()
    again = python(STUDY, str(tmp_path / "stopped"), folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "Resuming an interrupted run" in again.stderr
    for file in [*(tmp_path / "whole").glob("*.csv"), tmp_path / "whole" / "neuron_sets.json"]:
        assert (tmp_path / "stopped" / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_thousand_predictions_do_not_grow_the_memory(tmp_path: Path) -> None:
    code = """
        import resource
        import lesion

        bert = lesion.load_model()

        def predict(count):
            for _ in range(count):
                table = bert.predict("We saw [MASK].", lesion={4: "her"})
                table.__arrow_c_stream__()
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        before = predict(200)
        print((predict(1000) - before) / 1024)
    """
    done = python(code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 16, "MiB"


def test_two_models_in_two_threads(bert: lesion.Model) -> None:
    other = lesion.load_model(untrained=1)
    expected = {model: model.predict(SENTENCE)["logit"] for model in [bert, other]}
    wrong: list[str] = []

    def predict(model: lesion.Model) -> None:
        for _ in range(20):
            if model.predict(SENTENCE)["logit"] != expected[model]:
                wrong.append(model.name)

    threads = [threading.Thread(target=predict, args=(model,)) for model in [bert, other, bert]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_python_runs_while_a_model_computes(bert: lesion.Model) -> None:
    done = threading.Event()

    def select() -> None:
        bert.select(permutations=2000)
        done.set()

    thread = threading.Thread(target=select)
    thread.start()
    steps = 0
    while not done.is_set():
        steps += 1
        time.sleep(0.001)
    thread.join()
    assert steps > 20


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes(method: str, tmp_path: Path) -> None:
    code = """
        import multiprocessing
        import sys
        import lesion

        def first_logit(_):
            model = lesion.load_model() if bert is None else bert
            return model.predict("We saw [MASK].", ["her"])["logit"][0]

        bert = None

        if __name__ == "__main__":
            context = multiprocessing.get_context(sys.argv[1])
            # Before a model is opened, both methods work.
            with context.Pool(2) as pool:
                one, other = pool.map(first_logit, range(2))
            assert one == other
            bert = lesion.load_model()
            assert first_logit(0) == one
            try:
                with context.Pool(1) as pool:
                    assert pool.map(first_logit, [0]) == [one]
            except lesion.UserError as error:
                print(error)
    """
    done = python(code, method, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert ('start method "spawn"' in done.stdout) == (method == "fork")


def test_other_packages_are_only_needed_by_what_uses_them(tmp_path: Path) -> None:
    code = """
        import sys
        import lesion

        assert not {"numpy", "pandas", "polars", "tqdm"} & set(sys.modules)
        for name in ["numpy", "pandas", "polars", "tqdm", "pyarrow"]:
            sys.modules[name] = None
        bert = lesion.load_model()
        table = bert.predict("We saw [MASK].")
        lesion.Study(bert, parts=[]).run()
        for call in [table.to_pandas, table.to_polars, lambda: bert.activations(["We saw [MASK]."])]:
            try:
                call()
            except lesion.MissingPackageError as error:
                print(error)
    """
    done = python(code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "to_pandas needs pandas: pip install pandas",
        "to_polars needs polars: pip install polars",
        "activations needs numpy: pip install numpy",
    ]


def test_the_program_is_installed() -> None:
    program = Path(sys.executable).with_name("lesion")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"lesion {lesion.__version__}"
