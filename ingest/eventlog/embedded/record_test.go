package embedded

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"satudata/ingest/event"
)

// FuzzRecord checks that whatever a stored record holds, with a checksum that matches, it is decoded
// or reported as damaged, and that what is decoded survives another round.
func FuzzRecord(f *testing.F) {
	c, err := newCodec()
	if err != nil {
		f.Fatal(err)
	}
	at, now := place{topic: "t", partition: 1, offset: 7}, time.Unix(1, 2).UTC()
	for _, m := range []event.Message{
		{},
		{Key: "k", Value: []byte("short")},
		{Key: "k", Headers: []event.Header{{Key: "a", Value: []byte("b")}, {Key: "a"}}, Value: bytes.Repeat([]byte("long "), 5000)},
	} {
		body, err := c.encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte{recordVersion, codecRaw, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{recordVersion, codecZstd, 1, 0xff, 0xff, 0xff, 0x1f, 0x28, 0xb5, 0x2f, 0xfd})
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := open(body, at); err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("open = %v", err)
		}
		m, err := decode(c, seal(bytes.Clone(body), at, now), at)
		if err != nil {
			if !errors.Is(err, errDamaged) {
				t.Errorf("decode = %v", err)
			}
			return
		}
		again, err := c.encode(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(c, seal(again, at, now), at)
		if diff := cmp.Diff(m, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("second round differs, %v (-first +second):\n%s", err, diff)
		}
	})
}

func decode(c *codec, b []byte, at place) (event.Message, error) {
	s, err := open(b, at)
	if err != nil {
		return event.Message{}, err
	}
	return c.message(s)
}

// TestRecordElsewhere moves a whole record: it must not pass for the one that belongs there.
func TestRecordElsewhere(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	body, err := c.encode(event.Message{Key: "k", Value: []byte("v")})
	if err != nil {
		t.Fatal(err)
	}
	at := place{topic: "a", partition: 1, offset: 2}
	record := seal(body, at, time.Unix(0, 0))
	for _, c := range []struct {
		name string
		at   place
		want error
	}{
		{"its place", at, nil},
		{"other topic", place{"b", 1, 2}, errDamaged},
		{"other partition", place{"a", 0, 2}, errDamaged},
		{"other offset", place{"a", 1, 3}, errDamaged},
	} {
		if _, err := open(record, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: open = %v, want %v", c.name, err, c.want)
		}
	}
}
