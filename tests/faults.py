"""Sixty-five things that go wrong: what should happen, and the tests in which it does.

A row says what is expected in one sentence and names tests that would fail if it were otherwise.
What a row leaves open stands in `later`, with the part of the house it waits for.
"""

from __future__ import annotations

from dataclasses import dataclass

CRASHES = "crashes/test_crashes.py"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        expected: What happens then, in one sentence.
        tests: Folder of tests, file and name, as `stories/test_intake.py::test_…`.
        later: What of it is not shown yet, and by what it will be; empty when all is.
    """

    expected: str
    tests: tuple[str, ...] = ()
    later: str = ""


def in_file(file: str, *names: str) -> tuple[str, ...]:
    """Tests of one file."""
    return tuple(f"{file}::test_{name}" for name in names)


def crash(*names: str) -> tuple[str, ...]:
    """Tests of a real process killed, and what is true after every such crash."""
    always = ("nothing_is_lost_and_nothing_happens_twice", "it_is_taken_up_in_time")
    return in_file(CRASHES, *names, *always)


FAULTS: dict[int, Fault] = {
    1: Fault(
        "Killed before the signature is checked: AgentPhone was told nothing, and comes again.",
        crash("what_was_not_stored_was_not_acknowledged_and_comes_again"),
    ),
    2: Fault(
        "Killed before the commit: the same.",
        crash("what_was_not_stored_was_not_acknowledged_and_comes_again"),
    ),
    3: Fault(
        "Killed between the commit and the 200: the redelivery is a duplicate, one turn.",
        crash("what_was_stored_and_not_acknowledged_comes_again_as_a_duplicate"),
    ),
    4: Fault(
        "Killed after the 200: nobody brings it again, and it is answered.",
        crash("what_was_acknowledged_is_answered_though_nobody_brings_it_again"),
    ),
    5: Fault(
        "Killed with the lease in hand or while the model thinks: the turn begins anew.",
        crash(
            "a_turn_in_which_nothing_was_done_yet_is_taken_from_the_beginning",
            "the_model_is_asked_again_only_when_its_answer_was_not_kept",
        ),
    ),
    6: Fault(
        "Killed in a tool: an idempotent one runs again, of any other the model is told.",
        crash(
            "a_tool_that_may_have_run_is_not_run_again_and_the_model_is_told",
            "a_tool_that_may_run_twice_is_run_again_without_a_question",
        )
        + in_file(
            "stories/test_resuming.py",
            "an_idempotent_tool_that_was_cut_off_is_run_again_under_the_same_call",
            "beside_it_a_tool_that_is_not_idempotent_is_unknown_and_not_run_again",
            "a_tool_that_was_cut_off_twice_is_not_tried_a_third_time",
        ),
    ),
    7: Fault(
        "Killed with bubbles written: they are sent as they were, and no model is asked.",
        crash(
            "words_that_were_written_are_sent_as_they_were_written",
            "the_model_is_not_asked_again_once_it_has_found_its_words",
        ),
    ),
    8: Fault(
        "Killed once a bubble may leave: it counts as gone, and is not sent again.",
        crash("words_that_may_have_left_are_never_sent_again_even_if_they_had_not"),
    ),
    9: Fault(
        "Killed with the bytes on the wire: found by reading back, not sent again.",
        crash("words_that_had_left_are_found_by_reading_back_and_not_sent_again"),
    ),
    10: Fault(
        "Killed with the answer read and not written: the same.",
        crash("words_that_had_left_are_found_by_reading_back_and_not_sent_again"),
    ),
    11: Fault(
        "Killed with the bubble confirmed: it is not touched again.",
        crash("what_was_sent_and_confirmed_is_not_touched_again"),
    ),
    12: Fault(
        "Killed around the saving of memory: it is saved, once.",
        crash(
            "a_memory_that_had_not_reached_agentphone_is_saved",
            "a_memory_that_had_reached_agentphone_is_found_there",
        ),
    ),
    13: Fault(
        "Killed when all is done: nothing more happens.",
        crash("a_settled_turn_stays_as_it_is", "every_promise_of_the_house_is_kept"),
    ),
    14: Fault(
        "The same delivery again and again, one after the other or at once: one row, one turn.",
        in_file("stories/test_intake.py", "a_webhook_that_comes_twice_is_one_turn")
        + in_file("memory/test_store.py", "the_same_delivery_at_once_from_many_tasks_is_one_row"),
    ),
    15: Fault(
        "The same body under another delivery id: one turn, counted as a replay.",
        in_file("stories/test_intake.py", "the_same_message_under_another_delivery_id_is_one_turn")
        + in_file(
            "stories/test_metrics.py",
            "a_recorded_webhook_under_another_id_a_loop_and_why_turns_were_dropped_are_counted",
        ),
    ),
    16: Fault(
        "Another body under a known delivery id: another message when it has an id of its own, "
        "otherwise kept aside and said aloud.",
        in_file(
            "stories/test_intake.py",
            "another_message_under_a_known_delivery_id_is_another_turn",
            "something_else_under_a_known_delivery_id_is_kept_and_not_answered",
        ),
    ),
    17: Fault(
        "A later text arrives first: in one turn they are in order; after its answer the earlier "
        "one is told as late, and nothing is answered again.",
        in_file(
            "stories/test_taking_turns.py",
            "what_arrives_out_of_order_is_read_in_the_order_it_was_written",
            "what_arrives_after_the_answer_to_a_later_text_is_told_as_late_and_answered_alone",
        ),
    ),
    18: Fault(
        "Eight photos are eight messages: they are one turn.",
        in_file(
            "stories/test_pictures.py",
            "a_carousel_of_eight_is_gathered_before_the_model_is_asked_again",
        )
        + in_file(
            "tools/test_pause.py",
            "a_photo_without_words_holds_it_two_seconds_for_others_may_follow",
        ),
    ),
    19: Fault(
        "They write again while we think or speak: what has not left is held back, what follows "
        "has heard everything.",
        in_file(
            "stories/test_eager.py",
            "a_correction_during_the_pause_is_answered_instead_of_what_it_corrects",
            "bubbles_that_have_not_left_when_they_write_again_come_back_to_the_model",
            "long_words_stop_in_the_middle_when_they_write_again",
            "in_a_group_whoever_asked_may_correct_themselves_before_the_answer",
        ),
    ),
    20: Fault(
        "A storm of deliveries: each is acknowledged once it is stored, or refused with 503 and a "
        "time before anything is promised.",
        in_file(
            "stories/test_overload.py",
            "a_storm_of_repeated_webhooks_is_one_turn_and_every_one_is_acknowledged",
            "more_than_can_wait_is_refused_before_anything_is_promised",
            "stop_and_help_are_answered_while_every_place_is_taken_by_thinking",
        )
        + in_file("memory/test_store.py", "a_full_queue_refuses_at_once"),
    ),
    21: Fault(
        "A clock ten minutes off: 401, and readiness names the clock, never a wider window.",
        in_file(
            "stories/test_intake.py",
            "a_clock_ten_minutes_off_is_refused_and_said_until_it_is_right",
            "one_recorded_webhook_replayed_for_ever_says_nothing_about_the_clock",
        )
        + in_file("phone/test_webhook.py", "five_minutes_either_way_are_tolerated"),
    ),
    22: Fault(
        "The former secret counts while it is listed, and no longer.",
        in_file(
            "phone/test_webhook.py",
            "the_former_secret_still_counts_while_it_is_listed",
            "nobody_can_sign_with_an_empty_secret",
        )
        + in_file("stories/test_secrets.py", "the_old_secret_is_accepted_for_a_day_after_a_change"),
    ),
    23: Fault(
        "A signature or time that is missing, doubled, empty or written otherwise: 401, no row.",
        in_file(
            "stories/test_intake.py",
            "what_is_not_signed_just_now_is_turned_away_and_not_kept",
            "a_header_that_stands_there_twice_counts_as_missing",
        )
        + in_file(
            "phone/test_webhook.py",
            "a_signature_written_any_other_way_is_refused",
            "a_timestamp_written_any_other_way_is_refused_even_when_signed",
            "whatever_arrives_verify_believes_it_or_says_bad_signature",
        ),
    ),
    24: Fault(
        "A signed body nobody can read: 200, and its bytes are kept for a person.",
        in_file(
            "stories/test_intake.py",
            "what_is_signed_and_cannot_be_read_is_kept_for_a_person_to_look_at",
            "half_an_emoji_a_nul_and_a_key_given_twice_cost_nobody_the_message",
        )
        + in_file(
            "phone/test_webhook.py",
            "what_nobody_can_read_is_bad_payload_and_nothing_worse",
            "any_bytes_are_read_or_are_bad_payload",
        ),
    ),
    25: Fault(
        "A body too large, too slow, lying or packed is turned away while it comes.",
        in_file("stories/test_intake.py", "a_body_larger_than_a_webhook_ever_is_is_turned_away")
        + in_file(
            "doors/test_doorway.py",
            "a_body_that_trickles_in_is_cut_off_and_holds_up_nobody",
            "a_body_that_keeps_coming_slowly_is_cut_off_as_well",
            "a_chunked_body_is_counted_as_it_comes",
            "a_chunk_that_lies_about_its_length_is_no_webhook",
            "a_body_that_ends_before_its_length_is_never_taken_for_whole",
            "a_packed_body_is_not_unpacked",
        ),
    ),
    26: Fault(
        "A NUL in a text: stored on both databases, the raw bytes as they came.",
        in_file(
            "memory/test_inbox.py",
            "a_nul_and_half_an_emoji_in_any_field_are_stored_in_a_form_the_database_takes",
        )
        + in_file(
            "stories/test_restraint.py", "a_nul_or_half_an_emoji_from_the_model_breaks_nothing"
        ),
    ),
    27: Fault(
        "Unicode of every kind is kept and reaches the model as written; no character of ours is "
        "torn.",
        in_file("memory/test_inbox.py", "emoji_and_right_to_left_text_are_kept_as_they_are")
        + in_file(
            "stories/test_history.py",
            "what_they_write_reaches_the_agent_untouched_and_never_among_its_instructions",
            "a_name_cannot_pose_as_our_own_words",
        )
        + in_file("tools/test_bubbles.py", "no_character_is_torn")
        + in_file("safety/test_untrusted.py", "what_hides_is_shown", "what_we_send_hides_nothing"),
    ),
    28: Fault(
        "An unknown event, unknown or missing fields: 200, kept, nothing started.",
        in_file(
            "stories/test_intake.py",
            "what_is_not_for_the_agent_to_answer_is_kept_and_starts_nothing",
            "an_older_payload_without_a_message_id_is_answered",
        )
        + in_file(
            "phone/test_webhook.py",
            "an_event_without_a_known_name_is_ignored_and_recorded",
            "an_odd_field_never_costs_us_the_message",
        ),
    ),
    29: Fault(
        "Only a photo is a message; nothing at all is none.",
        in_file("stories/test_pictures.py", "a_photo_without_words_is_seen_by_the_agent")
        + in_file("memory/test_inbox.py", "an_empty_message_is_stored_and_dropped"),
    ),
    30: Fault(
        "A photo that is gone, slow, too large, no photo, a bomb, or elsewhere: named, not shown, "
        "and the turn goes on.",
        in_file(
            "stories/test_pictures.py",
            "a_photo_that_cannot_be_fetched_delays_no_answer",
            "a_photo_too_large_to_fetch_is_named_and_not_shown",
            "an_attachment_that_is_no_photo_is_named_and_not_shown",
        )
        + in_file(
            "phone/test_media.py",
            "a_third_redirect_is_not_followed",
            "a_redirect_is_looked_at_like_any_address",
            "a_name_that_leads_inside_is_not_fetched",
            "only_https_to_the_public_is_fetched",
            "no_more_is_read_than_the_cap_and_one_chunk",
            "a_small_file_that_unfolds_into_a_large_one_is_refused",
        ),
    ),
    31: Fault(
        "A copy of our own message starts no turn, and confirms the bubble; one of a person's "
        "words keeps the agent silent.",
        in_file("stories/test_lost_answers.py", "a_copy_of_our_own_message_confirms_it")
        + in_file(
            "stories/test_elsewhere.py",
            "copies_of_what_the_agent_says_itself_silence_nobody",
            "somebody_who_writes_in_the_dashboard_has_the_conversation_for_a_while",
        )
        + in_file(
            "stories/test_intake.py",
            "what_is_not_for_the_agent_to_answer_is_kept_and_starts_nothing",
        ),
    ),
    32: Fault(
        "A message from a number of ours is never answered, and a machine not for long.",
        in_file(
            "stories/test_intake.py",
            "what_is_not_for_the_agent_to_answer_is_kept_and_starts_nothing",
        )
        + in_file(
            "stories/test_limits.py",
            "a_machine_that_answers_at_once_is_muted_for_an_hour_and_then_heard_again",
            "the_same_sentence_after_each_answer_is_a_machine",
        ),
    ),
    33: Fault(
        "A short code or a sender that takes no answer is not answered.",
        in_file("stories/test_limits.py", "who_is_not_to_be_answered_is_heard_and_gets_no_word")
        + in_file("safety/test_senders.py", "what_a_machine_sends_is_kept_and_gets_no_answer"),
    ),
    34: Fault(
        "A tapback that comes as a text is a tapback.",
        in_file(
            "stories/test_tapbacks.py",
            "a_tapback_that_comes_as_a_text_on_sms_answers_our_question",
            "a_tapback_that_comes_as_a_text_on_sms_is_otherwise_noted_and_not_answered",
            "a_text_that_only_looks_like_a_tapback_is_answered_on_first_contact",
        ),
    ),
    35: Fault(
        "Tapbacks on anything, by the dozen: kept, and nothing starts but by an answer to us.",
        in_file(
            "stories/test_tapbacks.py",
            "a_storm_of_tapbacks_on_what_we_never_saw_starts_nothing_and_opts_nobody_out",
            "any_other_tapback_starts_nothing_and_is_known_in_the_next_turn",
        )
        + in_file("phone/test_tapbacks.py", "a_tapback_taken_back_is_told_apart"),
    ),
    36: Fault(
        "A test webhook is kept and nobody is texted.",
        in_file(
            "stories/test_intake.py",
            "what_is_not_for_the_agent_to_answer_is_kept_and_starts_nothing",
        )
        + in_file("phone/test_webhook.py", "the_test_button_outranks_everything_else"),
    ),
    37: Fault(
        "A call is answered in words and never by text.",
        in_file(
            "stories/test_intake.py",
            "a_caller_hears_that_only_texts_are_read",
            "what_is_not_for_the_agent_to_answer_is_kept_and_starts_nothing",
        ),
    ),
    38: Fault(
        "A lively group of thirty-two: one answer to who asked, chatter holds up nobody.",
        in_file(
            "stories/test_groups.py",
            "a_lively_group_of_thirty_two_is_named_in_short_and_answered_once",
            "talk_that_is_not_meant_for_the_agent_is_left_alone_without_a_sign",
            "whoever_only_chatted_beside_was_not_answered",
        )
        + in_file(
            "stories/test_eager.py",
            "in_a_group_others_do_not_interrupt",
            "in_a_group_chatter_stops_no_bubble",
        )
        + in_file(
            "stories/test_limits.py",
            "a_group_has_a_limit_of_its_own_and_what_is_not_meant_for_us_uses_up_nothing",
        ),
    ),
    39: Fault(
        "A conversation that is gone, or whose person has another handle now: answered from what "
        "we know, where they write from.",
        in_file(
            "stories/test_history.py",
            "a_conversation_that_is_gone_at_agentphone_is_answered_from_what_we_know",
        )
        + in_file("memory/test_inbox.py", "the_latest_message_says_which_channel_and_handle_to_use")
        + in_file(
            "memory/test_mailboxes.py",
            "another_conversation_at_the_same_address_is_not_taken_for_it",
        ),
    ),
    40: Fault(
        "What a bubble replies to is gone: the same bubble once more, without the thread.",
        in_file(
            "stories/test_threads_and_effects.py",
            "a_reply_to_a_vanished_message_is_sent_once_without_the_thread",
        ),
    ),
    41: Fault(
        "A throttle is waited for as asked, within reason; past the bubble's time it expires.",
        in_file(
            "stories/test_refusals.py",
            "a_throttled_bubble_waits_as_long_as_asked_and_is_sent_once",
            "a_throttle_that_names_no_sensible_time_is_waited_for_a_second",
            "a_throttle_of_an_hour_is_not_waited_for",
            "a_throttle_that_never_ends_lets_the_bubble_expire",
            "while_agentphone_throttles_typing_and_tapbacks_are_left_out_and_words_go",
        )
        + in_file("phone/test_answers.py", "how_long_to_wait_is_read_in_seconds_with_a_bound"),
    ),
    42: Fault(
        "A definite refusal is not tried again; a wrong key or an empty balance stops all sending.",
        in_file(
            "stories/test_refusals.py",
            "words_refused_a_second_time_end_the_turn_as_failed",
            "an_anti_spam_cap_is_never_tried_again",
            "without_money_or_key_sending_pauses_and_the_words_go_out_once_mended",
        ),
    ),
    43: Fault(
        "An answer that leaves it open: never sent again.",
        in_file("stories/test_at_most_once.py", "what_may_have_gone_out_is_never_sent_again")
        + in_file(
            "phone/test_answers.py",
            "an_answer_that_does_not_say_leaves_the_send_open",
            "a_yes_that_cannot_be_read_leaves_the_send_open",
            "a_line_that_broke_after_the_first_byte_leaves_the_send_open",
        ),
    ),
    44: Fault(
        "No byte left: sent when the line is back.",
        in_file(
            "stories/test_at_most_once.py",
            "what_certainly_never_left_is_sent_when_the_line_is_back",
        )
        + in_file("phone/test_answers.py", "a_line_that_was_never_made_means_nothing_was_sent"),
    ),
    45: Fault(
        "Taken and failed, at once or later: told to the agent, not sent again.",
        in_file(
            "stories/test_at_most_once.py",
            "a_yes_that_says_it_failed_is_told_to_the_agent_and_not_sent_again",
            "what_the_carrier_could_not_deliver_later_is_not_sent_again",
        )
        + in_file(
            "stories/test_lost_answers.py",
            "what_agentphone_took_and_could_not_deliver_is_told_in_the_next_turn_and_once",
        ),
    ),
    46: Fault(
        "A model that fails is asked again, then the next one, then we say so, once an outage; "
        "words that broke off come back.",
        in_file(
            "stories/test_model_failures.py",
            "a_model_that_fails_for_a_moment_is_asked_again",
            "the_next_model_of_the_chain_answers_at_once",
            "a_model_that_stays_away_is_owned_up_to_once_in_an_outage",
        )
        + in_file(
            "stories/test_restraint.py",
            "words_that_broke_off_come_back_once_to_be_said_shorter",
            "an_answer_of_which_nothing_was_left_is_owned_up_to",
            "an_answer_that_was_filtered_away_is_owned_up_to_once",
        )
        + in_file("stories/test_delivery.py", "an_empty_answer_is_asked_about_once"),
    ),
    47: Fault(
        "Arguments that are none, a tool there is not, a megabyte: told, not acted on.",
        in_file(
            "stories/test_restraint.py",
            "arguments_that_are_none_are_told_and_never_acted_upon",
            "a_call_that_broke_off_is_not_made_and_is_owned_up_to",
            "a_megabyte_is_not_texted_and_comes_back",
        )
        + in_file(
            "stories/test_delivery.py",
            "a_tool_there_is_not_is_said_to_be_none_and_the_turn_goes_on",
            "the_same_mistake_over_and_over_ends_the_turn",
        ),
    ),
    48: Fault(
        "A loop of tool calls is brought to an answer, and what hangs to its end.",
        in_file(
            "stories/test_restraint.py",
            "an_endless_loop_of_tool_calls_is_brought_to_an_answer",
            "the_same_call_over_and_over_is_made_three_times_and_no_more",
            "no_more_than_twelve_calls_are_made_however_many_come_at_once",
            "a_model_that_cannot_be_stopped_otherwise_is_owned_up_to",
        )
        + in_file(
            "stories/test_time_of_a_turn.py",
            "a_model_that_hangs_is_owned_up_to_after_a_minute_and_the_next_text_is_answered",
            "a_tool_that_hangs_is_cut_off_and_nobody_knows_whether_it_happened",
        )
        + in_file(
            "stories/test_limits.py",
            "a_turn_that_has_had_its_tokens_gets_no_more_tools_and_ends_with_words",
            "tokens_and_dollars_are_counted_and_let_no_more_turn_begin_once_used_up",
        ),
    ),
    49: Fault(
        "Forty bubbles are no flood, and no words at all are silence with its reason.",
        in_file(
            "stories/test_restraint.py",
            "forty_bubbles_are_twelve_and_the_words_at_the_end",
        )
        + in_file("stories/test_delivery.py", "a_second_empty_answer_is_silence")
        + in_file(
            "stories/test_links.py", "a_model_that_insists_loses_the_link_and_keeps_its_words"
        ),
    ),
    50: Fault(
        "A person edits the metadata while we think: theirs wins, and foreign keys stay.",
        in_file(
            "stories/test_memory.py",
            "what_a_person_edits_while_the_agent_thinks_is_kept_beside_what_it_noted",
            "what_a_person_edits_between_two_turns_wins",
            "keys_of_others_are_kept_as_they_were",
        ),
    ),
    51: Fault(
        "Metadata of any shape, deleted, too large or of a newer version: kept aside or left "
        "alone, and the turn goes on.",
        in_file(
            "stories/test_memory.py",
            "metadata_of_any_shape_fails_no_turn",
            "what_a_newer_version_wrote_is_read_and_left_alone",
        )
        + in_file("stories/test_memory_trouble.py", "a_deleted_memory_is_restored_at_the_next_turn")
        + in_file(
            "memory/test_remembering.py",
            "beside_too_much_of_others_nothing_is_written_until_there_is_room",
        ),
    ),
    52: Fault(
        "Memory that cannot be saved is saved later; the turn is settled all the same.",
        in_file(
            "stories/test_memory_trouble.py",
            "a_turn_that_cannot_save_is_settled_all_the_same",
            "a_memory_that_could_not_be_saved_is_saved_within_a_minute_without_a_turn",
            "a_save_whose_answer_was_lost_counts_once",
        ),
    ),
    53: Fault(
        "Typing, tapbacks and backgrounds that fail or hang hold up no bubble.",
        in_file(
            "stories/test_typing.py",
            "typing_that_hangs_delays_nothing",
            "typing_that_fails_breaks_nothing",
        )
        + in_file(
            "stories/test_backgrounds.py",
            "a_tapback_and_a_background_that_hang_are_given_up",
        )
        + in_file("stories/test_tapbacks.py", "a_tapback_that_fails_is_told_and_not_repeated"),
    ),
    54: Fault(
        "A full or read-only disk: 503, not ready, nothing sent, and it goes on by itself.",
        in_file(
            "stories/test_overload.py",
            "on_a_full_disk_a_webhook_is_asked_for_again_and_goes_through_when_there_is_room",
            "a_database_that_may_only_be_read_refuses_webhooks_until_it_may_be_written_again",
            "nothing_is_sent_that_could_not_be_written_first_and_it_is_sent_once_when_it_can",
        )
        + in_file("doors/test_trouble.py", "a_disk_without_room_answers_503_and_goes_on_by_itself"),
    ),
    55: Fault(
        "A file that is locked, damaged, served already or on a network disk: waited for, or "
        "refused by name.",
        in_file(
            "doors/test_trouble.py",
            "a_damaged_file_is_refused_by_name_and_left_as_it_is",
            "a_second_server_on_the_same_file_is_refused_and_commands_are_not",
        )
        + in_file(
            "memory/test_store.py",
            "a_database_that_somebody_else_has_locked_is_unavailable",
            "sqlite_keeps_what_it_promised_through_a_power_cut",
        )
        + in_file(
            "memory/test_disks.py",
            "a_database_on_a_network_disk_is_refused_with_the_fix",
            "serve_and_restore_refuse_it_and_the_doctor_says_so",
        ),
    ),
    56: Fault(
        "The line to Postgres breaks in a commit: found done, or treated as sent.",
        in_file(
            "memory/test_lost_commits.py",
            "a_dispatch_whose_commit_was_lost_is_found_done_and_leaves_once",
            "a_dispatch_nobody_can_find_out_about_is_unknown_to_the_next_worker",
            "bubbles_whose_commit_was_lost_are_written_once",
            "a_message_whose_commit_was_lost_is_stored_once",
        )
        + in_file(
            "doors/test_trouble.py",
            "a_postgres_that_goes_away_and_comes_back_needs_no_restart_of_ours",
        ),
    ),
    57: Fault(
        "Whoever held a conversation and was paused past the lease writes and sends nothing more.",
        in_file(
            "memory/test_leaving.py",
            "nothing_is_written_and_nothing_leaves_for_who_lost_the_conversation",
        )
        + in_file(
            "memory/test_turns.py",
            "an_expired_lease_is_anybodys_and_fences_the_one_who_had_it",
        )
        + in_file("simulation/test_simulation.py", "every_promise_is_kept_whatever_happens"),
    ),
    58: Fault(
        "SIGTERM: turns under way settle, nothing acknowledged is lost.",
        in_file("doors/test_serve.py", "sigterm_finishes_the_turn_under_way")
        + in_file(
            "doors/test_trouble.py",
            "what_was_acknowledged_is_answered_although_the_server_is_stopped_under_load",
        )
        + in_file("stories/test_taking_turns.py", "a_stop_lets_a_turn_under_way_settle"),
    ),
    59: Fault(
        "Longer away than webhooks are repeated: read back; what is fresh is answered.",
        in_file(
            "stories/test_catch_up.py",
            "a_text_written_while_we_were_away_is_answered_at_the_next_start",
            "what_is_older_than_fifteen_minutes_is_not_answered_and_yet_known",
            "a_webhook_that_was_given_up_is_noticed_within_a_minute",
        ),
    ),
    60: Fault(
        "Equal times, more than a page: nothing is lost and nothing comes twice.",
        in_file(
            "stories/test_catch_up.py",
            "more_than_a_page_is_read_and_texts_of_the_same_moment_are_all_there",
        )
        + in_file(
            "phone/test_paging.py",
            "whatever_the_ties_nothing_is_lost_and_nothing_comes_twice",
            "messages_of_one_instant_that_straddle_a_page_are_all_read",
        ),
    ),
    61: Fault(
        "STOP while we think or speak: what has not left does not leave, one confirmation.",
        in_file(
            "stories/test_consent.py",
            "stop_while_the_agent_thinks_cancels_its_answer_and_is_confirmed_once",
        )
        + in_file(
            "memory/test_inbox.py",
            "stop_cancels_what_has_not_left_on_every_number_and_only_that",
        )
        + in_file("memory/test_leaving.py", "after_a_stop_only_its_notice_leaves"),
    ),
    62: Fault(
        "STOP however it is dressed; not inside a sentence.",
        in_file(
            "safety/test_consent.py",
            "a_stop_word_counts_however_it_is_dressed",
            "nothing_invisible_or_punctuating_hides_a_stop_word",
            "a_stop_word_inside_a_sentence_is_conversation",
        )
        + in_file(
            "safety/test_revoking.py",
            "whoever_speaks_of_the_texts_is_heard_everywhere",
            "letters_that_look_like_those_of_stop_do",
            "conversation_opts_nobody_out",
        )
        + in_file("stories/test_consent.py", "stop_in_other_words_is_obeyed_without_a_model"),
    ),
    63: Fault(
        "A restored database sends nothing old, and knows who has said STOP since.",
        in_file(
            "stories/test_lost_answers.py",
            "after_a_restore_what_waited_to_be_sent_has_expired_and_is_never_sent",
        )
        + in_file("stories/test_taking_turns.py", "a_bubble_whose_time_is_up_is_not_sent_late")
        + in_file(
            "stories/test_restored.py",
            "a_backup_from_the_middle_of_a_turn_sends_nothing_old_and_hears_what_was_missed",
        )
        + in_file(
            "memory/test_copies.py",
            "what_was_put_back_is_not_served_until_it_was_restored",
            "opt_outs_since_the_backup_are_kept_from_the_old_file_and_from_agentphone",
        )
        + in_file(
            "memory/test_erasing.py",
            "a_stop_of_somebody_erased_survives_a_restore_of_a_copy_that_knows_neither",
        ),
    ),
    64: Fault(
        "Quiet hours are theirs, also when the clocks change; no time of ours is local.",
        in_file("test_architecture.py", "types_and_style_are_clean")
        + in_file("phone/test_webhook.py", "times_are_read_in_utc_and_without_a_zone_mean_utc")
        + in_file(
            "safety/test_quiet_hours.py",
            "the_change_of_the_clocks_moves_them_with_the_people",
            "it_has_to_be_day_in_every_zone_they_may_be_in",
        ),
    ),
    65: Fault(
        "Words that pose as instructions reach nothing beyond their conversation.",
        in_file(
            "stories/test_history.py",
            "what_they_write_reaches_the_agent_untouched_and_never_among_its_instructions",
            "a_name_cannot_pose_as_our_own_words",
        )
        + in_file("stories/test_memory.py", "what_two_conversations_remember_stays_apart")
        + in_file("injections/test_injections.py", "nothing_crosses_and_nothing_leaves"),
    ),
}
