//! Why a call has no answer.

use std::error;
use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::attributes::AccountError;
use crate::json::{InvalidJson, Json, Number};
use crate::sys;

const OVERLOADED: i64 = -32000;
pub(crate) const DEADLINE_EXCEEDED: i64 = -32001;
const UPSTREAM_UNREACHABLE: i64 = -32002;

/// The codes of JSON-RPC and of the daemon; all others are Tencent's.
const NOT_TENCENTS: RangeInclusive<i64> = -32768..=-32000;

/// Why a call has no answer.
///
/// `{:?}` says it in the words of `{}`, so that a `main` that returns it ends with a sentence.
#[non_exhaustive]
pub enum Error {
    /// Nothing was sent, since something given was wrong: the text says what, and what is allowed.
    Argument(String),
    /// The daemon answered that it, or Tencent, refuses.
    Refused(Box<Refusal>),
    /// No connection: no process listens there, or this user may not.
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The daemon went away and did not come back within the time of the call. Asking again does no harm.
    Lost {
        /// The socket.
        path: PathBuf,
    },
    /// No answer came in time: the daemon said so, with its code -32001, or said nothing.
    Deadline {
        /// The time that the call had.
        timeout: Duration,
        /// What the daemon answered, if it did.
        answer: Option<Box<Refusal>>,
    },
    /// What listens there does not speak as imattrd does: the text says what came.
    Protocol(String),
    /// The call was given up by a [`CancelToken`](crate::CancelToken) or by [`Client::close`](crate::Client::close).
    Cancelled,
}

impl Error {
    /// Whether the same call may succeed later without any change.
    pub fn retryable(&self) -> bool {
        match self {
            Error::Refused(refusal) | Error::Deadline { answer: Some(refusal), .. } => refusal.retryable,
            Error::Lost { .. } | Error::Deadline { .. } => true,
            Error::Argument(_) | Error::Unreachable { .. } | Error::Protocol(_) | Error::Cancelled => false,
        }
    }

    /// The time before which asking again is of no use, if the daemon said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after
    }

    /// The code of the daemon's answer: above zero Tencent's own, else the daemon's.
    pub fn code(&self) -> Option<i64> {
        Some(self.refusal()?.code)
    }

    /// What the daemon answered, if it refused, or said that no answer came in time.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) | Error::Deadline { answer: Some(refusal), .. } => Some(refusal),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Argument(what) => formatter.write_str(what),
            Error::Refused(refusal) => refusal.fmt(formatter),
            Error::Unreachable { path, source } => {
                write!(formatter, "cannot connect to {}: {}", path.display(), source)?;
                formatter.write_str(advice(source))
            }
            Error::Lost { path } => {
                let path = path.display();
                write!(formatter, "the daemon at {} went away and did not come back in time; ask again", path)
            }
            Error::Deadline { answer: Some(answer), .. } => write!(formatter, "no answer in time: {}", answer),
            Error::Deadline { timeout, .. } => write!(formatter, "no answer within {:?}; ask again", timeout),
            Error::Protocol(what) => {
                write!(formatter, "what listens there does not speak imattrd's protocol: {}", what)
            }
            Error::Cancelled => formatter.write_str("the call was cancelled"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

fn advice(source: &io::Error) -> &'static str {
    if sys::is_access_denied(source) {
        "; callers must be in the group imattr: usermod -aG imattr USER, then log in again"
    } else if sys::is_nobody_there(source) {
        "; is imattrd running (systemctl status imattrd.socket), and is this the path of its socket (IMATTRD_SOCKET)?"
    } else {
        ""
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Error::Unreachable { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Refusal {
    /// Whether it is about accounts, and not about the request or the daemon.
    pub(crate) fn is_about_accounts(&self) -> bool {
        matches!(self.code, OVERLOADED | DEADLINE_EXCEEDED | UPSTREAM_UNREACHABLE) || !NOT_TENCENTS.contains(&self.code)
    }
}

impl From<InvalidJson> for Error {
    /// For params that were to be sent.
    fn from(invalid: InvalidJson) -> Self {
        Error::Argument(invalid.to_string())
    }
}

/// An error that the daemon answered. What it did not say is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Refusal {
    /// Above zero Tencent's own `ErrorCode`, else the daemon's or JSON-RPC's.
    pub code: i64,
    /// For people.
    pub message: String,
    /// Who refused: `daemon` or `upstream`.
    pub source: Option<String>,
    /// Whether the same call may succeed later without any change.
    pub retryable: bool,
    /// The time before which asking again is of no use.
    pub retry_after: Option<Duration>,
    /// What Tencent said to its code.
    pub error_info: Option<String>,
    /// Calls that the daemon made to Tencent.
    pub attempts: Option<u64>,
    /// Which of the params was wrong, as `To_Account[3]`.
    pub path: Option<String>,
    /// The value of the limit that was met.
    pub limit: Option<Number>,
    /// The configuration's name for that limit.
    pub limit_name: Option<String>,
    /// Accounts that could be had; asking again with `max_age` finds them held.
    pub fetched: Option<u64>,
    /// Accounts that could not, up to 100.
    pub failed: Vec<AccountError>,
    /// By which the daemon's log names the call.
    pub call_id: Option<String>,
    /// How far the clock of this machine is ahead of Tencent's.
    pub clock_skew_seconds: Option<i64>,
    /// All that the daemon said about it, an object, if it said anything.
    pub data: Option<Json>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)?;
        match self.retry_after {
            Some(time) => write!(formatter, "; ask again after {:?}", time),
            None => Ok(()),
        }
    }
}
