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
//! restarted, without the caller noticing.

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
mod reader;
mod request;
mod scanner;
mod splitter;
mod stream;
mod sys;
mod window;

pub use attributes::{AccountError, Attributes, User, UserAttrs};
pub use cancel::CancelToken;
pub use client::{Client, DEFAULT_SOCKET};
pub use error::{Error, Refusal};
pub use json::{InvalidJson, Json, Number, Value};
pub use request::Request;
pub use stream::Stream;
