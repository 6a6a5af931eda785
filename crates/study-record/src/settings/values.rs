//! Values of settings, of types that admit only what is in range.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A value that can stand in a study file and be given as an option's text.
pub trait SettingValue: Sized + Serialize + for<'de> Deserialize<'de> {
    /// Reads the text of an option.
    ///
    /// # Errors
    /// If the text is not such a value, or out of range. The message says what a valid value is.
    fn parse(text: &str) -> Result<Self, String>;

    /// Reads the text of an option that need not be Unicode; only paths admit such texts.
    ///
    /// # Errors
    /// If the text is not Unicode, or [`Self::parse`] fails.
    fn parse_os(text: &OsStr) -> Result<Self, String> {
        match text.to_str() {
            Some(text) => Self::parse(text),
            None => Err(format!("`{}` is not Unicode", text.to_string_lossy())),
        }
    }
}

/// An optional value; empty text leaves it unset.
impl<T: SettingValue> SettingValue for Option<T> {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(None);
        }
        T::parse(text).map(Some)
    }

    fn parse_os(text: &OsStr) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(None);
        }
        T::parse_os(text).map(Some)
    }
}

/// A list, with commas between its values.
impl<T: SettingValue> SettingValue for Vec<T> {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
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
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(text.into()))
    }

    fn parse_os(text: &OsStr) -> Result<Self, String> {
        Ok(Self(text.into()))
    }
}

impl SettingValue for bool {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("`{text}` is neither `true` nor `false`"))
    }
}

fn integer<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a non-negative integer"))
}

impl SettingValue for usize {
    fn parse(text: &str) -> Result<Self, String> {
        integer(text)
    }
}

impl SettingValue for u64 {
    fn parse(text: &str) -> Result<Self, String> {
        integer(text)
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

/// A significance level: above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Alpha(f64);

impl Alpha {
    /// The level as a number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Alpha {
    type Error = String;

    fn try_from(alpha: f64) -> Result<Self, String> {
        if alpha > 0.0 && alpha < 1.0 {
            return Ok(Self(alpha));
        }
        Err(format!("alpha is {alpha}, but must lie between 0 and 1, such as 0.05"))
    }
}

impl From<Alpha> for f64 {
    fn from(alpha: Alpha) -> Self {
        alpha.0
    }
}

impl fmt::Display for Alpha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl SettingValue for Alpha {
    fn parse(text: &str) -> Result<Self, String> {
        number(text)?.try_into()
    }
}

/// A share of pairs that are held out: at least 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct HeldOut(f64);

impl HeldOut {
    /// The share as a number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether any pairs are held out.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.0 > 0.0
    }
}

impl TryFrom<f64> for HeldOut {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        if (0.0..1.0).contains(&share) {
            return Ok(Self(share));
        }
        Err(format!("{share} of the pairs cannot be held out; 0.5 holds out one half"))
    }
}

impl From<HeldOut> for f64 {
    fn from(share: HeldOut) -> Self {
        share.0
    }
}

impl SettingValue for HeldOut {
    fn parse(text: &str) -> Result<Self, String> {
        number(text)?.try_into()
    }
}

/// A count from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Count<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Count<LEAST, MOST> {
    /// The count as a number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl<const LEAST: u32, const MOST: u32> TryFrom<i64> for Count<LEAST, MOST> {
    type Error = String;

    fn try_from(count: i64) -> Result<Self, String> {
        match u32::try_from(count) {
            Ok(count) if (LEAST..=MOST).contains(&count) => Ok(Self(count)),
            _ => Err(format!("{count} is not between {LEAST} and {MOST}")),
        }
    }
}

impl<const LEAST: u32, const MOST: u32> From<Count<LEAST, MOST>> for i64 {
    fn from(count: Count<LEAST, MOST>) -> Self {
        count.0.into()
    }
}

impl<const LEAST: u32, const MOST: u32> SettingValue for Count<LEAST, MOST> {
    fn parse(text: &str) -> Result<Self, String> {
        let count: i64 =
            text.parse().map_err(|_| format!("`{text}` is not between {LEAST} and {MOST}"))?;
        count.try_into()
    }
}

/// Sizes of neuron sets: ascending, each once, none 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct Sizes(Vec<usize>);

impl Sizes {
    /// The sizes; empty for the default ones.
    #[must_use]
    pub fn get(&self) -> &[usize] {
        &self.0
    }
}

impl TryFrom<Vec<usize>> for Sizes {
    type Error = String;

    fn try_from(mut sizes: Vec<usize>) -> Result<Self, String> {
        if sizes.contains(&0) {
            return Err("a set of 0 neurons; sizes start at 1".to_owned());
        }
        sizes.sort_unstable();
        sizes.dedup();
        Ok(Self(sizes))
    }
}

impl From<Sizes> for Vec<usize> {
    fn from(sizes: Sizes) -> Self {
        sizes.0
    }
}

impl SettingValue for Sizes {
    fn parse(text: &str) -> Result<Self, String> {
        Vec::<usize>::parse(text)?.try_into()
    }
}

/// Groups of layers, each lesioned together: `0,3;2,4` as an option's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerGroups(pub Vec<Vec<usize>>);

impl SettingValue for LayerGroups {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split(';').map(Vec::<usize>::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Which of a label's significant neurons a lesion takes.
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

impl SetRule {
    fn checked(self) -> Result<Self, String> {
        match self {
            Self::Share(share) if !(share > 0.0 && share < 1.0) => {
                Err(format!("the share is {share}, but must lie between 0 and 1, such as 0.1"))
            }
            Self::Top(0) => Err("the top 0 neurons are none; ask for at least 1".to_owned()),
            rule => Ok(rule),
        }
    }
}

impl SettingValue for SetRule {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "significant" => Ok(Self::Significant),
            Some(("top", count)) => Self::Top(integer(count)?).checked(),
            Some(("share", share)) => Self::Share(number(share)?).checked(),
            _ => Err(format!("`{text}` is not a rule; use `significant`, `top=20` or `share=0.1`")),
        }
    }
}

impl<'de> Deserialize<'de> for SetRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Table {
            Top(usize),
            Share(f64),
        }
        let rule = match text_or_table(deserializer)? {
            TextOrTable::Text(text) => return Self::parse(&text).map_err(D::Error::custom),
            TextOrTable::Table(Table::Top(count)) => Self::Top(count),
            TextOrTable::Table(Table::Share(share)) => Self::Share(share),
        };
        rule.checked().map_err(D::Error::custom)
    }
}

/// The kind of lesion: the new value of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LesionKind {
    /// It becomes 0.
    Zero,
    /// It becomes the neuron's mean over the stimuli, at their targets.
    Mean,
    /// It becomes the activation at the target of one stimulus, drawn at random for each prompt.
    Resample,
    /// It is multiplied: below 1 damped, above 1 amplified.
    Scale(f64),
}

/// The largest factor: activations that are larger by more are no longer numbers a few layers on.
const LARGEST_FACTOR: f64 = 1e4;

impl LesionKind {
    fn checked(self) -> Result<Self, String> {
        match self {
            Self::Scale(factor) if factor.is_nan() || factor.abs() > LARGEST_FACTOR => {
                Err(format!(
                    "{factor} is not a factor up to {LARGEST_FACTOR}; 0.5 halves an activation"
                ))
            }
            kind => Ok(kind),
        }
    }

    /// The new value of an activation, in words.
    #[must_use]
    pub fn effect(self) -> String {
        match self {
            Self::Scale(factor) => format!("multiplied by {factor}"),
            Self::Zero => "set to zero".to_owned(),
            Self::Mean => "set to its mean over the stimuli".to_owned(),
            Self::Resample => "set to its value in a random stimulus".to_owned(),
        }
    }
}

impl fmt::Display for LesionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => f.write_str("zero"),
            Self::Mean => f.write_str("mean"),
            Self::Resample => f.write_str("resample"),
            Self::Scale(factor) => write!(f, "scale={factor}"),
        }
    }
}

impl FromStr for LesionKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "zero" => Ok(Self::Zero),
            None if text == "mean" => Ok(Self::Mean),
            None if text == "resample" => Ok(Self::Resample),
            Some(("scale", factor)) => Self::Scale(number(factor)?).checked(),
            _ => Err(format!(
                "`{text}` is not a kind of lesion; use `zero`, `mean`, `resample` or `scale=0.5`"
            )),
        }
    }
}

impl SettingValue for LesionKind {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl<'de> Deserialize<'de> for LesionKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Table {
            Scale(f64),
        }
        match text_or_table(deserializer)? {
            TextOrTable::Text(text) => text.parse(),
            TextOrTable::Table(Table::Scale(factor)) => Self::Scale(factor).checked(),
        }
        .map_err(D::Error::custom)
    }
}

/// The tokens of a prompt at which neurons are lesioned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokens {
    /// The mask.
    Target,
    /// Every token, `[CLS]` and `[SEP]` too.
    All,
    /// The tokens at these distances from the mask: -1 is the token before it.
    Offsets(Vec<i64>),
}

impl Tokens {
    /// The tokens, in a text.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Target => "at the mask".to_owned(),
            Self::All => "at all tokens".to_owned(),
            Self::Offsets(_) => format!("at {self} from the mask"),
        }
    }

    fn checked(self) -> Result<Self, String> {
        match self {
            Self::Offsets(offsets) if offsets.is_empty() => Err(
                "a list without offsets names no token; 0 is the mask and -1 the token before it"
                    .to_owned(),
            ),
            tokens => Ok(tokens),
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

impl FromStr for Tokens {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "target" => return Ok(Self::Target),
            "all" => return Ok(Self::All),
            _ => {}
        }
        let offsets = text.split(',').map(|part| part.trim().parse());
        offsets.collect::<Result<_, _>>().map(Self::Offsets).map_err(|_| {
            format!(
                "`{text}` names no tokens; use `target`, `all` or distances from the mask such as \
                 `-1,0,1`"
            )
        })
    }
}

impl SettingValue for Tokens {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Table {
            Offsets(Vec<i64>),
        }
        match text_or_table(deserializer)? {
            TextOrTable::Text(text) => text.parse(),
            TextOrTable::Table(Table::Offsets(offsets)) => Self::Offsets(offsets).checked(),
        }
        .map_err(D::Error::custom)
    }
}

/// A value as an option writes it, or as a table with one key.
enum TextOrTable<T> {
    Text(String),
    Table(T),
}

fn text_or_table<'de, D, T>(deserializer: D) -> Result<TextOrTable<T>, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> Deserialize<'a>,
{
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => Ok(TextOrTable::Text(text)),
        table => T::deserialize(table).map(TextOrTable::Table).map_err(D::Error::custom),
    }
}
