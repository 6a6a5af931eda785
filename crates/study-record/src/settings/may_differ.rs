//! The settings in which studies may differ that ask the same question of several models.

use crate::settings::{
    Study,
    settings_macro::{Section as _, Setting},
};

/// The keys of these settings, or the sections that contain them.
const MAY_DIFFER: [&str; 21] = [
    "model",
    "untrained",
    "stimuli",
    "prompts",
    "backend",
    "seed",
    "parts",
    "lesion.layer",
    "lesion.layers",
    "lesion.neurons",
    "controls.nulls",
    "controls.bystanders",
    "controls.every_kind",
    "controls.save_sets",
    "controls.equivalence",
    "joint",
    "dose",
    "causal",
    "stability",
    "selectors",
    "bootstrap",
];

impl Setting {
    /// True if studies may differ in it that ask the same question of several models: it specifies the
    /// model, a file that is known by its hash, the machine, or a result that is not pooled.
    #[must_use]
    pub fn may_differ(&self) -> bool {
        MAY_DIFFER.contains(&self.key().as_str()) || MAY_DIFFER.contains(&self.section)
    }
}

/// The keys of all settings in which such studies may differ, and of all others.
#[must_use]
pub(crate) fn keys_by_freedom() -> [Vec<String>; 2] {
    let (free, fixed): (Vec<Setting>, Vec<Setting>) =
        Study::settings().into_iter().partition(Setting::may_differ);
    [free, fixed].map(|settings| settings.iter().map(Setting::key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_setting_or_a_section() {
        let settings = Study::settings();
        for name in MAY_DIFFER {
            let exists = |setting: &Setting| setting.key() == name || (setting.section == name);
            assert!(settings.iter().any(exists), "{name}");
        }
    }
}
