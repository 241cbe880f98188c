//! Reads what serde would take in more forms than the wire has.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// An object, if there is one: a list would do for a struct as well, by position, and is a mistake.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(from)?.map(|Object(object)| object))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }
        from.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// One of several words, as text alone: `{"everyone": null}` would do for `"everyone"` as well, and is a mistake.
pub(crate) fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(from)?.into_deserializer())
}

/// A whole number however JSON writes it: 2 and 2.0 are one.
pub(crate) fn level<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let wrong = || de::Error::custom("must be an integer of 0 to 255");
    let number = f64::deserialize(from).map_err(|_| wrong())?;
    (0..=u8::MAX).find(|level| f64::from(*level) == number).ok_or_else(wrong)
}

pub(crate) fn optional_level<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u8>, D::Error> {
    #[derive(Deserialize)]
    struct Level(#[serde(deserialize_with = "level")] u8);
    Ok(Option::<Level>::deserialize(from)?.map(|Level(level)| level))
}
