package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/schemas"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// verifier is a verifier to which the facts say nothing but recorded.
func (r *road) verifier(recorded ...pipeline.Recorded) pipeline.Verifier {
	return pipeline.Verifier{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref,
		Recorded: func(_ context.Context, dataset string) ([]pipeline.Recorded, error) {
			if dataset != topic {
				return nil, nil
			}
			return recorded, nil
		}}
}

// verify returns the report and its findings in English, sorted.
func verify(t *testing.T, v pipeline.Verifier) (pipeline.Report, []string) {
	t.Helper()
	r, err := v.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range r.Findings {
		found = append(found, f.Say.EN)
	}
	slices.Sort(found)
	return r, found
}

func (r *road) drain(t *testing.T) {
	t.Helper()
	if err := r.worker(0).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// stocked is a road whose log and tables hold two permits of the delivery of chunk.
func stocked(t *testing.T) *road {
	t.Helper()
	r := openRoad(t, t.TempDir())
	if err := r.cat.Register(t.Context(), event.ContractRegistered{Dataset: topic, Version: "1.0.0", Document: permitContract},
		event.BindingRegistered{Binding: "dpmptsp.izin", Version: "1.0.0", Dataset: topic, Document: fmt.Sprintf(permitBinding, "ndjson")}); err != nil {
		t.Fatal(err)
	}
	r.append(t, chunk(1, permit(1), 1).Message(), chunk(2, permit(2), 1).Message())
	r.drain(t)
	return r
}

var other = event.Derive("lain")

// TestVerifyRecords: the log holds as many records of a delivery as are recorded.
func TestVerifyRecords(t *testing.T) {
	tests := []struct {
		name     string
		recorded pipeline.Recorded
		want     []string
	}{
		{"as many", pipeline.Recorded{Delivery: other, Subject: "f", Whole: true, Records: 2}, nil},
		{"the tail is missing", pipeline.Recorded{Delivery: other, Subject: "f", Whole: true, Records: 1000},
			[]string{fmt.Sprintf("delivery %s (f) is recorded with 1000 records, but the log holds 2", other)}},
		{"still being read", pipeline.Recorded{Delivery: other, Subject: "f", Records: 1000}, nil},
		{"check of more", pipeline.Recorded{Delivery: other, Subject: "f", Whole: true, Records: 2, Check: &event.DeliveryChecked{Read: 3, Accepted: 3}},
			[]string{fmt.Sprintf("delivery %s (f): its check recorded 3 = 3 + 0 + 0, log and tables hold 2 = 2 + 0 + 0", other)}},
	}
	r := stocked(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := verify(t, r.verifier(tt.recorded))
			if diff := cmp.Diff(tt.want, found); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestVerifyTablesWithoutTopic: rows of a dataset that the log does not know are a finding.
func TestVerifyTablesWithoutTopic(t *testing.T) {
	r, empty := stocked(t), openRoad(t, t.TempDir())
	v := r.verifier()
	v.Log = empty.log
	_, found := verify(t, v)
	want := []string{fmt.Sprintf("delivery %s (): read 0, but accepted 2 + rejected 0 + set aside 0 + in flight 0 = 2", other),
		"partition 0 has landed up to offset 2, and the log ends at 0: it was lost, or replaced by an old copy; bring the whole log back"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestVerifyOrder: accounts come in the order in which their deliveries were opened.
func TestVerifyOrder(t *testing.T) {
	r := stocked(t)
	var opened []pipeline.Recorded
	for seq := range int64(5) {
		c := chunk(1, permit(int(seq)), 1)
		c.Stream = fmt.Sprintf("/opd/dpmptsp/lain#%d", seq+1)
		c.Delivery = event.Derive(c.Stream)
		r.append(t, c.Message())
		opened = append(opened, pipeline.Recorded{Delivery: c.Delivery, Whole: true, Records: 1})
	}
	report, _ := verify(t, r.verifier(opened...))
	var got, want []uuid.UUID
	for _, a := range report.Accounts {
		got = append(got, a.Delivery)
	}
	for _, d := range opened {
		want = append(want, d.Delivery)
	}
	if diff := cmp.Diff(append(want, other), got); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
}

// hooked is a log that does something before it answers.
type hooked struct {
	eventlog.Log
	do func()
}

func (l hooked) Topics(ctx context.Context) ([]string, error) {
	l.do()
	return l.Log.Topics(ctx)
}

func (l hooked) Ranges(ctx context.Context, topic string) ([]eventlog.Range, error) {
	l.do()
	return l.Log.Ranges(ctx, topic)
}

func (l hooked) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	l.do()
	return l.Log.Read(ctx, topic, partition, from, maxBytes)
}

// TestVerifyWhileLanding: whenever another worker lands, what is found is nothing.
func TestVerifyWhileLanding(t *testing.T) {
	r := stocked(t)
	seq := int64(2)
	more := func() {
		seq++
		r.append(t, chunk(seq, permit(int(seq))+"rusak\n", 2).Message())
		r.drain(t)
		r.append(t, event.Message{Value: []byte("bukan potongan data")})
	}
	v := r.verifier()
	v.Log = hooked{r.log, more}
	v.Recorded = func(context.Context, string) ([]pipeline.Recorded, error) {
		more()
		return nil, nil
	}
	if _, found := verify(t, v); found != nil {
		t.Errorf("findings: %q", found)
	}
	if seq < 6 {
		t.Errorf("landed %d times, want more", seq)
	}
}

// TestVerifyBetweenCommits: of a range whose rejected rows are committed and whose accepted ones are not,
// everything is in flight.
func TestVerifyBetweenCommits(t *testing.T) {
	r := stocked(t)
	landed := chunk(3, "rusak\n", 1)
	r.append(t, landed.Message())
	r.drain(t)
	next := chunk(4, permit(9)+"rusak\n", 2)
	where, err := r.log.Append(t.Context(), topic, landed.Message(), event.Message{Key: next.Stream, Value: []byte("bukan potongan data")}, next.Message())
	if err != nil {
		t.Fatal(err)
	}
	p, from := where[0].Partition, where[0].Offset
	w, err := r.lake.NewWriter(t.Context(), topic, lake.Rejected, "setengah")
	if err != nil {
		t.Fatal(err)
	}
	for row, o := range []lake.Origin{{Recorded: next.Time}, {Event: next.ID, Delivery: next.Delivery, Recorded: next.Time}} {
		if err := w.WriteRejects(o, []lake.Reject{{Row: int64(row), Status: lake.StatusRejected, Reasons: "[]"}}); err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.lake.Commit(t.Context(), topic, lake.Rejected, files, lake.Advance{Batch: "setengah", Partition: p, From: from, To: where[2].Offset + 1}); err != nil {
		t.Fatal(err)
	}
	if got := r.proof(t); got.Read != 6 || got.Accepted != 2 || got.Rejected != 1 || got.InFlight != 3 {
		t.Errorf("read %d, accepted %d, rejected %d, in flight %d, want 6, 2, 1 and 3", got.Read, got.Accepted, got.Rejected, got.InFlight)
	}
	r.drain(t)
	if got := r.proof(t); got.Read != 6 || got.Accepted != 3 || got.Rejected != 3 {
		t.Errorf("when landed: read %d, accepted %d, rejected %d, want 6, 3 and 3", got.Read, got.Accepted, got.Rejected)
	}
}

// TestVerifyDoubles: a row that is there twice does not make up for one that is lost.
func TestVerifyDoubles(t *testing.T) {
	r := openRoad(t, t.TempDir())
	c := chunk(1, permit(1)+permit(2), 2)
	where, err := r.log.Append(t.Context(), topic, c.Message())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.lake.Ensure(t.Context(), topic, []schemas.Field{{Name: "id", Type: schemas.Type{Kind: schemas.Integer}}}, []int{0}); err != nil {
		t.Fatal(err)
	}
	w, err := r.lake.NewWriter(t.Context(), topic, lake.Rejected, "ganda")
	if err != nil {
		t.Fatal(err)
	}
	first := lake.Reject{Row: 0, Status: lake.StatusRejected, Reasons: "[]"}
	if err := w.WriteRejects(lake.Origin{Event: c.ID, Delivery: c.Delivery, Recorded: c.Time}, []lake.Reject{first, first}); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	adv := lake.Advance{Batch: "ganda", Partition: where[0].Partition, From: where[0].Offset, To: where[0].Offset + 1, Streams: map[string]int64{c.Stream: 1}}
	if err := r.lake.Commit(t.Context(), topic, lake.Rejected, files, adv); err != nil {
		t.Fatal(err)
	}
	if err := r.lake.Commit(t.Context(), topic, lake.History, nil, adv); err != nil {
		t.Fatal(err)
	}
	_, found := verify(t, r.verifier())
	if diff := cmp.Diff([]string{fmt.Sprintf("delivery %s (): 1 rows are in the tables once too often", other)}, found); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// expired is a log that has forgotten what is before first.
type expired struct {
	eventlog.Log
	first eventlog.Position
}

func (l expired) Ranges(ctx context.Context, topic string) ([]eventlog.Range, error) {
	ranges, err := l.Log.Ranges(ctx, topic)
	for i, r := range ranges {
		if r.Partition == l.first.Partition {
			ranges[i].First = l.first.Offset
		}
	}
	return ranges, err
}

func (l expired) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	if partition == l.first.Partition && from < l.first.Offset {
		return nil, eventlog.ErrExpired
	}
	return l.Log.Read(ctx, topic, partition, from, maxBytes)
}

// TestVerifyExpired: what the log has let go of after it landed is not lost.
func TestVerifyExpired(t *testing.T) {
	r := stocked(t)
	whole := chunk(4, permit(4), 1)
	whole.Delivery = event.Derive("utuh")
	where, err := r.log.Append(t.Context(), topic, chunk(3, permit(3), 1).Message(), whole.Message())
	if err != nil {
		t.Fatal(err)
	}
	r.drain(t)
	v := func(facts ...pipeline.Recorded) pipeline.Verifier {
		v := r.verifier(append(facts, pipeline.Recorded{Delivery: whole.Delivery, Subject: "utuh", Whole: true, Records: 1})...)
		v.Log = expired{r.log, where[0]} // the third chunk is there, and the delivery after it
		return v
	}
	all := pipeline.Recorded{Delivery: other, Subject: "f", Whole: true, Records: 3, Check: &event.DeliveryChecked{Read: 3, Accepted: 3}}
	more, unchecked, never := all, all, all
	more.Check = &event.DeliveryChecked{Read: 4, Accepted: 3, Rejected: 1}
	unchecked.Check = nil
	never.Delivery, never.Check = event.Derive("belum"), nil
	tests := []struct {
		name  string
		facts []pipeline.Recorded
		read  int64 // of the delivery that is cut
		want  []string
	}{
		{"checked", []pipeline.Recorded{all}, 3, nil},
		{"not checked", []pipeline.Recorded{unchecked}, 3, nil},
		{"no fact", nil, 3, nil},
		{"rows are lost", []pipeline.Recorded{more}, 4, []string{
			fmt.Sprintf("delivery %s (f): its check recorded 4 = 3 + 1 + 0, log and tables hold 4 = 3 + 0 + 0", other),
			fmt.Sprintf("delivery %s (f): read 4, but accepted 3 + rejected 0 + set aside 0 + in flight 0 = 3", other)}},
		{"never landed", []pipeline.Recorded{all, never}, 3, []string{
			fmt.Sprintf("delivery %s (f) is recorded with 3 records, but left the log before it landed", never.Delivery)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, found := verify(t, v(tt.facts...))
			if diff := cmp.Diff(tt.want, found); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, a := range report.Accounts {
				if want := a.Delivery != whole.Delivery; a.Expired != want {
					t.Errorf("delivery %s has expired: %t, want %t", a.Delivery, a.Expired, want)
				}
				if a.Delivery == other && a.Read != tt.read {
					t.Errorf("read %d, want %d", a.Read, tt.read)
				}
			}
			if len(report.Notes) != 1 {
				t.Errorf("notes: %+v, want one on the log", report.Notes)
			}
		})
	}
}

// TestVerifyExpiredBeforeLanding: what the log has let go of before it landed is lost.
func TestVerifyExpiredBeforeLanding(t *testing.T) {
	r := stocked(t)
	where, err := r.log.Append(t.Context(), topic, chunk(3, permit(3), 1).Message(), chunk(4, permit(4), 1).Message())
	if err != nil {
		t.Fatal(err)
	}
	v := r.verifier()
	v.Log = expired{r.log, where[1]}
	_, found := verify(t, v)
	want := fmt.Sprintf("offsets %d to %d of partition %d left the log before they landed", where[0].Offset, where[0].Offset, where[0].Partition)
	if !slices.Contains(found, want) {
		t.Errorf("findings %q, want %q", found, want)
	}
}

// outOfReach is a governance that finds no documents for want of a disk.
type outOfReach struct{ pipeline.Governance }

var errDisk = errors.New("disk is gone")

func (outOfReach) Contract(context.Context, string, string) (string, error) { return "", errDisk }

// TestVerifyOutOfReach: a plan that cannot be had is not a plan that there is not.
func TestVerifyOutOfReach(t *testing.T) {
	v := stocked(t).verifier()
	v.Governance = outOfReach{v.Governance}
	if r, err := v.Verify(t.Context()); !errors.Is(err, errDisk) {
		t.Errorf("Verify = %+v, %v, want the error of the governance", r, err)
	}
}

const wideContract = `
apiVersion: v3.1.0
kind: DataContract
id: uji.lebar
name: Lebar
version: 1.0.0
status: active
domain: uji
description: {purpose: Kolom menjadi baris}
customProperties:
  - {property: produsenData, value: uji}
  - {property: kelasAkses, value: publik}
  - {property: dasarHukum, value: data uji}
  - {property: jadwalPemutakhiran, value: harian}
  - {property: modePengiriman, value: delta}
schema:
  - name: lebar
    physicalType: table
    logicalType: object
    properties:
      - {name: nama, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1, description: Nama}
      - {name: tahun, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 2, description: Tahun}
      - {name: jumlah, logicalType: integer, description: Jumlah}
`

const wideBinding = `
apiVersion: satudata/v1
kind: Binding
id: uji.lebar
version: 1.0.0
title: Lebar
dataset: uji.lebar
contract: 1.0.0
format: {type: csv, headers: 1}
columns:
  - {to: nama, from: nama}
unpivot:
  columns: ["#2-#4"]
  value: jumlah
  names:
    - {to: tahun}
`

// TestVerifyMisrouted: a chunk of another dataset is refused as a whole, so each of its records is one
// observation, however many its own binding makes of it.
func TestVerifyMisrouted(t *testing.T) {
	r := stocked(t)
	if err := r.cat.Register(t.Context(), event.ContractRegistered{Dataset: "uji.lebar", Version: "1.0.0", Document: wideContract},
		event.BindingRegistered{Binding: "uji.lebar", Version: "1.0.0", Dataset: "uji.lebar", Document: wideBinding}); err != nil {
		t.Fatal(err)
	}
	c := chunk(3, "nama,2022,2023,2024\na,1,2,3\n", 1)
	c.Dataset, c.Binding, c.ContentType = "uji.lebar", "uji.lebar@1.0.0", event.Format{Type: event.ContentTypeCSV, Delimiter: ',', Headers: 1}.String()
	if _, err := r.log.Append(t.Context(), c.Dataset, c.Message()); err != nil {
		t.Fatal(err)
	}
	r.append(t, c.Message())
	r.drain(t)
	if got := r.proof(t); got.Read != 2+1+3 || got.Accepted != 2+3 || got.Rejected != 1 {
		t.Errorf("read %d, accepted %d, rejected %d, want 6, 5 and 1", got.Read, got.Accepted, got.Rejected)
	}
}

// TestVerifyDamaged: a data file that is missing or damaged is a finding, and the other datasets are
// verified all the same.
func TestVerifyDamaged(t *testing.T) {
	for name, damage := range map[string]func(string) error{
		"missing":   os.Remove,
		"cut short": func(path string) error { return os.Truncate(path, 100) },
		"rubbish": func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, make([]byte, info.Size()), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := stocked(t)
			files, err := filepath.Glob(filepath.Join(r.lake.Dir(), "publik", "perizinan", "izin_riwayat", "data", "*.parquet"))
			if err != nil || len(files) == 0 {
				t.Fatalf("data files: %q, %v", files, err)
			}
			if err := damage(files[0]); err != nil {
				t.Fatal(err)
			}
			if _, err := r.log.Append(t.Context(), "perizinan.zonasi", event.Message{Value: []byte("bukan potongan data")}); err != nil {
				t.Fatal(err)
			}
			report, found := verify(t, r.verifier(pipeline.Recorded{Delivery: other, Whole: true, Records: 2}))
			if len(found) != 2 || !strings.HasPrefix(found[0], "file file://"+files[0]) || !strings.HasPrefix(found[1], "the tables cannot be read: ") {
				t.Errorf("findings: %q, want one on %s and one that the tables cannot be read", found, files[0])
			}
			if len(report.Accounts) != 1 || report.Accounts[0].Dataset != "perizinan.zonasi" {
				t.Errorf("accounts: %+v, want that of the other dataset", report.Accounts)
			}
		})
	}
}

// ending is a governance that ends the context of whoever asks for publications.
type ending struct {
	pipeline.Governance
	end func()
}

func (g ending) Publications(ctx context.Context, dataset string) ([]lake.Publication, error) {
	defer g.end()
	return g.Governance.Publications(ctx, dataset)
}

// TestVerifyEnded: that there was no time to read the tables is no finding.
func TestVerifyEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	v := stocked(t).verifier()
	v.Governance = ending{v.Governance, cancel}
	if r, err := v.Verify(ctx); err == nil || !r.OK() {
		t.Errorf("Verify = %+v, %v, want an error and no finding", r, err)
	}
}

// TestDeleteThenUpsert: a delivery may take a key away and bring it again, also when another worker,
// which knows only what landed, lands the second.
func TestDeleteThenUpsert(t *testing.T) {
	r := stocked(t)
	gone := chunk(3, permit(7), 1)
	gone.Op = event.Delete
	r.append(t, gone.Message())
	r.drain(t)
	r.append(t, chunk(4, permit(7), 1).Message())
	r.drain(t)
	if got := r.proof(t); got.Accepted != 4 || got.Rejected != 0 {
		t.Errorf("accepted %d and rejected %d, want 4 and 0", got.Accepted, got.Rejected)
	}
}

// TestVerifyDatasetWithNothingLeft looks at a dataset of which only the facts know: its topic and its
// tables are gone.
func TestVerifyDatasetWithNothingLeft(t *testing.T) {
	r := openRoad(t, t.TempDir())
	v := r.verifier(pipeline.Recorded{Delivery: uuid.New(), Subject: "izin.csv", Whole: true, Records: 2, Check: &event.DeliveryChecked{Read: 2, Accepted: 2}})
	v.Known = func(context.Context) ([]string, error) { return []string{topic}, nil }
	if _, found := verify(t, v); len(found) != 2 { // not in the log, and not what its check recorded
		t.Errorf("findings %q, want that it is not in the log and not in the tables", found)
	}
}
