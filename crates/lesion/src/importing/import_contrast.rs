//! The files of a study from a list of minimal pairs.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use lesion_eval::{
    Batching, EncodedStimuli, InvalidLines, MaskedPrompt, Prompts, Stimuli, draw_half,
};
use study_record::{FilePath, ScoreUnit, SelectionSettings, Study, guide};

use crate::{
    error::LesionError,
    importing::{
        blimp_lines::read_blimp_lines,
        contrast_labels::ContrastLabels,
        differing_span::SpanContrast,
        sentence_pair::{SentencePair, UnusedLine, UnusedReason},
        sentence_table::{SentenceColumns, read_table},
    },
    inputs::study_texts::TextInput,
    loading::loaded_model::LoadedModel,
    running::{
        new_files::{STARTER_FILES, write_new_files},
        starter::STARTER_PARTS,
    },
};

/// The form of a list of minimal pairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairsFormat {
    /// BLiMP's: a JSON object on each line.
    Blimp,
    /// A table with a column for each sentence.
    Table(SentenceColumns),
}

/// A list of minimal pairs as the files of a study: half of the pairs that can be used are stimuli, the
/// others prompts.
#[derive(Debug)]
pub struct ImportedContrast {
    /// The two labels.
    pub labels: [String; 2],
    /// Number of pairs of each file, stimuli first.
    pub halves: [usize; 2],
    /// Number of prompts of each label.
    pub prompts: BTreeMap<String, usize>,
    /// The lines that cannot be used, in the order of the file.
    pub unused: Vec<UnusedLine>,
    /// The score by which the sentences are compared.
    score: ScoreUnit,
    /// The texts of the stimuli and the prompts.
    texts: [String; 2],
}

/// The fewest pairs: two for a t-test, and as many prompts.
const FEWEST_PAIRS: usize = 4;

impl ImportedContrast {
    /// Reads a list of minimal pairs, to be compared by `score`: pairs of sentences that differ in one word, or
    /// in any part if sentences are scored. `seed` decides which half of them the stimuli are. With a model,
    /// pairs that it cannot read, such as those with a word of several tokens, are not used.
    ///
    /// # Errors
    /// If a column is missing, or fewer than 4 pairs can be used ([`LesionError::FewPairs`]).
    pub fn read(
        input: &TextInput,
        format: &PairsFormat,
        model: Option<&LoadedModel>,
        score: ScoreUnit,
        seed: u64,
    ) -> Result<Self, LesionError> {
        let mut unused = Vec::new();
        let pairs = match format {
            PairsFormat::Blimp => read_blimp_lines(input.text(), &mut unused),
            PairsFormat::Table(columns) => {
                read_table(input.name(), input.text(), columns, &mut unused)?
            }
        };
        let mut contrasts = find_spans(&pairs, score, &mut unused);
        remove_repeats(&mut contrasts, &mut unused);
        remove_invalid_lines(&mut contrasts, model, score, &mut unused)?;
        unused.sort_by_key(|unused| unused.line);
        if contrasts.len() < FEWEST_PAIRS {
            return Err(LesionError::FewPairs {
                name: input.name().to_owned(),
                found: contrasts.len(),
                fewest: FEWEST_PAIRS,
                unused: unused.len(),
                first: unused.into_iter().next().map(Box::new),
            });
        }
        let labels = ContrastLabels::of(&contrasts);
        let is_prompt = draw_prompts(&labels, &contrasts, seed);
        let (mut stimuli, mut prompts) = (Vec::new(), Vec::new());
        for (contrast, is_prompt) in contrasts.into_iter().zip(is_prompt) {
            if is_prompt { prompts.push(contrast) } else { stimuli.push(contrast) }
        }
        let counts = labels.counts(&prompts);
        let is_only_label = counts.len() == 1;
        let (mut pair_lines, mut prompt_lines) = (String::new(), String::new());
        for contrast in &stimuli {
            pair_lines += &(labels.pair_line(contrast) + "\n");
        }
        for contrast in &prompts {
            prompt_lines += &(labels.prompt_line(contrast, is_only_label) + "\n");
        }
        Ok(Self {
            labels: labels.names(),
            halves: [stimuli.len(), prompts.len()],
            prompts: counts,
            unused,
            score,
            texts: [pair_lines, prompt_lines],
        })
    }

    /// Writes pairs, prompts and a study of them into a folder, which is created if it does not exist.
    /// `model` is that of the study. Returns the paths of the files, the study's last.
    ///
    /// # Errors
    /// If a file exists and `replaces` is false ([`LesionError::FilesExist`]), or the folder cannot be
    /// written into.
    pub fn write(
        &self,
        dir: &Path,
        model: Option<FilePath>,
        replaces: bool,
    ) -> Result<Vec<PathBuf>, LesionError> {
        let [pairs, prompts, study_file] = STARTER_FILES;
        let mut study = Study { model, score: self.score, ..Study::default() };
        study.set("stimuli", pairs)?;
        study.set("prompts", prompts)?;
        study.set("parts", STARTER_PARTS)?;
        let study = guide::starter_study(&study);
        let [pair_lines, prompt_lines] = &self.texts;
        let texts = [
            (pairs, pair_lines.as_bytes()),
            (prompts, prompt_lines.as_bytes()),
            (study_file, study.as_bytes()),
        ];
        write_new_files(dir, &texts, replaces)
    }
}

/// The part in which the sentences of each pair differ.
fn find_spans(
    pairs: &[SentencePair],
    score: ScoreUnit,
    unused: &mut Vec<UnusedLine>,
) -> Vec<SpanContrast> {
    let mut contrasts = Vec::with_capacity(pairs.len());
    for pair in pairs {
        match SpanContrast::find(pair, score) {
            Ok(contrast) => contrasts.push(contrast),
            Err(reason) => unused.push(UnusedLine { line: pair.line, reason }),
        }
    }
    contrasts
}

/// Removes pairs whose sentences occurred before, in any letter case and either order.
fn remove_repeats(contrasts: &mut Vec<SpanContrast>, unused: &mut Vec<UnusedLine>) {
    let mut known: HashMap<([String; 2], [String; 2]), (usize, String)> = HashMap::new();
    contrasts.retain(|contrast| {
        let line = contrast.line;
        let [good, bad] = contrast.keys();
        let words = if good <= bad { [good.clone(), bad] } else { [bad, good.clone()] };
        let (first, earlier_good) =
            known.entry((contrast.frame(), words)).or_insert((line, good.clone()));
        if *first == line {
            return true;
        }
        let first = *first;
        let reason = if *earlier_good == good {
            UnusedReason::Repeated { first }
        } else {
            UnusedReason::Contradicted { first }
        };
        unused.push(UnusedLine { line, reason });
        false
    });
}

/// Removes pairs that are not valid as a line of stimuli and one of prompts, for any model or for this one.
fn remove_invalid_lines(
    contrasts: &mut Vec<SpanContrast>,
    model: Option<&LoadedModel>,
    score: ScoreUnit,
    unused: &mut Vec<UnusedLine>,
) -> Result<(), LesionError> {
    // Sides with these names may have the same words in either order.
    let labels = ContrastLabels::Judgement;
    let stimuli = text_by_lines(contrasts, |contrast| labels.pair_line(contrast));
    let prompts = text_by_lines(contrasts, |contrast| labels.prompt_line(contrast, false));
    let mut reasons: BTreeMap<usize, UnusedReason> = BTreeMap::new();
    for invalid in check_texts(&stimuli, &prompts, model, score)?.into_lines() {
        reasons.entry(invalid.line).or_insert(invalid.problem.into());
    }
    contrasts.retain(|contrast| !reasons.contains_key(&contrast.line));
    unused.extend(reasons.into_iter().map(|(line, reason)| UnusedLine { line, reason }));
    Ok(())
}

/// A text with the line of each pair where it is in its file.
fn text_by_lines(contrasts: &[SpanContrast], line: impl Fn(&SpanContrast) -> String) -> String {
    let mut text = String::new();
    let mut lines = 0;
    for contrast in contrasts {
        text.extend(std::iter::repeat_n('\n', contrast.line - lines - 1));
        text += &line(contrast);
        text.push('\n');
        lines = contrast.line;
    }
    text
}

/// The lines of stimuli and prompts that are invalid.
fn check_texts(
    stimuli: &str,
    prompts: &str,
    model: Option<&LoadedModel>,
    score: ScoreUnit,
) -> Result<InvalidLines, LesionError> {
    let [pairs_name, prompts_name, _] = STARTER_FILES;
    let mut invalid = InvalidLines::default();
    if stimuli.is_empty() {
        return Ok(invalid);
    }
    let stimuli = Stimuli::parse_valid_lines(pairs_name, stimuli, &mut invalid)?;
    let prompts = Prompts::parse_valid_lines(prompts_name, prompts, &mut invalid)?;
    let Some(model) = model else { return Ok(invalid) };
    let subject = model.subject(false, Batching::default());
    let mut warnings = Vec::new();
    let selection = SelectionSettings::default();
    let encoded = EncodedStimuli::encode_valid_lines(
        subject,
        &stimuli,
        &selection,
        score,
        &mut invalid,
        &mut warnings,
    );
    // With too few pairs nothing is drawn from them.
    let Ok(encoded) = encoded else { return Ok(invalid) };
    MaskedPrompt::encode_valid_lines(
        subject,
        &prompts,
        encoded.contrast(),
        score,
        &mut invalid,
        &mut warnings,
    );
    Ok(invalid)
}

/// For each pair, true if it is a prompt: half of those whose good word has a label, and half of the others. One that
/// is left over is none.
fn draw_prompts(labels: &ContrastLabels, contrasts: &[SpanContrast], seed: u64) -> Vec<bool> {
    let mut is_prompt = vec![false; contrasts.len()];
    for side in [0, 1] {
        let members: Vec<usize> = (0..contrasts.len())
            .filter(|&index| labels.good_side(&contrasts[index]) == side)
            .collect();
        for place in draw_half(members.len(), seed, side) {
            is_prompt[members[place]] = true;
        }
    }
    is_prompt
}
