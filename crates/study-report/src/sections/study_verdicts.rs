//! The verdicts of a study, and the sentences that report them.

use std::{borrow::Borrow, fmt::Write as _};

use study_record::{
    LEVEL, Question, SetChoice, Verdict, sets_needed,
    tables::{DissociationRow, ProfileRow, VerdictRow},
};

use crate::{
    document::{
        cell::Cell,
        number_text::{count, fixed, interval, list, p_value, percent, plural, quoted, size},
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

/// The verdicts of a study, with the tables that their sentences quote.
pub(crate) struct StudyVerdicts {
    /// A row per claim.
    pub(crate) rows: Vec<VerdictRow>,
    /// A row per layer and label; none if the controls did not run.
    pub(crate) profile: Vec<ProfileRow>,
    dissociation: Vec<DissociationRow>,
    /// Random sets of each kind.
    pub(crate) sets: usize,
    /// The margin of equivalence, as a share of the margin without a lesion.
    equivalence: f64,
    /// The unit of margins.
    unit: &'static str,
}

impl StudyVerdicts {
    pub(crate) fn read(study: &FinishedStudy<'_>) -> Result<Self, ReportError> {
        let manifest = study.manifest();
        Ok(Self {
            rows: study.rows()?,
            profile: study.rows_if_written()?.unwrap_or_default(),
            dissociation: study.rows_if_written()?.unwrap_or_default(),
            sets: manifest.random_sets,
            equivalence: manifest.study.controls.equivalence.get(),
            unit: manifest.study.score.unit(),
        })
    }

    /// How many claims have controls.
    pub(crate) fn tested(&self) -> usize {
        self.rows.iter().filter(|row| row.p_corrected.is_some()).count()
    }

    /// Whether there are controls, and enough random sets for a verdict on each claim.
    pub(crate) fn is_decided(&self) -> bool {
        self.tested() > 0 && self.rows.iter().all(|row| row.verdict != Verdict::TooFewSets)
    }

    /// The claims about one question.
    pub(crate) fn about(&self, question: Question) -> impl Iterator<Item = &VerdictRow> + Clone {
        self.rows.iter().filter(move |row| row.question == question)
    }

    /// The claim about the effect of a row of the profile; none if no neuron was lesioned.
    pub(crate) fn effect(&self, row: &ProfileRow) -> Option<&VerdictRow> {
        row.find_claim(&self.rows)
    }

    /// The claim about the dissociation of a label's neurons in a layer.
    pub(crate) fn dissociation(&self, row: &DissociationRow) -> Option<&VerdictRow> {
        row.find_claim(&self.rows)
    }

    /// Whether these rows of one layer are a double dissociation.
    pub(crate) fn is_double(&self, rows: &[impl Borrow<DissociationRow>]) -> bool {
        DissociationRow::are_double(rows, &self.rows)
    }

    /// The effects that differ from those of random sets, the largest difference first.
    pub(crate) fn shown_effects(&self) -> Vec<&VerdictRow> {
        let mut shown: Vec<&VerdictRow> =
            self.about(Question::Effect).filter(|row| row.verdict.is_shown()).collect();
        let excess = |row: &VerdictRow| row.excess.unwrap_or_default().abs();
        shown.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
        shown
    }

    /// The result of the controls in few sentences, with the strongest effect first.
    pub(crate) fn summary(&self) -> String {
        let tested = self.tested();
        if tested == 0 {
            return "There are no controls, so nothing can be said about other neurons.".to_owned();
        }
        if !self.is_decided() {
            return format!(
                "With {} of each kind, none of {} can be told from them at the level {LEVEL}; --nulls \
                 {} would be enough.",
                plural(self.sets, "random set"),
                plural(tested, "claim"),
                sets_needed(tested)
            );
        }
        let counts = self.count_effects();
        match self.shown_effects().first() {
            Some(strongest) => format!(
                "{}{} {counts}",
                self.describe_drop(strongest),
                if lowers(strongest) { self.prior_caveat(strongest) } else { String::new() }
            ),
            None => counts,
        }
    }

    /// How many effects have which verdict.
    fn count_effects(&self) -> String {
        let effects: Vec<&VerdictRow> =
            self.about(Question::Effect).filter(|row| row.p_corrected.is_some()).collect();
        let with = |verdict| effects.iter().filter(|row| row.verdict == verdict).count();
        let lowered = effects.iter().filter(|row| lowers(row)).count();
        let raised = effects.iter().filter(|row| raises(row)).count();
        let other = with(Verdict::Larger) + with(Verdict::Smaller) - lowered - raised;
        let mut parts = Vec::new();
        for (number, one, several) in [
            (
                lowered,
                "lowers the margin more than random sets",
                "lower the margin more than random sets",
            ),
            (raised, "raises it more", "raise it more"),
            (other, "changes it less", "change it less"),
            (
                with(Verdict::NoEffect),
                "has no effect beyond the margin of equivalence",
                "have no effect beyond the margin of equivalence",
            ),
            (with(Verdict::Undecided), "is undecided", "are undecided"),
        ] {
            if number > 0 {
                parts.push(format!(
                    "{} {}",
                    count(number),
                    if number == 1 { one } else { several }
                ));
            }
        }
        format!(
            "Of {}, {} (Holm over {}, level {LEVEL}).",
            plural(effects.len(), "controlled lesion"),
            list(&parts),
            plural(self.tested(), "claim")
        )
    }

    /// One sentence or a few on a claim, from its verdict.
    pub(crate) fn describe(&self, row: &VerdictRow) -> String {
        match row.question {
            Question::Effect => self.describe_effect(row),
            Question::Dissociation => describe_dissociation(row),
            Question::Synergy => describe_synergy(row),
        }
    }

    /// The effects that are shown to be absent: one sentence on all of them, and one on each whose
    /// neurons have direct effects that later layers make up for.
    pub(crate) fn describe_absent_effects(&self) -> Vec<String> {
        let absent = self.about(Question::Effect).filter(|row| row.verdict == Verdict::NoEffect);
        let (repaired, plain) = absent.partition::<Vec<&VerdictRow>, _>(|row| {
            self.profile_of(row).is_some_and(|profile| !direct_caveat(row, profile).is_empty())
        });
        let mut sentences = Vec::new();
        if let [one] = &plain[..] {
            sentences.push(self.describe_effect(one));
        } else if !plain.is_empty() {
            let names: Vec<String> = plain.iter().map(|row| subject(row)).collect();
            let largest =
                plain.iter().map(|row| row.excess.unwrap_or_default().abs()).fold(0.0, f64::max);
            let margins = plain.iter().filter_map(|row| row.equivalence);
            let smallest_margin = margins.fold(f64::INFINITY, f64::min);
            sentences.push(format!(
                "The lesions of these sets have no effect beyond that of random sets, up to {} {} ({} \
                 of the margin without a lesion): {}. The largest difference from the mean of \
                 random sets is {}. Effects of single neurons in a set may cancel.",
                fixed(smallest_margin, 3),
                self.unit,
                percent(self.equivalence),
                names.join("; "),
                fixed(largest, 3)
            ));
        }
        sentences.extend(repaired.into_iter().map(|row| self.describe_effect(row)));
        sentences
    }

    /// The row of the profile that a claim is about.
    fn profile_of(&self, row: &VerdictRow) -> Option<&ProfileRow> {
        self.profile.iter().find(|profile| {
            profile.layer.to_string() == row.layers
                && profile.neuron_set == row.neuron_set
                && profile.sets == row.sets
        })
    }

    /// An effect with everything that limits its meaning.
    fn describe_effect(&self, row: &VerdictRow) -> String {
        let mut text = self.describe_drop(row);
        if lowers(row) {
            text += &self.prior_caveat(row);
        }
        if let Some(profile) = self.profile_of(row) {
            if row.verdict.is_shown() {
                let falls = count(profile.margin_falls);
                let prompts = plural(profile.prompts, "prompt");
                let _ = write!(text, " The margin falls in {falls} of {prompts}.");
            }
            text += &direct_caveat(row, profile);
            text += &concentration(profile);
            if row.verdict.is_shown() {
                text += &alike_caveat(profile);
            }
        }
        text
    }

    /// The size of an effect, its interval, the random sets and p.
    fn describe_drop(&self, row: &VerdictRow) -> String {
        let name = subject(row);
        let ends = row.interval().map(|ends| sided(ends, row.value));
        let value = followed_by_interval(size(row.value), ends);
        let changes = match row.value {
            value if value.abs() < 0.0005 => "changes",
            value if value < 0.0 => "raises",
            _ => "lowers",
        };
        let random = random_sets(row);
        let p = corrected_p(row);
        match row.verdict {
            Verdict::Larger | Verdict::Smaller => {
                let comparison = if lowers(row) || raises(row) { "more" } else { "less" };
                format!(
                    "{name}: the lesion {changes} the margin by {value}, {comparison} than random \
                     sets do ({random}). {p}{}",
                    small_effect(row, self.unit)
                )
            }
            Verdict::NoEffect => format!(
                "{name}: the lesion of this set has no effect beyond that of random sets, up to {} {} ({} \
                 of the margin without a lesion). It {changes} the margin by {value}; the \
                 difference from the mean of random sets is {} (corrected p of equivalence {}).",
                fixed(row.equivalence.unwrap_or(f64::NAN), 3),
                self.unit,
                percent(self.equivalence),
                fixed(row.excess.unwrap_or(f64::NAN), 3),
                row.p_no_effect.map_or(String::new(), p_value)
            ),
            Verdict::Undecided | Verdict::TooFewSets => format!(
                "{name}: the lesion {changes} the margin by {value} ({random}). {p} Neither an effect \
                 nor its absence is shown."
            ),
            Verdict::NoControls => {
                format!(
                    "{name}: the lesion {changes} the margin by {value}; there are no controls."
                )
            }
        }
    }

    /// The effect of the same lesion in the other label's prompts, if it may only make one of the words
    /// more likely everywhere.
    fn prior_caveat(&self, row: &VerdictRow) -> String {
        let found = self.dissociation.iter().find(|dissociation| {
            dissociation.layer.to_string() == row.layers
                && dissociation.neuron_set == row.neuron_set
                && dissociation.sets == row.sets
        });
        let Some(dissociation) = found else { return String::new() };
        // A shift of the odds has a sum of 0.
        let has_no_sum = dissociation.interval_of_both().is_some_and(|(low, _)| low <= 0.0)
            || dissociation.both <= dissociation.own_margin_drop / 2.0;
        if dissociation.other_margin_drop >= 0.0 || !has_no_sum {
            return String::new();
        }
        let other = size(dissociation.other_margin_drop);
        let both = with_interval(dissociation.both, dissociation.interval_of_both());
        format!(
            " In the other label\u{2019}s prompts it raises the margin by {other}; the sum of both \
             drops is {both}. So the lesion may only shift the odds of {} in every prompt: it is not \
             shown that these neurons help to tell the two words apart.",
            quoted(&row.neuron_set)
        )
    }
}

/// That an effect, although shown, is smaller than the margin of equivalence.
fn small_effect(row: &VerdictRow, unit: &str) -> String {
    match row.excess.zip(row.equivalence) {
        Some((excess, margin)) if excess.abs() < margin => format!(
            " It is small: the difference from the mean of random sets is {}, less than the margin of \
             equivalence, {} {unit}.",
            fixed(excess, 3),
            fixed(margin, 3)
        ),
        _ => String::new(),
    }
}

/// Whether a lesion is shown to lower the margin more than random sets do.
pub(crate) fn lowers(row: &VerdictRow) -> bool {
    row.verdict == Verdict::Larger && row.value > 0.0
}

/// Whether a lesion is shown to raise the margin more than random sets do.
pub(crate) fn raises(row: &VerdictRow) -> bool {
    row.verdict == Verdict::Smaller && row.value < 0.0
}

/// The lesioned neurons: `Layer 5, “her”`.
pub(crate) fn subject(row: &VerdictRow) -> String {
    let label = quoted(&row.neuron_set);
    match row.sets {
        SetChoice::Lesioned => format!("Layer {}, {label}", row.layers),
        SetChoice::Labelled => format!("Layer {}, all {label} neurons", row.layers),
    }
}

/// The verdict on an effect in few words.
pub(crate) fn effect_title(row: &VerdictRow) -> &'static str {
    if raises(row) { "raises the margin" } else { row.verdict.title() }
}

/// A verdict as a cell.
pub(crate) fn verdict_cell(row: Option<&VerdictRow>) -> Cell {
    let Some(row) = row else {
        return Cell::text(Verdict::NoControls.title()).class("open");
    };
    Cell::text(effect_title(row)).class(match row.verdict {
        Verdict::Larger | Verdict::Smaller => "beyond",
        Verdict::NoEffect => "within",
        Verdict::Undecided | Verdict::TooFewSets | Verdict::NoControls => "open",
    })
}

/// A corrected p as a cell: `≤ 0.0400` if there are too few random sets for a smaller one.
pub(crate) fn p_cell(row: Option<&VerdictRow>) -> Cell {
    let p = row.and_then(|row| row.p_corrected);
    let cell = Cell::p(p);
    if row.is_some_and(is_upper_bound) { cell.prefixed("≤ ") } else { cell }
}

/// Whether p is the smallest that the number of random sets admits.
pub(crate) fn is_lowest_p(row: &VerdictRow) -> bool {
    row.at_floor == Some(true)
}

/// Whether a corrected p is an upper bound that more random sets might lower.
fn is_upper_bound(row: &VerdictRow) -> bool {
    is_lowest_p(row) && row.p_corrected.is_some_and(|p| p < 1.0)
}

/// A corrected p as a sentence.
fn corrected_p(row: &VerdictRow) -> String {
    let Some(p) = row.p_corrected else { return String::new() };
    let bound = if is_upper_bound(row) { "at most " } else { "" };
    format!("Corrected p: {bound}{}.", p_value(p))
}

/// The range of random sets, in the direction of a lesion's effect.
fn random_sets(row: &VerdictRow) -> String {
    match row.random() {
        Some(ends) => format!("95 % of random sets: a drop of {}", interval(ends)),
        None => "no random sets".to_owned(),
    }
}

fn with_interval(value: f64, ends: Option<(f64, f64)>) -> String {
    followed_by_interval(fixed(value, 3), ends)
}

fn followed_by_interval(value: String, ends: Option<(f64, f64)>) -> String {
    match ends {
        Some(ends) => format!("{value} (95 % interval {})", interval(ends)),
        None => value,
    }
}

/// The ends of the interval of a value's size.
fn sided((low, high): (f64, f64), value: f64) -> (f64, f64) {
    if value < 0.0 { (-high, -low) } else { (low, high) }
}

/// A part of the drop that later layers make up for.
fn direct_caveat(row: &VerdictRow, profile: &ProfileRow) -> String {
    let Some(direct) = profile.direct_margin_drop else { return String::new() };
    let equivalence = row.equivalence.unwrap_or_default();
    let is_repaired = direct.abs() > equivalence && direct.abs() > 2.0 * row.value.abs();
    if !is_repaired {
        return String::new();
    }
    format!(
        " The direct effects of these neurons on the margin add up to {}: without them the later \
         layers change what they write, and the lesion\u{2019}s whole effect does not show what the \
         neurons contribute.",
        fixed(direct, 3)
    )
}

/// How much of the drop is that of few neurons, if it is much.
fn concentration(profile: &ProfileRow) -> String {
    /// A share of the drop that is worth a sentence.
    const MUCH: f64 = 0.5;
    /// Neurons of a set of which five are few.
    const LARGE: usize = 12;
    let (Some(one), Some(five)) = (profile.strongest_1_drop, profile.strongest_5_drop) else {
        return String::new();
    };
    let share = five / profile.margin_drop;
    if share < MUCH || !share.is_finite() || profile.neurons < LARGE {
        return String::new();
    }
    format!(
        " Few neurons do most of this: the strongest five of {} have a drop of {}, the strongest one \
         alone {}.",
        count(profile.neurons),
        fixed(five, 3),
        fixed(one, 3)
    )
}

/// The comparisons with sets that are alike, if there are none.
fn alike_caveat(profile: &ProfileRow) -> String {
    if profile.p_random_active.is_none() || profile.has_displaced_alikes() {
        return String::new();
    }
    let p = profile.p_per_displacement.map_or(String::new(), p_value);
    format!(
        " No other neurons of the layer displace as much; per unit of displacement the effect is \
         compared with random sets instead (p {p})."
    )
}

fn describe_dissociation(row: &VerdictRow) -> String {
    let name = subject(row);
    let value = with_interval(row.value, row.interval());
    let p = corrected_p(row);
    match row.verdict {
        Verdict::Larger => format!(
            "{name}: the lesion lowers the margin of its own prompts by {value} more than that of the \
             other label\u{2019}s (95 % of random sets: {}), and the sum of both drops is larger than \
             those of random sets too. {p}",
            row.random().map_or(String::new(), interval)
        ),
        Verdict::Smaller => format!(
            "{name}: the lesion matters more for the other label\u{2019}s prompts than for its own: \
             the difference is {value} (95 % of random sets: {}). {p}",
            row.random().map_or(String::new(), interval)
        ),
        _ => format!("{name}: a dissociation is not shown. The difference is {value}. {p}"),
    }
}

fn describe_synergy(row: &VerdictRow) -> String {
    let layers: Vec<&str> = row.layers.split_whitespace().collect();
    let name = format!("{} neurons of layers {}", quoted(&row.neuron_set), list(&layers));
    let value = with_interval(row.value, row.interval());
    let p = corrected_p(row);
    let Some(random) = row.random() else {
        return format!("{name} lesioned together: synergy {value}; there are no controls.");
    };
    let random = format!("95 % of random sets: {}", interval(random));
    let conclusion = match row.verdict {
        Verdict::Larger => "Together the layers do more than random sets in the lower layers do",
        Verdict::Smaller => "Together the layers do less than random sets in the lower layers do",
        Verdict::NoEffect => {
            "The synergy is that of random sets in the lower layers, up to the margin of equivalence"
        }
        _ => "Whether it differs from that of random sets in the lower layers is undecided",
    };
    format!("{name} lesioned together: synergy {value}; {random}. {conclusion}. {p}")
}
