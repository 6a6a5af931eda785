//! Everything that a study finds, and the tables it is written as.

use anyhow::Result;
use lesion_eval::{
    Activations, ControlPlan, Controlled, Diagnostics, Dissociation, Dose, Dynamic, DynamicPlan,
    Joint, Laboratory, LayerProfile, LesionOutcome, NeuronEffects, NeuronSetFile, NeuronSets,
    Notice, Prediction, Replication, Selection, SetRule, controls, diagnose, dissociations, dose,
    dynamic, joint, lesion, measure, neuron_effects, predict, profile, replicate, select, tables,
};

use crate::{
    journal::FileJournal,
    output::OutputDir,
    prepare::Prepared,
    progress::Stages,
    study::{Lesion, Part, Study},
};

/// What a study found.
pub(crate) struct Results {
    pub(crate) activations: Activations,
    pub(crate) selection: Selection,
    /// Empty where no pair was held out.
    pub(crate) replications: Vec<Replication>,
    /// The neurons that carry a label.
    pub(crate) labelled: NeuronSets,
    /// Those that the laboratory lesions.
    pub(crate) lesioned: NeuronSets,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) predictions: Vec<Prediction>,
    /// The paper's lesion.
    pub(crate) outcomes: Vec<LesionOutcome>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) laboratory: LaboratoryResults,
}

/// What was found in the laboratory; each part only where it ran.
#[derive(Default)]
pub(crate) struct LaboratoryResults {
    pub(crate) controls: Option<ControlResults>,
    pub(crate) joint: Option<Vec<Joint>>,
    pub(crate) doses: Option<Vec<Dose>>,
    pub(crate) causal: Option<NeuronEffects>,
    pub(crate) dynamic: Option<Dynamic>,
}

/// The controlled lesions and what follows from them.
pub(crate) struct ControlResults {
    pub(crate) controlled: Vec<Controlled>,
    pub(crate) profile: Vec<LayerProfile>,
    pub(crate) dissociations: Vec<Dissociation>,
}

impl Results {
    /// Runs a study.
    pub(crate) fn compute(
        prepared: &Prepared,
        journal: &mut FileJournal,
        stages: &mut Stages,
    ) -> Result<Self> {
        let Prepared { study, prompts, stimuli, lesion: plan, .. } = prepared;
        let subject = prepared.subject();
        let activations =
            stages.run("activations", |progress| Ok(measure(subject, stimuli, progress)?))?;
        let (selection, replications) =
            stages.run("selection", |_| select_and_replicate(study, &activations))?;
        let (labelled, lesioned) = neuron_sets(prepared, &selection);
        let diagnostics = stages.run("diagnostics", |_| Ok(diagnose(&activations)?))?;
        let predictions =
            stages.run("baseline", |progress| Ok(predict(subject, prompts, progress)?))?;
        let (outcomes, notices) = stages
            .run("lesion", |progress| Ok(lesion(subject, prompts, &labelled, *plan, progress)?))?;
        let mut results = Self {
            activations,
            selection,
            replications,
            labelled,
            lesioned,
            diagnostics,
            predictions,
            outcomes,
            notices,
            laboratory: LaboratoryResults::default(),
        };
        results.laboratory = results.run_laboratory(prepared, journal, stages)?;
        Ok(results)
    }

    fn run_laboratory(
        &self,
        prepared: &Prepared,
        journal: &mut FileJournal,
        stages: &mut Stages,
    ) -> Result<LaboratoryResults> {
        let Self { activations, selection, labelled, lesioned, .. } = self;
        let Prepared { study, prompts, patterns, lesion: plan, .. } = prepared;
        let subject = prepared.subject();
        let manner = study.manner().prepare(Some(activations), prompts, study.seed)?;
        let mut laboratory = Laboratory::new(subject, prompts, manner, journal);
        let control_plan = ControlPlan {
            layers: prepared.layers.clone(),
            strength: study.lesion.strength,
            draws: study.controls.nulls as usize,
            seed: study.seed,
        };
        let controls = stages.run_if(study.runs(Part::Controls), "controls", |progress| {
            let controlled =
                controls(&mut laboratory, selection, lesioned, &control_plan, progress)?;
            let profile = profile(selection, labelled, &controlled);
            let dissociations = dissociations(prompts, &controlled, study.bootstrap())?;
            Ok(ControlResults { controlled, profile, dissociations })
        })?;
        let joint = stages.run_if(study.runs(Part::Joint), "joint", |progress| {
            Ok(joint(&mut laboratory, lesioned, patterns, study.bootstrap(), progress)?)
        })?;
        let doses = stages.run_if(study.runs(Part::Dose), "dose", |progress| {
            Ok(dose(&mut laboratory, selection, labelled, &prepared.dose_plan(), progress)?)
        })?;
        let causal = stages.run_if(study.runs(Part::Causal), "causal", |progress| {
            Ok(neuron_effects(&mut laboratory, selection, labelled, plan.layer, progress)?)
        })?;
        let dynamic = stages.run_if(study.runs(Part::Dynamic), "dynamic", |progress| {
            let Study { lesion, .. } = study;
            let (rule, strength) = (lesion.sets, lesion.strength);
            let plan = DynamicPlan { selection: study.selection_plan(), rule, strength };
            Ok(dynamic(subject, &prepared.stimuli, prompts, plan, patterns, progress)?)
        })?;
        Ok(LaboratoryResults { controls, joint, doses, causal, dynamic })
    }

    /// Writes every table. The activations are large, and written only if asked for.
    pub(crate) fn write(
        &self,
        prepared: &Prepared,
        out: &mut OutputDir,
        activations: bool,
    ) -> Result<()> {
        let Prepared { prompts, patterns, lesion: plan, .. } = prepared;
        let Self { selection, diagnostics, laboratory, .. } = self;
        out.csv("neurons.csv", tables::neurons(selection))?;
        out.csv("selection.csv", tables::selection(selection))?;
        out.csv("histogram.csv", tables::histogram(diagnostics))?;
        out.csv("normality.csv", tables::normality(diagnostics))?;
        out.csv("sparsity.csv", tables::sparsity(diagnostics))?;
        out.csv("prompts.csv", tables::prompts(prompts))?;
        out.csv("predictions.csv", tables::predictions(&self.predictions))?;
        out.csv("lesions.csv", tables::lesions(plan.layer, &self.outcomes))?;
        out.compact_json("neuron_sets.json", &NeuronSetFile::new(&self.labelled, &self.lesioned))?;
        out.activations_if(activations.then_some(&self.activations))?;

        let held_out = (!self.replications.is_empty()).then_some(&self.replications);
        out.csv_if("held_out.csv", held_out.map(|of| tables::held_out(of)))?;
        let LaboratoryResults { controls, joint, doses, causal, dynamic } = laboratory;
        let controls = controls.as_ref();
        let nulls = controls.map(|of| tables::nulls(prompts, &of.controlled));
        out.csv_if("nulls.csv", nulls)?;
        out.csv_if("profile.csv", controls.map(|of| tables::profile(&of.profile)))?;
        let dissociation = controls.map(|of| tables::dissociation(&of.dissociations));
        out.csv_if("dissociation.csv", dissociation)?;
        out.csv_if("joint.csv", joint.as_ref().map(|of| tables::joint(of)))?;
        out.csv_if("dose.csv", doses.as_ref().map(|of| tables::dose(plan.layer, of)))?;
        out.csv_if("neurons_causal.csv", causal.as_ref().map(|of| tables::causal(prompts, of)))?;
        let dynamic = dynamic.as_ref().map(|of| tables::dynamic(prompts, patterns, of));
        out.csv_if("dynamic.csv", dynamic)
    }
}

fn select_and_replicate(
    study: &Study,
    activations: &Activations,
) -> Result<(Selection, Vec<Replication>)> {
    let plan = study.selection_plan();
    if study.selection.held_out == 0.0 {
        return Ok((select(activations, plan)?, Vec::new()));
    }
    let (kept, held_out) = activations.split(study.selection.held_out, study.seed)?;
    let selection = select(&kept, plan)?;
    let replications = replicate(&selection, &select(&held_out, plan)?);
    Ok((selection, replications))
}

/// The neurons that carry a label, and those that the laboratory lesions.
fn neuron_sets(prepared: &Prepared, selection: &Selection) -> (NeuronSets, NeuronSets) {
    let Lesion { sets, strength, .. } = prepared.study.lesion;
    prepared.neuron_sets.clone().unwrap_or_else(|| {
        let choose = |rule| NeuronSets::choose(selection, rule, strength);
        (choose(SetRule::Significant), choose(sets))
    })
}
