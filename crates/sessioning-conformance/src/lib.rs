//! The store contract as tests. A store's test file is its constructor and one line:
//!
//! ```ignore
//! sessioning_conformance::store_tests!(async || Some(Subject::new(MyStore::new(), ())));
//! ```
//!
//! Each sentence of [`Store`]'s documentation is a case here. Cases count what they did and fail on wrong
//! answers; none sleeps, none measures time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test suite: a panic is how a case fails")]
#![expect(missing_docs, reason = "a case's name is its sentence")]

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use sessioning::Store;

pub mod insert;
pub mod lifecycle;
pub mod limit;
pub mod list;
pub mod promises;
pub mod purge;
pub mod race;
pub mod random;
pub mod read;
pub mod remove;
pub mod replace;
pub mod revoke;
pub mod sample;
pub mod touch;

/// A store under test, and what has to live as long as it does, such as its directory.
pub struct Subject {
    store: Arc<dyn Store>,
    _keep: Box<dyn Any + Send + Sync>,
}

impl Subject {
    /// That store; `keep` is dropped after it.
    pub fn new(store: impl Store, keep: impl Any + Send + Sync) -> Self {
        Self { store: Arc::new(store), _keep: Box::new(keep) }
    }

    /// The store, to be shared by tasks.
    #[must_use]
    pub fn share(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }
}

impl Deref for Subject {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

/// Makes a test of every case, on a [`Subject`] that the given function makes anew for each; `None` skips the case,
/// where there is no server to try it on.
///
/// A store that does not support everything names the cases it keeps: `store_tests! { only make; insert: [..], }`.
#[macro_export]
macro_rules! store_tests {
    (only $make:expr; $($module:ident: [$($case:ident),* $(,)?]),* $(,)?) => {
        $(mod $module {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    let make = $make;
                    if let Some(subject) = make().await {
                        $crate::$module::$case(subject).await;
                    }
                }
            )*
        })*
    };
    ($make:expr) => {
        $crate::store_tests! { only $make;
            insert: [
                what_was_inserted_is_found,
                the_store_numbers_records_in_the_order_of_inserts,
                a_taken_id_changes_nothing,
                of_two_inserts_of_one_id_one_is_done,
            ],
            read: [
                an_unknown_id_is_none,
                what_is_stored_is_returned_whatever_accept_says,
                a_store_has_one_key_of_its_own,
                a_store_in_use_is_ready,
            ],
            replace: [
                a_replace_moves_the_version_on,
                a_replace_keeps_what_never_changes,
                a_replace_of_another_version_is_stale,
                a_replace_never_creates,
                a_replace_never_lowers_the_last_use,
                of_two_replaces_of_one_version_one_is_done,
            ],
            touch: [
                a_touch_is_due_after_exactly_the_interval,
                a_touch_changes_nothing_but_the_last_use,
                a_touch_never_creates,
                a_touch_never_goes_back,
            ],
            remove: [
                what_was_removed_is_gone,
                removing_what_is_gone_is_no_error,
                a_removal_that_nobody_waits_for_still_ends,
                an_insert_that_nobody_waits_for_still_ends,
                a_removal_and_a_touch_together_leave_nothing,
                a_removal_and_a_replace_together_leave_nothing,
            ],
            revoke: [
                a_user_is_revoked_completely_and_alone,
                a_revocation_keeps_the_one_it_was_told_to,
                a_revoked_user_may_come_back,
                revoking_nobody_is_no_error,
                a_revocation_that_keeps_none_ends_what_another_keeps,
                a_revocation_is_complete_under_concurrent_inserts,
                everyone_is_ended_at_once,
                everyone_of_one_namespace_is_ended_alone,
                nothing_brings_back_what_ended_with_everyone,
            ],
            list: [
                a_list_holds_the_owners_records_in_the_order_of_ids,
                a_list_is_paged_from_where_it_says,
                many_that_are_gone_end_no_list_too_early,
                owners_whose_names_begin_alike_are_apart,
                what_is_gone_is_not_listed,
            ],
            purge: [
                nothing_is_purged_before_its_date,
                what_was_used_is_purged_later,
                what_never_ends_is_never_purged,
                what_was_replaced_is_purged_by_its_new_end,
                a_purge_is_bounded_and_says_when_there_is_more,
                a_purge_removes_no_live_record_under_a_removed_ones_date,
                what_comes_to_stand_under_an_earlier_date_is_purged,
            ],
            limit: [
                the_oldest_leave_by_order_of_inserts,
                a_limit_may_refuse,
                only_live_records_count,
                parallel_inserts_never_exceed_a_limit_that_evicts,
                parallel_inserts_never_exceed_a_limit_that_refuses,
            ],
            race: [once_gone_gone],
            random: [random_operations_answer_as_memory_does],
        }
    };
}
