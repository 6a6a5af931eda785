//! Words become one token each, however the tokenizer treats the space before them.

mod common;

use std::fs;

use bert_model::{BertTokenizer, Checkpoint};
use common::{fixture_folders::masked_families, folder};
use tempfile::TempDir;

fn tokenizer(family: &str) -> BertTokenizer {
    Checkpoint::open(folder(family).join("model")).unwrap().tokenizer
}

/// The token of the `nth` place where `word` stands in `text`, or the error.
fn token(tokenizer: &BertTokenizer, text: &str, word: &str, nth: usize) -> Result<String, String> {
    let encoded = tokenizer.encode(text).unwrap();
    let (start, _) = text.match_indices(word).nth(nth).unwrap();
    let found = tokenizer.position_of(&encoded, text, start..start + word.len());
    found.map(|position| encoded.tokens[position].clone()).map_err(|error| error.to_string())
}

#[test]
fn a_word_is_found_with_or_without_a_space_before_it() {
    for (family, first, later) in [
        ("roberta", "He", "Ġshe"),
        ("xlm-roberta", "▁He", "▁she"),
        ("distilbert", "He", "she"),
        ("electra", "he", "she"),
    ] {
        let tokenizer = tokenizer(family);
        let text = "He saw her, and she helped him.";
        assert_eq!(token(&tokenizer, text, "He", 0).unwrap(), first, "{family}");
        assert_eq!(token(&tokenizer, text, "she", 0).unwrap(), later, "{family}");
        // At the end, before punctuation, and after a second space.
        assert!(token(&tokenizer, text, "him", 0).is_ok(), "{family}");
        assert!(token(&tokenizer, text, "her", 0).is_ok(), "{family}");
        assert!(token(&tokenizer, "He saw  her.", "her", 0).is_ok(), "{family}");
    }
}

#[test]
fn a_mask_may_be_written_either_way() {
    for family in masked_families() {
        let tokenizer = tokenizer(family);
        let mask_token = tokenizer.mask_token();
        for template in ["{} saw {} and {}.", "we saw {}, and {} helped", "{}", "é {} é {}"] {
            let plain = template.replace("{}", "[MASK]");
            let with_mask_tokens = template.replace("{}", mask_token);
            let ids = |text: &str| tokenizer.encode(text).unwrap().ids;
            assert_eq!(ids(&plain), ids(&with_mask_tokens), "{family}: {template}");
            for (text, mask) in [(&plain, "[MASK]"), (&with_mask_tokens, mask_token)] {
                for nth in 0..template.matches("{}").count() {
                    assert_eq!(token(&tokenizer, text, mask, nth).as_deref(), Ok(mask_token));
                }
            }
        }
        // Words after a mask are found at their places in the text.
        for text in
            ["[MASK] saw [MASK] and him.", &format!("{mask_token} saw {mask_token} and him.")]
        {
            assert!(token(&tokenizer, text, "him", 0).is_ok(), "{family}: {text}");
        }
    }
}

#[test]
fn a_split_word_is_named_with_words_that_are_one_token() {
    for (family, pieces) in [
        ("roberta", "Ġhel m"),
        ("xlm-roberta", "▁he l m"),
        ("distilbert", "he ##l ##m"),
        ("electra", "he ##l ##m"),
    ] {
        let error = token(&tokenizer(family), "We saw helm with the king.", "helm", 0).unwrap_err();
        assert!(error.starts_with("\"helm\" is ") && error.contains(pieces), "{family}: {error}");
        let words = error.split("words of one token like it: ").nth(1).expect(&error);
        let words: Vec<&str> = words.split(", ").collect();
        assert!(words.contains(&"he") && words.len() <= 3, "{family}: {error}");
        for word in words {
            let text = format!("We saw {word} with the king.");
            assert!(token(&tokenizer(family), &text, word, 0).is_ok(), "{family}: {word}");
        }
    }
}

/// RoBERTa knows " him" as one token; "him" without the space is three.
#[test]
fn a_word_without_its_space_is_another_one() {
    let tokenizer = tokenizer("roberta");
    let error = token(&tokenizer, "Him and him.", "Him", 0).unwrap_err();
    assert!(error.contains("3 tokens (H i m)"), "{error}");
    let error = token(&tokenizer, "He saw (him) there.", "him", 0).unwrap_err();
    assert!(error.contains("3 tokens (h i m)"), "{error}");
}

#[test]
fn special_tokens_are_read_from_the_files() {
    for family in masked_families() {
        let tokenizer = tokenizer(family);
        let ids = tokenizer.encode("[MASK]").unwrap().ids;
        assert_eq!(Some(ids[1]), tokenizer.mask_id());
        assert!(ids.iter().all(|&id| tokenizer.is_special(id)), "{family}");
        let him = tokenizer.encode("we saw him").unwrap().ids[3];
        assert!(!tokenizer.is_special(him), "{family}");
    }
}

#[test]
fn a_mask_of_another_name_is_read_from_either_file() {
    for file in ["tokenizer_config.json", "special_tokens_map.json"] {
        let dir = TempDir::new().unwrap();
        for name in ["config.json", "model.safetensors", "tokenizer.json"] {
            fs::copy(folder("").join("model").join(name), dir.path().join(name)).unwrap();
        }
        let json = fs::read_to_string(dir.path().join("tokenizer.json")).unwrap();
        fs::write(dir.path().join("tokenizer.json"), json.replace("[MASK]", "[GAP]")).unwrap();
        let unnamed = Checkpoint::open(dir.path()).map(drop).unwrap_err().to_string();
        assert!(unnamed.contains("no [MASK]"), "{unnamed}");

        fs::write(dir.path().join(file), r#"{"mask_token": {"content": "[GAP]"}}"#).unwrap();
        let tokenizer = Checkpoint::open(dir.path()).unwrap().tokenizer;
        assert_eq!(tokenizer.mask_token(), "[GAP]");
        let read = |text: &str| tokenizer.encode(text).unwrap().ids;
        assert_eq!(read("the [MASK] dog"), read("the [GAP] dog"));
    }
}
