//! Giving calls up from another thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::error::Error;
use crate::hub::{CallKey, Hub};

/// Gives up the calls that were made with it, from any thread: they return [`Error::Cancelled`], and the daemon is told.
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
pub struct CancelToken(Arc<Mutex<Calls>>);

#[derive(Default)]
struct Calls {
    is_cancelled: bool,
    waiting: Vec<(Weak<Hub>, CallKey)>,
}

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        CancelToken::default()
    }

    /// Gives up all calls made with this token, those to come, too. Waits for nothing.
    pub fn cancel(&self) {
        let waiting = {
            let mut calls = self.lock();
            calls.is_cancelled = true;
            std::mem::take(&mut calls.waiting)
        };
        for (hub, call) in waiting {
            if let Some(hub) = hub.upgrade() {
                hub.cancel(call);
            }
        }
    }

    /// Whether [`CancelToken::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.lock().is_cancelled
    }

    pub(crate) fn register(&self, hub: &Arc<Hub>, call: CallKey) -> Result<(), Error> {
        let mut calls = self.lock();
        if calls.is_cancelled {
            return Err(Error::Cancelled);
        }
        calls.waiting.push((Arc::downgrade(hub), call));
        Ok(())
    }

    /// The call has ended. One token may serve several clients, whose calls may have the same key.
    pub(crate) fn unregister(&self, hub: &Arc<Hub>, call: CallKey) {
        let is_other =
            |(one, key): &(Weak<Hub>, CallKey)| *key != call || !std::ptr::eq(one.as_ptr(), Arc::as_ptr(hub));
        self.lock().waiting.retain(is_other);
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} calls{}", self.waiting.len(), if self.is_cancelled { ", cancelled" } else { "" })
    }
}
