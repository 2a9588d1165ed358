package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// member is a key of a JSON object.
type member struct {
	key   string
	value any
}

// object is a JSON object that keeps the order of its keys. A nil value is left out; [null] is null.
type object []member

type jsonNull struct{}

var null = jsonNull{}

// MarshalJSON writes null.
func (jsonNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// MarshalJSON writes o in its order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for _, m := range o {
		if m.value == nil {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		for i, v := range []any{m.key, m.value} {
			if i == 1 {
				b.WriteByte(':')
			}
			text, err := plainJSON(v)
			if err != nil {
				return nil, err
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// encodeJSON writes v as an indented document.
func encodeJSON(v any) ([]byte, error) {
	text, err := plainJSON(v)
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// opt is v, or nothing when it is the zero value.
func opt[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// optList is v, or nothing when it is empty.
func optList[T any](v []T) any {
	if len(v) == 0 {
		return nil
	}
	return v
}

// optNumber is a bound of a column, or nothing.
func optNumber(f *float64) any {
	if f == nil {
		return nil
	}
	if *f == math.Trunc(*f) && math.Abs(*f) < 1<<53 {
		return int64(*f)
	}
	return json.Number(strconv.FormatFloat(*f, 'f', -1, 64))
}

// optInt is a length of a column, or nothing.
func optInt(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

// jsonValue is a tree as JSON.
func (t *tree) jsonValue() any {
	switch t.kind {
	case list:
		out := make([]any, len(t.kids))
		for i, kid := range t.kids {
			out[i] = kid.jsonValue()
		}
		return out
	case mapping:
		o := object{}
		for i, kid := range t.kids {
			o = append(o, member{t.keys[i], kid.jsonValue()})
		}
		return o
	}
	switch t.tag {
	case "!!null":
		return null
	case "!!bool":
		return t.text == "true" || t.text == "True" || t.text == "TRUE"
	case "!!int":
		if n, err := strconv.ParseInt(t.text, 0, 64); err == nil {
			return n
		}
	case "!!float":
		if f, err := strconv.ParseFloat(t.text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
		}
	}
	return t.text
}
