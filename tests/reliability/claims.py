"""The table of docs/explanation/reliability.md: each claim, and the tests that show it.

`python -m tests.reliability.claims` writes the table again, below the figures of the last run.
"""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "reliability.md"
HEADING = "\n## Tests of each promise\n"

STATE, PLATFORM = "tests/platform/state", "tests/platform"
HTTP = "tests/platform/https/test_limits.py"
HOSTILE = "tests/platform/test_hostile_messages.py"
CORE, BOOT = "tests/core", "tests/sim/boot"
FUZZ = "tests/reliability/test_fuzz.py"
RELEASE = "tests/setup/test_release_check.py"

# Number, promise, tests.
CLAIMS: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (
        1,
        "JSON of more than 64 levels is refused at the door; a stored one does not stop a start",
        (
            f"{PLATFORM}/test_bounded_json.py::test_nesting_beyond_the_limit_is_refused",
            f"{HOSTILE}::test_deep_message_is_answered_460",
            f"{HOSTILE}::test_deep_items_of_the_cloud_api_are_refused",
            f"{STATE}/test_claim.py::test_too_deep_row_is_reported_and_served",
        ),
    ),
    (
        2,
        "What could not be committed counts nowhere: no ClientID, no activation, no property",
        (
            f"{STATE}/test_rollback.py::test_failed_regnwl_spends_no_client_id",
            f"{STATE}/test_rollback.py::test_failed_action_of_an_operator_changes_nothing",
        ),
    ),
    (
        3,
        "An event file on a full disk costs one warning and a gap that says how many are missing",
        (
            f"{STATE}/test_bounds.py::test_full_disk_logs_one_warning_and_counts_events",
            f"{STATE}/test_bounds.py::test_device_logs_in_while_event_file_is_full",
        ),
    ),
    (
        4,
        "One platform serves a database, for as long as it runs",
        (
            f"{STATE}/test_claim.py::test_file_is_not_served_from_two_state_folders",
            f"{STATE}/test_claim.py::test_claim_is_taken_again_after_the_server_restarted",
            f"{STATE}/test_claim.py::test_claim_taken_by_another_platform_stays_lost",
        ),
    ),
    (
        5,
        "An acknowledged message is in the database, also after SIGKILL",
        (
            "tests/reliability/test_posts_crash.py::test_killed_platform_loses_no_acknowledged_post",
            "tests/reliability/test_day.py::test_bad_network_loses_no_acknowledged_post",
            f"{STATE}/test_rollback.py::test_failed_post_is_unacknowledged_and_changes_nothing",
        ),
    ),
    (
        6,
        "A missing or damaged database is a sentence, and stays as it is",
        (
            f"{STATE}/test_claim.py::test_lost_database_is_reported_and_not_created",
            f"{STATE}/test_claim.py::test_damaged_file_is_reported_and_unchanged",
            f"{STATE}/test_claim.py::test_damaged_row_is_named",
        ),
    ),
    (
        7,
        "A login that writes nothing does not wait for a write",
        (f"{STATE}/test_rollback.py::test_login_that_changes_nothing_waits_for_no_write",),
    ),
    (
        8,
        "256 file descriptors and 400 idle connections: the administration answers, no loop spins",
        (
            "tests/reliability/test_descriptors.py::test_full_platform_answers_its_operator",
            f"{HTTP}::test_full_platform_backs_off_and_serves_again",
            f"{HTTP}::test_file_descriptors_are_left_for_the_administration",
        ),
    ),
    (
        9,
        "A silent or slow client is cut; an idle TLS connection takes 45 KB at most",
        (
            f"{HTTP}::test_client_without_a_whole_head_is_cut",
            f"{HTTP}::test_slow_head_ends_the_connection",
            f"{HTTP}::test_idle_tls_connection_takes_45_kilobytes_at_most",
        ),
    ),
    (
        10,
        "The work for one packet is bounded before it is done",
        (
            f"{HOSTILE}::test_packet_of_65511_filters_is_refused_after_256",
            f"{HOSTILE}::test_subscribe_of_many_filters_costs_one_event",
            "tests/reliability/test_descriptors.py::test_longest_subscribe_delays_no_ping",
        ),
    ),
    (
        11,
        "Masking secrets takes time linear in the text",
        (
            f"{STATE}/test_bounds.py::test_masking_looks_at_each_character_once",
            f"{STATE}/test_bounds.py::test_overlapping_secrets_are_all_masked",
        ),
    ),
    (
        12,
        "Every table that a client can fill has a bound",
        (
            f"{STATE}/test_bounds.py::test_full_event_log_drops_old_events_and_reports",
            f"{STATE}/test_bounds.py::test_rates_forget_names_after_their_window",
            f"{HOSTILE}::test_upload_is_refused_before_its_file_is_read",
            f"{HOSTILE}::test_properties_of_a_device_are_bounded",
            f"{HOSTILE}::test_tags_modules_and_shadow_of_device_are_bounded",
        ),
    ),
    (
        13,
        "No column of an event moves the cursor of a terminal",
        (
            f"{STATE}/test_bounds.py::test_no_column_of_an_event_moves_the_cursor",
            f"{PLATFORM}/control/test_server.py::test_event_text_cannot_move_the_cursor",
        ),
    ),
    (
        14,
        "Values that are not JSON, long numbers and broken requests get their documented error",
        (
            f"{HOSTILE}::test_value_that_is_not_json_is_answered_460",
            f"{HOSTILE}::test_hostile_expiry_of_url_returns_403",
            f"{HOSTILE}::test_broken_form_gets_the_error_of_oss",
            f"{HOSTILE}::test_hostile_timestamp_of_the_data_channel_is_refused",
            f"{HTTP}::test_malformed_request_leaves_no_traceback",
        ),
    ),
    (
        15,
        "A state folder that others can write is refused",
        (f"{STATE}/test_bounds.py::test_error_for_writable_folder_suggests_chmod",),
    ),
    (
        16,
        "Nothing a peer sends ends `loop()`, `poll()` or `connect()`",
        (
            f"{CORE}/session/test_session.py::test_undecodable_topic_does_not_end_the_loop",
            f"{CORE}/session/test_session.py::test_unexpected_error_ends_the_session_only",
            f"{CORE}/test_device.py::test_only_documented_exceptions_leave_the_loop",
            f"{FUZZ}::test_device_refuses_or_takes_mutated_messages",
            f"{FUZZ}::test_device_answers_structured_messages",
        ),
    ),
    (
        17,
        "After Ctrl-C, or any exception that leaves it, the device can be called again",
        (
            f"{CORE}/test_device.py::test_interrupted_engine_can_be_called_again",
            f"{CORE}/test_device.py::test_interrupted_session_is_abandoned",
            f"{BOOT}/test_wifi.py::test_interrupted_device_goes_online_again",
        ),
    ),
    (
        18,
        "Wi-Fi that is active already joins, and joins again when the access point comes back",
        (
            f"{CORE}/boot/test_wifi.py::test_active_but_idle_station_connects",
            f"{CORE}/boot/test_wifi.py::test_station_that_gave_up_connects_again",
            f"{CORE}/boot/test_wifi.py::test_driver_error_is_logged_not_raised",
            f"{BOOT}/test_wifi.py::test_radio_switched_on_before_joins_the_burned_network",
        ),
    ),
    (
        19,
        "Heap that is short costs a wait and a log line",
        (
            f"{CORE}/session/test_session.py::test_short_heap_at_first_session_costs_a_wait",
            f"{CORE}/session/test_session.py::test_short_heap_before_login_costs_a_wait",
            f"{CORE}/test_device.py::test_short_heap_in_the_engine_costs_a_wait",
        ),
    ),
    (
        20,
        "A time that cannot be is refused; a certificate refused for its dates asks again",
        (
            f"{CORE}/boot/test_clock.py::test_server_without_time_is_refused",
            f"{CORE}/boot/test_clock.py::test_time_outside_plausible_range_is_refused",
            f"{CORE}/session/test_session.py::test_refused_dates_ask_for_the_time_again",
            f"{BOOT}/test_tls.py::test_expired_certificate_is_refused_by_board_clock",
        ),
    ),
    (
        21,
        "Updates, messages, urls, credentials, thing models and text files: each its own sentence",
        (
            "tests/sim/ota/test_update.py::test_update_succeeds_after_each_power_cut",
            f"{CORE}/session/test_session.py::test_one_step_handles_a_bounded_number_of_messages",
            f"{CORE}/test_device.py::test_watchdog_is_fed_without_time_to_wait",
            f"{CORE}/https/test_request.py::test_hostile_url_is_a_protocol_error",
            f"{CORE}/boot/test_record.py::test_damage_in_a_credential_names_its_field",
            f"{CORE}/boot/test_register.py::test_answers_that_are_not_ours_are_protocol_errors",
            f"{CORE}/test_tsl.py::test_board_judges_a_model_as_the_platform_does",
            f"{PLATFORM}/topics/test_thing_model.py::test_stub_is_valid_python_for_any_name",
            "tests/setup/test_text_files.py::test_every_reader_takes_a_byte_order_mark",
            "tests/setup/test_text_files.py::test_output_a_terminal_cannot_show_is_escaped",
        ),
    ),
    (
        22,
        "A wait of the engine is a moment: an early call shortens none",
        (
            f"{CORE}/test_device.py::test_early_call_does_not_shorten_a_wait",
            f"{CORE}/ota/test_download.py::test_early_turns_shorten_no_wait",
            f"{BOOT}/test_clock.py::test_third_registration_waits_ten_minutes",
        ),
    ),
    (
        23,
        "A server certificate with only a common name is accepted, and documented so",
        (
            "tests/board/standins/test_tls.py::test_certificate_with_only_a_common_name_is_accepted",
        ),
    ),
    (
        24,
        "Licenses, versions, pins and known vulnerabilities are checked before a release",
        (
            f"{RELEASE}::test_installed_packages_have_allowed_licenses",
            f"{RELEASE}::test_build_requirements_are_pinned_as_locked",
            f"{RELEASE}::test_audit_without_data_is_called_not_run",
            f"{RELEASE}::test_bill_is_the_same_each_time",
        ),
    ),
    (
        25,
        "Every door of the platform takes anything, and answers what is valid as documented",
        (
            f"{FUZZ}::test_mutated_messages_are_refused_or_taken",
            f"{FUZZ}::test_every_step_of_a_session_is_answered",
            f"{FUZZ}::test_coverage_guided_inputs_are_refused_or_taken",
        ),
    ),
)


def table() -> str:
    """Return the table, with its heading."""
    rows = (
        f"| {number} | {claim} | {'<br>'.join(f'`{test}`' for test in tests)} |"
        for number, claim, tests in CLAIMS
    )
    return "\n".join((HEADING, "| | promise | tests |", "|---|---|---|", *rows, ""))


def main() -> None:
    """Write the table into the page."""
    figures = PAGE.read_text(encoding="utf-8").partition("\n## Tests")[0]
    PAGE.write_text(figures + table(), encoding="utf-8")


if __name__ == "__main__":
    main()
