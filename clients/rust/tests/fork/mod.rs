//! Forks, which the standard library has not.

use std::process;
use std::thread;

use imattr::Client;

extern "C" {
    fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    fn alarm(seconds: u32) -> u32;
    fn _exit(status: i32) -> !;
}

/// A child process.
pub struct Child(i32);

impl Child {
    /// Forks. The child does this, in which it must not panic, and ends.
    pub fn new(body: impl FnOnce() -> bool) -> Self {
        // SAFETY: the child uses nothing that another thread could have locked, but by the client, which is what is tested;
        // the allocator of the system's library is made for that.
        match unsafe { fork() } {
            0 => unsafe {
                alarm(60); // rather than hang
                _exit(if body() { 0 } else { 1 })
            },
            child => Child(child),
        }
    }

    /// Waits for its end; whether it was content.
    pub fn succeeded(self) -> bool {
        let mut status = -1;
        // SAFETY: the pointer is valid until the call returns.
        unsafe { waitpid(self.0, &mut status, 0) == self.0 && status == 0 }
    }
}

/// Asks for accounts that no other test asks for, and looks whether the answers are about just these.
pub fn get_own_accounts(client: &Client, thread: usize, count: usize) -> bool {
    (0..count).all(|number| {
        let account = format!("p{}-{}-{}", process::id(), thread, number);
        match client.get_attrs([&account]) {
            Ok(answer) => answer.user_attrs.len() == 1 && answer.user_attrs[0].account == account,
            Err(_) => false,
        }
    })
}

/// Forks while threads make calls; parent, children and grandchildren all ask at once.
pub fn fork_among_calls(client: &Client) {
    assert!(get_own_accounts(client, 0, 1));
    thread::scope(|scope| {
        for thread in 1..5 {
            scope.spawn(move || assert!(get_own_accounts(client, thread, 100)));
        }
        let in_child = || {
            let grandchild = Child::new(|| get_own_accounts(client, 0, 5));
            get_own_accounts(client, 0, 30) & grandchild.succeeded()
        };
        let children: Vec<Child> = (0..6).map(|_| Child::new(in_child)).collect();
        assert!(get_own_accounts(client, 0, 50));
        assert!(children.into_iter().map(Child::succeeded).fold(true, |all, one| all & one));
    });
    assert!(get_own_accounts(client, 0, 5));
}
