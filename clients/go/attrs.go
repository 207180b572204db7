package imattr

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Attrs are the attributes of a user: the JSON text of an object, as Tencent wrote it. Numbers have all their digits,
// and members are in their order.
type Attrs json.RawMessage

// Decode reads the attributes into a struct or a map. Numbers for which v has no type become [json.Number], and so stay
// exact:
//
//	var attrs map[string]any
//	err := user.Attrs.Decode(&attrs)
func (a Attrs) Decode(v any) error {
	decoder := json.NewDecoder(bytes.NewReader(a))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// String returns the JSON text.
func (a Attrs) String() string { return string(a) }

// MarshalJSON returns the JSON text.
func (a Attrs) MarshalJSON() ([]byte, error) {
	if a == nil {
		return []byte("null"), nil
	}
	return a, nil
}

// UnmarshalJSON takes a JSON text.
func (a *Attrs) UnmarshalJSON(text []byte) error {
	if a == nil {
		return errors.New("imattr: UnmarshalJSON on a nil *Attrs")
	}
	*a = append((*a)[:0], text...)
	return nil
}
