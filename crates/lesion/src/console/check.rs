//! What a study would do.

use std::io::Write;

use anyhow::Result;
use indicatif::DecimalBytes;

use super::{L, R, table};
use crate::check::{Download, Plan, Step};

pub(crate) fn to_download(out: &mut impl Write, download: &Download) -> Result<()> {
    let Download { model, bytes } = download;
    writeln!(
        out,
        "The model {model} is on the hub and not all of it is on this machine: a run downloads {} \
         first.\nThe study itself, its stimuli and prompts can be read. Whether they fit the model, \
         and how long a run takes, `check` says once the model is here.",
        DecimalBytes(*bytes)
    )?;
    Ok(())
}

pub(crate) fn plan(out: &mut impl Write, plan: &Plan) -> Result<()> {
    let Plan { steps, seconds_per_pass: second, .. } = plan;
    let mut rows =
        table(&["step", "sentences or lesions", "forward passes", "about"], &[L, R, R, R]);
    for Step { name, sentences, passes, at_most } in steps {
        let most = if *at_most { "at most " } else { "" };
        rows.add_row([
            (*name).to_owned(),
            format!("{most}{sentences}"),
            format!("{most}{passes:.0}"),
            time(passes * second),
        ]);
    }
    writeln!(out, "{rows}")?;
    writeln!(
        out,
        "In all about {} on this machine, from {:.2} ms a forward pass of one sentence, which was \
         measured just now.",
        time(plan.seconds),
        1e3 * second
    )?;
    writeln!(
        out,
        "Everything that this study reads is in order: {} stimulus sentences, {} masked prompts, a \
         model of {} layers with {} neurons each.",
        plan.stimuli, plan.prompts, plan.layers, plan.neurons
    )?;
    Ok(())
}

fn time(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.1} s")
    } else if seconds < 5400.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}
