//! `manifest.json`: what is needed to run a study again and to know that it is the same.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{prepare::Origins, progress::Seconds, study::Study};

pub(crate) const FILE: &str = "manifest.json";

/// The version of Burn that the workspace pins.
pub(crate) const BURN: &str = "0.22.1";

#[derive(Serialize)]
pub(crate) struct Manifest<'a> {
    pub(crate) lesion: &'static str,
    pub(crate) burn: &'static str,
    pub(crate) platform: String,
    pub(crate) threads: usize,
    pub(crate) command: Vec<String>,
    /// Everything that was decided, by the study, the command line or by default.
    pub(crate) study: &'a Study,
    /// The layer of the paper's lesion.
    pub(crate) layer: usize,
    /// The layers of the laboratory.
    pub(crate) layers: &'a [usize],
    /// Relabellings that max-T looked at, and whether those were all there are.
    pub(crate) relabellings: usize,
    pub(crate) relabellings_exact: bool,
    pub(crate) label_a: &'a str,
    pub(crate) label_b: &'a str,
    pub(crate) inputs: &'a Origins,
    /// Wall-clock seconds of each stage.
    pub(crate) seconds: &'a Seconds,
    /// SHA-256 of each file written beside this one.
    pub(crate) outputs: &'a BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_burn_version_is_the_one_in_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        let package = format!("name = \"burn\"\nversion = \"{}\"\n", super::BURN);
        assert!(lock.contains(&package));
    }
}
