//! Part 3: what the lesion did.

use std::io::Write;

use anyhow::Result;
use lesion_eval::{LesionOutcome, LesionPlan, LesionSummary, Notice};

use super::{L, R, SHOWN, table};

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
    for of in outcomes.iter().take(SHOWN) {
        let set = of.neuron_set.as_deref().unwrap_or("control");
        let margin = of.outcome.drops().margin;
        for (i, candidate) in of.words.iter().enumerate() {
            let named = |text: String| if i == 0 { text } else { String::new() };
            rows.add_row([
                named(of.prompt.to_string()),
                named(of.neurons.to_string()),
                named(set.to_owned()),
                candidate.clone(),
                format!("{:.4}", of.outcome.clean.logits[i]),
                format!("{:.4}", of.outcome.lesioned.logits[i]),
                format!("{:.4}", of.logit_drop(i)),
                named(format!("{margin:.4}")),
            ]);
        }
    }
    writeln!(out, "{rows}")?;
    if outcomes.len() > SHOWN {
        writeln!(out, "... and {} more, in lesions.csv", outcomes.len() - SHOWN)?;
    }
    for notice in notices {
        writeln!(out, "Note: {notice}.")?;
    }
    writeln!(out, "\n{}", finding(plan, outcomes))?;
    Ok(())
}

/// What the lesions did, in words that the figures bear out.
fn finding(plan: LesionPlan, outcomes: &[LesionOutcome]) -> String {
    let found = LesionSummary::of(outcomes);
    let LesionSummary { prompts, logit_falls, margin_falls, logit_drop, margin_drop, .. } = found;
    if prompts == 0 {
        return format!("Found: nothing. No neuron of layer {} was silenced.", plan.layer);
    }
    let control = if found.control_moved == 0.0 {
        "the unlesioned sentence in the same batch stayed exactly the same".to_owned()
    } else {
        format!(
            "but the unlesioned sentence in the same batch moved by {:e}, which is a fault",
            found.control_moved
        )
    };
    format!(
        "Found: at layer {}, silencing the matched neurons lowered the right word's logit in \
         {logit_falls} of {prompts} prompts (mean drop {logit_drop:.3}) and its margin over the \
         strongest other candidate in {margin_falls} of {prompts} (mean margin drop \
         {margin_drop:.3}); {control}. Other neurons may do the same: that takes controls.",
        plan.layer,
    )
}
