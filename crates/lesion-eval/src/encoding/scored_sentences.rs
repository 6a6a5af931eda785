//! The passes by which the sentences of a prompt are scored, one token after the other.

use std::collections::HashMap;

use bert_model::{BertModelError, Encoded};

use crate::passes::subject::Subject;

/// The sentences of a prompt, one for each candidate, as passes that predict one of their tokens each. A
/// prediction that several sentences have in common is made once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ScoredSentences {
    pub(crate) passes: Vec<ScoredPass>,
    /// For each candidate, the predictions whose log probabilities add up to the score of its sentence: the
    /// pass, and the place of the token among those of the pass.
    pub(crate) terms: Vec<Vec<(usize, usize)>>,
}

/// A pass in which tokens are predicted at one position.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ScoredPass {
    /// The tokens that the model reads.
    pub(crate) ids: Vec<u32>,
    /// The position at which the prediction is read.
    pub(crate) position: usize,
    /// The tokens that are predicted there.
    pub(crate) tokens: Vec<u32>,
    /// The longest pass that begins with the tokens of this one, or this pass itself. In a decoder it is the last
    /// one of the sentence. A masked model reads other tokens in each pass.
    pub(crate) longest: usize,
}

impl ScoredSentences {
    /// Adds the sentence of the next candidate: every token that is a part of the text is predicted. In a
    /// masked model the mask stands in its place, and in those of the later tokens of its word (Kauf and
    /// Ivanova 2023); in a protein each letter is a word. In a decoder it is predicted from the tokens before it, and the first token of all
    /// is not.
    ///
    /// # Errors
    /// If the sentence is too long for the model.
    pub(crate) fn add(
        &mut self,
        subject: Subject<'_>,
        encoded: &Encoded,
    ) -> Result<(), BertModelError> {
        subject.check_length(&encoded.ids)?;
        let tokenizer = subject.tokenizer;
        let mut terms = Vec::with_capacity(encoded.ids.len());
        for (position, &id) in encoded.ids.iter().enumerate() {
            let is_text = !tokenizer.is_special(id) || tokenizer.unknown_id() == Some(id);
            if encoded.is_added(position) || !is_text {
                continue;
            }
            let Ok((mut ids, read_at)) = tokenizer.ask(&encoded.ids, position) else { continue };
            if let Some(mask) = tokenizer.mask_id()
                && !tokenizer.reads_letters()
            {
                for later in encoded.rest_of_word(position) {
                    ids[later] = mask;
                }
            }
            terms.push(self.term(ids, read_at, id));
        }
        if tokenizer.is_of_decoder() {
            self.find_longest(&terms);
        }
        self.terms.push(terms);
        Ok(())
    }

    /// Notes that the last pass of a sentence begins with the tokens of its other passes.
    fn find_longest(&mut self, terms: &[(usize, usize)]) {
        let Some(&(last, _)) = terms.last() else { return };
        for &(pass, _) in terms {
            let known = self.passes[pass].longest;
            if self.passes[known].ids.len() < self.passes[last].ids.len() {
                self.passes[pass].longest = last;
            }
        }
    }

    /// The pass of a prediction, and the place of its token there.
    fn term(&mut self, ids: Vec<u32>, position: usize, token: u32) -> (usize, usize) {
        let known =
            self.passes.iter().position(|pass| pass.position == position && pass.ids == ids);
        let pass = known.unwrap_or(self.passes.len());
        if pass == self.passes.len() {
            self.passes.push(ScoredPass { ids, position, tokens: Vec::new(), longest: pass });
        }
        let tokens = &mut self.passes[pass].tokens;
        let place = tokens.iter().position(|&other| other == token).unwrap_or(tokens.len());
        if place == tokens.len() {
            tokens.push(token);
        }
        (pass, place)
    }

    /// The candidate whose sentence has the same predictions as that of an earlier one, which is the first.
    pub(crate) fn find_same(&self) -> Option<(usize, usize)> {
        let mut known: HashMap<&[(usize, usize)], usize> = HashMap::new();
        for (candidate, terms) in self.terms.iter().enumerate() {
            if let Some(&first) = known.get(&terms[..]) {
                return Some((first, candidate));
            }
            known.insert(terms, candidate);
        }
        None
    }
}
