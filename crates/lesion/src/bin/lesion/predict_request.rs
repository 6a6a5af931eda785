//! A line of `lesion predict --stdin`: a JSON object that asks about one sentence.

use std::{collections::BTreeMap, ffi::OsStr, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use lesion::{LayerNeurons, LesionRequest, SentenceQuestion};
use serde::Deserialize;
use serde_json::Value;
use study_record::Study;

/// A question about one sentence, and the neurons to look at and to lesion by themselves.
#[derive(Clone, Debug)]
pub(crate) struct PredictQuestion {
    pub(crate) question: SentenceQuestion,
    /// The lesion without neurons: how neurons are lesioned.
    pub(crate) manner: LesionRequest,
    pub(crate) show: Vec<LayerNeurons>,
    pub(crate) each: Vec<LayerNeurons>,
}

/// The object of a line. What it leaves out is as on the command line.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredictRequest {
    /// Anything that the answer repeats.
    #[serde(default)]
    pub(crate) id: Option<Value>,
    sentence: String,
    candidates: Option<Vec<String>>,
    top: Option<usize>,
    lesion: Option<NamedNeurons>,
    neurons: Option<PathBuf>,
    kind: Option<Value>,
    site: Option<Value>,
    at: Option<Value>,
    patch: Option<String>,
    show: Option<NamedNeurons>,
    each: Option<NamedNeurons>,
}

/// Neurons in JSON.
#[derive(Deserialize, Debug)]
#[serde(untagged)]
enum NamedNeurons {
    /// As the option has it: `"4:her"`.
    Text(String),
    /// Several such texts.
    Texts(Vec<String>),
    /// Neurons by layer: `{"4": "her", "5": [7, 12]}`.
    Layers(BTreeMap<String, Value>),
}

/// The most words at a mask.
const MOST_TOP: usize = 1000;

impl PredictRequest {
    /// Reads a line.
    pub(crate) fn parse(line: &str) -> Result<Self> {
        serde_json::from_str(line).map_err(|error| {
            let message = error.to_string();
            let problem = message.split(" at line ").next().unwrap_or_default().to_owned();
            anyhow::anyhow!("{problem}, at character {} of the line", error.column())
        })
    }

    /// The question of the line, with `defaults` for what it leaves out.
    pub(crate) fn question(self, defaults: &PredictQuestion) -> Result<PredictQuestion> {
        let mut manner = defaults.manner.clone();
        let mut study = Study::default();
        study.lesion.kind = manner.kind;
        study.lesion.site = manner.site;
        study.lesion.at = manner.at.clone();
        for (name, value) in [("kind", &self.kind), ("site", &self.site), ("at", &self.at)] {
            if let Some(value) = value {
                let set = study.set(&format!("lesion.{name}"), OsStr::new(&setting_text(value)));
                set.with_context(|| format!("`{name}`"))?;
            }
        }
        manner.kind = study.lesion.kind;
        manner.site = study.lesion.site;
        manner.at = study.lesion.at;
        if self.neurons.is_some() {
            manner.sets = self.neurons;
        }
        if self.patch.is_some() && self.kind.is_some() {
            bail!("`kind` and `patch` cannot be given together");
        }
        if self.patch.is_some() {
            manner.patch = self.patch;
        }
        let lesioned = match self.lesion {
            Some(neurons) => neurons.parse("lesion")?,
            None => defaults.lesioned(),
        };
        let show = match self.show {
            Some(neurons) => neurons.parse("show")?,
            None => defaults.show.clone(),
        };
        let each = match self.each {
            Some(neurons) => neurons.parse("each")?,
            None => defaults.each.clone(),
        };
        let top = self.top.unwrap_or(defaults.question.top);
        if !(1..=MOST_TOP).contains(&top) {
            bail!("`top` is {top}; use an integer from 1 to {MOST_TOP}");
        }
        let candidates = self.candidates.unwrap_or_else(|| defaults.question.candidates.clone());
        let request = LesionRequest { neurons: lesioned, ..manner.clone() };
        let lesion = (!request.neurons.is_empty()).then_some(request);
        let question = SentenceQuestion { sentence: self.sentence, candidates, top, lesion };
        Ok(PredictQuestion { question, manner, show, each })
    }
}

impl PredictQuestion {
    /// The lesioned neurons.
    fn lesioned(&self) -> Vec<LayerNeurons> {
        match &self.question.lesion {
            Some(lesion) => lesion.neurons.clone(),
            None => Vec::new(),
        }
    }

    /// The question about the neurons that are lesioned by themselves.
    pub(crate) fn about_each(&self) -> SentenceQuestion {
        let lesion = LesionRequest { neurons: self.each.clone(), ..self.manner.clone() };
        SentenceQuestion { lesion: Some(lesion), ..self.question.clone() }
    }
}

impl NamedNeurons {
    /// The neurons that a key of the object names.
    fn parse(self, key: &str) -> Result<Vec<LayerNeurons>> {
        let texts = match self {
            Self::Text(text) => vec![text],
            Self::Texts(texts) => texts,
            Self::Layers(layers) => {
                let named = layers.iter();
                named.map(|(layer, value)| format!("{layer}:{}", setting_text(value))).collect()
            }
        };
        let mut neurons = Vec::with_capacity(texts.len());
        for text in texts {
            neurons.push(
                text.parse().map_err(anyhow::Error::msg).with_context(|| format!("`{key}`"))?,
            );
        }
        Ok(neurons)
    }
}

/// A value as the text of an option: a list has commas between its items.
fn setting_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(setting_text).collect::<Vec<_>>().join(","),
        Value::Object(entries) => {
            let entries = entries.iter();
            let texts = entries.map(|(key, value)| format!("{key}={}", setting_text(value)));
            texts.collect::<Vec<_>>().join(",")
        }
        value => value.to_string(),
    }
}
