//! Part 1: which neurons were selected, and what the activations look like.

use std::io::Write;

use anyhow::Result;
use lesion_eval::{Adjustment, Diagnostics, Replication, SelectAt, Selection, Sparsity};
use neuron_stats::quantile;

use super::{R, table};

pub(crate) fn selection(
    out: &mut impl Write,
    selection: &Selection,
    at: SelectAt,
    lesioned: usize,
) -> Result<()> {
    let plan = selection.plan;
    let direction = if plan.directional { ", each direction by itself" } else { "" };
    writeln!(
        out,
        "1. Selection: {} pairs, {} t-test of every neuron's pre-activation at the {at} target, {} \
         per {} at {}{direction}",
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
        let figure = |effect: Option<f64>| effect.map_or("-".to_owned(), |e| format!("{e:.2}"));
        rows.add_row([
            layer.to_string(),
            count_a.to_string(),
            count_b.to_string(),
            (tests.len() - count_a - count_b).to_string(),
            tests.iter().filter(|test| test.p_two_sided < plan.alpha).count().to_string(),
            figure((!effects.is_empty()).then(|| quantile(&effects, 0.5))),
            figure(effects.last().copied()),
        ]);
    }
    writeln!(out, "{rows}")?;
    let (count_a, count_b) = selection.count(selection.chosen(), lesioned);
    let share = (count_a + count_b) as f64 / selection.neurons as f64;
    if share > 0.5 && at == SelectAt::Visible {
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

/// How the neurons of `layer` do on held-out pairs, if some were.
pub(crate) fn replication(
    out: &mut impl Write,
    replications: &[Replication],
    layer: usize,
) -> Result<()> {
    for Replication { label, neurons, same_direction, replicated, .. } in
        replications.iter().filter(|of| of.layer == layer)
    {
        writeln!(
            out,
            "On the held-out pairs, of {neurons} \"{label}\" neurons of layer {layer} \
             {same_direction} differ in the same direction and {replicated} are significant again."
        )?;
    }
    if !replications.is_empty() {
        writeln!(out)?;
    }
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
