//! How many files the engine keeps open, and what else it opens.

/// The most tables that the engine keeps open, however many files the process may open.
const MOST_TABLES: u64 = 900;
/// The fewest that the engine accepts.
const FEWEST_TABLES: u64 = 16;
/// What is open for a while only: journals, what a compaction reads and writes, versions, the question for space.
const MOST_OTHERS: u64 = 64;

/// The tables that may stay open at once, of `limit` files that the process may open.
pub(super) fn tables(limit: u64) -> usize {
    small((limit / 4).clamp(FEWEST_TABLES, MOST_TABLES))
}

/// The most files that an open store uses, of `limit` that the process may open.
pub(super) fn needed(limit: u64) -> usize {
    tables(limit) + small((limit / 8).clamp(MOST_OTHERS / 2, MOST_OTHERS))
}

fn small(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// How many files this process may open; `None` if that is not known or not limited.
pub(super) fn limit() -> Option<u64> {
    #[cfg(unix)]
    {
        rustix::process::getrlimit(rustix::process::Resource::Nofile).current
    }
    #[cfg(not(unix))]
    {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_leaves_half_of_the_files_to_others_where_there_are_few() {
        for limit in [256, 1024, 4096, 20_000, 1 << 30] {
            let needed = needed(limit);
            assert!(u64::try_from(needed).unwrap() <= limit / 2, "{needed} of {limit}");
            assert!(needed <= 964);
        }
        assert_eq!(tables(64), 16, "the engine takes no fewer than 10");
        assert_eq!(tables(u64::MAX), 900);
    }
}
