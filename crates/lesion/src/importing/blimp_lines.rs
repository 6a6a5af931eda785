//! Files of BLiMP: a JSON object on each line.

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
    let Value::Object(fields) = value else { return Err(UnusedReason::NotAnObject) };
    let sentence = |field: &'static str| match fields.get(field) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(UnusedReason::NotText { field }),
        None => Err(UnusedReason::NoField { field }),
    };
    Ok([sentence(SENTENCES[0])?, sentence(SENTENCES[1])?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_pair_or_has_a_reason() {
        let text = "\u{feff}{\"sentence_good\": \"It is {odd}.\", \"sentence_bad\": \"It are.\", \
                    \"UID\": \"x\", \"pairID\": \"0\"}\r\n\r\n{\"sentence_good\": 3}\r\n[1]\r\n\
                    {\"sentence_good\": \"a\"}\r\n{\"sentence_good\" \"a\"}";
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
            ]
        );
    }
}
