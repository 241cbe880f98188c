//! Whom a proxy lets pass: the last part of the path that it asks.

use std::str::FromStr;

use sessioning::{Demand, Namespace};

use crate::params::demand;

/// Whom to let pass. The default: who is logged in.
///
/// It is never in the query, to which a proxy may add the visitor's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Policy {
    /// Everybody, and the application is told nothing. Only the names of the headers are looked at.
    pub(crate) open: bool,
    /// Others, too; the application is told that they are nobody.
    pub(crate) anonymous: bool,
    /// Only those who authenticated like that.
    pub(crate) demand: Demand,
    /// Whose sessions count; `None` for the namespace of the proxy's key. (A header may be the visitor's.)
    pub(crate) namespace: Option<Namespace>,
}

impl FromStr for Policy {
    type Err = String;

    /// Reads `required`, `optional`, `open`, `quiet`, `max_age=15m`, `min_level=2` and `namespace=shop`, with commas between
    /// them.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "open" {
            return Ok(Self { open: true, ..Self::default() });
        }
        let (mut policy, mut max_age, mut min_level) = (Self::default(), None, None);
        let mut touch = None;
        for rule in text.split(',') {
            match rule.split_once('=') {
                None if rule == "required" => {}
                None if rule == "optional" => policy.anonymous = true,
                None if rule == "quiet" => touch = Some(false),
                Some(("max_age", age)) => max_age = Some(age),
                Some(("min_level", level)) => {
                    min_level = Some(level.parse().map_err(|_| "min_level must be an integer of 0 to 255")?);
                }
                Some(("namespace", name)) => {
                    policy.namespace = Some(name.parse().map_err(|error| format!("namespace: {error}"))?);
                }
                _ => return Err(format!("{rule:?} is not one: {KNOWN}")),
            }
        }
        policy.demand =
            demand(max_age, min_level, touch).map_err(|error| error.problem.detail.unwrap_or_default())?;
        if policy.anonymous && (max_age.is_some() || min_level.is_some()) {
            return Err("who may be anonymous need not have authenticated in any way".into());
        }
        Ok(policy)
    }
}

const KNOWN: &str = "known are required, optional, open (alone), quiet, max_age=15m, min_level=2, namespace=shop, with commas between them";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_policy_is_read_as_it_is_written() {
        let read = |text: &str| text.parse::<Policy>().unwrap();
        assert_eq!(read("required"), Policy::default());
        assert!(read("optional").anonymous);
        assert_eq!(read("open"), Policy { open: true, ..Policy::default() });
        let strict = read("max_age=15m,min_level=2,namespace=shop");
        let demand = Demand { max_age: Some(Duration::from_secs(900)), min_level: Some(2), quiet: false };
        assert_eq!(strict.demand, demand);
        assert_eq!(read("min_level=2,quiet").demand, Demand { min_level: Some(2), ..Demand::QUIET });
        assert!(read("optional,quiet").anonymous && read("quiet").demand.quiet);
        assert_eq!(strict.namespace, Some("shop".parse().unwrap()));
        assert!(!strict.anonymous);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for bad in [
            "",
            "Optional",
            "optional,",
            "anybody",
            "optional=",
            "max_age",
            "max_age=never",
            "min_level=256",
            "min_level=-1",
            "namespace=",
            "namespace=a b",
            "optional,min_level=2",
            "Open",
            "open,optional",
            "required,open",
            "open,namespace=shop",
            "open,quiet",
            "quiet=1",
        ] {
            assert!(bad.parse::<Policy>().is_err(), "{bad}");
        }
    }
}
