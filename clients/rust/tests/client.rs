//! The client, and a daemon in this process that behaves and misbehaves.

mod fake;
mod fork;

use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use fake::{Fake, Folder};
use fork::{fork_among_calls, get_own_accounts, Child};
use imattr::{CancelToken, Client, Error, Json};

/// A channel whose ends threads of a fake daemon may share.
fn shared_channel<T>() -> (Mutex<Sender<T>>, Mutex<Receiver<T>>) {
    let (sender, receiver) = channel();
    (Mutex::new(sender), Mutex::new(receiver))
}

#[test]
fn types_may_go_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Client>();
    check::<CancelToken>();
    check::<Error>();
    check::<Json>();
    fn check_send<T: Send>(_: T) {}
    check_send(Client::at("/nowhere").stream(["a"]));
}

// Sharing

#[test]
fn threads_share_a_connection_and_each_gets_its_own_answers() {
    // Requests that came together are answered in reverse order.
    let fake = Fake::new(|connection| {
        let mut held = Vec::new();
        while let Some(request) = connection.next() {
            held.push(request.line(&request.echo()));
            if !connection.has_more() {
                held.drain(..).rev().for_each(|line| connection.write(&line));
            }
        }
    });
    let client = fake.client();
    thread::scope(|scope| {
        for thread in 0..16 {
            let client = &client;
            scope.spawn(move || {
                for number in 0..250 {
                    let account = format!("{}-{}", thread, number);
                    let answer = client.get_attrs([&account]).unwrap();
                    assert_eq!(answer.user_attrs[0].account, account);
                    assert_eq!(answer.user_attrs[0].attrs.get("account").unwrap().as_str(), Some(&*account));
                }
            });
        }
    });
    assert_eq!(fake.connections(), 1);
}

#[test]
fn threads_with_calls_of_all_ends_leave_nobody_behind() {
    // Every third ping is never answered, and getAttrs always is.
    let fake = Fake::new(|connection| {
        let mut pings = 0;
        while let Some(request) = connection.next() {
            pings += usize::from(request.method == "ping");
            if request.method != "ping" || pings % 3 != 0 {
                connection.answer(&request);
            }
        }
    });
    let client = fake.client();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..100 {
                    let accounts = [number.to_string()];
                    assert_eq!(client.get_attrs(accounts).unwrap().user_attrs.len(), 1);
                }
            });
            scope.spawn(|| {
                for _ in 0..100 {
                    let token = CancelToken::new();
                    thread::scope(|inner| {
                        inner.spawn(|| token.cancel());
                        let result = client.request().cancel(&token).ping();
                        assert!(matches!(result, Ok(()) | Err(Error::Cancelled)), "{:?}", result);
                    });
                }
            });
        }
        scope.spawn(|| {
            let result = client.request().timeout(Duration::from_millis(1)).get_attrs(["late"]);
            assert!(matches!(result, Ok(_) | Err(Error::Lost { .. } | Error::Deadline { .. })), "{:?}", result);
        });
    });
}

// Cancelling

#[test]
fn a_cancelled_reader_hands_on_the_reading() {
    let (go, may_answer) = shared_channel();
    let (arrived, arrivals) = shared_channel();
    let fake = Fake::new(move |connection| {
        let first = connection.next().unwrap();
        arrived.lock().unwrap().send(first.method).unwrap();
        let second = connection.next().unwrap();
        arrived.lock().unwrap().send(second.method.clone()).unwrap();
        let cancellation = connection.next().unwrap();
        assert_eq!((cancellation.id, &*cancellation.method), (None, "$/cancelRequest"));
        assert_eq!(cancellation.params.get("id").unwrap().as_i64(), first.id);
        may_answer.lock().unwrap().recv().unwrap();
        connection.answer(&second);
        connection.next();
    });
    let client = fake.client();
    let token = CancelToken::new();
    thread::scope(|scope| {
        let reader = scope.spawn(|| client.request().cancel(&token).call("first", None));
        assert_eq!(arrivals.lock().unwrap().recv().unwrap(), "first");
        let other = scope.spawn(|| client.get_attrs(["a"]));
        assert_eq!(arrivals.lock().unwrap().recv().unwrap(), "getAttrs");
        token.cancel();
        assert!(matches!(reader.join().unwrap(), Err(Error::Cancelled)));
        go.lock().unwrap().send(()).unwrap();
        assert_eq!(other.join().unwrap().unwrap().user_attrs[0].account, "a");
    });
}

#[test]
fn a_cancelled_token_makes_no_call() {
    let token = CancelToken::new();
    token.cancel();
    assert!(token.is_cancelled());
    let fake = Fake::echo();
    assert!(matches!(fake.client().request().cancel(&token).ping(), Err(Error::Cancelled)));
    assert_eq!(fake.connections(), 0);
}

#[test]
fn one_token_gives_up_calls_of_several_clients() {
    let (arrived, arrivals) = shared_channel();
    let fake = Fake::new(move |connection| {
        while let Some(request) = connection.next() {
            if request.id.is_some() {
                arrived.lock().unwrap().send(()).unwrap();
            }
        }
    });
    let token = CancelToken::new();
    thread::scope(|scope| {
        let clients = [fake.client(), fake.client()];
        let calls = clients.map(|client| {
            let token = &token;
            scope.spawn(move || client.request().cancel(token).ping())
        });
        (0..2).for_each(|_| arrivals.lock().unwrap().recv().unwrap());
        token.cancel();
        for call in calls {
            assert!(matches!(call.join().unwrap(), Err(Error::Cancelled)));
        }
    });
}

#[test]
fn close_ends_what_waits_and_what_comes() {
    let (arrived, arrivals) = shared_channel();
    let (ended, ends) = shared_channel();
    let fake = Fake::new(move |connection| {
        while connection.next().is_some() {
            arrived.lock().unwrap().send(()).unwrap();
        }
        ended.lock().unwrap().send(()).unwrap();
    });
    let client = fake.client();
    thread::scope(|scope| {
        let calls: Vec<_> = (0..3).map(|_| scope.spawn(|| client.ping())).collect();
        (0..3).for_each(|_| arrivals.lock().unwrap().recv().unwrap());
        client.clone().close();
        for call in calls {
            assert!(matches!(call.join().unwrap(), Err(Error::Cancelled)));
        }
    });
    ends.lock().unwrap().recv().unwrap();
    assert!(matches!(client.ping(), Err(Error::Cancelled)));
}

#[test]
fn the_last_clone_takes_the_connection_with_it() {
    let (ended, ends) = shared_channel();
    let fake = Fake::new(move |connection| {
        while let Some(request) = connection.next() {
            connection.answer(&request);
        }
        ended.lock().unwrap().send(()).unwrap();
    });
    let client = fake.client();
    let clone = client.clone();
    client.ping().unwrap();
    drop(client);
    clone.ping().unwrap();
    drop(clone);
    ends.lock().unwrap().recv().unwrap();
    assert_eq!(fake.connections(), 1);
}

// Connections that end

#[test]
fn a_stream_survives_connections_that_end_within_lines() {
    // Each connection answers two requests and a half.
    let fake = Fake::new(|connection| {
        for _ in 0..2 {
            match connection.next() {
                Some(request) => connection.answer(&request),
                None => return,
            }
        }
        if let Some(request) = connection.next() {
            let line = request.line(&request.echo());
            connection.write(&line[..line.len() / 2]);
        }
    });
    let client = fake.client();
    let accounts: Vec<String> = (0..3000).map(|number| number.to_string()).collect();
    let users = client.request().batch(50).in_flight(7).stream(&accounts);
    let mut seen: Vec<String> = users.map(|user| user.unwrap().account).collect();
    seen.sort_by_key(|account| account.parse::<u32>().unwrap());
    assert_eq!(seen, accounts);
    assert!(fake.connections() >= 30, "{} connections", fake.connections());
}

#[test]
fn an_answer_on_a_connection_that_is_about_to_end_counts() {
    // The first request is to be made again, elsewhere; the second one is answered all the same.
    let (go, may_answer) = shared_channel();
    let fake = Fake::new(move |connection| {
        if connection.number == 2 {
            let request = connection.next().unwrap();
            connection.answer(&request);
            go.lock().unwrap().send(()).unwrap();
            connection.next();
            return;
        }
        let requests = [connection.next().unwrap(), connection.next().unwrap()];
        let (repeat, keep): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.accounts() == ["repeat"]);
        connection.write(&repeat[0].error_line(
            r#"{"code":-32004,"message":"shutting down","data":{"source":"daemon","retryable":true,"retryAfterMs":10}}"#,
        ));
        may_answer.lock().unwrap().recv().unwrap();
        connection.answer(keep[0]);
        connection.next();
    });
    let client = fake.client();
    thread::scope(|scope| {
        let calls = ["repeat", "keep"].map(|account| {
            let client = &client;
            scope.spawn(move || client.get_attrs([account]))
        });
        for call in calls {
            assert_eq!(call.join().unwrap().unwrap().user_attrs.len(), 1);
        }
    });
    assert_eq!(fake.connections(), 2);
}

#[test]
fn a_daemon_that_hangs_up_at_each_request_is_lost_in_the_end() {
    let fake = Fake::new(|connection| drop(connection.next()));
    let begin = Instant::now();
    let result = fake.client().request().timeout(Duration::from_millis(400)).ping();
    assert!(matches!(result, Err(Error::Lost { .. })), "{:?}", result);
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert!((2..=6).contains(&fake.connections()), "{} connections", fake.connections());
}

// Much data

#[test]
fn a_daemon_that_writes_and_does_not_read_is_read_from() {
    // It reads the next request when it has written the whole answer, as a simple daemon would; the answers are far larger
    // than the buffers between, and so are the requests.
    let padding = "x".repeat(500_000);
    let fake = Fake::new(move |connection| {
        while let Some(request) = connection.next() {
            connection.write(&request.line(&format!("{{\"padding\":\"{}\",{}", padding, &request.echo()[1..])));
        }
    });
    let long = "y".repeat(200);
    let accounts = (0..32_000).map(|number| format!("{}{}", long, number));
    let answer = fake.client().get_attrs(accounts).unwrap();
    assert_eq!(answer.user_attrs.len(), 32_000);
    assert!(answer.user_attrs.iter().enumerate().all(|(at, user)| user.account == format!("{}{}", long, at)));
}

// Streams

#[test]
fn a_stream_takes_no_more_than_it_needs() {
    let fake = Fake::echo();
    let client = fake.client();
    let taken = std::cell::Cell::new(0);
    let accounts = (0..).map(|number: u32| {
        taken.set(taken.get() + 1);
        number.to_string()
    });
    let mut users = client.request().batch(10).in_flight(3).stream(accounts);
    assert_eq!((taken.get(), fake.connections()), (0, 0));
    for yielded in 1..=95 {
        users.next().unwrap().unwrap();
        assert!(taken.get() <= yielded - 1 + 30, "{} taken for {}", taken.get(), yielded);
    }
}

#[test]
fn a_stream_that_is_left_withdraws_what_is_in_flight() {
    let (withdrawn, withdrawals) = shared_channel();
    let fake = Fake::new(move |connection| {
        let first = connection.next().unwrap();
        connection.answer(&first);
        while let Some(request) = connection.next() {
            if request.method == "$/cancelRequest" {
                withdrawn.lock().unwrap().send(request.params.get("id").unwrap().as_i64().unwrap()).unwrap();
            } else if request.method == "ping" {
                connection.answer(&request);
            }
        }
    });
    let client = fake.client();
    let mut users = client.request().batch(1).in_flight(3).stream(["a", "b", "c", "d"]);
    assert_eq!(users.next().unwrap().unwrap().account, "a");
    drop(users);
    client.ping().unwrap(); // what was written before has been read then
    let ids: Vec<i64> = withdrawals.lock().unwrap().try_iter().collect();
    assert!(ids == [2, 3] || ids == [2], "{:?}", ids);
}

#[test]
fn a_slow_consumer_is_no_reason_for_a_deadline() {
    let fake = Fake::echo();
    let client = fake.client();
    let request = client.request().timeout(Duration::from_millis(50)).batch(1).in_flight(4);
    let mut users = request.stream((0..8).map(|number| number.to_string()));
    users.next().unwrap().unwrap();
    thread::sleep(Duration::from_millis(1200)); // longer than the time of a request, and the second after it
    assert_eq!(users.map(Result::unwrap).count(), 7);
}

#[test]
fn a_slow_input_does_not_hold_back_what_was_answered() {
    let fake = Fake::echo();
    let client = fake.client();
    let (feed, input) = channel::<String>();
    let mut users = client.request().batch(1).in_flight(3).stream(input);
    for number in 0..20 {
        // There is never more to read than this; a stream that filled its window first would wait for ever.
        feed.send(number.to_string()).unwrap();
        feed.send(format!("{}b", number)).unwrap();
        if number == 0 {
            feed.send("ahead".into()).unwrap();
        }
        users.next().unwrap().unwrap();
    }
    drop(feed);
    assert_eq!(users.map(Result::unwrap).count(), 21);
}

#[test]
fn a_wrong_account_ends_a_stream_after_what_was_answered() {
    let fake = Fake::echo();
    let accounts = ["a", "b", "", "c"];
    let client = fake.client();
    let mut users = client.request().batch(1).in_flight(1).stream(accounts);
    assert_eq!(users.next().unwrap().unwrap().account, "a");
    assert_eq!(users.next().unwrap().unwrap().account, "b");
    let error = users.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "accounts[2] has 0 bytes; 1 to 255 are allowed");
    assert!(users.next().is_none());
}

#[test]
fn streams_on_several_threads_share_a_connection() {
    let fake = Fake::echo();
    let client = fake.client();
    thread::scope(|scope| {
        for thread in 0..6 {
            let client = client.clone();
            scope.spawn(move || {
                let accounts = (0..2000).map(|number| format!("{}-{}", thread, number));
                let users = client.request().batch(20).in_flight(5).stream(accounts);
                let prefix = format!("{}-", thread);
                assert_eq!(users.filter(|user| user.as_ref().unwrap().account.starts_with(&prefix)).count(), 2000);
            });
        }
    });
    assert_eq!(fake.connections(), 1);
}

// Errors

#[test]
fn errors_say_what_to_do() {
    let folder = Folder::new();
    let path = folder.0.join("nobody.sock");
    let error = Client::at(&path).ping().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot connect to {}: No such file or directory (os error 2); is imattrd running (systemctl status \
             imattrd.socket), and is this the path of its socket (IMATTRD_SOCKET)?",
            path.display()
        )
    );
    assert_eq!(format!("{:?}", error), error.to_string()); // as main says it
    assert!(!error.retryable());
    assert!(std::error::Error::source(&error).is_some());

    let long = Client::at(folder.0.join("x".repeat(108))).ping().unwrap_err();
    assert!(long.to_string().contains("File name too long"), "{}", long);
    for odd in ["", "a\0b"] {
        assert!(matches!(Client::at(odd).ping().unwrap_err(), Error::Unreachable { .. }));
    }
}

#[test]
fn a_refusal_tells_all_that_the_daemon_said() {
    let fake = Fake::new(|connection| {
        let request = connection.next().unwrap();
        connection.write(
            &request.error_line(
                r#"{"code":90048,"message":"refused","data":{"source":"upstream","retryable":true,"retryAfterMs":1500,
            "ErrorInfo":"no","attempts":2,"fetched":3,"failed":[{"To_Account":"é","ErrorCode":1,"ErrorInfo":"x"},7],
            "limit":1e3,"limitName":"l","path":"p","callId":"c","clockSkewSeconds":-4,"later":[]}}"#
                    .replace('\n', "")
                    .as_str(),
            ),
        );
        connection.next();
    });
    let error = fake.client().get_attrs(["a"]).unwrap_err();
    assert_eq!(error.to_string(), "90048: refused; ask again after 1.5s");
    assert_eq!((error.code(), error.retryable()), (Some(90048), true));
    assert_eq!(error.retry_after(), Some(Duration::from_millis(1500)));
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.source.as_deref(), Some("upstream"));
    assert_eq!(refusal.error_info.as_deref(), Some("no"));
    assert_eq!((refusal.attempts, refusal.fetched, refusal.clock_skew_seconds), (Some(2), Some(3), Some(-4)));
    assert_eq!((refusal.path.as_deref(), refusal.call_id.as_deref()), (Some("p"), Some("c")));
    assert_eq!((refusal.limit.as_ref().unwrap().as_f64(), refusal.limit_name.as_deref()), (1000.0, Some("l")));
    assert_eq!((refusal.failed.len(), &*refusal.failed[0].account), (1, "é"));
    assert!(refusal.data.as_ref().unwrap().get("later").is_some());
}

#[test]
fn the_daemons_word_that_it_is_too_late_is_the_deadline_error() {
    let fake = Fake::new(|connection| {
        while let Some(request) = connection.next() {
            let data = r#"{"source":"daemon","retryable":true,"retryAfterMs":70,"fetched":2}"#;
            let error = format!(r#"{{"code":-32001,"message":"too late","data":{}}}"#, data);
            connection.write(&request.error_line(&error));
        }
    });
    let client = fake.client();
    for error in [client.get_attrs(["a"]).unwrap_err(), client.stream(["a"]).next().unwrap().unwrap_err()] {
        assert!(matches!(&error, Error::Deadline { answer: Some(answer), .. } if answer.fetched == Some(2)));
        assert_eq!((error.code(), error.retry_after()), (Some(-32001), Some(Duration::from_millis(70))));
        assert!(error.retryable() && error.to_string().contains("too late"), "{}", error);
    }
}

#[test]
fn a_partial_answer_lists_what_failed() {
    let fake = Fake::new(|connection| {
        while let Some(request) = connection.next() {
            assert_eq!(request.params.get("partial").and_then(imattr::Value::as_bool), Some(true));
            connection.write(&request.line(
                r#"{"UserAttrs":[{"To_Account":"a","Attrs":{}}],"missing":["b"],"failed":[{"To_Account":"c","code":90003,"message":"m","retryable":true,"ErrorInfo":"i","retryAfterMs":1500,"callId":"7"}]}"#,
            ));
        }
    });
    let client = fake.client();
    let request = client.request().partial(true);
    let answer = request.get_attrs(["a", "b", "c"]).unwrap();
    assert_eq!((answer.user_attrs.len(), answer.missing.len(), answer.failed.len()), (1, 1, 1));
    let users: Vec<imattr::User> = request.stream(["a", "b", "c"]).map(Result::unwrap).collect();
    let failed = &answer.failed[0];
    assert_eq!((&*failed.account, failed.code, &*failed.message, failed.retryable), ("c", 90003, "m", true));
    assert_eq!((failed.error_info.as_deref(), failed.call_id.as_deref()), (Some("i"), Some("7")));
    assert_eq!(failed.retry_after, Some(Duration::from_millis(1500)));
    assert_eq!((users[2].failed.as_ref(), &users[2].attrs, &*users[2].account), (Some(failed), &None, "c"));
    assert!(users[..2].iter().all(|user| user.failed.is_none()));
}

// Forks

#[test]
fn a_forked_process_has_a_connection_of_its_own() {
    fork_among_calls(&Fake::echo().client());
}

#[test]
fn a_stream_belongs_to_its_process() {
    let (withdrawals, withdrawn) = channel();
    let withdrawals = Mutex::new(withdrawals);
    let fake = Fake::new(move |connection| {
        while let Some(request) = connection.next() {
            if request.id.is_none() {
                withdrawals.lock().unwrap().send(()).unwrap();
            }
            connection.answer(&request);
        }
    });
    let client = fake.client();
    let token = CancelToken::new();
    let accounts = (0..200).map(|number| number.to_string());
    let mut users = client.request().cancel(&token).batch(3).in_flight(4).stream(accounts);
    assert_eq!(users.by_ref().take(9).map(Result::unwrap).count(), 9);
    let mut ours = Some(users);
    let child = Child::new(|| {
        let mut users = ours.take().unwrap();
        let is_cancelled = matches!(users.next(), Some(Err(Error::Cancelled)));
        let is_good = get_own_accounts(&client, 0, 3);
        drop(users);
        token.cancel();
        is_cancelled && is_good && get_own_accounts(&client, 0, 3)
    });
    assert_eq!(ours.unwrap().map(Result::unwrap).count(), 191);
    assert!(child.succeeded() && get_own_accounts(&client, 0, 3));
    assert_eq!(fake.connections(), 2);
    assert!(withdrawn.try_recv().is_err());
}

#[test]
fn gibberish_ends_the_connection_for_all_and_the_next_call_makes_another_one() {
    for line in [
        "hello\n",
        "{}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1}\n",
        "[]\n",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":1}\n",
        "\u{feff}\n",
    ] {
        let fake = Fake::new(move |connection| {
            while let Some(request) = connection.next() {
                if connection.number == 1 {
                    connection.write(line);
                } else {
                    connection.answer(&request);
                }
            }
        });
        let client = fake.client();
        let error = client.ping().unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{:?}", error);
        client.ping().unwrap();
    }
}

#[test]
fn answers_of_another_shape_are_told() {
    let answers = [
        ("[]", "without UserAttrs and missing"),
        (r#"{"missing":[]}"#, "without UserAttrs and missing"),
        (r#"{"UserAttrs":{},"missing":[]}"#, "something else than an array"),
        (r#"{"UserAttrs":[],"missing":[1]}"#, "something else than a string"),
        (r#"{"UserAttrs":[{"To_Account":"a"}],"missing":[]}"#, "an entry without To_Account and Attrs"),
        (r#"{"UserAttrs":[{"To_Account":"a","Attrs":[]}],"missing":[]}"#, "Attrs that are no object"),
        (r#"{"UserAttrs":[],"missing":[],"ErrorList":[{"To_Account":"a"}]}"#, "an error without"),
    ];
    for (answer, what) in answers {
        let fake = Fake::new(move |connection| {
            while let Some(request) = connection.next() {
                connection.write(&request.line(answer));
            }
        });
        let error = fake.client().get_attrs(["a"]).unwrap_err();
        assert!(matches!(error, Error::Protocol(_)) && error.to_string().contains(what), "{}", error);
    }
}

#[test]
fn what_is_out_of_range_is_said_before_anything_is_sent() {
    let client = Client::at("/nowhere");
    let request = client.request();
    let wrong = [
        (request.clone().timeout(Duration::ZERO), "timeout is 0ns; 1ms to 600s are allowed"),
        (request.clone().max_age(Duration::from_secs(3601)), "max_age is 3601s; 0ns to 3600s are allowed"),
        (request.clone().batch(0), "batch is 0; 1 to 10000 are allowed"),
        (request.clone().in_flight(10_001), "in_flight is 10001; 1 to 10000 are allowed"),
    ];
    for (request, message) in wrong {
        assert_eq!(request.get_attrs(["a"]).unwrap_err().to_string(), message);
        let mut users = request.stream(["a"]);
        assert_eq!(users.next().unwrap().unwrap_err().to_string(), message);
        assert!(users.next().is_none());
    }
    let error = client.get_attrs(vec!["a", &"é".repeat(128)]).unwrap_err();
    assert_eq!(error.to_string(), "accounts[1] has 256 bytes; 1 to 255 are allowed");
    let error: Error = "{\"a\":}".parse::<Json>().unwrap_err().into();
    assert_eq!(error.to_string(), "no JSON: expected a value at byte 5");
    assert!(matches!(error, Error::Argument(_)));
}

#[test]
fn params_may_be_written_on_several_lines() {
    let fake = Fake::new(|connection| {
        while let Some(request) = connection.next() {
            let params = request.params.to_string();
            connection.write(&request.line(&params));
        }
    });
    let params: Json = "{\n  \"a\": [1,\r\n 2]\n}\n".parse().unwrap();
    let result = fake.client().call("someday", Some(params)).unwrap();
    assert_eq!(result.as_str(), r#"{"a":[1,2]}"#);
}
