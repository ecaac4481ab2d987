//! The input of a session: from the socket through rustls to the echo.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::thread;
use std::time::Duration;

use rustls::{HandshakeKind, ProtocolVersion};

use super::{Phase, Session};
use crate::fault::Fault;
use crate::first_read;

/// The bytes of one read.
const READ_SIZE: usize = 16 * 1024;
/// The record type application_data (RFC 8446, 5.1). In TLS 1.3 the records of all types look like it.
const APPLICATION_DATA: u8 = 23;
/// How much longer a record of TLS 1.3 is than its plaintext, without padding: the type and the tag (RFC 8446, 5.2).
const TLS13_OVERHEAD: usize = 1 + 16;

impl Session {
    /// Reads once, and processes the bytes.
    pub(super) fn receive(&mut self) -> io::Result<()> {
        let mut buffer = [0; READ_SIZE];
        let size = match self.fault {
            Fault::CloseWithUnreadInput => self.records.wanted().min(READ_SIZE), // no more than a part of one record
            _ => READ_SIZE,
        };
        let was_handshaking = self.tls.is_handshaking();
        let count = match self.stream.read(&mut buffer[..size]) {
            Ok(0) => {
                self.fin();
                return Ok(());
            }
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = match self.fault {
                    Fault::BlockingHandshake => was_handshaking && self.waits_for_bytes(u32::MAX),
                    Fault::BusyClientFirst => !was_handshaking && self.waits_for_bytes(50),
                    _ => false,
                };
                return Ok(());
            }
            Err(error) if self.fault == Fault::ResetUnwrapped => panic!("a read fails: {error}"),
            Err(error) => return Err(error),
        };
        if self.received == 0 && first_read::is_refused(self.fault, &buffer[..count]) {
            self.phase = Phase::Dropped;
            return Ok(());
        }
        self.has_moved = true;
        self.received += count;
        if self.fault == Fault::HelloInAnArray && was_handshaking {
            let mut hello = [0; 16 * 1024];
            hello[self.received - count..self.received].copy_from_slice(&buffer[..count]);
        }
        match self.fault {
            // These faults need the records of a read together.
            Fault::LastRequestDropped | Fault::PlaintextWithFinishedIgnored => self.process(&buffer[..count]),
            Fault::ReadTakenInPart => self.process(&buffer[..count.min(4096)]),
            Fault::OneProcessForEachRead => {
                let mut bytes = &buffer[..count];
                while !bytes.is_empty() && self.tls.read_tls(&mut bytes)? > 0 {}
                self.process(&[]);
            }
            _ => self.process_records(&buffer[..count]),
        }
        match self.fault {
            Fault::OneReadForEachEvent => self.readable = false,
            Fault::ShortReadIsDrained => self.readable = count == buffer.len(),
            Fault::SplitRecordRefused if !was_handshaking && !self.records.is_complete() => self.fail(None),
            _ => {}
        }
        Ok(())
    }

    /// Waits for bytes as a socket that blocks, at most so many milliseconds. Returns whether there are any, or an end.
    fn waits_for_bytes(&self, milliseconds: u32) -> bool {
        let would_block = |error: io::Error| error.kind() == ErrorKind::WouldBlock;
        (0..milliseconds).any(|_| {
            thread::sleep(Duration::from_millis(1));
            !self.stream.peek(&mut [0]).is_err_and(would_block)
        })
    }

    /// Processes bytes record by record, so that the echo of a record is queued before the next record is processed.
    fn process_records(&mut self, mut bytes: &[u8]) {
        let mut records = 0;
        while !bytes.is_empty() && self.phase == Phase::Open {
            let (piece, rest) = bytes.split_at(self.records.advance(bytes));
            bytes = rest;
            let (kind, was_handshaking) = (self.records.kind(), self.tls.is_handshaking());
            if self.fault == Fault::UnknownRecordSkipped && !(20..24).contains(&kind) {
                continue;
            }
            let before = self.plaintext;
            self.process(piece);
            if !self.records.is_complete() || was_handshaking || self.phase != Phase::Open {
                continue;
            }
            records += 1;
            let (length, plaintext) = (self.records.length(), self.plaintext - before);
            let is_tls13 = self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
            match self.fault {
                Fault::QuietRecordIsTheEnd if plaintext == 0 && kind == APPLICATION_DATA => self.close(true),
                Fault::QuietRecordsInAByte if plaintext == 0 => {
                    self.quiet_records =
                        self.quiet_records.checked_add(1).expect("attempt to add with overflow");
                }
                Fault::PaddingRefused if is_tls13 && plaintext > 0 && length > plaintext + TLS13_OVERHEAD => {
                    self.fail(None);
                }
                Fault::TinyRecordsRefused if records > 200 => self.fail(None),
                Fault::OtherRecordUnwrapped => {
                    assert!([21, 23].contains(&kind), "a record of data or an alert")
                }
                _ => {}
            }
        }
    }

    /// Passes bytes to rustls, echoes the plaintext, and handles the end.
    fn process(&mut self, mut bytes: &[u8]) {
        let was_handshaking = self.tls.is_handshaking();
        loop {
            if !bytes.is_empty() {
                match self.tls.read_tls(&mut bytes) {
                    Ok(0) => return, // it ignores the bytes behind close_notify
                    Ok(_) => {}
                    Err(_) => return self.fail(None), // a message of 64 KB. rustls queues no alert for it
                }
            }
            let has_closed = match self.tls.process_new_packets() {
                Ok(state) => state.peer_has_closed(),
                Err(error) => return self.fail(Some(&error)),
            };
            match self.fault {
                Fault::LastRequestDropped if has_closed => {}
                Fault::PlaintextWithFinishedIgnored if was_handshaking => {}
                Fault::PlaintextReadLate => {}
                _ => self.echo(),
            }
            if has_closed {
                self.close(true);
            }
            match (self.fault, self.tls.handshake_kind()) {
                (Fault::HelloRetryDropped, Some(HandshakeKind::FullWithHelloRetryRequest)) => {
                    self.phase = Phase::Dropped;
                }
                (Fault::ResumedDropped, Some(HandshakeKind::Resumed)) => self.phase = Phase::Dropped,
                _ => {}
            }
            if bytes.is_empty() || self.phase != Phase::Open {
                return;
            }
        }
    }

    /// Echoes the plaintext that rustls holds.
    pub(super) fn echo(&mut self) {
        const LIMIT: usize = 64 * 1024;
        let mut plaintext = Vec::new();
        let _ = self.tls.reader().read_to_end(&mut plaintext); // all that there is, then WouldBlock
        let before = self.plaintext;
        self.plaintext += plaintext.len();
        match self.fault {
            Fault::FullRecordCut => plaintext.truncate(16_000),
            Fault::EchoLimit => plaintext.truncate(LIMIT.saturating_sub(before)),
            _ => {}
        }
        let written = match self.fault {
            Fault::FullWriterDrops => self.tls.writer().write(&plaintext).map(drop),
            _ => self.tls.writer().write_all(&plaintext),
        };
        if self.fault == Fault::WriteAllUnwrapped {
            written.expect("it goes to memory, so it cannot fail");
        }
    }
}
