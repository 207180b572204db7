package imattr

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Answers are read here and not by json.Unmarshal because that takes "ATTRS" for "Attrs" and null for an empty list, and
// goes over each byte many times where most are only passed on. The text must be valid: json.Valid looks once.

// members calls visit with the name and the text of each member of an object. It returns false if the text is no
// object, or if visit did.
func members(text []byte, visit func(name string, value []byte) bool) bool {
	if text[0] != '{' {
		return false
	}
	for at := afterSpace(text, 1); text[at] != '}'; at = afterComma(text, at) {
		nameEnd := afterValue(text, at)
		name, _ := stringValue(text[at:nameEnd])
		at = afterSpace(text, afterSpace(text, nameEnd)+1)
		value := text[at:afterValue(text, at)]
		if at += len(value); !visit(name, value) {
			return false
		}
	}
	return true
}

// elements calls visit with the text of each element of an array. It returns false if the text is no array, or if
// visit did.
func elements(text []byte, visit func(value []byte) bool) bool {
	if text[0] != '[' {
		return false
	}
	for at := afterSpace(text, 1); text[at] != ']'; at = afterComma(text, at) {
		value := text[at:afterValue(text, at)]
		if at += len(value); !visit(value) {
			return false
		}
	}
	return true
}

func afterSpace(text []byte, at int) int {
	for strings.IndexByte(" \t\r\n", text[at]) >= 0 {
		at++
	}
	return at
}

func afterComma(text []byte, at int) int {
	if at = afterSpace(text, at); text[at] == ',' {
		return afterSpace(text, at+1)
	}
	return at
}

func afterValue(text []byte, at int) int {
	depth := 0
	for {
		switch text[at] {
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		case '"':
			at = afterString(text, at)
		default:
			at++
			if depth == 0 {
				return afterLiteral(text, at)
			}
		}
		if depth == 0 {
			return at
		}
	}
}

func afterString(text []byte, at int) int {
	for at++; text[at] != '"'; at++ {
		if text[at] == '\\' {
			at++
		}
	}
	return at + 1
}

func afterLiteral(text []byte, at int) int {
	for at < len(text) && strings.IndexByte(",]} \t\r\n", text[at]) < 0 {
		at++
	}
	return at
}

func stringValue(text []byte) (value string, ok bool) {
	if text[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text[1 : len(text)-1]), true
	}
	return value, json.Unmarshal(text, &value) == nil
}

func integerValue(text []byte) (value int64, ok bool) {
	value, err := strconv.ParseInt(string(text), 10, 64)
	return value, err == nil
}
