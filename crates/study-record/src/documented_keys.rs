//! Files in JSON whose keys are declared with their documentation.

/// Declares an object of a JSON file with the documentation of its keys.
macro_rules! documented_keys {
    (
        $(#[$meta:meta])*
        pub struct $type:ident { $($(#[doc = $doc:literal])+ $key:ident: $value:ty,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $type {
            $($(#[doc = $doc])+ pub $key: $value,)+
        }

        impl $type {
            /// The name and the documentation of each key, line by line.
            pub const KEYS: &'static [(&'static str, &'static [&'static str])] =
                &[$((stringify!($key), &[$($doc),+])),+];
        }
    };
}

pub(crate) use documented_keys;
