//! The activations of every neuron at one token of any sentences, without a study.

use bert_model::{BertModelError, Encoded, MASK};
use study_record::Site;

use crate::{
    error::{SentenceProblem, StudyError},
    passes::{progress::Progress, subject::Subject},
    selection::activations::capture,
    translate::model_site,
};

/// The token of a sentence whose activations are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadToken {
    /// That of the first prediction: the first mask or, in a decoder, the token before it.
    Mask,
    /// The first token of a word: the first place in the sentence where it stands as a whole word.
    Word(String),
    /// A position; `[CLS]` is 0, and the last token is -1.
    Position(i64),
}

/// The activations of every neuron of every layer at one token of each sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct SentenceActivations {
    /// Number of sentences, of layers, and of neurons in a layer.
    pub shape: [usize; 3],
    /// The activations, `[sentences, layers, neurons]`.
    pub values: Vec<f32>,
    /// The position of each sentence's token.
    pub positions: Vec<usize>,
}

/// Reads the activations at one token of each sentence.
///
/// # Errors
/// If a sentence has no such token or is too long ([`StudyError::Sentence`], with its number), the model
/// cannot be run, or `progress` cancels.
pub fn sentence_activations(
    subject: Subject<'_>,
    sentences: &[impl AsRef<str>],
    token: &ReadToken,
    site: Site,
    progress: Progress<'_>,
) -> Result<SentenceActivations, StudyError> {
    let config = subject.model.config();
    let shape = [sentences.len(), config.num_hidden_layers, config.intermediate_size];
    let [_, layers, neurons] = shape;
    let mut tokens = Vec::with_capacity(sentences.len());
    for (index, sentence) in sentences.iter().enumerate() {
        let read = find_token(subject, sentence.as_ref(), token);
        tokens.push(read.map_err(|problem| StudyError::Sentence {
            number: index + 1,
            problem: Box::new(problem),
        })?);
    }
    let rows: Vec<(&[u32], usize)> = tokens.iter().map(|(ids, at)| (&ids[..], *at)).collect();
    let mut values = vec![0.0; shape.iter().product()];
    capture(subject, &rows, &[model_site(site)], progress, |sentence, layer, _, activations| {
        let start = (sentence * layers + layer) * neurons;
        values[start..start + neurons].copy_from_slice(activations);
    })?;
    let positions = tokens.iter().map(|&(_, position)| position).collect();
    Ok(SentenceActivations { shape, values, positions })
}

/// Encodes a sentence and finds a token in it.
fn find_token(
    subject: Subject<'_>,
    sentence: &str,
    token: &ReadToken,
) -> Result<(Vec<u32>, usize), SentenceProblem> {
    let (encoded, position) = match token {
        ReadToken::Mask => {
            let (encoded, masks) = subject.tokenizer.encode_masked(sentence)?;
            (encoded, masks[0])
        }
        ReadToken::Word(word) => {
            let encoded = encode_read(subject, sentence)?;
            let position = find_word(sentence, &encoded, word)?;
            (encoded, position)
        }
        ReadToken::Position(position) => {
            let encoded = encode_read(subject, sentence)?;
            let length = encoded.ids.len();
            let from_start = match *position {
                position if position < 0 => position.checked_add_unsigned(length as u64),
                position => Some(position),
            };
            match from_start.and_then(|position| usize::try_from(position).ok()) {
                Some(position) if position < length => (encoded, position),
                _ => return Err(SentenceProblem::NoToken { position: *position, length }),
            }
        }
    };
    subject.check_length(&encoded.ids)?;
    Ok((encoded.ids, position))
}

/// Encodes what the model reads of a sentence: all of it or, for a decoder, what stands before a mask.
fn encode_read(subject: Subject<'_>, sentence: &str) -> Result<Encoded, BertModelError> {
    if subject.tokenizer.is_of_decoder() && sentence.contains(MASK) {
        return Ok(subject.tokenizer.encode_masked(sentence)?.0);
    }
    subject.tokenizer.encode(sentence)
}

/// The position of the first token of a word.
fn find_word(sentence: &str, encoded: &Encoded, word: &str) -> Result<usize, SentenceProblem> {
    for (start, found) in sentence.match_indices(word) {
        let end = start + found.len();
        let continues = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
        if continues(sentence[..start].chars().next_back())
            || continues(sentence[end..].chars().next())
        {
            continue;
        }
        for position in 0..encoded.ids.len() {
            let place = encoded.place(position);
            if !place.is_empty() && place.start == start && place.end <= end {
                return Ok(position);
            }
        }
    }
    Err(SentenceProblem::NoWord { word: word.to_owned() })
}
