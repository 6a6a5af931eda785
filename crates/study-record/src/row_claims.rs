//! The claims that are about a row of a part's table.

use std::borrow::Borrow;

use crate::{
    part_tables::{DissociationRow, ProfileRow},
    tables::VerdictRow,
    verdict::{Question, Verdict},
};

impl ProfileRow {
    /// The claim about the effect of this row; none if no neuron was lesioned.
    #[must_use]
    pub fn find_claim<'a>(&self, verdicts: &'a [VerdictRow]) -> Option<&'a VerdictRow> {
        let layer = self.layer.to_string();
        verdicts.iter().find(|claim| {
            claim.question == Question::Effect
                && claim.layers == layer
                && claim.neuron_set == self.neuron_set
                && claim.sets == self.sets
        })
    }
}

impl DissociationRow {
    /// The claim about the dissociation of this row.
    #[must_use]
    pub fn find_claim<'a>(&self, verdicts: &'a [VerdictRow]) -> Option<&'a VerdictRow> {
        let layer = self.layer.to_string();
        verdicts.iter().find(|claim| {
            claim.question == Question::Dissociation
                && claim.layers == layer
                && claim.neuron_set == self.neuron_set
                && claim.sets == self.sets
        })
    }

    /// True if the dissociation is double, if these are the rows of both labels in one layer: for both it
    /// is shown, and the lesion lowers the margin of its own prompts.
    #[must_use]
    pub fn are_double(rows: &[impl Borrow<Self>], verdicts: &[VerdictRow]) -> bool {
        rows.len() == 2
            && rows.iter().map(Borrow::borrow).all(|row: &Self| {
                let claim = row.find_claim(verdicts);
                let is_shown = claim.is_some_and(|claim| claim.verdict == Verdict::Larger);
                is_shown && row.own_margin_drop > 0.0
            })
    }
}
