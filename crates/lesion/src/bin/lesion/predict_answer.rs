//! The answer of `lesion predict`: the predictions, single lesions, and neurons to look at.

use std::io::Write;

use anyhow::Result;
use lesion::{EachAnswer, SentenceAnswer, SentenceJson, Session, Stages, ViewAnswer};
use serde::Serialize;
use study_record::BUNDLED;

use crate::{
    answers::Answer, next_step, predict_request::PredictQuestion, screen, sentence_screen,
};

/// The predictions for a sentence, with single lesions and neurons to look at.
pub(crate) struct PredictAnswer {
    pub(crate) sentence: SentenceAnswer,
    pub(crate) show: Option<ViewAnswer>,
    pub(crate) each: Option<EachAnswer>,
}

impl PredictAnswer {
    /// Asks a question.
    pub(crate) fn ask(
        session: &Session,
        asked: &PredictQuestion,
        stages: &mut Stages<'_>,
    ) -> Result<Self> {
        let sentence = session.predict(&asked.question, stages)?;
        Self::complete(session, asked, sentence, stages)
    }

    /// Adds the neurons to look at, and single lesions, to the predictions of a sentence.
    pub(crate) fn complete(
        session: &Session,
        asked: &PredictQuestion,
        sentence: SentenceAnswer,
        stages: &mut Stages<'_>,
    ) -> Result<Self> {
        let mut answer = Self { sentence, show: None, each: None };
        if !asked.show.is_empty() {
            let sets = asked.manner.sets.as_deref();
            let sentence = &asked.question.sentence;
            answer.show = Some(session.view(sentence, &asked.show, sets, stages)?);
        }
        if !asked.each.is_empty() {
            answer.each = Some(session.each(&asked.about_each(), stages)?);
        }
        Ok(answer)
    }

    /// The object of `--json`.
    pub(crate) fn object(&self) -> SentenceJson<'_> {
        SentenceJson::new(&self.sentence, self.show.as_ref(), self.each.as_ref())
    }
}

impl Answer for PredictAnswer {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        screen::write_sentence(out, &self.sentence)?;
        if let Some(show) = &self.show {
            sentence_screen::write_view(out, show)?;
        }
        if let Some(each) = &self.each {
            sentence_screen::write_each(out, each)?;
        }
        Ok(())
    }

    fn json(&self) -> Result<impl Serialize> {
        Ok(self.object())
    }

    fn next(&self) -> Option<String> {
        let SentenceAnswer { model, lesion, .. } = &self.sentence;
        // Another model may not know the bundled words, so that its labels are not known here.
        if lesion.is_some() || self.each.is_some() || model != BUNDLED {
            return Some(next_step::reproduce(model));
        }
        Some(format!("{} --lesion all:her", next_step::typed_with("predict")))
    }
}
