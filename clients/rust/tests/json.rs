//! JSON, read and written.

use imattr::{InvalidJson, Json, Value};

fn value(text: &str) -> Value {
    text.parse::<Json>().unwrap().value()
}

#[test]
fn texts_stay_as_they_were_written() {
    for text in [r#"{"b":1.50,"a":[1e400,-0,"\u00e9\/"],"b":{}}"#, "[ 1 , 2 ]", "\"é\"", "null", "-0.0E+1"] {
        assert_eq!(text.parse::<Json>().unwrap().as_str(), text);
        assert_eq!(format!(" \t{}\r\n", text).parse::<Json>().unwrap().to_string(), text);
    }
}

#[test]
fn values_print_as_what_they_were_read_from() {
    for text in [
        r#"{"b":1.50,"a":[1e400,-0],"b":{},"c":[]}"#,
        r#"["\"\\\n\r\t\u0001/é🏙",true,false,null]"#,
        "12345678901234567890123",
    ] {
        assert_eq!(value(text).to_string(), text);
    }
}

#[test]
fn escapes_are_decoded() {
    assert_eq!(value(r#""\"\\\/\b\f\n\r\t\u00e9\ud83c\udfd9\u0000""#).as_str(), Some("\"\\/\u{8}\u{c}\n\r\té🏙\0"));
    for (half, text) in [
        (r#""a\ud83db""#, "a\u{fffd}b"),
        (r#""\udfd9""#, "\u{fffd}"),
        (r#""\ud83c\u0041""#, "\u{fffd}A"),
        (r#""\ud83c\ud83c\udfd9""#, "\u{fffd}🏙"),
    ] {
        assert_eq!(value(half).as_str(), Some(text));
    }
}

#[test]
fn numbers_keep_their_digits() {
    let numbers =
        value("[9223372036854775807,-9223372036854775808,18446744073709551615,9223372036854775808,1.0,1e400,-0]");
    let numbers: Vec<_> = numbers.as_array().unwrap().iter().map(|value| value.as_number().unwrap()).collect();
    assert_eq!((numbers[0].as_i64(), numbers[1].as_i64()), (Some(i64::MAX), Some(i64::MIN)));
    assert_eq!((numbers[2].as_u64(), numbers[2].as_i64()), (Some(u64::MAX), None));
    assert_eq!(numbers[3].as_i128(), Some(1 << 63));
    assert_eq!((numbers[4].as_i64(), numbers[4].as_f64(), numbers[4].as_str()), (None, 1.0, "1.0"));
    assert_eq!(numbers[5].as_f64(), f64::INFINITY);
    assert_eq!((numbers[6].as_i64(), numbers[6].to_string()), (Some(0), "-0".into()));
}

#[test]
fn members_are_found() {
    let json: Json = r#"{"a":1,"\u0062":{"c":[true]},"a":2}"#.parse().unwrap();
    assert_eq!(json.get("a").unwrap().as_i64(), Some(2));
    assert_eq!(json.get("b").unwrap().get("c").unwrap().as_array().unwrap()[0].as_bool(), Some(true));
    assert_eq!(json.get("c"), None);
    assert_eq!("[]".parse::<Json>().unwrap().get("a"), None);
    let value = json.value();
    assert_eq!(value.get("a").unwrap().as_i64(), Some(2));
    assert_eq!(value.as_object().unwrap().len(), 3);
    assert!(value.get("b").unwrap().as_str().is_none() && !value.is_null());
}

#[test]
fn values_are_made_from_those_of_the_language() {
    let value = Value::Object(vec![
        ("list".into(), Value::from(vec!["a", "b"])),
        ("big".into(), Value::from(u128::MAX)),
        ("yes".into(), Value::from(true)),
    ]);
    assert_eq!(
        Json::from(&value).as_str(),
        r#"{"list":["a","b"],"big":340282366920938463463374607431768211455,"yes":true}"#
    );
}

#[test]
fn what_is_no_json_is_refused_where_it_goes_wrong() {
    let wrong = [
        ("", 0),
        ("{", 1),
        ("{\"a\"}", 4),
        ("{\"a\":}", 5),
        ("{\"a\":1,}", 7),
        ("{a:1}", 1),
        ("[1,]", 3),
        ("[1 2]", 3),
        ("01", 1),
        ("1.", 2),
        (".5", 0),
        ("1e", 2),
        ("+1", 0),
        ("--1", 1),
        ("tru", 0),
        ("nullx", 4),
        ("NaN", 0),
        ("\"a", 2),
        ("\"\n\"", 1),
        ("\"\\x\"", 2),
        ("\"\\u12g4\"", 5),
        ("'a'", 0),
        ("1 1", 2),
        ("\u{feff}1", 0),
        ("\0", 0),
    ];
    for (text, at) in wrong {
        let error = text.parse::<Json>().unwrap_err();
        assert_eq!(error.at, at, "{:?}: {}", text, error);
    }
}

#[test]
fn deep_nesting_is_refused_and_not_too_deep_is_read() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(value(&nested(256)).to_string(), nested(256));
    let error: InvalidJson = nested(257).parse::<Json>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no JSON: expected no more than 256 arrays and objects within each other at byte 256"
    );
    assert!(nested(1_000_000).parse::<Json>().is_err());
}

#[test]
fn any_piece_of_a_text_is_read_or_refused_without_harm() {
    let text = r#"{"a":[1.5e-3,"\ud83c\udfd9é",{"b":null,"c":[true,false]}],"d":"\\\""}"#;
    for begin in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
        for end in (begin..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            if let Ok(json) = text[begin..end].parse::<Json>() {
                assert_eq!(json.value().to_string().parse::<Json>().unwrap().value(), json.value());
            }
        }
    }
}
