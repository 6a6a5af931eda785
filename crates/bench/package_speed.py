"""Times 200 lesioned predictions of the bundled model: the Python package, or PyTorch with hooks.

    python package_speed.py lesion     # needs the wheel
    python package_speed.py pytorch    # needs torch and transformers

Both predict each sentence without and with a lesion: 100 neurons of layer 4 zero after GELU at the mask.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

BUNDLED = Path(__file__).resolve().parents[2] / "assets/models/bundled"
CANDIDATES = ["him", "her"]
LAYER = 4
NEURONS = range(100)
SENTENCES = [
    "We saw [MASK].",
    "The king smiled when we met [MASK].",
    "The queen thanked [MASK] again.",
    "Nobody knew [MASK] there.",
] * 50


def timed(name: str, work: Callable[[], object]) -> None:
    """Prints the seconds of some work."""
    started = time.perf_counter()
    work()
    print(f"{name}: {time.perf_counter() - started:.3f} s")


def time_package() -> None:
    """The package: import, and predictions one by one and in one call."""
    started = time.perf_counter()
    import lesion

    print(f"import: {time.perf_counter() - started:.3f} s")
    bert = lesion.load_model()
    neurons = {LAYER: NEURONS}
    bert.predict(SENTENCES[0], CANDIDATES, lesion=neurons)
    timed(
        "one by one",
        lambda: [bert.predict(sentence, CANDIDATES, lesion=neurons) for sentence in SENTENCES],
    )
    timed("in one call", lambda: bert.predict(SENTENCES, CANDIDATES, lesion=neurons))


def time_pytorch() -> None:
    """PyTorch: a plain pass and one with a hook for each sentence."""
    import torch
    from transformers import AutoTokenizer, BertForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(BUNDLED)
    model = BertForMaskedLM.from_pretrained(BUNDLED).float().eval()
    layer = model.bert.encoder.layer[LAYER].intermediate
    candidates = tokenizer.convert_tokens_to_ids(CANDIDATES)

    def predict(sentence: str) -> list[object]:
        inputs = tokenizer(sentence, return_tensors="pt")
        position = inputs.input_ids[0].tolist().index(tokenizer.mask_token_id)

        def zero(module: object, values: object, output: torch.Tensor) -> torch.Tensor:
            output[:, position, list(NEURONS)] = 0
            return output

        answers = []
        with torch.no_grad():
            for hooks in [[], [zero]]:
                handles = [layer.register_forward_hook(hook) for hook in hooks]
                logits = model(**inputs).logits[0, position]
                for handle in handles:
                    handle.remove()
                answers.append((logits[candidates], logits.softmax(-1)[candidates]))
        return answers

    predict(SENTENCES[0])
    timed("one by one", lambda: [predict(sentence) for sentence in SENTENCES])


if __name__ == "__main__":
    {"lesion": time_package, "pytorch": time_pytorch}[sys.argv[1]]()
