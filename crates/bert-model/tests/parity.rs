//! The model computes what `transformers` computes, in every family. The references, random-weight
//! models of three layers, were made by `tests/fixtures/parity/make_parity_fixtures.py`.

mod common;

use std::fs;

use bert_model::{Checkpoint, LanguageModel, MlpHook, NoHook, Site, TokenBatch, TokenSet};
use burn::tensor::{Device, Tensor};
use common::{
    Sentence, VARIANTS, all_logits, assert_close, family_of,
    fixture_folders::{decoders, families},
    folder, load_variant, logits, open, sentences, values,
};
use safetensors::SafeTensors;
use tempfile::TempDir;

/// Largest absolute differences.
const ACTIVATION_TOLERANCE: f32 = 1e-5;
const LOGIT_TOLERANCE: f32 = 1e-4;

struct Expected(Vec<u8>);

impl Expected {
    fn open(family: &str) -> Self {
        Self(fs::read(folder(family).join("expected.safetensors")).unwrap())
    }

    /// Compares every activation, hidden state and logit of each sentence.
    fn assert_agrees(&self, name: &str, model: &LanguageModel, sentences: Vec<Sentence>) {
        for (i, sentence) in sentences.into_iter().enumerate() {
            let batch = TokenBatch::new(vec![sentence.ids]).unwrap();
            let mut kept = KeepAll::default();
            let mut hidden = model.embed(&batch).unwrap();
            let mut stream = values(hidden.clone());
            for layer in 0..model.config().num_hidden_layers {
                hidden = model.run_layers(layer..layer + 1, hidden, &mut kept).unwrap();
                stream.extend(values(hidden.clone()));
            }
            let logits = all_logits(model, hidden);
            // A residual stream without LayerNorms grows from layer to layer.
            let largest = stream.iter().fold(1.0_f32, |most, value| most.max(value.abs()));
            for (what, found, tolerance) in [
                ("pre_gelu", &kept.pre, ACTIVATION_TOLERANCE),
                ("post_gelu", &kept.post, ACTIVATION_TOLERANCE),
                ("hidden", &stream, largest * ACTIVATION_TOLERANCE),
                ("logits", &logits, LOGIT_TOLERANCE),
            ] {
                let what = format!("{what}.{i}");
                assert_close(&format!("{name} {what}"), found, &self.values(&what), tolerance);
            }
        }
    }

    fn values(&self, name: &str) -> Vec<f32> {
        let tensors = SafeTensors::deserialize(&self.0).unwrap();
        let bytes = tensors.tensor(name).unwrap().data();
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }
}

/// Keeps every activation of every layer, layer after layer.
#[derive(Default)]
struct KeepAll {
    pre: Vec<f32>,
    post: Vec<f32>,
}

impl MlpHook for KeepAll {
    fn visit(
        &mut self,
        _layer: usize,
        site: Site,
        _tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3> {
        let kept = match site {
            Site::Pre => &mut self.pre,
            Site::Post => &mut self.post,
        };
        kept.extend(values(activations.clone()));
        activations
    }
}

#[test]
fn text_becomes_the_same_tokens() {
    for family in families() {
        let (checkpoint, _) = open(family);
        for sentence in sentences(family) {
            let encoded = checkpoint.tokenizer.encode(&sentence.text).unwrap();
            assert_eq!(encoded.ids, sentence.ids, "{}", sentence.text);
            assert_eq!(encoded.tokens, sentence.tokens, "{}", sentence.text);
        }
    }
}

#[test]
fn activations_hidden_states_and_logits_agree() {
    for family in families() {
        let (_, model) = open(family);
        Expected::open(family).assert_agrees(family, &model, sentences(family));
    }
}

/// Other activation functions, biases, kinds of attention and rotary positions. No tokenizer is needed.
#[test]
fn other_options_of_a_configuration_agree_too() {
    for variant in VARIANTS {
        let name = format!("variants/{variant}");
        let model = load_variant(variant);
        Expected::open(&name).assert_agrees(variant, &model, sentences(family_of(variant)));
    }
}

#[test]
fn one_token_of_the_last_layer_has_the_same_logits() {
    for family in families() {
        let (_, model) = open(family);
        assert_one_token_agrees(family, &model, sentences(family));
    }
    for variant in
        ["modernbert-biased", "gpt2-scores", "gpt_neox-sequential", "llama-yarn", "qwen3-windowed"]
    {
        assert_one_token_agrees(variant, &load_variant(variant), sentences(family_of(variant)));
    }
}

fn assert_one_token_agrees(name: &str, model: &LanguageModel, sentences: Vec<Sentence>) {
    for sentence in sentences {
        let batch = TokenBatch::new(vec![sentence.ids]).unwrap();
        let position = 4;
        let hidden = model.forward(&batch, &mut NoHook).unwrap();
        let expected = values(model.logits_at(hidden, &[(0, position)]).unwrap());
        let hidden = model.forward_at(&batch, &[position], &mut NoHook).unwrap();
        assert_close(name, &values(model.logits(hidden.clone())), &expected, 1e-5);
        let some = values(model.logits_of(hidden, &[5, 50]).unwrap());
        assert_close(name, &some, &[expected[5], expected[50]], 1e-5);
    }
}

#[test]
fn a_decoder_reads_nothing_after_a_token() {
    for family in decoders() {
        let (_, model) = open(family);
        for sentence in sentences(family) {
            let all = logits(&model, std::slice::from_ref(&sentence.ids));
            let vocabulary = model.config().vocab_size;
            for length in 1..sentence.ids.len() {
                let some = logits(&model, &[sentence.ids[..length].to_vec()]);
                assert_close(family, &some, &all[..length * vocabulary], 1e-5);
            }
        }
    }
}

#[test]
fn a_vocabulary_alone_gives_the_same_tokens() {
    for family in ["", "distilbert", "electra", "phobert", "gpt2"] {
        let dir = TempDir::new().unwrap();
        for file in fs::read_dir(folder(family).join("model")).unwrap() {
            let file = file.unwrap();
            if file.file_name() != "tokenizer.json" {
                fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
            }
        }
        let checkpoint = Checkpoint::open(dir.path()).unwrap();
        for sentence in sentences(family) {
            let encoded = checkpoint.tokenizer.encode(&sentence.text).unwrap();
            assert_eq!(encoded.ids, sentence.ids, "{}", sentence.text);
        }
    }
}

#[test]
fn both_formats_of_pytorch_give_the_same_model() {
    let (_, model) = open("distilbert");
    let ids = [sentences("distilbert").remove(0).ids];
    let dir = TempDir::new().unwrap();
    for file in ["model/config.json", "model/tokenizer.json", "legacy/pytorch_model.bin"] {
        let from = folder("distilbert").join(file);
        fs::copy(&from, dir.path().join(from.file_name().unwrap())).unwrap();
    }
    let legacy = Checkpoint::open(dir.path()).unwrap().load_model(&Device::flex()).unwrap();
    assert_eq!(logits(&legacy, &ids), logits(&model, &ids));
}

#[test]
fn a_sentence_alone_and_in_a_batch_give_the_same_logits() {
    let (_, model) = open("");
    let rows: Vec<_> =
        sentences("").into_iter().map(|s| s.ids).filter(|ids| ids.len() == 8).collect();
    assert!(rows.len() >= 2);
    let alone = rows.iter().flat_map(|row| logits(&model, std::slice::from_ref(row)));
    assert_close("batch", &logits(&model, &rows), &alone.collect::<Vec<f32>>(), 1e-5);
}

#[test]
fn the_pass_can_start_at_any_layer() {
    let (_, model) = open("");
    let batch = TokenBatch::new(vec![sentences("").remove(3).ids]).unwrap();
    let plain = values(model.forward(&batch, &mut NoHook).unwrap());
    let layers = model.config().num_hidden_layers;
    for start in 0..=layers {
        let entering = model.embed(&batch).unwrap();
        let entering = model.run_layers(0..start, entering, &mut NoHook).unwrap();
        let resumed = model.run_layers(start..layers, entering, &mut NoHook).unwrap();
        assert_close("resumed", &values(resumed), &plain, 0.0);
    }
    let hidden = model.embed(&batch).unwrap();
    assert!(model.run_layers(0..layers + 1, hidden, &mut NoHook).is_err());
}

#[test]
fn impossible_input_is_an_error_not_a_panic() {
    let (_, model) = open("");
    let config = model.config();
    let too_long = TokenBatch::new(vec![vec![1; config.max_position_embeddings + 1]]).unwrap();
    assert!(model.embed(&too_long).is_err());
    let outside = TokenBatch::new(vec![vec![u32::try_from(config.vocab_size).unwrap()]]).unwrap();
    assert!(model.embed(&outside).is_err());
    let hidden = model.embed(&TokenBatch::new(vec![vec![2, 3]]).unwrap()).unwrap();
    assert!(model.logits_at(hidden.clone(), &[(0, 2)]).is_err());
    assert!(model.logits_at(hidden.clone(), &[(1, 0)]).is_err());
    assert!(model.logits_at(hidden, &[]).is_err());
}
