//! Weights in several files, and in PyTorch's format.

mod common;

use std::{fs, path::Path};

use bert_model::{BertModelError, Checkpoint};
use burn::tensor::Device;
use common::{folder, safetensors, stored};
use tempfile::TempDir;

const INDEX: &str = "model.safetensors.index.json";
const LAST: &str = "model-00003-of-00003.safetensors";

/// A copy of a family's checkpoint that a test can take apart.
fn copy(family: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    for file in fs::read_dir(folder(family).join("model")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    dir
}

/// The error of a checkpoint that cannot be loaded, and its only line.
fn error(dir: &Path) -> (BertModelError, String) {
    let loaded = Checkpoint::open(dir).and_then(|mut found| found.load_model(&Device::flex()));
    let error = loaded.unwrap_err();
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    (error, line)
}

#[test]
fn all_files_of_a_checkpoint_are_known() {
    for (family, expected) in [
        ("xlm-roberta", vec![INDEX, "model-00001-of-00003.safetensors", LAST]),
        ("electra", vec!["pytorch_model.bin"]),
        ("roberta", vec!["model.safetensors", "tokenizer_config.json", "tokenizer.json"]),
    ] {
        let checkpoint = Checkpoint::open(folder(family).join("model")).unwrap();
        for name in expected {
            assert!(checkpoint.files().iter().any(|file| file.ends_with(name)), "{name}");
        }
    }
}

#[test]
fn a_missing_file_of_several_is_named_before_anything_is_loaded() {
    let dir = copy("xlm-roberta");
    fs::remove_file(dir.path().join(LAST)).unwrap();
    let error = Checkpoint::open(dir.path()).map(drop).unwrap_err();
    assert!(matches!(&error, BertModelError::Read { path, .. } if path.ends_with(LAST)), "{error}");
}

#[test]
fn a_tensor_that_is_not_where_the_index_says_is_named_with_its_file() {
    let dir = copy("xlm-roberta");
    let file = dir.path().join(LAST);
    let mut tensors = stored(&fs::read(&file).unwrap());
    let (gone, _) = tensors.pop_first().unwrap();
    fs::write(&file, safetensors(&tensors)).unwrap();
    let (_, line) = error(dir.path());
    assert!(line.starts_with(&format!("{LAST}: tensor `{gone}` is missing")), "{line}");
}

#[test]
fn a_tensor_that_the_index_does_not_have_is_named() {
    let dir = copy("xlm-roberta");
    let index = dir.path().join(INDEX);
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&index).unwrap()).unwrap();
    json["weight_map"].as_object_mut().unwrap().remove("lm_head.dense.bias").unwrap();
    fs::write(&index, json.to_string()).unwrap();
    let (_, line) = error(dir.path());
    assert!(
        line.starts_with(&format!("{INDEX}: tensor `lm_head.dense.bias` is missing")),
        "{line}"
    );
}

#[test]
fn an_invalid_index_or_one_that_leaves_its_folder_is_refused() {
    for (index, names_files, expected) in [
        (r#"{"weight_map": {"a": "../other.safetensors"}}"#, true, "../other.safetensors"),
        (r#"{"weight_map": {"a": "/etc/passwd"}}"#, true, "/etc/passwd"),
        (r#"{"weight_map": {"a": ".."}}"#, true, "\"..\""),
        ("{}", false, "weight_map"),
        ("", false, "EOF"),
    ] {
        let dir = copy("xlm-roberta");
        fs::write(dir.path().join(INDEX), index).unwrap();
        let (error, line) = error(dir.path());
        assert_eq!(matches!(error, BertModelError::OutsideFolder { .. }), names_files, "{line}");
        assert_eq!(matches!(error, BertModelError::Container { .. }), !names_files, "{line}");
        assert!(line.starts_with(INDEX) && line.contains(expected), "{line}");
    }
}

#[test]
fn the_error_of_a_folder_without_weights_names_the_possible_files() {
    let dir = copy("electra");
    fs::remove_file(dir.path().join("pytorch_model.bin")).unwrap();
    let (_, line) = error(dir.path());
    assert!(line.contains("model.safetensors") && line.contains("pytorch_model.bin"), "{line}");
}

#[test]
fn a_family_without_word_pieces_needs_its_tokenizer() {
    let dir = copy("roberta");
    fs::remove_file(dir.path().join("tokenizer.json")).unwrap();
    fs::write(dir.path().join("vocab.txt"), "[PAD]\n").unwrap();
    let (error, line) = error(dir.path());
    assert!(matches!(error, BertModelError::NoTokenizer { .. }), "{line}");
}

/// The pickle asks for `os.system`, with a command that would leave a file.
#[test]
fn a_pickle_is_not_executed() {
    let dir = copy("electra");
    let left = dir.path().join("left");
    let text = format!("cos\nsystem\n(S'touch {}'\ntR.", left.display());
    let binary = [b"\x80\x02", text.as_bytes()].concat();
    for bytes in [text.as_bytes(), &binary, b"no pickle", b""] {
        fs::write(dir.path().join("pytorch_model.bin"), bytes).unwrap();
        let (_, line) = error(dir.path());
        assert!(line.starts_with("pytorch_model.bin: "), "{line}");
        assert!(!left.exists());
    }
}

#[test]
fn the_error_of_a_broken_file_is_one_line() {
    let dir = copy("electra");
    let file = dir.path().join("pytorch_model.bin");
    let bytes = fs::read(&file).unwrap();
    for length in [10, bytes.len() / 2, bytes.len() - 30] {
        fs::write(&file, &bytes[..length]).unwrap();
        let (_, line) = error(dir.path());
        assert!(line.starts_with("pytorch_model.bin: "), "{line}");
    }
}
