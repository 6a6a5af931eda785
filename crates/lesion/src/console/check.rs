//! What a study would do.

use std::io::Write;

use anyhow::Result;

use super::{L, R, table};
use crate::check::{Checked, Step};

pub(crate) fn checked(out: &mut impl Write, found: &Checked) -> Result<()> {
    let Checked { steps, seconds_per_pass: second, .. } = found;
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
        time(found.seconds),
        1e3 * second
    )?;
    writeln!(
        out,
        "Everything that this study reads is in order: {} stimulus sentences, {} masked prompts, a \
         model of {} layers with {} neurons each.",
        found.stimuli, found.prompts, found.layers, found.neurons
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
