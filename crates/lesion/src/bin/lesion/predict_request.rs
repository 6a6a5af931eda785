//! A line of `lesion predict --stdin`: a JSON object that asks about one sentence.

use std::{ffi::OsStr, fmt};

use anyhow::{Context as _, Result, bail};
use lesion::{LayerNeurons, LesionRequest, SentenceQuestion};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
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
#[derive(Debug)]
pub(crate) struct PredictRequest {
    /// Anything that the answer repeats.
    pub(crate) id: Option<Value>,
    /// The other keys.
    fields: Map<String, Value>,
}

/// The keys of a line besides `id`.
const KEYS: [&str; 12] = [
    "sentence",
    "candidates",
    "top",
    "lesion",
    "neurons",
    "kind",
    "site",
    "at",
    "shared",
    "patch",
    "show",
    "each",
];

/// The most words in the place of a mask.
const MOST_TOP: usize = 1000;

/// The size from which on neighbouring floating-point numbers are more than one apart.
const INEXACT: f64 = 9_007_199_254_740_992.0;

impl PredictRequest {
    /// Reads a line.
    pub(crate) fn parse(line: &str) -> Result<Self> {
        let value = serde_json::from_str(line).map_err(|error| {
            let message = error.to_string();
            let problem = message.split(" at line ").next().unwrap_or_default().to_owned();
            anyhow::anyhow!("{problem}, at character {} of the line", error.column())
        });
        let UniqueKeys(Value::Object(mut fields)) = value? else {
            bail!("not a JSON object; write for example {{\"sentence\": \"She thanked [MASK].\"}}");
        };
        let id = fields.remove("id").filter(|id| !id.is_null());
        if id.as_ref().is_some_and(is_inexact) {
            bail!("`id` has a number that cannot be repeated exactly; write it in quotes");
        }
        Ok(Self { id, fields })
    }

    /// The question of the line, with `defaults` for what it leaves out.
    pub(crate) fn question(mut self, defaults: &PredictQuestion) -> Result<PredictQuestion> {
        for key in self.fields.keys() {
            if !KEYS.contains(&key.as_str()) {
                bail!("unknown field `{key}`; use `id`, `{}`", KEYS.join("`, `"));
            }
        }
        self.fields.retain(|_, value| !value.is_null());
        let Some(sentence) = self.text("sentence")? else { bail!("`sentence` is missing") };
        let mut manner = defaults.manner.clone();
        let mut study = Study::default();
        study.lesion.kind = manner.kind;
        study.lesion.site = manner.site;
        study.lesion.at = manner.at.clone();
        study.lesion.shared = manner.shared;
        let has_kind = self.fields.contains_key("kind");
        for name in ["kind", "site", "at", "shared"] {
            if let Some(value) = self.fields.remove(name) {
                let set = study.set(&format!("lesion.{name}"), OsStr::new(&setting_text(&value)));
                set.with_context(|| format!("`{name}`"))?;
            }
        }
        manner.kind = study.lesion.kind;
        manner.site = study.lesion.site;
        manner.at = study.lesion.at;
        manner.shared = study.lesion.shared;
        if let Some(path) = self.text("neurons")? {
            manner.sets = Some(path.into());
        }
        if let Some(sentence) = self.text("patch")? {
            if has_kind {
                bail!("`kind` and `patch` cannot be given together");
            }
            manner.patch = Some(sentence);
        }
        let lesioned = self.neurons("lesion")?.unwrap_or_else(|| defaults.lesioned());
        let show = self.neurons("show")?.unwrap_or_else(|| defaults.show.clone());
        let each = self.neurons("each")?.unwrap_or_else(|| defaults.each.clone());
        let top = self.top()?;
        let mut candidates = self.candidates()?;
        if candidates.is_some() && top.is_some() {
            bail!("`candidates` and `top` cannot be given together");
        }
        if top.is_some() {
            candidates = Some(Vec::new());
        }
        let candidates = candidates.unwrap_or_else(|| defaults.question.candidates.clone());
        let top = top.unwrap_or(defaults.question.top);
        let request = LesionRequest { neurons: lesioned, ..manner.clone() };
        let lesion = (!request.neurons.is_empty()).then_some(request);
        let question = SentenceQuestion { sentence, candidates, top, lesion };
        Ok(PredictQuestion { question, manner, show, each })
    }

    /// The text of a key.
    fn text(&mut self, key: &str) -> Result<Option<String>> {
        match self.fields.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => bail!("`{key}` is {}; write text in quotes", excerpt(&value)),
        }
    }

    /// The number of words to show.
    fn top(&mut self) -> Result<Option<usize>> {
        let Some(value) = self.fields.remove("top") else { return Ok(None) };
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        match number {
            Some(number) if (1..=MOST_TOP).contains(&number) => Ok(Some(number)),
            _ => bail!("`top` is {}; use an integer from 1 to {MOST_TOP}", excerpt(&value)),
        }
    }

    /// The words to show instead.
    fn candidates(&mut self) -> Result<Option<Vec<String>>> {
        let Some(value) = self.fields.remove("candidates") else { return Ok(None) };
        match texts(&value) {
            Some(words) => Ok(Some(words)),
            None => bail!(
                "`candidates` is {}; write a list of words, such as [\"her\", \"him\"]",
                excerpt(&value)
            ),
        }
    }

    /// The neurons that a key names: as in the option, `"4:her"`; several such texts; or by layer,
    /// `{"4": "her", "5": [7, 12]}`.
    fn neurons(&mut self, key: &str) -> Result<Option<Vec<LayerNeurons>>> {
        let Some(value) = self.fields.remove(key) else { return Ok(None) };
        let named = match &value {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Object(layers) => layers.iter().map(layer_text).collect(),
            other => texts(other),
        };
        let Some(named) = named else {
            bail!(
                "`{key}` is {}; write neurons such as \"4:her\", a list of such texts, or \
                 {{\"4\": \"her\", \"5\": [7, 12]}}",
                excerpt(&value)
            )
        };
        let mut neurons = Vec::with_capacity(named.len());
        for text in named {
            let parsed = text.parse().map_err(anyhow::Error::msg);
            neurons.push(parsed.with_context(|| format!("`{key}`"))?);
        }
        Ok(Some(neurons))
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

/// A list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_array()?;
    items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// A layer and its neurons as the text of an option: text, a number or a list of them.
fn layer_text((layer, value): (&String, &Value)) -> Option<String> {
    let is_simple = |value: &Value| value.is_string() || value.is_number();
    let is_list = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(is_simple));
    if is_simple(value) || is_list(value) {
        return Some(format!("{layer}:{}", setting_text(value)));
    }
    None
}

/// The beginning of a value in an error.
fn excerpt(value: &Value) -> String {
    const MOST: usize = 60;
    let json = value.to_string();
    if json.chars().count() <= MOST {
        return json;
    }
    json.chars().take(MOST).chain("...".chars()).collect()
}

/// Whether a value contains a number that was rounded when it was read.
fn is_inexact(value: &Value) -> bool {
    match value {
        Value::Number(number) if number.is_f64() => {
            number.as_f64().is_none_or(|number| number.abs() >= INEXACT)
        }
        Value::Array(items) => items.iter().any(is_inexact),
        Value::Object(entries) => entries.values().any(is_inexact),
        _ => false,
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

/// A JSON value in which no object has a key twice.
struct UniqueKeys(Value);

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueKeysVisitor).map(Self)
    }
}

/// Reads a value for [`UniqueKeys`].
struct UniqueKeysVisitor;

impl<'de> Visitor<'de> for UniqueKeysVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(UniqueKeys(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some((key, UniqueKeys(value))) = object.next_entry::<String, _>()? {
            if entries.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} stands twice")));
            }
            entries.insert(key, value);
        }
        Ok(Value::Object(entries))
    }
}
