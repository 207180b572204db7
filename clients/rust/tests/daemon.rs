//! The client and a real daemon, at IMATTRD_SOCKET.

mod fork;

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use imattr::{Client, Error};

#[test]
fn answers_the_documented_example() {
    let answer = Client::new().get_attrs(["Zhang Xiaohong", "abc", "Zhang Xiaohong"]).unwrap();
    let accounts: Vec<&str> = answer.user_attrs.iter().map(|user| &*user.account).collect();
    assert_eq!(accounts, ["Zhang Xiaohong", "abc"]);
    assert_eq!(answer.user_attrs[0].attrs.as_str(), r#"{"sex":"Female","city":"New York"}"#);
    assert_eq!(answer.user_attrs[1].attrs.as_str(), "{}");
}

#[test]
fn tells_its_state() {
    let client = Client::new();
    client.ping().unwrap();
    let status = client.get_status().unwrap();
    assert_eq!((&*status.state, &*status.version), ("ready", imattr::VERSION));
    assert!(status.limiter.unwrap().rate_limit > 0 && status.requests["ping"] > 0);
    assert_eq!(status.json.get("pid").unwrap().as_i64(), Some(status.pid));
}

#[test]
fn a_forked_process_has_a_connection_of_its_own() {
    fork::fork_among_calls(&Client::new());
}

#[test]
fn refuses_an_unknown_method_with_its_code() {
    let error = Client::new().call("someday", None).unwrap_err();
    assert_eq!(error.code(), Some(-32601));
    assert!(matches!(error, Error::Refused(_)));
}

#[test]
fn many_threads_ask_at_once() {
    let client = Client::new();
    thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let request = client.request().max_age(Duration::from_secs(3600));
                    assert_eq!(request.get_attrs(["Zhang Xiaohong"]).unwrap().user_attrs.len(), 1);
                }
            });
        }
    });
}

#[test]
fn streams_thousands() {
    let accounts = (0..5000).map(|number| format!("rust-{}", number));
    let users = Client::new().request().max_age(Duration::from_secs(3600)).stream(accounts);
    let seen: HashSet<String> = users.map(|user| user.unwrap().account).collect();
    assert_eq!(seen.len(), 5000);
}
