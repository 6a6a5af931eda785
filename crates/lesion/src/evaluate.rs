//! `lesion evaluate`: how often a model chooses the right pronoun.

use std::io::Write;

use anyhow::Result;
use lesion_eval::{
    Accuracy, Batching, Contrast, MaskedPrompt, Prediction, Progress, Prompts, Subject, predict,
};
use grammar::{Case, HeldOut, held_out_prompts};

use serde::Serialize;

use crate::{
    answer::Answer,
    args::{Evaluate, use_threads},
    console, inputs,
    progress::Stages,
};

/// How often a model is right.
pub(crate) struct Evaluated {
    model: String,
    seed: u64,
    /// By kind of prompt.
    rows: Vec<(&'static str, Accuracy)>,
}

pub(crate) fn run(args: &Evaluate) -> Result<Evaluated> {
    use_threads(args.model.threads)?;
    let mut stages = Stages::default();
    let (checkpoint, model, source) = args.model.load(&mut stages)?;
    let batching = Batching::default();
    let subject =
        Subject { model: &model, tokenizer: &checkpoint.tokenizer, plain: false, batching };
    let held_out = HeldOut::project();

    let mut rows = Vec::new();
    for (name, case) in [("him or her", Some(Case::Object)), ("any pronoun", None)] {
        let count = usize::try_from(args.count)?;
        let file: String = held_out_prompts(args.seed, count, case, &held_out)?
            .iter()
            .map(|prompt| prompt.template() + "\n")
            .collect();
        let predictions = stages.run("evaluate", |progress| {
            ask(subject, &Prompts::parse("held-out prompts", &file)?, progress)
        })?;
        rows.push((name, Accuracy::of(&predictions)));
    }
    let paper = inputs::prompts(None)?;
    let predictions = stages.run("evaluate", |progress| {
        ask(subject, &Prompts::parse("paper.txt", &paper.text)?, progress)
    })?;
    rows.push(("the paper's two", Accuracy::of(&predictions)));

    Ok(Evaluated { model: source, seed: args.seed, rows })
}

impl Answer for Evaluated {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        console::accuracy(out, &self.rows)?;
        writeln!(
            out,
            "The prompts are drawn with seed {} from the grammar's held-out sentences: none is in \
             the bundled model's training text, and in each a name, title or kinship word decides \
             the pronoun.",
            self.seed
        )?;
        Ok(())
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Json<'a> {
            model: &'a str,
            seed: u64,
            accuracy: Vec<JsonRow<'a>>,
        }
        #[derive(Serialize)]
        struct JsonRow<'a> {
            kind: &'a str,
            #[serde(flatten)]
            accuracy: Accuracy,
        }
        let row = |&(kind, accuracy)| JsonRow { kind, accuracy };
        let Self { model, seed, rows } = self;
        Json { model, seed: *seed, accuracy: rows.iter().map(row).collect() }
    }
}

fn ask(subject: Subject<'_>, prompts: &Prompts, progress: Progress<'_>) -> Result<Vec<Prediction>> {
    // No lesion follows, so no label is needed.
    let contrast = Contrast { a: "him".to_owned(), b: "her".to_owned(), words: true };
    let masked = MaskedPrompt::encode_all(subject, prompts, &contrast)?;
    Ok(predict(subject, &masked, progress)?)
}
