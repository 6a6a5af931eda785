//! The registration of a study: everything that is decided before it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::settings::{Section as _, Study};

/// A study as it was registered before it ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The version of this program.
    pub lesion: String,
    /// The hash of the program.
    pub program: String,
    /// Every setting; paths are left out, because the inputs are known by their hashes.
    pub study: Study,
    /// The SHA-256 of each file of each input.
    pub inputs: BTreeMap<String, BTreeMap<String, String>>,
    /// The most claims that the study tests.
    pub claims: usize,
    /// Random sets of each kind.
    pub random_sets: usize,
}

/// The comparison of a run with its registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationCheck {
    /// The SHA-256 of the registration's file.
    pub sha256: String,
    /// Everything in which the run differs from it.
    pub deviations: Vec<String>,
}

impl Registration {
    /// Everything in which `run` differs from this registration, in words.
    #[must_use]
    pub fn deviations(&self, run: &Self) -> Vec<String> {
        let mut deviations = Vec::new();
        let [registered, ran] = [self, run].map(|study| settings_by_key(&study.study));
        for (key, registered) in &registered {
            let ran = ran.get(key).unwrap_or(&Value::Null);
            if ran != registered {
                deviations.push(format!("{key}: registered as {registered}, run as {ran}"));
            }
        }
        for (input, hashes) in &self.inputs {
            if run.inputs.get(input) != Some(hashes) {
                deviations.push(format!("{input}: the files are not those registered"));
            }
        }
        for input in run.inputs.keys().filter(|input| !self.inputs.contains_key(*input)) {
            deviations.push(format!("{input}: not registered"));
        }
        if self.random_sets != run.random_sets {
            deviations.push(format!(
                "random sets: registered as {}, run as {}",
                self.random_sets, run.random_sets
            ));
        }
        if self.program != run.program {
            deviations.push(format!(
                "the program: registered with lesion {}, run with another build of lesion {}",
                self.lesion, run.lesion
            ));
        }
        deviations
    }
}

/// Every setting of a study as JSON, by its key.
fn settings_by_key(study: &Study) -> BTreeMap<String, Value> {
    let values = serde_json::to_value(study).unwrap_or_default();
    let mut settings = BTreeMap::new();
    for setting in Study::settings() {
        let section = match setting.section {
            "" => &values,
            section => &values[section],
        };
        settings.insert(setting.key(), section[setting.name].clone());
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_from_a_registration_is_named() {
        let hashes = |hash: &str| BTreeMap::from([("pairs.txt".to_owned(), hash.to_owned())]);
        let registration = Registration {
            lesion: "0.1.0".to_owned(),
            program: "abc".to_owned(),
            study: Study::default(),
            inputs: BTreeMap::from([("stimuli".to_owned(), hashes("1"))]),
            claims: 28,
            random_sets: 700,
        };
        assert!(registration.deviations(&registration).is_empty());
        let mut run = registration.clone();
        run.study.set("selection.alpha", "0.01").unwrap();
        run.study.set("lesion.layers", "3,4").unwrap();
        run.inputs = BTreeMap::from([("stimuli".to_owned(), hashes("2"))]);
        run.random_sets = 20;
        run.program = "def".to_owned();
        assert_eq!(
            registration.deviations(&run),
            [
                "lesion.layers: registered as \"all\", run as \"3-4\"",
                "selection.alpha: registered as 0.05, run as 0.01",
                "stimuli: the files are not those registered",
                "random sets: registered as 700, run as 20",
                "the program: registered with lesion 0.1.0, run with another build of lesion 0.1.0",
            ]
        );
    }
}
