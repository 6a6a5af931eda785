//! Files that are compiled into the program.

macro_rules! asset {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/", $path)).as_slice()
    };
}

/// The files of the bundled model: the name and the bytes of each.
#[cfg(not(target_family = "wasm"))]
pub(crate) const MODEL: &[(&str, &[u8])] = &[
    ("config.json", asset!("models/bundled/config.json")),
    ("tokenizer.json", asset!("models/bundled/tokenizer.json")),
    ("model.safetensors", asset!("models/bundled/model.safetensors")),
];

/// In a browser, a page has the files of the bundled model beside it.
#[cfg(target_family = "wasm")]
pub(crate) const MODEL: &[(&str, &[u8])] = &[];

/// Minimal pairs with a visible pronoun: the name of the file and its bytes.
pub(crate) const PAIRS: (&str, &[u8]) = ("him_her.txt", asset!("stimuli/him_her.txt"));

/// Context pairs, for selection where the target is predicted.
pub(crate) const CONTEXT_PAIRS: (&str, &[u8]) =
    ("context_him_her.txt", asset!("stimuli/context_him_her.txt"));

/// The paper's two prompts.
pub(crate) const PROMPTS: (&str, &[u8]) = ("paper.txt", asset!("prompts/paper.txt"));

/// Texts to start a study from: the two words, the pairs and the prompts. The first one is the default.
pub(crate) const STARTER_TEXTS: [(&str, &[u8], &[u8]); 3] = [
    ("he,she", asset!("starters/he-she/pairs.txt"), asset!("starters/he-she/prompts.txt")),
    ("him,her", asset!("starters/him-her/pairs.txt"), asset!("starters/him-her/prompts.txt")),
    ("is,are", asset!("starters/is-are/pairs.txt"), asset!("starters/is-are/prompts.txt")),
];
