//! The methods of a study in two paragraphs, with every number that decides its results.

use study_record::{
    BUNDLED, Correction, FEWEST_TEMPLATES, LEVEL, Manifest, Part, ScoreUnit, Selector, SetKind,
    SetRule, SharedLayers, TTestKind,
    tables::{CausalRow, DoseRow, ProfileRow, PromptRow, SelectorRow, VerdictRow},
};

use super::{
    bibliography::{
        BENJAMINI_HOCHBERG, BENJAMINI_YEKUTIELI, COHEN, DAVISON_HINKLEY, DICE, DUNN,
        EFRON_TIBSHIRANI, HOERL_KENNARD, HOLM, KAUF_IVANOVA, KULLBACK_LEIBLER, NANDA, NOTEBOOK,
        PHIPSON_SMYTH, PROGRAM, ROUDER, Reference, SALAZAR, SCHUIRMANN, STEIGER, STOREY, STUDENT,
        SUNDARARAJAN, SYED, WELCH, WESTFALL_YOUNG,
    },
    cited_text::CitedText,
};
use crate::{
    document::{
        number_text::{count, exact_percent, list, plural, quoted},
        stimuli_text::{describe_stimuli, group_note},
    },
    error::ReportError,
    finished_study::FinishedStudy,
    sections::selection_section::correction_clause,
};

/// The methods of a study, in a paragraph, and in a second one what is needed to repeat it.
pub(crate) fn methods_text(study: &FinishedStudy<'_>) -> Result<[CitedText; 2], ReportError> {
    let mut methods = CitedText::default();
    let manifest = study.manifest();
    add_model(&mut methods, manifest);
    add_selection(&mut methods, manifest);
    add_lesion(&mut methods, manifest, &study.rows()?);
    let profile: Vec<ProfileRow> = study.rows_if_written()?.unwrap_or_default();
    if profile.iter().any(|row| row.p_random.is_some()) {
        add_controls(&mut methods, manifest, &profile);
    } else {
        methods.write(
            " No lesion was compared with lesions of random sets, so nothing is known of other \
             neurons.",
        );
    }
    let selectors: Vec<SelectorRow> = study.rows_if_written()?.unwrap_or_default();
    add_many_layers(&mut methods, manifest);
    add_one_layer(&mut methods, study, &selectors)?;
    let verdicts: Vec<VerdictRow> = study.rows()?;
    add_inference(&mut methods, manifest, &verdicts);
    let has_intervals = verdicts.iter().any(|row| row.interval().is_some())
        || selectors.iter().any(|row| row.margin_low.is_some());
    add_intervals(&mut methods, manifest, has_intervals);
    Ok([methods, repetition(manifest)])
}

/// Whether a part of the laboratory ran.
fn ran(manifest: &Manifest, part: Part) -> bool {
    part.tables().iter().any(|table| manifest.outputs.contains_key(table.file))
}

fn add_model(methods: &mut CitedText, manifest: &Manifest) {
    let weights = match manifest.study.untrained {
        Some(seed) => format!(", with untrained weights drawn at random (seed {seed})"),
        None => String::new(),
    };
    let model = match manifest.inputs.model.source.as_str() {
        BUNDLED => "the model bundled with lesion".to_owned(),
        source => format!("the model {source}"),
    };
    methods.write(format!(
        "We studied {model} ({} with {} MLP neurons each{weights}) with lesion {}",
        plural(manifest.model_layers, "layer"),
        count(manifest.model_neurons),
        manifest.lesion,
    ));
    methods.cite(&[PROGRAM]);
    methods.write(", by a method from Mike X Cohen\u{2019}s course");
    methods.cite(&[NOTEBOOK]);
    methods.write(".");
}

fn add_selection(methods: &mut CitedText, manifest: &Manifest) {
    let selection = &manifest.study.selection;
    methods.write(format!(" On {}, a {} t-test", describe_stimuli(manifest), manifest.test()));
    methods.cite(&[match manifest.test() {
        TTestKind::Paired | TTestKind::Student => STUDENT,
        TTestKind::Welch => WELCH,
    }]);
    methods.write(format!(
        " compared each neuron\u{2019}s activation {} at the {}; p is {}; {}",
        manifest.site_words(selection.site),
        selection.at.target(manifest.prediction_place()),
        if selection.directional { "one-sided" } else { "two-sided" },
        correction_clause(manifest),
    ));
    methods.cite(correction_sources(selection.correction));
    methods.write(format!(
        ". A neuron is significant if the corrected p is at most {}.{}",
        selection.alpha,
        group_note(manifest)
    ));
    if selection.correction == Correction::MaxT {
        let all = if manifest.relabellings_exact { "all" } else { "random" };
        methods.write(format!(
            " max-T used {} ({all}).",
            plural(manifest.relabellings, "relabelling")
        ));
    }
    methods.write(match manifest.test() {
        TTestKind::Paired => " Effect sizes are Cohen\u{2019}s d of the differences",
        TTestKind::Student | TTestKind::Welch => " Effect sizes are Cohen\u{2019}s d",
    });
    methods.cite(&[COHEN]);
    methods.write(", with intervals from the noncentral t distribution");
    methods.cite(&[STEIGER]);
    methods.write(".");
    if let Some(held_out) = &manifest.held_out_stimuli {
        methods.write(format!(
            " A further {} were held out, and the selected neurons were tested on them again.",
            held_out.in_words()
        ));
    }
}

/// The works that a correction comes from.
fn correction_sources(correction: Correction) -> &'static [&'static Reference] {
    match correction {
        Correction::None => &[],
        Correction::Storey => &[STOREY],
        Correction::BenjaminiHochberg => &[BENJAMINI_HOCHBERG],
        Correction::BenjaminiYekutieli => &[BENJAMINI_YEKUTIELI],
        Correction::MaxT => &[WESTFALL_YOUNG, PHIPSON_SMYTH],
        Correction::Holm => &[HOLM],
        Correction::Bonferroni => &[DUNN],
    }
}

fn add_lesion(methods: &mut CitedText, manifest: &Manifest, prompts: &[PromptRow]) {
    let lesion = &manifest.study.lesion;
    let place = manifest.prediction_place();
    let layers: Vec<String> = manifest.layers.iter().map(usize::to_string).collect();
    methods.write(format!(
        " In {}, the activations of {} were {} {} {}, in {} {}{}{}. The neurons are those of the \
         label of the prompt\u{2019}s right word.",
        describe_prompts(manifest, prompts),
        describe_neurons(manifest),
        lesion.kind.effect(lesion.from, place),
        manifest.site_words(lesion.site),
        lesion.at.place(place),
        if layers.len() == 1 { "layer" } else { "layers" },
        list(&layers),
        if layers.len() == 1 { "" } else { ", one layer at a time" },
        shared_layers(lesion.shared),
    ));
    methods.write(format!(
        " In layer {}, all significant neurons of the label were also set to zero {} at {}{}.",
        manifest.layer,
        manifest.site_words(lesion.site),
        place.token(),
        shared_layers(lesion.shared)
    ));
}

/// The lesioned layers of a model whose layers share weights, at the end of a sentence.
fn shared_layers(shared: SharedLayers) -> &'static str {
    match shared {
        SharedLayers::Here => "",
        SharedLayers::Everywhere => {
            ", and with them those of the same weights in every other layer"
        }
    }
}

/// The prompts, and how many of them have the label of each side: `212 masked prompts (106 of “him”,
/// 106 of “her”)`.
fn describe_prompts(manifest: &Manifest, prompts: &[PromptRow]) -> String {
    let with = |label: Option<&str>| {
        prompts.iter().filter(|prompt| prompt.label.as_deref() == label).count()
    };
    let mut parts: Vec<String> = Vec::new();
    for label in manifest.labels() {
        parts.push(format!("{} of {}", count(with(Some(label))), quoted(label)));
    }
    if with(None) > 0 {
        parts.push(format!("{} without a label, not lesioned", count(with(None))));
    }
    format!(
        "{} ({})",
        plural(prompts.len(), manifest.prediction_place().prompt()),
        parts.join(", ")
    )
}

/// The lesioned neurons, and what makes them the strongest.
fn describe_neurons(manifest: &Manifest) -> String {
    let lesion = &manifest.study.lesion;
    if lesion.neurons.is_some() {
        return "the neurons of a given file".to_owned();
    }
    let strength = lesion.strength;
    match lesion.sets {
        SetRule::Significant => "all significant neurons of a label".to_owned(),
        SetRule::Top(count) => {
            format!("the strongest {count} significant neurons of each label, by |{strength}|,")
        }
        SetRule::Share(share) => format!(
            "the strongest significant neurons by |{strength}|, equally many of both labels and at \
             most {} of a layer,",
            exact_percent(share)
        ),
    }
}

fn add_controls(methods: &mut CitedText, manifest: &Manifest, profile: &[ProfileRow]) {
    let condition = if manifest.study.controls.every_kind {
        "It was also compared".to_owned()
    } else {
        format!("Where this p was at most {LEVEL}, it was also compared")
    };
    match manifest.study.score {
        ScoreUnit::Word => methods.write(
            " The margin of the right word is its logit less the largest of the other \
             candidates\u{2019}.",
        ),
        ScoreUnit::Sentence => {
            methods.write(
                " Candidates were compared by whole sentences: the score of a sentence is the sum of \
                 the log probabilities of its tokens, in a decoder given those before them, and in a \
                 masked model with each of them masked in turn, together with the later tokens of its \
                 word",
            );
            methods.cite(&[SALAZAR, KAUF_IVANOVA]);
            methods.write(
                ". Every lesion was made in the pass of each token. The margin is the score of the \
                 right sentence less that of the best other one.",
            );
        }
    }
    methods.write(format!(
        " The mean drop of the margin was compared, two-sided, with that of {} of as many neurons, drawn \
         without replacement from the whole layer, those of the label included",
        plural(manifest.random_sets, "random set")
    ));
    methods.cite(&[PHIPSON_SMYTH]);
    methods.write(format!(
        ". {condition} with as many sets that have, in each group of {} neurons that are next to each \
         other in the order of activity, as many neurons as the lesioned set, and with such sets in the \
         order of displacement; the largest p counts. If no other neurons are alike, the drop per unit \
         of displacement was compared with that of the random sets instead.",
        SetKind::GROUP
    ));
    if profile.iter().any(|row| row.p_reselected.is_some()) {
        methods.write(
            " Sets that the same selection finds if the sides of the stimuli are swapped, or the labels \
             shuffled, at random are shown beside these, and do not count.",
        );
    }
}

/// The parts that lesion or select in several layers.
fn add_many_layers(methods: &mut CitedText, manifest: &Manifest) {
    if ran(manifest, Part::Joint) {
        methods.write(
            " Layers were also lesioned together; the synergy is their drop less the sum of the drops \
             of the single layers.",
        );
    }
    if ran(manifest, Part::Stability) {
        methods.write(format!(
            " Neurons were selected again on {} of the stimuli, and the sets compared by Dice\u{2019}s \
             coefficient",
            plural(manifest.study.stability.resamples.get(), "resample")
        ));
        methods.cite(&[DICE]);
        methods.write(".");
    }
    if ran(manifest, Part::Specificity) {
        methods.write(
            " The change of the whole distribution over the vocabulary is the Kullback-Leibler \
             divergence",
        );
        methods.cite(&[KULLBACK_LEIBLER]);
        methods.write(".");
    }
    if ran(manifest, Part::Dynamic) {
        methods.write(" Neurons were also selected and lesioned in one pass.");
    }
}

/// The parts that look at one layer, which the controls may have chosen.
fn add_one_layer(
    methods: &mut CitedText,
    study: &FinishedStudy<'_>,
    selectors: &[SelectorRow],
) -> Result<(), ReportError> {
    let settings = &study.manifest().study;
    let doses: Vec<DoseRow> = study.rows_if_written()?.unwrap_or_default();
    if let Some(first) = doses.first() {
        methods.write(format!(
            " In layer {}, growing numbers of neurons were lesioned, beside {} of each size.",
            first.layer,
            plural(settings.dose.draws.get(), "random set")
        ));
    }
    if let Some(mut singles) = study.stream_if_written::<CausalRow>()?
        && let Some(first) = singles.next().transpose()?
    {
        methods.write(format!(
            " In layer {}, each labelled neuron was lesioned by itself.",
            first.layer
        ));
    }
    if let Some(first) = selectors.first() {
        add_selectors(methods, first, selectors);
    }
    Ok(())
}

/// The ways to choose neurons, and their sources.
fn add_selectors(methods: &mut CitedText, first: &SelectorRow, rows: &[SelectorRow]) {
    let uses = |selector| rows.iter().any(|row| row.selector == selector);
    let mut names = Vec::new();
    let mut sources = Vec::new();
    for &selector in Selector::ALL.iter().filter(|&&selector| uses(selector)) {
        names.push(selector.name());
        sources.extend_from_slice(selector_sources(selector));
    }
    methods.write(format!(
        " In layer {}, neurons were also chosen by {}",
        first.layer,
        list(&names)
    ));
    methods.cite(&sources);
    methods.write(format!(", beside {} of each size.", plural(first.random_sets, "random set")));
}

/// The works that a way to choose neurons comes from.
fn selector_sources(selector: Selector) -> &'static [&'static Reference] {
    match selector {
        Selector::Probe => &[HOERL_KENNARD],
        Selector::Attribution => &[NANDA, SYED],
        Selector::IntegratedGradients => &[SUNDARARAJAN],
        Selector::T
        | Selector::DifferencePre
        | Selector::DifferencePost
        | Selector::OutputNorm
        | Selector::Loudest
        | Selector::Direct => &[],
    }
}

fn add_inference(methods: &mut CitedText, manifest: &Manifest, verdicts: &[VerdictRow]) {
    let study = &manifest.study;
    let claims = verdicts.iter().filter(|row| row.p.is_some()).count();
    if claims > 0 {
        methods.write(format!(" The p of {} were corrected by Holm", plural(claims, "claim")));
        methods.cite(&[HOLM]);
        methods.write(format!("; the level is {LEVEL}."));
    }
    if verdicts.iter().any(|row| row.p_no_effect.is_some()) {
        methods.write(" Absence of an effect was tested by two one-sided t-tests over templates");
        methods.cite(&[SCHUIRMANN]);
        methods.write(format!(
            " against {} of the margin without a lesion, corrected by Holm too.",
            exact_percent(study.controls.equivalence.get())
        ));
    }
    if claims > 0 {
        methods.write(
            " If neither an effect nor its absence is shown, the claim is undecided; that does not \
             mean that there is no effect.",
        );
    }
    if verdicts.iter().any(|row| row.bayes_factor.is_some()) {
        methods.write(" Bayes factors are JZS Bayes factors over templates");
        methods.cite(&[ROUDER]);
        methods.write(".");
    }
}

fn add_intervals(methods: &mut CitedText, manifest: &Manifest, has_intervals: bool) {
    let study = &manifest.study;
    if has_intervals {
        methods.write(format!(
            " Intervals of drops are 95 % percentile intervals of {} of the templates",
            plural(study.bootstrap.draws.get(), "bootstrap resample")
        ));
        methods.cite(&[EFRON_TIBSHIRANI, DAVISON_HINKLEY]);
        methods.write(".");
    } else {
        methods.write(format!(
            " Drops have no intervals, which need {FEWEST_TEMPLATES} templates of a label."
        ));
    }
    methods.write(format!(
        " The random seed of all random sets, relabellings, resamples and splits is {}.",
        study.seed
    ));
}

/// Versions, command, registration and the hashes of all inputs.
fn repetition(manifest: &Manifest) -> CitedText {
    let mut text = CitedText::default();
    text.write(format!(
        "The study ran with lesion {} and Burn {} (backend {}) on {}, by the command ",
        manifest.lesion, manifest.burn, manifest.study.backend, manifest.platform
    ));
    text.code(manifest.command.join(" "));
    text.write(".");
    match &manifest.registration {
        Some(check) => {
            text.write(" It was registered before it ran (SHA-256 of the registration: ");
            text.code(&check.sha256);
            text.write(match check.deviations.len() {
                0 => "), and ran as registered.".to_owned(),
                number => format!("), and deviates from it in {}.", plural(number, "point")),
            });
        }
        None => text.write(" It was not registered before it ran."),
    }
    for (part, reason) in &manifest.skipped {
        text.write(format!(" The part {} did not run: {reason}.", quoted(part.name())));
    }
    text.write(" SHA-256 of the inputs:");
    let mut separator = " ";
    for (input, origin) in manifest.inputs.iter() {
        for (file, hash) in &origin.sha256 {
            text.write(format!("{separator}{file} ({input}, {}) ", origin.source));
            text.code(hash);
            separator = "; ";
        }
    }
    text.write(".");
    text
}
