//! Files of a model that are not read, with advice.

/// Advice for a file of weights in a form that is not read; `None` for any other file.
#[must_use]
pub fn weights_advice(file: &str) -> Option<&'static str> {
    let name = file.rsplit('/').next().unwrap_or_default();
    let found = WEIGHTS.iter().find(|(ending, _)| name.ends_with(ending));
    found.map(|(_, advice)| *advice)
}

/// Ends of names of weights that are not read, with advice. The first one counts.
const WEIGHTS: [(&str, &str); 11] = [
    ("adapter_model.safetensors", ADAPTER),
    ("adapter_model.bin", ADAPTER),
    (".h5", TENSORFLOW),
    (".ckpt.index", TENSORFLOW),
    (".ckpt", CHECKPOINT),
    (".msgpack", FLAX),
    (".gguf", ORIGINAL),
    (".onnx", ORIGINAL),
    (".tflite", ORIGINAL),
    (".ot", ORIGINAL),
    (".pt", CHECKPOINT),
];

const ADAPTER: &str = "this is an adapter; load it with its base model in peft, and save the result of \
                       `merge_and_unload()` with `save_pretrained(FOLDER)`";
const TENSORFLOW: &str = "these are weights of TensorFlow; convert them with version 4 of transformers: \
                          `AutoModelForMaskedLM.from_pretrained(NAME, \
                          from_tf=True).save_pretrained(FOLDER)`, for a decoder \
                          `AutoModelForCausalLM`";
const FLAX: &str = "these are weights of Flax; convert them with version 4 of transformers: \
                    `AutoModelForMaskedLM.from_pretrained(NAME, \
                    from_flax=True).save_pretrained(FOLDER)`, for a decoder \
                    `AutoModelForCausalLM`";
const CHECKPOINT: &str = "load them with the program that wrote them, and save the model with \
                          `save_pretrained(FOLDER)` of transformers";
const ORIGINAL: &str = "these weights are only for running; specify the model that they were made \
                        from, with model.safetensors or pytorch_model.bin";

/// Files of weights that are not read, to ask a hub for that does not list its files.
pub(crate) const USUAL_WEIGHTS: [&str; 5] = [
    "tf_model.h5",
    "flax_model.msgpack",
    "model.ckpt.index",
    "model.onnx",
    "adapter_model.safetensors",
];

/// Files of tokenizers that only Python's slow classes read.
pub const SLOW_TOKENIZERS: [&str; 5] =
    ["sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model", "bpe.codes"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_depends_on_the_framework() {
        for (file, expected) in [
            ("tf_model.h5", "from_tf=True"),
            ("bert_model.ckpt.index", "from_tf=True"),
            ("flax_model.msgpack", "from_flax=True"),
            ("onnx/model.onnx", "made from"),
            ("bert-base.Q8_0.gguf", "made from"),
            ("adapter_model.safetensors", "merge_and_unload"),
            ("epoch=3.ckpt", "save_pretrained"),
        ] {
            assert!(weights_advice(file).unwrap().contains(expected), "{file}");
        }
        for file in ["model.safetensors", "pytorch_model.bin", "config.json", "README.md"] {
            assert_eq!(weights_advice(file), None);
        }
    }
}
