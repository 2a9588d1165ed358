package pipeline_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// rowsOf are the rows of a table of the permits, in order, as text. Nothing but its files is looked at.
func (r *road) rowsOf(t *testing.T, table string) []string {
	t.Helper()
	return r.inFiles(t, table, "SELECT to_json(t)::VARCHAR FROM (SELECT * EXCLUDE filename FROM %s) t ORDER BY 1")
}

// inFiles runs a query of one text over the files of a table, whatever the catalog says.
func (r *road) inFiles(t *testing.T, table, query string) []string {
	t.Helper()
	db, err := sql.Open("duckdb", "") // the driver comes with the lake
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), fmt.Sprintf(query, fmt.Sprintf("read_parquet('%s/*.parquet', filename = true)", filepath.Join(r.lake.Dir(), table, "data"))))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// oddities are payloads that are no plain line of JSON, with how many records they announce.
var oddities = []struct {
	data string
	rows int
}{
	{strings.TrimSuffix(permit(1), "\n"), 1},                // no line end
	{strings.TrimSuffix(permit(2), "\n") + "\r\n\n\r\n", 1}, // others, and empty lines
	{"\xef\xbb\xbf" + permit(3), 1},                         // a byte order mark
	{permit(4) + permit(5), 1},                              // more records than announced
	{permit(6), 2},                                          // fewer
	{permit(7) + permit(8) + permit(9), 3},                  // several
	{permit(10) + permit(10), 2},                            // of one key
	{`{"id": 11, "nama": "`, 1},                             // cut off
	{"bukan JSON\n", 1},
	{" \n", 1},
	{"\r", 1},
	{strings.Replace(permit(12), `"nilai":1.00`, `"nilai":-1`, 1), 1},
	{strings.Replace(permit(13), "SIP-01", "sip", 1), 1},
	{strings.Replace(permit(14), `"A"`, `"A\u000a\"B"`, 1), 1},
	{strings.Replace(permit(15), `{"id"`, `{"id":1,"id"`, 1), 1},
}

// TestSmallChunks: messages of a record or few, bad ones and copies among them, of several deliveries,
// land as they do when each is decoded alone, which a parameter of its content type makes sure of.
func TestSmallChunks(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2))
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var together, alone []event.Message
	for seq := range int64(1500) {
		c := chunk(seq+1, permit(random.IntN(1200)), 1)
		if o := random.IntN(4 * len(oddities)); o < len(oddities) {
			c.Data, c.Rows = []byte(oddities[o].data), oddities[o].rows
		}
		c.ID, c.Time, c.FirstRow = event.Derive(fmt.Sprint("pesan ", seq)), begun.Add(time.Duration(seq)*time.Millisecond), seq+2
		c.Delivery = event.Derive(fmt.Sprint("kiriman ", random.IntN(3)))
		if random.IntN(10) == 0 {
			c.Op = event.Delete
		}
		one := c
		one.ContentType += "; charset=utf-8"
		together, alone = append(together, c.Message()), append(alone, one.Message())
		if random.IntN(20) == 0 {
			foreign := event.Message{Key: "x", Value: []byte("asing")}
			together, alone = append(together, c.Message(), foreign), append(alone, one.Message(), foreign)
		}
	}
	land := func(msgs []event.Message) (accepted, rejected []string) {
		r := prepare(t, 1)
		r.append(t, msgs...)
		if err := r.worker(100_000).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p := r.proof(t); p.Accepted == 0 || p.Rejected == 0 || p.Read != p.Accepted+p.Rejected {
			t.Fatalf("accounts: %+v", p)
		}
		return timeless(r.rowsOf(t, "publik/perizinan/izin_riwayat")), timeless(r.rowsOf(t, "internal/perizinan/izin_ditolak"))
	}
	accepted, rejected := land(together)
	acceptedAlone, rejectedAlone := land(alone)
	if d := cmp.Diff(acceptedAlone, accepted); d != "" {
		t.Errorf("accepted rows (-alone +together):\n%s", d)
	}
	if d := cmp.Diff(rejectedAlone, rejected); d != "" {
		t.Errorf("rejected rows (-alone +together):\n%s", d)
	}
}

// TestFilesOfSmallChunks: deliveries of one record a message get files of their own when one comes after
// the other, wherever runs of messages end, and one file together when they take turns.
func TestFilesOfSmallChunks(t *testing.T) {
	const each = 2500
	for _, tt := range []struct {
		name string
		of   func(i int) int // delivery
		want []string
	}{
		{"one after the other", func(i int) int { return i / each }, []string{"1 1", "1 2500", "1 2500"}}, // the first is of the delivery that was prepared
		{"in turn", func(i int) int { return i % 2 }, []string{"3 5001"}},
	} {
		var msgs []event.Message
		for i := range 2 * each {
			c := chunk(int64(i+1), permit(i), 1)
			c.Delivery = event.Derive(fmt.Sprint("kiriman ", tt.of(i)))
			msgs = append(msgs, c.Message())
		}
		r := prepare(t, 1)
		r.append(t, msgs...)
		if err := r.worker(64 << 20).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := r.inFiles(t, "publik/perizinan/izin_riwayat", "SELECT count(DISTINCT _pengiriman) || ' ' || count(*) FROM %s GROUP BY filename ORDER BY 1")
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: deliveries and rows of each file (-want +got):\n%s", tt.name, d)
		}
	}
}

// timeless leaves out what is new each time: the row that came from a file, and when the log took
// foreign messages.
func timeless(rows []string) (out []string) {
	for _, r := range rows {
		if strings.Contains(r, `"asing"`) {
			r = "asing"
		}
		if !strings.Contains(r, "Pemohon 0") {
			out = append(out, r)
		}
	}
	return out
}

// TestKeysOnDisk: duplicate keys are found however little memory there is for keys.
func TestKeysOnDisk(t *testing.T) {
	r := openRoad(t, t.TempDir())
	r.ingest(t, writeTwice(t, 30_000), "ndjson")
	w := pipeline.New(pipeline.Options{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref, KeyBytes: 200_000})
	if err := w.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := r.proof(t); p.Accepted != 30_000 || p.Rejected != 30_000 {
		t.Errorf("accepted %d and rejected %d, want 30,000 each", p.Accepted, p.Rejected)
	}
	if x, err := r.lake.Examine(t.Context(), topic, r.delivery(t)); err != nil || len(x.Reasons) != 1 {
		t.Errorf("reasons %v, %v, want one", x.Reasons, err)
	}
}

// TestKeysOfManyDeliveries: the keys of every delivery count, also of those that no run of messages ends in.
func TestKeysOfManyDeliveries(t *testing.T) {
	var msgs []event.Message
	for i := range 1500 {
		c := chunk(int64(i+1), permit(i), 1)
		c.Delivery = event.Derive(fmt.Sprint("kiriman ", i/500))
		msgs = append(msgs, c.Message())
	}
	r := prepare(t, 1)
	r.append(t, msgs...)
	w := r.worker(64 << 20)
	if err := w.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if counted, held := w.KeyMemory(); counted != held || held == 0 {
		t.Errorf("keys take %d bytes of memory, and %d were counted", held, counted)
	}
}

// writeTwice writes n permits and then the same again, and returns the file.
func writeTwice(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "izin.ndjson")
	writePermits(t, path, "ndjson", n)
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(data, data...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// delivery is the only delivery.
func (r *road) delivery(t *testing.T) uuid.UUID {
	t.Helper()
	found, err := r.cat.Deliveries(t.Context(), "")
	if err != nil || len(found) != 1 {
		t.Fatalf("%d deliveries, %v, want 1", len(found), err)
	}
	return found[0].ID
}

// TestDatasetInTrouble: a dataset that cannot be landed does not hold up another.
func TestDatasetInTrouble(t *testing.T) {
	r := prepare(t, 10)
	stray := chunk(1, permit(1), 1)
	stray.Dataset = "perizinan.lain" // has no contract
	if _, err := r.log.Append(t.Context(), "perizinan.lain", stray.Message()); err != nil {
		t.Fatal(err)
	}
	landed := make(chan pipeline.Landed, 10)
	w := pipeline.New(pipeline.Options{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref, PollEvery: time.Millisecond,
		OnLanded: func(l pipeline.Landed) { landed <- l }})
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- w.Run(ctx) }()
	for want := range int64(3) {
		if l := <-landed; l.Dataset != topic {
			t.Errorf("landed %+v", l)
		}
		r.append(t, chunk(want+1, permit(1000+int(want)), 1).Message())
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if at, err := r.lake.Positions(t.Context(), topic, lake.History); err != nil || len(at.Offsets) == 0 {
		t.Errorf("positions %v, %v", at, err)
	}
}
