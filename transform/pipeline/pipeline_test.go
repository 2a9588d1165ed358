package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

const topic = "perizinan.izin"

// prepare is a road whose log holds n permits, read from a file.
func prepare(t *testing.T, n int) *road {
	t.Helper()
	r := openRoad(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "izin.ndjson")
	writePermits(t, path, "ndjson", n)
	r.ingest(t, path, "ndjson")
	return r
}

func (r *road) worker(batchBytes int) *pipeline.Worker {
	return pipeline.New(pipeline.Options{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref, BatchBytes: batchBytes})
}

// proof fails the test unless the log and the tables agree, and returns the sums of the accounts.
func (r *road) proof(t *testing.T) pipeline.Account {
	t.Helper()
	report, err := pipeline.Verifier{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref,
		Recorded: func(context.Context, string) ([]pipeline.Recorded, error) { return nil, nil }}.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Errorf("verify: %s", f.Say.EN)
	}
	var sum pipeline.Account
	for _, a := range report.Accounts {
		sum.Read += a.Read
		sum.Accepted += a.Accepted
		sum.Rejected += a.Rejected
		sum.InFlight += a.InFlight
	}
	return sum
}

// append adds messages to the topic as some other program might.
func (r *road) append(t *testing.T, msgs ...event.Message) {
	t.Helper()
	if _, err := r.log.Append(t.Context(), topic, msgs...); err != nil {
		t.Fatal(err)
	}
}

// chunk is a chunk of the permits' source that the log does not hold yet.
func chunk(seq int64, data string, rows int) event.Chunk {
	return event.Chunk{ID: uuid.Must(uuid.NewV7()), Source: "/opd/dpmptsp/lain", Subject: "lain.ndjson", Time: time.Now(),
		ContentType: event.ContentTypeNDJSON, Dataset: topic, Contract: "1.0.0", Binding: "dpmptsp.izin@1.0.0",
		Delivery: event.Derive("lain"), Stream: "/opd/dpmptsp/lain#0", Seq: seq, FirstRow: 1, Rows: rows, Op: event.Upsert, Data: []byte(data)}
}

func permit(id int) string {
	return fmt.Sprintf(`{"id":%d,"pemohon_id":1,"nama":"A","kode":"32.73","layanan":"SIP-01","tanggal":"2024-01-02","diperbarui":"2024-01-02T00:00:00Z","luas":1,"nilai":1.00,"status":"TERBIT"}`+"\n", id)
}

// TestSentAgain: a chunk that is sent again, in the same batch or later, lands once.
func TestSentAgain(t *testing.T) {
	r := prepare(t, 100)
	first, second := chunk(1, permit(900), 1), chunk(2, permit(901), 1)
	r.append(t, first.Message(), first.Message(), second.Message(), first.Message())
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.append(t, second.Message())
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Read != 102 || got.Accepted != 102 {
		t.Errorf("read %d and accepted %d, want 102", got.Read, got.Accepted)
	}
}

// TestForeignMessages: what is no chunk, names no known contract, or lies about itself is rejected
// and counted; the road goes on.
func TestForeignMessages(t *testing.T) {
	r := prepare(t, 100)
	unknown := chunk(1, permit(900)+permit(901), 2)
	unknown.Contract = "9.0.0"
	odd := chunk(2, permit(902), 1)
	odd.ContentType = "text/html"
	short := chunk(3, permit(903), 7) // announces seven records
	r.append(t, event.Message{Value: []byte("bukan potongan data")}, unknown.Message(), odd.Message(), short.Message(), chunk(4, permit(904), 1).Message())
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := r.proof(t)
	if got.Read != 100+1+2+1+7+1 || got.Accepted != 101 || got.Rejected != 11 {
		t.Errorf("read %d, accepted %d, rejected %d, want 112, 101 and 11", got.Read, got.Accepted, got.Rejected)
	}
}

// TestRacingWorkers: workers that land the same partition at once, in small batches, land every row once.
func TestRacingWorkers(t *testing.T) {
	r := openRoad(t, t.TempDir())
	for seq := range int64(60) {
		r.append(t, chunk(seq+1, permit(int(seq)*2)+permit(int(seq)*2+1)+"rusak\n", 3).Message())
	}
	path := filepath.Join(t.TempDir(), "izin.ndjson")
	writePermits(t, path, "ndjson", 10)
	r.ingest(t, path, "ndjson")
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			errs[i] = r.worker(700).Drain(t.Context())
		}()
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Read != 190 || got.Accepted != 130 || got.Rejected != 60 {
		t.Errorf("read %d, accepted %d, rejected %d, want 190, 130 and 60", got.Read, got.Accepted, got.Rejected)
	}
}

// TestDuplicateKeyAcrossBatchesAndWorkers: within one delivery the first row of a key stays, also
// when another worker, which has not seen it, lands the second.
func TestDuplicateKeyAcrossBatchesAndWorkers(t *testing.T) {
	r := prepare(t, 1)
	r.append(t, chunk(1, permit(7), 1).Message())
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.append(t, chunk(2, permit(7)+permit(8), 2).Message())
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Accepted != 3 || got.Rejected != 1 {
		t.Errorf("accepted %d and rejected %d, want 3 and 1", got.Accepted, got.Rejected)
	}
}

// TestInFlight: what has not landed is in flight, and the law holds all the time.
func TestInFlight(t *testing.T) {
	r := prepare(t, 50)
	if got := r.proof(t); got.Read != 50 || got.InFlight != 50 {
		t.Errorf("before landing: read %d, in flight %d, want 50 and 50", got.Read, got.InFlight)
	}
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Accepted != 50 || got.InFlight != 0 {
		t.Errorf("after landing: accepted %d, in flight %d, want 50 and 0", got.Accepted, got.InFlight)
	}
}

// TestContractVersions: rows of an old contract version land beside those of a new one that renames a
// column and adds another, in whatever order they come, also when the new one comes first.
func TestContractVersions(t *testing.T) {
	for _, order := range []string{"old new old", "new old"} {
		t.Run(order, func(t *testing.T) {
			r := openRoad(t, t.TempDir())
			r.registerVersions(t)
			for i, version := range strings.Fields(order) {
				c := chunk(int64(i+1), permit(900+i), 1)
				if version == "new" {
					c.Contract, c.Binding = "1.1.0", "dpmptsp.izin@1.1.0"
				}
				r.append(t, c.Message())
			}
			if err := r.worker(0).Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			n := int64(len(strings.Fields(order)))
			if got := r.proof(t); got.Accepted != n {
				t.Errorf("accepted %d, want %d", got.Accepted, n)
			}
			x, err := r.lake.Examine(t.Context(), topic, event.Derive("lain"))
			if err != nil {
				t.Fatal(err)
			}
			if x.Accepted != n || x.Missing["catatan"] != n || x.Missing["luas_m2"] != 0 {
				t.Errorf("rows of both versions: %+v", x)
			}
		})
	}
}

// registerVersions registers the permits' contract and binding and a next version of both.
func (r *road) registerVersions(t *testing.T) {
	t.Helper()
	contract := replace(t, permitContract, "version: 1.0.0", "version: 1.1.0")
	contract = replace(t, contract, "{name: luas, logicalType: integer, description: Luas,",
		"{name: luas_m2, logicalType: integer, description: Luas, customProperties: [{property: namaLama, value: luas}],")
	contract = replace(t, contract, "luas <= 1000000", "luas_m2 <= 1000000")
	contract = replace(t, contract, "      - name: status\n", "      - {name: catatan, logicalType: string, description: Catatan}\n      - name: status\n")
	old := fmt.Sprintf(permitBinding, "ndjson")
	binding := replace(t, old, "version: 1.0.0", "version: 1.1.0")
	binding = replace(t, binding, "contract: 1.0.0", "contract: 1.1.0")
	binding = replace(t, binding, "{to: luas, from: luas}", "{to: luas_m2, from: luas}\n  - {to: catatan, from: catatan}")
	for version, docs := range map[string][2]string{"1.0.0": {permitContract, old}, "1.1.0": {contract, binding}} {
		if err := r.cat.Register(t.Context(), event.ContractRegistered{Dataset: topic, Version: version, Document: docs[0]},
			event.BindingRegistered{Binding: "dpmptsp.izin", Version: version, Dataset: topic, Document: docs[1]}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOtherContentUnderOneVersion is refused: old deliveries were read with what is registered.
func TestOtherContentUnderOneVersion(t *testing.T) {
	r := prepare(t, 1)
	err := r.cat.Register(t.Context(), event.ContractRegistered{Dataset: topic, Version: "1.0.0", Document: permitContract + "# lain\n"},
		event.BindingRegistered{Binding: "dpmptsp.izin", Version: "1.0.0", Dataset: topic, Document: fmt.Sprintf(permitBinding, "ndjson")})
	if err == nil {
		t.Error("a contract changed under its version without a complaint")
	}
}

// TestVerifyFinds: rows that the log does not know, and a delivery whose facts are wrong, are found.
func TestVerifyFinds(t *testing.T) {
	r := prepare(t, 10)
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	stranger := event.Derive("bukan dari log")
	w, err := r.lake.NewWriter(t.Context(), topic, lake.Rejected, "selundupan")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteRejects(lake.Origin{Event: stranger, Delivery: stranger, Recorded: time.Now()}, []lake.Reject{{Status: lake.StatusRejected, Reasons: "[]"}}); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.lake.Commit(t.Context(), topic, lake.Rejected, files, lake.Advance{Batch: "selundupan", Partition: 7, To: 1}); err != nil {
		t.Fatal(err)
	}
	report, err := pipeline.Verifier{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref,
		Recorded: func(context.Context, string) ([]pipeline.Recorded, error) {
			return []pipeline.Recorded{{Delivery: event.Derive("hilang"), Whole: true, Records: 5}}, nil
		}}.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) != 2 {
		t.Errorf("%d findings, want the smuggled row and the delivery that the log does not hold: %+v", len(report.Findings), report.Findings)
	}
}

func replace(t *testing.T, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("nothing to replace: %q", old)
	}
	return strings.Replace(text, old, with, 1)
}
