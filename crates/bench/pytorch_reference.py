"""The yardstick's model cases, as a PyTorch notebook computes them, with BERT, ModernBERT or GPT-2.

One padded batch, forward hooks, logits of every token, and the attention that transformers chooses
by default. The batch of the paper's prompts contains the unmasked sentence too. GPT-2 reads a prompt up to its
mask, and predicts at the last token. Prints the seconds of a case and the
peak memory of the process in MiB.

    python pytorch_reference.py CASE DIR
"""

import resource
import sys
import time

STARTED = time.perf_counter()

from pathlib import Path  # noqa: E402

import torch  # noqa: E402
from transformers import (  # noqa: E402
    AutoConfig,
    BertForMaskedLM,
    BertTokenizer,
    GPT2LMHeadModel,
    ModernBertForMaskedLM,
    PreTrainedTokenizerFast,
)

SENTENCES = 200
NAMES = ["Lucy", "Mary", "Robert", "Edward"]
SETS = 1000
SET = 200
LAYER = 9


def prompts(path):
    """One prompt per brace: that brace masked, the others filled with their first word."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        parts = line.replace("}", "{").split("{")
        braces = range(1, len(parts), 2)
        for masked in braces:
            words = list(parts)
            for brace in braces:
                words[brace] = "[MASK]" if brace == masked else parts[brace].split("|")[0]
            found.append("".join(words))
    return found


def unmasked(path):
    """The first line with every brace filled with its first word."""
    parts = path.read_text(encoding="utf-8").splitlines()[0].replace("}", "{").split("{")
    return "".join(part.split("|")[0] for part in parts)


class Bert:
    """The parts of BERT that are read and edited."""

    model = BertForMaskedLM
    tokenizer = BertTokenizer
    # The module whose output is the neurons before the activation function, and the one that reads what
    # follows it.
    before = staticmethod(lambda layer: layer.intermediate.dense)
    after = staticmethod(lambda layer: layer.output.dense)
    layers = staticmethod(lambda model: model.bert.encoder.layer)


class ModernBert:
    """The parts of ModernBERT. The outputs of `Wi` are the neurons and then their gates."""

    model = ModernBertForMaskedLM
    tokenizer = PreTrainedTokenizerFast
    before = staticmethod(lambda layer: layer.mlp.Wi)
    after = staticmethod(lambda layer: layer.mlp.Wo)
    layers = staticmethod(lambda model: model.model.layers)


class Gpt2:
    """The parts of GPT-2."""

    model = GPT2LMHeadModel
    tokenizer = PreTrainedTokenizerFast
    before = staticmethod(lambda layer: layer.mlp.c_fc)
    after = staticmethod(lambda layer: layer.mlp.c_proj)
    layers = staticmethod(lambda model: model.transformer.h)


FAMILIES = {"bert": Bert, "modernbert": ModernBert, "gpt2": Gpt2}


class Study:
    def __init__(self, folder, file):
        family = FAMILIES[AutoConfig.from_pretrained(folder).model_type]
        self.family = family
        self.tokenizer = family.tokenizer.from_pretrained(folder)
        self.model = family.model.from_pretrained(folder).eval()
        self.layers = family.layers(self.model)
        sentences = prompts(folder / file)
        if file == "paper.txt":
            sentences.append(unmasked(folder / file))
        if family is Gpt2:
            sentences = [sentence.split(" [MASK]")[0] for sentence in sentences]
        self.batch = self.tokenizer(sentences, padding=True, return_tensors="pt")
        if family is Gpt2:
            self.rows = torch.arange(len(sentences))
            self.positions = self.batch["attention_mask"].sum(1) - 1
        else:
            masks = self.batch["input_ids"] == self.tokenizer.mask_token_id
            self.rows, self.positions = masks.nonzero(as_tuple=True)
        self.neurons = getattr(self.model.config, "intermediate_size", None) or 4 * self.model.config.n_embd

    def forward(self):
        with torch.no_grad():
            return self.model(**self.batch).logits

    def capture(self):
        """The neurons of every layer before the activation function, and the logits, at the masks."""
        kept = {}

        def hook(layer):
            def keep(_module, _inputs, output):
                kept[layer] = output[..., : self.neurons].detach()

            return keep

        handles = [
            self.family.before(layer).register_forward_hook(hook(index))
            for index, layer in enumerate(self.layers)
        ]
        logits = self.forward()
        for handle in handles:
            handle.remove()
        at_masks = [kept[layer][self.rows, self.positions] for layer in kept]
        return at_masks, logits[self.rows, self.positions]

    def lesion(self, layer, neurons):
        """The logits at the masks, with `neurons` of `layer` set to 0 there, after the activation function."""

        def silence(_module, inputs):
            inputs[0][self.rows[:, None], self.positions[:, None], neurons] = 0.0

        handle = self.family.after(self.layers[layer]).register_forward_pre_hook(silence)
        logits = self.forward()
        handle.remove()
        return logits[self.rows, self.positions]

    def sets(self, count):
        generator = torch.Generator().manual_seed(2)
        return [torch.randperm(self.neurons, generator=generator)[:SET] for _ in range(count)]


def predict_one_by_one():
    """Predicts sentences of the bundled model with a lesion, one after the other."""
    folder = Path(__file__).parents[2] / "assets/models/bundled"
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = BertForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval()
    candidates = tokenizer.convert_tokens_to_ids(["her", "his"])

    def predict(sentence):
        batch = tokenizer(sentence, return_tensors="pt")
        position = (batch["input_ids"][0] == tokenizer.mask_token_id).nonzero()[0, 0]

        def silence(_module, _inputs, output):
            output[0, position, :100] = 0.0
            return output

        with torch.no_grad():
            clean = model(**batch).logits[0, position]
            handle = model.bert.encoder.layer[5].intermediate.register_forward_hook(silence)
            lesioned = model(**batch).logits[0, position]
            handle.remove()
        return [logits.softmax(-1)[candidates] for logits in (clean, lesioned)]

    started = time.perf_counter()
    for index in range(SENTENCES):
        one, other = NAMES[index % 4], NAMES[index // 4 % 4]
        predict(f"{one} helped {other} with [MASK] project.")
    return time.perf_counter() - started


def lesion_each(folder):
    """Sets each neuron of a layer to 0 at the first mask of the paper's prompt, by itself."""
    study = Study(folder, "paper.txt")
    study.batch = {name: rows[:1] for name, rows in study.batch.items()}
    study.rows, study.positions = study.rows[:1], study.positions[:1]
    started = time.perf_counter()
    # All passes take equally long, so a part of them is enough.
    for neuron in range(3072 // 16):
        study.lesion(LAYER, torch.tensor([neuron]))
    return 16 * (time.perf_counter() - started)


def run(case, folder):
    if case == "f":
        return predict_one_by_one()
    if case == "g":
        return lesion_each(folder)
    if case == "e":
        Study(folder, "paper.txt").forward()
        return time.perf_counter() - STARTED
    if case == "ceiling":
        a, b = torch.randn(1728, 768), torch.randn(768, 3072)
        best = float("inf")
        for _ in range(8):
            started = time.perf_counter()
            a @ b
            best = min(best, time.perf_counter() - started)
        return 2 * 1728 * 768 * 3072 / best / 1e9
    study = Study(folder, "paper.txt" if case == "c" else "prompts.txt")
    started = time.perf_counter()
    if case == "a":
        study.capture()
    elif case == "b":
        # All passes take equally long, so one of three sets is enough.
        for layer in range(len(study.layers)):
            for neurons in study.sets(1):
                study.lesion(layer, neurons)
        return 3 * (time.perf_counter() - started)
    elif case == "c":
        # All passes take equally long, so a tenth of them is enough.
        for neurons in study.sets(SETS // 10):
            study.lesion(LAYER, neurons)
        return 10 * (time.perf_counter() - started)
    return time.perf_counter() - started


if __name__ == "__main__":
    seconds = run(sys.argv[1], Path(sys.argv[2]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, peak)
