package rules_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/catalog/rules"
	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// world is a lake with contracts, into which a test delivers.
type world struct {
	t         testing.TB
	lake      *lake.Lake
	contracts map[string]*schemas.Contract
	published map[string][]lake.Publication
	offset    map[string]int64
	judge     *rules.Judge
	opened    time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	l, err := lake.Open(t.Context(), t.TempDir(), lake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, lake: l, contracts: map[string]*schemas.Contract{}, published: map[string][]lake.Publication{},
		offset: map[string]int64{}, opened: time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC)}
	w.judge = rules.NewJudge(rules.Options{Lake: l, Datasets: w, Reference: ref, Threads: 1, Timeout: 20 * time.Second})
	return w
}

func (w *world) Datasets(context.Context) ([]string, error) {
	return slices.Sorted(maps.Keys(w.contracts)), nil
}

func (w *world) Publications(_ context.Context, dataset string) ([]lake.Publication, error) {
	return slices.Clone(w.published[dataset]), nil
}

func (w *world) Publication(_ context.Context, dataset, _ string) (lake.Publication, error) {
	mode := w.contracts[dataset].Profile.Delivery
	return lake.Publication{Full: mode.Mode == "full", ReplaceBy: mode.ReplaceBy}, nil
}

func (w *world) LatestContract(_ context.Context, dataset string) (*schemas.Contract, error) {
	if c := w.contracts[dataset]; c != nil {
		return c, nil
	}
	return nil, errors.New("no contract")
}

// register puts a contract of the columns and rules in force. profile is more customProperties.
func (w *world) register(dataset, profile, properties, quality string) {
	w.t.Helper()
	_, name, _ := strings.Cut(dataset, ".")
	doc := fmt.Sprintf(`apiVersion: v3.1.0
kind: DataContract
id: %s
name: Uji
version: 1.0.0
status: active
description: {purpose: Uji.}
customProperties:
  - {property: produsenData, value: uji}
  - {property: kelasAkses, value: internal}
  - {property: dasarHukum, value: uji}
%s
schema:
  - name: %s
    properties:
%s
    quality:
%s
`, dataset, indent(profile, 2), name, indent(properties, 6), indent(quality, 6))
	c, err := schemas.ParseContract(dataset+".yaml", []byte(doc))
	if err != nil {
		w.t.Fatalf("%v\n%s", err, doc)
	}
	w.contracts[dataset] = c
	if err := w.lake.Ensure(w.t.Context(), dataset, c.Fields(), c.Key()); err != nil {
		w.t.Fatal(err)
	}
}

func indent(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, l := range lines {
		lines[i] = strings.Repeat(" ", n) + strings.TrimPrefix(l, "\t")
	}
	return strings.Join(lines, "\n")
}

// deliver lands rows, as JSON objects, as a delivery that is not published.
func (w *world) deliver(dataset string, rows ...string) pipeline.Delivery {
	w.t.Helper()
	c := w.contracts[dataset]
	fields := make([]arrow.Field, len(c.Fields()))
	for i, f := range c.Fields() {
		fields[i] = arrow.Field{Name: f.Name, Type: arrowType(f.Type), Nullable: true}
	}
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema(fields, nil), strings.NewReader("["+strings.Join(rows, ",")+"]"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer rec.Release()
	at := w.offset[dataset]
	w.offset[dataset]++
	d := pipeline.Delivery{ID: uuid.New(), Dataset: dataset, Contract: c.Version, Opened: w.opened, FirstID: eventID(at)}
	batch := fmt.Sprintf("%s/0/%d", dataset, at)
	out, err := w.lake.NewWriter(w.t.Context(), dataset, lake.History, batch)
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Abort()
	numbers := make([]int64, rec.NumRows())
	for i := range numbers {
		numbers[i] = int64(i)
	}
	source := make([]int64, rec.NumRows())
	for i := range source {
		source[i] = int64(i) + 2
	}
	if rec.NumRows() > 0 {
		origin := lake.Origin{Event: d.FirstID, Delivery: d.ID, OPD: "uji", Recorded: w.opened}
		if err := out.Write(rec, origin, lake.Rows{Row: numbers, SourceRow: source}); err != nil {
			w.t.Fatal(err)
		}
	}
	files, err := out.Close()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.lake.Commit(w.t.Context(), dataset, lake.History, files, lake.Advance{Batch: batch, From: at, To: at + 1}); err != nil {
		w.t.Fatal(err)
	}
	return d
}

func eventID(n int64) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("01950000-%04x-7000-8000-000000000000", n))
}

func arrowType(t schemas.Type) arrow.DataType {
	switch t.Kind {
	case schemas.Integer:
		return arrow.PrimitiveTypes.Int64
	case schemas.Double:
		return arrow.PrimitiveTypes.Float64
	case schemas.Boolean:
		return arrow.FixedWidthTypes.Boolean
	case schemas.Date:
		return arrow.FixedWidthTypes.Date32
	case schemas.Decimal:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
	}
	return arrow.BinaryTypes.String
}

// publish makes a delivery count.
func (w *world) publish(d pipeline.Delivery) {
	c := w.contracts[d.Dataset]
	w.opened = w.opened.Add(time.Hour)
	w.published[d.Dataset] = append(w.published[d.Dataset], lake.Publication{Delivery: d.ID, FirstID: d.FirstID, At: w.opened,
		Full: c.Profile.Delivery.Mode == "full", ReplaceBy: c.Profile.Delivery.ReplaceBy})
}

// find judges a delivery.
func (w *world) find(d pipeline.Delivery) []event.Finding {
	w.t.Helper()
	found, err := w.judge.Judge(w.t.Context(), d, w.contracts[d.Dataset])
	if err != nil {
		w.t.Fatal(err)
	}
	again, err := w.judge.Judge(w.t.Context(), d, w.contracts[d.Dataset])
	if err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(found, again); diff != "" {
		w.t.Errorf("judged twice (-first +second):\n%s", diff)
	}
	for _, f := range found {
		if f.Say.ID == "" || f.Say.EN == "" || f.Kind == "" {
			w.t.Errorf("finding %+v is not complete", f)
		}
	}
	return found
}

// brief is a finding in one line.
func brief(found []event.Finding) []string {
	out := []string{}
	for _, f := range found {
		s := fmt.Sprintf("%s %s %d", f.Rule, f.Severity, f.Count)
		if f.Failed {
			s += " failed"
		}
		out = append(out, s)
	}
	return out
}

const (
	people = `
- {name: kota, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1, description: Kota.}
- {name: jk, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 2, description: Jenis kelamin.}
- {name: tahun, required: true, primaryKey: true, primaryKeyPosition: 3, customProperties: [{property: elemen, value: waktu.tahun}]}
- {name: n, logicalType: integer, description: Banyaknya., customProperties: [{property: aditif, value: true}]}
- {name: b, logicalType: integer, description: Bagian., customProperties: [{property: aditif, value: true}]}
- {name: total, logicalType: integer, description: Total kota.}
- {name: persen, logicalType: number, description: Bagian dari n., customProperties: [{property: aditif, value: false}]}
- {name: wilayah, customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]}
- {name: uang, logicalType: number, physicalType: "decimal(18,2)", description: Uang., customProperties: [{property: aditif, value: true}]}`
	cities = `
- {name: kota, logicalType: string, required: true, primaryKey: true, description: Kota.}
- {name: tahun, required: true, customProperties: [{property: elemen, value: waktu.tahun}]}
- {name: jumlah, logicalType: integer, description: Banyaknya., customProperties: [{property: aditif, value: true}]}
- {name: indeks, logicalType: number, description: Indeks., customProperties: [{property: aditif, value: false}]}`
)

// person is a row of the table under test.
func person(kota, jk string, tahun int, more string) string {
	return fmt.Sprintf(`{"kota": %q, "jk": %q, "tahun": %d%s}`, kota, jk, tahun, more)
}

func custom(name, severity, implementation string) string {
	s := ""
	if severity != "" {
		s = ", severity: " + severity
	}
	return fmt.Sprintf("- {type: custom, engine: satudata, name: %s%s, implementation: %s}", name, s, implementation)
}

// TestRules: every kind of rule, where it holds and where it does not.
func TestRules(t *testing.T) {
	holds := []string{}
	for _, tt := range []struct {
		name     string
		profile  string
		rule     string
		before   []string // published rows
		rows     []string
		want     []string
		examples []string // of the first finding; nil: not compared
	}{
		{"row rule that warns holds", "", custom("r", "warning", `"b <= n"`), nil,
			[]string{person("A", "L", 2020, `, "n": 5, "b": 5`), person("A", "P", 2020, `, "n": null, "b": 9`)}, holds, nil},
		{"row rule that warns", "", custom("r", "warning", `"b <= n"`), []string{person("Z", "L", 2020, `, "n": 5, "b": 6`)},
			[]string{person("A", "L", 2020, `, "n": 5, "b": 6`), person("A", "P", 2020, `, "n": 1, "b": 1`)},
			[]string{"r warning 1"}, []string{"baris = 2; kota = A; jk = L; tahun = 2020; n = 5; b = 6"}},
		{"row rule that divides by nothing", "", custom("r", "warning", `"n / b = 2 or n is null"`), nil,
			[]string{person("A", "L", 2020, `, "n": 5, "b": 0`), person("A", "P", 2020, `, "n": 4, "b": 2`)}, holds, nil},
		{"row rule with fractions", "", custom("r", "warning", `"persen + 0.2 = 0.3"`), nil,
			[]string{person("A", "L", 2020, `, "persen": 0.1`), person("A", "P", 2020, `, "persen": 0.2`)}, []string{"r warning 1"}, nil},

		{"rowCount holds", "", "- {metric: rowCount, mustBeGreaterThan: 2}", []string{person("Z", "L", 2020, "")},
			[]string{person("A", "L", 2020, ""), person("A", "P", 2020, "")}, holds, nil},
		{"rowCount", "", "- {metric: rowCount, mustBeBetween: [2, 5], name: banyak, severity: warning}", nil, []string{person("A", "L", 2020, "")}, []string{"banyak warning 1"}, nil},
		{"duplicates in the table", "", "- {metric: duplicateValues, mustBe: 0, arguments: {properties: [kota, tahun]}}", []string{person("A", "L", 2020, "")},
			[]string{person("A", "P", 2020, "")}, []string{"duplicate_values_kota_tahun error 1"}, []string{"kota = A; tahun = 2020"}},
		{"duplicates in percent hold", "", "- {metric: duplicateValues, mustBeLessOrEqualTo: 50, unit: percent, arguments: {properties: [kota]}}", []string{person("A", "L", 2020, "")},
			[]string{person("A", "P", 2020, "")}, holds, nil},

		{"sql holds", "", `- {type: sql, name: q, query: "SELECT count(*) FROM ${table} WHERE n < 0", mustBe: 0}`, []string{person("Z", "L", 2020, `, "n": 1`)},
			[]string{person("A", "L", 2020, `, "n": 1`)}, holds, nil},
		{"sql over the table as it will be", "", `- {type: sql, name: q, query: "SELECT sum(n) FROM ${object};", mustBe: 3}`, []string{person("A", "L", 2020, `, "n": 1`), person("A", "P", 2020, `, "n": 1`)},
			[]string{person("A", "L", 2020, `, "n": 2`)}, holds, nil}, // the new row replaces the one of its key
		{"sql over the delivery", "", `- {type: sql, name: q, severity: warning, query: "SELECT count(*) FROM ${kiriman}", mustBeGreaterOrEqualTo: 2}`, []string{person("Z", "L", 2020, "")},
			[]string{person("A", "L", 2020, "")}, []string{"q warning 1"}, nil},
		{"sql without a number", "", `- {type: sql, name: q, query: "SELECT kota FROM ${table}", mustBe: 0}`, nil, []string{person("A", "L", 2020, "")}, []string{"q error 0 failed"}, nil},
		{"sql of nothing", "", `- {type: sql, name: q, query: "SELECT max(n) FROM ${table}", mustBe: 0}`, nil, []string{person("A", "L", 2020, "")}, []string{"q error 0 failed"}, nil},
		{"sql that sums an index", "", `- {type: sql, name: q, query: "SELECT sum(persen) FROM ${table}", mustBe: 0}`, nil, []string{person("A", "L", 2020, "")}, []string{"q error 0 failed"}, nil},
		{"sql that reads a file", "", `- {type: sql, name: q, query: "SELECT count(*) FROM read_csv('/etc/passwd')", mustBe: 0}`, nil, []string{person("A", "L", 2020, "")}, []string{"q error 0 failed"}, nil},
		{"sql that attaches", "", `- {type: sql, name: q, severity: warning, query: "ATTACH '/tmp/x.db'", mustBe: 0}`, nil, []string{person("A", "L", 2020, "")}, []string{"q warning 0 failed"}, nil},

		{"foreign key holds", "", custom("k", "", "{aturan: kunciTamu, kolom: kota, dataset: uji.kota}"), nil, []string{person("A", "L", 2020, "")}, holds, nil},
		{"foreign key", "", custom("k", "", "{aturan: kunciTamu, kolom: kota, dataset: uji.kota, keKolom: kota}"), []string{person("Q", "L", 2020, "")},
			[]string{person("X", "L", 2020, ""), person("X", "P", 2020, ""), person("A", "P", 2020, "")}, []string{"k error 1"}, []string{"kota = X; baris = 2"}},
		{"foreign key with null", "", custom("k", "", "{aturan: kunciTamu, kolom: [kota, n], dataset: uji.kota, keKolom: [kota, jumlah]}"), nil,
			[]string{person("X", "L", 2020, ""), person("A", "P", 2020, `, "n": 10`)}, holds, nil},
		{"foreign key to a column that is not there", "", custom("k", "warning", "{aturan: kunciTamu, kolom: kota, dataset: uji.kota, keKolom: koda}"), nil, []string{person("X", "L", 2020, "")}, []string{"k warning 0 failed"}, nil},
		{"foreign key to no dataset", "", custom("k", "", "{aturan: kunciTamu, kolom: kota, dataset: uji.entah}"), nil, []string{person("X", "L", 2020, "")}, []string{"k error 0 failed"}, nil},
		{"foreign key to itself", "", custom("k", "", "{aturan: kunciTamu, kolom: [kota], dataset: uji.orang, keKolom: [jk]}"), nil, []string{person("X", "L", 2020, ""), person("L", "P", 2020, "")},
			[]string{"k error 1"}, []string{"kota = X; baris = 1"}},

		{"unique holds", "", custom("u", "", "{aturan: unik, kolom: n}"), []string{person("A", "L", 2020, `, "n": 1`)},
			[]string{person("A", "P", 2020, ""), person("B", "P", 2020, "")}, holds, nil},
		{"unique over the whole table", "", custom("u", "", "{aturan: unik, kolom: n}"), []string{person("A", "L", 2020, `, "n": 1`)},
			[]string{person("A", "P", 2020, `, "n": 1`)}, []string{"u error 1"}, []string{"n = 1; baris = 2"}},
		{"old duplicates are not blamed", "", custom("u", "", "{aturan: unik, kolom: n}"), []string{person("A", "L", 2020, `, "n": 1`), person("A", "P", 2020, `, "n": 1`)},
			[]string{person("B", "P", 2020, `, "n": 2`)}, holds, nil},

		{"sum of the groups is the printed total", "", custom("s", "", "{aturan: jumlah, kolom: n, per: [kota, tahun], samaDengan: {nilai: total}}"), nil,
			[]string{person("A", "L", 2020, `, "n": 4, "total": 9`), person("A", "P", 2020, `, "n": 5, "total": 9`)}, holds, nil},
		{"sum of the groups differs", "", custom("s", "warning", "{aturan: jumlah, kolom: n, per: [kota, tahun], samaDengan: {nilai: total}}"), []string{person("A", "L", 2020, `, "n": 4, "total": 9`), person("Z", "L", 2020, `, "n": 4, "total": 9`)},
			[]string{person("A", "P", 2020, `, "n": 6, "total": 9`)}, []string{"s warning 1"}, []string{"kota = A; tahun = 2020; jumlah n = 10; total = 9"}},
		{"total that differs within its group", "", custom("s", "", "{aturan: jumlah, kolom: n, per: kota, samaDengan: {nilai: total}}"), nil,
			[]string{person("A", "L", 2020, `, "n": 4, "total": 9`), person("A", "P", 2020, `, "n": 5, "total": 8`)}, []string{"s error 1"}, nil},
		{"sum with a tolerance", "", custom("s", "", "{aturan: jumlah, kolom: n, per: kota, samaDengan: {nilai: total}, toleransi: 10%}"), nil,
			[]string{person("A", "L", 2020, `, "n": 91, "total": 100`), person("B", "L", 2020, `, "n": 89, "total": 100`)}, []string{"s error 1"}, []string{"kota = B; jumlah n = 89; total = 100"}},
		{"total by sex is the total by region", "", custom("s", "", "{aturan: jumlah, kolom: n, di: {jk: [L, P]}, per: [tahun], samaDengan: {dataset: uji.kota, kolom: jumlah, per: [tahun]}}"), nil,
			[]string{person("A", "L", 2020, `, "n": 10`), person("A", "P", 2020, `, "n": 20`), person("A", "X", 2020, `, "n": 99`)}, holds, nil},
		{"total by sex is not the total by region", "", custom("s", "", "{aturan: jumlah, kolom: n, per: [tahun], samaDengan: {dataset: uji.kota, kolom: jumlah}}"), nil,
			[]string{person("A", "L", 2020, `, "n": 10`), person("A", "P", 2021, `, "n": 10`)}, []string{"s error 1"}, []string{"tahun = 2020; jumlah n = 10; uji.kota jumlah = 30"}},
		{"sum of rows is the sum of other rows", "", custom("s", "", "{aturan: jumlah, kolom: n, di: {jk: [L, P]}, per: kota, samaDengan: {kolom: n, di: {jk: T}}}"), nil,
			[]string{person("A", "L", 2020, `, "n": 1`), person("A", "P", 2020, `, "n": 2`), person("A", "T", 2020, `, "n": 4`), person("B", "L", 2020, `, "n": 4`)},
			[]string{"s error 1"}, []string{"kota = A; jumlah n = 3; n = 4"}},
		{"sum of money is exact", "", custom("s", "", "{aturan: jumlah, kolom: uang, samaDengan: {kolom: n}}"), nil,
			[]string{person("A", "L", 2020, `, "uang": "9007199254740993.00", "n": 9007199254740992`)}, []string{"s error 1"}, nil},
		{"sum of another dataset's index", "", custom("s", "", "{aturan: jumlah, kolom: n, per: kota, samaDengan: {dataset: uji.kota, kolom: indeks}}"), nil,
			[]string{person("A", "L", 2020, `, "n": 10`)}, []string{"s error 0 failed"}, nil},

		{"derived holds", "", custom("d", "", `{aturan: turunan, kolom: persen, rumus: b / n * 100, toleransi: 0.01}`), nil,
			[]string{person("A", "L", 2020, `, "n": 3, "b": 1, "persen": 33.33`), person("A", "P", 2020, `, "n": 0, "b": 1, "persen": 1`), person("B", "P", 2020, `, "b": 1, "persen": 1`)}, holds, nil},
		{"derived", "", custom("d", "warning", `{aturan: turunan, kolom: persen, rumus: b / n * 100, toleransi: 0.01}`), nil,
			[]string{person("A", "L", 2020, `, "n": 4, "b": 1, "persen": 33.33`)}, []string{"d warning 1"}, []string{"kota = A; jk = L; tahun = 2020; persen = 33.33; seharusnya = 25.0"}},
		{"derived of groups holds", "", custom("d", "", `{aturan: turunan, kolom: persen, rumus: b / n * 100, per: [kota, tahun], di: {jk: [L, P]}}`), nil,
			[]string{person("A", "L", 2020, `, "n": 4, "b": 1`), person("A", "P", 2020, `, "n": 6, "b": 4`), person("A", "T", 2020, `, "persen": 50`)}, holds, nil},
		{"derived of groups", "", custom("d", "", `{aturan: turunan, kolom: persen, rumus: b / n * 100, per: [kota, tahun], di: {jk: [L, P]}}`), nil,
			[]string{person("A", "L", 2020, `, "n": 4, "b": 1`), person("A", "P", 2020, `, "n": 6, "b": 4`), person("A", "T", 2020, `, "persen": 45.8`)},
			[]string{"d error 1"}, []string{"kota = A; tahun = 2020; persen = 45.8; seharusnya = 50.0"}},

		{"jump holds", "", custom("j", "", "{aturan: lonjakan, kolom: n, faktor: 20, periode: tahun}"), []string{person("A", "L", 2013, `, "n": 71`)},
			[]string{person("A", "L", 2014, `, "n": 71`), person("A", "P", 2014, `, "n": 1`), person("A", "L", 2015, ``), person("A", "L", 2016, `, "n": 4`)}, holds, nil},
		{"jump against what is published", "", custom("j", "", "{aturan: lonjakan, kolom: n, faktor: 20, periode: tahun}"), []string{person("A", "L", 2013, `, "n": 71`)},
			[]string{person("A", "L", 2014, `, "n": 1`)}, []string{"j warning 1"}, []string{"kota = A; jk = L; tahun = 2014; n = 1; tahun_sebelumnya = 2013; n_sebelumnya = 71"}},
		{"old jumps are not blamed", "", custom("j", "error", "{aturan: lonjakan, kolom: n, faktor: 20, periode: tahun}"), []string{person("A", "L", 2013, `, "n": 71`), person("A", "L", 2014, `, "n": 1`)},
			[]string{person("B", "L", 2014, `, "n": 1`)}, holds, nil},
		{"jump of a corrected year before", "", custom("j", "error", "{aturan: lonjakan, kolom: n, faktor: 20, periode: tahun}"), []string{person("A", "L", 2013, `, "n": 2`), person("A", "L", 2014, `, "n": 1`)},
			[]string{person("A", "L", 2013, `, "n": 71`)}, []string{"j error 1"}, nil},
		{"fraction from zero is no jump", "", custom("j", "", "{aturan: lonjakan, kolom: persen, faktor: 2, periode: tahun}"), []string{person("A", "L", 2013, `, "persen": 0`)},
			[]string{person("A", "L", 2014, `, "persen": 0.5`), person("A", "L", 2015, `, "persen": -0.1`)}, holds, nil},

		{"unchanged holds", "", custom("t", "", "{aturan: takBerubah, kolom: n, batas: 50%, periode: tahun}"), []string{person("A", "L", 2013, `, "n": 1`), person("A", "P", 2013, `, "n": 1`)},
			[]string{person("A", "L", 2014, `, "n": 1`), person("A", "P", 2014, `, "n": 2`)}, holds, nil},
		{"unchanged", "", custom("t", "", "{aturan: takBerubah, kolom: n, batas: 0.5, periode: tahun}"), []string{person("A", "L", 2013, `, "n": 1`), person("A", "P", 2013, `, "n": 1`)},
			[]string{person("A", "L", 2014, `, "n": 1`), person("A", "P", 2014, `, "n": 1`), person("B", "P", 2014, `, "n": 1`)}, []string{"t warning 1"}, []string{"tahun = 2014; sama = 2; deret = 2"}},

		{"grid holds", "- {property: petak, value: [{kolom: kota, nilai: [A]}, {kolom: tahun, dari: 2020, sampai: 2021}]}", custom("x", "", "{aturan: unik, kolom: n}"), []string{person("A", "L", 2020, "")},
			[]string{person("A", "P", 2021, "")}, holds, nil},
		{"grid", "- {property: petak, value: [{kolom: kota, nilai: [A, B]}, {kolom: tahun, dari: 2020, sampai: 2021}]}", custom("x", "", "{aturan: unik, kolom: n}"), []string{person("A", "L", 2020, "")},
			[]string{person("B", "P", 2021, "")}, []string{"petak warning 2"}, []string{"kota = A; tahun = 2021", "kota = B; tahun = 2020"}},
		{"grid with a missing year", "- {property: petak, value: [{kolom: kota, nilai: [A, B, C]}, {kolom: tahun, dari: 2020, sampai: 2022}]}", custom("x", "", "{aturan: unik, kolom: n}"),
			[]string{person("A", "L", 2020, ""), person("B", "L", 2020, ""), person("A", "L", 2022, "")},
			[]string{person("C", "P", 2020, ""), person("C", "L", 2022, "")}, []string{"petak warning 4"}, []string{"tahun = 2021: seluruh 3 kota", "kota = B; tahun = 2022"}},
		{"grid that must be full", "- {property: petak, value: [{kolom: kota, nilai: [A, B]}]}", custom("penuh", "error", "{aturan: petak}"), nil,
			[]string{person("B", "P", 2021, "")}, []string{"penuh error 1"}, nil},

		{"grid of an area that is not there", "- {property: petak, value: [{kolom: wilayah, dalam: '99'}]}", custom("penuh", "error", "{aturan: petak}"), nil,
			[]string{person("B", "P", 2021, "")}, []string{"penuh error 0 failed"}, nil},

		{"fresh", "- {property: jadwalPemutakhiran, value: tahunan}\n- {property: kolomPeriode, value: tahun}", custom("x", "", "{aturan: unik, kolom: n}"), []string{person("A", "L", 2023, "")},
			[]string{person("A", "L", 2019, "")}, holds, nil}, // the newest of the table counts; opened 2025-03
		{"stale", "- {property: jadwalPemutakhiran, value: tahunan}\n- {property: kolomPeriode, value: tahun}", custom("x", "", "{aturan: unik, kolom: n}"), nil,
			[]string{person("A", "L", 2022, "")}, []string{"mutakhir warning 1"}, []string{"tahun = 2022"}},
		{"stale after days of grace", "- {property: jadwalPemutakhiran, value: tahunan}", custom("segar", "error", "{aturan: mutakhir, periode: tahun, tenggang: 30}"), nil,
			[]string{person("A", "L", 2023, "")}, []string{"segar error 1"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.register("uji.kota", "", cities, `- {type: text, description: x}`)
			w.publish(w.deliver("uji.kota", `{"kota": "A", "tahun": 2020, "jumlah": 10, "indeks": 0.5}`, `{"kota": "B", "tahun": 2020, "jumlah": 20, "indeks": 0.7}`))
			w.register("uji.orang", tt.profile, people, tt.rule)
			if tt.before != nil {
				w.publish(w.deliver("uji.orang", tt.before...))
			}
			found := w.find(w.deliver("uji.orang", tt.rows...))
			if diff := cmp.Diff(tt.want, brief(found)); diff != "" {
				t.Fatalf("findings (-want +got):\n%s\n%+v", diff, found)
			}
			if tt.examples != nil {
				if diff := cmp.Diff(tt.examples, found[0].Examples); diff != "" {
					t.Errorf("examples (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestPersonalColumns: of columns about persons only numbers are told.
func TestPersonalColumns(t *testing.T) {
	w := newWorld(t)
	w.register("uji.warga", "", `
- {name: nik, logicalType: string, required: true, primaryKey: true, description: NIK., classification: pribadi_umum}
- {name: umur, logicalType: integer, description: Umur.}
- {name: kode, logicalType: string, description: Kode.}`,
		custom("u", "warning", "{aturan: unik, kolom: kode}")+"\n"+custom("umur", "warning", "umur < 100")+
			"\n- {metric: duplicateValues, mustBe: 0, severity: warning, arguments: {properties: [nik, kode]}}"+
			"\n- {metric: duplicateValues, mustBe: 1, severity: warning, name: nik_ganda, arguments: {properties: [nik]}}"+
			"\n- {type: sql, name: nilai, query: 'SELECT nik FROM ${table} LIMIT 1', mustBe: 0}\n- {type: sql, name: gagal, query: 'SELECT sum(CAST(kode || nik AS INTEGER)) FROM ${table}', mustBe: 0}")
	found := w.find(w.deliver("uji.warga", `{"nik": "3201", "umur": 120, "kode": "x"}`, `{"nik": "3202", "umur": 20, "kode": "x"}`))
	if diff := cmp.Diff([]string{"u warning 1", "umur warning 1", "nik_ganda warning 0", "nilai error 0 failed", "gagal error 0 failed"}, brief(found)); diff != "" {
		t.Fatalf("findings (-want +got):\n%s", diff)
	}
	if len(found[0].Examples) != 1 || found[1].Examples != nil || found[1].Cases != nil || strings.Contains(fmt.Sprint(found), "3201") {
		t.Errorf("%+v, want an example of what is not personal only", found)
	}
}

// TestPersonalElsewhere: a rule of a contract that has nothing personal may fail on a value of another
// dataset that has; the finding does not repeat it.
func TestPersonalElsewhere(t *testing.T) {
	w := newWorld(t)
	w.register("uji.warga", "", "- {name: nik, logicalType: string, description: NIK., classification: pribadi_umum}", `- {metric: rowCount, mustBeGreaterThan: 0}`)
	w.publish(w.deliver("uji.warga", `{"nik": "3201x"}`))
	w.register("uji.kota", "", "- {name: kota, logicalType: string, description: Kota.}",
		"- {type: sql, name: gagal, severity: warning, query: 'SELECT sum(CAST(nik AS INTEGER)) FROM uji.warga', mustBe: 0}")
	found := w.find(w.deliver("uji.kota", `{"kota": "a"}`))
	if len(found) != 1 || !found[0].Failed || strings.Contains(fmt.Sprint(found), "3201") {
		t.Errorf("%+v, want a failed rule without the value", found)
	}
}

// TestPersonalInputs: no example shows what is made from a column about persons, of this dataset or of
// another.
func TestPersonalInputs(t *testing.T) {
	w := newWorld(t)
	const own = `
- {name: unit, logicalType: string, required: true, primaryKey: true, description: Unit.}
- {name: gaji, logicalType: integer, description: Gaji., classification: pribadi_spesifik, customProperties: [{property: aditif, value: true}]}
- {name: pajak, logicalType: integer, description: Pajak., customProperties: [{property: aditif, value: true}]}`
	w.register("uji.daftar", "", own, "- {metric: rowCount, mustBeGreaterThan: 0}")
	w.publish(w.deliver("uji.daftar", `{"unit": "A", "gaji": 5150}`))
	w.register("uji.gaji", "", own, strings.Join([]string{
		custom("turunan", "warning", "{aturan: turunan, kolom: pajak, rumus: gaji * 2}"),
		custom("per_unit", "warning", "{aturan: turunan, kolom: pajak, rumus: gaji * 2, per: [unit]}"),
		custom("sendiri", "warning", "{aturan: jumlah, kolom: pajak, per: [unit], samaDengan: {nilai: gaji}}"),
		custom("lain", "warning", "{aturan: jumlah, kolom: pajak, per: [unit], samaDengan: {dataset: uji.daftar, kolom: gaji, per: [unit]}}"),
	}, "\n"))
	found := w.find(w.deliver("uji.gaji", `{"unit": "A", "gaji": 5150, "pajak": 1}`))
	if diff := cmp.Diff([]string{"turunan warning 1", "per_unit warning 1", "sendiri warning 1", "lain warning 1"}, brief(found)); diff != "" {
		t.Fatalf("findings (-want +got):\n%s", diff)
	}
	if all := fmt.Sprint(found); strings.Contains(all, "5150") || strings.Contains(all, "10300") {
		t.Errorf("a salary is shown: %s", all)
	}
}

// TestRegions: a region is known by its Kemendagri code, and a full delivery is judged with what it
// takes away.
func TestRegions(t *testing.T) {
	w := newWorld(t)
	w.register("uji.wilayah", `
- {property: modePengiriman, value: full}
- {property: gantiBerdasarkan, value: [tanggal]}
- {property: jadwalPemutakhiran, value: bulanan}
- {property: kolomPeriode, value: tanggal}
- {property: petak, value: [{kolom: kabupaten_kota, dalam: "34"}, {kolom: tanggal, nilai: ["2025-01-31"]}]}`, `
- {name: kabupaten_kota, required: true, primaryKey: true, primaryKeyPosition: 1, customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]}
- {name: tanggal, logicalType: date, required: true, primaryKey: true, primaryKeyPosition: 2, description: Tanggal.}`, "- {metric: rowCount, mustBe: 1}")
	row := func(code, day string) string {
		return fmt.Sprintf(`{"kemendagri_kode_kabupaten_kota": %q, "tanggal": %q}`, code, day)
	}
	w.publish(w.deliver("uji.wilayah", row("34.01", "2025-01-31"), row("34.02", "2025-01-31"), row("34.03", "2025-01-31")))
	w.opened = time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC)
	found := w.find(w.deliver("uji.wilayah", row("34.71", "2025-01-31")))
	if diff := cmp.Diff([]string{"kiriman_menyusut warning 1", "petak warning 4"}, brief(found)); diff != "" {
		t.Fatalf("findings (-want +got):\n%s\n%+v", diff, found)
	}
	if want := "kabupaten_kota = 34.01 Kabupaten Kulon Progo; tanggal = 2025-01-31"; found[1].Examples[0] != want || strings.Contains(found[1].Say.ID, "kemendagri") {
		t.Errorf("%+v, want the example %q", found[1], want)
	}
	w.opened = time.Date(2025, 4, 2, 0, 0, 0, 0, time.UTC)
	if found := w.find(w.deliver("uji.wilayah", row("34.71", "2025-01-31"))); len(found) != 3 || found[2].Rule != "mutakhir" {
		t.Errorf("findings %v, want it late when February and the month of its delivery are over", brief(found))
	}
}

// TestEndlessRule: a rule that does not end is stopped and is a finding; the rules after it run.
func TestEndlessRule(t *testing.T) {
	w := newWorld(t)
	w.judge = rules.NewJudge(rules.Options{Lake: w.lake, Datasets: w, Threads: 1, Timeout: 300 * time.Millisecond})
	w.register("uji.kota", "", cities, `
- {type: sql, name: tanpa_akhir, query: "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 7", mustBe: 0}
- {type: sql, name: rakus, query: "SELECT len(list(a.range)) FROM range(100000000000) a", mustBe: 0}
- {type: sql, name: menulis, query: "COPY (SELECT 1) TO '/tmp/x.csv'", mustBe: 0}
- {metric: rowCount, mustBe: 2}`)
	found := w.find(w.deliver("uji.kota", `{"kota": "A", "tahun": 2020}`))
	if diff := cmp.Diff([]string{"tanpa_akhir error 0 failed", "rakus error 0 failed", "menulis error 0 failed", "row_count error 1"}, brief(found)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.judge.Judge(ended, w.deliver("uji.kota", `{"kota": "A", "tahun": 2020}`), w.contracts["uji.kota"]); !errors.Is(err, context.Canceled) {
		t.Errorf("judged while stopping: %v, want that it is tried again", err)
	}
}

// TestEmptyTables: a dataset of which nothing is published, and one that was never landed.
func TestEmptyTables(t *testing.T) {
	w := newWorld(t)
	w.register("uji.kota", "", cities, "- {type: text}")
	w.register("uji.orang", "", people, custom("k", "", "{aturan: kunciTamu, kolom: kota, dataset: uji.kota}")+"\n"+
		custom("s", "", "{aturan: jumlah, kolom: n, samaDengan: {dataset: uji.kota, kolom: jumlah}}")+"\n"+
		custom("j", "error", "{aturan: lonjakan, kolom: n, faktor: 2, periode: tahun}")+"\n"+
		"- {metric: duplicateValues, mustBe: 0, unit: percent, arguments: {properties: [kota]}}")
	if diff := cmp.Diff([]string{"k error 1"}, brief(w.find(w.deliver("uji.orang", person("A", "L", 2020, `, "n": 1`))))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if found := w.find(w.deliver("uji.orang")); len(found) != 0 {
		t.Errorf("findings of a delivery without rows: %+v", found)
	}
	w.contracts["uji.hantu"] = w.contracts["uji.kota"]
	w.register("uji.lain", "", cities, custom("k", "", "{aturan: kunciTamu, kolom: kota, dataset: uji.hantu}"))
	found := w.find(w.deliver("uji.lain", `{"kota": "A", "tahun": 2020}`))
	if len(found) != 1 || !found[0].Failed || !strings.Contains(found[0].Say.ID, "belum punya data") {
		t.Errorf("findings %+v, want that the other has no data", found)
	}
}
