//! Any number of accounts in bounded memory.

use std::fmt;
use std::iter::Fuse;
use std::time::{Duration, Instant};
use std::vec;

use crate::attributes::User;
use crate::error::Error;
use crate::message::Message;
use crate::request::{attributes, check_account, Request};
use crate::window::Window;

/// Yields each account as its answer arrives, in the order of the answers: those with attributes, then those that are
/// missing, then those that failed, with [`Request::partial`].
///
/// Accounts are taken from the iterator only while the next user is asked for, at most `batch` × `in_flight` ahead. Requests
/// are sent when their batch is full, or the iterator has ended. An account that is repeated in a batch is yielded once, in
/// another batch again. The first error is the last that is yielded; dropping the stream withdraws what is in flight.
/// The time of a request runs only while the next user is asked for.
///
/// ```no_run
/// # use std::io::BufRead;
/// # fn main() -> Result<(), imattr::Error> {
/// let accounts = std::io::stdin().lock().lines().map_while(Result::ok);
/// for user in imattr::Client::new().stream(accounts) {
///     let user = user?;
///     match user.attrs {
///         Some(attrs) => println!("{} {}", user.account, attrs),
///         None => println!("{} is missing", user.account),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Stream<I: Iterator> {
    accounts: Fuse<I>,
    /// Accounts taken so far.
    taken: usize,
    batch: usize,
    in_flight: usize,
    timeout: Duration,
    max_age: Option<Duration>,
    is_partial: bool,
    /// None when it is over; an error that was not returned yet.
    window: Option<Result<Window, Error>>,
    batches: usize,
    ready: vec::IntoIter<User>,
}

impl<I> Stream<I>
where
    I: Iterator,
    I::Item: AsRef<str>,
{
    pub(crate) fn new(request: &Request<'_>, accounts: I) -> Self {
        let window = request.check().and_then(|()| request.window()).map(|mut window| {
            window.stop_clock_between_looks();
            window
        });
        Stream {
            accounts: accounts.fuse(),
            taken: 0,
            batch: request.batch,
            in_flight: request.in_flight,
            timeout: request.timeout,
            max_age: request.max_age,
            is_partial: request.is_partial,
            window: Some(window),
            batches: 0,
            ready: Vec::new().into_iter(),
        }
    }

    /// The accounts of the next answer; none at the end.
    fn receive(&mut self) -> Result<Option<vec::IntoIter<User>>, Error> {
        let mut window = match self.window.take() {
            Some(window) => window?,
            None => return Ok(None),
        };
        let mut received = None;
        while received.is_none() && window.len() < self.in_flight {
            // The iterator may be slow: what has come meanwhile is yielded first.
            if window.len() > 0 {
                received = window.next_if_there()?;
            }
            if received.is_none() && !self.send_batch(&mut window)? {
                break;
            }
        }
        if received.is_none() && window.len() > 0 {
            received = Some(window.next()?);
        }
        let users = match received {
            Some(received) => attributes(received, &window)?.0.into_users(),
            None => return Ok(None),
        };
        self.window = Some(Ok(window));
        Ok(Some(users.collect::<Vec<User>>().into_iter()))
    }

    /// Sends the next request; false if there are no more accounts.
    fn send_batch(&mut self, window: &mut Window) -> Result<bool, Error> {
        let mut batch = Vec::with_capacity(self.batch.min(1024));
        for account in self.accounts.by_ref().take(self.batch) {
            check_account(account.as_ref(), self.taken)?;
            self.taken += 1;
            batch.push(account);
        }
        if batch.is_empty() {
            return Ok(false);
        }
        let deadline = Instant::now() + self.timeout;
        window.add(self.batches, Message::get_attrs(&batch, self.max_age, self.is_partial), deadline)?;
        self.batches += 1;
        Ok(true)
    }
}

impl<I> Iterator for Stream<I>
where
    I: Iterator,
    I::Item: AsRef<str>,
{
    type Item = Result<User, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(user) = self.ready.next() {
                return Some(Ok(user));
            }
            // An error leaves no window behind: what is in flight is withdrawn, and the next time is the end.
            match self.receive() {
                Ok(Some(users)) => self.ready = users,
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<I: Iterator> fmt::Debug for Stream<I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stream").field("taken", &self.taken).finish_non_exhaustive()
    }
}
