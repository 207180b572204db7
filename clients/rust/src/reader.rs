//! The reading side of all connections of a client.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::time::Duration;

use crate::answer::Answer;
use crate::connection::Connection;
use crate::process::Socket;
use crate::splitter::{Splitter, MAX_LINE};
use crate::sys::{self, Polled};

/// Bytes that are read at a time.
const CHUNK: usize = 128 << 10;

/// The thread that holds the reader reads, for all threads. There is one to a client, so that reading needs no lock.
pub(crate) struct Reader {
    chunk: Box<[u8]>,
    /// Gives a byte when the thread that reads has something else to look after.
    wake_end: Socket,
    sources: Vec<Source>,
    polled: Vec<Polled>,
    /// What has come and was not taken yet: the numbers of connections, and what came by them.
    pub(crate) events: Vec<(u64, Event)>,
}

struct Source {
    number: u64,
    socket: Arc<Socket>,
    splitter: Splitter,
    wants_to_write: bool,
}

/// What came by a connection.
pub(crate) enum Event {
    Answer(Answer),
    /// The connection ended.
    Ended,
    /// Something that is no answer: the text says what.
    Gibberish(String),
}

impl Reader {
    pub(crate) fn new(wake_end: Socket) -> Self {
        Reader { chunk: vec![0; CHUNK].into(), wake_end, sources: Vec::new(), polled: Vec::new(), events: Vec::new() }
    }

    /// Takes note of new connections, of those that are gone, and of what they want.
    pub(crate) fn follow(&mut self, connections: &[Connection]) {
        self.sources.retain(|source| connections.iter().any(|one| one.number == source.number));
        for connection in connections {
            let wants_to_write = connection.wants_to_write();
            match self.sources.iter_mut().find(|source| source.number == connection.number) {
                Some(source) => source.wants_to_write = wants_to_write,
                None => self.sources.push(Source {
                    number: connection.number,
                    socket: Arc::clone(&connection.socket),
                    splitter: Splitter::default(),
                    wants_to_write,
                }),
            }
        }
    }

    /// Waits until there is something to read or to look after, for at most `time`, and reads it into `events`. Whether there
    /// was nothing to read.
    pub(crate) fn wait(&mut self, time: Duration) -> bool {
        self.polled.clear();
        self.polled.extend(self.sources.iter().map(|source| Polled::new(&source.socket.stream, source.wants_to_write)));
        self.polled.push(Polled::new(&self.wake_end.stream, false));
        let mut is_quiet = sys::wait_for(&mut self.polled, time);
        for (source, polled) in self.sources.iter_mut().zip(&self.polled) {
            if polled.can_read() {
                is_quiet = false;
                source.read(&mut self.chunk, &mut self.events);
            }
        }
        if self.polled.last().map_or(false, Polled::can_read) {
            // Any number of bytes says the same. Nothing else ever fails on a pair of our own.
            let _ = (&self.wake_end.stream).read(&mut [0; 64]);
        }
        is_quiet
    }

    /// Reads what is there without waiting.
    pub(crate) fn look(&mut self) {
        for source in &mut self.sources {
            source.read(&mut self.chunk, &mut self.events);
        }
    }
}

impl Source {
    fn read(&mut self, chunk: &mut [u8], events: &mut Vec<(u64, Event)>) {
        let number = self.number;
        let mut push = |event| events.push((number, event));
        match (&self.socket.stream).read(chunk) {
            Ok(0) => push(Event::Ended),
            Ok(count) => {
                let split = self.splitter.split(&chunk[..count], |line| {
                    push(Answer::read(line).map_or_else(Event::Gibberish, Event::Answer));
                });
                if split.is_err() {
                    push(Event::Gibberish(format!("a line of more than {} bytes", MAX_LINE)));
                }
            }
            Err(error) if is_passing(&error) => {}
            Err(_) => push(Event::Ended),
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
