//! The contract on MongoDB, concept layout: all of it but what needs another namespace or a new token for a session.

mod support;

use sessioning_conformance::{Subject, store_tests};
use sessioning_mongodb::Layout;

store_tests! { only async || Some(Subject::new(support::store(Layout::Concept).await?, ()));
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
    replace: [a_replace_of_another_version_is_stale, a_replace_never_creates],
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
        a_revocation_keeps_the_one_it_was_told_to,
        a_revoked_user_may_come_back,
        revoking_nobody_is_no_error,
        a_revocation_that_keeps_none_ends_what_another_keeps,
        a_revocation_is_complete_under_concurrent_inserts,
        nothing_brings_back_what_ended_with_everyone,
    ],
    list: [a_list_is_paged_from_where_it_says, what_is_gone_is_not_listed],
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
}
