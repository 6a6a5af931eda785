//! The lines of a journal: the identity of a run, and finished batches.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use lesion_eval::{DistributionChange, Reading};
use serde::{Deserialize, Serialize};

/// The first line, with the identity of the run.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) identity: String,
}

/// A finished batch.
#[derive(Serialize, Deserialize)]
struct Line {
    unit: String,
    readings: Vec<ReadingBits>,
}

/// The bits of a reading's logits and log sum, and of a divergence with whether the top changes.
type ReadingBits = (Vec<u32>, u64, Option<(u64, bool)>);

/// The readings of finished batches, by name.
pub(crate) type FinishedBatches = HashMap<String, Vec<Reading>>;

fn to_bits(reading: &Reading) -> ReadingBits {
    let logits = reading.logits.iter().map(|logit| logit.to_bits()).collect();
    let change = reading.change.map(|change| (change.divergence.to_bits(), change.changes_top));
    (logits, reading.log_sum.to_bits(), change)
}

fn from_bits((logits, log_sum, change): ReadingBits) -> Reading {
    Reading {
        logits: logits.into_iter().map(f32::from_bits).collect(),
        log_sum: f64::from_bits(log_sum),
        change: change.map(|(divergence, changes_top)| DistributionChange {
            divergence: f64::from_bits(divergence),
            changes_top,
        }),
    }
}

/// The line of a batch.
///
/// # Errors
/// If it cannot be written as JSON.
pub(crate) fn batch_line(unit: &str, readings: &[Reading]) -> io::Result<Vec<u8>> {
    let readings = readings.iter().map(to_bits).collect();
    line(&Line { unit: unit.to_owned(), readings })
}

/// A value as a line.
///
/// # Errors
/// If it cannot be written as JSON.
pub(crate) fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.write_all(b"\n")?;
    Ok(bytes)
}

/// The owner of a journal file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A run with the same identity, or nobody.
    ThisRun,
    /// A run of another study.
    AnotherStudy,
    /// Another program: it is not a journal.
    Foreign,
}

/// Reads from the first line to whom a journal belongs. A killed run may have written only a part of it.
pub(crate) fn owner(start: &[u8], header: &Header) -> Owner {
    const BEGINNING: &str = "{\"identity\":\"";
    let line = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if line.len() == start.len() {
        let common = line.len().min(BEGINNING.len());
        let is_beginning = line[..common] == BEGINNING.as_bytes()[..common];
        return if is_beginning { Owner::ThisRun } else { Owner::Foreign };
    }
    match serde_json::from_slice::<Header>(line) {
        Ok(found) if found == *header => Owner::ThisRun,
        Ok(_) => Owner::AnotherStudy,
        Err(_) => Owner::Foreign,
    }
}

/// Adds the readings of all complete lines to `finished`. Returns the number of bytes of these lines. The
/// journal of another run has none.
pub(crate) fn read_lines(kept: &[u8], header: &Header, finished: &mut FinishedBatches) -> usize {
    let mut whole = 0;
    for line in kept.split_inclusive(|&byte| byte == b'\n') {
        if line.last() != Some(&b'\n') {
            break;
        }
        if whole == 0 {
            if !serde_json::from_slice::<Header>(line).is_ok_and(|found| found == *header) {
                break;
            }
        } else {
            let Ok(Line { unit, readings }) = serde_json::from_slice(line) else { break };
            finished.insert(unit, readings.into_iter().map(from_bits).collect());
        }
        whole += line.len();
    }
    whole
}
