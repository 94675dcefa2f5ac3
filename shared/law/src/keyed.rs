//! Enums whose variants have one written form, the same in TOML, JSON and reasons.

/// A word that is none of the known ones. Holds the kind of word, never the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind}")]
pub struct UnknownKey {
    pub kind: &'static str,
}

/// Declares an enum with `ALL`, `key()`, `Display`, `FromStr`, `Serialize` and `Deserialize` over one list of keys.
macro_rules! keyed {
    ($(#[$meta:meta])* $name:ident, $kind:literal { $($(#[$note:meta])* $variant:ident = $key:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$note])* $variant),+ }

        impl $name {
            /// Every variant, in declared order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The written form.
            pub const fn key(self) -> &'static str {
                match self { $($name::$variant => $key),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.key())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::keyed::UnknownKey;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|word| word.key() == text)
                    .ok_or($crate::keyed::UnknownKey { kind: $kind })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.key())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use keyed;
