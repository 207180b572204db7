//! Reading JSON text without changing it.

use std::borrow::Cow;
use std::ops::Range;

use crate::json::InvalidJson;

/// Arrays and objects within each other; a deeper text is refused, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 256;

/// A place in a JSON text.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Scanner { text, bytes: text.as_bytes(), at: 0 }
    }

    /// The text of a range that [`Scanner::skip_value`] gave.
    pub(crate) fn slice(&self, range: Range<usize>) -> &'a str {
        &self.text[range]
    }

    /// Where the scanner stands, and what it misses there.
    pub(crate) fn error(&self, expected: &'static str) -> InvalidJson {
        InvalidJson { at: self.at, expected }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The first byte of the next token; 0 at the end.
    pub(crate) fn peek(&mut self) -> u8 {
        self.skip_space();
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Steps over a byte if it is the next token.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// Nothing but white space may be left.
    pub(crate) fn finish(&mut self) -> Result<(), InvalidJson> {
        self.skip_space();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(self.error("the end of the text"))
        }
    }

    /// Calls `member` with each name of an object; it has to read the value. False if there is no object here.
    pub(crate) fn object<E: From<InvalidJson>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), E>,
    ) -> Result<bool, E> {
        if !self.take(b'{') {
            return Ok(false);
        }
        if self.take(b'}') {
            return Ok(true);
        }
        loop {
            let name = self.string()?;
            self.colon()?;
            member(self, name)?;
            if !self.more(b'}', "',' or '}'")? {
                return Ok(true);
            }
        }
    }

    /// Calls `element` at each element of an array; it has to read it. False if there is no array here.
    pub(crate) fn array<E: From<InvalidJson>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<bool, E> {
        if !self.take(b'[') {
            return Ok(false);
        }
        if self.take(b']') {
            return Ok(true);
        }
        loop {
            element(self)?;
            if !self.more(b']', "',' or ']'")? {
                return Ok(true);
            }
        }
    }

    fn colon(&mut self) -> Result<(), InvalidJson> {
        if self.take(b':') {
            Ok(())
        } else {
            Err(self.error("':'"))
        }
    }

    /// After an element: whether another one follows.
    fn more(&mut self, end: u8, expected: &'static str) -> Result<bool, InvalidJson> {
        if self.take(b',') {
            Ok(true)
        } else if self.take(end) {
            Ok(false)
        } else {
            Err(self.error(expected))
        }
    }

    /// Steps over a value, which is checked wholly, and says where it is.
    pub(crate) fn skip_value(&mut self) -> Result<Range<usize>, InvalidJson> {
        self.skip_space();
        let begin = self.at;
        self.skip_nested(MAX_DEPTH)?;
        Ok(begin..self.at)
    }

    /// Steps over a value that is not asked for.
    pub(crate) fn ignore_value(&mut self) -> Result<(), InvalidJson> {
        self.skip_nested(MAX_DEPTH)
    }

    fn skip_nested(&mut self, depth: usize) -> Result<(), InvalidJson> {
        match self.peek() {
            b'{' | b'[' if depth == 0 => Err(self.error("no more than 256 arrays and objects within each other")),
            b'{' => self.object(|inner, _| inner.skip_nested(depth - 1)).map(drop),
            b'[' => self.array(|inner| inner.skip_nested(depth - 1)).map(drop),
            b'"' => self.skip_string().map(drop),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number().map(drop),
        }
    }

    /// Steps over `true`, `false` or `null`.
    pub(crate) fn word(&mut self, word: &'static str) -> Result<(), InvalidJson> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.error("a value"))
        }
    }

    /// A number as it is written.
    pub(crate) fn number(&mut self) -> Result<&'a str, InvalidJson> {
        self.skip_space();
        let begin = self.at;
        self.step(b"-");
        if !self.step(b"0") {
            self.digits("a value")?;
        }
        if self.step(b".") {
            self.digits("a digit")?;
        }
        if self.step(b"eE") {
            self.step(b"+-");
            self.digits("a digit")?;
        }
        Ok(&self.text[begin..self.at])
    }

    fn step(&mut self, choices: &[u8]) -> bool {
        let found = self.bytes.get(self.at).map_or(false, |byte| choices.contains(byte));
        self.at += usize::from(found);
        found
    }

    fn digits(&mut self, expected: &'static str) -> Result<(), InvalidJson> {
        let begin = self.at;
        while self.bytes.get(self.at).map_or(false, u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at > begin {
            Ok(())
        } else {
            Err(self.error(expected))
        }
    }

    /// A string, decoded. Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, InvalidJson> {
        self.skip_space();
        let begin = self.at + 1;
        let has_escapes = self.skip_string()?;
        let inner = &self.text[begin..self.at - 1];
        Ok(if has_escapes { Cow::Owned(unescaped(inner)) } else { Cow::Borrowed(inner) })
    }

    /// Steps over a string; whether it has escapes.
    fn skip_string(&mut self) -> Result<bool, InvalidJson> {
        if !self.take(b'"') {
            return Err(self.error("a string"));
        }
        let mut has_escapes = false;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(has_escapes);
                }
                Some(b'\\') => {
                    has_escapes = true;
                    self.skip_escape()?;
                }
                None | Some(0..=0x1f) => return Err(self.error("'\"' at the end of a string")),
                Some(_) => self.at += 1,
            }
        }
    }

    fn skip_escape(&mut self) -> Result<(), InvalidJson> {
        self.at += 1;
        if self.step(b"u") {
            for _ in 0..4 {
                if !self.bytes.get(self.at).map_or(false, u8::is_ascii_hexdigit) {
                    return Err(self.error("four hexadecimal digits"));
                }
                self.at += 1;
            }
            Ok(())
        } else if self.step(b"\"\\/bfnrt") {
            Ok(())
        } else {
            Err(self.error("one of \"\\/bfnrtu after a backslash"))
        }
    }
}

/// The text that a string without its quotes, and known to be valid, means.
fn unescaped(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        match escape {
            b'u' => rest = push_code_point(&mut text, rest),
            b'b' => text.push('\u{8}'),
            b'f' => text.push('\u{c}'),
            b'n' => text.push('\n'),
            b'r' => text.push('\r'),
            b't' => text.push('\t'),
            itself => text.push(char::from(itself)),
        }
    }
    text.push_str(rest);
    text
}

/// Reads what follows `\u`: one UTF-16 unit or two; what follows them.
fn push_code_point<'a>(text: &mut String, rest: &'a str) -> &'a str {
    let first = unit(rest);
    let after = &rest[4..];
    if (0xd800..0xdc00).contains(&first) && after.starts_with("\\u") {
        let second = unit(&after[2..]);
        if (0xdc00..0xe000).contains(&second) {
            let both = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            text.push(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER));
            return &after[6..];
        }
    }
    text.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}

fn unit(digits: &str) -> u32 {
    u32::from_str_radix(&digits[..4], 16).expect("four hexadecimal digits, as skip_escape has seen")
}

/// Writes a text as a JSON string.
pub(crate) fn push_quoted(json: &mut String, text: &str) {
    json.push('"');
    let mut begin = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        json.push_str(&text[begin..at]);
        begin = at + 1;
        if short.is_empty() {
            json.push_str(&format!("\\u{:04x}", byte));
        } else {
            json.push_str(short);
        }
    }
    json.push_str(&text[begin..]);
    json.push('"');
}
