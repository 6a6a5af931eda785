//! What a command answers: text for a person or, with `--json`, one object for a script.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// What a command found out.
pub(crate) trait Answer {
    /// Writes it for a person. Colours are taken away where nobody would see them.
    fn text(&self, out: &mut impl Write) -> Result<()>;

    /// What `--json` writes. docs/json.md names every key.
    fn json(&self) -> impl Serialize;
}

/// Writes an answer to stdout, where nothing else is written.
pub(crate) fn give(answer: &impl Answer, json: bool) -> Result<()> {
    if json {
        let mut line = serde_json::to_vec(&answer.json())?;
        line.push(b'\n');
        io::stdout().lock().write_all(&line)?;
        return Ok(());
    }
    let mut out = anstream::stdout().lock();
    answer.text(&mut out)?;
    Ok(out.flush()?)
}
