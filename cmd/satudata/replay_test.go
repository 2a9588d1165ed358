package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
	"satudata/transform/lake/pgtest"
)

// replays are ways to land the same log otherwise.
var replays = []struct {
	name string
	args []string
}{
	{"as it was", nil},
	{"other partitions", []string{"--partitions", "5"}},
	{"small commits", []string{"--set", "lake.batchBytes=3000"}},
	{"more workers", []string{"--partitions", "4", "--workers", "3", "--set", "lake.batchBytes=20000"}},
}

// checkReplays rebuilds a workspace from its log in every way and compares what the tables hold.
func checkReplays(t *testing.T, dir string) {
	t.Helper()
	for _, r := range replays {
		into := filepath.Join(t.TempDir(), "ulang")
		must(t, append([]string{"-C", dir, "replay", "--into", into}, r.args...)...)
		if got := satudata(t, "verify", "--same", dir, into); got.code != exitOK {
			t.Errorf("%s: verify --same: exit code %d\n%s%s", r.name, got.code, got.stdout, got.stderr)
		}
	}
}

func TestReplaySample(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kota")
	must(t, "init", "--sample", dir)
	ingestSample(t, dir)
	full := filepath.Join(dir, "deliveries", "diskominfo", "aplikasi.csv")
	text, err := os.ReadFile(full)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	writeFile(t, full, strings.Join(append(lines[:1:1], lines[2:]...), "")) // a full delivery: what is left out is gone
	ingestSample(t, dir)
	checkReplays(t, dir)
}

// ingestSample reads what is new in the sample and lands it; one file is broken on purpose.
func ingestSample(t *testing.T, dir string) {
	t.Helper()
	if r := satudata(t, "-C", dir, "ingest"); r.code != exitOK && r.code != exitRefused {
		t.Fatalf("ingest: exit code %d\n%s", r.code, r.stderr)
	}
	must(t, "-C", dir, "land", "--once")
}

// permitsWorkspace has permits of several sources, some of them removed by a delivery of deletes.
func permitsWorkspace(t *testing.T) string {
	t.Helper()
	dir := permitWorkspace(t, "log: {kind: embedded, partitions: 3, chunkBytes: 10000}\nlake: {batchBytes: 40000}\n", 3)
	deliverPermits(t, dir, 3, 0, 3000)
	must(t, "-C", dir, "land", "--once")
	deliverPermits(t, dir, 2, 2000, 4000) // a thousand of them again
	deletePermits(t, dir, 100, 200)
	must(t, "-C", dir, "land", "--once")
	return dir
}

// deletePermits appends a delivery that removes the permits from first up to last.
func deletePermits(t *testing.T, dir string, first, last int) {
	t.Helper()
	ids := event.NewIDs(event.Derive(""), nil)
	var b strings.Builder
	for id := first; id < last; id++ {
		fmt.Fprintf(&b, `{"id":%d}`+"\n", id)
	}
	c := event.Chunk{ID: ids.Next(), Source: "/opd/dpmptsp/izin0", Subject: "hapus", Time: time.Now(), ContentType: event.ContentTypeNDJSON,
		Dataset: "perizinan.izin", Contract: "1.0.0", Binding: "dpmptsp.izin0@1.0.0", Delivery: event.Derive("hapus"), Stream: "/opd/dpmptsp/izin0#hapus",
		Seq: 1, FirstRow: 1, Rows: last - first, Op: event.Delete, Data: []byte(b.String())}
	withLog(t, dir, func(log *embedded.Log) {
		appendFact(t, log, event.DeliveryOpened{Delivery: c.Delivery, Stream: c.Stream, Source: c.Source, Dataset: c.Dataset, Contract: c.Contract,
			Binding: c.Binding, Subject: c.Subject, Records: int64(c.Rows), FirstSeq: 1, ContentType: c.ContentType})
		if _, err := log.Append(t.Context(), c.Dataset, c.Message()); err != nil {
			t.Fatal(err)
		}
		appendFact(t, log, event.DeliveryReceived{Delivery: c.Delivery, Chunks: 1, Records: int64(c.Rows), LastSeq: 1, FirstID: c.ID, LastID: c.ID})
	})
}

func withLog(t *testing.T, dir string, f func(*embedded.Log)) {
	t.Helper()
	log, err := embedded.Open(filepath.Join(dir, "log"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f(log)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func appendFact(t *testing.T, log eventlog.Log, b event.Body) {
	t.Helper()
	m, err := event.NewFact(time.Now(), b).Message()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append(t.Context(), eventlog.CatalogTopic, m); err != nil {
		t.Fatal(err)
	}
}

func TestReplayPermits(t *testing.T) {
	dir := permitsWorkspace(t)
	type count struct{ N int64 }
	if got, want := ask[count](t, dir, "SELECT count(*) AS N FROM perizinan.izin"), (count{4000 - 40 - 99}); got != want {
		t.Fatalf("before the replay: %+v permits, want %+v", got, want)
	}
	checkReplays(t, dir)
}

// TestReplayUntil: what a workspace was at a time is what a replay until that time is.
func TestReplayUntil(t *testing.T) {
	dir := permitsWorkspace(t)
	kept := filepath.Join(t.TempDir(), "sidik.json")
	writeFile(t, kept, must(t, "-C", dir, "verify", "--digest", "--json"))
	until := time.Now()
	deliverPermits(t, dir, 3, 4000, 5000)
	must(t, "-C", dir, "land", "--once")
	if r := satudata(t, "verify", "--same", kept, dir); r.code != exitUnproven {
		t.Errorf("more permits: verify --same: exit code %d, want %d\n%s", r.code, exitUnproven, r.stdout)
	}
	into := filepath.Join(t.TempDir(), "dulu")
	must(t, "-C", dir, "replay", "--into", into, "--until", until.Format(time.RFC3339Nano), "--partitions", "2")
	if r := satudata(t, "verify", "--same", kept, into); r.code != exitOK {
		t.Errorf("verify --same: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r := satudata(t, "verify", "--same", dir, into)
	if r.code != exitUnproven || !strings.Contains(r.stdout, "990 baris hanya di "+dir) || !strings.Contains(r.stdout, "kiriman ") {
		t.Errorf("verify --same with what it is now: exit code %d, want %d and examples of 990 rows\n%s", r.code, exitUnproven, r.stdout)
	}
}

// TestReplayUndecided: what was not decided stays undecided, and a delivery that was being read is
// resumed in the new workspace as it would have been in the old.
func TestReplayUndecided(t *testing.T) {
	dir := permitsWorkspace(t)
	deliverPermits(t, dir, 1, 5000, 6000)
	var last time.Time // when the log took the last part of that delivery
	withLog(t, dir, func(log *embedded.Log) {
		for p := range 3 {
			records, err := log.Read(t.Context(), "perizinan.izin", p, 0, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				if r.Time.After(last) {
					last = r.Time
				}
			}
		}
	})
	status := func(dir string) map[catalog.Status]int {
		found := map[catalog.Status]int{}
		for _, s := range []catalog.Status{catalog.Opened, catalog.Received, catalog.Published} {
			found[s] = strings.Count(must(t, "-C", dir, "deliveries", "--json"), `"status": "`+string(s)+`"`)
		}
		return found
	}
	whole, part := filepath.Join(t.TempDir(), "utuh"), filepath.Join(t.TempDir(), "separuh")
	must(t, "-C", dir, "replay", "--into", whole, "--partitions", "2")
	must(t, "-C", dir, "replay", "--into", part, "--partitions", "2", "--until", last.Format(time.RFC3339Nano))
	want := map[catalog.Status]int{catalog.Opened: 0, catalog.Received: 1, catalog.Published: 6}
	if got := status(whole); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("deliveries after the replay: %v, want %v", got, want)
	}
	want = map[catalog.Status]int{catalog.Opened: 1, catalog.Received: 0, catalog.Published: 6}
	if got := status(part); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("deliveries after the replay until a delivery was under way: %v, want %v", got, want)
	}
	must(t, "-C", dir, "land", "--once")
	must(t, "-C", whole, "land", "--once")
	must(t, "verify", "--same", dir, whole)

	must(t, "-C", part, "ingest", "--binding", "dpmptsp.izin0", filepath.Join(dir, "data", "izin0-5000.ndjson"))
	must(t, "-C", part, "land", "--once")
	must(t, "-C", part, "verify")
	type sums struct{ N, Sum int64 }
	const query = "SELECT count(*) AS N, sum(id)::BIGINT AS Sum FROM perizinan.izin"
	if got, want := ask[sums](t, part, query), ask[sums](t, dir, query); got != want {
		t.Errorf("resumed after the replay: %+v, want %+v", got, want)
	}
}

// TestReplayFromPostgres: a workspace that is rebuilt, or restored, registers its tables in its own
// folder. The database of the old one is of that one alone.
func TestReplayFromPostgres(t *testing.T) {
	server := pgtest.Start(t)
	dir := permitWorkspace(t, fmt.Sprintf("log: {kind: embedded}\nlake:\n  foldShare: 0.3\n  catalog: {kind: postgres, url: %q, password: %s}\n",
		pgtest.Schema(t, server.URL(), "lama"), pgtest.Password), 1)
	deliverPermits(t, dir, 1, 0, 300)
	early := filepath.Join(t.TempDir(), "awal")
	must(t, "-C", dir, "replay", "--into", early) // before there are tables in the database
	must(t, "-C", dir, "land", "--once")
	replayed, kept, restored := filepath.Join(t.TempDir(), "ulang"), filepath.Join(t.TempDir(), "cadangan"), filepath.Join(t.TempDir(), "pulih")
	must(t, "-C", dir, "replay", "--into", replayed)
	must(t, "-C", dir, "backup", "--to", kept)
	must(t, "restore", kept, "--into", restored)
	for _, into := range []string{replayed, restored} {
		must(t, "verify", "--same", dir, into)
		if text := must(t, "-C", into, "config"); strings.Contains(text, "postgres") || !strings.Contains(text, "foldShare: 0.3") {
			t.Errorf("configuration of %s:\n%s", into, text)
		}
	}
	must(t, "-C", dir, "verify", "--deep")
}

// TestReplayThatFails leaves nothing behind, so that the same command works once it can.
func TestReplayThatFails(t *testing.T) {
	dir := permitWorkspace(t, "log: {kind: embedded}\n", 1)
	deliverPermits(t, dir, 1, 0, 300)
	held, err := embedded.Open(filepath.Join(dir, "log"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	into, there := filepath.Join(t.TempDir(), "ulang"), t.TempDir()
	for _, args := range [][]string{{"replay", "--into", into}, {"backup", "--to", into}, {"backup", "--to", there}} {
		if r := satudata(t, append([]string{"-C", dir}, args...)...); r.code != exitInUse {
			t.Errorf("%v: exit code %d, want %d\n%s", args, r.code, exitInUse, r.stderr)
		}
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	must(t, "-C", dir, "replay", "--into", into)
	must(t, "-C", dir, "backup", "--to", there)
}

func TestReplayRefusals(t *testing.T) {
	dir := permitWorkspace(t, "log: {kind: embedded}\n", 1)
	if r := satudata(t, "verify", "--same", dir, dir); r.code != exitNotFound {
		t.Errorf("nothing is compared with nothing: exit code %d, want %d\n%s%s", r.code, exitNotFound, r.stdout, r.stderr)
	}
	for _, args := range [][]string{{"replay"}, {"replay", "--into", dir}, {"replay", "--into", t.TempDir(), "--until", "kemarin"},
		{"verify", "--same"}, {"verify", dir}} {
		if r := satudata(t, append([]string{"-C", dir}, args...)...); r.code != exitUsage {
			t.Errorf("%v: exit code %d, want %d\n%s", args, r.code, exitUsage, r.stderr)
		}
	}
}
