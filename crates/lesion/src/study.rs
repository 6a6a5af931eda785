//! A study as a typed file, `STUDY.toml`. Every key has a default, so an empty file is a study: the
//! paper's, on the bundled model.

use std::{
    fmt::Display,
    ops::Range,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context, Result, anyhow};
use bert_model::Site;
use clap::ValueEnum;
use lesion_eval::{
    Adjustment, LesionKind, Manner, Scope, SelectAt, SelectionPlan, SetRule, Strength, Tokens,
};
use neuron_stats::{Correction, TestKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{backend::Backend, model::ModelSource};

/// Everything that a study decides. Paths in a file are relative to its folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Study {
    /// A checkpoint folder or a name on the hub; the bundled model where absent.
    pub(crate) model: ModelSource,
    /// Minimal pairs; bundled ones where absent, context pairs if selection is at the mask.
    #[serde(serialize_with = "lossy")]
    pub(crate) stimuli: Option<PathBuf>,
    /// Masked prompts; the paper's where absent.
    #[serde(serialize_with = "lossy")]
    pub(crate) prompts: Option<PathBuf>,
    pub(crate) backend: Backend,
    pub(crate) seed: u64,
    /// The parts of the laboratory that run; all that can where absent.
    pub(crate) parts: Option<Vec<Part>>,
    pub(crate) selection: Selection,
    pub(crate) lesion: Lesion,
    pub(crate) controls: Controls,
    pub(crate) joint: Joint,
    pub(crate) dose: Dose,
    pub(crate) bootstrap: Bootstrap,
}

/// A part of the laboratory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// Each layer by itself beside control sets, its profile, and the double dissociation.
    Controls,
    /// Several layers at once.
    Joint,
    /// More and more neurons.
    Dose,
    /// Every neuron by itself.
    Causal,
    /// Selection and lesion in one pass.
    Dynamic,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Selection {
    #[serde(with = "text")]
    pub(crate) at: SelectAt,
    #[serde(with = "text")]
    pub(crate) test: TestKind,
    #[serde(with = "text")]
    pub(crate) correction: Adjustment,
    #[serde(with = "text")]
    pub(crate) scope: Scope,
    pub(crate) directional: bool,
    #[serde(deserialize_with = "alpha")]
    pub(crate) alpha: f64,
    #[serde(deserialize_with = "permutations")]
    pub(crate) permutations: u32,
    /// The share of the pairs that neurons are not selected on.
    #[serde(deserialize_with = "held_out")]
    pub(crate) held_out: f64,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            at: SelectAt::Visible,
            test: TestKind::Paired,
            correction: Adjustment::Correction(Correction::BenjaminiHochberg),
            scope: Scope::Layer,
            directional: false,
            alpha: 0.05,
            permutations: 10_000,
            held_out: 0.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Lesion {
    /// The layer of the paper's lesion, of the dose-response and of single neurons; three quarters
    /// of the way up where absent.
    pub(crate) layer: Option<usize>,
    /// The layers of the controls and the joint lesions; all where absent.
    pub(crate) layers: Option<Vec<usize>>,
    /// Which neurons of a label are lesioned.
    #[serde(deserialize_with = "set_rule")]
    pub(crate) sets: SetRule,
    #[serde(with = "text")]
    pub(crate) strength: Strength,
    /// Neuron sets to lesion instead of those that are selected.
    #[serde(serialize_with = "lossy")]
    pub(crate) neurons: Option<PathBuf>,
    #[serde(deserialize_with = "kind")]
    pub(crate) kind: LesionKind,
    #[serde(with = "text")]
    pub(crate) site: Site,
    #[serde(deserialize_with = "tokens")]
    pub(crate) at: Tokens,
}

impl Default for Lesion {
    fn default() -> Self {
        Self {
            layer: None,
            layers: None,
            sets: SetRule::Share(0.1),
            strength: Strength::T,
            neurons: None,
            kind: LesionKind::Zero,
            site: Site::Post,
            at: Tokens::Target,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Controls {
    /// Random sets of each kind.
    #[serde(deserialize_with = "nulls")]
    pub(crate) nulls: u32,
}

impl Default for Controls {
    fn default() -> Self {
        Self { nulls: 500 }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Joint {
    /// Layers to lesion together, besides those that grow from the bottom and from the top.
    pub(crate) layers: Vec<Vec<usize>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dose {
    /// Sizes of the sets; 1, 2, 4 and so on where empty.
    #[serde(deserialize_with = "sizes")]
    pub(crate) sizes: Vec<usize>,
    /// Random sets of each size.
    #[serde(deserialize_with = "few")]
    pub(crate) draws: u32,
}

impl Default for Dose {
    fn default() -> Self {
        Self { sizes: Vec::new(), draws: 10 }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bootstrap {
    /// Resamples of the templates.
    #[serde(deserialize_with = "draws")]
    pub(crate) draws: u32,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { draws: 10_000 }
    }
}

impl Study {
    /// Reads a study; an error names file, line and column.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut study = Self::parse(&path.display().to_string(), &text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        study.model = study.model.beside(folder);
        let paths = [&mut study.stimuli, &mut study.prompts, &mut study.lesion.neurons];
        for path in paths.into_iter().flatten() {
            *path = folder.join(&*path);
        }
        Ok(study)
    }

    pub(crate) fn parse(name: &str, text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let (line, column) = place(text, error.span().unwrap_or_default());
            let problem = error.message().lines().collect::<Vec<_>>().join(" ");
            anyhow!("{name}:{line}:{column}: {problem}")
        })
    }

    pub(crate) fn selection_plan(&self) -> SelectionPlan {
        SelectionPlan {
            test: self.selection.test,
            adjustment: self.selection.correction,
            scope: self.selection.scope,
            directional: self.selection.directional,
            alpha: self.selection.alpha,
            permutations: self.selection.permutations as usize,
            seed: self.seed,
        }
    }

    pub(crate) fn manner(&self) -> Manner {
        let Lesion { kind, site, ref at, .. } = self.lesion;
        Manner { kind, site, tokens: at.clone() }
    }

    pub(crate) fn bootstrap(&self) -> neuron_stats::Bootstrap {
        neuron_stats::Bootstrap {
            draws: self.bootstrap.draws as usize,
            seed: self.seed,
            level: lesion_eval::CONFIDENCE,
        }
    }

    pub(crate) fn runs(&self, part: Part) -> bool {
        match &self.parts {
            Some(parts) => parts.contains(&part),
            None => part != Part::Dynamic || self.check_dynamic().is_ok(),
        }
    }

    /// The study without its paths: what they led to is known by its hash.
    pub(crate) fn without_paths(&self) -> Self {
        let mut study = self.clone();
        study.model = ModelSource::Bundled;
        (study.stimuli, study.prompts, study.lesion.neurons) = (None, None, None);
        study
    }

    /// Whether one pass can select and lesion as this study does.
    pub(crate) fn check_dynamic(&self) -> Result<()> {
        self.selection_plan().check_one_pass()?;
        let what = if self.lesion.neurons.is_some() {
            "the neurons come from a file"
        } else if self.selection.held_out > 0.0 {
            "pairs are held out"
        } else if self.lesion.kind != LesionKind::Zero || self.lesion.at != Tokens::Target {
            "this study lesions in another way"
        } else {
            return Ok(());
        };
        Err(anyhow!("dynamic hooks zero at the mask what they select on all stimuli, but {what}"))
    }

    /// What no single value shows to be impossible.
    pub(crate) fn check(&self) -> Result<()> {
        if self.parts.as_ref().is_some_and(|parts| parts.contains(&Part::Dynamic)) {
            self.check_dynamic().context("part `dynamic`")?;
        }
        self.lesion.sets.check()?;
        self.selection_plan().check()?;
        Ok(())
    }
}

/// Line and column of a place in a text, both from 1.
fn place(text: &str, span: Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Paths need not be Unicode, but JSON is.
#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn lossy<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.to_string_lossy()).serialize(serializer)
}

/// Values that are written as they print and read as they parse.
mod text {
    use super::{Deserialize, Deserializer, Display, Error, FromStr, Serializer};

    pub(super) fn serialize<S: Serializer>(
        value: &impl Display,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
    where
        D: Deserializer<'de>,
        T: FromStr<Err: Display>,
    {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

fn alpha<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let alpha = f64::deserialize(deserializer)?;
    SelectionPlan::check_alpha(alpha).map_err(D::Error::custom)?;
    Ok(alpha)
}

fn held_out<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = f64::deserialize(deserializer)?;
    check_held_out(share).map_err(D::Error::custom)?;
    Ok(share)
}

pub(crate) fn check_held_out(share: f64) -> Result<(), String> {
    let problem = || format!("{share} of the pairs cannot be held out; 0.5 is one half");
    (0.0..1.0).contains(&share).then_some(()).ok_or_else(problem)
}

fn set_rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SetRule, D::Error> {
    let rule = SetRule::deserialize(deserializer)?;
    rule.check().map_err(D::Error::custom)?;
    Ok(rule)
}

/// A value as the command line writes it, or as a table.
fn as_text_or<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display> + serde::de::DeserializeOwned,
{
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text.parse().map_err(D::Error::custom),
        table => T::deserialize(table).map_err(D::Error::custom),
    }
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LesionKind, D::Error> {
    as_text_or::<D, LesionKind>(deserializer)?.check().map_err(D::Error::custom)
}

fn tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tokens, D::Error> {
    match as_text_or(deserializer)? {
        Tokens::Offsets(offsets) if offsets.is_empty() => {
            Err(D::Error::custom("no offset, so no token; 0 is the mask and -1 the token before"))
        }
        tokens => Ok(tokens),
    }
}

fn sizes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<usize>, D::Error> {
    let mut sizes = Vec::<usize>::deserialize(deserializer)?;
    if sizes.contains(&0) {
        return Err(D::Error::custom("a set of 0 neurons; sizes start at 1"));
    }
    sizes.sort_unstable();
    sizes.dedup();
    Ok(sizes)
}

fn count<'de, D: Deserializer<'de>>(deserializer: D, most: u32) -> Result<u32, D::Error> {
    let count = i64::deserialize(deserializer)?;
    let found = u32::try_from(count).ok().filter(|count| (1..=most).contains(count));
    found.ok_or_else(|| D::Error::custom(format!("{count} is not between 1 and {most}")))
}

pub(crate) const MOST_PERMUTATIONS: u32 = 10_000_000;
pub(crate) const MOST_NULLS: u32 = 100_000;
const MOST_DRAWS: u32 = 1_000_000;
const FEWEST_DRAWS: u32 = 1000;
const MOST_DOSES: u32 = 10_000;

fn permutations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    count(deserializer, MOST_PERMUTATIONS)
}

fn nulls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    count(deserializer, MOST_NULLS)
}

fn draws<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match count(deserializer, MOST_DRAWS)? {
        0..FEWEST_DRAWS => {
            Err(D::Error::custom(format!("{FEWEST_DRAWS} resamples at least; 10000 are usual")))
        }
        draws => Ok(draws),
    }
}

fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    count(deserializer, MOST_DOSES)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPRODUCE: &str = include_str!("../../../assets/studies/reproduce.toml");

    #[test]
    fn the_committed_study_writes_out_the_defaults() {
        assert_eq!(Study::parse("reproduce.toml", REPRODUCE).unwrap(), Study::default());
        assert_eq!(Study::parse("empty.toml", "").unwrap(), Study::default());
    }

    #[test]
    fn a_study_is_what_it_was_after_writing_and_reading() {
        let text = "seed = 7\nparts = [\"joint\"]\n[lesion]\nsets = { top = 5 }\nlayers = [0, 2]\n\
                    kind = { scale = 2 }\nat = { offsets = [-1, 1] }\n";
        let study = Study::parse("s.toml", text).unwrap();
        assert_eq!(study.lesion.kind, LesionKind::Scale(2.0));
        let as_options = text.replace("{ scale = 2 }", "\"scale=2\"");
        let as_options = as_options.replace("{ offsets = [-1, 1] }", "\"-1,1\"");
        assert_eq!(Study::parse("s.toml", &as_options).unwrap(), study);
        let written = toml::to_string(&study).unwrap();
        assert_eq!(Study::parse("written", &written).unwrap(), study);
    }

    #[test]
    fn mistakes_name_line_and_column() {
        for (text, expected) in [
            ("sede = 1\n", "s.toml:1:1: unknown field `sede`"),
            ("\n[lesion]\nlayer = \"four\"\n", "s.toml:3:9: "),
            ("[selection]\nalpha = 1.5\n", "s.toml:2:9: alpha is 1.5"),
            ("[selection]\n  test = \"anova\"\n", "s.toml:2:10: "),
            ("[lesion]\nsets = { share = 2.0 }\n", "s.toml:2:8: the share is 2"),
            ("[lesion]\nsets = { top = 0 }\n", "s.toml:2:8: the top 0"),
            ("[lesion]\nkind = { scale = nan }\n", "s.toml:2:8: NaN is no factor"),
            ("[lesion]\nkind = \"scale\"\n", "s.toml:2:8: `scale` is no kind of lesion"),
            ("[lesion]\nat = \"offsets\"\n", "s.toml:2:6: `offsets` names no tokens"),
            ("[bootstrap]\ndraws = 1\n", "s.toml:2:9: 1000 resamples"),
            ("[dose]\nsizes = [1, 0]\n", "s.toml:2:9: a set of 0"),
            ("[controls]\nnulls = 0\n", "s.toml:2:9: 0 is not between 1 and"),
            ("[controls]\nnulls = -3\n", "s.toml:2:9: -3 is not"),
            ("parts = [\"joint\", \"cat\"]\n", "s.toml:1:19: unknown variant `cat`"),
            ("seed = \n", "s.toml:1:"),
            ("[selection]\nheld_out = 1.0\n", "s.toml:2:12: 1 of the pairs"),
        ] {
            let error = Study::parse("s.toml", text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
