//! One line from the daemon.

use std::ops::Range;
use std::time::Duration;

use crate::attributes::account_error;
use crate::error::Refusal;
use crate::json::{InvalidJson, Json, Value};
use crate::scanner::Scanner;

/// The code of a daemon that is about to go.
const SHUTTING_DOWN: i64 = -32004;

/// An answer of JSON-RPC 2.0.
pub(crate) struct Answer {
    pub(crate) id: Id,
    pub(crate) outcome: Result<Success, Box<Refusal>>,
}

/// Whose answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    /// That of a request of ours, or another one.
    Number(u64),
    /// No request's: the daemon could not read the id.
    Null,
    /// One that we never give.
    Foreign,
}

/// A result, within its line, which can be long.
pub(crate) struct Success {
    line: String,
    result: Range<usize>,
}

impl Success {
    /// The result as it is in the line.
    pub(crate) fn text(&self) -> &str {
        &self.line[self.result.clone()]
    }
}

impl Answer {
    /// Reads a line without its end; else what is wrong with it.
    pub(crate) fn read(line: Vec<u8>) -> Result<Self, String> {
        let line = String::from_utf8(line).map_err(|_| "a line that is not UTF-8".to_owned())?;
        let members = Members::read(&line).map_err(|invalid| format!("a line that is {}", invalid))?;
        let id = members.id.filter(|_| members.is_version_2).ok_or_else(no_answer)?;
        let outcome = match (members.result, members.error) {
            (Some(result), None) if id == Id::Null => Err(format!("a result whose id is null: {}", &line[result]))?,
            (Some(result), None) => Ok(Success { line, result }),
            (None, Some(error)) => Err(refusal(&line[error]).ok_or_else(no_answer)?),
            _ => return Err(no_answer()),
        };
        Ok(Answer { id, outcome })
    }

    /// Whether the daemon is about to go, and the request is to be made again.
    pub(crate) fn is_shutting_down(&self) -> bool {
        matches!(&self.outcome, Err(refusal) if refusal.code == SHUTTING_DOWN)
    }
}

fn no_answer() -> String {
    "a line that is no answer of JSON-RPC 2.0".into()
}

/// The members of an answer, before they are judged together.
#[derive(Default)]
struct Members {
    is_version_2: bool,
    id: Option<Id>,
    result: Option<Range<usize>>,
    error: Option<Range<usize>>,
}

impl Members {
    fn read(line: &str) -> Result<Self, InvalidJson> {
        let mut members = Members::default();
        let mut scanner = Scanner::new(line);
        let is_object = scanner.object::<InvalidJson>(|scanner, name| {
            if name == "jsonrpc" && scanner.peek() == b'"' {
                members.is_version_2 = scanner.string()? == "2.0";
                return Ok(());
            }
            let range = scanner.skip_value()?;
            match &*name {
                "id" => members.id = Some(id(scanner.slice(range))),
                "result" => members.result = Some(range),
                "error" => members.error = Some(range),
                _ => {}
            }
            Ok(())
        })?;
        if !is_object {
            scanner.ignore_value()?; // if that is JSON, the absence of members says the rest
        }
        scanner.finish()?;
        Ok(members)
    }
}

fn id(text: &str) -> Id {
    match text.parse() {
        Ok(number) => Id::Number(number),
        Err(_) if text == "null" => Id::Null,
        Err(_) => Id::Foreign,
    }
}

/// Reads an error object; none if it lacks an integer as code or a text as message. What else it says is taken as far
/// as it is of the kind that is expected.
fn refusal(text: &str) -> Option<Box<Refusal>> {
    let error = Json::checked(text);
    let data = error.get("data").filter(|data| data.as_object().is_some());
    let field = |name: &str| data.as_ref()?.get(name);
    let text_of = |name: &str| field(name)?.as_str().map(str::to_owned);
    let count = |name: &str| field(name)?.as_number()?.as_u64();
    Some(Box::new(Refusal {
        code: error.get("code")?.as_i64()?,
        message: error.get("message")?.as_str()?.to_owned(),
        source: text_of("source"),
        retryable: field("retryable").and_then(Value::as_bool).unwrap_or(false),
        retry_after: count("retryAfterMs").map(Duration::from_millis),
        error_info: text_of("ErrorInfo"),
        attempts: count("attempts"),
        path: text_of("path"),
        limit: field("limit").and_then(Value::as_number).cloned(),
        limit_name: text_of("limitName"),
        fetched: count("fetched"),
        failed: field("failed").and_then(Value::as_array).map_or_else(Vec::new, |failed| {
            let texts = failed.iter().map(Value::to_string);
            texts.filter_map(|text| account_error(&mut Scanner::new(&text)).ok()).collect()
        }),
        call_id: text_of("callId"),
        clock_skew_seconds: field("clockSkewSeconds").and_then(Value::as_i64),
        data: data.as_ref().map(Json::from),
    }))
}
