//! Model folders that strangers wrote: they work as in `transformers`, or are refused in one line.

use std::{fs, path::Path, time::Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Run, lesion, planted};

/// A copy of a folder of the parity fixtures.
struct Model(TempDir);

impl Model {
    fn copy(family: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity");
        for entry in fs::read_dir(fixtures.join(family).join("model")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
        Self(dir)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Changes a JSON file.
    fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) -> &Self {
        let path = self.path().join(file);
        let mut content = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
            Err(_) => json!({}),
        };
        change(&mut content);
        fs::write(path, content.to_string()).unwrap();
        self
    }

    fn remove(&self, file: &str) -> &Self {
        fs::remove_file(self.path().join(file)).unwrap();
        self
    }

    /// Runs a study of the model with weights that are drawn at random.
    fn run_untrained(&self) -> Run {
        let dir = TempDir::new().unwrap();
        let model = self.path().to_str().unwrap();
        let args = ["reproduce", "--untrained", "1", "--parts", "none", "--model", model];
        let output = lesion(dir.path()).args(args).output().unwrap();
        Run { dir, output }
    }

    fn predict(&self, text: &str) -> Run {
        let dir = TempDir::new().unwrap();
        let args = ["predict", text, "--json", "--model", self.path().to_str().unwrap()];
        let output = lesion(dir.path()).args(args).output().unwrap();
        Run { dir, output }
    }

    /// The answer to a text, and what stderr says.
    #[track_caller]
    fn answer(&self, text: &str) -> (Value, String) {
        let run = self.predict(text);
        assert_eq!(run.output.status.code(), Some(0), "{}", run.stderr());
        let mut answer: Value = serde_json::from_str(&run.stdout()).unwrap();
        answer.as_object_mut().unwrap().remove("model");
        (answer, run.stderr())
    }

    /// Checks that the model is refused in one line that contains all of `parts`.
    #[track_caller]
    fn assert_refused(&self, text: &str, parts: &[&str]) {
        self.assert_refused_after(0, text, parts);
    }

    /// The same after some lines of notes.
    #[track_caller]
    fn assert_refused_after(&self, notes: usize, text: &str, parts: &[&str]) {
        let run = self.predict(text);
        let stderr = run.stderr();
        assert_eq!(run.output.status.code(), Some(2), "{stderr}");
        assert_eq!(stderr.lines().count(), 1 + notes, "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
        }
    }
}

const TEXT: &str = "The dog saw [MASK].";

/// A class of no model, for which every component of `tokenizer.json` counts.
fn whole(model: &Model) -> &Model {
    model.edit("tokenizer_config.json", |options| {
        options["tokenizer_class"] = json!("PreTrainedTokenizerFast");
    })
}

#[test]
fn a_faulty_component_is_refused_by_name() {
    let template = |change: fn(&mut Value)| {
        let mut template = json!({
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            ],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
            },
        });
        change(&mut template);
        template
    };
    let charsmap = |map: &str| json!({"type": "Precompiled", "precompiled_charsmap": map});
    let replace =
        |content: &str| json!({"type": "Replace", "pattern": {"String": "a"}, "content": content});
    let many: Vec<Value> = (0..32).map(|_| replace("aa")).collect();
    for (key, component, part) in [
        ("post_processor", template(|it| it["special_tokens"] = json!({})), "\"[CLS]\""),
        ("post_processor", template(|it| it["single"][1]["Sequence"]["id"] = json!("B")), "second"),
        ("post_processor", template(|it| it["single"] = json!([])), "0 times"),
        ("normalizer", charsmap(""), "precompiled_charsmap"),
        ("normalizer", charsmap("AAAAAA=="), "empty trie"),
        ("normalizer", charsmap("BAAAAAAAAAA="), "faulty"),
        ("normalizer", charsmap("/////w=="), "shorter than its trie"),
        ("normalizer", charsmap("?"), "base64"),
        ("normalizer", json!({"type": "Sequence", "normalizers": [charsmap("/////w==")]}), "trie"),
        ("pre_tokenizer", json!({"type": "FixedLength", "length": 0}), "FixedLength"),
        (
            "pre_tokenizer",
            json!({"type": "Sequence", "pretokenizers": [
            {"type": "FixedLength", "length": 0}]}),
            "FixedLength",
        ),
        ("normalizer", json!({"type": "Sequence", "normalizers": many}), "times longer"),
        ("normalizer", replace(&"a".repeat(5000)), "times longer"),
        ("normalizer", json!({"type": "Prepend", "prepend": "a".repeat(3000)}), "times longer"),
    ] {
        for counts in [false, true] {
            let model = Model::copy("");
            if counts {
                whole(&model);
            }
            model.edit("tokenizer.json", |json| json[key] = component.clone());
            let started = Instant::now();
            model.assert_refused(TEXT, &["tokenizer.json", key, part]);
            assert!(started.elapsed().as_secs() < 10, "{key}: {component}");
        }
    }
}

/// The pattern takes long on many letters that the normaliser puts before a text.
#[test]
fn a_component_that_is_slow_is_refused_in_time() {
    let model = Model::copy("");
    model.edit("tokenizer.json", |json| {
        json["normalizer"] = json!({"type": "Prepend", "prepend": "a".repeat(900)});
        json["pre_tokenizer"] = json!({
            "type": "Split",
            "pattern": {"Regex": "((a{1,50}){1,50}){1,50}b"},
            "behavior": "Isolated",
            "invert": false,
        });
    });
    let started = Instant::now();
    model.assert_refused(TEXT, &["tokenizer.json", "`pre_tokenizer`", "more than 1 s"]);
    assert!(started.elapsed().as_secs() < 10);
}

/// A pattern may be quick on the texts that a tokenizer is tried with, and slow on another.
#[test]
fn a_text_that_takes_too_long_is_an_error() {
    let model = Model::copy("");
    whole(&model).edit("tokenizer.json", |json| {
        json["pre_tokenizer"] = json!({
            "type": "Split",
            "pattern": {"Regex": "((q{1,50}){1,50}){1,50}b"},
            "behavior": "Isolated",
            "invert": false,
        });
    });
    let started = Instant::now();
    model.assert_refused(&format!("{} [MASK]", "q".repeat(3000)), &["more than 1 s"]);
    assert!(started.elapsed().as_secs() < 10);
}

/// The library would find such a token everywhere, and ask for all memory.
#[test]
fn an_added_token_of_which_nothing_is_left_is_refused() {
    let model = Model::copy("");
    model.edit("added_tokens.json", |tokens| tokens["\u{301}"] = json!(120));
    model.assert_refused(TEXT, &["the added token \"\\u{301}\"", "nothing is left"]);
    let model = Model::copy("");
    model.edit("added_tokens.json", |tokens| {
        tokens["new"] = json!(120);
        tokens["NEW"] = json!(121);
    });
    model.assert_refused(TEXT, &["\"NEW\" and \"new\"", "one text"]);
    model.edit("added_tokens.json", |tokens| *tokens = json!({"new": 120, "other": 120}));
    model.assert_refused(TEXT, &["added_tokens.json", "`other` is 120, as `new` is"]);
}

#[test]
fn dropout_padding_and_truncation_are_off() {
    let plain = Model::copy("roberta").answer("we saw [MASK] and she thanked him").0;
    for counts in [false, true] {
        let model = Model::copy("roberta");
        if counts {
            whole(&model);
        }
        model.edit("tokenizer.json", |json| {
            json["model"]["dropout"] = json!(0.5);
            json["truncation"] = json!({
                "direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0,
            });
            json["padding"] = json!({
                "strategy": {"Fixed": 16}, "direction": "Left", "pad_to_multiple_of": null,
                "pad_id": 1, "pad_type_id": 0, "pad_token": "<pad>",
            });
        });
        assert_eq!(model.answer("we saw [MASK] and she thanked him").0, plain);
    }
}

#[test]
fn masks_are_found_by_their_id() {
    for family in ["", "roberta", "xlm-roberta"] {
        let model = Model::copy(family);
        for space in ["\u{a0}", "\u{3000}", "\u{2009}", "\t", "  "] {
            for text in [
                format!("we saw{space}[MASK] and [MASK]."),
                format!("we saw [MASK]{space}and{space}[MASK]{space}."),
            ] {
                let masks = model.answer(&text).0["masks"].as_array().unwrap().len();
                assert_eq!(masks, 2, "{family}: {text:?}");
            }
        }
    }
}

#[test]
fn a_configuration_without_a_family_is_told_by_the_tensors() {
    for family in ["", "roberta", "xlm-roberta", "camembert", "distilbert", "electra"] {
        let model = Model::copy(family);
        let plain = model.answer(TEXT).0;
        model.edit("config.json", |config| {
            let keys = config.as_object_mut().unwrap();
            keys.remove("model_type");
            keys.remove("architectures");
        });
        let (answer, stderr) = model.answer(TEXT);
        assert_eq!(answer, plain, "{family}");
        assert!(stderr.starts_with("Note: ") && stderr.contains("no `model_type`"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn an_architecture_or_code_of_its_own_is_noted() {
    let model = Model::copy("");
    let plain = model.answer(TEXT).0;
    model.edit("config.json", |config| config["architectures"] = json!(["MyBert"]));
    let (answer, stderr) = model.answer(TEXT);
    assert_eq!(answer, plain);
    assert!(stderr.starts_with("Warning: ") && stderr.contains("[\"MyBert\"]"), "{stderr}");
    model.edit("config.json", |config| {
        config["architectures"] = json!(["BertForMaskedLM"]);
        config["auto_map"] = json!({"AutoModelForMaskedLM": "modeling.BertForMaskedLM"});
    });
    let (answer, stderr) = model.answer(TEXT);
    assert_eq!(answer, plain);
    assert!(stderr.starts_with("Warning: ") && stderr.contains("`auto_map`"), "{stderr}");
    model.edit("config.json", |config| config["architectures"] = json!(["BertModel"]));
    model.assert_refused(TEXT, &["`architectures` is [\"BertModel\"]"]);
}

#[test]
fn a_token_without_an_embedding_is_an_error_only_where_it_stands() {
    let model = Model::copy("");
    let plain = model.answer(TEXT).0;
    let vocabulary = fs::read_to_string(model.path().join("vocab.txt")).unwrap();
    let size = vocabulary.lines().count();
    model.edit("added_tokens.json", |tokens| tokens["newword"] = json!(size));
    let (answer, stderr) = model.answer(TEXT);
    assert_eq!(answer, plain);
    assert!(stderr.starts_with("Note: ") && stderr.contains("up to the id"), "{stderr}");
    model.assert_refused_after(1, "The newword saw [MASK].", &["\"newword\"", "embeddings"]);
    let run = {
        let dir = TempDir::new().unwrap();
        let args = [
            "predict",
            TEXT,
            "--candidates",
            "him,newword",
            "--model",
            model.path().to_str().unwrap(),
        ];
        let output = lesion(dir.path()).args(args).output().unwrap();
        Run { dir, output }
    };
    assert_eq!(run.output.status.code(), Some(2), "{}", run.stderr());
}

/// Words of a model's files are shown, not obeyed.
#[test]
fn names_in_the_files_of_a_model_are_escaped() {
    let odd = "x\u{1b}]0;y\u{7}\nz";
    let escaped = "x\\u{1b}]0;y\\u{7}\\nz";
    let activation = Model::copy("");
    activation.edit("config.json", |config| config["hidden_act"] = json!(odd));
    let mask = Model::copy("");
    mask.edit("tokenizer_config.json", |options| options["mask_token"] = json!(odd));
    let shard = Model::copy("xlm-roberta");
    shard.edit("model.safetensors.index.json", |index| {
        for file in index["weight_map"].as_object_mut().unwrap().values_mut() {
            *file = json!(odd);
        }
    });
    for model in [activation, mask, shard] {
        model.assert_refused(TEXT, &[escaped]);
    }
    let class = Model::copy("");
    class.edit("config.json", |config| config["architectures"] = json!([odd]));
    let (_, stderr) = class.answer(TEXT);
    assert!(stderr.lines().count() == 1 && stderr.contains(escaped), "{stderr}");
}

#[test]
fn a_word_in_added_tokens_json_is_that_of_the_vocabulary() {
    let model = Model::copy("");
    model.remove("tokenizer.json");
    let text = "the new dog saw [MASK] .";
    let plain = model.answer(text).0;
    assert_eq!(plain["unknown"], json!([]));
    let path = model.path().join("vocab.txt");
    let vocabulary = fs::read_to_string(&path).unwrap();
    let mut words: Vec<&str> = vocabulary.lines().collect();
    let last = words.pop().unwrap();
    assert_eq!(last, "new");
    fs::write(&path, words.join("\n")).unwrap();
    model.edit("added_tokens.json", |tokens| tokens[last] = json!(words.len()));
    assert_eq!(model.answer(text).0, plain);
}

#[test]
fn a_pointer_of_git_lfs_is_named() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    for (family, file) in [
        ("", "config.json"),
        ("", "model.safetensors"),
        ("", "tokenizer.json"),
        ("", "tokenizer_config.json"),
        ("electra", "pytorch_model.bin"),
        ("xlm-roberta", "model.safetensors.index.json"),
        ("xlm-roberta", "model-00002-of-00003.safetensors"),
    ] {
        let model = Model::copy(family);
        fs::write(model.path().join(file), pointer).unwrap();
        model.assert_refused(TEXT, &[file, "git lfs pull"]);
    }
    let model = Model::copy("");
    fs::write(model.remove("tokenizer.json").path().join("vocab.txt"), pointer).unwrap();
    model.assert_refused(TEXT, &["vocab.txt", "git lfs pull"]);
}

/// PyTorch's format can repeat a value by a stride of 0.
#[test]
fn a_tensor_that_is_larger_than_its_file_is_refused() {
    let model = Model::copy("electra");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/strided");
    let bert = Model::copy("");
    fs::copy(bert.path().join("config.json"), model.path().join("config.json")).unwrap();
    fs::copy(fixture.join("pytorch_model.bin"), model.path().join("pytorch_model.bin")).unwrap();
    model.edit("config.json", |config| config["vocab_size"] = json!(80_000_000));
    model.assert_refused(TEXT, &["pytorch_model.bin", "larger than the file"]);
}

#[test]
fn sizes_that_no_machine_can_hold_are_refused_at_once() {
    for (key, value) in [
        ("hidden_size", json!(1_000_000_000_000_u64)),
        ("hidden_size", json!(u64::MAX - 3)),
        ("intermediate_size", json!(1_000_000_000_000_u64)),
        ("num_hidden_layers", json!(1_000_000_000)),
        ("vocab_size", json!(1_000_000_000_000_u64)),
        ("max_position_embeddings", json!(1_000_000_000_000_u64)),
        ("type_vocab_size", json!(1_000_000_000_000_u64)),
    ] {
        let model = Model::copy("");
        model.edit("config.json", |config| config[key] = value.clone());
        let started = Instant::now();
        model.assert_refused(TEXT, &["model.safetensors", "tensor `"]);
        let run = model.run_untrained();
        let stderr = run.stderr();
        assert_eq!(run.output.status.code(), Some(2), "{key}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{key}: {stderr}");
        assert!(stderr.contains("weights of these sizes take"), "{key}: {stderr}");
        assert!(started.elapsed().as_secs() < 10);
    }
}

#[test]
fn sizes_that_are_none_are_refused_by_key() {
    for value in [json!(0), json!(-1), json!(2.5), json!("2"), json!([2]), json!(1e40)] {
        for key in [
            "hidden_size",
            "intermediate_size",
            "num_attention_heads",
            "num_hidden_layers",
            "vocab_size",
            "max_position_embeddings",
            "type_vocab_size",
        ] {
            let model = Model::copy("");
            model.edit("config.json", |config| config[key] = value.clone());
            model.assert_refused(TEXT, &["config.json", &format!("`{key}` ")]);
        }
    }
    let model = Model::copy("distilbert");
    model.edit("config.json", |config| config["n_heads"] = json!(7));
    model.assert_refused(TEXT, &["config.json", "not a multiple of `n_heads` 7"]);
}

#[test]
fn options_that_cannot_be_followed_are_refused_by_key() {
    for (key, value) in [
        ("split_special_tokens", json!(true)),
        ("tokenizer_class", json!("BertJapaneseTokenizer")),
        ("do_lower_case", json!("yes")),
        ("mask_token", Value::Null),
        ("mask_token", json!("[GAP]")),
        ("cls_token", json!(7)),
        ("additional_special_tokens", json!("x")),
        ("added_tokens_decoder", json!({"x": {"content": "y"}})),
        ("fast_tokenizer_files", json!(["tokenizer.4.0.0.json"])),
    ] {
        let model = Model::copy("");
        model.edit("tokenizer_config.json", |options| options[key] = value.clone());
        let part = if value == json!("[GAP]") { "no [GAP]" } else { key };
        model.assert_refused(TEXT, &[part]);
    }
}

/// These classes exist in Python alone, and nothing can be made a `tokenizer.json` from.
#[test]
fn a_tokenizer_in_python_without_its_files_is_refused() {
    for (family, missing, expected) in [
        ("phobert", "bpe.codes", "no vocab.txt with bpe.codes; copy what is missing"),
        ("phobert", "vocab.txt", "no vocab.txt with bpe.codes; copy what is missing"),
        ("esm", "vocab.txt", "no vocab.txt; copy what is missing"),
    ] {
        let model = Model::copy(family);
        // It would not be read.
        fs::write(model.path().join("tokenizer.json"), "{}").unwrap();
        model.remove(missing).assert_refused(TEXT, &[expected]);
    }
    let model = Model::copy("phobert");
    model.edit("tokenizer_config.json", |options| {
        options["tokenizer_class"] = json!("BertweetTokenizer");
        options["normalization"] = json!(true);
    });
    model.assert_refused(TEXT, &["`normalization` is true", "rewrite the texts before"]);
    fs::write(model.path().join("bpe.codes"), "h e\n").unwrap();
    model.edit("tokenizer_config.json", |options| options["normalization"] = json!(false));
    model.assert_refused(TEXT, &["bpe.codes: line 1 is not two symbols and their count"]);
}

#[test]
fn what_is_read_otherwise_than_written_is_noted() {
    let model = Model::copy("");
    model.edit("tokenizer_config.json", |options| options["do_lower_case"] = json!(false));
    let (_, stderr) = model.answer(TEXT);
    assert!(stderr.contains("tokenizer.json: `normalizer`"), "{stderr}");
    assert!(stderr.contains("tokenizer_config.json"), "{stderr}");
    let model = Model::copy("distilbert");
    model.remove("tokenizer_config.json");
    let (_, stderr) = model.answer(TEXT);
    assert!(stderr.contains("no `do_lower_case`"), "{stderr}");
}

/// A note or a doubt is the same on every screen, in the manifest and on the page. Only a doubt is an error
/// where warnings are.
#[test]
fn notes_and_doubts_about_a_model_are_in_check_run_manifest_and_page() {
    let texts = [("s.toml", "parts = []\nstimuli = \"stimuli.txt\"\nprompts = \"prompts.txt\"\n")];
    let files = [texts[0], ("stimuli.txt", planted::STIMULI), ("prompts.txt", planted::PROMPTS)];
    for (key, start, expected) in [
        ("warnings", "Warning: ", "[\"MyBert\"], which `transformers` does not have"),
        ("notes", "Note: ", "no `model_type`; the tensors are those of `bert`"),
    ] {
        let folder = TempDir::new().unwrap();
        planted::Planted::new(true).write(folder.path());
        let model = Model(folder);
        model.edit("config.json", |config| {
            config["architectures"] = json!(["MyBert"]);
            if key == "notes" {
                let keys = config.as_object_mut().unwrap();
                keys.retain(|key, _| !["model_type", "architectures"].contains(&key.as_str()));
            }
        });
        let path = model.path().to_str().unwrap().to_owned();
        let command = |command: &str, args: &[&str]| {
            let args = [&["s.toml", "--model", &path, "--parts", "none"], args].concat();
            Run::command(command, &files, &args)
        };
        let is_expected = |line: &str| line.starts_with(start) && line.contains(expected);
        let count = |text: String| text.lines().filter(|line| is_expected(line)).count();
        let (checked, ran) = (command("check", &[]), command("run", &[]));
        for run in [&checked, &ran] {
            assert_eq!((count(run.stdout()), count(run.stderr())), (1, 1), "{}", run.stdout());
        }
        let manifest: Value = serde_json::from_slice(&ran.bytes("manifest.json")).unwrap();
        assert!(manifest[key].to_string().contains("config.json: "), "{manifest}");
        for name in ["check", "run"] {
            let answer: Value = serde_json::from_str(&command(name, &["--json"]).stdout()).unwrap();
            assert_eq!(answer[key], manifest[key], "{name}");
        }
        let page = String::from_utf8(ran.bytes("report.html")).unwrap();
        assert!(page.contains(if key == "notes" { "no `model_type`" } else { "MyBert" }));
        let strict = command("check", &["--strict"]);
        let stderr = strict.stderr();
        assert_eq!(stderr.contains("error: model "), key == "warnings", "{stderr}");
    }
}
