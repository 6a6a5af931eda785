//! Properties of every sentence that the grammar makes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::error::Error;

use grammar::lexicon::leanings::{
    LEANING_CLASSES, Leanings, NEUTRAL_NAMES, PROFESSIONS, VERBS, leaning_words,
};
use grammar::lexicon::people::{
    KINSHIP, ROLES, TITLES_WITH_FIRST_NAME, TITLES_WITH_SURNAME, first_names,
};
use grammar::lexicon::{phrases::PHRASES, words::WORDS};
use grammar::vocabulary::{SPECIAL, grammar_words, split_words, word_pieces};
use grammar::{
    BUNDLED_ROUNDS, BUNDLED_SEED, BUNDLED_SENTENCES, Case, Corpus, Gender, Grammar, HeldOut,
    LEVELS, MASK, PROMPTS, SHAPE_GROUPS, STIMULI, Sentence, TINY_ROUNDS, TINY_SEEDS,
    TINY_SENTENCES, graded_prompts, held_out_prompts, is_evaluation, template_lines,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

type Outcome = Result<(), Box<dyn Error>>;

const LEANING_TABLES: [Leanings; 3] = [PROFESSIONS, NEUTRAL_NAMES, VERBS];

fn draw_sentences(seed: u64, count: usize) -> Result<Vec<Sentence>, Box<dyn Error>> {
    Ok(Corpus::new(seed, &HeldOut::project())?.take(count).collect())
}

/// Words and punctuation marks, as the tokenizer separates them.
fn token_count(text: &str) -> usize {
    split_words(text).count() + text.matches(|c: char| c.is_ascii_punctuation()).count()
}

/// The gender of every gendered word, from the word lists rather than the grammar.
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
    let gendered = gendered_words();
    for sentence in draw_sentences(1, 20_000)? {
        for slot in &sentence.slots {
            let written = sentence.text[slot.range.clone()].to_lowercase();
            assert_eq!(written, slot.right(), "{}", sentence.text);
            assert_ne!(slot.right(), slot.other());
            let Some(referent) = slot.referent.clone() else { continue };
            let genders: BTreeSet<_> = split_words(&sentence.text[referent])
                .filter_map(|word| gendered.get(&word).copied())
                .collect();
            assert_eq!(genders, BTreeSet::from([slot.gender]), "{}", sentence.text);
        }
    }
    Ok(())
}

#[test]
fn every_pronoun_has_its_slot() -> Outcome {
    let pronouns = pronouns();
    for sentence in draw_sentences(2, 20_000)? {
        let written = split_words(&sentence.text);
        let count = written.filter(|word| pronouns.contains(word.as_str())).count();
        assert_eq!(count, sentence.slots.len(), "{}", sentence.text);
    }
    Ok(())
}

#[test]
fn the_shapes_are_many_and_different() -> Outcome {
    let shapes: Vec<_> = SHAPE_GROUPS.iter().flat_map(|group| group.shapes).collect();
    assert!(shapes.len() >= 60);
    assert_eq!(shapes.iter().collect::<HashSet<_>>().len(), shapes.len());
    assert_eq!(Grammar::new()?.shape_count(), shapes.len());
    Ok(())
}

#[test]
fn no_class_repeats_a_word_and_none_is_unused() {
    let tables = PHRASES.iter().flat_map(|(_, phrases)| phrases.iter().copied());
    let shapes = SHAPE_GROUPS.iter().flat_map(|group| group.shapes.iter().copied());
    let sources = tables.chain(shapes).collect::<String>();
    for (name, words) in WORDS {
        let words: Vec<_> = words.split_whitespace().collect();
        let mut seen = HashSet::new();
        let repeated: Vec<_> = words.iter().filter(|word| !seen.insert(**word)).collect();
        assert!(repeated.is_empty(), "{name}: {repeated:?}");
        assert!(words.iter().all(|word| word.chars().all(char::is_alphabetic)), "{name}");
    }
    let names = WORDS.iter().map(|class| class.0).chain(PHRASES.iter().map(|class| class.0));
    for name in names.chain(LEANING_CLASSES.iter().map(|class| class.0)) {
        assert!(sources.contains(&format!("{{{name}}}")), "{name} is used nowhere");
    }
}

#[test]
fn a_class_shows_no_gender() {
    let gendered = gendered_words();
    for (name, words) in WORDS {
        let found: Vec<_> = split_words(words).filter(|word| gendered.contains_key(word)).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
    for (level, word) in LEANING_TABLES.into_iter().flat_map(leaning_words) {
        assert!(!gendered.contains_key(&word.to_lowercase()), "{word}, {level} %");
    }
}

#[test]
fn the_leanings_are_balanced_and_no_word_leans_twice() {
    for table in LEANING_TABLES {
        let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
        let mut words = BTreeSet::new();
        for (level, word) in leaning_words(table) {
            *counts.entry(level).or_default() += 1;
            assert!(words.insert(word), "{word}");
            assert!(LEVELS.contains(&level.max(100 - level)), "{word}, {level} %");
        }
        for (level, count) in &counts {
            assert_eq!(counts.get(&(100 - level)), Some(count), "{level} % of {counts:?}");
        }
    }
}

#[test]
fn graded_pronouns_follow_their_odds() -> Outcome {
    // By level: pronouns of the more probable gender, and all.
    let mut counts: BTreeMap<u8, [f64; 2]> = BTreeMap::new();
    for slot in draw_sentences(10, 200_000)?.iter().flat_map(|sentence| &sentence.slots) {
        let count = counts.entry(slot.percent.max(100 - slot.percent)).or_default();
        count[0] += f64::from(u8::from(slot.percent >= 50));
        count[1] += 1.0;
        assert!(!(slot.is_decided() && slot.is_graded()));
    }
    let levels: Vec<u8> = counts.keys().copied().collect();
    assert_eq!(levels, [LEVELS.as_slice(), &[100]].concat());
    for (level, [probable, all]) in counts {
        if level == 50 {
            continue;
        }
        let odds = f64::from(level) / 100.0;
        let standard_error = (odds * (1.0 - odds) / all).sqrt();
        let share = probable / all;
        assert!((share - odds).abs() <= 4.0 * standard_error, "{level} %: {share} of {all}");
    }
    Ok(())
}

#[test]
fn a_profession_gives_its_odds() -> Outcome {
    let mut nurses = 0;
    for sentence in draw_sentences(11, 100_000)? {
        // "The nurse lost her keys at the harbour.", but not "The nurse praised Peter for his skill."
        let [slot] = sentence.slots.as_slice() else { continue };
        let is_possessive = slot.case == Case::Possessive && slot.referent.is_none();
        if sentence.text.starts_with("The nurse ") && is_possessive {
            let expected = if slot.gender == Gender::Female { 80 } else { 20 };
            assert_eq!(slot.percent, expected, "{}", sentence.text);
            nurses += 1;
        }
    }
    assert!(nurses > 0);
    Ok(())
}

#[test]
fn the_vocabulary_is_large_and_complete() -> Outcome {
    let pieces = word_pieces();
    let distinct: HashSet<&str> = pieces.iter().map(String::as_str).collect();
    assert_eq!(distinct.len(), pieces.len());
    assert_eq!(pieces[..5], SPECIAL);
    assert!(grammar_words().len() >= 1_500);
    for sentence in draw_sentences(3, 20_000)? {
        for word in split_words(&sentence.text) {
            assert!(distinct.contains(word.as_str()), "{word}: {}", sentence.text);
        }
    }
    Ok(())
}

#[test]
fn sentences_are_short_and_tidy() -> Outcome {
    for sentence in draw_sentences(4, 20_000)? {
        let text = &sentence.text;
        assert!((4..=26).contains(&token_count(text)), "{text}");
        assert!(text.ends_with(['.', '?']) && text.starts_with(char::is_uppercase), "{text}");
        assert!(!text.contains("  ") && !text.contains(" ,") && !text.contains(" ."), "{text}");
    }
    Ok(())
}

#[test]
fn the_seed_decides_the_text() -> Outcome {
    assert_eq!(draw_sentences(5, 500)?, draw_sentences(5, 500)?);
    assert_ne!(draw_sentences(5, 500)?, draw_sentences(6, 500)?);
    let held_out = HeldOut::project();
    assert_eq!(
        held_out_prompts(5, 50, None, &held_out)?,
        held_out_prompts(5, 50, None, &held_out)?
    );
    Ok(())
}

#[test]
fn both_genders_are_equally_frequent() -> Outcome {
    let sentences = draw_sentences(7, 200_000)?;
    for case in Case::ALL {
        let slots: Vec<_> = sentences
            .iter()
            .flat_map(|sentence| &sentence.slots)
            .filter(|slot| slot.case == case)
            .collect();
        let male = slots.iter().filter(|slot| slot.gender == Gender::Male).count();
        let share = male as f64 / slots.len() as f64;
        assert!((share - 0.5).abs() < 0.03, "{case:?}: {share}");
    }
    Ok(())
}

/// A template in lower case, with word `choice` of each brace, or the last word if it has fewer.
fn fill_braces(template: &str, choice: usize) -> String {
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
fn the_training_texts_of_the_models_contain_no_held_out_sentence() -> Outcome {
    let files = [
        STIMULI,
        PROMPTS,
        include_str!("../../../assets/stimuli/context_him_her.txt"),
        include_str!("../../../assets/prompts/controlled.txt"),
        include_str!("../../../assets/starters/him-her/prompts.txt"),
    ];
    let lines = files.into_iter().flat_map(template_lines);
    // Some lines start with a label and a tab.
    let texts = lines.map(|line| line.split_once('\t').map_or(line, |(_, text)| text));
    let held_out_texts: HashSet<_> =
        texts.flat_map(|text| (0..3).map(move |choice| fill_braces(text, choice))).collect();
    // Two of the starter's 20 prompts are among the controlled ones.
    assert_eq!(held_out_texts.len(), 2 * 54 + 3 + 2 * 54 + 2 * 198 + 2 * 18);
    let held_out = HeldOut::project();
    let bundled = (BUNDLED_SEED, BUNDLED_ROUNDS, BUNDLED_SENTENCES);
    let tiny = TINY_SEEDS.map(|seed| (seed, TINY_ROUNDS, TINY_SENTENCES));
    for (seed, rounds, sentences) in tiny.into_iter().chain([bundled]) {
        for round in 0..rounds {
            for sentence in Corpus::for_round(seed, round, &held_out)?.take(sentences) {
                let lower = sentence.text.to_lowercase();
                assert!(!held_out_texts.contains(&lower), "{lower}");
                let words: HashSet<_> = split_words(&lower).collect();
                assert!(!(words.contains("robert") && words.contains("lucy")), "{lower}");
                assert!(!is_evaluation(&lower), "{lower}");
            }
        }
    }
    Ok(())
}

#[test]
fn no_two_tiny_models_see_the_same_text() {
    // The text of a round is drawn with its seed plus its number.
    assert!(TINY_SEEDS.windows(2).all(|pair| pair[0] + TINY_ROUNDS < pair[1]));
}

#[test]
fn the_grammar_makes_sentences_that_are_held_out() -> Outcome {
    // Otherwise the tests of the training text would show nothing.
    let grammar = Grammar::new()?;
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let held_out = HeldOut::project();
    let excluded = (0..20_000).filter(|_| held_out.excludes(&grammar.draw_sentence(&mut rng).text));
    let share = excluded.count() as f64 / 20_000.0;
    assert!((0.04..0.06).contains(&share), "{share}"); // one in 20, and a few pairs of names
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
fn graded_prompts_have_every_level_equally_often() -> Outcome {
    let held_out = HeldOut::project();
    let prompts = graded_prompts(12, 40, Some(Case::Object), &held_out)?;
    assert_eq!(prompts.len(), 40 * LEVELS.len());
    for (level, prompts) in LEVELS.iter().zip(prompts.chunks(40)) {
        assert!(prompts.iter().all(|prompt| prompt.percent == *level));
        assert_eq!(prompts.iter().filter(|prompt| prompt.gender == Gender::Male).count(), 20);
    }
    let texts: HashSet<_> = prompts.iter().map(|prompt| &prompt.text).collect();
    assert_eq!(texts.len(), prompts.len());
    for prompt in &prompts {
        assert_eq!(prompt.case, Case::Object);
        assert_eq!(prompt.text.matches(MASK).count(), 1);
        let filled = [prompt.right, prompt.other].map(|word| prompt.text.replace(MASK, word));
        assert!(filled.iter().any(|text| is_evaluation(text)), "{filled:?}");
    }
    Ok(())
}

#[test]
fn the_stimuli_are_54_pairs_that_differ_in_one_word() {
    let gendered = gendered_words();
    let pronouns = pronouns();
    let lines: Vec<_> = template_lines(STIMULI).collect();
    assert_eq!(lines.len(), 54);
    assert_eq!(lines.iter().collect::<HashSet<_>>().len(), 54);
    for line in lines {
        assert_eq!(line.matches("{him|her}").count(), 1, "{line}");
        assert_eq!(line.matches('{').count(), 1, "{line}");
        let rest = line.replace("{him|her}", " ");
        let words: Vec<_> = split_words(&rest).collect();
        let tokens = token_count(&line.replace("{him|her}", "him"));
        assert!((6..=14).contains(&tokens), "{line}: {tokens}");
        let found = words
            .iter()
            .find(|word| gendered.contains_key(*word) || pronouns.contains(word.as_str()));
        assert_eq!(found, None, "{line}");
    }
}

#[test]
fn the_grammar_contains_the_words_of_the_stimuli() {
    let known = grammar_words();
    let unknown: BTreeSet<_> = template_lines(STIMULI)
        .flat_map(split_words)
        .filter(|word| !known.contains(word))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
