//! Files that are compiled into the program.

macro_rules! asset {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/", $path)).as_slice()
    };
}

pub(crate) use asset;

/// Minimal pairs with a visible pronoun: the name of the file and its bytes.
pub(crate) const PAIRS: (&str, &[u8]) = ("him_her.txt", asset!("stimuli/him_her.txt"));

/// Context pairs, for selection at the mask.
pub(crate) const CONTEXT_PAIRS: (&str, &[u8]) =
    ("context_him_her.txt", asset!("stimuli/context_him_her.txt"));

/// The paper's two prompts.
pub(crate) const PROMPTS: (&str, &[u8]) = ("paper.txt", asset!("prompts/paper.txt"));
