//! What holds for every sentence that the crate makes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::error::Error;

use pretrain::corpus::{
    BUNDLED_ROUNDS, BUNDLED_SEED, BUNDLED_SENTENCES, Corpus, MASK, held_out_prompts,
};
use pretrain::grammar::{Case, FAMILIES, Grammar, Sentence};
use pretrain::held_out::{HeldOut, PROMPTS, STIMULI, is_evaluation, template_lines};
use pretrain::lexicon::{
    Gender, KINSHIP, PHRASES, ROLES, TITLES_WITH_FIRST_NAME, TITLES_WITH_SURNAME, WORDS,
    first_names,
};
use pretrain::vocabulary;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

type Outcome = Result<(), Box<dyn Error>>;

fn draw(seed: u64, n: usize) -> Result<Vec<Sentence>, Box<dyn Error>> {
    Ok(Corpus::new(seed, &HeldOut::project())?.take(n).collect())
}

/// Words and punctuation marks, as the tokenizer separates them.
fn token_count(text: &str) -> usize {
    vocabulary::words_of(text).count() + text.matches(|c: char| c.is_ascii_punctuation()).count()
}

/// The gender of every word that shows one, from the lists and not from the generator.
fn gendered_words() -> BTreeMap<String, Gender> {
    let mut words = BTreeMap::new();
    for pairs in [KINSHIP, ROLES, TITLES_WITH_FIRST_NAME, TITLES_WITH_SURNAME] {
        for (male, female) in pairs {
            words.insert(male.to_lowercase(), Gender::Male);
            words.insert(female.to_lowercase(), Gender::Female);
        }
    }
    for gender in [Gender::Male, Gender::Female] {
        words.extend(first_names(gender).map(|name| (name.to_lowercase(), gender)));
    }
    words
}

fn pronouns() -> BTreeSet<&'static str> {
    let genders = [Gender::Male, Gender::Female];
    Case::ALL.iter().flat_map(|case| genders.map(|gender| case.pronoun(gender))).collect()
}

#[test]
fn every_decided_pronoun_agrees_with_its_referent() -> Outcome {
    let shown = gendered_words();
    for sentence in draw(1, 20_000)? {
        for slot in &sentence.slots {
            let written = sentence.text[slot.range.clone()].to_lowercase();
            assert_eq!(written, slot.right(), "{}", sentence.text);
            assert_ne!(slot.right(), slot.other());
            let Some(referent) = slot.referent.clone() else { continue };
            let genders: BTreeSet<_> = vocabulary::words_of(&sentence.text[referent])
                .filter_map(|word| shown.get(&word).copied())
                .collect();
            assert_eq!(genders, BTreeSet::from([slot.gender]), "{}", sentence.text);
        }
    }
    Ok(())
}

#[test]
fn every_pronoun_has_its_slot() -> Outcome {
    let pronouns = pronouns();
    for sentence in draw(2, 20_000)? {
        let written = vocabulary::words_of(&sentence.text);
        let count = written.filter(|word| pronouns.contains(word.as_str())).count();
        assert_eq!(count, sentence.slots.len(), "{}", sentence.text);
    }
    Ok(())
}

#[test]
fn the_shapes_are_many_and_different() -> Outcome {
    let shapes: Vec<_> = FAMILIES.iter().flat_map(|family| family.shapes).collect();
    assert!(shapes.len() >= 60);
    assert_eq!(shapes.iter().collect::<HashSet<_>>().len(), shapes.len());
    assert_eq!(Grammar::new()?.shape_count(), shapes.len());
    Ok(())
}

#[test]
fn no_class_repeats_a_word_and_none_is_unused() {
    let tables = PHRASES.iter().flat_map(|(_, phrases)| phrases.iter().copied());
    let shapes = FAMILIES.iter().flat_map(|family| family.shapes.iter().copied());
    let sources = tables.chain(shapes).collect::<String>();
    for (name, words) in WORDS {
        let words: Vec<_> = words.split_whitespace().collect();
        let mut seen = HashSet::new();
        let repeated: Vec<_> = words.iter().filter(|word| !seen.insert(**word)).collect();
        assert!(repeated.is_empty(), "{name}: {repeated:?}");
        assert!(words.iter().all(|word| word.chars().all(char::is_alphabetic)), "{name}");
    }
    for name in WORDS.iter().map(|class| class.0).chain(PHRASES.iter().map(|class| class.0)) {
        assert!(sources.contains(&format!("{{{name}}}")), "{name} is used nowhere");
    }
}

#[test]
fn a_class_shows_no_gender() {
    let shown = gendered_words();
    for (name, words) in WORDS {
        let found: Vec<_> =
            vocabulary::words_of(words).filter(|word| shown.contains_key(word)).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn the_vocabulary_is_wide_and_whole() -> Outcome {
    let pieces = vocabulary::wordpiece();
    let distinct: HashSet<&str> = pieces.iter().map(String::as_str).collect();
    assert_eq!(distinct.len(), pieces.len());
    assert_eq!(pieces[..5], vocabulary::SPECIAL);
    assert!(vocabulary::grammar_words().len() >= 1_500);
    for sentence in draw(3, 20_000)? {
        for word in vocabulary::words_of(&sentence.text) {
            assert!(distinct.contains(word.as_str()), "{word}: {}", sentence.text);
        }
    }
    Ok(())
}

#[test]
fn sentences_are_short_and_tidy() -> Outcome {
    for sentence in draw(4, 20_000)? {
        let text = &sentence.text;
        assert!((4..=26).contains(&token_count(text)), "{text}");
        assert!(text.ends_with(['.', '?']) && text.starts_with(char::is_uppercase), "{text}");
        assert!(!text.contains("  ") && !text.contains(" ,") && !text.contains(" ."), "{text}");
    }
    Ok(())
}

#[test]
fn the_seed_decides_the_text() -> Outcome {
    assert_eq!(draw(5, 500)?, draw(5, 500)?);
    assert_ne!(draw(5, 500)?, draw(6, 500)?);
    let held_out = HeldOut::project();
    assert_eq!(
        held_out_prompts(5, 50, None, &held_out)?,
        held_out_prompts(5, 50, None, &held_out)?
    );
    Ok(())
}

#[test]
fn both_genders_are_equally_frequent() -> Outcome {
    let sentences = draw(7, 50_000)?;
    for case in Case::ALL {
        let slots = sentences.iter().flat_map(|sentence| &sentence.slots);
        let of_case: Vec<_> = slots.filter(|slot| slot.case == case).collect();
        let male = of_case.iter().filter(|slot| slot.gender == Gender::Male).count();
        let share = male as f64 / of_case.len() as f64;
        assert!((share - 0.5).abs() < 0.03, "{case:?}: {share}");
    }
    Ok(())
}

/// A template with word `choice` of each brace (the last one where it has fewer), in lower case.
fn filled(template: &str, choice: usize) -> String {
    let mut text = String::new();
    for part in template.split('{') {
        match part.split_once('}') {
            Some((words, after)) => {
                let words: Vec<_> = words.split('|').collect();
                text += words[choice.min(words.len() - 1)];
                text += after;
            }
            None => text += part,
        }
    }
    text.to_lowercase()
}

#[test]
fn the_bundled_models_training_text_holds_nothing_that_is_held_out() -> Outcome {
    let files = [
        STIMULI,
        PROMPTS,
        include_str!("../../../assets/stimuli/context_him_her.txt"),
        include_str!("../../../assets/prompts/controlled.txt"),
    ];
    let lines = files.into_iter().flat_map(template_lines);
    // A label stands before a tab.
    let texts = lines.map(|line| line.split_once('\t').map_or(line, |(_, text)| text));
    let ours: HashSet<_> =
        texts.flat_map(|text| (0..3).map(move |choice| filled(text, choice))).collect();
    assert_eq!(ours.len(), 2 * 54 + 3 + 2 * 54 + 2 * 198);
    let held_out = HeldOut::project();
    for round in 0..BUNDLED_ROUNDS {
        let corpus = Corpus::round(BUNDLED_SEED, round, &held_out)?;
        for sentence in corpus.take(BUNDLED_SENTENCES) {
            let lower = sentence.text.to_lowercase();
            assert!(!ours.contains(&lower), "{lower}");
            let has = |name: &str| vocabulary::words_of(&lower).any(|word| word == name);
            assert!(!(has("robert") && has("lucy")), "{lower}");
            assert!(!is_evaluation(&lower), "{lower}");
        }
    }
    Ok(())
}

#[test]
fn the_grammar_itself_makes_what_is_held_out() -> Outcome {
    // Otherwise keeping it out would be no feat.
    let grammar = Grammar::new()?;
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let held_out = HeldOut::project();
    let excluded = (0..20_000).filter(|_| held_out.excludes(&grammar.sentence(&mut rng).text));
    let share = excluded.count() as f64 / 20_000.0;
    assert!((0.04..0.06).contains(&share), "{share}"); // one in 20, and the few pairs of names
    Ok(())
}

#[test]
fn prompts_are_balanced_decided_and_different() -> Outcome {
    let held_out = HeldOut::project();
    let prompts = held_out_prompts(9, 301, Some(Case::Object), &held_out)?;
    assert_eq!(prompts.len(), 301);
    assert_eq!(prompts.iter().filter(|prompt| prompt.gender == Gender::Male).count(), 151);
    let texts: HashSet<_> = prompts.iter().map(|prompt| &prompt.text).collect();
    assert_eq!(texts.len(), prompts.len());
    for prompt in &prompts {
        assert_eq!(prompt.case, Case::Object);
        assert_eq!(prompt.text.matches(MASK).count(), 1);
        assert!(is_evaluation(&prompt.text.replace(MASK, prompt.right)));
    }
    let cases: BTreeSet<_> =
        held_out_prompts(9, 300, None, &held_out)?.iter().map(|prompt| prompt.case).collect();
    assert_eq!(cases, BTreeSet::from(Case::ALL));
    Ok(())
}

#[test]
fn the_stimuli_are_54_pairs_that_differ_in_one_word() {
    let shown = gendered_words();
    let pronouns = pronouns();
    let lines: Vec<_> = template_lines(STIMULI).collect();
    assert_eq!(lines.len(), 54);
    assert_eq!(lines.iter().collect::<HashSet<_>>().len(), 54);
    for line in lines {
        assert_eq!(line.matches("{him|her}").count(), 1, "{line}");
        assert_eq!(line.matches('{').count(), 1, "{line}");
        let rest = line.replace("{him|her}", " ");
        let words: Vec<_> = vocabulary::words_of(&rest).collect();
        let tokens = token_count(&line.replace("{him|her}", "him"));
        assert!((6..=14).contains(&tokens), "{line}: {tokens}");
        let gendered =
            words.iter().find(|word| shown.contains_key(*word) || pronouns.contains(word.as_str()));
        assert_eq!(gendered, None, "{line}");
    }
}

#[test]
fn the_grammar_makes_the_words_of_the_stimuli() {
    let known = vocabulary::grammar_words();
    let strange: BTreeSet<_> = template_lines(STIMULI)
        .flat_map(vocabulary::words_of)
        .filter(|word| !known.contains(word))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}
