//! The writing side of a connection.

use std::collections::VecDeque;
use std::net::Shutdown;
use std::sync::Arc;

use crate::message::cancellation;
use crate::process::Socket;
use crate::sys;

/// A connection. Writing never waits: what the socket does not take is kept until it does.
pub(crate) struct Connection {
    /// Distinguishes connections of a client.
    pub(crate) number: u64,
    pub(crate) socket: Arc<Socket>,
    /// Requests that were sent on it and are waited for.
    pub(crate) in_flight: usize,
    /// Whether it has answered anything, but that the daemon is about to go.
    pub(crate) has_answered: bool,
    /// Whether the daemon said that it is about to go: no more requests are sent on it.
    pub(crate) is_retired: bool,
    unsent: VecDeque<Line>,
    /// Whether the daemon has stopped reading. What it wrote before is still read.
    is_broken: bool,
}

/// A line that waits for the socket to take it.
struct Line {
    /// The request's id; none for a notification.
    id: Option<u64>,
    bytes: Vec<u8>,
    sent: usize,
}

impl Connection {
    pub(crate) fn new(number: u64, socket: Socket) -> Self {
        Connection {
            number,
            socket: Arc::new(socket),
            in_flight: 0,
            has_answered: false,
            is_retired: false,
            unsent: VecDeque::new(),
            is_broken: false,
        }
    }

    /// Whether something waits for the socket to take it.
    pub(crate) fn wants_to_write(&self) -> bool {
        !self.unsent.is_empty() && !self.is_broken
    }

    /// Sends a request's line.
    pub(crate) fn send(&mut self, id: u64, line: Vec<u8>) {
        self.in_flight += 1;
        self.write(Some(id), line);
    }

    /// Gives requests up: those whose lines have not begun to leave are not sent, the others are withdrawn.
    pub(crate) fn withdraw(&mut self, ids: &[u64]) {
        self.in_flight -= ids.len();
        let mut lines = Vec::new();
        for &id in ids {
            let kept = self.unsent.iter().position(|line| line.id == Some(id) && line.sent == 0);
            match kept {
                Some(at) => drop(self.unsent.remove(at)),
                None => lines.extend(cancellation(id)),
            }
        }
        if !lines.is_empty() {
            self.write(None, lines);
        }
    }

    fn write(&mut self, id: Option<u64>, bytes: Vec<u8>) {
        self.unsent.push_back(Line { id, bytes, sent: 0 });
        self.flush();
    }

    /// Writes as much as the socket takes.
    pub(crate) fn flush(&mut self) {
        while !self.is_broken {
            let Line { bytes, sent, .. } = match self.unsent.front_mut() {
                Some(line) => line,
                None => return,
            };
            match sys::send_at_once(&self.socket.stream, &bytes[*sent..]) {
                Ok(count) => *sent += count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => self.is_broken = true, // reading shows what has come of the connection
            }
            if *sent == bytes.len() {
                self.unsent.pop_front();
            }
        }
    }

    /// Ends it in both directions, also for a thread that reads from it just now.
    pub(crate) fn close(&self) {
        // The only way it fails is that the daemon has ended it already.
        let _ = self.socket.stream.shutdown(Shutdown::Both);
    }
}
