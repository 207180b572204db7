//! Calls with other times and wishes than the usual.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attributes::{Attributes, FailedAccount};
use crate::cancel::CancelToken;
use crate::error::Error;
use crate::hub::Hub;
use crate::json::Json;
use crate::message::Message;
use crate::status::Status;
use crate::stream::Stream;
use crate::window::{Content, Received, Window};

/// Accounts in a request.
const BATCH: usize = 500;
/// Requests in flight for one call.
const IN_FLIGHT: usize = 32;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(600);
const AGES: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3600);
const COUNTS: RangeInclusive<usize> = 1..=10_000;
const ACCOUNT_BYTES: RangeInclusive<usize> = 1..=255;

/// A call that is about to be made; see [`Client::request`](crate::Client::request).
///
/// ```no_run
/// # use std::time::Duration;
/// # fn main() -> Result<(), imattr::Error> {
/// # let client = imattr::Client::new();
/// let request = client.request().timeout(Duration::from_secs(5)).max_age(Duration::from_secs(60));
/// let answer = request.get_attrs(["abc"])?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Request<'a> {
    hub: &'a Arc<Hub>,
    pub(crate) timeout: Duration,
    pub(crate) max_age: Option<Duration>,
    pub(crate) batch: usize,
    pub(crate) in_flight: usize,
    pub(crate) is_partial: bool,
    cancel: Option<CancelToken>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(hub: &'a Arc<Hub>) -> Self {
        Request {
            hub,
            timeout: DEFAULT_TIMEOUT,
            max_age: None,
            batch: BATCH,
            in_flight: IN_FLIGHT,
            is_partial: false,
            cancel: None,
        }
    }

    // Wishes

    /// The whole time of a call, of a stream that of each of its requests: 1 ms to 600 s, 30 s unless given.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How old an answer may be that the daemon holds already: up to an hour. Unless given, Tencent is asked.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Whether what was fetched is returned even if some accounts fail: those are in [`Attributes::failed`] then, and a stream
    /// yields them with [`User::failed`](crate::User::failed). A call fails only if no account was answered at all, or if the
    /// error is not about accounts, such as a lost daemon.
    pub fn partial(mut self, partial: bool) -> Self {
        self.is_partial = partial;
        self
    }

    /// Of a stream: accounts in a request, 1 to 10,000, 500 unless given.
    pub fn batch(mut self, accounts: usize) -> Self {
        self.batch = accounts;
        self
    }

    /// Of a stream: requests in flight at once, 1 to 10,000, 32 unless given.
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.in_flight = requests;
        self
    }

    /// What can give the call up from another thread.
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = Some(token.clone());
        self
    }

    // Calls

    /// Asks for the attributes of any number of accounts, each of 1 to 255 bytes.
    ///
    /// # Errors
    /// Any [`Error`]; the first one ends it, unless [`Request::partial`] says otherwise.
    pub fn get_attrs<I>(&self, accounts: I) -> Result<Attributes, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.check()?;
        let accounts: Vec<I::Item> = accounts.into_iter().collect();
        let accounts = distinct(&accounts)?;
        if accounts.is_empty() {
            return Ok(Attributes::default());
        }
        let answers = self.answers(&accounts)?;
        let mut whole = Attributes::default();
        for mut answer in answers {
            whole.user_attrs.append(&mut answer.user_attrs);
            whole.missing.append(&mut answer.missing);
            whole.error_list.append(&mut answer.error_list);
            whole.failed.append(&mut answer.failed);
        }
        Ok(whole)
    }

    /// The answers to the requests that so many accounts need, in their order.
    fn answers(&self, accounts: &[&str]) -> Result<Vec<Attributes>, Error> {
        let deadline = Instant::now() + self.timeout;
        let mut window = self.window()?;
        let mut batches = accounts.chunks(BATCH).enumerate();
        let mut answers = Vec::new();
        answers.resize_with(batches.len(), Attributes::default);
        let mut first_error: Option<(usize, Error)> = None;
        loop {
            while window.len() < IN_FLIGHT {
                let (number, batch) = match batches.next() {
                    Some(next) => next,
                    None => break,
                };
                if self.is_partial && number > 0 && Instant::now() >= deadline {
                    answers[number] = Attributes { failed: too_late(batch), ..Attributes::default() };
                    continue;
                }
                window.add(number, Message::get_attrs(batch, self.max_age, self.is_partial), deadline)?;
            }
            if window.len() == 0 {
                let is_answer = |answer: &Attributes| !answer.user_attrs.is_empty() || !answer.missing.is_empty();
                return match first_error {
                    Some((_, error)) if !answers.iter().any(is_answer) => Err(error),
                    _ => Ok(answers),
                };
            }
            let received = window.next()?;
            let part = received.part;
            let (answer, error) = attributes(received, &window)?;
            answers[part] = answer;
            if let Some(error) = error {
                if first_error.as_ref().map_or(true, |(earlier, _)| part < *earlier) {
                    first_error = Some((part, error));
                }
            }
        }
    }

    /// Asks for the attributes of as many accounts as the iterator gives, in bounded memory; see [`Stream`].
    pub fn stream<I>(&self, accounts: I) -> Stream<I::IntoIter>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Stream::new(self, accounts.into_iter())
    }

    /// Asks whether the daemon is there and answers.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn ping(&self) -> Result<(), Error> {
        self.one(
            "ping",
            None,
            |result| if result == "\"pong\"" { Ok(()) } else { Err("an answer to ping that is not pong") },
        )
    }

    /// The daemon's state, limits and counters.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn get_status(&self) -> Result<Status, Error> {
        self.one("getStatus", None, |result| {
            Status::read(Json::checked(result)).ok_or("an answer to getStatus of another shape")
        })
    }

    /// Calls any method of the daemon; its result.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn call(&self, method: &str, params: Option<Json>) -> Result<Json, Error> {
        self.one(method, params, |result| Ok(Json::checked(result)))
    }

    /// One request, and what `read` makes of its result.
    fn one<T>(
        &self,
        method: &str,
        params: Option<Json>,
        read: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Result<T, Error> {
        self.check()?;
        let deadline = Instant::now() + self.timeout;
        let mut window = self.window()?;
        window.add(0, Message::Other { method: method.to_owned(), params }, deadline)?;
        match window.next()?.content {
            Content::Success(connection, success) => {
                read(success.text()).map_err(|why| window.give_up(connection, why.to_owned()))
            }
            Content::Failed(_, error) => Err(error),
        }
    }

    pub(crate) fn window(&self) -> Result<Window, Error> {
        Window::new(self.hub, self.timeout, self.is_partial, self.cancel.clone())
    }

    /// What is out of range is said before anything is sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        in_range("timeout", self.timeout, TIMEOUTS)?;
        in_range("max_age", self.max_age.unwrap_or(Duration::ZERO), AGES)?;
        for (name, number) in [("batch", self.batch), ("in_flight", self.in_flight)] {
            if !COUNTS.contains(&number) {
                let (least, most) = (COUNTS.start(), COUNTS.end());
                return Err(Error::Argument(format!("{} is {}; {} to {} are allowed", name, number, least, most)));
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Request")
            .field("timeout", &self.timeout)
            .field("max_age", &self.max_age)
            .field("batch", &self.batch)
            .field("in_flight", &self.in_flight)
            .field("partial", &self.is_partial)
            .finish_non_exhaustive()
    }
}

fn in_range(name: &str, time: Duration, range: RangeInclusive<Duration>) -> Result<(), Error> {
    if range.contains(&time) {
        return Ok(());
    }
    Err(Error::Argument(format!("{} is {:?}; {:?} to {:?} are allowed", name, time, range.start(), range.end())))
}

/// Refuses an account that the daemon would refuse.
pub(crate) fn check_account(account: &str, index: usize) -> Result<(), Error> {
    if ACCOUNT_BYTES.contains(&account.len()) {
        return Ok(());
    }
    let (least, most) = (ACCOUNT_BYTES.start(), ACCOUNT_BYTES.end());
    let bytes = account.len();
    Err(Error::Argument(format!("accounts[{}] has {} bytes; {} to {} are allowed", index, bytes, least, most)))
}

/// Each account once, where it was named first.
fn distinct<A: AsRef<str>>(accounts: &[A]) -> Result<Vec<&str>, Error> {
    let mut seen = HashSet::with_capacity(accounts.len());
    let mut distinct = Vec::with_capacity(accounts.len());
    for (index, account) in accounts.iter().map(AsRef::as_ref).enumerate() {
        check_account(account, index)?;
        if seen.insert(account) {
            distinct.push(account);
        }
    }
    Ok(distinct)
}

/// The accounts of a request that was not sent in time.
fn too_late(accounts: &[&str]) -> Vec<FailedAccount> {
    let error = Error::Deadline { timeout: Duration::ZERO, answer: None };
    let failure = FailedAccount::of(&error).expect("it is about accounts");
    accounts.iter().map(|&account| FailedAccount { account: account.to_owned(), ..failure.clone() }).collect()
}

/// Reads the result of `getAttrs`, or makes one of the error that counts for each account.
pub(crate) fn attributes(received: Received, window: &Window) -> Result<(Attributes, Option<Error>), Error> {
    match received.content {
        Content::Success(connection, success) => match Attributes::read(success.text()) {
            Ok(attributes) => Ok((attributes, None)),
            Err(why) => Err(window.give_up(connection, why)),
        },
        Content::Failed(failed, error) => Ok((Attributes { failed, ..Attributes::default() }, Some(error))),
    }
}
