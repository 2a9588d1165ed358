package faults

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/eventlog/embedded"
)

// lie is a message that a program writes to the log past satudata.
type lie struct {
	name string
	tell func(m *event.Message)
}

// set replaces a header.
func set(key, value string) func(m *event.Message) {
	return func(m *event.Message) {
		for i := range m.Headers {
			if m.Headers[i].Key == key {
				m.Headers[i].Value = []byte(value)
			}
		}
	}
}

// body replaces the records, keeping the marker that the test looks for.
func body(contentType, text string) func(m *event.Message) {
	return func(m *event.Message) {
		set("content-type", contentType)(m)
		m.Value = append([]byte(text), m.Value...)
	}
}

var lies = []lie{
	{"the truth", func(*event.Message) {}},
	{"no headers", func(m *event.Message) { m.Headers = nil }},
	{"foreign headers", func(m *event.Message) {
		m.Headers = []event.Header{{Key: "__debezium.context.connector", Value: []byte("postgresql")}, {Key: "", Value: nil}, {Key: "\xff", Value: []byte{0}}}
	}},
	{"another type", set("ce_type", "com.example.record.v9")},
	{"no id", set("ce_id", "")},
	{"an id that is none", set("ce_id", "tujuh")},
	{"no time", set("ce_time", "kemarin")},
	{"no stream", set("ce_stream", "")},
	{"number 0", set("ce_seq", "0")},
	{"a number beyond", set("ce_seq", "99999999999999999999")},
	{"a row before the first", set("ce_firstrow", "-1")},
	{"the last row there is", set("ce_firstrow", "9223372036854775807")},
	{"no rows", set("ce_rows", "0")},
	{"fewer rows than none", set("ce_rows", "-5")},
	{"more rows", set("ce_rows", "7")},
	{"very many rows", set("ce_rows", "4611686018427387904")},
	{"another operation", set("ce_op", "truncate")},
	{"a deletion", set("ce_op", "delete")},
	{"another dataset", set("ce_dataset", "keuangan.belanja")},
	{"no dataset", set("ce_dataset", "../../etc")},
	{"a contract that is not there", set("ce_contract", "9.9.9")},
	{"a binding that is not there", set("ce_binding", "lain.lain@1.0.0")},
	{"another binding", set("ce_binding", "dpmptsp.xlsx@1.0.0")},
	{"no delivery", set("ce_delivery", "")},
	{"another source", set("ce_source", "kantor")},
	{"another content", set("content-type", "application/pdf")},
	{"CSV that is JSON", set("content-type", "text/csv; charset=utf-8; delimiter=44; headers=1")},
	{"CSV of line ends", set("content-type", "text/csv; charset=utf-8; delimiter=10; headers=1")},
	{"CSV without header", set("content-type", "text/csv; charset=utf-8; delimiter=44; headers=0")},
	{"CSV of headers", set("content-type", "text/csv; charset=utf-8; delimiter=44; headers=255")},
	{"CSV of too many headers", set("content-type", "text/csv; headers=999")},
	{"cells that are objects", set("content-type", "application/x-ndjson-rows; headers=1")},
	{"binary", body(event.ContentTypeNDJSON, "\x00\xff\xfe\x1f\x8b")},
	{"not UTF-8", body(event.ContentTypeNDJSON, "{\"id\":\"\xc3\x28\"}")},
	{"depth", body(event.ContentTypeNDJSON, strings.Repeat("[", 100_000))},
	{"line ends", body(event.ContentTypeNDJSON, strings.Repeat("\n", 10_000))},
	{"much", func(m *event.Message) { m.Value = append(m.Value, strings.Repeat("x", 9<<20)...) }},
	{"a long header", set("ce_subject", strings.Repeat("berkas", 200_000))},
	{"everything twice", func(m *event.Message) { m.Headers = append(m.Headers, m.Headers...) }},
}

// TestLies writes messages to the log that are no chunks, or chunks that do not hold what they say,
// past satudata and between sound deliveries. Each is counted and shown as rejected, unless it is
// true after all, and none of them stops the landing.
func TestLies(t *testing.T) {
	d := newDump(t)
	if err := d.ingest("ndjson", []string{d.sound(kinds[0])}); err != nil {
		t.Fatal(err)
	}
	d.lieAll()
	for _, k := range kinds {
		if err := d.ingest(k.source, []string{d.sound(k)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.land(); err != nil {
		t.Fatalf("land: %v", err)
	}
	d.must("verify")
	d.compareSound()
	rejected := d.rows("SELECT coalesce(mentah, '') || coalesce(alasan, '') FROM " + dataset + "_ditolak")
	accepted := d.rows("SELECT id FROM " + dataset + "_riwayat")
	for i, l := range lies {
		if n, m := holding(rejected, marker(i)), accepted[fmt.Sprint(1000+i)]; n+m == 0 {
			t.Errorf("%s: the message is nowhere to be found", l.name)
		}
	}
}

func marker(i int) string { return fmt.Sprintf("penanda-%03d.", i) }

// holding counts the rows that hold a text.
func holding(rows map[string]int, text string) (n int) {
	for row, times := range rows {
		if strings.Contains(row, text) {
			n += times
		}
	}
	return n
}

// lieAll appends every lie, each in a stream of its own.
func (d *dump) lieAll() {
	d.t.Helper()
	log, err := embedded.Open(filepath.Join(d.dir, "log"), embedded.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	ids := event.NewIDs(uuid.Nil, time.Now)
	for i, l := range lies {
		source := fmt.Sprintf("/opd/lain/sumber%d", i)
		m := event.Chunk{
			ID: ids.Next(), Source: source, Subject: "x", Time: time.Now(), ContentType: event.ContentTypeNDJSON,
			Dataset: dataset, Contract: "1.0.0", Binding: "dpmptsp.ndjson@1.0.0", Delivery: uuid.New(),
			Stream: source + "#0", Seq: 1, FirstRow: 1, Rows: 1, Op: event.Upsert,
			Data: fmt.Appendf(nil, `{"id":%d,"pemohon":"%s","kode":"3273","nilai":"1"}`+"\n", 1000+i, marker(i)),
		}.Message()
		l.tell(&m)
		if _, err := log.Append(context.Background(), dataset, m); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		d.t.Fatal(err)
	}
}
