//! Reads everything that a study needs, so that a mistake in it is known before anything runs.

use anyhow::{Context, Result, ensure};
use bert_model::{BertForMaskedLm, BertModelError, Checkpoint};
use lesion_eval::{
    Batching, DosePlan, EncodedStimuli, LayerPattern, LesionPlan, MaskedPrompt, NeuronSetFile,
    NeuronSets, Prompts, Stimuli, Subject, default_layer,
};
use study_report::hash;

use crate::{
    args::{RunArgs, use_threads},
    inputs::{self, Origin},
    progress::Stages,
    study::Study,
};

/// A study that can run.
pub(crate) struct Prepared {
    pub(crate) study: Study,
    checkpoint: Checkpoint,
    model: BertForMaskedLm,
    /// Whether every pass computes all tokens of all layers.
    plain: bool,
    batching: Batching,
    pub(crate) stimuli: EncodedStimuli,
    pub(crate) prompts: Vec<MaskedPrompt>,
    /// The paper's lesion.
    pub(crate) lesion: LesionPlan,
    /// The layers of the laboratory.
    pub(crate) layers: Vec<usize>,
    pub(crate) patterns: Vec<LayerPattern>,
    /// The sets of a file: the neurons that carry a label, and those that the laboratory lesions.
    pub(crate) neuron_sets: Option<(NeuronSets, NeuronSets)>,
    pub(crate) origins: Origins,
}

/// Where the inputs came from.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Origins {
    pub(crate) model: Origin,
    pub(crate) stimuli: Origin,
    pub(crate) prompts: Origin,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) neurons: Option<Origin>,
}

/// What a study reads beside its model.
pub(crate) struct Texts {
    stimuli: Stimuli,
    prompts: Prompts,
    neurons: Option<(NeuronSetFile, Origin)>,
    /// Of stimuli and prompts.
    origins: (Origin, Origin),
}

impl Texts {
    pub(crate) fn read(study: &Study) -> Result<Self> {
        let stimuli = inputs::stimuli(study.stimuli.as_deref(), study.selection.at)?;
        let prompts = inputs::prompts(study.prompts.as_deref())?;
        Ok(Self {
            stimuli: Stimuli::parse(&stimuli.name, &stimuli.text)?,
            prompts: Prompts::parse(&prompts.name, &prompts.text)?,
            neurons: study.lesion.neurons.as_deref().map(inputs::neuron_sets).transpose()?,
            origins: (stimuli.origin, prompts.origin),
        })
    }
}

impl Prepared {
    /// `study` is as it runs, with all that `args` override.
    pub(crate) fn new(study: Study, args: &RunArgs, stages: &mut Stages) -> Result<Self> {
        use_threads(args.threads)?;
        // What costs nothing to read is read first.
        let texts = Texts::read(&study)?;
        let local = study.model.fetch(stages)?;
        let (checkpoint, model) = stages.run("load", |_| local.load(study.backend, args.device))?;
        let model_origin = stages.run("hash", |_| local.origin(&checkpoint))?;

        let config = model.config();
        let count = config.num_hidden_layers;
        let missing = |layer| BertModelError::NoSuchLayer { layer, layers: count };
        let exists = |layer: usize| (layer < count).then_some(()).ok_or_else(|| missing(layer));
        let layer = study.lesion.layer.unwrap_or_else(|| default_layer(count));
        exists(layer).context("lesion.layer, or --layer")?;
        let mut layers = study.lesion.layers.clone().unwrap_or_else(|| (0..count).collect());
        layers.sort_unstable();
        layers.dedup();
        ensure!(!layers.is_empty(), "lesion.layers, or --layers: no layer; leave it out for all");
        layers.iter().try_for_each(|&layer| exists(layer)).context("lesion.layers, or --layers")?;
        for given in &study.joint.layers {
            ensure!(!given.is_empty(), "joint.layers: an empty list of layers");
            given.iter().try_for_each(|&layer| exists(layer)).context("joint.layers")?;
        }
        let patterns = LayerPattern::all(&layers, &study.joint.layers);
        let Texts { stimuli, prompts, neurons, .. } = &texts;
        let neuron_sets = neurons.as_ref().map(|(file, origin)| {
            let sets = file.sets(stimuli.contrast(), count, config.intermediate_size);
            sets.with_context(|| origin.source.clone())
        });
        let neuron_sets = neuron_sets.transpose()?;
        let (plain, batching) = (args.plain, args.batching(study.backend));
        let subject = Subject { model: &model, tokenizer: &checkpoint.tokenizer, plain, batching };
        let prompts = MaskedPrompt::encode_all(subject, prompts, stimuli.contrast())?;
        let stimuli = EncodedStimuli::encode(subject, stimuli, study.selection.at)?;
        ensure!(
            study.prompts.is_some() || prompts.iter().any(|prompt| prompt.label.is_some()),
            "no bundled prompt has a label of these stimuli, \"{}\" or \"{}\", so nothing would be \
             lesioned; give your own, `prompts` in the study or --prompts",
            texts.stimuli.contrast().a,
            texts.stimuli.contrast().b
        );
        if study.selection.held_out > 0.0 {
            stimuli.check_split(study.selection.held_out)?;
        }
        study.lesion.at.check(&prompts)?;
        let lesion = LesionPlan { layer, site: study.lesion.site };
        let origins = Origins {
            model: model_origin,
            stimuli: texts.origins.0,
            prompts: texts.origins.1,
            neurons: texts.neurons.map(|(_, origin)| origin),
        };
        Ok(Self {
            study,
            checkpoint,
            model,
            plain,
            batching,
            stimuli,
            prompts,
            lesion,
            layers,
            patterns,
            neuron_sets,
            origins,
        })
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        let Self { model, checkpoint, plain, batching, .. } = self;
        Subject { model, tokenizer: &checkpoint.tokenizer, plain: *plain, batching: *batching }
    }

    pub(crate) fn dose_plan(&self) -> DosePlan {
        DosePlan {
            layer: self.lesion.layer,
            sizes: self.study.dose.sizes.clone(),
            strength: self.study.lesion.strength,
            draws: self.study.dose.draws as usize,
            seed: self.study.seed,
        }
    }

    /// What decides every figure of the study, the program too, in one hash: two runs with the same
    /// one write the same tables.
    pub(crate) fn identity(&self) -> Result<String> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let program = hash::of_file(&program)
            .with_context(|| format!("cannot read {}", program.display()))?;
        let Origins { model, stimuli, prompts, neurons } = &self.origins;
        let inputs = [Some(model), Some(stimuli), Some(prompts), neurons.as_ref()];
        let inputs = inputs.map(|origin| origin.map(|of| of.sha256.values().collect::<Vec<_>>()));
        let decided =
            (program, self.study.without_paths(), inputs, self.plain, self.batching.memory);
        Ok(hash::of_bytes(&serde_json::to_vec(&decided)?))
    }
}
