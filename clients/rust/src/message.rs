//! One line to the daemon.

use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;

use crate::json::{Json, Value};
use crate::scanner::push_quoted;

/// A request, which may have to be sent more than once, each time with another id and less time.
pub(crate) enum Message {
    GetAttrs {
        /// A JSON array.
        accounts: String,
        max_age: Option<Duration>,
        is_partial: bool,
    },
    Other {
        method: String,
        params: Option<Json>,
    },
}

impl Message {
    pub(crate) fn get_attrs<A: AsRef<str>>(accounts: &[A], max_age: Option<Duration>, is_partial: bool) -> Self {
        let mut json =
            String::with_capacity(accounts.iter().map(|account| account.as_ref().len() + 3).sum::<usize>() + 2);
        for (index, account) in accounts.iter().enumerate() {
            json.push(if index == 0 { '[' } else { ',' });
            push_quoted(&mut json, account.as_ref());
        }
        json.push(']');
        Message::GetAttrs { accounts: json, max_age, is_partial }
    }

    /// The accounts that are asked for, each once.
    pub(crate) fn accounts(&self) -> Vec<String> {
        let accounts = match self {
            Message::GetAttrs { accounts, .. } => Json::checked(accounts).value(),
            Message::Other { .. } => return Vec::new(),
        };
        let mut seen = HashSet::new();
        let accounts = accounts.as_array().unwrap_or_default().iter().filter_map(Value::as_str);
        accounts.filter(|account| seen.insert(*account)).map(str::to_owned).collect()
    }

    /// The line of a request that has so much time left.
    pub(crate) fn line(&self, id: u64, left: Duration) -> Vec<u8> {
        let mut line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{}", id);
        match self {
            Message::GetAttrs { accounts, max_age, is_partial } => {
                line.reserve(accounts.len() + 100);
                line.push_str(",\"method\":\"getAttrs\",\"params\":{\"To_Account\":");
                line.push_str(accounts);
                push_member(&mut line, "timeoutMs", left.as_millis().max(1));
                if let Some(age) = max_age {
                    push_member(&mut line, "maxAgeMs", age.as_millis());
                }
                if *is_partial {
                    line.push_str(",\"partial\":true");
                }
                line.push('}');
            }
            Message::Other { method, params } => {
                line.push_str(",\"method\":");
                push_quoted(&mut line, method);
                if let Some(params) = params {
                    line.push_str(",\"params\":");
                    // White space between tokens may end lines; within strings no line can end.
                    line.push_str(&params.as_str().replace(['\n', '\r'], " "));
                }
            }
        }
        line.push_str("}\n");
        line.into_bytes()
    }
}

/// Writing to a string cannot fail.
fn push_member(line: &mut String, name: &str, value: u128) {
    let _ = write!(line, ",\"{}\":{}", name, value);
}

/// The line that withdraws a request.
pub(crate) fn cancellation(id: u64) -> Vec<u8> {
    format!("{{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{{\"id\":{}}}}}\n", id).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &Message, left: Duration) -> String {
        String::from_utf8(message.line(7, left)).unwrap()
    }

    #[test]
    fn a_request_for_attributes_says_the_time_that_is_left() {
        let message = Message::get_attrs(&["a\"\\\n\u{1}\u{7f}é", "b"], Some(Duration::from_millis(1500)), false);
        let expected = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"getAttrs\",\"params\":{\"To_Account\":\
            [\"a\\\"\\\\\\n\\u0001\u{7f}é\",\"b\"],\"timeoutMs\":29999,\"maxAgeMs\":1500}}\n";
        assert_eq!(text(&message, Duration::from_micros(29_999_900)), expected);
        assert!(text(&message, Duration::ZERO).contains("\"timeoutMs\":1,"));
    }

    #[test]
    fn params_are_on_one_line() {
        let params = Some("[1,\n2]".parse().unwrap());
        let message = Message::Other { method: "a\"b".into(), params };
        let expected = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"a\\\"b\",\"params\":[1, 2]}\n";
        assert_eq!(text(&message, Duration::ZERO), expected);
    }
}
