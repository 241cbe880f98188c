//! How many of the connections one address may hold.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One address's share of the connections. In the file it is a number, or text as it is displayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressShare {
    /// A quarter of them.
    #[default]
    Quarter,
    /// All of them.
    All,
    /// That many.
    Number(usize),
}

impl AddressShare {
    /// The number, where there may be `connections` in all; at least one.
    #[must_use]
    pub fn of(self, connections: usize) -> usize {
        match self {
            Self::Quarter => connections.div_ceil(4),
            Self::All => connections,
            Self::Number(number) => number,
        }
        .max(1)
    }
}

impl FromStr for AddressShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("quarter", _) => Ok(Self::Quarter),
            ("all", _) => Ok(Self::All),
            (_, Ok(number @ 1..)) => Ok(Self::Number(number)),
            _ => Err(format!("{text:?} is not a number of at least 1, quarter or all")),
        }
    }
}

impl fmt::Display for AddressShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quarter => f.write_str("quarter"),
            Self::All => f.write_str("all"),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl Serialize for AddressShare {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AddressShare {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        let text = match Written::deserialize(from)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_number_a_quarter_or_all() {
        for (text, of_hundred) in [("quarter", 25), ("all", 100), ("7", 7)] {
            let share: AddressShare = text.parse().unwrap();
            assert_eq!((share.to_string().as_str(), share.of(100)), (text, of_hundred));
        }
        assert_eq!(AddressShare::Quarter.of(1), 1);
        for wrong in ["0", "-1", "half", ""] {
            assert!(wrong.parse::<AddressShare>().unwrap_err().contains("quarter or all"), "{wrong}");
        }
        let file: crate::config::Config = toml::from_str("[limits]\nconnections_per_address = 9").unwrap();
        assert_eq!(file.limits.connections_per_address, AddressShare::Number(9));
    }
}
