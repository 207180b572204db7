//! Giving calls up from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::error::Error;
use crate::hub::{CallKey, Hub};
use crate::process::PerProcess;

/// Gives up the calls that were made with it, from any thread: they return [`Error::Cancelled`], and the daemon is notified.
///
/// Clones are the same token. A call made with a token that is cancelled already is not made.
///
/// ```no_run
/// # fn main() -> Result<(), imattr::Error> {
/// let client = imattr::Client::new();
/// let token = imattr::CancelToken::new();
/// let for_the_other_thread = token.clone();
/// std::thread::spawn(move || for_the_other_thread.cancel());
/// client.request().cancel(&token).get_attrs(["abc"])?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<Token>);

struct Token {
    is_cancelled: AtomicBool,
    waiting: PerProcess<Mutex<Calls>>,
}

/// The calls that wait with it.
type Calls = Vec<(Weak<Hub>, CallKey)>;

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        CancelToken::default()
    }

    /// Gives up all calls made with this token, those to come, too. Waits for nothing.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::SeqCst); // before the lock: a call looks while it has that
        let waiting = std::mem::take(&mut *self.lock());
        for (hub, call) in waiting {
            if let Some(hub) = hub.upgrade() {
                hub.cancel(call);
            }
        }
    }

    /// Whether [`CancelToken::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::SeqCst)
    }

    pub(crate) fn register(&self, hub: &Arc<Hub>, call: CallKey) -> Result<(), Error> {
        let mut calls = self.lock();
        if self.is_cancelled() {
            return Err(Error::Cancelled);
        }
        calls.push((Arc::downgrade(hub), call));
        Ok(())
    }

    /// The call has ended. One token may serve several clients, whose calls may have the same key.
    pub(crate) fn unregister(&self, hub: &Arc<Hub>, call: CallKey) {
        let is_other =
            |(one, key): &(Weak<Hub>, CallKey)| *key != call || !std::ptr::eq(one.as_ptr(), Arc::as_ptr(hub));
        self.lock().retain(is_other);
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.waiting.get(|_| Mutex::default()).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Token {
    fn default() -> Self {
        Token { is_cancelled: AtomicBool::new(false), waiting: PerProcess::new(Mutex::default()) }
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(if self.is_cancelled.load(Ordering::SeqCst) { "cancelled" } else { "not cancelled" })
    }
}
