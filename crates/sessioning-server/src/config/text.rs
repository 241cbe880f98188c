//! Values that are text in the file and types in the program, by their own `Display` and `FromStr`.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serializer, de};

pub(super) fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

pub(super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    String::deserialize(from)?.parse().map_err(de::Error::custom)
}

pub(super) mod optional {
    //! The same where the value may be missing.

    use super::{Deserializer, Display, FromStr, Serializer};

    pub(in super::super) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        super::deserialize(from).map(Some)
    }
}

pub(super) mod list {
    //! The same for several values.

    use super::{Deserialize, Deserializer, Display, FromStr, Serializer, de};

    pub(in super::super) fn serialize<T: Display, S: Serializer>(
        values: &[T],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(in super::super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<T>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
    }
}

/// A module for a type that knows no text itself: its values and their names.
macro_rules! named {
    ($module:ident, $type:ty: $($value:path = $name:literal),+ $(,)?) => {
        pub(super) mod $module {
            use super::{Deserialize, Deserializer, Serializer, de};

            pub(in super::super) fn serialize<S: Serializer>(value: &$type, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(match value {
                    $($value => $name,)+
                })
            }

            pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                match String::deserialize(from)?.as_str() {
                    $($name => Ok($value),)+
                    other => Err(de::Error::unknown_variant(other, &[$($name),+])),
                }
            }
        }
    };
}

named!(on_limit, sessioning::OnLimit:
    sessioning::OnLimit::EvictOldest = "evict-oldest",
    sessioning::OnLimit::Refuse = "refuse",
);
named!(same_site, sessioning_api::SameSite:
    sessioning_api::SameSite::Strict = "strict",
    sessioning_api::SameSite::Lax = "lax",
    sessioning_api::SameSite::None = "none",
);
