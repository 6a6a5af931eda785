//! Enumerations whose values have names: in files, options, tables and texts.

/// Declares an enumeration whose variants have names. What parses as a name prints as it.
macro_rules! choices {
    (
        $(#[$meta:meta])*
        pub enum $type:ident: $noun:literal {
            $($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $type {
            /// Every value, in the order of the tables.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in files, options and tables.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl $crate::choice::Choice for $type {
            fn documented() -> Vec<(&'static str, String)> {
                vec![$(($name, $crate::choice::joined(&[$($doc),+]))),+]
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let name = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                $crate::settings::values::SettingValue::parse(&name)
                    .map_err(::serde::de::Error::custom)
            }
        }

        impl $crate::settings::values::SettingValue for $type {
            const NOUN: &'static str = concat!("a ", $noun);

            fn values() -> String {
                $crate::choice::either(&[$($name),+])
            }

            fn names() -> Vec<&'static str> {
                vec![$($name),+]
            }

            fn parse(text: &str) -> Result<Self, $crate::settings::values::InvalidValue> {
                let found = Self::ALL.iter().copied().find(|choice| choice.name() == text);
                found.ok_or_else(|| $crate::settings::values::InvalidValue::new::<Self>(text))
            }
        }
    };
}

pub(crate) use choices;

/// An enumeration whose values have names.
pub(crate) trait Choice {
    /// The names, each with its documentation.
    fn documented() -> Vec<(&'static str, String)>;
}

/// Lines of documentation as one text.
pub(crate) fn joined(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// Names as alternatives: `a`, `b` or `c`.
pub(crate) fn either(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
