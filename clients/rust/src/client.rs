//! The client.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::attributes::Attributes;
use crate::error::Error;
use crate::hub::Hub;
use crate::json::Json;
use crate::request::Request;
use crate::status::Status;
use crate::stream::Stream;

/// Where the daemon listens by default.
pub const DEFAULT_SOCKET: &str = "/run/imattrd/imattrd.sock";

/// Asks the daemon, by one connection that any number of threads may use at once.
///
/// The connection is made at the first call, and again when it has ended. What was in flight is asked again then, within the
/// time of the call: nothing is ever changed by asking. Clones are the same client.
///
/// A forked process may go on with its parent's client: there it makes a connection of its own. Streams and calls that were
/// begun before stay with the parent; in the child they are cancelled.
///
/// These methods ask with a time of 30 seconds and for fresh answers; [`Client::request`] for others.
#[derive(Clone)]
pub struct Client {
    hub: Arc<Hub>,
}

impl Client {
    /// A client of the daemon at the socket that `IMATTRD_SOCKET` names, else at [`DEFAULT_SOCKET`].
    pub fn new() -> Self {
        match env::var_os("IMATTRD_SOCKET") {
            Some(path) if !path.is_empty() => Client::of(path),
            _ => Client::at(DEFAULT_SOCKET),
        }
    }

    /// A client of the daemon at this socket.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Client::of(path.as_ref().into())
    }

    fn of(path: OsString) -> Self {
        Client { hub: Arc::new(Hub::new(path)) }
    }

    /// Asks for the attributes of any number of accounts, each of 1 to 255 bytes.
    ///
    /// # Errors
    /// Any [`Error`]; the first one ends it.
    pub fn get_attrs<I>(&self, accounts: I) -> Result<Attributes, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.request().get_attrs(accounts)
    }

    /// Asks for the attributes of as many accounts as the iterator gives, in bounded memory; see [`Stream`].
    pub fn stream<I>(&self, accounts: I) -> Stream<I::IntoIter>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.request().stream(accounts)
    }

    /// Asks whether the daemon is there and answers.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn ping(&self) -> Result<(), Error> {
        self.request().ping()
    }

    /// The daemon's state, limits and counters.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn get_status(&self) -> Result<Status, Error> {
        self.request().get_status()
    }

    /// Calls any method of the daemon; its result.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn call(&self, method: &str, params: Option<Json>) -> Result<Json, Error> {
        self.request().call(method, params)
    }

    /// A call with another time, or other wishes.
    pub fn request(&self) -> Request<'_> {
        Request::new(&self.hub)
    }

    /// Ends the connection. Calls that wait return [`Error::Cancelled`], and so does every call from now on, of all
    /// clones. Dropping the last clone ends the connection, too.
    pub fn close(&self) {
        self.hub.close();
    }
}

impl Default for Client {
    fn default() -> Self {
        Client::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("path", &self.hub.path()).finish_non_exhaustive()
    }
}
