//! `manifest.json`: what is needed to run a study again and to know that it is the same.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{inputs::Origin, progress::Seconds};

pub(crate) const FILE: &str = "manifest.json";

/// The version of Burn that the workspace pins.
pub(crate) const BURN: &str = "0.22.1";

#[derive(Serialize)]
pub(crate) struct Manifest<'a> {
    pub(crate) lesion: &'static str,
    pub(crate) burn: &'static str,
    pub(crate) platform: String,
    pub(crate) backend: &'static str,
    pub(crate) threads: usize,
    pub(crate) command: Vec<String>,
    pub(crate) seed: u64,
    pub(crate) settings: Settings<'a>,
    pub(crate) model: Origin,
    pub(crate) stimuli: Origin,
    pub(crate) prompts: Origin,
    /// Wall-clock seconds of each stage.
    pub(crate) seconds: Seconds,
    /// SHA-256 of each file written beside this one.
    pub(crate) outputs: &'a BTreeMap<String, String>,
}

/// What was decided, by the command line or by default.
#[derive(Serialize)]
pub(crate) struct Settings<'a> {
    pub(crate) test: String,
    pub(crate) correction: String,
    pub(crate) scope: String,
    pub(crate) directional: bool,
    /// Relabellings that max-T looked at, and whether those were all there are.
    pub(crate) relabellings: usize,
    pub(crate) relabellings_exact: bool,
    pub(crate) alpha: f64,
    pub(crate) layer: usize,
    pub(crate) site: String,
    pub(crate) share: f64,
    pub(crate) nulls: u32,
    pub(crate) label_a: &'a str,
    pub(crate) label_b: &'a str,
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
