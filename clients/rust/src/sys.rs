//! The system calls that the standard library has no form of, and most unsafe code of this crate: connecting without
//! waiting, sending without SIGPIPE, and waiting for several sockets until a deadline.

#![allow(unsafe_code)]

use std::ffi::OsStr;
use std::io;
use std::os::raw::{c_int, c_short, c_ulong, c_void};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::io::{AsRawFd, FromRawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

// These are the values of Linux on all architectures but the ones below.
#[cfg(any(target_arch = "mips", target_arch = "mips64", target_arch = "sparc", target_arch = "sparc64"))]
compile_error!("the constants of system calls in sys.rs are others on this architecture");

const AF_UNIX: u16 = 1;
const SOCK_STREAM: c_int = 1;
const SOCK_CLOEXEC: c_int = 0o2_000_000;
const MSG_NOSIGNAL: c_int = 0x4000;
const POLLIN: c_short = 1;
const POLLOUT: c_short = 4;

const ENOENT: i32 = 2;
const EAGAIN: i32 = 11;
const EACCES: i32 = 13;
const EINVAL: i32 = 22;
const ENAMETOOLONG: i32 = 36;
const ECONNREFUSED: i32 = 111;

/// Whether connecting failed only because the queue of the listener is full.
pub(crate) fn is_queue_full(error: &io::Error) -> bool {
    error.raw_os_error() == Some(EAGAIN)
}

/// Whether connecting failed because no process listens.
pub(crate) fn is_nobody_there(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(ENOENT | ECONNREFUSED))
}

/// Whether connecting failed because this user may not.
pub(crate) fn is_access_denied(error: &io::Error) -> bool {
    error.raw_os_error() == Some(EACCES)
}

/// `struct sockaddr_un`
#[repr(C)]
struct SocketAddress {
    family: u16,
    path: [u8; 108],
}

/// `struct pollfd`
#[repr(C)]
pub(crate) struct Polled {
    descriptor: c_int,
    events: c_short,
    found: c_short,
}

extern "C" {
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn connect(descriptor: c_int, address: *const SocketAddress, length: u32) -> c_int;
    fn send(descriptor: c_int, data: *const c_void, length: usize, flags: c_int) -> isize;
    #[link_name = "close"]
    fn close_descriptor(descriptor: c_int) -> c_int;
    fn poll(polled: *mut Polled, count: c_ulong, milliseconds: c_int) -> c_int;
}

impl Polled {
    /// A socket to wait for until it can be read, or also until it can be written.
    pub(crate) fn new(socket: &UnixStream, also_writing: bool) -> Self {
        let events = if also_writing { POLLIN | POLLOUT } else { POLLIN };
        Polled { descriptor: socket.as_raw_fd(), events, found: 0 }
    }

    /// Whether reading would say something now, be it that the connection has ended.
    pub(crate) fn can_read(&self) -> bool {
        self.found & !POLLOUT != 0
    }
}

/// Connects to a socket without ever waiting. Neither reading nor writing waits on the connection that comes of it, and
/// it is closed on exec.
pub(crate) fn connect_at_once(path: &OsStr) -> io::Result<UnixStream> {
    let bytes = path.as_bytes();
    let mut address = SocketAddress { family: AF_UNIX, path: [0; 108] };
    if bytes.len() >= address.path.len() {
        return Err(io::Error::from_raw_os_error(ENAMETOOLONG));
    }
    if bytes.is_empty() || bytes.contains(&0) {
        return Err(io::Error::from_raw_os_error(EINVAL)); // what would be an abstract name
    }
    address.path[..bytes.len()].copy_from_slice(bytes);
    let length = (std::mem::size_of::<u16>() + bytes.len() + 1) as u32;

    // SAFETY: no pointers are given.
    let descriptor = unsafe { socket(c_int::from(AF_UNIX), SOCK_STREAM | SOCK_CLOEXEC, 0) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open and not used elsewhere.
    let stream = unsafe { UnixStream::from_raw_fd(descriptor) };
    stream.set_nonblocking(true)?;
    // SAFETY: the address lives until the call returns, and has at least `length` bytes: the path was measured above.
    if unsafe { connect(descriptor, &address, length) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(stream)
}

/// Closes a descriptor that nothing of this process uses any more.
pub(crate) fn close(descriptor: c_int) {
    // SAFETY: no pointers are given; the caller knows whose descriptor it is. That it fails has no consequences.
    unsafe { close_descriptor(descriptor) };
}

/// Sends what the socket takes now; how many bytes that were. No SIGPIPE comes of it.
pub(crate) fn send_at_once(stream: &UnixStream, data: &[u8]) -> io::Result<usize> {
    // SAFETY: `data` is valid for its length until the call returns, and is only read.
    let sent = unsafe { send(stream.as_raw_fd(), data.as_ptr().cast(), data.len(), MSG_NOSIGNAL) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Waits until one of the sockets is ready, for at most `time`, or less if a signal comes: then it is not known, and the result
/// is false.
pub(crate) fn wait_for(polled: &mut [Polled], time: Duration) -> bool {
    // Rounded up: waking before the deadline would be of no use.
    let milliseconds = c_int::try_from((time.as_nanos() + 999_999) / 1_000_000).unwrap_or(c_int::MAX);
    // SAFETY: the slice is valid for its length, is not used elsewhere until the call returns, and holds `struct pollfd`s.
    let ready = unsafe { poll(polled.as_mut_ptr(), polled.len() as c_ulong, milliseconds) };
    if ready < 0 {
        // A signal came, or there is no memory for now. `found` is undefined then; the caller looks at the clock again.
        polled.iter_mut().for_each(|one| one.found = 0);
    }
    ready >= 0
}
