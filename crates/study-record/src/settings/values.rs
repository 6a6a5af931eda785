//! Values of settings, of types that admit only what is in range.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{predicted_at::PredictedAt, settings::choices::ValuesFrom};

/// A value that can stand in a study file and be given as an option's text.
pub trait SettingValue: Sized + Serialize + for<'de> Deserialize<'de> {
    /// The kind of value, with its article: `a number`.
    const NOUN: &'static str;

    /// The valid values, for help, guide and errors. Empty if [`NOUN`](Self::NOUN) tells them.
    #[must_use]
    fn values() -> String {
        String::new()
    }

    /// The values that have a name, for the completion of a command line.
    #[must_use]
    fn names() -> Vec<&'static str> {
        Vec::new()
    }

    /// Reads the text of an option.
    ///
    /// # Errors
    /// If the text is not such a value, or out of range.
    fn parse(text: &str) -> Result<Self, InvalidValue>;

    /// Reads the text of an option that need not be Unicode; only paths admit such texts.
    ///
    /// # Errors
    /// If [`Self::parse`] fails.
    fn parse_os(text: &OsStr) -> Result<Self, InvalidValue> {
        Self::parse(&text.to_string_lossy())
    }
}

/// A text or number that is not a value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    /// The text or number.
    pub value: String,
    /// [`SettingValue::NOUN`] of the setting.
    pub noun: &'static str,
    /// [`SettingValue::values`] of the setting.
    pub values: String,
}

impl InvalidValue {
    /// A value that is not a `T`.
    pub(crate) fn new<T: SettingValue>(value: impl Into<String>) -> Self {
        Self { value: value.into(), noun: T::NOUN, values: T::values() }
    }
}

impl std::error::Error for InvalidValue {}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.value, self.noun)?;
        if self.values.is_empty() { Ok(()) } else { write!(f, "; use {}", self.values) }
    }
}

/// An optional value; empty text leaves it unset.
impl<T: SettingValue> SettingValue for Option<T> {
    const NOUN: &'static str = T::NOUN;

    fn values() -> String {
        T::values()
    }

    fn names() -> Vec<&'static str> {
        T::names()
    }

    fn parse(text: &str) -> Result<Self, InvalidValue> {
        Self::parse_os(text.as_ref())
    }

    fn parse_os(text: &OsStr) -> Result<Self, InvalidValue> {
        if text.is_empty() {
            return Ok(None);
        }
        T::parse_os(text).map(Some)
    }
}

/// The text of an empty list.
pub(crate) const EMPTY_LIST: &str = "none";

/// A list, with commas between its values, or `none`.
impl<T: SettingValue> SettingValue for Vec<T> {
    const NOUN: &'static str = T::NOUN;

    fn values() -> String {
        T::values()
    }

    fn names() -> Vec<&'static str> {
        T::names()
    }

    fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text == EMPTY_LIST {
            return Ok(Self::new());
        }
        text.split(',').map(|part| T::parse(part.trim())).collect()
    }
}

/// The path of a file or folder. In files it is written as text, where a part that is not Unicode
/// is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct FilePath(pub PathBuf);

impl FilePath {
    /// The same path seen from a folder.
    #[must_use]
    pub fn beside(&self, folder: &Path) -> Self {
        Self(folder.join(&self.0))
    }
}

impl Serialize for FilePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_string_lossy().serialize(serializer)
    }
}

impl SettingValue for FilePath {
    const NOUN: &'static str = "a path";

    fn parse(text: &str) -> Result<Self, InvalidValue> {
        Ok(Self(text.into()))
    }

    fn parse_os(text: &OsStr) -> Result<Self, InvalidValue> {
        Ok(Self(text.into()))
    }
}

/// Implements settings of types that Rust can parse.
macro_rules! parsed {
    ($($type:ty: $noun:literal;)+) => {$(
        impl SettingValue for $type {
            const NOUN: &'static str = $noun;

            fn parse(text: &str) -> Result<Self, InvalidValue> {
                text.parse().map_err(|_| InvalidValue::new::<Self>(text))
            }
        }
    )+};
}

parsed! {
    bool: "`true` or `false`";
    f64: "a number";
    i64: "an integer";
    u64: "a non-negative integer";
    usize: "a non-negative integer";
}

/// Implements settings whose type checks the value that a file contains.
macro_rules! checked {
    ([$($parameters:tt)*] $type:ty, $raw:ty: $noun:literal, $values:expr) => {
        impl<$($parameters)*> TryFrom<$raw> for $type {
            type Error = InvalidValue;

            fn try_from(raw: $raw) -> Result<Self, InvalidValue> {
                let text = format!("{raw:?}");
                Self::checked(raw).ok_or_else(|| InvalidValue::new::<Self>(text))
            }
        }

        impl<$($parameters)*> From<$type> for $raw {
            fn from(checked: $type) -> Self {
                checked.0.into()
            }
        }

        impl<$($parameters)*> SettingValue for $type {
            const NOUN: &'static str = $noun;

            fn values() -> String {
                $values
            }

            fn parse(text: &str) -> Result<Self, InvalidValue> {
                let raw = <$raw as SettingValue>::parse(text)?;
                Self::checked(raw).ok_or_else(|| InvalidValue::new::<Self>(text))
            }
        }
    };
}

/// A significance level: above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Alpha(f64);

checked!([] Alpha, f64: "a significance level", "a number above 0 and below 1".to_owned());

impl Alpha {
    fn checked(alpha: f64) -> Option<Self> {
        (alpha > 0.0 && alpha < 1.0).then_some(Self(alpha))
    }

    /// The level as a number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Alpha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A share of stimuli that are held out: at least 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct HeldOut(f64);

checked!([] HeldOut, f64: "a share of stimuli", "a number of at least 0 and below 1".to_owned());

impl HeldOut {
    fn checked(share: f64) -> Option<Self> {
        (0.0..1.0).contains(&share).then_some(Self(share))
    }

    /// The share as a number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether any stimuli are held out.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.0 > 0.0
    }
}

/// A share of something: above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(f64);

checked!([] Share, f64: "a share", "a number above 0 and below 1".to_owned());

impl Share {
    fn checked(share: f64) -> Option<Self> {
        (share > 0.0 && share < 1.0).then_some(Self(share))
    }

    /// The share as a number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// A count from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Count<const LEAST: u32, const MOST: u32>(u32);

checked!(
    [const LEAST: u32, const MOST: u32] Count<LEAST, MOST>, i64: "a valid count",
    format!("an integer from {} to {}", grouped(LEAST), grouped(MOST))
);

impl<const LEAST: u32, const MOST: u32> Count<LEAST, MOST> {
    fn checked(count: i64) -> Option<Self> {
        let count = u32::try_from(count).ok()?;
        (LEAST..=MOST).contains(&count).then_some(Self(count))
    }

    /// The count as a number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl<const LEAST: u32, const MOST: u32> fmt::Display for Count<LEAST, MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number with commas between thousands.
fn grouped(number: u32) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}

/// Sizes of neuron sets: ascending, each once, none 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct Sizes(Vec<usize>);

checked!([] Sizes, Vec<usize>: "a list of sizes", "integers of at least 1".to_owned());

impl Sizes {
    fn checked(mut sizes: Vec<usize>) -> Option<Self> {
        if sizes.contains(&0) {
            return None;
        }
        sizes.sort_unstable();
        sizes.dedup();
        Some(Self(sizes))
    }

    /// The sizes; empty for the default ones.
    #[must_use]
    pub fn get(&self) -> &[usize] {
        &self.0
    }
}

/// The rule by which a lesion takes significant neurons of a label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SetRule {
    /// All of them.
    Significant,
    /// The strongest so many, fewer if there are not as many.
    Top(usize),
    /// Equally many of both labels, the strongest, at most this share of the layer, so that other
    /// neurons are left to compare with.
    Share(f64),
}

impl SettingValue for SetRule {
    const NOUN: &'static str = "a rule";

    fn values() -> String {
        "`significant`, `top=N` with N at least 1, or `share=S` with S above 0 and below 1, such as \
         `share=0.1`"
            .to_owned()
    }

    fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text.split_once('=') {
            None if text == "significant" => return Ok(Self::Significant),
            Some(("top", count)) => match count.parse() {
                Ok(count) if count > 0 => return Ok(Self::Top(count)),
                _ => {}
            },
            Some(("share", share)) => match share.parse() {
                Ok(share) if share > 0.0 && share < 1.0 => return Ok(Self::Share(share)),
                _ => {}
            },
            _ => {}
        }
        Err(InvalidValue::new::<Self>(text))
    }
}

/// The kind of lesion: the new value of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LesionKind {
    /// It becomes 0.
    Zero,
    /// It becomes the neuron's mean over the sentences of `lesion.from`, both labels weighing the same.
    Mean,
    /// It becomes the neuron's median over these sentences.
    Median,
    /// It becomes the activation in one of these sentences, drawn at random for each prompt.
    Resample,
    /// It is multiplied: below 1 damped, above 1 amplified.
    Scale(f64),
    /// It becomes this number.
    Value(f64),
    /// It becomes the activation in the prompt's counterpart, the other side of its template.
    Patch,
}

/// The largest factor or number: much larger activations are no longer numbers a few layers on.
const LARGEST_NUMBER: u32 = 10_000;

impl LesionKind {
    /// The new value of an activation, in words about a model that predicts at `place`.
    #[must_use]
    pub fn effect(self, from: ValuesFrom, place: PredictedAt) -> String {
        let sentences = from.sentences(place);
        match self {
            Self::Scale(factor) => format!("multiplied by {factor}"),
            Self::Value(value) => format!("set to {value}"),
            Self::Patch => "set to its value in the counterpart prompt".to_owned(),
            Self::Zero => "set to zero".to_owned(),
            Self::Mean => format!("set to its mean over {sentences}"),
            Self::Median => format!("set to its median over {sentences}"),
            Self::Resample => format!("set to its value in a random one of {sentences}"),
        }
    }

    /// Whether the new value comes from activations in other sentences.
    #[must_use]
    pub fn needs_activations(self) -> bool {
        matches!(self, Self::Mean | Self::Median | Self::Resample | Self::Patch)
    }
}

impl fmt::Display for LesionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("zero"),
            Self::Mean => f.write_str("mean"),
            Self::Median => f.write_str("median"),
            Self::Resample => f.write_str("resample"),
            Self::Scale(factor) => write!(f, "scale={factor}"),
            Self::Value(value) => write!(f, "value={value}"),
            Self::Patch => f.write_str("patch"),
        }
    }
}

impl SettingValue for LesionKind {
    const NOUN: &'static str = "a kind of lesion";

    fn names() -> Vec<&'static str> {
        vec!["zero", "mean", "median", "resample"]
    }

    fn values() -> String {
        let most = grouped(LARGEST_NUMBER);
        format!(
            "`zero`, `mean`, `median`, `resample`, `patch`, or `scale=0.5` or `value=1.5` with a number from \
             -{most} to {most}"
        )
    }

    fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text.split_once('=') {
            None if text == "zero" => return Ok(Self::Zero),
            None if text == "mean" => return Ok(Self::Mean),
            None if text == "median" => return Ok(Self::Median),
            None if text == "resample" => return Ok(Self::Resample),
            None if text == "patch" => return Ok(Self::Patch),
            Some(("scale", factor)) => {
                if let Some(factor) = parse_bounded(factor) {
                    return Ok(Self::Scale(factor));
                }
            }
            Some(("value", value)) => {
                if let Some(value) = parse_bounded(value) {
                    return Ok(Self::Value(value));
                }
            }
            _ => {}
        }
        Err(InvalidValue::new::<Self>(text))
    }
}

/// A factor or number of a lesion, if it is not too large.
fn parse_bounded(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (number.abs() <= LARGEST_NUMBER.into()).then_some(number)
}

/// The tokens of a prompt at which neurons are lesioned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokens {
    /// The token at which a word is predicted.
    Target,
    /// Every token, `[CLS]` and `[SEP]` too.
    All,
    /// The tokens at these distances from the target: -1 is the token before it.
    Offsets(Vec<i64>),
}

impl Tokens {
    /// The tokens, in a text about a model that predicts at `place`.
    #[must_use]
    pub fn place(&self, place: PredictedAt) -> String {
        match self {
            Self::Target => format!("at {}", place.token()),
            Self::All => "at all tokens".to_owned(),
            Self::Offsets(_) => format!("at {self} from {}", place.token()),
        }
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target => f.write_str("target"),
            Self::All => f.write_str("all"),
            Self::Offsets(offsets) => {
                let texts: Vec<String> = offsets.iter().map(i64::to_string).collect();
                f.write_str(&texts.join(","))
            }
        }
    }
}

impl SettingValue for Tokens {
    const NOUN: &'static str = "a choice of tokens";

    fn names() -> Vec<&'static str> {
        vec!["target", "all"]
    }

    fn values() -> String {
        "`target`, `all`, or distances from the target such as `-1,0,1`".to_owned()
    }

    fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "target" => return Ok(Self::Target),
            "all" => return Ok(Self::All),
            _ => {}
        }
        let list = text.strip_prefix("offsets=[").and_then(|text| text.strip_suffix(']'));
        let offsets = list.unwrap_or(text).split(',').map(|part| part.trim().parse());
        let offsets = offsets.collect::<Result<_, _>>();
        offsets.map(Self::Offsets).map_err(|_| InvalidValue::new::<Self>(text))
    }
}

/// Reads values from a file, where they are an option's text or a table with one key: `{ top = 20 }`
/// stands for `top=20`.
macro_rules! text_or_table {
    ($($type:ty),+) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = as_text(toml::Value::deserialize(deserializer)?);
                Self::parse(&text).map_err(D::Error::custom)
            }
        }
    )+};
}

text_or_table!(SetRule, LesionKind, Tokens);

pub(super) fn as_text(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        toml::Value::Table(table) => {
            let entries = table.into_iter().map(|(key, value)| format!("{key}={value}"));
            entries.collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
    }
}
