//! What entries take in memory: every allocation that one holds, as the allocator rounds it.

use std::sync::Arc;

use super::Entry;
use crate::{Record, SessionId};

/// A record and the two counters of its `Arc`.
const SHARED_RECORD: usize = allocated(size_of::<Record>() + 2 * size_of::<usize>());
/// A node of the order: key, value, and pointers to its neighbours.
const NODE: usize = allocated(size_of::<SessionId>() + size_of::<Entry>() + 2 * size_of::<usize>());
/// A place in the map: pointers to the key and to the node, and a byte of control.
const PLACE: usize = 2 * size_of::<usize>() + 1;

/// What an entry takes; the same for every record that differs in times only.
pub(super) fn weight(record: &Arc<Record>) -> usize {
    let metadata = [record.metadata.ip(), record.metadata.user_agent(), record.metadata.label()];
    let owner = [record.owner.user().as_str(), record.owner.namespace().as_str()];
    let data = if record.data.is_empty() { 0 } else { record.data.to_json().len() };
    let texts = owner.into_iter().chain(metadata.into_iter().flatten()).map(str::len);
    let methods = record.methods.iter().map(|method| method.len());
    let sizes = texts.chain(methods).chain([data, size_of_val(&*record.methods)]);
    SHARED_RECORD + NODE + sizes.map(allocated).sum::<usize>()
}

/// What the map takes that has held that many entries.
///
/// It doubles when seven of eight places are taken, and once more when removals have used the rest up.
pub(super) fn table(most_entries: usize) -> usize {
    allocated(2 * (most_entries * 8).div_ceil(7).next_power_of_two() * PLACE)
}

/// What an allocator takes for so many bytes: a word of its own, in steps of 16, and 32 at least.
const fn allocated(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1..=24 => 32,
        more => (more + size_of::<usize>()).next_multiple_of(16),
    }
}
