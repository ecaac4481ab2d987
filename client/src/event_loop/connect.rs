//! How the client connects: TCP, then STARTTLS if the server begins in plaintext.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use program::host_port::HostPort;
use program::observer::{LoopContext, LoopEvent};
use tls_session::mio::{Attempt, Connecting, Registration};
use tls_session::observer::SessionId;

use super::EventLoop;
use crate::connected::Connected;
use crate::failure::Failure;
use crate::starttls::{Preamble, Protocol};
use crate::tokens::SOCKET;

impl EventLoop<'_> {
    /// Resolves the host name, and connects. `timeout` is for each attempt.
    pub(super) fn connect(
        &mut self,
        target: &HostPort,
        timeout: Option<Duration>,
    ) -> Result<Connected, Failure> {
        let addresses = target.resolve().map_err(|error| Failure::Unresolvable(target.clone(), error))?;
        self.connect_to_one_of(addresses, timeout)?
            .map_err(|attempts| Failure::Unreachable(target.clone(), attempts))
    }

    /// Tries one address after the other. The inner error has the error of each attempt. The outer error ends the
    /// program.
    fn connect_to_one_of(
        &mut self,
        addresses: Vec<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Result<Result<Connected, Vec<(SocketAddr, io::Error)>>, Failure> {
        let mut attempts = Vec::new();
        for address in addresses {
            self.report(&LoopEvent::Connecting(address));
            match self.connect_to(address, timeout)? {
                Ok((stream, registration)) => {
                    self.report(&LoopEvent::Connected(address));
                    // This fails only on a socket that was reset, and then the first write reports the reset.
                    let _ = stream.set_nodelay(true);
                    return Ok(Ok(Connected { stream, registration, peer: address }));
                }
                Err(error) => {
                    self.report(&LoopEvent::ConnectFailed(address, &error));
                    attempts.push((address, error));
                }
            }
        }
        Ok(Err(attempts))
    }

    /// Tries one address. The inner error is the error of the attempt. The outer error ends the program.
    fn connect_to(
        &mut self,
        address: SocketAddr,
        timeout: Option<Duration>,
    ) -> Result<io::Result<(TcpStream, Registration)>, Failure> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut connecting = match Connecting::start(address, self.poll.registry(), SOCKET) {
            Ok(connecting) => connecting,
            Err(error) => return Ok(Err(error)),
        };
        loop {
            let now = self.wait(deadline, false)?;
            if self.is_interrupted() {
                return Err(Failure::Interrupted);
            }
            connecting = match connecting.finish() {
                Ok(Attempt::Done(stream, registration)) => return Ok(Ok((stream, registration))),
                Ok(Attempt::Pending(connecting)) => connecting,
                Err(error) => return Ok(Err(error)),
            };
            if deadline.is_some_and(|at| at <= now) {
                return Ok(Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "no answer within --connect-timeout",
                )));
            }
        }
    }

    /// Asks the server to begin TLS. Returns the connection, on which the handshake can begin.
    pub(super) fn start_tls(
        &mut self,
        connected: Connected,
        protocol: Protocol,
        target: &HostPort,
        timeout: Option<Duration>,
    ) -> Result<Connected, Failure> {
        let mut preamble = Preamble::new(protocol, connected).map_err(Failure::EventLoop)?;
        let result = self.run_preamble(&mut preamble, target, timeout);
        let Err(failure) = result else { return Ok(preamble.into_connected()) };
        let error = match &failure {
            Failure::StartTls(_, error) => error.to_string(),
            other => other.to_string(),
        };
        let (local, peer) = preamble.ends();
        let id = SessionId { number: self.sessions + 1, peer };
        self.report(&LoopEvent::PreambleFailed { id, local, error: &error });
        Err(failure)
    }

    /// Talks to the server until TLS can begin.
    fn run_preamble(
        &mut self,
        preamble: &mut Preamble,
        target: &HostPort,
        timeout: Option<Duration>,
    ) -> Result<(), Failure> {
        let failure = |error| Failure::StartTls(target.clone(), error);
        let mut now = Instant::now();
        let deadline = timeout.and_then(|timeout| now.checked_add(timeout));
        loop {
            let cx = &mut LoopContext::new(now, &mut self.buffers, self.observer);
            let report = &mut |event: &LoopEvent<'_>| cx.event_loop(event);
            let is_done = preamble.turn(report).map_err(failure)?;
            preamble.watch(self.poll.registry()).map_err(Failure::EventLoop)?;
            if is_done {
                return Ok(());
            }
            if deadline.is_some_and(|at| at <= now) {
                return Err(failure(preamble.timed_out()));
            }
            now = self.wait(deadline, false)?;
            if self.is_interrupted() {
                return Err(Failure::Interrupted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Output;
    use crate::tokens::{STDERR, STDOUT};
    use program::observer::Observer;
    use std::net::TcpListener;
    use tls_session::observer::SocketEvent;

    /// Records the result of each attempt.
    #[derive(Default)]
    struct Attempts(Vec<(SocketAddr, bool)>);

    impl tls_session::observer::Observer for Attempts {
        fn socket(&mut self, now: Instant, event: &SocketEvent<'_>) {
            self.event_loop(now, &event.into());
        }
    }

    impl Observer for Attempts {
        fn event_loop(&mut self, _now: Instant, event: &LoopEvent<'_>) {
            match event {
                LoopEvent::Connected(address) => self.0.push((*address, true)),
                LoopEvent::ConnectFailed(address, _) => self.0.push((*address, false)),
                _ => {}
            }
        }
    }

    #[test]
    fn a_refused_connection_leads_to_the_next_address_only() {
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [live, unused, closed] = listeners.each_ref().map(|listener| listener.local_addr().unwrap());
        let [_live, _unused, gone] = listeners;
        drop(gone);

        let mut seen = Attempts::default();
        let mut event_loop = EventLoop::new(&mut seen, Output::new(STDOUT, STDERR, false).unwrap()).unwrap();
        let limit = Some(Duration::from_secs(20));
        let connected = event_loop.connect_to_one_of(vec![closed, live, unused], limit).unwrap();
        assert!(connected.is_ok_and(|connected| connected.peer == live));
        let failed = event_loop.connect_to_one_of(vec![closed], limit).unwrap();
        assert!(failed.is_err_and(|attempts| attempts[0].1.kind() == io::ErrorKind::ConnectionRefused));
        assert_eq!(seen.0, [(closed, false), (live, true), (closed, false)]);
    }

    #[test]
    fn a_failure_of_the_poll_is_one_of_the_event_loop() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let limit = Some(Duration::from_secs(20));
        let (mut one, mut other) = <(Attempts, Attempts)>::default();
        let event_loop = |seen| EventLoop::new(seen, Output::new(STDOUT, STDERR, false).unwrap()).unwrap();
        let connected = event_loop(&mut one).connect_to_one_of(vec![address], limit).unwrap().unwrap();
        // The socket is registered with another poll, so this poll cannot change its interest.
        let target: HostPort = "localhost:25".parse().unwrap();
        let failed = event_loop(&mut other).start_tls(connected, Protocol::Smtp, &target, limit);
        assert!(matches!(failed, Err(Failure::EventLoop(_))));
    }
}
