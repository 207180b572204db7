//! A daemon in this process that does what a test says.

#![allow(dead_code)] // each test program uses another part

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;

use imattr::{Client, Json, Value};

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// A folder that is removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("imattr-rust-{}-{}", std::process::id(), number));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub struct Fake {
    folder: Folder,
    connections: Arc<AtomicUsize>,
}

impl Fake {
    /// Listens, and gives each connection to `serve`, on a thread of its own. The connection ends when that returns.
    pub fn new(serve: impl Fn(&mut Connection) + Send + Sync + 'static) -> Self {
        let fake = Fake { folder: Folder::new(), connections: Arc::default() };
        let listener = UnixListener::bind(fake.path()).unwrap();
        let (serve, connections) = (Arc::new(serve), Arc::clone(&fake.connections));
        thread::spawn(move || {
            for socket in listener.incoming() {
                let number = connections.fetch_add(1, Ordering::SeqCst) + 1;
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(&mut Connection::new(socket.unwrap(), number)));
            }
        });
        fake
    }

    /// Answers each request at once: getAttrs with each account's own name as its only attribute.
    pub fn echo() -> Self {
        Fake::new(|connection| {
            while let Some(request) = connection.next() {
                connection.answer(&request);
            }
        })
    }

    pub fn path(&self) -> PathBuf {
        self.folder.0.join("imattrd.sock")
    }

    pub fn client(&self) -> Client {
        Client::at(self.path())
    }

    /// How many have been made.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub struct Connection {
    /// From 1.
    pub number: usize,
    lines: BufReader<UnixStream>,
}

/// A request, or a notification, which has no id.
pub struct Request {
    pub id: Option<i64>,
    pub method: String,
    pub params: Value,
}

impl Request {
    pub fn accounts(&self) -> Vec<&str> {
        let accounts = self.params.get("To_Account").unwrap().as_array().unwrap();
        accounts.iter().map(|account| account.as_str().unwrap()).collect()
    }

    /// The result that [`Fake::echo`] gives.
    pub fn echo(&self) -> String {
        if self.method == "ping" {
            return "\"pong\"".into();
        }
        let accounts = self.accounts().into_iter().map(Value::from);
        let users: Vec<String> = accounts
            .map(|account| format!("{{\"To_Account\":{},\"Attrs\":{{\"account\":{}}}}}", account, account))
            .collect();
        format!("{{\"UserAttrs\":[{}],\"missing\":[]}}", users.join(","))
    }

    pub fn line(&self, result: &str) -> String {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{}}}\n", self.id.unwrap(), result)
    }

    pub fn error_line(&self, error: &str) -> String {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{}}}\n", self.id.unwrap(), error)
    }
}

impl Connection {
    fn new(socket: UnixStream, number: usize) -> Self {
        Connection { number, lines: BufReader::new(socket) }
    }

    /// What the client says next, be it a request or a notification; none when it has closed.
    pub fn next(&mut self) -> Option<Request> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
        let request = line.parse::<Json>().unwrap().value();
        assert_eq!(request.get("jsonrpc").unwrap().as_str(), Some("2.0"));
        Some(Request {
            id: request.get("id").map(|id| id.as_i64().unwrap()),
            method: request.get("method").unwrap().as_str().unwrap().to_owned(),
            params: request.get("params").cloned().unwrap_or(Value::Null),
        })
    }

    /// Whether more has come already.
    pub fn has_more(&self) -> bool {
        !self.lines.buffer().is_empty()
    }

    /// Writes; whether the client takes it is its own affair.
    pub fn write(&mut self, text: &str) {
        let _ = self.lines.get_mut().write_all(text.as_bytes());
    }

    pub fn answer(&mut self, request: &Request) {
        if request.id.is_some() {
            self.write(&request.line(&request.echo()));
        }
    }
}
