//! The declaration of settings: from one list, a macro makes a section's type, its defaults, and its
//! texts for the help and the guide.

use std::ffi::OsStr;

use crate::{choice::joined, settings::values::InvalidValue};

/// A setting of a study, for files, options, help and guide.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its section of a study file; empty at the top.
    pub section: &'static str,
    /// Its key in that section.
    pub name: &'static str,
    /// Its documentation, line by line.
    pub doc: &'static [&'static str],
    /// Its valid values; empty if any value of its type is valid.
    pub values: fn() -> String,
    /// Those of its values that have a name.
    pub names: fn() -> Vec<&'static str>,
    /// Its default and options.
    pub declared: Declared,
}

/// The default and the options of a setting.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// The default as an option's text; empty for an unset value.
    pub default: &'static str,
    /// The meaning of an unset value.
    pub unset: Option<&'static str>,
    /// A value to show in a study file if the default is unset.
    pub example: &'static str,
    /// The options that override it.
    pub options: [Option<OptionForm>; 3],
}

/// An option that overrides a setting.
#[derive(Clone, Copy, Debug)]
pub struct OptionForm {
    /// Its name, without dashes.
    pub name: &'static str,
    /// The name of its value; `None` if it takes none.
    pub value: Option<&'static str>,
    /// The text before its value in the setting's text; all of the text if it takes no value.
    pub prefix: &'static str,
    /// Whether its value may be left out, which means `true`.
    pub is_switch: bool,
    /// Whether its value may begin with a hyphen.
    pub allows_hyphen: bool,
    /// Its help; the setting's documentation if `None`.
    pub help: Option<&'static str>,
}

/// A setting with a default, as the text of an option.
pub(super) const fn setting(default: &'static str) -> Declared {
    Declared { default, unset: None, example: "", options: [None; 3] }
}

/// A setting without a default, and the meaning of an unset value.
pub(super) const fn unset(meaning: &'static str) -> Declared {
    Declared { default: "", unset: Some(meaning), example: "", options: [None; 3] }
}

impl Declared {
    pub(super) const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    const fn with(mut self, option: OptionForm) -> Self {
        let mut place = 0;
        while self.options[place].is_some() {
            place += 1;
        }
        self.options[place] = Some(option);
        self
    }

    /// An option that takes the value.
    pub(super) const fn option(self, name: &'static str, value: &'static str) -> Self {
        self.with(OptionForm::new(name, Some(value)))
    }

    /// An option whose value may begin with a hyphen.
    pub(super) const fn hyphen_option(self, name: &'static str, value: &'static str) -> Self {
        self.with(OptionForm { allows_hyphen: true, ..OptionForm::new(name, Some(value)) })
    }

    /// An option whose value may be left out, which means `true`.
    pub(super) const fn switch(self, name: &'static str) -> Self {
        self.with(OptionForm { is_switch: true, ..OptionForm::new(name, Some("BOOL")) })
    }

    /// An option that takes the part of the value after `prefix`.
    pub(super) const fn spelling(
        self,
        name: &'static str,
        value: &'static str,
        prefix: &'static str,
        help: &'static str,
    ) -> Self {
        self.with(OptionForm { prefix, help: Some(help), ..OptionForm::new(name, Some(value)) })
    }

    /// An option without a value, which stands for `text`.
    pub(super) const fn flag(
        self,
        name: &'static str,
        text: &'static str,
        help: &'static str,
    ) -> Self {
        self.with(OptionForm { prefix: text, help: Some(help), ..OptionForm::new(name, None) })
    }
}

impl Setting {
    /// Its full name: `selection.alpha`.
    #[must_use]
    pub fn key(&self) -> String {
        if self.section.is_empty() {
            return self.name.to_owned();
        }
        format!("{}.{}", self.section, self.name)
    }

    /// Its documentation and its valid values as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let doc = joined(self.doc);
        let values = (self.values)();
        if values.is_empty() { doc } else { format!("{doc} Value: {values}.") }
    }

    /// The options that override it.
    pub fn options(&self) -> impl Iterator<Item = OptionForm> {
        self.declared.options.into_iter().flatten()
    }

    /// Its default, in words or as an option writes it.
    #[must_use]
    pub fn default_text(&self) -> &'static str {
        match self.declared.unset {
            Some(meaning) => meaning,
            None => self.declared.default,
        }
    }
}

impl OptionForm {
    const fn new(name: &'static str, value: Option<&'static str>) -> Self {
        Self { name, value, prefix: "", is_switch: false, allows_hyphen: false, help: None }
    }

    /// The setting's text that the option stands for.
    #[must_use]
    pub fn setting_text(&self, value: &OsStr) -> std::ffi::OsString {
        let mut text = std::ffi::OsString::from(self.prefix);
        text.push(value);
        text
    }
}

/// A section of a study.
pub trait Section {
    /// Its settings, those of its own sections included.
    fn settings() -> Vec<Setting>;

    /// Assigns a setting by its full name. `None` if there is no such setting.
    fn assign(&mut self, key: &str, text: &OsStr) -> Option<Result<(), InvalidValue>>;

    /// Copies a setting by its full name. False if there is no such setting.
    fn copy(&mut self, key: &str, from: &Self) -> bool;
}

/// An invalid setting.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingError {
    /// A key that no setting has.
    #[error("no setting has the key `{key}`")]
    NoSuchKey {
        /// The key.
        key: String,
    },

    /// A text that is not a value of the setting.
    #[error(transparent)]
    Value(#[from] InvalidValue),

    /// A study file that cannot be read.
    #[error("{file}:{line}:{column}: {problem}")]
    File {
        /// The file's name.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// The problem.
        problem: String,
    },
}

/// Declares a section of settings, and the sections in it.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $type:ident in $section:literal {
            $($(#[doc = $doc:literal])+ $name:ident: $value:ty => $declared:expr,)+
        }
        $(with {
            $($(#[$inner_meta:meta])* $inner:ident: $inner_type:ident,)+
        })?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $type {
            $($(#[doc = $doc])+ pub $name: $value,)+
            $($($(#[$inner_meta])* pub $inner: $inner_type,)+)?
        }

        impl Default for $type {
            fn default() -> Self {
                Self {
                    $($name: <$value as SettingValue>::parse({
                        const DECLARED: $crate::settings::settings_macro::Declared = $declared;
                        DECLARED.default
                    }).expect("a test reads every default"),)+
                    $($($inner: $inner_type::default(),)+)?
                }
            }
        }

        impl Section for $type {
            fn settings() -> Vec<Setting> {
                #[allow(unused_mut, reason = "only the outermost section has others in it")]
                let mut settings = vec![$(Setting {
                    section: $section,
                    name: stringify!($name),
                    doc: &[$($doc),+],
                    values: <$value as SettingValue>::values,
                    names: <$value as SettingValue>::names,
                    declared: $declared,
                }),+];
                $($(settings.extend($inner_type::settings());)+)?
                settings
            }

            fn assign(&mut self, key: &str, text: &OsStr) -> Option<Result<(), InvalidValue>> {
                let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
                if section == $section {
                    return match name {
                        $(stringify!($name) => Some(
                            <$value as SettingValue>::parse_os(text)
                                .map(|value| self.$name = value)
                        ),)+
                        _ => None,
                    };
                }
                match section {
                    $($(stringify!($inner) => self.$inner.assign(key, text),)+)?
                    _ => None,
                }
            }

            fn copy(&mut self, key: &str, from: &Self) -> bool {
                let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
                if section == $section {
                    match name {
                        $(stringify!($name) => self.$name = from.$name.clone(),)+
                        _ => return false,
                    }
                    return true;
                }
                match section {
                    $($(stringify!($inner) => self.$inner.copy(key, &from.$inner),)+)?
                    _ => false,
                }
            }
        }
    };
}

pub(super) use settings;
