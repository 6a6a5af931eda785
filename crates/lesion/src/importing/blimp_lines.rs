//! Files of BLiMP: a JSON object on each line.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use study_record::in_users_words;

use crate::importing::sentence_pair::{SentencePair, UnusedLine, UnusedReason};

/// The fields of the two sentences.
pub(crate) const SENTENCES: [&str; 2] = ["sentence_good", "sentence_bad"];

/// The pairs of a file. Lines without one are added to `unused`; blank lines are skipped.
pub(crate) fn read_blimp_lines(text: &str, unused: &mut Vec<UnusedLine>) -> Vec<SentencePair> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pairs = Vec::new();
    for (index, content) in text.lines().enumerate() {
        let line = index + 1;
        if content.trim().is_empty() {
            continue;
        }
        match read_line(content) {
            Ok([good, bad]) => pairs.push(SentencePair { line, good, bad }),
            Err(reason) => unused.push(UnusedLine { line, reason }),
        }
    }
    pairs
}

fn read_line(content: &str) -> Result<[String; 2], UnusedReason> {
    let value: Value = serde_json::from_str(content).map_err(|error| {
        let problem = error.to_string();
        let problem = in_users_words(problem.split(" at line ").next().unwrap_or_default());
        UnusedReason::Json { problem, column: error.column() }
    })?;
    if !value.is_object() {
        return Err(UnusedReason::NotAnObject);
    }
    // Unlike an object, fields with names cannot be repeated.
    let Ok(fields) = serde_json::from_str::<Fields>(content) else {
        return Err(UnusedReason::RepeatedField);
    };
    let sentence = |field: &'static str, value: Option<Value>| match value {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(UnusedReason::NotText { field }),
        None => Err(UnusedReason::NoField { field }),
    };
    let good = sentence(SENTENCES[0], fields.sentence_good)?;
    let bad = sentence(SENTENCES[1], fields.sentence_bad)?;
    Ok([good, bad])
}

/// The fields of a line that are read.
#[derive(Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "read_present")]
    sentence_good: Option<Value>,
    #[serde(default, deserialize_with = "read_present")]
    sentence_bad: Option<Value>,
}

/// A field that is present, even if it is null.
fn read_present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(field).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_pair_or_has_a_reason() {
        let text = "\u{feff}{\"sentence_good\": \"It is {odd}.\", \"sentence_bad\": \"It are.\", \
                    \"UID\": \"x\", \"pairID\": \"0\"}\r\n\r\n{\"sentence_good\": 3}\r\n[1]\r\n\
                    {\"sentence_good\": \"a\"}\r\n{\"sentence_good\" \"a\"}\n\
                    {\"sentence_good\": \"a\", \"sentence_bad\": \"b\", \"sentence_good\": \"c\"}\n\
                    {\"sentence_good\": null, \"sentence_bad\": \"b\"}";
        let mut unused = Vec::new();
        let pairs = read_blimp_lines(text, &mut unused);
        let good = "It is {odd}.".to_owned();
        assert_eq!(pairs, [SentencePair { line: 1, good, bad: "It are.".to_owned() }]);
        let reasons: Vec<String> =
            unused.iter().map(|unused| format!("{}: {}", unused.line, unused.reason)).collect();
        assert_eq!(
            reasons,
            [
                "3: the field `sentence_good` is not text",
                "4: not a JSON object; each line contains one",
                "5: there is no field `sentence_bad`",
                "6: invalid JSON: expected `:` at column 18",
                "7: the field `sentence_good` or `sentence_bad` occurs twice",
                "8: the field `sentence_good` is not text",
            ]
        );
    }
}
