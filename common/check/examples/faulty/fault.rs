//! The faults.

use clap::ValueEnum;

/// A way in which a TLS server on an event loop goes wrong.
///
/// The first paragraph of each variant is printed by `--list`. The second names the cases that the fault is for, and the
/// trap behind it if there is one (`traps/` is `common/session/tests/traps/`). Other cases can fail too:
/// `common/check/tests/faults.txt` has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// A correct server.
    None,

    // The end of a session
    /// The server answers close_notify with a bare FIN.
    ///
    /// For `close-notify-answered`, `close-notify-first`. `traps/no_close_notify.rs`
    NoCloseNotify,
    /// The server ignores close_notify: it sends nothing and keeps the socket open.
    ///
    /// For `close-notify-answered`, `close-notify-first`.
    CloseNotifyIgnored,
    /// The server closes the socket as soon as close_notify has come, and drops the pending output.
    ///
    /// For `close-behind-data`, `coalesced-flights`. `traps/an_answer_after_the_peers_close_notify.rs`
    CloseBeforeFlush,
    /// The server closes the socket while it holds unread bytes, so the kernel resets the connection.
    ///
    /// For `bytes-behind-close-notify`. `traps/bytes_behind_close_notify.rs`, `traps/a_close_with_unread_input_resets.rs`
    CloseWithUnreadInput,
    /// The server looks for close_notify before it reads the plaintext, so a request just before it gets no answer.
    ///
    /// For `coalesced-flights`, `close-behind-data`. `traps/the_last_request_is_dropped.rs`
    LastRequestDropped,
    /// The server closes the socket when the poll reports a FIN, although the data before the FIN are unread.
    ///
    /// For `close-and-fin`. `traps/a_hang_up_is_handled_before_the_data.rs`
    HangUpIsTheEnd,
    /// The server takes a read of 0 bytes for no data, and keeps the socket open.
    ///
    /// For `connect-and-leave-fin`, and for the notes of `fin-inside-a-record`. `traps/truncation_taken_for_the_end.rs`
    FinIgnored,
    /// The server takes a short read for an empty socket, and never reads the FIN behind the bytes.
    ///
    /// For the notes of `fin-without-close-notify` and `fin-inside-a-record`: a FIN need not end the server's side.
    /// `traps/a_short_read_hides_the_fin.rs`
    ShortReadIsDrained,

    // Errors
    /// The server drops the connection after an error, and never sends the alert.
    ///
    /// For the notes of `alert-readable-bad-record` and its relatives: an alert is a SHOULD. `traps/alert_never_sent.rs`
    AlertNeverSent,
    /// The server keeps the socket open after an error of TLS.
    ///
    /// For every case in which the connection must end: first words, malformed hellos, sealed records.
    OpenAfterError,
    /// The server keeps the socket open after a fatal alert from the peer.
    ///
    /// For `peers-fatal-alert`, `fatal-alert-first`.
    PeersAlertIgnored,
    /// The server skips records of an unknown type.
    ///
    /// For `noise-first`, `unknown-record-type`.
    UnknownRecordSkipped,

    // Reading
    /// The server reads once for each event.
    ///
    /// For `close-behind-data`, `late-reader`. `traps/a_read_stops_early.rs`
    OneReadForEachEvent,
    /// The server passes a read to rustls once, and rustls takes a part of it.
    ///
    /// For `full-records`, `close-behind-data`. `traps/read_tls_takes_a_part.rs`
    ReadTakenInPart,
    /// The server passes reads to rustls, and calls `process_new_packets` once after each.
    ///
    /// For `full-records`, `close-behind-data`. `traps/message_buffer_full.rs`
    OneProcessForEachRead,
    /// The server reads the plaintext once in each turn, and rustls refuses more ciphertext meanwhile.
    ///
    /// For `full-records`, `close-behind-data`. `traps/plaintext_buffer_full.rs`
    PlaintextReadLate,
    /// The server reads no plaintext after a read that brought a message of the handshake.
    ///
    /// For `finished-with-data`, `coalesced-flights`. `traps/plaintext_without_an_event.rs`
    PlaintextWithFinishedIgnored,
    /// The server closes if a read ends inside a record.
    ///
    /// For `split-records`, `bytes-one-by-one`.
    SplitRecordRefused,

    // Writing
    /// The server unwraps `writer().write_all(…)`, which fails if the writer is full: the process ends.
    ///
    /// For `unread-answer`, `late-reader`. `traps/write_all_into_a_full_writer.rs`
    WriteAllUnwrapped,
    /// The server ignores how many bytes `writer().write(…)` took.
    ///
    /// For `unread-answer`, `late-reader`. `traps/write_all_into_a_full_writer.rs`
    FullWriterDrops,
    /// The server reads on while its output is pending, so a client that does not read fills its memory.
    ///
    /// For the notes of `unread-answer`: no RFC limits a server's memory. `traps/output_without_a_bound.rs`
    UnboundedOutput,
    /// The server takes the ciphertext from rustls, writes once, and drops the rest of a short write.
    ///
    /// For `late-reader`, `one-byte-reads`. `traps/ciphertext_short_write.rs`
    ShortWriteDrops,
    /// The server does not wait for room after a write that would block: it writes on when bytes come.
    ///
    /// For `late-reader`. `traps/flush_met_would_block.rs`
    WritableIgnored,
    /// The server skips the event of a session whose output is pending, and gets no other event for those bytes.
    ///
    /// For `late-reader`, `unread-answer`. `traps/a_pause_loses_the_edge.rs`
    PauseLosesTheEdge,
    /// The server waits in a write until the client reads, and serves no other client meanwhile.
    ///
    /// For `beside-unread-answer`. `traps/a_blocking_socket_under_the_poll.rs`
    BlockingWrite,

    // The bytes of the echo
    /// The server copies records into a buffer of 16,000 bytes, and drops the rest of a full record.
    ///
    /// For `full-records`.
    FullRecordCut,
    /// The server echoes the first 64 KB of a session.
    ///
    /// For `close-behind-data`, `full-records`.
    EchoLimit,

    // Records
    /// The server takes a record without plaintext for the end of the data.
    ///
    /// For `empty-records`, `key-update`.
    QuietRecordIsTheEnd,
    /// The server counts records without plaintext in a byte, and the addition overflows: the process ends.
    ///
    /// For `beside-key-updates`.
    QuietRecordsInAByte,
    /// The server closes if a record of TLS 1.3 is padded.
    ///
    /// For `padded-records`.
    PaddingRefused,
    /// The server closes if one read brings more than 200 records.
    ///
    /// For `small-records`, `ten-thousand-tiny-records`.
    TinyRecordsRefused,
    /// The server asserts that records after the handshake are data or alerts: another type ends the process.
    ///
    /// For `renegotiation`.
    OtherRecordUnwrapped,

    // The handshake
    /// The server expects the whole ClientHello in its first read.
    ///
    /// For `bytes-one-by-one`.
    HelloInOneRead,
    /// The server expects the whole ClientHello in one record.
    ///
    /// For `hello-in-records`.
    HelloInOneRecord,
    /// The server copies the handshake into an array of 16 KB: a larger one ends the process.
    ///
    /// For `huge-hello`, `message-of-65535`.
    HelloInAnArray,
    /// The server refuses a ClientHello with cipher suites or groups that it does not know.
    ///
    /// For `unknown-values`.
    UnknownValuesRefused,
    /// The server refuses a client that sends no server name.
    ///
    /// For the notes of `odd-server-names`: a server may require a name.
    ServerNameRequired,
    /// The server unwraps the server name of a ClientHello: one without a name ends the process.
    ///
    /// For `odd-server-names`.
    ServerNameUnwrapped,
    /// The server asserts that a client offers no protocol (ALPN): another client ends the process.
    ///
    /// For `no-common-alpn`.
    AlpnUnwrapped,
    /// The server drops the connection instead of waiting for a second ClientHello.
    ///
    /// For `hello-retry-request`.
    HelloRetryDropped,
    /// The server drops a connection that asks for early data.
    ///
    /// For the notes of `early-data-unasked` and `early-data-without-end`. `traps/early_data_in_another_reader.rs`
    EarlyDataDropped,
    /// The server drops a session that was resumed, because it has no certificate or state for it.
    ///
    /// For `resumption`. `traps/a_resumed_client_is_not_verified.rs`
    ResumedDropped,

    // One session and the others
    /// The server serves one client after the other. That is correct: it has no neighbours.
    ///
    /// For the probe. `traps/a_silent_client_holds_the_slot.rs`
    OneSession,
    /// The server has eight slots, and a client without a handshake holds one of them.
    ///
    /// For the notes of `beside-silent-connections`, `beside-half-hellos`: a limit of sessions is a policy.
    /// `traps/a_silent_client_holds_the_slot.rs`
    FewSlots,
    /// The server accepts at most eight clients for each event, and leaves the others in the backlog.
    ///
    /// For `beside-silent-connections`, `connect-and-leave-fin`. `traps/one_accept_for_each_event.rs`
    FewAcceptsForEachEvent,
    /// The server waits for the bytes of a handshake, and serves no other client meanwhile.
    ///
    /// For `beside-silent-connections`, `beside-half-hellos`. `traps/a_blocking_socket_under_the_poll.rs`
    BlockingHandshake,
    /// The server stays with a client until it is silent for 50 ms.
    ///
    /// For `beside-a-bulk-sender`, `beside-tiny-records`. `traps/one_peer_starves_the_others.rs`
    BusyClientFirst,
    /// The server has no deadlines.
    ///
    /// For the notes of the deadlines: no RFC demands one. `traps/a_close_without_a_deadline.rs`
    NoDeadlines,

    // A server that dies, or is deaf
    /// The server never frees the slot of a client that connects and leaves with a FIN.
    ///
    /// For `connect-and-leave-fin`.
    EarlyFinKeepsTheSlot,
    /// The server never frees the slot of a client that leaves with a reset.
    ///
    /// For `connect-and-leave-rst`, `hello-and-rst`. `traps/a_reset_is_reported_once.rs`
    ResetKeepsTheSlot,
    /// The server unwraps the error of TLS: the process ends.
    ///
    /// For every case that breaks the protocol.
    ErrorUnwrapped,
    /// The server expects that every record can be opened: another one ends the process.
    ///
    /// For `alert-readable-bad-record`, `damaged-byte`, `replayed-record`.
    BadRecordUnwrapped,
    /// The server expects close_notify before a FIN: the process ends.
    ///
    /// For `fin-without-close-notify`, `fin-inside-a-record`, `connect-and-leave-fin`.
    FinUnwrapped,
    /// The server unwraps the error of a read: a reset ends the process.
    ///
    /// For `reset-inside-the-handshake`, `connect-and-leave-rst`, `hello-and-rst`. `traps/a_reset_is_unwrapped.rs`
    ResetUnwrapped,
    /// The server unwraps the error of a write: a client that leaves before its answer ends the process.
    ///
    /// For `reset-inside-the-answer`. `traps/a_reset_is_unwrapped.rs`
    WriteUnwrapped,
    /// The server asserts that a client does not speak HTTP: the process ends.
    ///
    /// For `http-first`.
    HttpUnwrapped,
    /// The server asserts that no client is late: the first deadline ends the process.
    ///
    /// For `silent-client`, `half-a-hello`, `idle-session`.
    DeadlineUnwrapped,
}
