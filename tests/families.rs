//! The real binary on a tiny model of each family.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::support::{
    Run, assert_close, assert_user_error,
    fixture_folders::{decoders, families, masked_families},
    gathered::copy_files,
    lesion, number,
};

/// Masked models of English, but BERT, which other tests run.
fn masked() -> impl Iterator<Item = &'static str> {
    masked_families().filter(|folder| !folder.is_empty())
}

const STIMULI: &str = "The dog followed {him|her} home.\nLucy helped {him|her} with the work.\n\
    We saw {him|her} in the café.\nThey met {him|her} today.\nThe king thanked {him|her}.\n\
    Robert followed {him|her} and smiled.\n";
const CONTEXT: &str = "{The king|The queen} smiled when we met {him|her}.\n\
    {The man|The woman} followed when we saw {him|her}.\n\
    {The man|The woman} smiled and the dog saw {him|her}.\n\
    {The king|The queen} followed and we helped {him|her}.\n";
const PROMPTS: &str = "Robert helped Lucy with {her|him|his} project and she thanked {him|her}.\n\
    {He|She} smiled.\n";

fn model(family: &str) -> String {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity");
    fixtures.join(family).join("model").display().to_string()
}

fn reproduce(family: &str, stimuli: &str, prompts: &str, args: &[&str]) -> Run {
    let files = [("stimuli.txt", stimuli), ("prompts.txt", prompts)];
    let model = model(family);
    let study = ["--model", &model, "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
    Run::with_files(&files, &[&study, args].concat())
}

#[test]
fn the_study_runs_on_every_family() {
    for family in masked() {
        // Few neurons of a random model are significant.
        let run = reproduce(family, STIMULI, PROMPTS, &["--nulls", "2", "--correction", "none"]);
        let predictions = run.rows("predictions.csv");
        let candidates: Vec<_> = predictions
            .iter()
            .map(|row| (row["target"].as_str(), row["candidate"].as_str()))
            .collect();
        let expected = [
            ("her", "her"),
            ("her", "him"),
            ("her", "his"),
            ("him", "him"),
            ("him", "her"),
            ("He", "He"),
            ("He", "She"),
        ];
        assert_eq!(candidates, expected, "{family}");
        assert!(!run.rows("nulls.csv").is_empty(), "{family}");
        assert!(run.rows("prompts.csv").iter().all(|row| row["sentence"].contains("[MASK]")));
        let manifest: serde_json::Value =
            serde_json::from_slice(&run.bytes("manifest.json")).unwrap();
        let files = manifest["inputs"]["model"]["sha256"].as_object().unwrap();
        assert_eq!(files.contains_key("pytorch_model.bin"), family == "electra");
        let shards = files.keys().filter(|name| name.contains("-of-00003")).count();
        assert_eq!(shards, if family == "xlm-roberta" { 3 } else { 0 });
    }
}

/// Sentences that end with their target, after which a decoder reads nothing.
const DECODER_PROMPTS: &str = "Robert helped Lucy with {her|him|his} project and she thanked {him|her}.\n\
    He smiled when we met {him|her}.\n";

#[test]
fn the_study_runs_on_every_decoder() {
    for family in decoders() {
        assert_study_runs_on_decoder(family);
    }
}

fn assert_study_runs_on_decoder(family: &str) {
    let parts = "controls,joint,dose,causal,selectors,stability,specificity,dynamic";
    let args = ["--nulls", "2", "--correction", "none", "--parts", parts];
    let run = reproduce(family, STIMULI, DECODER_PROMPTS, &args);
    let predictions = run.rows("predictions.csv");
    let candidates: Vec<_> =
        predictions.iter().map(|row| (&*row["target"], &*row["candidate"])).collect();
    let expected = [
        ("her", "her"),
        ("her", "him"),
        ("her", "his"),
        ("him", "him"),
        ("him", "her"),
        ("him", "him"),
        ("him", "her"),
    ];
    assert_eq!(candidates, expected, "{family}");
    // Read at the token before the word: *with*, *thanked* and *met*.
    let positions: Vec<_> =
        run.rows("prompts.csv").iter().map(|row| row["position"].clone()).collect();
    // Llama's text and Mistral's begin with a token of its own.
    let expected =
        if ["llama", "mistral"].contains(&family) { ["4", "9", "5"] } else { ["3", "8", "4"] };
    assert_eq!(positions, expected, "{family}");
    assert!(!run.rows("nulls.csv").is_empty());
    let stderr = run.stderr();
    let expected = "1 line with text after the target; the model is a decoder and does not read it";
    assert!(stderr.contains(&format!("prompts.txt: {expected}")), "{stderr}");
    assert!(stderr.contains("stimuli.txt: 5 lines with text after the target"), "{stderr}");
}

/// The only words of a protein are its amino acids.
const PROTEIN_STIMULI: &str = "MKTA{L|V}YIAKQR\nQRQIS{L|V}VKSH\nFSRQ{L|V}EERLG\nGGVS{L|V}QPGGS\n\
    EVQ{L|V}VESGG\nRLS{L|V}CAASG\n";
const PROTEIN_PROMPTS: &str = "MKT{L|V|A}IAKQRQ\nQVQ{V|L}VQSGAE\nWVRQ{L|V}PGKGL\n";

#[test]
fn the_study_runs_on_proteins() {
    let args = ["--nulls", "2", "--correction", "none", "--parts", "controls,causal,selectors"];
    let run = reproduce("esm", PROTEIN_STIMULI, PROTEIN_PROMPTS, &args);
    let predictions = run.rows("predictions.csv");
    let candidates: Vec<_> =
        predictions.iter().map(|row| (&*row["target"], &*row["candidate"])).collect();
    let expected =
        [("L", "L"), ("L", "V"), ("L", "A"), ("V", "V"), ("V", "L"), ("L", "L"), ("L", "V")];
    assert_eq!(candidates, expected);
    assert!(!run.rows("nulls.csv").is_empty());
}

/// A run of the program in an empty folder.
fn predict(args: &[&str]) -> Run {
    let dir = tempfile::TempDir::new().unwrap();
    let output = crate::support::lesion(dir.path()).args(args).output().unwrap();
    Run { dir, output }
}

/// A sentence of `everywhere.json`.
#[derive(serde::Deserialize)]
struct SharedLesion {
    text: String,
    position: usize,
    clean: Vec<f64>,
    lesioned: Vec<f64>,
}

#[test]
fn a_lesion_everywhere_does_what_a_hook_on_the_shared_mlp_does_in_transformers() {
    #[derive(serde::Deserialize)]
    struct Expected {
        neurons: Vec<usize>,
        sentences: Vec<SharedLesion>,
    }
    let model = model("albert");
    let path = PathBuf::from(&model).with_file_name("everywhere.json");
    let expected: Expected = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let neurons: Vec<String> = expected.neurons.iter().map(usize::to_string).collect();
    let neurons = neurons.join(",");
    assert!(!expected.sentences.is_empty());
    for sentence in &expected.sentences {
        // The layer does not matter.
        for layer in ["0", "2"] {
            let lesion = format!("{layer}:{neurons}");
            let args = ["predict", &sentence.text, "--model", &model, "--top", "1000", "--json"];
            let args = [&args[..], &["--lesion", &lesion, "--shared", "everywhere"]].concat();
            let run = predict(&args);
            assert!(run.output.status.success(), "{}", run.stderr());
            let answer: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
            assert_eq!(answer["lesion"]["shared"], "everywhere");
            let mask = &answer["masks"][0];
            assert_eq!(mask["position"], sentence.position);
            let words = mask["candidates"].as_array().unwrap();
            let logits = |key: &str| -> Vec<f64> {
                let mut logits: Vec<f64> =
                    words.iter().map(|word| word[key].as_f64().unwrap()).collect();
                logits.sort_by(f64::total_cmp);
                logits
            };
            for (key, expected) in
                [("logit", &sentence.clean), ("logit_lesioned", &sentence.lesioned)]
            {
                let mut expected = expected.clone();
                expected.sort_by(f64::total_cmp);
                let found = logits(key);
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(expected) {
                    assert_close(*found, expected, 1e-4);
                }
            }
        }
    }
}

#[test]
fn a_study_lesions_shared_weights_here_or_everywhere() {
    let args = ["--nulls", "3", "--correction", "none", "--shared", "everywhere"];
    let run = reproduce("albert", STIMULI, PROMPTS, &args);
    let plain = reproduce("albert", STIMULI, PROMPTS, &[&args[..], &["--plain"]].concat());
    for table in ["lesions.csv", "nulls.csv", "neurons_causal.csv", "joint.csv", "dose.csv"] {
        let rows = run.rows(table);
        assert!(!rows.is_empty(), "{table}");
        for (row, plain) in rows.iter().zip(plain.rows(table)) {
            for column in ["margin_drop", "logit_drop"] {
                if let Some(text) = row.get(column).filter(|text| !text.is_empty()) {
                    let found: f64 = text.parse().unwrap();
                    assert_close(found, number(&plain, column), 1e-5);
                }
            }
        }
    }
    // Layers below the last one have a share in every direct effect.
    assert!(run.rows("neurons_causal.csv").iter().all(|row| row["direct"] == "linearised"));
    let manifest: serde_json::Value = serde_json::from_slice(&run.bytes("manifest.json")).unwrap();
    assert_eq!(manifest["study"]["lesion"]["shared"], "everywhere");
    let reason = manifest["skipped"]["dynamic"].as_str().unwrap_or_default();
    assert!(reason.contains("`lesion.shared`"), "{manifest}");
    let page = String::from_utf8(run.bytes("report.html")).unwrap();
    assert!(page.contains("in every layer that shares their weights"));
    let own_layer = reproduce("albert", STIMULI, PROMPTS, &args[..4]);
    assert_ne!(own_layer.rows("lesions.csv"), run.rows("lesions.csv"));
}

#[test]
fn only_layers_that_share_weights_are_lesioned_everywhere() {
    let run = reproduce("roberta", STIMULI, PROMPTS, &["--shared", "everywhere"]);
    assert_user_error(&run, &["`shared` is `everywhere`", "`roberta` share no weights"]);
}

/// Stimuli and prompts that a family can read.
fn texts(family: &str) -> [&'static str; 2] {
    match family {
        decoder if decoders().any(|known| known == decoder) => [STIMULI, DECODER_PROMPTS],
        "esm" => [PROTEIN_STIMULI, PROTEIN_PROMPTS],
        _ => [STIMULI, PROMPTS],
    }
}

#[test]
fn a_decoder_needs_a_token_before_the_word() {
    let run = reproduce("gpt2", STIMULI, "{He|She} smiled.\n", &[]);
    assert_user_error(&run, &["prompts.txt:1: nothing stands before the word"]);
}

#[test]
fn a_decoder_reads_no_mask_in_stimuli_and_prompts() {
    let run = reproduce("gpt2", STIMULI, "We saw [MASK] when we met {him|her}\n", &[]);
    assert_user_error(&run, &["prompts.txt:1: [MASK] stands in the text", "a decoder"]);
}

#[test]
fn a_decoder_is_not_patched_from_a_context_that_it_does_not_read() {
    let args = ["--kind", "patch", "--parts", "joint", "--nulls", "2", "--correction", "none"];
    let before = "The {king|queen} smiled when we met {him|her}.\n\
        The {queen|king} smiled when we met {her|him}.\n";
    assert_eq!(reproduce("gpt2", STIMULI, before, &args).output.status.code(), Some(0));
    let after = "We met {him|her} and the {king|queen} smiled.\n";
    let run = reproduce("gpt2", STIMULI, after, &args);
    assert_user_error(&run, &["prompts.txt:1: ", "`patch` would change nothing"]);
    assert_eq!(reproduce("roberta", STIMULI, after, &args).output.status.code(), Some(0));
}

#[test]
fn a_lesion_before_the_word_of_a_decoder_equals_the_plain_pass() {
    for family in decoders() {
        for at in ["-1,0", "-2", "all"] {
            let args = ["--nulls", "1", "--correction", "none", "--parts", "controls", "--at", at];
            let fast = reproduce(family, STIMULI, DECODER_PROMPTS, &args);
            let plain = [&args[..], &["--plain"]].concat();
            let plain = reproduce(family, STIMULI, DECODER_PROMPTS, &plain).rows("nulls.csv");
            let fast = fast.rows("nulls.csv");
            assert_eq!(fast.len(), plain.len());
            for (fast, plain) in fast.iter().zip(&plain) {
                assert_close(number(fast, "margin_drop"), number(plain, "margin_drop"), 1e-5);
            }
        }
    }
}

#[test]
fn a_decoder_predicts_at_the_end_of_a_sentence() {
    let model = model("gpt2");
    let dir = tempfile::TempDir::new().unwrap();
    let predict = |sentence: &str| {
        let args = ["predict", sentence, "--model", &model, "--json"];
        crate::support::lesion(dir.path()).args(args).output().unwrap()
    };
    let masks = |sentence: &str| -> serde_json::Value {
        let output = predict(sentence);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["masks"].clone()
    };
    let plain = masks("She thanked [MASK]");
    assert_eq!(plain[0]["position"], 1);
    assert_eq!(masks("She thanked [MASK]."), plain);
    let output = crate::support::lesion(dir.path())
        .args(["predict", "She thanked [MASK].", "--model", &model])
        .output()
        .unwrap();
    let screen = String::from_utf8(output.stdout).unwrap();
    assert!(screen.contains("Note: the model, a decoder, does not read \".\""), "{screen}");
    for (sentence, expected) in [
        ("She thanked [MASK] and smiled.", "\"and smiled.\" stands after [MASK]"),
        ("She [MASK] him [MASK].", "stands after [MASK]"),
        ("[MASK] smiled.", "stands after [MASK]"),
        ("[MASK]", "nothing stands before the word"),
        ("She thanked him.", "no [MASK] in the sentence"),
    ] {
        let output = predict(sentence);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{sentence}: {stderr}");
        assert!(stderr.contains(expected) && stderr.lines().count() == 1, "{stderr}");
    }
}

/// White space before the word is text, of which the word has one space at most.
#[test]
fn a_decoder_reads_the_same_white_space_in_a_sentence_and_in_a_study() {
    for family in decoders() {
        let prompts = "She thanked  {him|her}.\nShe thanked {him|her}.\n";
        let run = reproduce(family, STIMULI, prompts, &["--parts", "none"]);
        let rows = run.rows("predictions.csv");
        let model = model(family);
        for (prompt, sentence) in ["She thanked  [MASK]", "She thanked [MASK]"].iter().enumerate() {
            let args =
                ["predict", sentence, "--model", &model, "--candidates", "him,her", "--json"];
            let answer = predict(&args).stdout();
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            for found in answer["masks"][0]["candidates"].as_array().unwrap() {
                let is_row = |row: &&crate::support::Row| {
                    row["prompt"] == prompt.to_string() && found["candidate"] == row["candidate"]
                };
                let row = rows.iter().find(is_row).unwrap();
                assert_eq!(row["position"], answer["masks"][0]["position"].to_string());
                let logit = found["logit"].as_f64().unwrap();
                assert_close(number(row, "logit"), logit, 1e-5);
            }
        }
        assert_ne!(rows[0]["position"], rows[2]["position"], "{family}");
        assert_ne!(rows[0]["logit"], rows[2]["logit"], "{family}");
    }
}

#[test]
fn shortcuts_and_the_plain_pass_agree() {
    for family in families().filter(|folder| !folder.is_empty()) {
        let [stimuli, prompts] = texts(family);
        let args = ["--nulls", "1", "--correction", "none", "--parts", "controls,joint"];
        let fast = reproduce(family, stimuli, prompts, &args);
        let plain = reproduce(family, stimuli, prompts, &[&args[..], &["--plain"]].concat());
        let fast_rows = fast.rows("nulls.csv");
        let plain_rows = plain.rows("nulls.csv");
        assert_eq!(fast_rows.len(), plain_rows.len());
        for (fast, plain) in fast_rows.iter().zip(&plain_rows) {
            for drop in ["logit_drop", "margin_drop"] {
                assert_close(number(fast, drop), number(plain, drop), 1e-5);
            }
        }
    }
}

#[test]
fn neurons_can_be_selected_at_the_mask() {
    for family in masked().chain(decoders()) {
        let [_, prompts] = texts(family);
        let run =
            reproduce(family, CONTEXT, prompts, &["--select-at", "masked", "--parts", "dose"]);
        assert_eq!(run.rows("neurons.csv").len(), 3 * 32, "{family}");
    }
}

/// A copy of a family's model with another activation function.
fn write_model(dir: &Path, family: &str, key: &str, activation: &str) -> String {
    copy_files(Path::new(&model(family)), dir);
    let path = dir.join("config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config[key] = activation.into();
    fs::write(path, config.to_string()).unwrap();
    dir.display().to_string()
}

/// The first word of a text that begins with `start`, whatever its case.
fn find_word<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.find(|word| word.to_lowercase().starts_with(&start.to_lowercase()))
}

#[test]
fn texts_name_the_activation_function_and_the_place_of_the_prediction() {
    let mask = "at the mask";
    let before = "at the token before the word";
    for (family, key, activation, name, place) in [
        ("", "hidden_act", "gelu", "GELU", mask),
        ("", "hidden_act", "relu", "ReLU", mask),
        ("", "hidden_act", "silu", "SiLU", mask),
        ("modernbert", "hidden_activation", "gelu", "GeGLU", mask),
        ("gpt2", "activation_function", "gelu_new", "tanh GELU", before),
        ("gpt2", "activation_function", "relu", "ReLU", before),
    ] {
        let dir = TempDir::new().unwrap();
        let model = write_model(&dir.path().join("model"), family, key, activation);
        let [stimuli, prompts] = texts(family);
        let files = [("stimuli.txt", stimuli), ("prompts.txt", prompts)];
        let study = ["--model", &model, "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
        let random = ["--nulls", "2", "--correction", "none", "--parts", "controls,causal"];
        let run = Run::with_files(&files, &[&study[..], &random].concat());
        let page = String::from_utf8(run.bytes("report.html")).unwrap();
        for (file, content) in files.into_iter().chain([("s.toml", "")]) {
            fs::write(dir.path().join(file), content).unwrap();
        }
        let command = |args: &[&str]| -> String {
            let output = lesion(dir.path()).args(args).args(["--model", &model]).output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{stderr}");
            String::from_utf8(output.stdout).unwrap() + &stderr
        };
        let inputs = ["check", "s.toml", "--stimuli", "stimuli.txt", "--prompts", "prompts.txt"];
        let check = command(&inputs);
        let sentence = "Lucy thanked [MASK]";
        let predict = command(&["predict", sentence, "--lesion", "1:0-3"]).replace(sentence, "");
        let view = command(&["predict", sentence, "--show", "1:2"]).replace(sentence, "");
        let expected = format!("set to zero after {name}, {place}.");
        assert!(predict.contains(&expected), "{predict}");
        assert!(page.contains(&format!("after {name} {place}")), "{name}, {place}");
        assert!(page.contains(&format!("activation before {name}")), "{name}");
        for text in [run.stdout(), run.stderr(), page, check, predict, view] {
            if !name.contains("GELU") {
                assert_eq!(find_word(&text, "gelu"), None, "{name}: {text}");
            }
            if place == before {
                assert_eq!(find_word(&text, "mask"), None, "{family}: {text}");
            }
        }
    }
}

#[test]
fn evaluate_runs_on_every_family() {
    for family in masked().chain(decoders()) {
        let model = model(family);
        let dir = tempfile::TempDir::new().unwrap();
        let args = ["evaluate", "--model", &model, "--count", "20"];
        let output = crate::support::lesion(dir.path()).args(args).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{family}: {stderr}");
        let is_unread = stderr.contains("lines with text after the target");
        assert_eq!(is_unread, decoders().any(|decoder| decoder == family), "{family}: {stderr}");
    }
}

#[test]
fn a_lesion_that_needs_the_bundled_stimuli_is_refused_where_no_word_of_them_is_known() {
    let model = model("esm");
    let sentence = "MKT[MASK]VY";
    for (lesion, expected) in [
        (&["--lesion", "1:her"][..], "labels are those of the bundled stimuli"),
        (
            &["--lesion", "1:3", "--kind", "mean"],
            "`mean` takes its values from the bundled stimuli",
        ),
    ] {
        let run = predict(&[&["predict", sentence, "--model", &model][..], lesion].concat());
        assert_user_error(&run, &[expected, "\"him\" is not in the model's vocabulary"]);
    }
}

#[test]
fn a_word_of_several_tokens_is_an_error_that_suggests_others() {
    for family in masked() {
        let run = reproduce(family, STIMULI, "We saw {him|helm} today.\n", &[]);
        let expected =
            ["prompts.txt:1: \"helm\" is ", "one is needed; words of one token like it: "];
        assert_user_error(&run, &expected);
    }
}

#[test]
fn a_missing_tensor_is_reported_by_its_name_in_the_family() {
    let dir = tempfile::TempDir::new().unwrap();
    for name in ["config.json", "tokenizer.json"] {
        std::fs::copy(PathBuf::from(model("distilbert")).join(name), dir.path().join(name))
            .unwrap();
    }
    let bert = PathBuf::from(model("")).join("model.safetensors");
    std::fs::copy(bert, dir.path().join("model.safetensors")).unwrap();
    let run = Run::new(&["--model", &dir.path().display().to_string()]);
    let name = "distilbert.embeddings.word_embeddings.weight";
    assert_user_error(&run, &[&format!("model.safetensors: tensor `{name}` is missing")]);
}
