//! What the measurements share.

use std::error::Error;

use sessioning::{NewSession, Owner, SessionToken, Sessioning};
use tokio::task::JoinSet;

/// What a measurement comes to, or why it could not be made.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How many creates wait for their answer at once.
const CREATING: usize = 512;

/// Creates that many sessions, each of the owner that its number gives; their tokens, in any order.
///
/// # Errors
///
/// The first create's that failed.
pub async fn fill(
    sessioning: &Sessioning,
    count: usize,
    new: &NewSession,
    owner: impl Fn(usize) -> Result<Owner>,
) -> Result<Vec<SessionToken>> {
    let mut tokens = Vec::with_capacity(count);
    let mut creating = JoinSet::new();
    for number in 0..count {
        if creating.len() == CREATING
            && let Some(created) = creating.join_next().await
        {
            tokens.push(created??);
        }
        let (sessioning, owner, new) = (sessioning.clone(), owner(number)?, new.clone());
        creating.spawn(async move {
            let created = sessioning.create(owner, new).await;
            created.map(|created| created.token).map_err(|error| error.to_string())
        });
    }
    while let Some(created) = creating.join_next().await {
        tokens.push(created??);
    }
    Ok(tokens)
}

/// How much memory this process holds by now, in MiB; `None` where the system does not say.
#[must_use]
pub fn resident_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}

/// The middle one of several runs.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
