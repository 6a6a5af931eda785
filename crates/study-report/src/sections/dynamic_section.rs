//! Selection and lesion in one pass.

use std::collections::{BTreeMap, BTreeSet};

use study_record::{
    Part, PatternKind,
    tables::{DynamicRow, JointRow, Row as _},
};

use super::absent_part::absence;
use crate::{
    document::{
        number_text::{count, mean, plural},
        section::Section,
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) fn dynamic_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("dynamic", "Selection and lesion in one pass");
    let Some(rows) = study.rows_if_written::<DynamicRow>()? else {
        section.text(absence(study, Part::Dynamic, DynamicRow::TABLE));
        return Ok(section);
    };
    let prompts: BTreeSet<_> = rows.iter().map(|row| (row.prompt, row.position)).collect();
    section.explanation(format!(
        "The stimuli pass through each layer first, unlesioned. The neurons that they select there \
         are set to 0 in the prompts. Then stimuli and prompts pass on to the next layer. There are \
         {} in {}.",
        plural(rows.len(), "lesion"),
        plural(prompts.len(), study.manifest().prediction_place().prompt())
    ));
    if rows.is_empty() {
        return Ok(section);
    }
    let same = rows.iter().filter(|row| row.same_neurons).count();
    let joint = study.rows_if_written::<JointRow>()?.unwrap_or_default();
    let difference = largest_difference(&rows, &joint).map_or(String::new(), |largest| {
        format!(
            " The mean margin drops differ from those in {} by at most {largest:.1e} logits.",
            JointRow::TABLE.file
        )
    });
    section.finding(format!(
        "One pass lesions the same neurons as two passes in {} of {}.{difference}",
        count(same),
        plural(rows.len(), "lesion")
    ));
    Ok(section)
}

/// The largest difference between the mean margin drops of one pass and of two; none if they have no
/// pattern and label in common.
fn largest_difference(rows: &[DynamicRow], joint: &[JointRow]) -> Option<f64> {
    let mut lesions: BTreeMap<(PatternKind, &str, &str), Vec<f64>> = BTreeMap::new();
    for row in rows {
        let label = row.neuron_set.as_deref().unwrap_or_default();
        lesions.entry((row.pattern, &row.layers, label)).or_default().push(row.margin_drop);
    }
    let differences = joint.iter().filter_map(|two| {
        let drops = lesions.get(&(two.pattern, &two.layers, &two.neuron_set))?;
        Some((mean(drops.iter().copied()) - two.margin_drop).abs())
    });
    differences.max_by(f64::total_cmp)
}
