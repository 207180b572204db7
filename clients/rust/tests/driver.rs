//! The driver of clients/contract: does with the client what it reads, and says what came of it.

use std::collections::HashMap;
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::exit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use imattr::{AccountError, CancelToken, Client, Error, FailedAccount, Json, Request, User, Value};

extern "C" {
    fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
}

const FEATURES: [&str; 10] =
    ["concurrent", "cancel", "stream", "pause", "reconnect", "bigint", "large", "duplex", "loop", "fork"];
const DATA: [&str; 12] = [
    "source",
    "retryable",
    "retryAfterMs",
    "ErrorInfo",
    "attempts",
    "path",
    "limit",
    "limitName",
    "fetched",
    "failed",
    "callId",
    "clockSkewSeconds",
];

fn main() {
    let features = Value::from(FEATURES.to_vec());
    say(format!("\"driver\":\"rust\",\"features\":{}", features));
    let mut client = Client::new();
    let mut calls: HashMap<String, Call> = HashMap::new();
    let mut children = Vec::new();
    for line in io::stdin().lock().lines() {
        let line = line.expect("standard input");
        let command = Command(line.parse::<Json>().expect("a command").value());
        match command.text("do") {
            "open" => {
                client = command.get("socket").map_or_else(Client::new, |path| Client::at(path.as_str().unwrap()));
                say("\"opened\":true".into());
            }
            "close" => {
                client.close();
                calls.drain().for_each(|(_, call)| call.join());
                say("\"closed\":true".into());
            }
            "cancel" => calls[command.text("call")].control.cancel(),
            "resume" => calls[command.text("call")].control.go_on(Pause::Resumed),
            "fork" => children.push(forked(&client, &command)),
            "leave" => calls[command.text("call")].control.go_on(Pause::Left),
            _ => {
                let name = command.text("call").to_owned();
                calls.insert(name, Call::start(client.clone(), command));
            }
        }
    }
    calls.drain().for_each(|(_, call)| call.join());
    for child in children {
        // SAFETY: the status is not asked for.
        unsafe { waitpid(child, std::ptr::null_mut(), 0) };
    }
}

/// Forks. The child asks with the client that it has from its parent.
fn forked(client: &Client, command: &Command) -> i32 {
    // SAFETY: the child only uses the client, and locks of standard output that this thread would hold.
    let child = unsafe { fork() };
    if child == 0 {
        let said = get_attrs(&client.request(), command).unwrap_or_else(|error| described(&error));
        say(format!("\"call\":{},{}", quoted(command.text("call")), said));
        // SAFETY: no pointers are given.
        unsafe { _exit(0) };
    }
    child
}

fn say(members: String) {
    let mut output = io::stdout().lock();
    if writeln!(output, "{{{}}}", members).and_then(|()| output.flush()).is_err() {
        exit(1); // no process listens
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// What the driver was told to do.
struct Command(Value);

impl Command {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.get(name).map(|value| usize::try_from(value.as_i64().unwrap()).unwrap())
    }

    fn accounts(&self) -> Vec<String> {
        let accounts = self.get("accounts").and_then(Value::as_array).unwrap_or_default();
        accounts.iter().map(|account| account.as_str().unwrap().to_owned()).collect()
    }

    /// A time. That one is below zero is what the type of durations says here.
    fn time(&self, name: &str) -> Result<Option<Duration>, Error> {
        let milliseconds = self.get(name).map(|value| value.as_i64().unwrap());
        match milliseconds.map(u64::try_from) {
            None => Ok(None),
            Some(Ok(milliseconds)) => Ok(Some(Duration::from_millis(milliseconds))),
            Some(Err(_)) => Err(Error::Argument(format!("{} is below zero, which no Duration is", name))),
        }
    }
}

/// A command on its way.
struct Call {
    control: Arc<Control>,
    thread: JoinHandle<()>,
}

/// What other commands have to say to it.
#[derive(Default)]
struct Control {
    cancel: CancelToken,
    pause: Mutex<Pause>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Pause {
    #[default]
    Waiting,
    Resumed,
    Left,
}

impl Control {
    fn cancel(&self) {
        self.cancel.cancel();
        self.go_on(Pause::Resumed);
    }

    fn go_on(&self, how: Pause) {
        *self.pause.lock().unwrap() = how;
        self.changed.notify_all();
    }

    fn wait(&self) -> Pause {
        let pause = self.pause.lock().unwrap();
        *self.changed.wait_while(pause, |pause| *pause == Pause::Waiting).unwrap()
    }
}

impl Call {
    fn start(client: Client, command: Command) -> Self {
        let control = Arc::new(Control::default());
        let its_control = Arc::clone(&control);
        let thread = thread::spawn(move || {
            let said = run(&client, &command, &its_control).unwrap_or_else(|error| described(&error));
            say(format!("\"call\":{},{}", quoted(command.text("call")), said));
        });
        Call { control, thread }
    }

    fn join(self) {
        self.thread.join().expect("no panic");
    }
}

/// Does a command; the members that say what came of it.
fn run(client: &Client, command: &Command, control: &Control) -> Result<String, Error> {
    let mut request = client.request().cancel(&control.cancel);
    if let Some(time) = command.time("timeoutMs")? {
        request = request.timeout(time);
    }
    if let Some(age) = command.time("maxAgeMs")? {
        request = request.max_age(age);
    }
    request = request.partial(is_partial(command));
    match command.text("do") {
        "getAttrs" => get_attrs(&request, command),
        "stream" => stream(request, command, control),
        "ping" => request.ping().map(|()| "\"result\":\"pong\"".into()),
        "getStatus" => request.get_status().map(|status| format!("\"result\":{}", status.json)),
        "call" => {
            let params = command.get("params").map(Json::from);
            request.call(command.text("method"), params).map(|result| format!("\"result\":{}", result))
        }
        "loop" => {
            let count = command.number("count").unwrap();
            let nanoseconds = if command.text("of") == "bare" { bare_loop(count) } else { client_loop(client, count)? };
            Ok(format!("\"nanoseconds\":{}", nanoseconds))
        }
        other => panic!("no command: {}", other),
    }
}

fn is_partial(command: &Command) -> bool {
    command.get("partial").and_then(Value::as_bool).unwrap_or(false)
}

fn get_attrs(request: &Request<'_>, command: &Command) -> Result<String, Error> {
    let answer = request.get_attrs(command.accounts())?;
    let users = answer.user_attrs.iter().map(|user| user_attrs(&user.account, &user.attrs));
    let mut result = format!("\"UserAttrs\":[{}]", users.collect::<Vec<String>>().join(","));
    result.push_str(&format!(",\"missing\":{}", Value::from(answer.missing)));
    if !answer.error_list.is_empty() {
        let errors = answer.error_list.iter().map(|error| format!("{{{}}}", account_error(error)));
        result.push_str(&format!(",\"ErrorList\":[{}]", errors.collect::<Vec<String>>().join(",")));
    }
    if is_partial(command) {
        let failed: Vec<String> = answer.failed.iter().map(failed_account).collect();
        result.push_str(&format!(",\"failed\":[{}]", failed.join(",")));
    }
    Ok(format!("\"result\":{{{}}}", result))
}

fn user_attrs(account: &str, attrs: &Json) -> String {
    format!("{{\"To_Account\":{},\"Attrs\":{}}}", quoted(account), attrs)
}

fn account_error(error: &AccountError) -> String {
    let (account, info) = (quoted(&error.account), quoted(&error.info));
    format!("\"To_Account\":{},\"ErrorCode\":{},\"ErrorInfo\":{}", account, error.code, info)
}

fn failed_account(failed: &FailedAccount) -> String {
    let mut members = format!("\"To_Account\":{},\"code\":{}", quoted(&failed.account), failed.code);
    members.push_str(&format!(",\"message\":{},\"retryable\":{}", quoted(&failed.message), failed.retryable));
    for (name, text) in [("ErrorInfo", &failed.error_info), ("callId", &failed.call_id)] {
        if let Some(text) = text {
            members.push_str(&format!(",\"{}\":{}", name, quoted(text)));
        }
    }
    if let Some(time) = failed.retry_after {
        members.push_str(&format!(",\"retryAfterMs\":{}", time.as_millis()));
    }
    format!("{{{}}}", members)
}

fn stream(mut request: Request<'_>, command: &Command, control: &Control) -> Result<String, Error> {
    if let Some(batch) = command.number("batch") {
        request = request.batch(batch);
    }
    if let Some(in_flight) = command.number("inFlight") {
        request = request.in_flight(in_flight);
    }
    let accounts: Box<dyn Iterator<Item = String>> = match command.number("count") {
        Some(count) => {
            let prefix = command.text("prefix").to_owned();
            Box::new((0..count).map(move |number| format!("{}{}", prefix, number)))
        }
        None => Box::new(command.accounts().into_iter()),
    };
    let taken = AtomicUsize::new(0);
    let counted = accounts.inspect(|_| {
        taken.fetch_add(1, Ordering::Relaxed);
    });
    let name = quoted(command.text("call"));
    let pause_after = command.number("pauseAfter");
    for (number, user) in request.stream(counted).enumerate() {
        say(format!("\"call\":{},{}", name, described_user(&user?)));
        if pause_after == Some(number + 1) {
            say(format!("\"call\":{},\"paused\":true,\"taken\":{}", name, taken.load(Ordering::Relaxed)));
            if control.wait() == Pause::Left {
                return Ok("\"left\":true".into());
            }
        }
    }
    Ok(format!("\"end\":true,\"taken\":{}", taken.load(Ordering::Relaxed)))
}

fn described_user(user: &User) -> String {
    if let Some(failed) = &user.failed {
        return format!("\"failed\":{}", failed_account(failed));
    }
    match (&user.attrs, &user.error) {
        (Some(attrs), _) => format!("\"user\":{}", user_attrs(&user.account, attrs)),
        (None, Some(error)) => format!("\"missing\":{{{}}}", account_error(error)),
        (None, None) => format!("\"missing\":{{\"To_Account\":{}}}", quoted(&user.account)),
    }
}

fn client_loop(client: &Client, count: usize) -> Result<u128, Error> {
    let begin = Instant::now();
    for _ in 0..count {
        client.ping()?;
    }
    Ok(begin.elapsed().as_nanos())
}

fn bare_loop(count: usize) -> u128 {
    let mut socket = UnixStream::connect(env::var_os("IMATTRD_SOCKET").unwrap()).unwrap();
    let mut lines = BufReader::new(socket.try_clone().unwrap());
    let mut line = Vec::new();
    let begin = Instant::now();
    for _ in 0..count {
        socket.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").unwrap();
        line.clear();
        lines.read_until(b'\n', &mut line).unwrap();
    }
    begin.elapsed().as_nanos()
}

fn described(error: &Error) -> String {
    let kind = match error {
        Error::Argument(_) => "argument",
        Error::Refused(_) => "refused",
        Error::Unreachable { .. } => "unreachable",
        Error::Lost { .. } => "lost",
        Error::Deadline { .. } => "deadline",
        Error::Protocol(_) => "protocol",
        Error::Cancelled => "cancelled",
        other => panic!("a new kind of error: {:?}", other),
    };
    let mut members = format!("\"kind\":\"{}\"", kind);
    match error {
        Error::Refused(refusal) | Error::Deadline { answer: Some(refusal), .. } => {
            members.push_str(&format!(",\"code\":{},\"message\":{}", refusal.code, quoted(&refusal.message)));
            for name in DATA {
                if let Some(value) = refusal.data.as_ref().and_then(|data| data.get(name)) {
                    members.push_str(&format!(",\"{}\":{}", name, value));
                }
            }
        }
        Error::Unreachable { path, source } => {
            let path = quoted(path.to_str().unwrap());
            members.push_str(&format!(",\"path\":{},\"errno\":\"{}\"", path, errno_name(source)));
            members.push_str(&format!(",\"message\":{}", quoted(&error.to_string())));
        }
        Error::Cancelled => {}
        _ => members.push_str(&format!(",\"message\":{}", quoted(&error.to_string()))),
    }
    format!("\"error\":{{{}}}", members)
}

fn errno_name(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(2) => "ENOENT".into(),
        Some(11) => "EAGAIN".into(),
        Some(13) => "EACCES".into(),
        Some(20) => "ENOTDIR".into(),
        Some(22) => "EINVAL".into(),
        Some(24) => "EMFILE".into(),
        Some(36) => "ENAMETOOLONG".into(),
        Some(91) => "EPROTOTYPE".into(),
        Some(111) => "ECONNREFUSED".into(),
        other => format!("{:?}", other),
    }
}
