//! The bundled model and the tiny ones are as their model cards describe them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bert_model::{Checkpoint, LanguageModel};
use burn::tensor::Device;
use grammar::{
    CalibrationRow, Case, HeldOut, HeldOutPrompt, LEVELS, PROMPTS, TINY_SEEDS, calibration_curve,
    graded_prompts, held_out_prompts,
    vocabulary::{word_pieces, words},
};
use lesion_eval::{
    Batching, Contrast, MaskedPrompt, Prediction, Prompts, Subject, predict, study_rows, unwatched,
};
use proptest::prelude::*;
use study_record::{Accuracy, ScoreUnit, tables::PredictionRow};

/// In how many of 1,000 prompts in which a referent decides the right word is the more probable one, at
/// least.
const RIGHT: usize = 980;

/// The largest distance of the mean probability of a level from the grammar's.
const CALIBRATION_TOLERANCE: f64 = 0.06;

/// Most bytes of a tiny model with its tokenizer.
const TINY_BYTES: u64 = 1_000_000;

/// A model of the repository.
struct TrainedModel {
    checkpoint: Checkpoint,
    model: LanguageModel,
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/models")
}

fn tiny_folders() -> Vec<PathBuf> {
    (1..=TINY_SEEDS.len()).map(|number| models().join(format!("seeds/seed-{number}"))).collect()
}

impl TrainedModel {
    fn open(folder: &Path) -> Self {
        let mut checkpoint = Checkpoint::open(folder).unwrap();
        let model = checkpoint.load_model(&Device::flex()).unwrap();
        Self { checkpoint, model }
    }

    fn bundled() -> Self {
        Self::open(&models().join("bundled"))
    }

    /// The model's predictions in a file of prompts.
    fn predictions(&self, file: &str) -> Vec<Prediction> {
        let (model, tokenizer) = (&self.model, &self.checkpoint.tokenizer);
        let subject = Subject { model, tokenizer, plain: false, batching: Batching::default() };
        let prompts = Prompts::parse("prompts", file).unwrap();
        let contrast = Contrast { a: "him".into(), b: "her".into(), words: true };
        let masked =
            MaskedPrompt::encode_all(subject, &prompts, &contrast, ScoreUnit::Word).unwrap();
        predict(subject, &masked, &mut unwatched()).unwrap()
    }

    fn accuracy(&self, file: &str) -> Accuracy {
        let rows: Vec<PredictionRow> = study_rows::predictions(&self.predictions(file)).collect();
        Accuracy::of(&rows)
    }

    /// Checks that the right word is the more probable one where a referent decides.
    fn check_referents(&self) {
        for case in [Some(Case::Object), None] {
            let prompts = held_out_prompts(2026, 1000, case, &HeldOut::project()).unwrap();
            let accuracy = self.accuracy(&prompts_file(&prompts));
            assert_eq!(accuracy.prompts, 1000);
            assert!(accuracy.right >= RIGHT, "{accuracy:?}, {case:?}");
        }
    }

    /// Checks that the mean probability of each level of odds is near the grammar's. Returns the curves of
    /// *him* and *her* and of any pronoun.
    fn check_calibration(&self) -> Vec<Vec<CalibrationRow>> {
        let mut curves = Vec::new();
        for case in [Some(Case::Object), None] {
            let prompts = graded_prompts(2026, 400, case, &HeldOut::project()).unwrap();
            let predictions = self.predictions(&prompts_file(&prompts));
            let probabilities: Vec<f64> =
                predictions.iter().map(|prediction| prediction.scores[0].prob).collect();
            let curve = calibration_curve(&prompts, &probabilities);
            let levels: Vec<u8> = curve.iter().map(|row| row.percent).collect();
            assert_eq!(levels, LEVELS);
            for CalibrationRow { percent, mean, .. } in &curve {
                let odds = f64::from(*percent) / 100.0;
                assert!((mean - odds).abs() <= CALIBRATION_TOLERANCE, "{percent} %: {curve:?}");
            }
            curves.push(curve);
        }
        curves
    }

    /// Checks that the tokens are the word pieces of the grammar.
    fn check_vocabulary(&self) {
        let tokenizer = &self.checkpoint.tokenizer;
        let pieces = word_pieces();
        assert_eq!(tokenizer.vocabulary_size(), pieces.len());
        for (id, piece) in (0..).zip(&pieces) {
            assert_eq!(tokenizer.token(id).as_ref(), Some(piece));
        }
    }
}

fn prompts_file(prompts: &[HeldOutPrompt]) -> String {
    prompts.iter().map(|prompt| prompt.template() + "\n").collect()
}

#[test]
fn the_right_pronoun_is_predicted_where_a_referent_decides() {
    TrainedModel::bundled().check_referents();
}

#[test]
fn the_right_word_is_predicted_in_the_prompts_of_the_project_and_the_guide() {
    let bundled = TrainedModel::bundled();
    let number = include_str!("../docs/examples/number/prompts.txt");
    for (file, share) in
        [(PROMPTS, 1.0), (include_str!("../assets/prompts/controlled.txt"), 0.9), (number, 1.0)]
    {
        let accuracy = bundled.accuracy(file);
        assert!(accuracy.right as f64 >= share * accuracy.prompts as f64, "{accuracy:?}");
    }
}

#[test]
fn graded_probabilities_follow_the_odds_of_the_grammar() {
    for curve in TrainedModel::bundled().check_calibration() {
        assert!(curve.is_sorted_by(|lower, higher| lower.mean < higher.mean), "{curve:?}");
    }
}

#[test]
fn the_vocabulary_is_that_of_the_grammar_and_large_enough() {
    assert!(words().len() >= 1500);
    TrainedModel::bundled().check_vocabulary();
}

#[test]
fn the_bundled_model_has_six_layers_and_less_than_8_megabytes() {
    assert_eq!(TrainedModel::bundled().checkpoint.config.num_hidden_layers, 6);
    let size = fs::metadata(models().join("bundled/model.safetensors")).unwrap().len();
    assert!(size < 8_000_000, "{size}");
}

#[test]
fn each_tiny_model_knows_the_grammar() {
    for folder in tiny_folders() {
        eprintln!("{}", folder.display());
        let tiny = TrainedModel::open(&folder);
        tiny.check_vocabulary();
        tiny.check_referents();
        tiny.check_calibration();
    }
}

#[test]
fn each_tiny_model_is_small_and_differs_from_the_others() {
    let mut weights = BTreeSet::new();
    for folder in tiny_folders() {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap());
        let size: u64 = files.map(|file| file.len()).sum();
        assert!(size < TINY_BYTES, "{}: {size}", folder.display());
        weights.insert(fs::read(folder.join("model.safetensors")).unwrap());
    }
    assert_eq!(weights.len(), TINY_SEEDS.len());
}

proptest! {
    #[test]
    fn any_english_word_encodes_without_unknown_tokens(word in "[A-Za-z]{1,20}") {
        let tokenizer = bert_model::BertTokenizer::from_json(
            &fs::read(models().join("bundled/tokenizer.json")).unwrap(),
            &bert_model::SpecialTokens::default(),
        ).unwrap();
        let encoded = tokenizer.encode(&word).unwrap();
        prop_assert!(!encoded.tokens.iter().any(|token| token == "[UNK]"), "{:?}", encoded.tokens);
    }
}
