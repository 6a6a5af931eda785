//! The results of a study, a sentence or a few per finding: the size and its interval first, p last.

use study_record::{
    Part, TTestKind,
    tables::{HeldOutRow, NeuronRow, VerdictRow},
};

use crate::{
    document::{
        number_text::{
            bayes_factor, count, fixed, interval, interval_with_digits, labelled_neurons, p_value,
            percent, plural, quoted,
        },
        section::{Block, Section},
    },
    error::ReportError,
    finished_study::FinishedStudy,
    sections::{
        baseline_section::baseline_section,
        lesion_section::lesion_section,
        part_section,
        question_section::question_section,
        selection_section::{correction_clause, describe_replication},
        study_verdicts::{StudyVerdicts, is_lowest_p},
    },
};

/// The results of a study, each by itself. What screen and page say, in the same words.
pub(crate) fn result_sentences(study: &FinishedStudy<'_>) -> Result<Vec<String>, ReportError> {
    let verdicts = StudyVerdicts::read(study)?;
    let mut sentences = warnings(&question_section(study)?);
    sentences.extend(findings(&baseline_section(study)?));
    sentences.extend(selection_sentences(study)?);
    if verdicts.tested() == 0 {
        // Then it is the only result, and the summary says what it does not show.
        sentences.extend(findings(&lesion_section(study)?));
    }
    for row in &verdicts.rows {
        sentences.push(claim_sentence(study, &verdicts, row));
    }
    if !verdicts.is_decided() {
        sentences.push(verdicts.summary());
    }
    for &part in Part::ALL.iter().filter(|&&part| part != Part::Controls) {
        for finding in findings(&part_section(part, study)?) {
            // The claims are above.
            if !verdicts.rows.iter().any(|row| verdicts.describe(row) == finding) {
                sentences.push(finding);
            }
        }
    }
    Ok(sentences)
}

/// The warnings of a section that a reader must not miss, with the lists that belong to them.
fn warnings(section: &Section) -> Vec<String> {
    let mut warnings = Vec::new();
    for block in &section.blocks {
        match block {
            Block::Warning(warning) => warnings.push(warning.clone()),
            Block::List(items) => warnings.extend(items.clone()),
            _ => {}
        }
    }
    warnings
}

/// The findings of a section.
fn findings(section: &Section) -> Vec<String> {
    let mut findings = Vec::new();
    for block in &section.blocks {
        if let Block::Finding(finding) = block {
            findings.push(finding.clone());
        }
    }
    findings
}

/// The neurons of each label in the lesioned layer, and whether they are significant on held-out
/// stimuli.
fn selection_sentences(study: &FinishedStudy<'_>) -> Result<Vec<String>, ReportError> {
    let manifest = study.manifest();
    let mut neurons: Vec<NeuronRow> = study.rows()?;
    neurons.retain(|row| row.layer == manifest.layer);
    let mut sentences = Vec::new();
    for label in manifest.labels() {
        let labelled = neurons.iter().filter(|row| row.label.as_deref() == Some(label));
        let labelled: Vec<&NeuronRow> = labelled.collect();
        sentences.push(label_sentence(study, label, &labelled));
    }
    let held_out: Vec<HeldOutRow> = study.rows_if_written()?.unwrap_or_default();
    for row in held_out.iter().filter(|row| row.layer == manifest.layer) {
        sentences.push(describe_replication(manifest, row));
    }
    Ok(sentences)
}

/// How many neurons of the lesioned layer have a label, and the strongest of them with its test.
fn label_sentence(study: &FinishedStudy<'_>, label: &str, labelled: &[&NeuronRow]) -> String {
    let manifest = study.manifest();
    let layer = manifest.layer;
    let test = format!(
        "{} t-test on {}; {}; level {}",
        manifest.test(),
        manifest.selected_on.in_words(),
        correction_clause(manifest),
        manifest.study.selection.alpha
    );
    let strongest = labelled.iter().max_by(|a, b| a.t.abs().total_cmp(&b.t.abs()));
    let Some(strongest) = strongest else {
        return format!(
            "In layer {layer}, no neuron is shown to respond more to {} ({test}), which does not mean \
             that none does.",
            quoted(label)
        );
    };
    let share = labelled.len() as f64 / manifest.model_neurons.max(1) as f64;
    format!(
        "Layer {layer} has {}, {} of {} ({test}). The strongest, neuron {}, has a mean difference of {} \
         (95 % interval {}) and an effect size {} of {} (95 % interval {}), t({}) = {}, corrected p {}.",
        labelled_neurons(labelled.len(), label),
        percent(share),
        count(manifest.model_neurons),
        strongest.neuron,
        fixed(strongest.mean_a - strongest.mean_b, 3),
        interval((strongest.ci_low, strongest.ci_high)),
        effect_name(manifest.test()),
        fixed(strongest.effect, 2),
        interval_with_digits((strongest.effect_low, strongest.effect_high), 2),
        degrees_of_freedom(strongest.df),
        fixed(strongest.t, 2),
        p_value(strongest.q)
    )
}

/// The name of a test's effect size.
const fn effect_name(test: TTestKind) -> &'static str {
    match test {
        TTestKind::Paired => "d_z",
        TTestKind::Student | TTestKind::Welch => "d",
    }
}

/// Degrees of freedom: Welch's need not be whole.
fn degrees_of_freedom(df: f64) -> String {
    fixed(df, usize::from(df.fract() != 0.0))
}

/// The verdict on a claim in the words of the page, and the comparison that it comes from.
fn claim_sentence(study: &FinishedStudy<'_>, verdicts: &StudyVerdicts, row: &VerdictRow) -> String {
    let claim = verdicts.describe(row);
    let Some(p) = row.p else { return claim };
    let bound = if is_lowest_p(row) { "at most " } else { "" };
    let factor = match row.bayes_factor {
        Some(factor) => format!("; JZS Bayes factor {}", bayes_factor(factor)),
        None => String::new(),
    };
    format!(
        "{claim} (Compared with {}, random seed {}; p without correction {bound}{}; Holm over \
         {}{factor}.)",
        plural(verdicts.sets, "random set"),
        study.manifest().study.seed,
        p_value(p),
        plural(verdicts.tested(), "claim"),
    )
}
