//! Conclusions and their limits.

use study_record::{
    BUNDLED, LEVEL, Range, SelectAt, SetKind, Verdict,
    tables::{DissociationRow, JointRow, ProfileRow},
};

use super::{control_verdicts::ControlVerdicts, joint_section::deepest};
use crate::{
    document::{
        number_text::{fixed, interval, list, p_value, percent, plural, quoted},
        section::Section,
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) fn conclusions_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let profile = ControlVerdicts::read(study)?;
    let joint: Vec<JointRow> = study.rows_if_written()?.unwrap_or_default();
    let dissociation: Vec<DissociationRow> = study.rows_if_written()?.unwrap_or_default();
    let mut section = Section::new("conclusions", "What can be concluded, and what not");
    section.explanation("Effect sizes in logits and their intervals come first, p last.");
    section.heading("What can be concluded");
    let mut shown: Vec<String> = profile.with(Verdict::Beyond).map(describe_beyond).collect();
    let mut limits = Vec::new();
    if !profile.is_decided() {
        limits.push(profile.summary());
    } else if shown.is_empty() {
        shown.push(profile.summary());
    }
    shown.extend(double_dissociation(&dissociation));
    let (clear, open) = deepest(&joint).into_iter().partition::<Vec<&JointRow>, _>(|row| {
        row.interval().is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    });
    shown.extend(clear.into_iter().map(describe_synergy));
    if shown.is_empty() {
        shown.push("No effect can be attributed to these neurons in particular.".to_owned());
    }
    section.list(shown);
    section.heading("What cannot be concluded");
    let within: Vec<String> = profile.with(Verdict::Within).filter_map(describe_within).collect();
    if !within.is_empty() {
        section.warning(format!(
            "{} within the range of random sets. Other neurons of the same number have effects \
             like these:",
            if within.len() == 1 {
                "One lesion lies".to_owned()
            } else {
                format!("{} lesions lie", within.len())
            }
        ));
        section.list(within);
    }
    limits.extend(limits_of_controls(&profile));
    limits.extend(open.into_iter().map(describe_synergy));
    limits.extend(limits_of_study(study));
    section.list(limits);
    Ok(section)
}

fn from_to((low, high): Range) -> String {
    format!("between {} and {}", fixed(low, 3), fixed(high, 3))
}

/// A lesion that does more than random sets.
fn describe_beyond(row: &ProfileRow) -> String {
    let random = row.random().margin.map_or(String::new(), |range| {
        format!(", where 95 % of random sets lie {}", from_to(range))
    });
    let active = match (row.as_active().margin, row.activity_ratio) {
        (Some(range), _) => format!(" and 95 % of sets as active {}", from_to(range)),
        (None, Some(ratio)) => format!(
            ". No other neurons have a similar activity; the nearest have {} of it, so nothing is \
             known of equally active ones",
            percent(ratio)
        ),
        (None, None) => String::new(),
    };
    format!(
        "Layer {}, {}: mean margin drop {}{random}{active}. The margin falls in {} of {} (corrected p {}).",
        row.layer,
        quoted(&row.neuron_set),
        fixed(row.margin_drop, 3),
        row.margin_falls,
        plural(row.prompts, "prompt"),
        row.p_corrected.map_or(String::new(), p_value)
    )
}

/// A lesion that does no more than random sets.
fn describe_within(row: &ProfileRow) -> Option<String> {
    let (kind, range) = row.range_of_drop()?;
    let sets = if kind == SetKind::Random { "random sets" } else { "sets as active" };
    Some(format!(
        "Layer {}, {}: mean margin drop {}, where 95 % of {sets} lie {}.",
        row.layer,
        quoted(&row.neuron_set),
        fixed(row.margin_drop, 3),
        from_to(range)
    ))
}

/// The layers with a double dissociation; `None` without intervals.
fn double_dissociation(rows: &[DissociationRow]) -> Option<String> {
    if rows.iter().all(|row| row.interval().is_none()) {
        return None;
    }
    let layers: Vec<&[DissociationRow]> = rows.chunk_by(|a, b| a.layer == b.layer).collect();
    let double = layers.iter().filter(|rows| rows[0].double).map(|rows| {
        let differences: Vec<String> = rows.iter().filter_map(describe_difference).collect();
        format!("layer {}, {}", rows[0].layer, differences.join(" and "))
    });
    let double: Vec<String> = double.collect();
    let looked_at = plural(layers.len(), "layer");
    if double.is_empty() {
        return Some(format!("A double dissociation is shown in none of {looked_at}."));
    }
    Some(format!(
        "A double dissociation in {} of {looked_at}: {}. These are differences of margin drops, \
         own prompts minus the other label\u{2019}s, with 95 % intervals.",
        double.len(),
        double.join("; ")
    ))
}

fn describe_difference(row: &DissociationRow) -> Option<String> {
    let ends = interval(row.interval()?);
    Some(format!("{} {} ({ends})", quoted(&row.neuron_set), fixed(row.difference, 3)))
}

/// Several layers against the sum of their single lesions.
fn describe_synergy(row: &JointRow) -> String {
    let comparison = match row.interval() {
        Some((low, _)) if low > 0.0 => "a larger effect than the sum of the single lesions",
        Some((_, high)) if high < 0.0 => "a smaller effect than the sum of the single lesions",
        _ => "not shown to differ from the sum of the single lesions",
    };
    format!(
        "{} neurons of {} layers lesioned together: synergy {} ({}), {comparison}.",
        quoted(&row.neuron_set),
        row.depth(),
        fixed(row.synergy, 3),
        row.interval().map_or("no interval".to_owned(), interval)
    )
}

fn limits_of_controls(profile: &ControlVerdicts) -> Vec<String> {
    let mut limits = Vec::new();
    let open = profile.names(Verdict::NotShown);
    if !open.is_empty() {
        limits.push(format!(
            "Not shown, because corrected p is above {LEVEL} or the margin rises: {}.",
            list(&open)
        ));
    }
    let undecided = profile.names(Verdict::TooFewSets);
    if !undecided.is_empty() {
        limits.push(format!("Not decided, for lack of random sets: {}.", list(&undecided)));
    }
    let without_controls = profile.with(Verdict::NoControls).filter(|row| row.neurons > 0);
    let without_controls: Vec<String> = without_controls.map(ProfileRow::name).collect();
    if !without_controls.is_empty() {
        limits.push(format!(
            "Without controls, because too few other neurons are left for random sets: {}.",
            list(&without_controls)
        ));
    }
    let without_alikes = profile.with(Verdict::Beyond).filter(|row| !row.has_alikes());
    let without_alikes: Vec<String> = without_alikes.map(ProfileRow::name).collect();
    if !without_alikes.is_empty() {
        limits.push(format!(
            "In {} no other neurons have a similar activity at the mask, so it is not shown that \
             equally active ones would do less.",
            list(&without_alikes)
        ));
    }
    if !profile.rows.is_empty() && profile.rows.iter().all(|row| row.prompts <= 1) {
        limits.push(
            "Each case is one sentence, so nothing is known of other sentences. \
             assets/studies/controlled.toml tests the same with 212 prompts."
                .to_owned(),
        );
    }
    limits
}

fn limits_of_study(study: &FinishedStudy<'_>) -> Vec<String> {
    let manifest = study.manifest();
    let mut limits = Vec::new();
    if manifest.study.selection.at == SelectAt::Visible {
        limits.push(
            "Neurons were selected where the word itself is visible. That a neuron distinguishes \
             two words there does not show that it takes part in predicting them at a mask.",
        );
    }
    limits.push(
        "The paper\u{2019}s lesion takes all neurons of a label. The controls compare sets \
         of equal size, and say nothing about larger ones.",
    );
    limits.push(
        "Intervals hold for one layer and label at a time, over other templates of the same kind, \
         with this model and these neurons. They are not corrected for their number.",
    );
    if manifest.inputs.model.source == BUNDLED {
        limits.push(
            "The bundled model knows a small grammar and serves to try out the method. Its results \
             need not hold in a model of English.",
        );
    }
    limits.into_iter().map(str::to_owned).collect()
}
