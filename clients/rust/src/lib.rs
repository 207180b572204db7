//! Asks imattrd for the attributes of Tencent Chat accounts.
//!
//! ```no_run
//! # fn main() -> Result<(), imattr::Error> {
//! let client = imattr::Client::new();
//! let answer = client.get_attrs(["Zhang Xiaohong", "abc"])?;
//! for user in &answer.user_attrs {
//!     println!("{} {}", user.account, user.attrs);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Client`] keeps one connection, which any number of threads may use at once. It starts no thread of its own: one of the
//! threads that wait for an answer reads for all of them. It connects at the first call, and again when the daemon was
//! restarted, without the caller noticing. In a forked process it makes a connection of its own, and leaves its parent's alone.

#![deny(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

#[cfg(not(target_os = "linux"))]
compile_error!("imattrd runs on Linux only");

mod answer;
mod attributes;
mod backoff;
mod cancel;
mod client;
mod connection;
mod error;
mod hub;
mod json;
mod message;
mod process;
mod reader;
mod request;
mod scanner;
mod splitter;
mod status;
mod stream;
mod sys;
mod typed;
mod window;

pub use attributes::{AccountError, Attributes, FailedAccount, User, UserAttrs};
pub use cancel::CancelToken;
pub use client::{Client, DEFAULT_SOCKET};
pub use error::{Error, Refusal};
pub use json::{InvalidJson, Json, Number, Value};
pub use request::Request;
pub use status::{
    Status, StatusCounters, StatusDoor, StatusHeld, StatusLastReload, StatusLimiter, StatusQueue, StatusUpstream,
    StatusUpstreamLastError, StatusUserSig,
};
pub use stream::Stream;

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
