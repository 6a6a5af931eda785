//! What a study would do.

use std::io::Write;

use anyhow::Result;

use super::{L, R, table};
use crate::check::Step;

/// `second`: how long one forward pass of one sentence takes.
pub(crate) fn steps(out: &mut impl Write, steps: &[Step], second: f64) -> Result<()> {
    let mut rows =
        table(&["step", "sentences or lesions", "forward passes", "about"], &[L, R, R, R]);
    let mut all = 0.0;
    for Step { name, sentences, passes, at_most } in steps {
        let most = if *at_most { "at most " } else { "" };
        all += passes;
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
        time(all * second),
        1e3 * second
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
