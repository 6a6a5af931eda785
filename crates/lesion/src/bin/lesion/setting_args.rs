//! Options for the settings of a study, from the settings' declarations.

use std::{ffi::OsString, path::Path};

use clap::{
    Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, FromArgMatches, builder::TypedValueParser,
};
use lesion::ModelSource;
use study_record::{OptionForm, Section as _, Setting, SettingError, Study};

/// The settings that options override, each with its new value as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingArgs {
    overrides: Vec<(Setting, OsString)>,
}

impl SettingArgs {
    /// The study of a file in `folder`, with the overrides. Its paths are made relative to the current
    /// folder, as the paths of options are.
    pub(crate) fn study(&self, study: Study, folder: &Path) -> Result<Study, SettingError> {
        let model = ModelSource::named(study.model.as_ref(), folder).setting();
        let mut study = study.beside(folder);
        study.model = model;
        for (setting, text) in &self.overrides {
            study.set(&setting.key(), text)?;
        }
        Ok(study)
    }
}

impl Args for SettingArgs {
    fn augment_args(mut command: Command) -> Command {
        for setting in Study::settings() {
            let options: Vec<OptionForm> = setting.options().collect();
            if options.len() > 1 {
                command = command
                    .group(ArgGroup::new(setting.name).args(options.iter().map(|form| form.name)));
            }
            for form in options {
                command = command.arg(arg(&setting, form));
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
    let arg = arg.value_name(value_name).allow_hyphen_values(form.name == "at");
    let arg = arg.value_parser(SettingParser { setting: *setting, form });
    if form.is_switch { arg.num_args(0..=1).default_missing_value("true") } else { arg }
}

impl FromArgMatches for SettingArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::default();
        for setting in Study::settings() {
            for form in setting.options() {
                if form.value.is_none() {
                    if matches.get_flag(form.name) {
                        args.overrides.push((setting, form.prefix.into()));
                    }
                } else if let Some(text) = matches.get_one::<OsString>(form.name) {
                    args.overrides.push((setting, text.clone()));
                }
            }
        }
        Ok(args)
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

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<OsString, clap::Error> {
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
