//! Calls with other times and wishes than the usual.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attributes::Attributes;
use crate::cancel::CancelToken;
use crate::error::Error;
use crate::hub::Hub;
use crate::json::Json;
use crate::message::Message;
use crate::stream::Stream;
use crate::window::{Received, Window};

/// Accounts in a request.
const BATCH: usize = 500;
/// Requests in flight for one call.
const IN_FLIGHT: usize = 32;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(600);
const AGES: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3600);
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
    cancel: Option<CancelToken>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(hub: &'a Arc<Hub>) -> Self {
        Request { hub, timeout: DEFAULT_TIMEOUT, max_age: None, batch: BATCH, in_flight: IN_FLIGHT, cancel: None }
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

    /// Of a stream: accounts in a request, 500 unless given.
    pub fn batch(mut self, accounts: usize) -> Self {
        self.batch = accounts;
        self
    }

    /// Of a stream: requests in flight at once, 32 unless given.
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
    /// Any [`Error`]; the first one ends it.
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
        loop {
            for (number, batch) in batches.by_ref().take(IN_FLIGHT - window.len()) {
                window.add(number, Message::get_attrs(batch, self.max_age), deadline)?;
            }
            if window.len() == 0 {
                return Ok(answers);
            }
            let received = window.next()?;
            answers[received.part] = attributes(&received, &window)?;
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

    /// The daemon's state, limits and counters, an object.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn get_status(&self) -> Result<Json, Error> {
        self.one("getStatus", None, |result| {
            if result.starts_with('{') {
                Ok(Json::checked(result))
            } else {
                Err("a status that is no object")
            }
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
        let received = window.next()?;
        read(received.success.text()).map_err(|why| window.give_up(received.connection, why.to_owned()))
    }

    pub(crate) fn window(&self) -> Result<Window, Error> {
        Window::new(self.hub, self.timeout, self.cancel.clone())
    }

    /// What is out of range is said before anything is sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        in_range("timeout", self.timeout, TIMEOUTS)?;
        in_range("max_age", self.max_age.unwrap_or(Duration::ZERO), AGES)?;
        for (name, number) in [("batch", self.batch), ("in_flight", self.in_flight)] {
            if number == 0 {
                return Err(Error::Argument(format!("{} is 0; at least 1 is needed", name)));
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
    Err(Error::Argument(format!("account {} has {} bytes; {} to {} are allowed", index, bytes, least, most)))
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

/// Reads the result of `getAttrs`.
pub(crate) fn attributes(received: &Received, window: &Window) -> Result<Attributes, Error> {
    Attributes::read(received.success.text()).map_err(|why| window.give_up(received.connection, why))
}
