//! Scores of whole sentences, without and with a lesion, as `transformers` computes them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bert_model::Checkpoint;
use burn::tensor::Device;
use lesion_eval::{
    Batching, Contrast, Laboratory, LesionMethod, MaskedPrompt, NoJournal, Outcome, Prompts, Read,
    Subject, Trial, passes_of, predict, unwatched,
};
use serde::Deserialize;
use study_record::{LesionKind, ScoreUnit, SharedLayers, Site, Tokens};

/// The scores of the sentences of a template.
#[derive(Deserialize)]
struct Case {
    template: String,
    tokens: Vec<usize>,
    clean: Vec<f64>,
    target: Vec<f64>,
    all: Vec<f64>,
    divergence: f64,
}

/// The lesion of `make_sentence_scores.py`.
const LAYER: usize = 1;
const NEURONS: [usize; 5] = [0, 3, 5, 17, 31];

fn parity_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity")
}

fn cases() -> BTreeMap<String, Vec<Case>> {
    let file = fs::read(parity_folder().join("sentence_scores.json")).unwrap();
    serde_json::from_slice(&file).unwrap()
}

/// The checkpoint of a family; "gpt2-bos" is GPT-2 with a token before each text.
fn open(family: &str, scratch: &Path) -> Checkpoint {
    let Some(plain) = family.strip_suffix("-bos") else {
        return Checkpoint::open(parity_folder().join(family).join("model")).unwrap();
    };
    for entry in fs::read_dir(parity_folder().join(plain).join("model")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, scratch.join(path.file_name().unwrap())).unwrap();
    }
    // `add_bos_token` counts without this file only.
    fs::remove_file(scratch.join("tokenizer.json")).unwrap();
    let config = scratch.join("tokenizer_config.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replacen('{', "{\"add_bos_token\": true,", 1)).unwrap();
    Checkpoint::open(scratch).unwrap()
}

/// Calls `check` with each family's model, with shortcuts, and its cases.
fn for_each_family(check: impl Fn(&str, Subject<'_>, &[Case])) {
    let scratch = tempfile::TempDir::new().unwrap();
    for (family, cases) in cases() {
        let mut checkpoint = open(&family, scratch.path());
        let model = checkpoint.load_model(&Device::flex()).unwrap();
        let (tokenizer, batching) = (&checkpoint.tokenizer, Batching::default());
        let subject = Subject { model: &model, tokenizer, plain: false, batching };
        check(&family, subject, &cases);
    }
}

fn encode(subject: Subject<'_>, cases: &[Case]) -> Vec<MaskedPrompt> {
    let text: Vec<&str> = cases.iter().map(|case| case.template.as_str()).collect();
    let prompts = Prompts::parse("prompts", &text.join("\n")).unwrap();
    let contrast = Contrast { a: "a".to_owned(), b: "b".to_owned(), words: false };
    MaskedPrompt::encode_all(subject, &prompts, &contrast, ScoreUnit::Sentence).unwrap()
}

/// The lesioned layers, each with its neurons.
type LesionedLayers = Vec<(usize, Arc<[usize]>)>;

fn method(kind: LesionKind, site: Site, tokens: &Tokens) -> LesionMethod {
    LesionMethod { kind, site, tokens: tokens.clone(), shared: SharedLayers::Here }
}

/// Lesions neurons of some layers in every prompt.
fn run_lesions(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    method: &LesionMethod,
    lesions: &[LesionedLayers],
    read: Read,
) -> Vec<Outcome> {
    let prepared = method.prepare(None, prompts, 0).unwrap();
    let mut trials = Vec::new();
    for layers in lesions {
        for prompt in 0..prompts.len() {
            trials.push(Trial { prompt, layers: layers.clone() });
        }
    }
    let mut journal = NoJournal;
    Laboratory::new(subject, prompts, prepared, &mut journal)
        .run("scores", &trials, read, &mut unwatched())
        .unwrap()
}

/// Zeroes neurons of a layer in every prompt.
fn lesion(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    tokens: &Tokens,
    neurons: &[usize],
) -> Vec<Outcome> {
    let method = method(LesionKind::Zero, Site::Post, tokens);
    run_lesions(subject, prompts, &method, &[vec![(LAYER, neurons.into())]], Read::Candidates)
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, case: &str) {
    assert_eq!(found.len(), expected.len());
    for (&found, expected) in found.iter().zip(expected) {
        let difference = (f64::from(found) - expected).abs();
        assert!(difference <= tolerance, "{case}: {found} is not {expected}");
    }
}

#[test]
fn scores_are_those_of_transformers_without_and_with_a_lesion() {
    for_each_family(|family, subject, cases| {
        let prompts = encode(subject, cases);
        let predictions = predict(subject, &prompts, &mut unwatched()).unwrap();
        for (case, prediction) in cases.iter().zip(&predictions) {
            let name = format!("{family:?} {}", case.template);
            let scores: Vec<f32> = prediction.scores.iter().map(|score| score.logit).collect();
            assert_close(&scores, &case.clean, 1e-4, &name);
            let is_first_best = case.clean[0] > case.clean[1];
            let ranks: Vec<usize> = prediction.scores.iter().map(|score| score.rank).collect();
            assert_eq!(ranks, if is_first_best { [1, 2] } else { [2, 1] });
            let probability = prediction.scores[0].prob;
            assert!((probability.ln() - case.clean[0]).abs() <= 1e-4);
        }
        for tokens in [Tokens::Target, Tokens::All] {
            let [quick, plain] = [false, true]
                .map(|plain| lesion(Subject { plain, ..subject }, &prompts, &tokens, &NEURONS));
            for (index, case) in cases.iter().enumerate() {
                let name = format!("{family:?} {} {tokens:?}", case.template);
                let expected = if tokens == Tokens::All { &case.all } else { &case.target };
                let (quick, plain) = (&quick[index], &plain[index]);
                assert_close(&quick.clean.logits, &case.clean, 1e-4, &name);
                assert_close(&quick.lesioned.logits, expected, 1e-4, &name);
                let plain_scores: Vec<f64> =
                    plain.lesioned.logits.iter().map(|&score| f64::from(score)).collect();
                assert_close(&quick.lesioned.logits, &plain_scores, 2e-5, &name);
            }
        }
    });
}

#[test]
fn a_decoder_reads_a_sentence_in_one_pass_as_in_one_for_each_token() {
    let lesions = [
        vec![(0, vec![0, 3, 31])],
        vec![(1, vec![4, 5, 6])],
        vec![(2, vec![1])],
        vec![(0, vec![2, 9]), (2, vec![7])],
        vec![(1, vec![])],
    ];
    let lesions = lesions.map(|layers| {
        let layers = layers.into_iter();
        layers.map(|(layer, neurons)| (layer, Arc::from(neurons))).collect::<LesionedLayers>()
    });
    for family in ["gpt2", "gpt_neox", "llama", "qwen3"] {
        let mut checkpoint = Checkpoint::open(parity_folder().join(family).join("model")).unwrap();
        let model = checkpoint.load_model(&Device::flex()).unwrap();
        let tokenizer = &checkpoint.tokenizer;
        for batching in [Batching { rows: 5, ..Batching::default() }, Batching::default()] {
            let [quick, plain] =
                [false, true].map(|plain| Subject { model: &model, tokenizer, plain, batching });
            let prompts = encode(quick, &cases()[family]);
            let kinds = [LesionKind::Zero, LesionKind::Scale(-0.5), LesionKind::Value(0.3)];
            for (kind, site) in kinds.into_iter().zip([Site::Post, Site::Pre, Site::Post]) {
                for tokens in [Tokens::Target, Tokens::All, Tokens::Offsets(vec![0])] {
                    let method = method(kind, site, &tokens);
                    let [quick, plain] = [quick, plain].map(|subject| {
                        run_lesions(subject, &prompts, &method, &lesions, Read::Distribution)
                    });
                    for (quick, plain) in quick.iter().zip(&plain) {
                        for (quick, plain) in
                            [(&quick.clean, &plain.clean), (&quick.lesioned, &plain.lesioned)]
                        {
                            let plain: Vec<f64> =
                                plain.logits.iter().map(|&score| f64::from(score)).collect();
                            assert_close(
                                &quick.logits,
                                &plain,
                                2e-5,
                                &format!("{family} {method:?}"),
                            );
                        }
                        let [quick, plain] = [quick, plain]
                            .map(|outcome| outcome.lesioned.change.unwrap().divergence);
                        assert!((quick - plain).abs() <= 1e-5, "{family} {method:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_divergence_of_a_lesion_is_its_mean_over_all_predictions() {
    for_each_family(|family, subject, cases| {
        let prompts = encode(subject, cases);
        let method = method(LesionKind::Zero, Site::Post, &Tokens::Target);
        let lesions = [vec![(LAYER, Arc::from(NEURONS))]];
        let outcomes = run_lesions(subject, &prompts, &method, &lesions, Read::Distribution);
        for (case, outcome) in cases.iter().zip(&outcomes) {
            let found = outcome.lesioned.change.unwrap().divergence;
            assert!((found - case.divergence).abs() <= 1e-5, "{family:?} {}", case.template);
        }
    });
}

#[test]
fn every_token_is_scored_once_and_shared_predictions_are_made_once() {
    for_each_family(|family, subject, cases| {
        for case in cases {
            let prompts = encode(subject, std::slice::from_ref(case));
            let passes = passes_of(&prompts);
            let predicted: usize = passes.iter().map(|pass| pass.candidates.len()).sum();
            let scored: usize = case.tokens.iter().sum();
            assert!(predicted <= scored, "{family:?} {}", case.template);
            if subject.tokenizer.is_of_decoder() && !case.template.starts_with('{') {
                // The tokens before the words that differ are those of both sentences.
                assert!(predicted < scored, "{family:?} {}", case.template);
            }
        }
    });
}

#[test]
fn a_lesion_of_no_neuron_changes_no_bit() {
    for_each_family(|family, subject, cases| {
        // One pass in each batch: the bits of a row may depend on how many there are.
        let batching = Batching { rows: 1, ..subject.batching };
        let subject = Subject { plain: true, batching, ..subject };
        let prompts = encode(subject, cases);
        for outcome in lesion(subject, &prompts, &Tokens::All, &[]) {
            assert_eq!(outcome.clean.logits, outcome.lesioned.logits, "{family:?}");
        }
    });
}
