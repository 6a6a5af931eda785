//! `lesion evaluate`: how often a model chooses the right pronoun.

use std::io::{self, Write};

use anyhow::Result;
use lesion_eval::{
    Accuracy, Batching, Contrast, MaskedPrompt, Prediction, Progress, Prompts, Subject, predict,
};
use pretrain::{corpus::held_out_prompts, grammar::Case, held_out::HeldOut};

use crate::{
    args::{Evaluate, use_threads},
    console, inputs,
    progress::Stages,
};

pub(crate) fn run(args: &Evaluate) -> Result<()> {
    use_threads(args.threads)?;
    let mut stages = Stages::default();
    let (checkpoint, model) =
        stages.run("load", |_| inputs::model(args.model.as_deref(), args.backend, args.device))?;
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

    let mut stdout = io::stdout().lock();
    console::accuracy(&mut stdout, &rows)?;
    writeln!(
        stdout,
        "The prompts are drawn with seed {} from the grammar's held-out sentences: none is in the \
         bundled model's training text, and in each a name, title or kinship word decides the \
         pronoun.",
        args.seed
    )?;
    Ok(())
}

fn ask(subject: Subject<'_>, prompts: &Prompts, progress: Progress<'_>) -> Result<Vec<Prediction>> {
    // No lesion follows, so no label is needed.
    let contrast = Contrast { a: "him".to_owned(), b: "her".to_owned(), words: true };
    let masked = MaskedPrompt::encode_all(subject, prompts, &contrast)?;
    Ok(predict(subject, &masked, progress)?)
}
