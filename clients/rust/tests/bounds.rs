//! What a client takes of the system. Alone in its process, which is measured.

mod fake;

use std::fs;
use std::os::raw::c_int;

use fake::Fake;

/// A number of /proc/self/status, in KiB.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// One test, since others beside it would be measured, too.
#[test]
fn memory_descriptors_and_signals() {
    dies_of_no_sigpipe();
    keeps_no_descriptors();
    streams_in_bounded_memory();
}

fn streams_in_bounded_memory() {
    let fake = Fake::echo();
    let client = fake.client();
    let accounts = |count: u32| (0..count).map(|number| format!("{:0>200}", number));
    assert_eq!(client.stream(accounts(20_000)).map(Result::unwrap).count(), 20_000);
    let before = status("VmHWM");
    assert_eq!(client.stream(accounts(300_000)).map(Result::unwrap).count(), 300_000);
    let grown = status("VmHWM") - before;
    assert!(grown < 20_000, "{} KiB more for 15 times the accounts", grown);
}

fn keeps_no_descriptors() {
    let fake = Fake::new(|connection| {
        if let Some(request) = connection.next() {
            connection.answer(&request);
        }
    });
    let client = fake.client();
    client.ping().unwrap();
    let before = descriptors();
    for _ in 0..200 {
        client.ping().unwrap();
    }
    // The fake daemon may not have closed its last ends yet.
    assert!(descriptors() < before + 20, "{} before, {} after", before, descriptors());
    assert!(fake.connections() > 200);
}

/// Programs often give SIGPIPE its old meaning back, so that `… | head` ends them quietly.
fn dies_of_no_sigpipe() {
    extern "C" {
        fn signal(number: c_int, handler: usize) -> usize;
    }
    const SIGPIPE: c_int = 13;
    const SIG_DFL: usize = 0;
    // SAFETY: no handler of ours is installed.
    unsafe { signal(SIGPIPE, SIG_DFL) };
    let fake = Fake::new(|connection| {
        if connection.number > 3 {
            while let Some(request) = connection.next() {
                connection.answer(&request);
            }
        }
    });
    fake.client().ping().unwrap();
    assert!(fake.connections() > 3);
}
