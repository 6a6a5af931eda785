//! `lesion reproduce`: the three parts of the study, from text files to tables.

use std::io::{self, Write};

use anyhow::{Context, Result};
use lesion_eval::{
    LesionPlan, MaskedPrompt, Prompts, SelectionPlan, Stimuli, Subject, default_layer, lesion,
    predict, select, tables,
};
use neuron_stats::Correction;

use crate::{
    args::Reproduce,
    console, inputs,
    manifest::{self, Manifest, Settings},
    output::OutputDir,
    progress::Stages,
};

pub(crate) fn run(args: &Reproduce) -> Result<()> {
    use_threads(args.model.threads)?;
    let mut stages = Stages::default();

    // What costs nothing to read is read first, so that a mistake in it is known at once.
    let stimuli_input = inputs::stimuli(args.stimuli.as_deref())?;
    let prompts_input = inputs::prompts(args.prompts.as_deref())?;
    let stimuli = Stimuli::parse(&file_name(&stimuli_input), &stimuli_input.text)?;
    let prompts = Prompts::parse(&file_name(&prompts_input), &prompts_input.text)?;
    let (checkpoint, model) = stages.run("load", |_| inputs::model(&args.model))?;
    let subject = Subject { model: &model, tokenizer: &checkpoint.tokenizer };
    let layers = model.config().num_hidden_layers;
    let plan =
        LesionPlan { layer: args.layer.unwrap_or_else(|| default_layer(layers)), site: args.site };
    plan.check(layers).context("--layer")?;
    let masked = MaskedPrompt::encode_all(subject, &prompts, stimuli.contrast())?;

    let selection_plan = SelectionPlan { test: args.test, alpha: args.alpha };
    let selection = stages
        .run("selection", |progress| Ok(select(subject, &stimuli, selection_plan, progress)?))?;
    let predictions =
        stages.run("baseline", |progress| Ok(predict(subject, &masked, progress)?))?;
    let (outcomes, notices) = stages
        .run("lesion", |progress| Ok(lesion(subject, &masked, &selection, plan, progress)?))?;

    let mut out = OutputDir::create(&args.out)?;
    out.csv("neurons.csv", tables::neurons(&selection))?;
    out.csv("predictions.csv", tables::predictions(&predictions))?;
    out.csv("lesions.csv", tables::lesions(plan.layer, &outcomes))?;
    let manifest = Manifest {
        lesion: env!("CARGO_PKG_VERSION"),
        burn: manifest::BURN,
        platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        backend: args.model.backend.name(),
        threads: rayon::current_num_threads(),
        command: std::env::args().collect(),
        seed: args.seed,
        settings: Settings {
            test: args.test.to_string(),
            correction: Correction::BenjaminiHochberg.to_string(),
            alpha: args.alpha,
            layer: plan.layer,
            site: plan.site.to_string(),
            label_a: &selection.contrast.a,
            label_b: &selection.contrast.b,
        },
        model: stages.run("hash", |_| inputs::model_origin(&args.model))?,
        stimuli: stimuli_input.origin,
        prompts: prompts_input.origin,
        seconds: stages.seconds,
        outputs: &out.written().clone(),
    };
    out.json(manifest::FILE, &manifest)?;

    let mut stdout = io::stdout().lock();
    console::selection(&mut stdout, &selection)?;
    console::baseline(&mut stdout, &predictions, &masked)?;
    console::lesion(&mut stdout, plan, &outcomes, &notices)?;
    writeln!(stdout, "\nThe tables are in {}.", args.out.display())?;
    Ok(())
}

/// The name that an error about a line of this file gives.
fn file_name(input: &inputs::TextInput) -> String {
    input.origin.sha256.keys().next().cloned().unwrap_or_default()
}

pub(crate) fn use_threads(threads: Option<u16>) -> Result<()> {
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global()?;
    }
    Ok(())
}
