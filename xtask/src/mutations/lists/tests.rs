//! The tests that the lists name, mostly those that the fault table in `docs/durability.md` names.

use crate::mutations::Test;

const fn tree(name: &'static str) -> Test {
    Test {
        package: "rotortree-lean-imt",
        target: "lib",
        name,
    }
}

const fn wal(name: &'static str) -> Test {
    Test {
        package: "rotortree-wal",
        target: "wal",
        name,
    }
}

const fn store(target: &'static str, name: &'static str) -> Test {
    Test {
        package: "rotortree-store",
        target,
        name,
    }
}

const fn facade(target: &'static str, name: &'static str) -> Test {
    Test {
        package: "rotortree",
        target,
        name,
    }
}

pub(super) const TREE_ABORTED: Test = tree("an_aborted_write_is_overwritten_by_the_next");
pub(super) const TREE_ANY_NARROW: Test = tree("a_hasher_of_few_widths_verifies_the_n_that_it_has");
pub(super) const TREE_BASE: Test =
    tree("a_base_serves_what_memory_gives_back_and_no_node_is_lost_between_them");
pub(super) const TREE_BATCH: Test =
    tree("a_batch_gives_the_verdicts_that_its_proofs_get_one_by_one");
pub(super) const TREE_BEYOND: Test =
    tree("an_index_beyond_the_tree_brings_no_leaf_in_beside_a_proof_that_holds");
pub(super) const TREE_BOUNDARIES: Test = tree("everything_is_proved_at_every_boundary");
pub(super) const TREE_BYTES: Test = tree("every_proof_changed_in_any_way_is_refused");
pub(super) const TREE_BLOCKS: Test = tree("batches_on_several_threads_give_the_same_nodes");
pub(super) const TREE_BLOCKS_PANIC: Test = tree("a_panic_on_any_thread_leaves_the_tree_as_it_was");
pub(super) const TREE_CLONE: Test = tree("a_clone_grows_on_its_own");
pub(super) const TREE_COUNTS: Test =
    tree("counts_beyond_the_bytes_are_refused_before_anything_is_read");
pub(super) const TREE_EVERY_SIZE: Test =
    tree("one_leaf_at_a_time_gives_the_reference_at_every_size");
pub(super) const TREE_FIELDS: Test = tree("every_field_of_every_proof_changed_is_refused");
pub(super) const TREE_FRONTIER_HASHER: Test =
    tree("a_frontier_of_values_that_the_trees_hasher_refuses_starts_no_tree");
pub(super) const TREE_FRONTIER_HEAD: Test = tree("a_frontier_that_is_not_the_heads_is_refused");
pub(super) const TREE_GROWN: Test = tree("a_grown_segment_leaves_the_old_one_to_its_readers");
pub(super) const TREE_HASHER_INCLUSION: Test = tree("inclusion_proofs_name_what_is_refused");
pub(super) const TREE_INDICES: Test =
    tree("indices_and_ranges_that_are_none_are_refused_with_the_reason");
pub(super) const TREE_INNER_NODE: Test =
    tree("an_inner_node_accepted_as_a_leaf_is_refused_by_the_head");
pub(super) const TREE_LEVEL_END: Test =
    tree("reading_no_nodes_is_possible_up_to_the_end_of_a_level");
pub(super) const TREE_MULTI_FIELDS: Test =
    tree("every_field_of_every_multiproof_changed_is_refused");
pub(super) const TREE_NUMBERS: Test = tree("numbers_have_one_form");
pub(super) const TREE_OTHER_SIZE: Test =
    tree("a_head_of_another_size_is_refused_although_its_root_is_the_one_that_a_proof_leads_to");
pub(super) const TREE_PANIC: Test = tree("a_hasher_that_panics_leaves_the_tree_to_the_others");
pub(super) const TREE_RANGE_FIELDS: Test =
    tree("every_field_of_every_range_and_catch_up_proof_changed_is_refused");
pub(super) const TREE_REFUSED: Test = tree("a_proof_is_refused_with_the_reason");
pub(super) const TREE_REPLACED_LEAF: Test =
    tree("a_tree_with_one_old_leaf_replaced_has_no_transition");
pub(super) const TREE_SHARED_HASHER: Test =
    tree("a_fork_refuses_what_the_trees_hasher_refuses_and_is_told_by_its_fingerprint");
pub(super) const TREE_STAGED: Test = tree("staged_slots_are_not_readable_until_published");
pub(super) const TREE_UPDATE: Test = tree("proofs_that_do_not_hold_are_not_updated");
pub(super) const TREE_VIEWS: Test = tree("a_view_is_what_a_read_gives_or_nothing");

pub(super) const WAL_AFTER_CUT: Test =
    wal("after_damage_was_cut_the_segments_before_say_nothing_beyond_the_cut");
pub(super) const WAL_BEHIND: Test =
    wal("what_a_group_behind_the_first_invalid_one_attests_makes_it_damage");
pub(super) const WAL_BLANK: Test =
    wal("what_a_crashed_creation_leaves_is_blank_and_anything_else_is_not");
pub(super) const WAL_DAMAGE_OR_TEAR: Test =
    wal("a_flipped_bit_is_damage_up_to_what_is_attested_and_a_tear_behind_it");
pub(super) const WAL_EVERY_LENGTH: Test =
    wal("every_length_gives_a_prefix_and_says_what_it_cut_into");
pub(super) const WAL_FLIPPED: Test =
    wal("every_flipped_bit_behind_the_header_is_noticed_unless_it_is_padding");
pub(super) const WAL_GROUP_FIELDS: Test = wal("a_group_header_with_impossible_fields_is_no_group");
pub(super) const WAL_HEADER_BITS: Test = wal("every_flipped_bit_is_noticed");
pub(super) const WAL_HEADER_FIELDS: Test =
    wal("impossible_fields_are_refused_though_the_checksum_holds");
pub(super) const WAL_HOLES: Test = wal("holes_that_are_told_are_not_read_however_long_the_segment");
pub(super) const WAL_MISSING_BEFORE: Test =
    wal("a_segment_that_continues_from_beyond_the_one_before_is_damage");
pub(super) const WAL_MISSING_RECORD: Test = wal("a_record_that_is_missing_ends_the_log");
pub(super) const WAL_OTHER_SEGMENT: Test =
    wal("a_group_of_another_segment_never_passes_when_the_outer_header_is_gone");
pub(super) const WAL_OWN_ATTEST: Test = wal("a_group_never_attests_itself");
pub(super) const WAL_RECORD_LIMITS: Test = wal("limits_hold_for_records_that_are_all_there");
pub(super) const WAL_RECORD_SUM: Test =
    wal("records_that_do_not_add_up_to_their_group_are_refused");
pub(super) const WAL_RECORD_TWICE: Test = wal("a_record_that_stands_there_twice_ends_the_log");
pub(super) const WAL_REPLAY: Test = wal("replay_takes_each_needed_record_once_and_in_order");
pub(super) const WAL_SWAPPED_RECORDS: Test =
    wal("records_that_were_swapped_or_repeated_within_a_group_fail");
pub(super) const WAL_TAIL: Test =
    wal("an_invalid_tail_is_a_tear_above_what_is_attested_and_damage_below");
pub(super) const WAL_UNFINISHED: Test = wal("an_unfinished_batch_is_cut_as_a_whole");
pub(super) const WAL_UNREADABLE: Test =
    wal("an_unreadable_segment_is_damage_unless_a_later_one_goes_on_from_before_it");

pub(super) const BACKEND_CRASHES: Test = store(
    "backends_crash",
    "a_crash_at_any_operation_leaves_what_was_promised_and_nothing_in_part",
);
pub(super) const BACKEND_FAILED_SEGMENT: Test =
    store("backends_crash", "a_failed_segment_takes_nothing_more");
pub(super) const BACKEND_NOTHING: Test = store(
    "backends_crash",
    "a_write_that_writes_nothing_and_a_read_that_ends_early_are_errors",
);
pub(super) const BACKEND_SHORT: Test = store("backends_crash", "short_results_are_made_up_for");
pub(super) const BACKUP_COUNTS: Test = store(
    "memory",
    "a_backup_whose_counts_are_at_their_end_is_not_extended",
);
pub(super) const BACKUP_CRASHES: Test = store(
    "crash",
    "a_backup_survives_every_crash_and_every_failing_call_of_its_making",
);
pub(super) const BACKUP_REFUSED: Test = store(
    "engine",
    "a_backup_goes_neither_onto_another_trees_nor_onto_a_copy_of_the_tree_itself",
);
pub(super) const CHUNK_BITS: Test = store(
    "cold",
    "every_flipped_bit_of_a_chunk_is_found_and_other_chunks_are_served",
);
pub(super) const CHUNK_INCOMPLETE: Test = store(
    "cold",
    "a_chunk_whose_last_node_could_still_change_is_not_written",
);
pub(super) const CHUNK_MOVED: Test = store(
    "cold",
    "a_chunk_at_another_place_or_of_another_tree_is_refused",
);
pub(super) const CLOSED_BYTES: Test = store(
    "corruption",
    "any_byte_of_a_closed_store_changed_is_an_error_or_the_identical_tree",
);
pub(super) const CLOSING_FAILED: Test = store(
    "crash",
    "a_tree_that_failed_is_not_given_up_while_a_checkpoint_still_writes",
);
pub(super) const CLOSING_STREAM: Test = store(
    "panics",
    "closing_waits_for_a_batch_that_is_on_its_way_into_the_log",
);
pub(super) const CONTRACT: Test = store("backends", "files_keep_the_contract");
pub(super) const COUNTS: Test = store(
    "memory",
    "a_store_whose_counts_are_at_their_end_can_be_read_and_is_refused_for_writing",
);
pub(super) const CRAFTED_GROUP: Test = store(
    "corruption",
    "a_group_that_states_another_tree_than_its_records_make_is_refused",
);
pub(super) const CRAFTED_MANIFEST: Test = store(
    "corruption",
    "a_manifest_whose_checksum_holds_and_whose_fields_are_not_the_stores_is_refused",
);
pub(super) const CRAFTED_NODE: Test = store(
    "corruption",
    "a_node_that_leads_to_another_root_is_refused_without_verification_too",
);
pub(super) const CRAFTED_SEGMENT: Test = store(
    "corruption",
    "a_segment_that_continues_from_another_tree_is_refused",
);
pub(super) const EARLIER_MANIFEST: Test = store(
    "corruption",
    "a_manifest_of_an_earlier_time_is_an_error_or_the_identical_tree",
);
pub(super) const ENGINE_BACKUP: Test = store(
    "engine",
    "a_backup_is_a_tree_of_its_own_and_is_extended_by_what_is_new",
);
pub(super) const ENGINE_IDENTITY: Test =
    store("engine", "identity_is_checked_and_both_values_are_told");
pub(super) const EVERY_CRASH: Test = store(
    "crash",
    "every_crash_of_every_short_workload_leaves_a_prefix_with_everything_durable",
);
pub(super) const EXTENDS: Test = store(
    "cold",
    "a_manifest_of_another_tree_or_an_earlier_one_does_not_extend",
);
pub(super) const FAILING_CALLS: Test = store(
    "crash",
    "no_failing_call_loses_what_was_acknowledged_or_makes_anybody_hang",
);
pub(super) const FILES_CUT: Test = store(
    "corruption",
    "any_file_removed_emptied_or_cut_is_an_error_or_the_identical_tree",
);
pub(super) const FILES_REPLACED: Test = store(
    "corruption",
    "any_file_replaced_by_another_trees_or_an_older_one_is_never_a_wrong_tree",
);
pub(super) const FILES_SWAPPED: Test = store(
    "corruption",
    "any_two_files_swapped_are_an_error_or_the_identical_tree",
);
pub(super) const FIRST_SEGMENT: Test = store(
    "corruption",
    "a_first_segment_that_continues_from_elsewhere_than_the_checkpoint_is_refused",
);
pub(super) const FULL_DISK: Test =
    store("crash", "a_full_disk_is_an_error_and_a_later_open_is_clean");
pub(super) const HASHER_PANICS: Test = store(
    "panics",
    "a_hasher_that_panics_at_any_hash_of_a_batch_fails_the_tree_and_loses_nothing",
);
pub(super) const LARGE_LOG: Test = store(
    "crash",
    "what_a_long_log_holds_above_what_it_attests_is_copied_before_it_counts_as_durable",
);
pub(super) const LONG_LOG: Test = store(
    "long_log",
    "a_long_log_comes_back_as_it_was_wherever_it_is_cut_or_damaged",
);
pub(super) const LOCK_COPIES: Test = store(
    "lib",
    "a_lock_that_is_given_up_is_free_whatever_copies_of_it_are_open",
);
pub(super) const LOCK_FORKED: Test = store(
    "lib",
    "a_forked_child_that_drops_its_copy_of_the_lock_lets_nobody_in",
);
pub(super) const MANIFEST_BITS: Test = store("manifest", "every_flipped_bit_is_an_error");
pub(super) const MANIFEST_CLOSE: Test = store(
    "manifest",
    "an_end_of_the_log_that_contradicts_the_checkpoint_is_refused",
);
pub(super) const MANIFEST_FIELDS: Test = store(
    "manifest",
    "every_field_outside_its_range_is_refused_where_it_stands",
);
pub(super) const MANIFEST_LENGTHS: Test = store(
    "manifest",
    "lengths_beyond_what_is_left_are_refused_before_anything_is_allocated",
);
pub(super) const MARK_ALONE: Test = store(
    "corruption",
    "a_mark_alone_shows_that_a_manifest_named_the_segment",
);
pub(super) const MEANWHILE: Test = store(
    "crash",
    "a_checkpoint_whose_log_failed_meanwhile_does_not_commit",
);
pub(super) const MEANWHILE_METADATA: Test = store(
    "crash",
    "what_came_while_a_checkpoint_was_written_is_not_taken_for_durable",
);
pub(super) const OWNER_THREADS: Test = store(
    "backends_owner",
    "of_threads_that_race_for_a_directory_one_wins",
);
pub(super) const OWNER_UNLINKED: Test = store(
    "backends_owner",
    "another_process_is_kept_out_when_the_lock_file_was_removed",
);
pub(super) const PANIC_TOLD: Test = store("panics", "a_panic_while_inserting_ends_every_wait");
pub(super) const PINNED_CHUNK: Test = store(
    "engine",
    "a_damaged_chunk_of_a_level_that_is_held_in_memory_is_found_by_verification",
);
pub(super) const PLACE_MANIFEST: Test = store(
    "backends_place",
    "an_oversized_manifest_is_damage_and_not_read",
);
pub(super) const PLACE_PARTS: Test = store(
    "backends_place",
    "parts_of_a_store_without_its_manifest_are_told",
);
pub(super) const PLACE_SEGMENT: Test = store(
    "backends_place",
    "a_segment_that_was_emptied_is_an_error_that_names_it",
);
pub(super) const PLACE_SHARD: Test = store(
    "backends_place",
    "a_shard_that_was_cut_is_an_error_that_names_it",
);
pub(super) const READER_FAILED_SYNC: Test = store(
    "crash",
    "a_reader_shows_nothing_of_a_group_whose_sync_failed",
);
pub(super) const READER_KILLED: Test = store(
    "crash",
    "what_a_reader_was_shown_beside_an_opening_after_a_kill_survives_every_loss_of_power",
);
pub(super) const READER_RETRIES: Test = store(
    "crash",
    "a_reader_tries_again_when_the_writer_moves_on_beside_it",
);
pub(super) const RECOVERED_BYTES: Test = store(
    "corruption",
    "what_recovery_wrote_is_known_to_be_durable_from_the_start",
);
pub(super) const RECOVERED_SHOWN: Test = store(
    "engine",
    "readers_are_shown_what_an_opening_has_recovered_once_it_returns",
);
pub(super) const REFUSED_BATCH: Test = store(
    "engine",
    "a_batch_that_is_refused_is_refused_before_any_part_of_it_is_in_the_log",
);
pub(super) const SCRUB: Test = store(
    "corruption",
    "a_scrub_of_a_running_tree_finds_every_byte_of_chunks_and_manifest_that_has_changed",
);
pub(super) const SIZES_2: Test = store("cold", "every_node_at_every_pair_of_sizes_for_n_2");
pub(super) const STREAM_MISSING: Test =
    store("cold", "a_stream_that_is_missing_or_short_is_told_at_open");
pub(super) const UNKNOWN_MANIFEST: Test = store(
    "crash",
    "a_manifest_of_which_nobody_knows_whether_it_is_in_force_fails_the_tree_for_good",
);
pub(super) const VERIFY_EDGES: Test = store(
    "cold",
    "an_edge_node_that_does_not_follow_from_the_complete_nodes_is_named",
);
pub(super) const VERIFY_NODES: Test = store("cold", "every_changed_node_of_a_tree_is_named");
pub(super) const VIEWED_SHARD: Test =
    store("cold", "a_view_that_reaches_into_the_next_shard_is_none");

pub(super) const CHECKPOINT_METADATA: Test = facade(
    "durable",
    "a_checkpoint_covers_metadata_that_came_without_leaves",
);
pub(super) const DAMAGED_CHUNKS: Test = facade("durable", "damaged_chunks_are_found_when_opening");
pub(super) const DAMAGED_LOG: Test = facade("durable", "a_damaged_log_is_cut_kept_aside_and_told");
pub(super) const DURABLE_SNAPSHOT: Test = facade(
    "durable",
    "the_durable_snapshot_has_the_metadata_that_is_durable",
);
pub(super) const EXPECTED_HEAD: Test = facade("durable", "an_expected_head_must_be_in_the_tree");
pub(super) const FAILED_CHECKPOINT: Test = facade(
    "durable",
    "a_failed_checkpoint_is_told_and_the_tree_goes_on",
);
pub(super) const FOREIGN: Test = facade("durable", "a_directory_of_somebody_else");
pub(super) const FORK_BUSY: Test = facade(
    "fork",
    "no_child_of_a_busy_process_hangs_or_changes_its_parents_tree",
);
pub(super) const FORK_CLOSING: Test = facade(
    "fork",
    "a_parent_that_closes_frees_the_directory_while_its_children_live",
);
pub(super) const FORK_PENDING: Test = facade(
    "fork",
    "a_forked_child_writes_nothing_of_what_is_pending_and_unlocks_nothing",
);
pub(super) const FORK_THREADS: Test = facade(
    "fork",
    "a_child_does_on_its_one_thread_whatever_needs_no_other",
);
pub(super) const KILL: Test = facade(
    "kill",
    "a_killed_process_loses_nothing_that_it_was_told_is_durable",
);
pub(super) const MANY_THREADS: Test =
    facade("durable", "many_threads_at_the_bound_all_come_through");
pub(super) const NOTHING_MADE: Test = facade(
    "durable",
    "where_nothing_is_nothing_is_made_without_an_n_or_leave",
);
pub(super) const POOL_STOLEN: Test = facade(
    "durable",
    "inserting_batches_beside_inserts_that_wait_to_be_stolen_ends",
);
pub(super) const READER_ANOTHER: Test = facade(
    "durable",
    "a_reader_refuses_another_tree_that_took_the_place",
);
pub(super) const READER_BACK: Test = facade(
    "durable",
    "a_reader_never_goes_back_to_an_older_copy_of_the_tree",
);
pub(super) const READER_IDLE: Test = facade(
    "durable",
    "a_reader_sees_what_a_backup_made_durable_once_the_log_is_idle",
);
pub(super) const VIEWED_CHUNK: Test = facade(
    "durable",
    "without_verification_a_damaged_chunk_is_found_when_it_is_read",
);
