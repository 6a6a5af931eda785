//! Random changes of a file: of its bytes, its lines, its words, and of JSON in it.

use rand::{
    RngExt,
    seq::{IndexedRandom, SliceRandom},
};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// The most changes of a mutant.
const MOST_CHANGES: usize = 4;

/// Texts that have made programs stumble.
const ODD_TEXTS: [&str; 22] = [
    "",
    " ",
    "\u{0}",
    "\u{feff}",
    "\u{a0}",
    "\u{2028}",
    "\u{1b}[31m",
    "\r",
    "\t",
    "é",
    "e\u{301}",
    "😀",
    "عربي",
    "漢字",
    "{",
    "}",
    "{|}",
    "{him|her}",
    "\"",
    "-1",
    "1e308",
    "[MASK]",
];

/// A file with one to four changes.
pub(crate) fn mutate(original: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut mutant = original.to_vec();
    for _ in 0..random.random_range(1..=MOST_CHANGES) {
        mutant = match random.random_range(0..10) {
            0..=3 => change_json(&mutant, random),
            4..=6 => change_lines(&mutant, random),
            _ => change_bytes(mutant, random),
        };
    }
    mutant
}

/// Flips, overwrites, removes, repeats or inserts bytes, or cuts the file off.
fn change_bytes(mut bytes: Vec<u8>, random: &mut ChaCha8Rng) -> Vec<u8> {
    if bytes.is_empty() {
        return random.random::<[u8; 8]>().to_vec();
    }
    // Headers stand at the beginning, so that half of the changes are there.
    let most = if random.random_bool(0.5) { bytes.len().min(256) } else { bytes.len() };
    let place = random.random_range(0..most);
    let end = (place + random.random_range(1..=16)).min(bytes.len());
    match random.random_range(0..6) {
        0 => bytes[place] ^= 1 << random.random_range(0..8),
        1 => bytes[place] = *[0, 1, 0x7f, 0x80, 0xff, b'{', b'"'].choose(random).unwrap_or(&0),
        2 => drop(bytes.drain(place..end)),
        3 => {
            let piece = bytes[place..end].to_vec();
            bytes.splice(place..place, piece);
        }
        4 => drop(bytes.splice(place..place, random.random::<[u8; 4]>())),
        _ => bytes.truncate(place),
    }
    bytes
}

/// Removes, repeats or swaps lines, or puts an odd text into one.
fn change_lines(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return change_bytes(bytes.to_vec(), random);
    };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return change_bytes(bytes.to_vec(), random);
    }
    let line = random.random_range(0..lines.len());
    match random.random_range(0..6) {
        0 => drop(lines.remove(line)),
        1 => lines.insert(line, lines[line].clone()),
        2 => lines.shuffle(random),
        3 => lines[line] = lines[line].replace('\t', "  "),
        4 => {
            let mut words: Vec<&str> = lines[line].split(' ').collect();
            words.shuffle(random);
            lines[line] = words.join(" ");
        }
        _ => {
            let starts: Vec<usize> = lines[line].char_indices().map(|(start, _)| start).collect();
            let place = starts.choose(random).copied().unwrap_or(0);
            lines[line].insert_str(place, ODD_TEXTS.choose(random).unwrap_or(&""));
        }
    }
    (lines.join("\n") + "\n").into_bytes()
}

/// Changes a value somewhere in a JSON file; the bytes of any other file.
fn change_json(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
        return change_lines(bytes, random);
    };
    change_value(&mut value, random);
    serde_json::to_vec(&value).unwrap_or_default()
}

/// Changes one value inside `value`, or `value` itself.
fn change_value(value: &mut Value, random: &mut ChaCha8Rng) {
    /// Probability to change a list or an object itself, not a value in it.
    const STAY: f64 = 0.15;
    if random.random_bool(STAY) {
        return replace_value(value, random);
    }
    match value {
        Value::Array(items) if !items.is_empty() => {
            let place = random.random_range(0..items.len());
            match random.random_range(0..6) {
                0 => drop(items.remove(place)),
                1 => items.push(items[place].clone()),
                _ => change_value(&mut items[place], random),
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            let keys: Vec<String> = fields.keys().cloned().collect();
            let key = &keys[random.random_range(0..keys.len())];
            match random.random_range(0..6) {
                0 => drop(fields.remove(key)),
                1 => {
                    let moved = fields.remove(key).unwrap_or_default();
                    let odd = ODD_TEXTS.choose(random).unwrap_or(&"");
                    fields.insert(format!("{key}{odd}"), moved);
                }
                _ => change_value(&mut fields[key], random),
            }
        }
        other => replace_value(other, random),
    }
}

fn replace_value(value: &mut Value, random: &mut ChaCha8Rng) {
    let replacement = match random.random_range(0..14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(0),
        4 => json!(1),
        5 => json!(u64::MAX),
        6 => json!(4_294_967_297_u64),
        7 => json!(1e308),
        8 => json!(0.5),
        9 => json!([]),
        10 => json!({}),
        11 => json!("a".repeat(5_000)),
        12 => json!(ODD_TEXTS.choose(random)),
        _ => match &*value {
            Value::Number(number) => json!(number.as_f64().unwrap_or(1.0) * 1_000_003.0),
            Value::String(text) => json!(text.clone() + text),
            other => json!([other, other]),
        },
    };
    *value = replacement;
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_mutant_and_most_mutants_differ_from_the_file() {
        for original in
            [&b"{\"a\": [1, {\"b\": \"c\"}]}"[..], b"one two\nthree\n", b"", &[0xff, 0, 1]]
        {
            let mutants: Vec<Vec<u8>> = (0..200)
                .map(|seed| mutate(original, &mut ChaCha8Rng::seed_from_u64(seed)))
                .collect();
            let again = mutate(original, &mut ChaCha8Rng::seed_from_u64(7));
            assert_eq!(mutants[7], again);
            let changed = mutants.iter().filter(|mutant| **mutant != original).count();
            assert!(changed > 150, "{changed}");
        }
    }
}
