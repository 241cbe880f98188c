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

pub(super) mod on_limit {
    //! The domain's type knows no text, which is the configuration's business.

    use sessioning::OnLimit;

    use super::{Deserialize, Deserializer, Serializer, de};

    pub(in super::super) fn serialize<S: Serializer>(value: &OnLimit, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(match value {
            OnLimit::EvictOldest => "evict-oldest",
            OnLimit::Refuse => "refuse",
        })
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<OnLimit, D::Error> {
        match String::deserialize(from)?.as_str() {
            "evict-oldest" => Ok(OnLimit::EvictOldest),
            "refuse" => Ok(OnLimit::Refuse),
            other => Err(de::Error::unknown_variant(other, &["evict-oldest", "refuse"])),
        }
    }
}
