// Package sourcetest is the conformance suite of the source contract.
package sourcetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/event"
	"satudata/ingest/source"
)

// Delivered is a delivery that was read to its end, or refused.
type Delivered struct {
	Info    source.Info
	Batches []source.Batch // with their own Data
	Refusal *source.Refusal
}

// Data returns the records of all batches, header lines once.
func (d Delivered) Data(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	for i, b := range d.Batches {
		head, records := split(t, b)
		if i == 0 {
			out.Write(head)
		}
		out.Write(records)
	}
	return out.String()
}

// ReadAll reads every delivery that s offers until io.EOF, and closes s.
func ReadAll(t testing.TB, s source.Source) []Delivered {
	t.Helper()
	var all []Delivered
	for {
		d, err := s.Next(t.Context())
		var refusal *source.Refusal
		switch {
		case errors.Is(err, io.EOF):
			if err := s.Close(); err != nil {
				t.Fatalf("close source: %v", err)
			}
			return all
		case errors.As(err, &refusal):
			all = append(all, Delivered{Refusal: refusal})
			continue
		case err != nil:
			t.Fatalf("next delivery: %v", err)
		}
		all = append(all, Delivered{Info: d.Info(), Batches: readBatches(t, d)})
	}
}

func readBatches(t testing.TB, d source.Delivery) []source.Batch {
	t.Helper()
	var out []source.Batch
	for {
		b, err := d.Read(t.Context())
		if errors.Is(err, io.EOF) {
			if _, err := d.Read(t.Context()); !errors.Is(err, io.EOF) {
				t.Errorf("read after the end: got %v, want io.EOF", err)
			}
			if err := d.Close(); err != nil {
				t.Fatalf("close delivery: %v", err)
			}
			return out
		}
		if err != nil {
			t.Fatalf("read batch %d of %s: %v", len(out), d.Info().Subject, err)
		}
		b.Data = append([]byte(nil), b.Data...)
		out = append(out, b)
	}
}

// Test runs the suite. open returns a new source over the same things each time it is called; it
// must offer at least one delivery, and the more and the larger the better. A refusal is compared
// as a delivery is.
func Test(t *testing.T, open func(t testing.TB) source.Source) {
	t.Run("BatchesAddUp", func(t *testing.T) { testBatches(t, ReadAll(t, open(t))) })
	t.Run("SameAgain", func(t *testing.T) {
		if diff := cmp.Diff(ReadAll(t, open(t)), ReadAll(t, open(t)), cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("a second source reads something else (-first +second):\n%s", diff)
		}
	})
	t.Run("LeftInTheMiddle", func(t *testing.T) { testLeft(t, open) })
	t.Run("Order", func(t *testing.T) { testOrder(t, open(t)) })
	t.Run("Cancelled", func(t *testing.T) { testCancelled(t, open) })
	t.Run("CloseTwice", func(t *testing.T) {
		s := open(t)
		for range 2 {
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
	})
}

// testBatches holds every delivery against its own Info and every batch against the contract.
func testBatches(t *testing.T, all []Delivered) {
	if len(all) == 0 {
		t.Fatal("the source offers nothing")
	}
	for _, d := range all {
		if d.Refusal != nil {
			if d.Refusal.Subject == "" || d.Refusal.Reason.ID == "" || d.Refusal.Reason.EN == "" {
				t.Errorf("refusal is not complete: %+v", d.Refusal)
			}
			continue
		}
		if hash, sum, _ := strings.Cut(d.Info.Fingerprint, ":"); d.Info.Subject == "" || hash == "" || len(sum) != 64 || d.Info.Records == 0 {
			t.Errorf("info is not complete: %+v", d.Info)
		}
		sum := source.Info{Subject: d.Info.Subject, Fingerprint: d.Info.Fingerprint, ContentType: d.Info.ContentType, Header: d.Info.Header}
		next := int64(0)
		for i, b := range d.Batches {
			testBatch(t, b)
			if b.ContentType != d.Info.ContentType || !strings.HasPrefix(string(b.Data), d.Info.Header) {
				t.Errorf("%s: batch %d is %s and begins with %.60q, info says %s and %.60q", d.Info.Subject, i, b.ContentType, b.Data, d.Info.ContentType, d.Info.Header)
			}
			if b.FirstRow < next {
				t.Errorf("%s: batch %d begins at row %d, the one before ended at row %d", d.Info.Subject, i, b.FirstRow, next-1)
			}
			next = b.FirstRow + int64(b.Rows)
			sum.Bytes += b.Bytes
			sum.Records += int64(b.Rows)
			sum.Batches++
		}
		if diff := cmp.Diff(d.Info, sum); diff != "" {
			t.Errorf("batches do not add up to the info (-info +sum):\n%s", diff)
		}
	}
}

func testBatch(t *testing.T, b source.Batch) {
	t.Helper()
	format, err := event.ParseFormat(b.ContentType)
	if err != nil {
		t.Errorf("content type: %v", err)
	}
	if b.Rows < 1 || b.FirstRow < 1 || b.Bytes < 0 || b.Op != event.Upsert && b.Op != event.Delete {
		t.Errorf("batch at row %d with %d rows, %d bytes and op %q is none", b.FirstRow, b.Rows, b.Bytes, b.Op)
	}
	if len(b.Data) > event.MaxChunk && b.Rows > 1 {
		t.Errorf("batch at row %d has %d bytes in %d rows", b.FirstRow, len(b.Data), b.Rows)
	}
	_, records := split(t, b)
	if len(records) == 0 || records[len(records)-1] != '\n' {
		t.Errorf("batch at row %d does not end with a line end", b.FirstRow)
	}
	if format.Type == event.ContentTypeCSV {
		return // how many lines a record has depends on its quotes
	}
	if n := strings.Count(string(records), "\n"); n != b.Rows {
		t.Errorf("batch at row %d has %d lines for %d rows", b.FirstRow, n, b.Rows)
	}
	for line := range strings.Lines(string(records)) {
		if format.Type == event.ContentTypeRows && !json.Valid([]byte(line)) {
			t.Errorf("row is no JSON: %s", line)
		}
	}
}

// split parts a batch into header lines and records. Header lines with line ends inside quotes are
// told by their quotes.
func split(t testing.TB, b source.Batch) (head, records []byte) {
	t.Helper()
	format, err := event.ParseFormat(b.ContentType)
	if err != nil {
		t.Fatalf("content type: %v", err)
	}
	at, quoted := 0, false
	for n := 0; n < format.Headers && at < len(b.Data); at++ {
		switch {
		case b.Data[at] == '"' && format.Type == event.ContentTypeCSV:
			quoted = !quoted
		case b.Data[at] == '\n' && !quoted:
			n++
		}
	}
	return b.Data[:at], b.Data[at:]
}

// testLeft closes each delivery after its first batch, or before it, and goes on with the next.
func testLeft(t *testing.T, open func(t testing.TB) source.Source) {
	want := ReadAll(t, open(t))
	s := open(t)
	for i, w := range want {
		d, err := s.Next(t.Context())
		var refusal *source.Refusal
		if errors.As(err, &refusal) {
			continue
		}
		if err != nil {
			t.Fatalf("next delivery: %v", err)
		}
		if diff := cmp.Diff(w.Info, d.Info()); diff != "" {
			t.Errorf("delivery %d is another (-want +got):\n%s", i, diff)
		}
		if i%2 == 0 {
			if _, err := d.Read(t.Context()); err != nil {
				t.Errorf("read: %v", err)
			}
		}
		for range 2 {
			if err := d.Close(); err != nil {
				t.Errorf("close delivery: %v", err)
			}
		}
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("next after the last delivery: got %v, want io.EOF", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// testOrder asks for a delivery while another is open, and closes the source under it.
func testOrder(t *testing.T, s source.Source) {
	d, err := s.Next(t.Context())
	if err != nil {
		t.Skipf("the first delivery cannot be read: %v", err)
	}
	if _, err := s.Next(t.Context()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("next while a delivery is open: got %v, want an error", err)
	}
	if _, err := d.Read(t.Context()); err != nil {
		t.Errorf("read: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func testCancelled(t *testing.T, open func(t testing.TB) source.Source) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := open(t)
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("next: got %v, want context.Canceled", err)
	}
	d, err := s.Next(t.Context())
	if err != nil {
		return
	}
	if _, err := d.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("read: got %v, want context.Canceled", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("close delivery: %v", err)
	}
}
