//! JSON as text that stays as it was written, and as values to look into.

use std::error;
use std::fmt;
use std::str::FromStr;

use crate::scanner::{push_quoted, Scanner};

/// A JSON text that was checked and is kept just as it was written: numbers have all their digits, members their order.
///
/// It prints as itself. [`Json::get`] and [`Json::value`] look into it; two are equal if their texts are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Box<str>);

impl Json {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the text says.
    pub fn value(&self) -> Value {
        Value::read(&mut Scanner::new(&self.0)).expect("the text was checked")
    }

    /// The value of a member, if this is an object that has it; of a name that comes twice, the last.
    pub fn get(&self, name: &str) -> Option<Value> {
        let mut found = None;
        Scanner::new(&self.0)
            .object::<InvalidJson>(|scanner, member| {
                let range = scanner.skip_value()?;
                if member == name {
                    found = Some(scanner.slice(range));
                }
                Ok(())
            })
            .expect("the text was checked");
        found.map(|text| Value::read(&mut Scanner::new(text)).expect("the text was checked"))
    }

    /// A text that a scanner has stepped over.
    pub(crate) fn checked(text: &str) -> Self {
        Json(text.into())
    }
}

impl FromStr for Json {
    type Err = InvalidJson;

    fn from_str(text: &str) -> Result<Self, InvalidJson> {
        let mut scanner = Scanner::new(text);
        let range = scanner.skip_value()?;
        scanner.finish()?;
        Ok(Json(text[range].into()))
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        Json(value.to_string().into())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidJson {
    /// The byte where it was noticed, from 0.
    pub at: usize,
    pub(crate) expected: &'static str,
}

impl fmt::Display for InvalidJson {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no JSON: expected {} at byte {}", self.expected, self.at)
    }
}

impl error::Error for InvalidJson {}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number of any size
    Number(Number),
    /// A text. Half a surrogate pair, which some programs leave behind and a `String` cannot hold, is U+FFFD in it.
    String(String),
    /// The elements
    Array(Vec<Value>),
    /// The members in the order in which they were written; a name may come twice.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The value of a member, if this is an object that has it; of a name that comes twice, the last.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let (_, value) = self.as_object()?.iter().rev().find(|(member, _)| member == name)?;
        Some(value)
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if this is one.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The number, if this is an integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&[(String, Value)]> {
        match self {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Reads a text that was checked before, and so is not nested too deep.
    fn read(scanner: &mut Scanner<'_>) -> Result<Value, InvalidJson> {
        match scanner.peek() {
            b'{' => {
                let mut members = Vec::new();
                scanner.object::<InvalidJson>(|inner, name| {
                    members.push((name.into_owned(), Value::read(inner)?));
                    Ok(())
                })?;
                Ok(Value::Object(members))
            }
            b'[' => {
                let mut elements = Vec::new();
                scanner.array::<InvalidJson>(|inner| {
                    elements.push(Value::read(inner)?);
                    Ok(())
                })?;
                Ok(Value::Array(elements))
            }
            b'"' => Ok(Value::String(scanner.string()?.into_owned())),
            b't' => scanner.word("true").map(|()| Value::Bool(true)),
            b'f' => scanner.word("false").map(|()| Value::Bool(false)),
            b'n' => scanner.word("null").map(|()| Value::Null),
            _ => Ok(Value::Number(Number(scanner.number()?.into()))),
        }
    }

    fn write(&self, json: &mut String) {
        match self {
            Value::Null => json.push_str("null"),
            Value::Bool(true) => json.push_str("true"),
            Value::Bool(false) => json.push_str("false"),
            Value::Number(number) => json.push_str(number.as_str()),
            Value::String(text) => push_quoted(json, text),
            Value::Array(elements) => {
                write_list(json, ['[', ']'], elements, |json, element| element.write(json));
            }
            Value::Object(members) => write_list(json, ['{', '}'], members, |json, (name, value)| {
                push_quoted(json, name);
                json.push(':');
                value.write(json);
            }),
        }
    }
}

fn write_list<T>(json: &mut String, [begin, end]: [char; 2], items: &[T], write: impl Fn(&mut String, &T)) {
    json.push(begin);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        write(json, item);
    }
    json.push(end);
}

impl fmt::Display for Value {
    /// JSON text.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut json = String::new();
        self.write(&mut json);
        formatter.pad(&json)
    }
}

macro_rules! values_from {
    ($($type:ty),*) => {$(
        impl From<$type> for Value {
            fn from(number: $type) -> Self {
                Value::Number(Number(number.to_string().into()))
            }
        }
    )*};
}

values_from!(i32, u32, i64, u64, i128, u128);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(elements: Vec<T>) -> Self {
        Value::Array(elements.into_iter().map(Into::into).collect())
    }
}

/// A number with all the digits that it was written with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(Box<str>);

impl Number {
    /// The digits, as in JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, if it is written as an integer and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The number, if it is written as an integer and fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The number, if it is written as an integer and fits. Larger ones are had by [`Number::as_str`].
    pub fn as_i128(&self) -> Option<i128> {
        self.0.parse().ok()
    }

    /// The nearest number of this kind; infinite for one like `1e400`.
    pub fn as_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}
