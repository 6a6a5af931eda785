//! Studies that cannot be pooled.

/// The reason why studies are not pooled, with the names of two studies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A setting differs that decides what is measured.
    #[error("{a} and {b} differ in {setting}: {value_a} and {value_b}")]
    Setting {
        /// The first study.
        a: String,
        /// The second study.
        b: String,
        /// The setting.
        setting: String,
        /// Its value in the first study.
        value_a: String,
        /// Its value in the second study.
        value_b: String,
    },
    /// The stimuli or the prompts differ.
    #[error("{a} and {b} have different {input}: SHA-256 {hash_a} and {hash_b}")]
    Input {
        /// The first study.
        a: String,
        /// The second study.
        b: String,
        /// The input.
        input: &'static str,
        /// The beginning of its hash in the first study.
        hash_a: String,
        /// The beginning of its hash in the second study.
        hash_b: String,
    },
    /// The tables are the same.
    #[error("{a} and {b} have the same tables: a copy is not a replication")]
    Copy {
        /// The first study.
        a: String,
        /// The second study.
        b: String,
    },
    /// The model is the same.
    #[error(
        "{a} and {b} have the same model: the random seed of a study draws other random sets, not \
         another model"
    )]
    SameModel {
        /// The first study.
        a: String,
        /// The second study.
        b: String,
    },
    /// A study has no controls.
    #[error("{study} has no controls: run it with the part `controls`")]
    NoControls {
        /// The study.
        study: String,
    },
}
