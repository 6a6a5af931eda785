//! Part 4: whether other neurons would do the same.

use std::io::Write;

use anyhow::Result;
use lesion_eval::{ControlPlan, Controlled, SetKind, Unavailable};
use neuron_stats::Correction;

use super::{L, R, table};

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
            let drop = |kind| format!("{:.4}", of.margin_drop(kind));
            let band = |kind| {
                let (low, high) = of.band(kind);
                format!("{low:.3} to {high:.3}")
            };
            rows.add_row([
                of.prompt.to_string(),
                of.label.clone(),
                of.neurons.to_string(),
                drop(SetKind::Matched),
                drop(SetKind::Swapped),
                drop(SetKind::LeastTuned),
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
        controlled.iter().map(|of| of.margin_drop(kind)).sum::<f64>() / controlled.len() as f64
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
