//! Where the calls of all threads share a connection.
//!
//! No thread reads while none waits. Of the threads that wait, one holds the [`Reader`] and reads for all of them, the others
//! sleep until it has something for them. When it has its own answer it puts the reader back and wakes another one.
//! So a single thread reads its answers itself, without a hand-over, and no thread is ever started.
//!
//! The rule that keeps this alive: if the reader is at home and a thread sleeps, one has been woken. Who leaves
//! [`Hub::wait`], for whatever reason, sees to it.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::answer::{Answer, Id, Success};
use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::error::{Error, Refusal};
use crate::process::{Descriptors, PerProcess, Socket};
use crate::reader::{Event, Reader};
use crate::sys;

/// Names a call.
pub(crate) type CallKey = u64;

/// How long is looked for an answer that may have arrived before a call is given up, while there is always more to read.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

pub(crate) struct Hub {
    path: OsString,
    descriptors: Descriptors,
    state: PerProcess<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    latest_call: CallKey,
    latest_id: u64,
    latest_connection: u64,
    calls: HashMap<CallKey, Mailbox>,
    /// Requests whose answers are waited for, by id.
    requests: HashMap<u64, Request>,
    /// Usually one; another one as long as a daemon that is about to go still answers.
    connections: Vec<Connection>,
    had_connection: bool,
    backoff: Backoff,
    /// None as long as a thread reads, which is `leader` then.
    reader: Option<Box<Reader>>,
    leader: Option<CallKey>,
    /// Wakes the thread that reads. None before the first attempt to connect.
    waker: Option<Socket>,
    /// When there was last nothing to read.
    quiet: Option<Instant>,
}

/// A request in flight.
struct Request {
    call: CallKey,
    part: usize,
    connection: u64,
}

/// What has come for a call.
#[derive(Default)]
struct Mailbox {
    arrived: VecDeque<Arrival>,
    is_cancelled: bool,
    /// Wakes the call's thread while it sleeps; made when it first does.
    bell: Option<Arc<Condvar>>,
    is_asleep: bool,
    /// Whether it waits only to know that there is nothing to read any more.
    is_late: bool,
}

/// What became of a part of a call. No request is in flight for it any more.
pub(crate) enum Arrival {
    /// The number of the connection, and the result.
    Result(usize, u64, Success),
    Refused(usize, Box<Refusal>),
    /// The daemon is about to go, and has not done it; ask again after the time that it says.
    ShuttingDown(usize, Box<Refusal>),
    /// The connection ended before.
    Lost(usize),
    /// The connection was given up for what came by it, and the whole call with it.
    Failed(Error),
}

/// Why [`Hub::wait`] returned.
pub(crate) enum Waited {
    Arrived(Arrival),
    TimedOut,
    Cancelled,
}

/// What came of an attempt to send.
pub(crate) enum Sent {
    /// With this id.
    As(u64),
    /// Not yet: no connection can be made before this time.
    NotBefore(Instant),
}

impl Hub {
    pub(crate) fn new(path: OsString) -> Self {
        Hub { path, descriptors: Descriptors::default(), state: PerProcess::new(Mutex::default()) }
    }

    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(&self.path)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code of others runs under the lock; a panic of ours would leave nothing half done that matters more.
        self.state.get(|generation| self.begin_anew(generation)).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state in a forked process: nothing of its parent's. Its calls have other keys, so that a call of its parent's, which
    /// is not known here, is not taken for one of them.
    fn begin_anew(&self, generation: u64) -> Mutex<State> {
        self.descriptors.close_copies();
        Mutex::new(State { latest_call: generation << 40, ..State::default() })
    }

    /// Begins a call, which has to be ended.
    pub(crate) fn begin(&self) -> CallKey {
        let mut state = self.lock();
        state.latest_call += 1;
        let key = state.latest_call;
        state.calls.insert(key, Mailbox::default());
        key
    }

    /// Ends a call, and withdraws the requests that are still in flight for it.
    pub(crate) fn end(&self, call: CallKey, in_flight: &[u64]) {
        let mut state = self.lock();
        if state.calls.remove(&call).is_some() {
            state.withdraw(in_flight);
        }
    }

    /// Withdraws requests, as far as they are still in flight.
    pub(crate) fn withdraw(&self, ids: &[u64]) {
        self.lock().withdraw(ids);
    }

    /// Sends a request for a part of a call, after connecting if need be. `line` is given the id.
    pub(crate) fn send(&self, call: CallKey, part: usize, line: impl FnOnce(u64) -> Vec<u8>) -> Result<Sent, Error> {
        let mut state = self.lock();
        if state.is_closed || !state.calls.contains_key(&call) {
            return Err(Error::Cancelled);
        }
        state.look_at_idle_connection();
        if let Some(time) = state
            .connect(&self.path, &self.descriptors)
            .map_err(|source| Error::Unreachable { path: self.path(), source })?
        {
            return Ok(Sent::NotBefore(time));
        }
        Ok(Sent::As(state.send(call, part, line)))
    }

    /// Waits for something to arrive for a call, until that time at the longest. Some of what is there to be read is read
    /// even if the time has passed; all of it if the call `gives_up` then: a process that was stopped, or had other things to
    /// do, finds its answers there.
    pub(crate) fn wait(&self, call: CallKey, until: Instant, gives_up: bool) -> Waited {
        let mut state = self.lock();
        let mut has_looked = false;
        let mut longest = None;
        let waited = loop {
            if let Some(waited) = state.taken(call) {
                break waited;
            }
            let now = Instant::now();
            let mut left = until.saturating_duration_since(now);
            if has_looked && left.is_zero() {
                let longest = *longest.get_or_insert(now + LONGEST_LOOK);
                if !gives_up || state.quiet >= Some(until) || longest <= now {
                    break Waited::TimedOut;
                }
                if state.reader.is_none() {
                    left = longest - now;
                    state.mailbox(call).is_late = true;
                    state.wake_leader();
                }
            }
            has_looked = true;
            if let Some(mut reader) = state.reader.take() {
                state.leader = Some(call);
                reader.follow(&state.connections);
                drop(state);
                let is_quiet = reader.wait(left);
                state = self.lock();
                state.leader = None;
                state.take_in(reader);
                if is_quiet {
                    state.fall_quiet(now);
                }
            } else {
                let bell = state.fall_asleep(call);
                let woken = bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
                state = woken.0;
                let mailbox = state.mailbox(call);
                mailbox.is_asleep = false;
                mailbox.is_late = false;
            }
        };
        state.wake_a_reader();
        waited
    }

    /// Makes a call that waits, or will, return.
    pub(crate) fn cancel(&self, call: CallKey) {
        let mut state = self.lock();
        if let Some(mailbox) = state.calls.get_mut(&call) {
            mailbox.is_cancelled = true;
            state.wake(call);
        }
    }

    /// Gives a connection up, since what came by it makes no sense; the error for the call that noticed.
    pub(crate) fn give_up(&self, connection: u64, why: String) -> Error {
        let mut state = self.lock();
        state.fail(connection, || Error::Protocol(why.clone()));
        state.wake_a_reader();
        Error::Protocol(why)
    }

    /// Ends all connections and all calls, also those to come.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.requests.clear();
        state.connections.drain(..).for_each(|connection| connection.close());
        if let Some(reader) = &mut state.reader {
            reader.follow(&[]);
        }
        let calls: Vec<CallKey> = state.calls.keys().copied().collect();
        calls.into_iter().for_each(|call| state.wake(call));
    }
}

// Waking

impl State {
    /// What there is for a call to return with.
    fn taken(&mut self, call: CallKey) -> Option<Waited> {
        let is_closed = self.is_closed;
        let mailbox = match self.calls.get_mut(&call) {
            Some(mailbox) if !is_closed && !mailbox.is_cancelled => mailbox,
            _ => return Some(Waited::Cancelled), // it is not known if it is a parent's
        };
        mailbox.arrived.pop_front().map(Waited::Arrived)
    }

    fn mailbox(&mut self, call: CallKey) -> &mut Mailbox {
        self.calls.entry(call).or_default()
    }

    fn fall_asleep(&mut self, call: CallKey) -> Arc<Condvar> {
        let mailbox = self.mailbox(call);
        mailbox.is_asleep = true;
        Arc::clone(mailbox.bell.get_or_insert_with(Arc::default))
    }

    /// Wakes the thread of a call, whether it sleeps or reads.
    fn wake(&mut self, call: CallKey) {
        if self.leader == Some(call) {
            return self.wake_leader();
        }
        if let Some(Mailbox { bell: Some(bell), is_asleep: true, .. }) = self.calls.get(&call) {
            bell.notify_one();
        }
    }

    fn wake_leader(&mut self) {
        if let (Some(_), Some(waker)) = (self.leader, &self.waker) {
            // If it takes no more bytes there are enough.
            let _ = (&waker.stream).write(&[0]);
        }
    }

    /// There was nothing to read since: who is late can give up.
    fn fall_quiet(&mut self, since: Instant) {
        self.quiet = Some(since);
        let late = self.calls.values().filter(|mailbox| mailbox.is_late);
        late.filter_map(|mailbox| mailbox.bell.as_ref()).for_each(|bell| bell.notify_one());
    }

    /// If no thread reads and one sleeps: wakes one, to read.
    fn wake_a_reader(&mut self) {
        if self.reader.is_some() {
            if let Some(bell) = self.calls.values().find(|mailbox| mailbox.is_asleep).and_then(|one| one.bell.as_ref())
            {
                bell.notify_one();
            }
        }
    }

    fn deliver(&mut self, call: CallKey, arrival: Arrival) {
        if let Some(mailbox) = self.calls.get_mut(&call) {
            mailbox.arrived.push_back(arrival);
            self.wake(call);
        }
    }
}

// Writing

impl State {
    /// The connection that takes requests, if there is one.
    fn usable(&mut self) -> Option<&mut Connection> {
        self.connections.iter_mut().rev().find(|connection| !connection.is_retired)
    }

    /// A connection that was idle may have ended meanwhile, or been refused: this is found out before it is used.
    fn look_at_idle_connection(&mut self) {
        if self.usable().map_or(false, |connection| connection.in_flight == 0) {
            if let Some(mut reader) = self.reader.take() {
                reader.follow(&self.connections);
                reader.look();
                self.take_in(reader);
            }
        }
    }

    /// Sees to it that there is a usable connection; if there can be none yet, when to try again.
    fn connect(&mut self, path: &OsString, descriptors: &Descriptors) -> io::Result<Option<Instant>> {
        if self.usable().is_some() {
            return Ok(None);
        }
        if self.waker.is_none() {
            let (waker, wake_end) = UnixStream::pair()?;
            waker.set_nonblocking(true)?;
            wake_end.set_nonblocking(true)?;
            self.reader = Some(Box::new(Reader::new(Socket::new(wake_end, descriptors))));
            self.waker = Some(Socket::new(waker, descriptors));
        }
        let now = Instant::now();
        if let Some(time) = self.backoff.not_before().filter(|&time| time > now) {
            return Ok(Some(time));
        }
        match sys::connect_at_once(path) {
            Ok(socket) => {
                self.latest_connection += 1;
                self.connections.push(Connection::new(self.latest_connection, Socket::new(socket, descriptors)));
                self.had_connection = true;
                self.wake_leader(); // it has another socket to wait for
                Ok(None)
            }
            Err(error) if sys::is_queue_full(&error) || self.had_connection && sys::is_nobody_there(&error) => {
                self.backoff.failed(now);
                Ok(self.backoff.not_before())
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a request on the usable connection, which there is; its id.
    fn send(&mut self, call: CallKey, part: usize, line: impl FnOnce(u64) -> Vec<u8>) -> u64 {
        self.latest_id += 1;
        let id = self.latest_id;
        let connection = self.usable().expect("connect has made it");
        connection.send(id, line(id));
        let (number, wants_to_write) = (connection.number, connection.wants_to_write());
        self.requests.insert(id, Request { call, part, connection: number });
        if wants_to_write {
            self.wake_leader(); // it has to wait for writing, too
        }
        id
    }

    fn withdraw(&mut self, ids: &[u64]) {
        let requests = &mut self.requests;
        let withdrawn: Vec<(u64, u64)> =
            ids.iter().filter_map(|id| Some((requests.remove(id)?.connection, *id))).collect();
        for connection in &mut self.connections {
            let number = connection.number;
            let ids: Vec<u64> = withdrawn.iter().filter(|(one, _)| *one == number).map(|(_, id)| *id).collect();
            connection.withdraw(&ids);
        }
        if self.connections.iter().any(Connection::wants_to_write) {
            self.wake_leader();
        }
        self.drop_what_is_done();
    }

    /// Closes connections that take no requests and have none in flight.
    fn drop_what_is_done(&mut self) {
        self.connections.retain(|connection| {
            let is_done = connection.is_retired && connection.in_flight == 0;
            if is_done {
                connection.close();
            }
            !is_done
        });
    }
}

// Reading

impl State {
    /// Takes in what the reader has read, and puts it back.
    fn take_in(&mut self, mut reader: Box<Reader>) {
        for (connection, event) in reader.events.drain(..) {
            match event {
                Event::Answer(answer) => self.answered(connection, answer),
                Event::Ended => self.ended(connection),
                Event::Gibberish(what) => self.fail(connection, || Error::Protocol(what.clone())),
            }
        }
        self.connections.iter_mut().for_each(Connection::flush);
        self.drop_what_is_done();
        reader.follow(&self.connections);
        self.reader = Some(reader);
    }

    fn answered(&mut self, number: u64, answer: Answer) {
        let position = self.connections.iter().position(|connection| connection.number == number);
        let connection = match position {
            Some(at) => &mut self.connections[at],
            None => return, // it was given up for what came before
        };
        if answer.is_shutting_down() {
            if !connection.is_retired {
                connection.is_retired = true;
                self.backoff.ended(connection.has_answered, Instant::now());
            }
        } else if !connection.has_answered {
            connection.has_answered = true;
            self.backoff.answered();
        }
        match answer.id {
            Id::Number(id) => self.settle(id, number, answer),
            Id::Foreign => {}
            Id::Null => match answer.outcome {
                Err(refusal) => self.fail(number, || Error::Refused(refusal.clone())),
                Ok(_) => unreachable!("Answer::read refuses a result whose id is null"),
            },
        }
    }

    /// Hands an answer to the call that waits for it; if none does, it was given up.
    fn settle(&mut self, id: u64, number: u64, answer: Answer) {
        let request = match self.requests.get(&id) {
            Some(request) if request.connection == number => self.requests.remove(&id).expect("it was there"),
            _ => return,
        };
        if let Some(connection) = self.connections.iter_mut().find(|one| one.number == number) {
            connection.in_flight -= 1;
        }
        let is_shutting_down = answer.is_shutting_down();
        let arrival = match answer.outcome {
            Ok(success) => Arrival::Result(request.part, number, success),
            Err(refusal) if is_shutting_down => Arrival::ShuttingDown(request.part, refusal),
            Err(refusal) => Arrival::Refused(request.part, refusal),
        };
        self.deliver(request.call, arrival);
    }

    /// The connection has ended; what was in flight on it has to be asked again.
    fn ended(&mut self, number: u64) {
        if let Some(connection) = self.remove(number) {
            if !connection.is_retired {
                self.backoff.ended(connection.has_answered, Instant::now());
            }
            for request in self.requests_of(number) {
                self.deliver(request.call, Arrival::Lost(request.part));
            }
        }
    }

    /// Gives a connection up; what is in flight on it fails.
    fn fail(&mut self, number: u64, error: impl Fn() -> Error) {
        if self.remove(number).is_some() {
            for request in self.requests_of(number) {
                self.deliver(request.call, Arrival::Failed(error()));
            }
        }
    }

    fn remove(&mut self, number: u64) -> Option<Connection> {
        let at = self.connections.iter().position(|connection| connection.number == number)?;
        let connection = self.connections.remove(at);
        connection.close();
        Some(connection)
    }

    fn requests_of(&mut self, number: u64) -> Vec<Request> {
        let requests = self.requests.iter().filter(|(_, request)| request.connection == number);
        let mut ids: Vec<u64> = requests.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.requests.remove(&id)).collect()
    }
}
