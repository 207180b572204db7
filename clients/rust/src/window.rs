//! The requests of one call, as many as are in flight at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::answer::Success;
use crate::attributes::FailedAccount;
use crate::cancel::CancelToken;
use crate::error::{Error, DEADLINE_EXCEEDED};
use crate::hub::{Arrival, CallKey, Hub, Sent, Waited};
use crate::message::Message;

/// How long after the deadline the daemon's own word of it is waited for.
const GRACE: Duration = Duration::from_secs(1);

/// The requests of one call that are in flight. What is lost with a connection is sent again; what is left when the window
/// is dropped is withdrawn.
pub(crate) struct Window {
    hub: Arc<Hub>,
    call: CallKey,
    timeout: Duration,
    is_partial: bool,
    parts: Vec<Part>,
    cancel: Option<CancelToken>,
    /// When it was last looked what has come; none if the clock runs all the time.
    last_look: Option<Instant>,
}

/// A request, in whatever state it is.
struct Part {
    number: usize,
    message: Message,
    deadline: Instant,
    progress: Progress,
}

enum Progress {
    /// In flight, with this id.
    Sent(u64),
    /// To be sent, but not before that time.
    Unsent(Option<Instant>),
}

/// What came of a part.
pub(crate) struct Received {
    pub(crate) part: usize,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    /// The number of the connection, and the result.
    Success(u64, Success),
    /// Each account of it has failed with this error; only if accounts may fail alone.
    Failed(Vec<FailedAccount>, Error),
}

impl Window {
    pub(crate) fn new(
        hub: &Arc<Hub>,
        timeout: Duration,
        is_partial: bool,
        cancel: Option<CancelToken>,
    ) -> Result<Self, Error> {
        let (hub, call) = (Arc::clone(hub), hub.begin());
        let window = Window { hub, call, timeout, is_partial, parts: Vec::new(), cancel, last_look: None };
        if let Some(cancel) = &window.cancel {
            cancel.register(&window.hub, window.call)?;
        }
        Ok(window)
    }

    /// From now on the clock stops while no thread waits: what the consumer of a stream does with an account must
    /// not make the others late, which have arrived perhaps and were not read.
    pub(crate) fn stop_clock_between_looks(&mut self) {
        self.last_look = Some(Instant::now());
    }

    /// Requests in flight.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Sends a request, or does so as soon as there is a connection.
    pub(crate) fn add(&mut self, number: usize, message: Message, deadline: Instant) -> Result<(), Error> {
        self.parts.push(Part { number, message, deadline, progress: Progress::Unsent(None) });
        self.send_what_is_due()
    }

    /// Waits for the next result, whichever part's it is.
    pub(crate) fn next(&mut self) -> Result<Received, Error> {
        loop {
            self.send_what_is_due()?;
            self.forgive_time_away();
            let (time, is_deadline) = self.next_event();
            match self.look(time, is_deadline)? {
                Some(received) => return Ok(received),
                None => {
                    if let Some(received) = self.check_deadlines()? {
                        return Ok(received);
                    }
                }
            }
        }
    }

    /// A result that is there already.
    pub(crate) fn next_if_there(&mut self) -> Result<Option<Received>, Error> {
        self.look(Instant::now(), false)
    }

    /// The connection brought something that is no answer to what was asked.
    pub(crate) fn give_up(&self, connection: u64, why: String) -> Error {
        self.hub.give_up(connection, why)
    }

    fn look(&mut self, until: Instant, gives_up: bool) -> Result<Option<Received>, Error> {
        let waited = self.hub.wait(self.call, until, gives_up);
        if let Some(time) = &mut self.last_look {
            *time = Instant::now();
        }
        match waited {
            Waited::Arrived(arrival) => self.settle(arrival),
            Waited::TimedOut => Ok(None),
            Waited::Cancelled => Err(Error::Cancelled),
        }
    }

    /// A result to hand out, if this is one.
    fn settle(&mut self, arrival: Arrival) -> Result<Option<Received>, Error> {
        match arrival {
            Arrival::Result(part, connection, success) => {
                self.parts.retain(|one| one.number != part);
                return Ok(Some(Received { part, content: Content::Success(connection, success) }));
            }
            Arrival::Refused(part, refusal) => {
                let timeout = self.timeout;
                let error = match refusal.code {
                    DEADLINE_EXCEEDED => Error::Deadline { timeout, answer: Some(refusal) },
                    _ => Error::Refused(refusal),
                };
                return self.fail(part, error).map(Some);
            }
            Arrival::Failed(error) => return Err(error),
            Arrival::Lost(part) => self.put_back(part, None),
            Arrival::ShuttingDown(part, refusal) => {
                self.put_back(part, refusal.retry_after.map(|time| Instant::now() + time));
            }
        }
        Ok(None)
    }

    fn put_back(&mut self, part: usize, not_before: Option<Instant>) {
        if let Some(part) = self.parts.iter_mut().find(|one| one.number == part) {
            part.progress = Progress::Unsent(not_before);
        }
    }

    fn send_what_is_due(&mut self) -> Result<(), Error> {
        if self.parts.iter().all(|part| matches!(part.progress, Progress::Sent(_))) {
            return Ok(());
        }
        let now = Instant::now();
        for part in &mut self.parts {
            match part.progress {
                Progress::Unsent(Some(time)) if time > now => {}
                Progress::Unsent(_) => {
                    let left = part.deadline.saturating_duration_since(now);
                    let sent = self.hub.send(self.call, part.number, |id| part.message.line(id, left))?;
                    part.progress = match sent {
                        Sent::As(id) => Progress::Sent(id),
                        Sent::NotBefore(time) => Progress::Unsent(Some(time)),
                    };
                }
                Progress::Sent(_) => {}
            }
        }
        Ok(())
    }

    /// When there will be something to do even if nothing arrives, and whether that is to give a request up that is in flight.
    fn next_event(&self) -> (Instant, bool) {
        let events = self.parts.iter().map(|part| match part.progress {
            Progress::Sent(_) => (part.deadline + GRACE, true),
            Progress::Unsent(Some(time)) => (time.min(part.deadline), false),
            Progress::Unsent(None) => (part.deadline, false),
        });
        events.min().expect("a thread that waits has a request")
    }

    /// Takes a part off that has failed. If accounts may fail alone, and the error is about them, the others go on.
    fn fail(&mut self, part: usize, error: Error) -> Result<Received, Error> {
        let at = self.parts.iter().position(|one| one.number == part).expect("it is in flight");
        let failure = if self.is_partial { FailedAccount::of(&error) } else { None };
        let failure = match failure {
            Some(failure) => failure,
            None => return Err(error),
        };
        let part = self.parts.remove(at);
        if let Progress::Sent(id) = part.progress {
            self.hub.withdraw(&[id]); // unless it was answered
        }
        let accounts = part.message.accounts();
        let failed = accounts.into_iter().map(|account| FailedAccount { account, ..failure.clone() }).collect();
        Ok(Received { part: part.number, content: Content::Failed(failed, error) })
    }

    fn check_deadlines(&mut self) -> Result<Option<Received>, Error> {
        let now = Instant::now();
        for part in &self.parts {
            match part.progress {
                Progress::Sent(_) if now >= part.deadline + GRACE => {
                    let number = part.number;
                    return self.fail(number, Error::Deadline { timeout: self.timeout, answer: None }).map(Some);
                }
                // Also if the time to try again lies beyond: then it is certain already.
                Progress::Unsent(not_before) if not_before.map_or(now, |time| time.max(now)) >= part.deadline => {
                    return Err(Error::Lost { path: self.hub.path() });
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn forgive_time_away(&mut self) {
        if let Some(last_look) = self.last_look {
            let now = Instant::now();
            let latest = now + self.timeout;
            for part in &mut self.parts {
                part.deadline = (part.deadline + (now - last_look)).min(latest);
            }
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if let Some(cancel) = &self.cancel {
            cancel.unregister(&self.hub, self.call);
        }
        let in_flight = self.parts.iter().filter_map(|part| match part.progress {
            Progress::Sent(id) => Some(id),
            Progress::Unsent(_) => None,
        });
        self.hub.end(self.call, &in_flight.collect::<Vec<u64>>());
    }
}
