//! The files that the program reads, each with a command that reads it.

use std::{fs, os::unix::fs::symlink, path::Path};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::limited_process::LimitedProcess;

/// A file of a folder that a command reads.
pub(crate) struct Reader {
    /// Its name, also that of its folder in the corpus.
    pub(crate) name: &'static str,
    /// A folder of the repository whose files are copied; empty for none.
    copied: &'static str,
    /// The file that is changed, in the copied folder.
    file: &'static str,
    /// Content of the file if the folder has none.
    content: Option<&'static str>,
    /// Files that are left out of the folder.
    without: &'static [&'static str],
    command: Command,
}

/// A command of the program.
#[derive(Clone, Copy)]
enum Command {
    /// Predicts a word with the folder's model.
    Predict,
    /// Checks the folder's study.
    Check,
    /// Makes the page of the folder's finished study again.
    Report,
    /// Resumes the folder's study from its journal.
    Resume,
    /// Imports a list of minimal pairs, `blimp` or `pairs`.
    Import(&'static str),
}

/// A small BERT, and models of other families.
const BERT: &str = "tests/fixtures/parity/model";
const ROBERTA: &str = "tests/fixtures/parity/roberta/model";
const XLM_ROBERTA: &str = "tests/fixtures/parity/xlm-roberta/model";
const CAMEMBERT: &str = "tests/fixtures/parity/camembert/model";
const PHOBERT: &str = "tests/fixtures/parity/phobert/model";
const ESM: &str = "tests/fixtures/parity/esm/model";
const DISTILBERT: &str = "tests/fixtures/parity/distilbert/model";
const ELECTRA: &str = "tests/fixtures/parity/electra/model";
const STUDY: &str = "tests/fixtures/small-study";

const STIMULI: &str = "# pairs\nThe dog followed {him|her} home.\nWe saw {him|her} and they met.\n\
                       group=a\tThey thanked {him|her}.\ngroup=a\tShe helped {him|her} and she ran.\n\
                       He said that {him|her} was with them.\n";
const SENTENCES: &str = "him\tThe dog followed {him} home.\nher\tWe saw {her} then.\n\
                         The man thanked {him}.\nThey helped {her} home.\nher\tShe met {mary}.\n";
const PROMPTS: &str = "group=b\tThe king saw {him|her} home.\nhim\tWe met {his|hers|they}.\n\
                       Mary was with {her|him}.\n\nRobert helped Lucy with {her|his} work.\n";
const SETTINGS: &str = "model = \"model\"\nstimuli = \"stimuli.txt\"\nprompts = \"prompts.txt\"\n\
                        parts = [\"controls\", \"joint\"]\nseed = 3\n\n[selection]\nat = \"visible\"\n\
                        correction = \"none\"\nalpha = 0.2\nheld_out = 0.0\n\n[lesion]\nlayers = [0, 2]\n\
                        sets = { top = 3 }\nkind = { scale = 0.5 }\nat = { offsets = [-1, 0] }\n\n\
                        [controls]\nnulls = 2\nequivalence = 0.05\n\n[dose]\nsizes = [1, 2]\n";
const SETS: &str = r#"{"sets": [{"layer": 0, "label": "him", "neurons": [1, 2]},
 {"layer": 0, "label": "her", "neurons": [3, 40]}, {"layer": 2, "label": "him", "neurons": []}]}"#;

const BLIMP: &str = "{\"sentence_good\": \"The king saw him.\", \"sentence_bad\": \"The king saw her.\", \"UID\": \"x\"}\n\
                     {\"sentence_good\": \"We met them.\", \"sentence_bad\": \"We met they.\"}\n\n\
                     {\"sentence_good\": \"She thanked {her}.\", \"sentence_bad\": \"She thanked he.\"}\n\
                     {\"sentence_good\": \"The dog ran.\", \"sentence_bad\": \"The dog run.\", \"pairID\": 3}\n\
                     {\"sentence_good\": \"The cat is home.\", \"sentence_bad\": \"The cat home.\"}\n\
                     {\"sentence_good\": \"He is there.\", \"sentence_bad\": \"He are there.\"}\n\
                     {\"sentence_good\": \"Dogs are there.\", \"sentence_bad\": \"Dogs is there.\"}\n";
const TABLE: &str = "id;good;bad\n1;The king saw him.;The king saw her.\n2;\"We, they said, met them.\";\"We, \
                     they said, met they.\"\n\n3;\"The \"\"dog\"\" ran.\";\"The \"\"dog\"\" run.\"\n4;He is there.;He \
                     are there.\n5;Dogs are there.;Dogs is there.;\n6;The cat is home.;The cat home.\n";

/// The journal of the study, in its output folder.
const JOURNAL: &str = "out/journal.jsonl";

const fn reader(name: &'static str, copied: &'static str, file: &'static str) -> Reader {
    Reader { name, copied, file, content: None, without: &[], command: Command::Predict }
}

const fn text(name: &'static str, file: &'static str, content: &'static str) -> Reader {
    let content = Some(content);
    Reader { name, copied: "", file, content, without: &[], command: Command::Check }
}

const fn study(name: &'static str, file: &'static str) -> Reader {
    let command = Command::Report;
    Reader { name, copied: STUDY, file, content: None, without: &[], command }
}

/// Every file of a user that the program reads.
pub(crate) const READERS: [Reader; 30] = [
    reader("config", BERT, "config.json"),
    reader("tokenizer-bert", BERT, "tokenizer.json"),
    reader("tokenizer-roberta", ROBERTA, "tokenizer.json"),
    reader("tokenizer-xlm-roberta", XLM_ROBERTA, "tokenizer.json"),
    reader("tokenizer-camembert", CAMEMBERT, "tokenizer.json"),
    reader("tokenizer-config", BERT, "tokenizer_config.json"),
    reader("words-phobert", PHOBERT, "vocab.txt"),
    reader("merges-phobert", PHOBERT, "bpe.codes"),
    reader("acids-esm", ESM, "vocab.txt"),
    Reader { without: &["tokenizer.json"], ..reader("vocabulary", DISTILBERT, "vocab.txt") },
    Reader {
        content: Some("{\"mask_token\": {\"content\": \"[MASK]\", \"lstrip\": true}}"),
        ..reader("special-tokens", BERT, "special_tokens_map.json")
    },
    Reader {
        content: Some("{\"new\": 119, \"[EXTRA]\": 120}"),
        without: &["tokenizer.json"],
        ..reader("added-tokens", BERT, "added_tokens.json")
    },
    reader("safetensors", BERT, "model.safetensors"),
    reader("pickle", ELECTRA, "pytorch_model.bin"),
    reader("index", XLM_ROBERTA, "model.safetensors.index.json"),
    text("stimuli", "stimuli.txt", STIMULI),
    text("sentences", "stimuli.txt", SENTENCES),
    text("prompts", "prompts.txt", PROMPTS),
    text("bystanders", "bystanders.txt", PROMPTS),
    text("study-file", "study.toml", SETTINGS),
    text("neuron-sets", "sets.json", SETS),
    Reader { command: Command::Resume, ..text("journal", JOURNAL, "") },
    Reader { command: Command::Import("blimp"), ..text("blimp-list", "list.jsonl", BLIMP) },
    Reader { command: Command::Import("pairs"), ..text("pairs-table", "list.csv", TABLE) },
    study("manifest", "manifest.json"),
    study("profile-table", "profile.csv"),
    study("verdicts-table", "verdicts.csv"),
    study("neurons-table", "neurons.csv"),
    study("lesions-table", "lesions.csv"),
    study("dose-table", "dose.csv"),
];

impl Reader {
    /// The file as it is without a change.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn original(&self, root: &Path, program: &Path) -> Result<Vec<u8>> {
        if let Command::Resume = self.command {
            return self.make_journal(root, program);
        }
        if let Some(content) = self.content {
            return Ok(content.as_bytes().to_vec());
        }
        let path = root.join(self.copied).join(self.file);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The journal of a run that could not write its tables, because one of them is a link.
    fn make_journal(&self, root: &Path, program: &Path) -> Result<Vec<u8>> {
        let folder = self.prepare(root, b"")?;
        symlink("nowhere", folder.path().join("out/neurons.csv"))?;
        LimitedProcess::run(program, &self.arguments(), folder.path())?;
        let journal = fs::read(folder.path().join(JOURNAL))?;
        ensure!(!journal.is_empty(), "the run kept no journal");
        Ok(journal)
    }

    /// A folder with everything that the command needs, and the mutant in the file's place.
    ///
    /// # Errors
    /// If a file cannot be copied or written.
    pub(crate) fn prepare(&self, root: &Path, mutant: &[u8]) -> Result<TempDir> {
        let folder = TempDir::new()?;
        let model = folder.path().join("model");
        match self.command {
            Command::Predict => {
                copy_files(&root.join(self.copied), &model, self.without)?;
                fs::write(model.join(self.file), mutant)?;
            }
            Command::Report => {
                let study = folder.path().join("study");
                copy_files(&root.join(self.copied), &study, self.without)?;
                fs::write(study.join(self.file), mutant)?;
            }
            Command::Import(_) => {
                copy_files(&root.join(BERT), &model, &[])?;
                fs::write(folder.path().join(self.file), mutant)?;
            }
            Command::Check | Command::Resume => {
                copy_files(&root.join(BERT), &model, &[])?;
                fs::create_dir(folder.path().join("out"))?;
                for (file, content) in [
                    ("study.toml", SETTINGS),
                    ("stimuli.txt", STIMULI),
                    ("prompts.txt", PROMPTS),
                    ("bystanders.txt", PROMPTS),
                    ("sets.json", SETS),
                ] {
                    fs::write(folder.path().join(file), content)?;
                }
                fs::write(folder.path().join(self.file), mutant)?;
            }
        }
        Ok(folder)
    }

    /// The arguments of the command, in the prepared folder.
    pub(crate) fn arguments(&self) -> Vec<&'static str> {
        match self.command {
            Command::Predict => {
                vec!["predict", "The dog saw [MASK] home.", "--model", "model", "--threads", "1"]
            }
            Command::Report => vec!["report", "study"],
            Command::Import(format) => {
                let mut arguments = vec!["import", format, self.file, "--score", "sentence"];
                if format == "pairs" {
                    arguments.extend(["--good", "good", "--bad", "bad"]);
                }
                arguments.extend(["--model", "model", "--out", "out"]);
                arguments
            }
            Command::Resume => vec!["run", "study.toml", "--out", "out", "--threads", "1"],
            Command::Check => {
                let mut arguments = vec!["check", "study.toml", "--threads", "1"];
                match self.name {
                    "bystanders" => arguments.extend(["--bystanders", "bystanders.txt"]),
                    "neuron-sets" => arguments.extend(["--neurons", "sets.json"]),
                    "sentences" => arguments.extend(["--test", "welch"]),
                    _ => {}
                }
                arguments
            }
        }
    }
}

/// Copies the files of a folder but some. Folders in it are left out.
fn copy_files(from: &Path, to: &Path, without: &[&str]) -> Result<()> {
    fs::create_dir_all(to)?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && !without.iter().any(|&other| name == other) {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
