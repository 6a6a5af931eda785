//! Vocabulary, stimuli and prompts of the planted worlds.
//!
//! Every sentence has eleven tokens, so that attention spreads the cue over equally many. The cue is
//! a noun with a gender, or in stimuli for the visible word a noun without one.

use std::collections::BTreeSet;

use super::seeded_numbers::SeededNumbers;

/// Nouns for him and for her.
pub(crate) const CUES: [(&str, &str); 12] = [
    ("king", "queen"),
    ("man", "woman"),
    ("boy", "girl"),
    ("uncle", "aunt"),
    ("father", "mother"),
    ("brother", "sister"),
    ("son", "daughter"),
    ("prince", "princess"),
    ("husband", "wife"),
    ("nephew", "niece"),
    ("actor", "actress"),
    ("waiter", "waitress"),
];
const NEUTRAL: [&str; 12] = [
    "child", "student", "singer", "writer", "painter", "farmer", "tourist", "pilot", "sailor",
    "dancer", "player", "visitor",
];
const WITNESSES: [&str; 12] = [
    "doctor",
    "teacher",
    "judge",
    "lawyer",
    "baker",
    "butcher",
    "guard",
    "driver",
    "neighbour",
    "reporter",
    "gardener",
    "dog",
];
const VERBS: [&str; 12] = [
    "saw", "met", "heard", "helped", "followed", "thanked", "called", "greeted", "found",
    "noticed", "visited", "warned",
];
const STATES: [&str; 10] =
    ["late", "tired", "ill", "happy", "angry", "lost", "rich", "early", "busy", "alone"];
const TIMES: [&str; 8] =
    ["today", "again", "outside", "there", "twice", "indoors", "yesterday", "often"];
const OTHER_TOKENS: [&str; 16] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "him", "her", "the", "and", "was", "when",
    "because", "we", "very", "young",
];

/// Sentences with a cue, a witness, a verb, a state and a time. The target follows the cue in all but
/// the last.
const SHAPES: [&str; 5] = [
    "The CUE was STATE and the WITNESS VERB TARGET TIME.",
    "When the CUE was STATE the young WITNESS VERB TARGET.",
    "Because the CUE was STATE the WITNESS VERB TARGET TIME.",
    "We met the CUE and the WITNESS VERB TARGET TIME.",
    "The WITNESS VERB TARGET because the CUE was very STATE.",
];

/// Every token, without repetition.
pub(crate) fn vocabulary() -> Vec<&'static str> {
    let cues = CUES.into_iter().flat_map(|(him, her)| [him, her]);
    let lists = [&NEUTRAL[..], &WITNESSES, &VERBS, &STATES, &TIMES];
    let mut vocabulary = Vec::new();
    for token in OTHER_TOKENS.into_iter().chain(cues).chain(lists.concat()) {
        if !vocabulary.contains(&token) {
            vocabulary.push(token);
        }
    }
    vocabulary
}

/// Different sentences of the first `shapes`, with CUE and TARGET still to fill in. The shapes take
/// turns.
fn frames(count: usize, shapes: usize, seed: u64) -> Vec<String> {
    let mut random = SeededNumbers::new(seed);
    let mut frames = Vec::new();
    let mut known = BTreeSet::new();
    while frames.len() < count {
        let mut frame = SHAPES[frames.len() % shapes].to_owned();
        for (slot, words) in
            [("WITNESS", &WITNESSES[..]), ("VERB", &VERBS), ("STATE", &STATES), ("TIME", &TIMES)]
        {
            frame = frame.replace(slot, words[random.below(words.len())]);
        }
        if known.insert(frame.clone()) {
            frames.push(frame);
        }
    }
    frames
}

/// Pairs whose sides differ in the visible word only.
pub(crate) fn visible_stimuli(count: usize) -> String {
    let mut lines = String::new();
    for (index, frame) in frames(count, SHAPES.len(), 11).into_iter().enumerate() {
        let cue = NEUTRAL[index % NEUTRAL.len()];
        lines += &frame.replace("CUE", cue).replace("TARGET", "{him|her}");
        lines.push('\n');
    }
    lines
}

/// Pairs whose sides differ in the cue too.
pub(crate) fn context_stimuli(count: usize) -> String {
    let mut lines = String::new();
    for (index, frame) in frames(count, SHAPES.len() - 1, 12).into_iter().enumerate() {
        let (him, her) = CUES[index % CUES.len()];
        let cue = format!("{{{him}|{her}}}");
        lines += &frame.replace("CUE", &cue).replace("TARGET", "{him|her}");
        lines.push('\n');
    }
    lines
}

/// As many prompts of each label, of him first.
pub(crate) fn prompts(count: usize) -> String {
    fill_prompts(count, |cue, _| cue.to_owned())
}

/// The same prompts with the other cue as the second word of the cue's brace.
pub(crate) fn context_prompts(count: usize) -> String {
    fill_prompts(count, |cue, other| format!("{{{cue}|{other}}}"))
}

/// Prompts whose cue is filled in from the cue of the label and that of the other one.
fn fill_prompts(count: usize, fill: impl Fn(&str, &str) -> String) -> String {
    let mut lines = String::new();
    for (index, frame) in frames(2 * count, SHAPES.len(), 13).into_iter().enumerate() {
        let (him, her) = CUES[index % CUES.len()];
        let (cue, target) = if index < count {
            (fill(him, her), "{him|her}")
        } else {
            (fill(her, him), "{her|him}")
        };
        lines += &frame.replace("CUE", &cue).replace("TARGET", target);
        lines.push('\n');
    }
    lines
}
