//! Layers and neurons by number, as users list them: `4`, `0-5`, `0-2,4` or `all`.

use std::{fmt, ops::RangeInclusive};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::settings::values::{EMPTY_LIST, InvalidValue, SettingValue};

/// Layers or neurons by number: some ranges, or all that the model has. Two that mean the same are
/// equal, however they were written.
///
/// ```
/// use study_record::{IndexRanges, SettingValue};
///
/// let layers = IndexRanges::parse("4,0-2")?;
/// assert_eq!(layers.to_string(), "0-2,4");
/// assert_eq!(layers.resolve(6), Ok(vec![0, 1, 2, 4]));
/// assert_eq!(layers.resolve(4), Err(4)); // a model of four layers has no layer 4
/// assert_eq!(IndexRanges::parse("all")?.resolve(3), Ok(vec![0, 1, 2]));
/// # Ok::<(), study_record::InvalidValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexRanges(Indices);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Indices {
    /// All that there are.
    All,
    /// At least one range. They ascend, and there is a gap between two of them.
    Ranges(Vec<RangeInclusive<usize>>),
}

/// The text for all that there are.
const ALL: &str = "all";

impl IndexRanges {
    /// All that there are.
    pub const ALL: Self = Self(Indices::All);

    /// One number.
    #[must_use]
    pub fn one(index: usize) -> Self {
        Self(Indices::Ranges(vec![index..=index]))
    }

    /// The numbers, ascending, if there are `count` from 0 on.
    ///
    /// # Errors
    /// If there is no such number: the lowest one that is missing.
    pub fn resolve(&self, count: usize) -> Result<Vec<usize>, usize> {
        let Indices::Ranges(ranges) = &self.0 else { return Ok((0..count).collect()) };
        if let Some(range) = ranges.iter().find(|range| *range.end() >= count) {
            return Err(count.max(*range.start()));
        }
        Ok(ranges.iter().cloned().flatten().collect())
    }

    /// The union of lists of which each means all or some ranges.
    fn union(lists: impl IntoIterator<Item = Self>) -> Self {
        let mut ranges = Vec::new();
        for Self(list) in lists {
            match list {
                Indices::All => return Self::ALL,
                Indices::Ranges(more) => ranges.extend(more),
            }
        }
        ranges.sort_by_key(|range: &RangeInclusive<usize>| *range.start());
        let mut joined: Vec<RangeInclusive<usize>> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => joined.push(range),
            }
        }
        Self(Indices::Ranges(joined))
    }
}

impl fmt::Display for IndexRanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Indices::Ranges(ranges) = &self.0 else { return f.write_str(ALL) };
        for (place, range) in ranges.iter().enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            let (first, last) = range.clone().into_inner();
            if first == last {
                write!(f, "{first}")?;
            } else {
                write!(f, "{first}-{last}")?;
            }
        }
        Ok(())
    }
}

impl SettingValue for IndexRanges {
    const NOUN: &'static str = "a list of numbers from 0";

    fn names() -> Vec<&'static str> {
        vec![ALL]
    }

    fn values() -> String {
        format!("numbers and ranges such as `0-5` or `0-2,4`, or `{ALL}`")
    }

    fn parse(text: &str) -> Result<Self, InvalidValue> {
        let parts: Option<Vec<Self>> = text.split(',').map(parse_part).collect();
        let parts = parts.ok_or_else(|| InvalidValue::new::<Self>(text))?;
        Ok(Self::union(parts))
    }
}

/// A number, a range or `all`; none if the text is neither.
fn parse_part(part: &str) -> Option<IndexRanges> {
    let part = part.trim();
    if part == ALL {
        return Some(IndexRanges::ALL);
    }
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let range = parse_index(first)?..=parse_index(last)?;
    if range.is_empty() {
        return None;
    }
    Some(IndexRanges(Indices::Ranges(vec![range])))
}

/// A number without a sign.
fn parse_index(text: &str) -> Option<usize> {
    let text = text.trim();
    if text.starts_with('+') {
        return None;
    }
    text.parse().ok()
}

impl Serialize for IndexRanges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads a text, a number, or a list of these: `[0, "3-5"]`.
impl<'de> Deserialize<'de> for IndexRanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_value(&toml::Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

fn from_value(value: &toml::Value) -> Result<IndexRanges, InvalidValue> {
    match value {
        toml::Value::Array(list) if !list.is_empty() => {
            let parts: Result<Vec<IndexRanges>, InvalidValue> =
                list.iter().map(from_text_or_number).collect();
            Ok(IndexRanges::union(parts?))
        }
        other => from_text_or_number(other),
    }
}

fn from_text_or_number(value: &toml::Value) -> Result<IndexRanges, InvalidValue> {
    match value {
        toml::Value::String(text) => IndexRanges::parse(text),
        other => IndexRanges::parse(&other.to_string()),
    }
}

/// Groups of layers, each lesioned together: `0,3;2-4` as an option's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LayerGroups(pub Vec<IndexRanges>);

impl SettingValue for LayerGroups {
    const NOUN: &'static str = IndexRanges::NOUN;

    fn values() -> String {
        IndexRanges::values()
    }

    fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text == EMPTY_LIST {
            return Ok(Self::default());
        }
        text.split(';').map(IndexRanges::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Reads an option's text, or a list of groups: `[[0, 3], "2-4"]`.
impl<'de> Deserialize<'de> for LayerGroups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let groups = match toml::Value::deserialize(deserializer)? {
            toml::Value::Array(groups) => {
                groups.iter().map(from_value).collect::<Result<_, _>>().map(Self)
            }
            toml::Value::String(text) => Self::parse(&text),
            other => Err(InvalidValue::new::<Self>(other.to_string())),
        };
        groups.map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::Study;

    #[test]
    fn a_list_may_be_written_in_any_order_and_form() {
        let parse = |text: &str| IndexRanges::parse(text).map(|ranges| ranges.to_string());
        for (text, canonical) in [
            ("4", "4"),
            ("0-5", "0-5"),
            ("4, 0-2", "0-2,4"),
            ("0,1,2,3", "0-3"),
            ("3-5,4-7,9", "3-7,9"),
            ("7,all", "all"),
            ("all", "all"),
            ("0-18446744073709551615,3", "0-18446744073709551615"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(canonical), "{text}");
        }
        for text in ["", "x", "-1", "1-", "5-1", "1,,2", "1.5", "+1", "ALL", "none", "1-2-3", "0 1"]
        {
            let problem = parse(text).unwrap_err().to_string();
            let expected =
                format!("`{text}` is not a list of numbers from 0; use numbers and ranges");
            assert!(problem.starts_with(&expected), "{problem}");
        }
    }

    #[test]
    fn a_file_may_contain_a_text_a_number_or_a_list_of_these() {
        let layers = |value: &str| {
            let study = Study::parse("s.toml", &format!("[lesion]\nlayers = {value}\n"));
            study.map(|study| study.lesion.layers.to_string())
        };
        for (value, expected) in [
            ("\"0-5\"", "0-5"),
            ("\"all\"", "all"),
            ("3", "3"),
            ("[0, \"3-5\"]", "0,3-5"),
            ("[2, 1, 0]", "0-2"),
            ("[\"0-2,4\", 9]", "0-2,4,9"),
        ] {
            assert_eq!(layers(value).as_deref(), Ok(expected), "{value}");
        }
        for (value, shown) in [
            ("[]", "[]"),
            ("[0, -1]", "-1"),
            ("\"five\"", "five"),
            ("2.5", "2.5"),
            ("[0, \"5-3\"]", "5-3"),
            ("[[0, 3]]", "[0, 3]"),
        ] {
            let problem = layers(value).unwrap_err().to_string();
            let expected = format!("s.toml:2:10: `{shown}` is not a list of numbers");
            assert!(problem.starts_with(&expected), "{problem}");
        }
    }

    #[test]
    fn groups_of_layers_may_be_written_as_a_text_or_as_lists() {
        let groups = |value: &str| {
            let study = Study::parse("s.toml", &format!("[joint]\nlayers = {value}\n"));
            study.map(|study| study.joint.layers.0)
        };
        let expected = vec![IndexRanges::parse("0-5").unwrap(), IndexRanges::parse("2,4").unwrap()];
        for value in ["\"0-5;2,4\"", "[\"0-5\", [2, 4]]", "[[0, \"1-5\"], \"4,2\"]"] {
            assert_eq!(groups(value).as_ref(), Ok(&expected), "{value}");
        }
        assert_eq!(groups("[]"), Ok(Vec::new()));
        assert_eq!(groups("[3, \"all\"]"), Ok(vec![IndexRanges::one(3), IndexRanges::ALL]));
        let problem = groups("[[0], []]").unwrap_err().to_string();
        assert!(problem.starts_with("s.toml:2:10: `[]` is not a list"), "{problem}");
    }

    proptest! {
        #[test]
        fn a_list_means_the_numbers_that_it_names(
            pairs in proptest::collection::vec((0..40_usize, 0..5_usize), 1..8),
            count in 0..50_usize,
        ) {
            let parts: Vec<String> =
                pairs.iter().map(|(first, more)| format!("{first}-{}", first + more)).collect();
            let ranges = IndexRanges::parse(&parts.join(",")).unwrap();
            let numbers: BTreeSet<usize> =
                pairs.iter().flat_map(|&(first, more)| first..=first + more).collect();
            let missing = numbers.iter().find(|&&number| number >= count);
            let expected = match missing {
                Some(&missing) => Err(missing),
                None => Ok(numbers.iter().copied().collect()),
            };
            prop_assert_eq!(ranges.resolve(count), expected);
            prop_assert_eq!(IndexRanges::parse(&ranges.to_string()).unwrap(), ranges.clone());
            let json = serde_json::to_string(&ranges).unwrap();
            prop_assert_eq!(serde_json::from_str::<IndexRanges>(&json).unwrap(), ranges);
        }
    }
}
