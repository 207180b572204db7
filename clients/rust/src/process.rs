//! Forks: what a forked process must not share with its parent.
//!
//! The standard library cannot fork, but programs do, by other crates. The child has a copy of the memory and of the
//! descriptors, and none of the other threads. It must neither read from nor write to its parent's connections, and cannot
//! wait for a lock that a thread of its parent held.

#![allow(unsafe_code)]

use std::os::unix::io::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};
use std::sync::Arc;

use crate::sys;

/// A value that each process has for itself.
pub(crate) struct PerProcess<T> {
    latest: AtomicPtr<Node<T>>,
}

struct Node<T> {
    process: u32,
    /// How many ancestors had one.
    generation: u64,
    value: T,
}

// SAFETY: it hands out `&T` to any thread, and owns a `T`, as a `Mutex` would.
unsafe impl<T: Send + Sync> Send for PerProcess<T> {}
unsafe impl<T: Send + Sync> Sync for PerProcess<T> {}

impl<T> PerProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        PerProcess { latest: AtomicPtr::new(Node::new(0, value)) }
    }

    /// That of this process. If there is none yet, `begin_anew` makes it of the number of ancestors that had one; that of
    /// the parent is never touched again, since a thread may have been changing it.
    pub(crate) fn get(&self, begin_anew: impl Fn(u64) -> T) -> &T {
        let process = process::id();
        loop {
            let latest = self.latest.load(Ordering::Acquire);
            // SAFETY: a node lives as long as `self`: see `drop`, and below.
            let node = unsafe { &*latest };
            if node.process == process {
                return &node.value;
            }
            let own = Node::new(node.generation + 1, begin_anew(node.generation + 1));
            if self.latest.compare_exchange(latest, own, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: another thread was faster, so no other thread has this one.
                drop(unsafe { Box::from_raw(own) });
            }
        }
    }
}

impl<T> Node<T> {
    fn new(generation: u64, value: T) -> *mut Self {
        Box::into_raw(Box::new(Node { process: process::id(), generation, value }))
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let latest = *self.latest.get_mut();
        // SAFETY: there is no reference to `self` any more, and so none into the node. That of a parent is left alone.
        unsafe {
            if (*latest).process == process::id() {
                drop(Box::from_raw(latest));
            }
        }
    }
}

/// The descriptors that a client has, for a forked process to close its copies.
#[derive(Clone, Default)]
pub(crate) struct Descriptors(Arc<[AtomicI32; 16]>);

impl Descriptors {
    /// Closes the copies. The parent's connections stay as they are.
    pub(crate) fn close_copies(&self) {
        for slot in self.0.iter() {
            let descriptor = slot.swap(0, Ordering::AcqRel) - 1;
            if descriptor >= 0 {
                sys::close(descriptor);
            }
        }
    }
}

/// A socket that a forked process knows of.
pub(crate) struct Socket {
    pub(crate) stream: UnixStream,
    descriptors: Descriptors,
}

impl Socket {
    /// With more sockets than there is room for, a forked process keeps some copies open.
    pub(crate) fn new(stream: UnixStream, descriptors: &Descriptors) -> Self {
        let number = stream.as_raw_fd() + 1;
        let _ = descriptors
            .0
            .iter()
            .find(|slot| slot.compare_exchange(0, number, Ordering::AcqRel, Ordering::Relaxed).is_ok());
        Socket { stream, descriptors: descriptors.clone() }
    }
}

impl Drop for Socket {
    /// Before the descriptor is closed, and its number is another file's.
    fn drop(&mut self) {
        let number = self.stream.as_raw_fd() + 1;
        for slot in self.descriptors.0.iter() {
            let _ = slot.compare_exchange(number, 0, Ordering::AcqRel, Ordering::Relaxed);
        }
    }
}
