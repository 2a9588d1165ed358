package lake_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/schemas"
	"satudata/transform/lake"
)

// asides are rejected rows that print what the rows of rec hold, in the form in which the landing writes it.
func asides(t *testing.T, rec arrow.RecordBatch) []lake.Reject {
	t.Helper()
	defer rec.Release()
	var out []lake.Reject
	for row := range int(rec.NumRows()) {
		cells := []map[string]string{}
		for i, c := range rec.Columns() {
			if !c.IsNull(row) {
				cells = append(cells, map[string]string{"kolom": rec.ColumnName(i), "nilai": c.ValueStr(row)})
			}
		}
		text, err := json.Marshal(cells)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, lake.Reject{Row: int64(100 + row), SourceRow: int64(row), Status: lake.StatusSetAside, Reasons: string(text)})
	}
	return out
}

// wrong are the totals that are found to differ of a delivery of rows and printed totals.
func wrong(t *testing.T, l *lake.Lake, fields []schemas.Field, sums, by []string, rows, printed [][]any) []lake.PrintedTotal {
	t.Helper()
	d := deliveryID(1)
	rejects(t, l, 0, origin(d, 1), asides(t, record(t, memory.DefaultAllocator, fields, printed...))...)
	land(t, l, 0, origin(d, 1), record(t, memory.DefaultAllocator, fields, rows...))
	return differing(t, l, d, sums, by)
}

func differing(t *testing.T, l *lake.Lake, d uuid.UUID, sums, by []string) []lake.PrintedTotal {
	t.Helper()
	got, err := l.DifferingTotals(t.Context(), dataset, d, sums, by)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestDifferingTotals(t *testing.T) {
	cents := decimal128.FromI64
	huge, err := decimal128.FromString("90000000000000000000000000000000000000", 38, 0)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name          string
		key, value    schemas.Field
		rows, printed [][]any
		want          []lake.PrintedTotal
	}{
		{
			"integers by year", field("tahun", schemas.Integer), field("v", schemas.Integer),
			[][]any{{int64(2023), int64(1)}, {int64(2024), int64(2)}, {int64(2024), int64(3)}},
			[][]any{{int64(2024), int64(5)}, {int64(2023), int64(2)}, {nil, int64(7)}},
			[]lake.PrintedTotal{{SourceRow: 1, Column: "v", Of: "tahun = 2023", Printed: "2", Sum: "1"}, {SourceRow: 2, Column: "v", Printed: "7", Sum: "6"}},
		},
		{
			"a year of which nothing was accepted", field("tahun", schemas.Integer), field("v", schemas.Integer),
			[][]any{{int64(2023), int64(1)}}, [][]any{{int64(2024), int64(5)}}, nil,
		},
		{
			"a word that is no name", field("nama", schemas.String), field("v", schemas.Integer),
			[][]any{{"a", int64(1)}, {"o'b", int64(2)}}, [][]any{{"TOTAL", int64(4)}, {"o'b", int64(3)}, {"x\x00y", int64(3)}},
			[]lake.PrintedTotal{{SourceRow: 0, Column: "v", Printed: "4", Sum: "3"}, {SourceRow: 1, Column: "v", Of: "nama = o'b", Printed: "3", Sum: "2"}},
		},
		{
			"doubles", field("nama", schemas.String), field("v", schemas.Double),
			[][]any{{"a", 0.1}, {"b", 0.2}}, [][]any{{"TOTAL", 0.3}, {"TOTAL", 0.3000001}},
			[]lake.PrintedTotal{{SourceRow: 1, Column: "v", Printed: "0.3000001", Sum: "0.3"}},
		},
		{
			"doubles that cancel out", field("nama", schemas.String), field("v", schemas.Double),
			[][]any{{"a", 1e15}, {"b", 0.3}, {"c", -1e15}}, [][]any{{"TOTAL", 0.3}}, nil,
		},
		{
			"not a number", field("nama", schemas.String), field("v", schemas.Double),
			[][]any{{"a", math.NaN()}, {"b", 0.2}}, [][]any{{"TOTAL", 0.3}}, nil,
		},
		{
			"decimals beyond six places", field("nama", schemas.String), decimal("v", 18, 8),
			[][]any{{"a", cents(1)}, {"b", cents(2)}}, [][]any{{"TOTAL", cents(3)}, {"TOTAL", cents(4)}},
			[]lake.PrintedTotal{{SourceRow: 1, Column: "v", Printed: "4e-08", Sum: "0.00000003"}},
		},
		{
			"a sum beyond all digits", field("nama", schemas.String), decimal("v", 38, 0),
			[][]any{{"a", huge}, {"b", huge}}, [][]any{{"TOTAL", huge}}, nil,
		},
		{
			"text that is called additive", field("nama", schemas.String), field("v", schemas.String),
			[][]any{{"a", "1"}}, [][]any{{"TOTAL", "2"}}, nil,
		},
		{
			"by date", field("tanggal", schemas.Date), field("v", schemas.Integer),
			[][]any{{arrow.Date32(19723), int64(1)}, {arrow.Date32(19724), int64(2)}}, [][]any{{arrow.Date32(19724), int64(3)}},
			[]lake.PrintedTotal{{SourceRow: 0, Column: "v", Of: "tanggal = 2024-01-02", Printed: "3", Sum: "2"}},
		},
		{
			"by time", field("waktu", schemas.Timestamp), field("v", schemas.Integer),
			[][]any{{arrow.Timestamp(1_700_000_000_120_000), int64(1)}, {arrow.Timestamp(0), int64(2)}}, [][]any{{arrow.Timestamp(1_700_000_000_120_000), int64(3)}},
			[]lake.PrintedTotal{{SourceRow: 0, Column: "v", Of: "waktu = 2023-11-14T22:13:20.12Z", Printed: "3", Sum: "1"}},
		},
		{
			"by decimal", decimal("kelas", 9, 2), field("v", schemas.Integer),
			[][]any{{cents(150), int64(1)}, {cents(1), int64(2)}}, [][]any{{cents(150), int64(3)}, {cents(1), int64(3)}},
			[]lake.PrintedTotal{{SourceRow: 0, Column: "v", Of: "kelas = 1.5", Printed: "3", Sum: "1"}, {SourceRow: 1, Column: "v", Of: "kelas = 0.01", Printed: "3", Sum: "2"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := open(t, t.TempDir())
			fields := []schemas.Field{tt.key, tt.value}
			ensure(t, l, fields, 0)
			got := wrong(t, l, fields, []string{"v"}, []string{tt.key.Name}, tt.rows, tt.printed)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("differing totals (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDifferingTotalsRenamed: the delivery has the names of its contract version, the table newer ones.
func TestDifferingTotalsRenamed(t *testing.T) {
	l := open(t, t.TempDir())
	old := []schemas.Field{field("nama", schemas.String), field("luas", schemas.Integer)}
	ensure(t, l, old, 0)
	printed := [][]any{{"TOTAL", int64(4)}, {"b", int64(2)}}
	want := []lake.PrintedTotal{{SourceRow: 0, Column: "luas", Printed: "4", Sum: "3"}}
	sums, by := []string{"luas", "tidak_ada"}, []string{"nama"}
	got := wrong(t, l, old, sums, by, [][]any{{"a", int64(1)}, {"b", int64(2)}}, printed)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	name, area := field("nama_lengkap", schemas.String), field("luas_m2", schemas.Integer)
	name.RenamedFrom, area.RenamedFrom = "nama", "luas"
	ensure(t, l, []schemas.Field{name, area}, 0)
	if diff := cmp.Diff(want, differing(t, l, deliveryID(1), sums, by)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	if got := differing(t, l, deliveryID(1), sums, []string{"nama", "tidak_ada"}); got != nil {
		t.Errorf("told apart by a column that is not there: %+v", got)
	}
}

// TestDifferingTotalsOfPairs: a total may be told by one of two columns, or by both.
func TestDifferingTotalsOfPairs(t *testing.T) {
	l := open(t, t.TempDir())
	fields := []schemas.Field{field("nama", schemas.String), field("tahun", schemas.Integer), field("v", schemas.Integer)}
	ensure(t, l, fields, 0, 1)
	row := func(name any, year any, v int64) []any { return []any{name, year, v} }
	got := wrong(t, l, fields, []string{"v"}, []string{"nama", "tahun"},
		[][]any{row("a", int64(2023), 1), row("a", int64(2024), 2), row("b", int64(2024), 4)},
		[][]any{row("TOTAL", int64(2023), 1), row("TOTAL", int64(2024), 7), row("a", nil, 3), row("a", int64(2024), 3), row("b", int64(2023), 1), row(nil, nil, 7)})
	want := []lake.PrintedTotal{
		{SourceRow: 1, Column: "v", Of: "tahun = 2024", Printed: "7", Sum: "6"},
		{SourceRow: 3, Column: "v", Of: "nama = a, tahun = 2024", Printed: "3", Sum: "2"},
		{SourceRow: 4, Column: "v", Of: "nama = b, tahun = 2023", Printed: "1", Sum: "0"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differing totals (-want +got):\n%s", diff)
	}
}

// TestDifferingTotalsWithoutDeletions: a row that removes its key has no part in a sum, and reasons
// that cannot be read have none in the comparison.
func TestDifferingTotalsWithoutDeletions(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single, 0)
	d := deliveryID(1)
	printed := asides(t, record(t, memory.DefaultAllocator, single, []any{int64(1)}))
	rejects(t, l, 0, origin(d, 1), append(printed, lake.Reject{Status: lake.StatusSetAside, Reasons: "bukan JSON"})...)
	land(t, l, 0, origin(d, 1), record(t, memory.DefaultAllocator, single, []any{int64(1)}))
	gone := origin(d, 2)
	gone.Deleted = true
	land(t, l, 1, gone, record(t, memory.DefaultAllocator, single, []any{int64(2)}))
	if got := differing(t, l, d, []string{"nilai"}, nil); got != nil {
		t.Errorf("differing totals: %+v", got)
	}
}
