//! `lesion reproduce`: the parts of the study, from text files to tables.

use std::io::{self, Write};

use anyhow::{Context, Result};
use lesion_eval::{
    ControlPlan, EncodedStimuli, LesionPlan, MaskedPrompt, Prompts, SelectionPlan, Stimuli,
    Subject, controls, default_layer, diagnose, lesion, measure, predict, select, tables,
};

use crate::{
    args::Reproduce,
    console, inputs,
    manifest::{self, Manifest, Settings},
    output::OutputDir,
    progress::Stages,
};

pub(crate) fn run(args: &Reproduce) -> Result<()> {
    args.model.use_threads()?;
    let mut stages = Stages::default();

    // What costs nothing to read is read first, so that a mistake in it is known at once.
    let stimuli_input = inputs::stimuli(args.stimuli.as_deref())?;
    let prompts_input = inputs::prompts(args.prompts.as_deref())?;
    let stimuli = Stimuli::parse(&stimuli_input.name, &stimuli_input.text)?;
    let prompts = Prompts::parse(&prompts_input.name, &prompts_input.text)?;
    let selection_plan = selection_plan(args);
    selection_plan.check()?;
    ControlPlan::check_share(args.share)?;
    let (checkpoint, model) = stages.run("load", |_| inputs::model(&args.model))?;
    let subject = Subject { model: &model, tokenizer: &checkpoint.tokenizer };
    let layers = model.config().num_hidden_layers;
    let plan =
        LesionPlan { layer: args.layer.unwrap_or_else(|| default_layer(layers)), site: args.site };
    plan.check(layers).context("--layer")?;
    let masked = MaskedPrompt::encode_all(subject, &prompts, stimuli.contrast())?;
    let encoded = EncodedStimuli::encode(subject, &stimuli)?;
    let mut out = OutputDir::create(&args.out)?;

    let activations =
        stages.run("activations", |progress| Ok(measure(subject, &encoded, progress)?))?;
    let selection = stages.run("selection", |_| Ok(select(&activations, selection_plan)?))?;
    let diagnostics = stages.run("diagnostics", |_| Ok(diagnose(&activations)?))?;
    let predictions =
        stages.run("baseline", |progress| Ok(predict(subject, &masked, progress)?))?;
    let (outcomes, notices) = stages
        .run("lesion", |progress| Ok(lesion(subject, &masked, &selection, plan, progress)?))?;

    let control_plan = ControlPlan {
        lesion: plan,
        share: args.share,
        draws: args.nulls as usize,
        seed: args.seed,
    };
    let (controlled, unavailable) = stages.run("controls", |progress| {
        Ok(controls(subject, &masked, &selection, control_plan, progress)?)
    })?;

    out.begin()?;
    out.csv("neurons.csv", tables::neurons(&selection))?;
    out.csv("selection.csv", tables::selection(&selection))?;
    out.csv("histogram.csv", tables::histogram(&diagnostics))?;
    out.csv("normality.csv", tables::normality(&diagnostics))?;
    out.csv("sparsity.csv", tables::sparsity(&diagnostics))?;
    out.csv("predictions.csv", tables::predictions(&predictions))?;
    out.csv("lesions.csv", tables::lesions(plan.layer, &outcomes))?;
    out.csv("nulls.csv", tables::nulls(plan.layer, &controlled))?;
    let manifest = Manifest {
        lesion: env!("CARGO_PKG_VERSION"),
        burn: manifest::BURN,
        platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        backend: args.model.backend.name(),
        threads: rayon::current_num_threads(),
        command: std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        seed: args.seed,
        settings: Settings {
            test: args.test.to_string(),
            correction: args.correction.to_string(),
            scope: args.scope.to_string(),
            directional: args.directional,
            relabellings: selection.relabellings.0,
            relabellings_exact: selection.relabellings.1,
            alpha: args.alpha,
            layer: plan.layer,
            site: plan.site.to_string(),
            share: args.share,
            nulls: args.nulls,
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
    console::selection(&mut stdout, &selection, plan.layer)?;
    console::diagnostics(&mut stdout, &diagnostics, plan.layer)?;
    console::baseline(&mut stdout, &predictions, &masked)?;
    console::lesion(&mut stdout, plan, &outcomes, &notices)?;
    console::controls(&mut stdout, control_plan, &controlled, &unavailable)?;
    writeln!(stdout, "\nThe tables are in {}.", args.out.display())?;
    Ok(())
}

fn selection_plan(args: &Reproduce) -> SelectionPlan {
    SelectionPlan {
        test: args.test,
        adjustment: args.correction,
        scope: args.scope,
        directional: args.directional,
        alpha: args.alpha,
        permutations: args.permutations as usize,
        seed: args.seed,
    }
}
