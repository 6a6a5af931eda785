//! What a person reads: one short table a part, and a sentence that says what was found.

use std::io::Write;

use anyhow::Result;
use comfy_table::{
    Cell,
    CellAlignment::{self, Left as L, Right as R},
    Table,
    presets::UTF8_BORDERS_ONLY,
};
use lesion_eval::{
    Accuracy, Adjustment, ControlPlan, Controlled, Diagnostics, LesionOutcome, LesionPlan,
    MaskedPrompt, Notice, Prediction, Selection, SetKind, Sparsity, Unavailable,
};
use neuron_stats::Correction;

/// A table whose columns are aligned as given: text to the left, figures to the right.
fn table(header: &[&str], alignment: &[CellAlignment]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    let cells = header.iter().zip(alignment);
    table.set_header(cells.map(|(name, &side)| Cell::new(name).set_alignment(side)));
    for (column, &side) in table.column_iter_mut().zip(alignment) {
        column.set_cell_alignment(side);
    }
    table
}

pub(crate) fn selection(
    out: &mut impl Write,
    selection: &Selection,
    lesioned: usize,
) -> Result<()> {
    let plan = selection.plan;
    let direction = if plan.directional { ", each direction by itself" } else { "" };
    writeln!(
        out,
        "1. Selection: {} pairs, {} t-test of every neuron's pre-activation at the target, {} per \
         {} at {}{direction}",
        selection.pairs, plan.test, plan.adjustment, plan.scope, plan.alpha
    )?;
    let (a, b) = (&selection.contrast.a, &selection.contrast.b);
    let uncorrected = format!("p < {}", plan.alpha);
    let mut rows = table(
        &["layer", a, b, "neither", &uncorrected, "median |effect|", "largest"],
        &[R, R, R, R, R, R, R],
    );
    for layer in 0..selection.layers {
        let (count_a, count_b) = selection.count(selection.chosen(), layer);
        let tests = &selection.tests[selection.columns(layer)];
        let mut effects: Vec<f64> =
            tests.iter().filter(|test| test.defined).map(|test| test.effect.abs()).collect();
        effects.sort_by(f64::total_cmp);
        let figure = |effect: Option<&f64>| effect.map_or("-".to_owned(), |e| format!("{e:.2}"));
        rows.add_row([
            layer.to_string(),
            count_a.to_string(),
            count_b.to_string(),
            (tests.len() - count_a - count_b).to_string(),
            tests.iter().filter(|test| test.p_two_sided < plan.alpha).count().to_string(),
            figure(effects.get(effects.len() / 2)),
            figure(effects.last()),
        ]);
    }
    writeln!(out, "{rows}")?;
    let (count_a, count_b) = selection.count(selection.chosen(), lesioned);
    let share = (count_a + count_b) as f64 / selection.neurons as f64;
    if share > 0.5 {
        writeln!(
            out,
            "Note: {:.0} % of layer {lesioned} is significant. At a visible target the two sides \
             differ in the word itself, so significance alone selects much of a layer; effect \
             sizes tell more.",
            100.0 * share
        )?;
    }
    let others: Vec<String> = Adjustment::ALL
        .into_iter()
        .map(|adjustment| {
            let (count_a, count_b) = selection.count(selection.under(adjustment), lesioned);
            format!("{adjustment} {count_a} + {count_b}")
        })
        .collect();
    writeln!(
        out,
        "{a} + {b} neurons of layer {lesioned} under each correction: {}.\n",
        others.join(", ")
    )?;
    Ok(())
}

pub(crate) fn diagnostics(
    out: &mut impl Write,
    diagnostics: &Diagnostics,
    layer: usize,
) -> Result<()> {
    let here = || diagnostics.normality.iter().filter(|of| of.layer == layer);
    let Some(pooled) = here().find(|of| of.neuron.is_none()) else { return Ok(()) };
    let single: Vec<_> = here().filter(|of| of.neuron.is_some()).collect();
    let tested = single.iter().filter(|of| of.k_squared.p.is_finite()).count();
    let rejected = single.iter().filter(|of| of.k_squared.p < 0.05).count();
    writeln!(
        out,
        "Before GELU the activations of layer {layer} have skewness {:.2} and excess kurtosis \
         {:.2} (0 and 0 if normal). The K² test finds {rejected} of {tested} neurons that it can \
         test not normal at 0.05, where chance alone gives {:.0}.",
        pooled.moments.skewness(),
        pooled.moments.excess_kurtosis(),
        0.05 * tested as f64,
    )?;
    let share = |measure| {
        let found = diagnostics.sparsity.iter().find(|of| of.0 == layer && of.1 == measure);
        100.0 * found.map_or(f64::NAN, |of| of.2)
    };
    let strongest = (single.len() / 10).max(1);
    writeln!(
        out,
        "After GELU {:.0} % of them are below 0.1 in size, {:.0} % below 0.01 and {:.0} % exactly \
         0; the strongest {strongest} of {} neurons carry {:.0} % of the squared norm.\n",
        share(Sparsity::Below(0.1)),
        share(Sparsity::Below(0.01)),
        share(Sparsity::Zero),
        single.len(),
        share(Sparsity::Top(strongest)),
    )?;
    Ok(())
}

pub(crate) fn baseline(
    out: &mut impl Write,
    predictions: &[Prediction],
    prompts: &[MaskedPrompt],
) -> Result<()> {
    writeln!(out, "2. Baseline: what the model predicts at each mask")?;
    for prompt in prompts {
        let MaskedPrompt { prompt, position, sentence, .. } = prompt;
        writeln!(out, "   prompt {prompt}, position {position}: {sentence}")?;
    }
    let mut rows = table(
        &["prompt", "position", "right word", "candidate", "logit", "probability", "rank"],
        &[R, R, L, L, R, R, R],
    );
    for prediction in predictions {
        for (i, score) in prediction.scores.iter().enumerate() {
            // The prompt is named once, in its first row.
            let named = |text: String| if i == 0 { text } else { String::new() };
            rows.add_row([
                named(prediction.prompt.to_string()),
                named(prediction.position.to_string()),
                named(prediction.target().to_owned()),
                score.word.clone(),
                format!("{:.3}", score.logit),
                format!("{:.4}", score.prob),
                score.rank.to_string(),
            ]);
        }
    }
    writeln!(out, "{rows}")?;
    let Accuracy { prompts, right, top } = Accuracy::of(predictions);
    writeln!(
        out,
        "The right word is above the other candidates in {right} of {prompts} prompts, and the top \
         token of the vocabulary in {top}.\n"
    )?;
    Ok(())
}

pub(crate) fn lesion(
    out: &mut impl Write,
    plan: LesionPlan,
    outcomes: &[LesionOutcome],
    notices: &[Notice],
) -> Result<()> {
    let when = match plan.site {
        bert_model::Site::Pre => "before",
        bert_model::Site::Post => "after",
    };
    writeln!(
        out,
        "3. Lesion: the matched neurons of layer {} set to zero {when} GELU at the mask",
        plan.layer
    )?;
    let mut rows = table(
        &["prompt", "neurons", "set", "candidate", "clean", "lesioned", "drop", "margin drop"],
        &[R, R, L, L, R, R, R, R],
    );
    for outcome in outcomes {
        let set = outcome.neuron_set.as_deref().unwrap_or("control");
        for (i, effect) in outcome.effects.iter().enumerate() {
            let named = |text: String| if i == 0 { text } else { String::new() };
            rows.add_row([
                named(outcome.prompt.to_string()),
                named(outcome.neurons.to_string()),
                named(set.to_owned()),
                effect.candidate.clone(),
                format!("{:.4}", effect.clean),
                format!("{:.4}", effect.lesioned),
                format!("{:.4}", effect.logit_drop()),
                named(format!("{:.4}", outcome.margin_drop())),
            ]);
        }
    }
    writeln!(out, "{rows}")?;
    for notice in notices {
        writeln!(out, "Note: {notice}.")?;
    }
    writeln!(out, "\n{}", finding(plan, outcomes))?;
    Ok(())
}

pub(crate) fn controls(
    out: &mut impl Write,
    plan: ControlPlan,
    controlled: &[Controlled],
    unavailable: &[Unavailable],
) -> Result<()> {
    writeln!(
        out,
        "\n4. Controls: equal-sized sets of at most {:.0} % of layer {}, those with the largest |t|, \
         against {} random sets of each kind (margin drops)",
        100.0 * plan.share,
        plan.lesion.layer,
        plan.draws
    )?;
    if !controlled.is_empty() {
        let mut rows = table(
            &[
                "prompt",
                "set",
                "neurons",
                "matched",
                "swapped",
                "least tuned",
                "95 % of random",
                "p",
                "95 % as active",
                "p",
            ],
            &[R, L, R, R, R, R, R, R, R, R],
        );
        for of in controlled {
            let drop = |kind| of.of(kind).map(|lesion| lesion.margin_drop).sum::<f64>();
            let band = |kind| {
                let (low, high) = of.band(kind);
                format!("{low:.3} to {high:.3}")
            };
            rows.add_row([
                of.prompt.to_string(),
                of.label.clone(),
                of.neurons.to_string(),
                format!("{:.4}", of.matched()),
                format!("{:.4}", drop(SetKind::Swapped)),
                format!("{:.4}", drop(SetKind::LeastTuned)),
                band(SetKind::Random),
                format!("{:.4}", of.p(SetKind::Random)),
                band(SetKind::RandomActive),
                format!("{:.4}", of.p(SetKind::RandomActive)),
            ]);
        }
        writeln!(out, "{rows}")?;
    }
    for Unavailable { prompt, label, reason } in unavailable {
        writeln!(out, "Control unavailable for prompt {prompt}, \"{label}\": {reason}.")?;
    }
    writeln!(out, "\n{}", control_finding(controlled))?;
    Ok(())
}

/// Level at which a lesion is said to be outside its null.
const LEVEL: f64 = 0.05;

fn control_finding(controlled: &[Controlled]) -> String {
    if controlled.is_empty() {
        return "Found: no controls could be made, so nothing can be said about other neurons."
            .to_owned();
    }
    let mean = |kind| {
        let drops = || controlled.iter().flat_map(move |of| of.of(kind));
        drops().map(|lesion| lesion.margin_drop).sum::<f64>() / drops().count().max(1) as f64
    };
    let n = controlled.len();
    let means = format!(
        "mean margin drop over {n} prompts: matched {:.3}, swapped {:.3}, least tuned {:.3}, random \
         {:.3}, as active {:.3}",
        mean(SetKind::Matched),
        mean(SetKind::Swapped),
        mean(SetKind::LeastTuned),
        mean(SetKind::Random),
        mean(SetKind::RandomActive),
    );
    let draws = controlled[0].of(SetKind::Random).count();
    if n as f64 / (1 + draws) as f64 > LEVEL {
        return format!(
            "Found: {means}. {draws} random sets are too few to find any of {n} lesions beyond \
             them at {LEVEL}; --nulls {} would do.",
            (n as f64 / LEVEL).ceil()
        );
    }
    // Holm over the prompts, on the larger p of the two nulls.
    let p: Vec<f64> = controlled
        .iter()
        .map(|of| of.p(SetKind::Random).max(of.p(SetKind::RandomActive)))
        .collect();
    let adjusted = Correction::Holm.adjust(&p).unwrap_or_default();
    let beyond = adjusted.iter().filter(|&&p| p <= LEVEL).count();
    let which = if beyond == 0 {
        "no matched lesion lowers it".to_owned()
    } else {
        format!("in {beyond} of {n} the matched lesion lowers it")
    };
    format!(
        "Found: {means}; {which} more than random sets of the same size do, as active ones or not \
         (Holm over the prompts, {LEVEL})."
    )
}

/// What the lesions did, in words that the figures bear out.
fn finding(plan: LesionPlan, outcomes: &[LesionOutcome]) -> String {
    let lesioned: Vec<_> = outcomes.iter().filter(|o| o.neurons > 0).collect();
    if lesioned.is_empty() {
        return format!("Found: nothing. No neuron of layer {} was silenced.", plan.layer);
    }
    let drops: Vec<f64> = lesioned.iter().map(|o| o.effects[0].logit_drop()).collect();
    let margins: Vec<f64> = lesioned.iter().map(|o| o.margin_drop()).collect();
    let fell = |values: &[f64]| values.iter().filter(|&&value| value > 0.0).count();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let controls = outcomes.iter().filter(|o| o.neuron_set.is_none()).flat_map(|o| &o.effects);
    let worst = controls.map(|effect| effect.logit_drop().abs()).fold(0.0, f64::max);
    let control = if worst == 0.0 {
        "the unlesioned sentence in the same batch stayed exactly the same".to_owned()
    } else {
        format!(
            "but the unlesioned sentence in the same batch moved by {worst:e}, which is a fault"
        )
    };
    format!(
        "Found: at layer {}, silencing the matched neurons lowered the right word's logit in {} of \
         {n} prompts (mean drop {:.3}) and its margin over the strongest other candidate in {} of \
         {n} (mean margin drop {:.3}); {control}. Whether other neurons would \
         do the same, part 4 asks.",
        plan.layer,
        fell(&drops),
        mean(&drops),
        fell(&margins),
        mean(&margins),
        n = lesioned.len(),
    )
}

pub(crate) fn accuracy(out: &mut impl Write, rows: &[(&str, Accuracy)]) -> Result<()> {
    let mut printed = table(
        &["prompts", "count", "right word above the other", "right word on top of all words"],
        &[L, R, R, R],
    );
    let share = |count: usize, of: usize| {
        format!("{count} ({:.1} %)", 100.0 * count as f64 / of.max(1) as f64)
    };
    for (name, row) in rows {
        printed.add_row([
            (*name).to_owned(),
            row.prompts.to_string(),
            share(row.right, row.prompts),
            share(row.top, row.prompts),
        ]);
    }
    writeln!(out, "{printed}")?;
    Ok(())
}
