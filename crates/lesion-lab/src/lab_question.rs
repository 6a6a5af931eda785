//! The questions of the page, as it writes them in JSON.

use std::collections::BTreeMap;

use lesion::{DEFAULT_TOP, GivenTexts, LayerNeurons, LesionRequest, SentenceQuestion, TextInput};
use serde::Deserialize;
use study_record::Study;

use crate::one_line::{PAIRS, PROMPTS, Problem};

/// A question. Its keys are those of the argument in `protocol.ts`.
#[derive(Debug, Deserialize)]
#[serde(tag = "call", rename_all = "camelCase")]
pub(crate) enum LabQuestion {
    LoadFiles {
        name: String,
    },
    MemoryNeeded {
        sizes: BTreeMap<String, u64>,
    },
    Examples,
    Settings,
    Tokens {
        sentence: String,
    },
    Predict(AskedSentence),
    Each(AskedSentence),
    /// Begins a cloud of random sets.
    Cloud(AskedCloud),
    /// Lesions more random sets of the cloud.
    ExtendCloud {
        sets: usize,
    },
    Parse(AskedStudy),
    Select(AskedStudy),
    Layer {
        layer: usize,
    },
    Choose(NeuronChoice),
    Neuron(AskedNeuron),
    Run(AskedStudy),
    OpenStudy,
    Table {
        file: String,
    },
    ExportStudy(AskedExport),
}

/// A question about one sentence.
#[derive(Debug, Deserialize)]
pub(crate) struct AskedSentence {
    sentence: String,
    #[serde(default)]
    candidates: Vec<String>,
    top: Option<usize>,
    lesion: Option<AskedLesion>,
}

/// A lesion, as `lesion predict` takes it.
#[derive(Debug, Deserialize)]
pub(crate) struct AskedLesion {
    pub(crate) neurons: Vec<String>,
    pub(crate) kind: Option<String>,
    pub(crate) site: Option<String>,
    pub(crate) at: Option<String>,
    pub(crate) patch: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AskedCloud {
    #[serde(flatten)]
    pub(crate) sentence: AskedSentence,
    pub(crate) sets: Option<usize>,
    #[serde(default)]
    pub(crate) seed: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AskedNeuron {
    pub(crate) layer: usize,
    pub(crate) neuron: usize,
    pub(crate) sentence: Option<String>,
    #[serde(default)]
    pub(crate) candidates: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum NeuronChoice {
    Named {
        neurons: Vec<String>,
    },
    Strongest {
        layer: usize,
        count: usize,
        label: Option<String>,
    },
    Random {
        layer: usize,
        count: usize,
        number: usize,
        #[serde(default)]
        seed: u64,
    },
}

/// The texts and settings of a study.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct AskedStudy {
    #[serde(default)]
    pub(crate) texts: AskedTexts,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, String>,
    parts: Option<Vec<String>>,
}

/// Texts as in the files that a study reads. An empty one is the bundled text.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct AskedTexts {
    #[serde(default)]
    pub(crate) pairs: String,
    #[serde(default)]
    pub(crate) prompts: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AskedExport {
    #[serde(flatten)]
    pub(crate) study: AskedStudy,
    pub(crate) lesion: Option<AskedLesion>,
}

impl AskedSentence {
    /// A question about neurons by themselves.
    pub(crate) fn alone(asked: &AskedNeuron, sentence: &str) -> Self {
        let neurons = vec![format!("{}:{}", asked.layer, asked.neuron)];
        let lesion = AskedLesion { neurons, kind: None, site: None, at: None, patch: None };
        Self {
            sentence: sentence.to_owned(),
            candidates: asked.candidates.clone(),
            top: None,
            lesion: Some(lesion),
        }
    }

    /// The question for the library.
    pub(crate) fn question(&self) -> Result<SentenceQuestion, Problem> {
        let lesion = match &self.lesion {
            Some(lesion) if !lesion.neurons.is_empty() => Some(lesion.request()?),
            _ => None,
        };
        Ok(SentenceQuestion {
            sentence: self.sentence.clone(),
            candidates: self.candidates.clone(),
            top: self.top.unwrap_or(DEFAULT_TOP),
            lesion,
        })
    }
}

impl AskedLesion {
    /// The settings of a study that say how neurons are lesioned.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let settings =
            [("lesion.kind", &self.kind), ("lesion.site", &self.site), ("lesion.at", &self.at)];
        settings.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?)))
    }

    /// The lesion for the library.
    pub(crate) fn request(&self) -> Result<LesionRequest, Problem> {
        let mut study = Study::default();
        for (key, text) in self.settings() {
            study.set(key, text)?;
        }
        let request = LesionRequest::zero(read_neurons(&self.neurons)?);
        Ok(LesionRequest {
            kind: study.lesion.kind,
            site: study.lesion.site,
            at: study.lesion.at,
            patch: self.patch.clone(),
            ..request
        })
    }
}

/// Neurons as the user writes them.
pub(crate) fn read_neurons(texts: &[String]) -> Result<Vec<LayerNeurons>, Problem> {
    let mut neurons = Vec::with_capacity(texts.len());
    for text in texts {
        neurons.push(text.parse().map_err(Problem::line)?);
    }
    Ok(neurons)
}

impl AskedStudy {
    /// The study with its settings.
    pub(crate) fn study(&self) -> Result<Study, Problem> {
        let mut study = Study::default();
        for (key, text) in &self.settings {
            study.set(key, text).map_err(|error| Problem::line(format!("`{key}`: {error}")))?;
        }
        if let Some(parts) = &self.parts {
            study.set("parts", parts.join(","))?;
        }
        Ok(study)
    }

    /// The texts that are not bundled.
    pub(crate) fn given(&self) -> GivenTexts {
        let given = |name: &str, text: &str| {
            let is_given = !text.trim().is_empty();
            is_given.then(|| TextInput::given(name, text))
        };
        GivenTexts {
            stimuli: given(PAIRS, &self.texts.pairs),
            prompts: given(PROMPTS, &self.texts.prompts),
            bystanders: None,
        }
    }
}
