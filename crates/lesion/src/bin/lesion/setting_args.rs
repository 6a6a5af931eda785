//! Options for the settings of a study, from the settings' declarations.

use std::{ffi::OsString, marker::PhantomData, path::Path};

use anyhow::Result;
use clap::{
    Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, FromArgMatches, ValueHint,
    builder::{NonEmptyStringValueParser, PossibleValue, TypedValueParser},
};
use lesion::{LesionError, ModelSource};
use study_record::{OptionForm, Section as _, Setting, Study};

/// The settings that a command has options for.
pub(crate) trait OfferedSettings {
    /// Their keys, or what these begin with.
    const KEYS: &'static [&'static str];

    /// The option without which theirs are an error.
    const REQUIRED: Option<&'static str> = None;

    /// The settings, in the order of their declaration.
    fn settings() -> Vec<Setting> {
        let mut settings = Study::settings();
        settings.retain(|setting| Self::KEYS.iter().any(|key| setting.key().starts_with(key)));
        settings
    }
}

/// All settings of a study.
#[derive(Clone, Debug)]
pub(crate) struct AllSettings;

impl OfferedSettings for AllSettings {
    const KEYS: &'static [&'static str] = &[""];
}

/// A model.
#[derive(Clone, Debug)]
pub(crate) struct ModelName;

impl OfferedSettings for ModelName {
    const KEYS: &'static [&'static str] = &["model"];
}

/// A model and its compute backend.
#[derive(Clone, Debug)]
pub(crate) struct ModelSettings;

impl OfferedSettings for ModelSettings {
    const KEYS: &'static [&'static str] = &["model", "backend"];
}

/// The score by which candidates are compared.
#[derive(Clone, Debug)]
pub(crate) struct ScoreSetting;

impl OfferedSettings for ScoreSetting {
    const KEYS: &'static [&'static str] = &["score"];
}

/// The group of the options of which one must be given with the manner of a lesion.
pub(crate) const LESIONING: &str = "lesioning";

/// The manner of a lesion.
#[derive(Clone, Debug)]
pub(crate) struct LesionManner;

impl OfferedSettings for LesionManner {
    const KEYS: &'static [&'static str] =
        &["lesion.kind", "lesion.site", "lesion.at", "lesion.shared"];
    const REQUIRED: Option<&'static str> = Some(LESIONING);
}

/// The settings that options override, each with its new value as text.
#[derive(Clone, Debug)]
pub(crate) struct SettingArgs<S> {
    overrides: Vec<(Setting, OsString)>,
    offered: PhantomData<S>,
}

impl<S> SettingArgs<S> {
    /// The default study with the overrides.
    pub(crate) fn study(&self) -> Result<Study> {
        Ok(self.override_study(Study::default(), Path::new(""))?)
    }

    /// An option that overrides a setting for which `is_fixed` is true, if one was given, with the key of
    /// the setting.
    pub(crate) fn find_override(
        &self,
        is_fixed: impl Fn(&str) -> bool,
    ) -> Option<(&'static str, String)> {
        for (setting, text) in &self.overrides {
            let key = setting.key();
            if is_fixed(&key) {
                let text = text.to_string_lossy();
                // An option without a value has all of the text as its prefix.
                let options = setting.options();
                let option = options.filter(|form| text.starts_with(form.prefix)).last();
                return option.map(|form| (form.name, key));
            }
        }
        None
    }

    /// The study of a file in `folder`, with the overrides. Its paths are made relative to the current
    /// folder, as the paths of options are. However the model is written, it is then a folder or a
    /// name on the hub.
    pub(crate) fn override_study(&self, study: Study, folder: &Path) -> Result<Study, LesionError> {
        let model = study.model.clone();
        let mut study = study.beside(folder);
        study.model = None;
        for (setting, text) in &self.overrides {
            study.set(&setting.key(), text)?;
        }
        let source = match &study.model {
            Some(given) => ModelSource::named(Some(given), Path::new(""))?,
            None => ModelSource::named(model.as_ref(), folder)?,
        };
        study.model = source.setting();
        Ok(study)
    }
}

impl<S: OfferedSettings> Args for SettingArgs<S> {
    fn augment_args(mut command: Command) -> Command {
        for setting in S::settings() {
            let options: Vec<OptionForm> = setting.options().collect();
            if options.len() > 1 {
                command = command
                    .group(ArgGroup::new(setting.name).args(options.iter().map(|form| form.name)));
            }
            for form in options {
                let option = arg(&setting, form);
                command = command.arg(match S::REQUIRED {
                    Some(required) => option.requires(required),
                    None => option,
                });
            }
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The option of a setting.
fn arg(setting: &Setting, form: OptionForm) -> Arg {
    let doc = form.help.map_or_else(|| setting.text(), str::to_owned);
    let text = doc.trim_end_matches('.');
    // If a setting has several options, the default is shown by the option that can express it.
    let help = match setting.default_text().strip_prefix(form.prefix) {
        Some(default) => format!("{text} [default: {default}]"),
        None => text.to_owned(),
    };
    let arg = Arg::new(form.name).long(form.name).help(help);
    let Some(value_name) = form.value else { return arg.action(ArgAction::SetTrue) };
    let arg = arg.value_name(value_name).allow_hyphen_values(form.allows_hyphen);
    let arg = arg.value_parser(SettingParser { setting: *setting, form });
    // The help of a setting describes its values already.
    let arg = arg.hide_possible_values(true).value_hint(value_hint(value_name));
    if form.is_switch { arg.num_args(0..=1).default_missing_value("true") } else { arg }
}

/// The files that complete an option.
fn value_hint(value_name: &str) -> ValueHint {
    match value_name {
        "FILE" => ValueHint::FilePath,
        "MODEL" => ValueHint::DirPath,
        _ => ValueHint::Unknown,
    }
}

impl<S: OfferedSettings> FromArgMatches for SettingArgs<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut overrides = Vec::new();
        for setting in S::settings() {
            for form in setting.options() {
                if form.value.is_none() {
                    if matches.get_flag(form.name) {
                        overrides.push((setting, form.prefix.into()));
                    }
                } else if let Some(text) = matches.get_one::<OsString>(form.name) {
                    overrides.push((setting, text.clone()));
                }
            }
        }
        Ok(Self { overrides, offered: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Checks the value of an option, and returns it as the setting's text.
#[derive(Clone)]
struct SettingParser {
    setting: Setting,
    form: OptionForm,
}

impl TypedValueParser for SettingParser {
    type Value = OsString;

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue>>> {
        let names = (self.setting.names)();
        if names.is_empty() || !self.form.prefix.is_empty() {
            return None;
        }
        Some(Box::new(names.into_iter().map(PossibleValue::new)))
    }

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<OsString, clap::Error> {
        // Empty text would leave a setting unset.
        if value.is_empty() {
            return NonEmptyStringValueParser::new().parse_ref(command, arg, value).map(Into::into);
        }
        let text = self.form.setting_text(value);
        match Study::default().set(&self.setting.key(), &text) {
            Ok(()) => Ok(text),
            Err(problem) => {
                let option = arg.map(ToString::to_string).unwrap_or_default();
                let value = value.to_string_lossy();
                let message = format!("invalid value '{value}' for '{option}': {problem}");
                Err(command.clone().error(clap::error::ErrorKind::ValueValidation, message))
            }
        }
    }
}
