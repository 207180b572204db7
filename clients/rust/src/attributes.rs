//! What `getAttrs` answers.

use std::time::Duration;

use crate::error::{Error, DEADLINE_EXCEEDED};
use crate::json::{InvalidJson, Json, Value};
use crate::scanner::Scanner;

/// The attributes of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserAttrs {
    /// The account (`To_Account`).
    pub account: String,
    /// Its attributes (`Attrs`), an object, just as Tencent wrote it.
    pub attrs: Json,
}

/// What Tencent said of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountError {
    /// The account (`To_Account`).
    pub account: String,
    /// Tencent's code for it (`ErrorCode`).
    pub code: i64,
    /// Tencent's words for it (`ErrorInfo`).
    pub info: String,
}

/// An account that failed, and why: what the error of a call for it alone would say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedAccount {
    /// The account (`To_Account`).
    pub account: String,
    /// Above zero Tencent's own `ErrorCode`, else the daemon's.
    pub code: i64,
    /// For people.
    pub message: String,
    /// Whether the account may be answered later without any change.
    pub retryable: bool,
    /// What Tencent said to its code (`ErrorInfo`).
    pub error_info: Option<String>,
    /// The time before which asking again is of no use.
    pub retry_after: Option<Duration>,
    /// By which the daemon's log names the call.
    pub call_id: Option<String>,
}

impl FailedAccount {
    /// What an error says of each account of its request, if it is about accounts.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let refusal = match error {
            Error::Deadline { answer: None, .. } => {
                let message = "no answer came in time".to_owned();
                return Some(FailedAccount { code: DEADLINE_EXCEEDED, message, retryable: true, ..Default::default() });
            }
            _ => error.refusal().filter(|refusal| refusal.is_about_accounts())?.clone(),
        };
        Some(FailedAccount {
            account: String::new(),
            code: refusal.code,
            message: refusal.message,
            retryable: refusal.retryable,
            error_info: refusal.error_info,
            retry_after: refusal.retry_after,
            call_id: refusal.call_id,
        })
    }
}

/// The answer of `getAttrs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attributes {
    /// Each account that Tencent answered, once, in the order in which they were first named (`UserAttrs`).
    pub user_attrs: Vec<UserAttrs>,
    /// The other accounts, in the same order.
    pub missing: Vec<String>,
    /// What Tencent said of accounts, if it did (`ErrorList`).
    pub error_list: Vec<AccountError>,
    /// The accounts that failed, in the same order; only with [`Request::partial`](crate::Request::partial).
    pub failed: Vec<FailedAccount>,
}

/// One account of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The account (`To_Account`).
    pub account: String,
    /// Its attributes (`Attrs`), an object, just as Tencent wrote it; none if the account is missing or failed.
    pub attrs: Option<Json>,
    /// What Tencent said of a missing account, if it did.
    pub error: Option<AccountError>,
    /// Why the account failed, if it did; only with [`Request::partial`](crate::Request::partial).
    pub failed: Option<FailedAccount>,
}

impl Attributes {
    /// Reads the result of `getAttrs`; else what is wrong with it.
    pub(crate) fn read(result: &str) -> Result<Self, String> {
        let mut attributes = Attributes::default();
        let (mut has_users, mut has_missing) = (false, false);
        let is_object = Scanner::new(result).object(|scanner, name| match &*name {
            "UserAttrs" => {
                has_users = true;
                each(scanner, &mut attributes.user_attrs, user_attrs)
            }
            "missing" => {
                has_missing = true;
                each(scanner, &mut attributes.missing, string)
            }
            "ErrorList" => each(scanner, &mut attributes.error_list, account_error),
            "failed" => each(scanner, &mut attributes.failed, failed_account),
            _ => Ok(scanner.ignore_value()?),
        });
        match is_object {
            Ok(true) if has_users && has_missing => Ok(attributes),
            Ok(_) => Err("a result of getAttrs without UserAttrs and missing".into()),
            Err(Misshapen(what)) => Err(format!("a result of getAttrs with {}", what)),
        }
    }

    /// The accounts as a stream yields them.
    pub(crate) fn into_users(self) -> impl Iterator<Item = User> {
        let mut errors = self.error_list;
        let found = self.user_attrs.into_iter();
        let missing = self.missing.into_iter().map(move |account| {
            let error = errors.iter().position(|error| error.account == account).map(|at| errors.swap_remove(at));
            User { account, attrs: None, error, failed: None }
        });
        let failed = self.failed.into_iter().map(|failed| User {
            account: failed.account.clone(),
            attrs: None,
            error: None,
            failed: Some(failed),
        });
        let found =
            found.map(|user| User { account: user.account, attrs: Some(user.attrs), error: None, failed: None });
        found.chain(missing).chain(failed)
    }
}

/// What is wrong with a part of an answer.
pub(crate) struct Misshapen(&'static str);

impl From<InvalidJson> for Misshapen {
    fn from(invalid: InvalidJson) -> Self {
        Misshapen(invalid.expected)
    }
}

fn each<T>(
    scanner: &mut Scanner<'_>,
    list: &mut Vec<T>,
    read: fn(&mut Scanner<'_>) -> Result<T, Misshapen>,
) -> Result<(), Misshapen> {
    list.clear(); // of a name that comes twice, the last
    let is_array = scanner.array(|inner| {
        list.push(read(inner)?);
        Ok::<(), Misshapen>(())
    })?;
    if is_array {
        Ok(())
    } else {
        Err(Misshapen("something else than an array in it"))
    }
}

fn string(scanner: &mut Scanner<'_>) -> Result<String, Misshapen> {
    if scanner.peek() == b'"' {
        Ok(scanner.string()?.into_owned())
    } else {
        Err(Misshapen("something else than a string in it"))
    }
}

fn user_attrs(scanner: &mut Scanner<'_>) -> Result<UserAttrs, Misshapen> {
    let (mut account, mut attrs) = (None, None);
    scanner.object(|inner, name| {
        match &*name {
            "To_Account" => account = Some(string(inner)?),
            "Attrs" if inner.peek() == b'{' => {
                let range = inner.skip_value()?;
                attrs = Some(Json::checked(inner.slice(range)));
            }
            "Attrs" => return Err(Misshapen("Attrs that are no object")),
            _ => inner.ignore_value()?,
        }
        Ok(())
    })?;
    match (account, attrs) {
        (Some(account), Some(attrs)) => Ok(UserAttrs { account, attrs }),
        _ => Err(Misshapen("an entry without To_Account and Attrs")),
    }
}

/// Reads `{"To_Account":…,"ErrorCode":…,"ErrorInfo":…}`; the last may be absent.
pub(crate) fn account_error(scanner: &mut Scanner<'_>) -> Result<AccountError, Misshapen> {
    let (mut account, mut code, mut info) = (None, None, String::new());
    scanner.object(|inner, name| {
        match &*name {
            "To_Account" => account = Some(string(inner)?),
            "ErrorCode" => {
                let range = inner.skip_value()?;
                code = inner.slice(range).parse().ok();
            }
            "ErrorInfo" => info = string(inner)?,
            _ => inner.ignore_value()?,
        }
        Ok::<(), Misshapen>(())
    })?;
    match (account, code) {
        (Some(account), Some(code)) => Ok(AccountError { account, code, info }),
        _ => Err(Misshapen("an error without To_Account and ErrorCode")),
    }
}

/// Reads an entry of `failed`. What it says beside To_Account, code, message and retryable is taken as far as it is of the
/// kind that is expected.
fn failed_account(scanner: &mut Scanner<'_>) -> Result<FailedAccount, Misshapen> {
    let range = scanner.skip_value()?;
    let entry = Json::checked(scanner.slice(range)).value();
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let read = || {
        Some(FailedAccount {
            account: text("To_Account")?,
            code: entry.get("code")?.as_i64()?,
            message: text("message")?,
            retryable: entry.get("retryable")?.as_bool()?,
            error_info: text("ErrorInfo"),
            retry_after: entry
                .get("retryAfterMs")
                .and_then(|value| value.as_number()?.as_u64())
                .map(Duration::from_millis),
            call_id: text("callId"),
        })
    };
    read().ok_or(Misshapen("an entry of failed without To_Account, code, message and retryable"))
}
