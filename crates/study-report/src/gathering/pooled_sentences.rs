//! Sentences about effects over many models. Screen and page have the same.

use std::collections::{BTreeMap, BTreeSet};

use study_record::{EffectUnit, LEVEL, tables::GatherRow};

use crate::{
    document::number_text::{count, fixed, interval, list, p_value, plural, quoted, size},
    pooling::pooled_studies::PooledStudies,
};

/// Studies that a sentence names.
const MOST_NAMED: usize = 5;

/// The result in a few sentences: the cell with the strongest evidence, and how many others have an effect.
#[must_use]
pub fn summary(pooled: &PooledStudies) -> String {
    let rows = by_evidence(pooled);
    let Some(strongest) = rows.first() else {
        return "No cell could be pooled.".to_owned();
    };
    format!("{} {}", describe(pooled, strongest), count_shown(pooled))
}

/// The pooled cells in logits, those with the smallest p first.
pub(super) fn by_evidence(pooled: &PooledStudies) -> Vec<&GatherRow> {
    let mut rows: Vec<&GatherRow> = pooled.rows_in(EffectUnit::Logits).collect();
    rows.sort_by(|a, b| {
        a.p_of_both().total_cmp(&b.p_of_both()).then(b.mean.abs().total_cmp(&a.mean.abs()))
    });
    rows
}

/// True if the mean effect of a cell is shown to differ from 0.
pub(super) fn is_shown(row: &GatherRow) -> bool {
    row.p_corrected <= LEVEL
}

/// A sentence on every cell whose mean effect is shown.
pub(super) fn shown_sentences(pooled: &PooledStudies) -> Vec<String> {
    let shown = by_evidence(pooled).into_iter().filter(|row| is_shown(row));
    shown.map(|row| describe(pooled, row)).collect()
}

/// The number of cells with an effect, and what that means for the others.
pub(super) fn count_shown(pooled: &PooledStudies) -> String {
    let rows = by_evidence(pooled);
    let shown = rows.iter().filter(|row| is_shown(row)).count();
    let open = rows.len() - shown;
    let others = match open {
        0 => String::new(),
        _ => format!(
            " In {} an effect is not shown, which does not mean that there is none.",
            if shown == 0 { "these".to_owned() } else { format!("the other {}", count(open)) }
        ),
    };
    format!(
        "Of {}, a mean effect is shown in {} (Holm over {}, level {LEVEL}).{others}",
        plural(rows.len(), "cell"),
        count(shown),
        plural(rows.len(), "cell"),
    )
}

/// The effect of one cell, in how many models it is found, and what to expect of the next.
pub(super) fn describe(pooled: &PooledStudies, row: &GatherRow) -> String {
    let name = format!("{}, {}", pooled.cell_name(row.cell), quoted(&row.neuron_set));
    let mean = describe_mean(pooled, row);
    let share = pooled.rows_in(EffectUnit::Margin).find(|other| {
        other.cell == row.cell && other.neuron_set == row.neuron_set && other.models == row.models
    });
    let share = share.map_or(String::new(), |share| {
        format!(" That is {} of the margin without a lesion.", fixed(share.mean.abs(), 3))
    });
    let effect = if is_shown(row) {
        format!("{name}: {mean}.{share}")
    } else {
        format!("{name}: a mean effect is not shown; {mean}.{share}")
    };
    format!("{effect} {} {}", describe_signs(row), describe_next(row))
}

/// The mean effect with its intervals and p.
fn describe_mean(pooled: &PooledStudies, row: &GatherRow) -> String {
    let comparison = if row.mean < 0.0 { "less" } else { "more" };
    let crossed = row
        .crossed_interval()
        .map_or(String::new(), |ends| format!(", over other templates too {}", interval(ends)));
    format!(
        "over {} the lesion lowers the margin by {} {} {comparison} than random sets do (95 % \
         interval of the effect {}{crossed}; corrected p {})",
        plural(row.models, "model"),
        size(row.mean),
        pooled.margin_unit(),
        interval(row.interval()),
        p_value(row.p_corrected)
    )
}

/// In how many models the effect has the sign of the mean.
fn describe_signs(row: &GatherRow) -> String {
    let (agreeing, shown, side) = if row.mean < 0.0 {
        (row.negative, row.shown_negative, "below")
    } else {
        (row.positive, row.shown_positive, "above")
    };
    format!(
        "The effect is {side} 0 in {} of {}, and in {} the model\u{2019}s own interval lies {side} 0.",
        count(agreeing),
        plural(row.models, "model"),
        count(shown)
    )
}

/// The spread between models, and the effect to expect in the next one.
fn describe_next(row: &GatherRow) -> String {
    let differ = format!(
        "Between models it has a standard deviation of {} ({}).",
        fixed(row.between_sd, 3),
        interval((row.between_sd_low, row.between_sd_high))
    );
    let Some(prediction) = row.prediction() else {
        return format!("{differ} Two models do not predict the next one.");
    };
    let meaning = if prediction.0 > 0.0 || prediction.1 < 0.0 {
        "so an effect of this sign is to be expected"
    } else {
        "so it may have none, or one of the other sign"
    };
    format!(
        "{differ} In the next model the effect lies between {} and {} with a probability of 95 % \
         (prediction interval), {meaning}.",
        fixed(prediction.0, 3),
        fixed(prediction.1, 3)
    )
}

/// The cells of studies that are not pooled, by reason and studies.
pub(super) fn left_out_sentences(pooled: &PooledStudies) -> Vec<String> {
    let mut without_effect: BTreeSet<(usize, usize, &str)> = BTreeSet::new();
    let mut studies: BTreeMap<(String, usize, &str), Vec<&str>> = BTreeMap::new();
    for row in pooled.estimates() {
        let Some(reason) = &row.left_out else { continue };
        let place = (row.study, row.cell, row.neuron_set.as_str());
        let unit = match row.unit {
            EffectUnit::Logits => {
                without_effect.insert(place);
                "Left out"
            }
            // Without an effect in logits there is none as a share of the margin, for the same reason.
            EffectUnit::Margin if without_effect.contains(&place) => continue,
            EffectUnit::Margin => "Left out as a share of the margin",
        };
        let reason = format!("{unit}, because {reason}");
        studies.entry((reason, row.cell, &row.neuron_set)).or_default().push(&row.folder);
    }
    let mut cells: BTreeMap<(String, Vec<&str>), Vec<String>> = BTreeMap::new();
    for ((reason, cell, label), folders) in studies {
        let name = format!("{}, {}", pooled.cell_name(cell).to_lowercase(), quoted(label));
        cells.entry((reason, folders)).or_default().push(name);
    }
    let mut sentences = Vec::new();
    for ((reason, folders), names) in cells {
        sentences.push(format!(
            "{reason}: {}, in {}.",
            names.join("; "),
            named_studies(&folders, pooled.studies())
        ));
    }
    for (cell, label, error) in &pooled.unpooled {
        let name = format!("{}, {}", pooled.cell_name(*cell).to_lowercase(), quoted(label));
        sentences.push(format!("Not pooled, because {error}: {name}."));
    }
    sentences
}

/// The folders of some of so many studies, as far as a sentence names them.
fn named_studies(folders: &[&str], all: usize) -> String {
    if folders.len() == all {
        return format!("all {} studies", count(all));
    }
    let mut names: Vec<String> =
        folders.iter().take(MOST_NAMED).map(|folder| (*folder).to_owned()).collect();
    if folders.len() > MOST_NAMED {
        names.push(format!("{} more", count(folders.len() - MOST_NAMED)));
    }
    list(&names)
}
