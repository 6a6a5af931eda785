//! The lines of a journal: the identity of a run, and finished batches.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use lesion_eval::{DistributionChange, Reading};
use serde::{Deserialize, Serialize};
use study_report::hash;

/// The first line, with the identity of the run.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) identity: String,
}

/// A finished batch, without its check.
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

/// The beginning of the line of a batch, before its check.
const CHECKED: &[u8] = b"{\"check\":\"";
/// Hexadecimal digits of a check.
const DIGITS: usize = 16;
/// The end of a check, before the batch.
const BATCH: &[u8] = b"\",";

/// The check of a batch: the first digits of the SHA-256 of its text. Where files have no locks, a line may
/// be put together from lines of two runs.
fn check(batch: &[u8]) -> String {
    let mut check = hash::of_bytes(batch);
    check.truncate(DIGITS);
    check
}

/// The line of a batch.
///
/// # Errors
/// If it cannot be written as JSON.
pub(crate) fn batch_line(unit: &str, readings: &[Reading]) -> io::Result<Vec<u8>> {
    let readings = readings.iter().map(to_bits).collect();
    let object = line(&Line { unit: unit.to_owned(), readings })?;
    let batch = &object[1..];
    Ok([CHECKED, check(batch).as_bytes(), BATCH, batch].concat())
}

/// Reads the line of a batch. None if its check is not that of its text.
fn read_batch(line: &[u8]) -> Option<Line> {
    let (found, rest) = line.strip_prefix(CHECKED)?.split_at_checked(DIGITS)?;
    if found != check(rest.strip_prefix(BATCH)?).as_bytes() {
        return None;
    }
    serde_json::from_slice(line).ok()
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

/// Adds the readings of all batches to `finished` whose lines are complete and fit their checks. Returns the
/// number of bytes of the complete lines. The journal of another run has none.
pub(crate) fn read_lines(kept: &[u8], header: &Header, finished: &mut FinishedBatches) -> usize {
    let Some(end) = kept.iter().position(|&byte| byte == b'\n') else { return 0 };
    let (first, batches) = kept.split_at(end + 1);
    if !serde_json::from_slice::<Header>(first).is_ok_and(|found| found == *header) {
        return 0;
    }
    first.len() + read_batches(batches, finished)
}

/// The same for the lines after the first.
pub(crate) fn read_batches(kept: &[u8], finished: &mut FinishedBatches) -> usize {
    let mut whole = 0;
    for line in kept.split_inclusive(|&byte| byte == b'\n') {
        if line.last() != Some(&b'\n') {
            break;
        }
        if let Some(Line { unit, readings }) = read_batch(line) {
            finished.insert(unit, readings.into_iter().map(from_bits).collect());
        }
        whole += line.len();
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reading(logit: f32) -> Reading {
        Reading { logits: vec![logit, -logit], log_sum: f64::NAN, change: None }
    }

    /// A journal of three batches.
    fn journal() -> (Header, Vec<u8>) {
        let header = Header { identity: "one".to_owned() };
        let mut bytes = line(&header).unwrap();
        for (unit, logit) in [("a", 0.5), ("b", 0.25), ("c", 0.125)] {
            bytes.extend(batch_line(unit, &[reading(logit)]).unwrap());
        }
        (header, bytes)
    }

    proptest! {
        #[test]
        fn a_changed_byte_costs_a_batch_and_changes_none(place in 0.0..1.0_f64, byte in any::<u8>()) {
            let (header, bytes) = journal();
            let mut all = FinishedBatches::new();
            prop_assert_eq!(read_lines(&bytes, &header, &mut all), bytes.len());
            let first = line(&header).unwrap().len();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
            let place = first + (place * (bytes.len() - first) as f64) as usize;
            let mut changed = bytes.clone();
            changed[place] = byte;
            let mut found = FinishedBatches::new();
            read_lines(&changed, &header, &mut found);
            for (unit, readings) in &found {
                prop_assert_eq!(readings[0].logits.clone(), all[unit][0].logits.clone());
            }
            // A line break that is lost joins two lines.
            prop_assert!(found.len() >= all.len() - 2, "{}", found.len());
            prop_assert_eq!(found.len() == all.len(), changed == bytes);
        }
    }
}
