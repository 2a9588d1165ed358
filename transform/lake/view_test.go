package lake_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
	"satudata/transform/lake"
)

// TestViewFilters compares queries over files of several schema versions, with conditions that
// DuckDB pushes into the files, with the same conditions over a copy in memory.
func TestViewFilters(t *testing.T) {
	// A folder that looks like a Hive partition must not become a column.
	l := open(t, filepath.Join(t.TempDir(), "tahun=2024 data"))
	v1 := []schemas.Field{field("kode", schemas.String), field("nilai", schemas.Integer), decimal("rugi", 30, 2)}
	v2 := append(v1[:2:2], decimal("rugi", 30, 2), field("tahun", schemas.Integer))
	v2[1].Name, v2[1].RenamedFrom = "jumlah", "nilai"
	ensure(t, l, v1, 0)
	for i := range int64(4) {
		land(t, l, i, origin(deliveryID(int(i)), int(i)+1), record(t, memory.DefaultAllocator, v1,
			[]any{fmt.Sprint("k", i), i - 2, decimal128.FromI64(100 * (i - 2))}, []any{fmt.Sprint("x", i), nil, nil}))
	}
	ensure(t, l, v2, 0)
	land(t, l, 4, origin(deliveryID(4), 5), record(t, memory.DefaultAllocator, v2, []any{"k9", int64(9), decimal128.FromI64(-999), int64(2024)}))

	conditions := []string{
		"true", "kode = 'k1'", "kode IN ('k1', 'x3', 'k9')", "kode LIKE 'x%'", "jumlah < 0", "jumlah IS NULL", "rugi < 0", "rugi = -9.99",
		"tahun = 2024", "tahun IS NULL", "tahun IS NULL AND jumlah > 0", "_baris = 1", "_peristiwa > '" + eventID(3).String() + "'",
		"_pengiriman = '" + deliveryID(2).String() + "'", "_dicatat > TIMESTAMPTZ '2020-01-01'", "NOT _hapus",
	}
	for _, c := range conditions {
		direct := view(t, l, "kejadian_banjir_riwayat", nil, lake.AsOf{}, "SELECT kode, jumlah, rugi::VARCHAR, tahun FROM %s WHERE "+c+" ORDER BY ALL")
		copied := view(t, l, "kejadian_banjir_riwayat", nil, lake.AsOf{}, "WITH h AS MATERIALIZED (SELECT *, random() r FROM %s) SELECT kode, jumlah, rugi::VARCHAR, tahun FROM h WHERE r >= 0 AND ("+c+") ORDER BY ALL")
		if len(direct) == 0 {
			t.Errorf("nothing where %s", c)
		}
		if diff := cmp.Diff(copied, direct); diff != "" {
			t.Errorf("where %s (-copy +direct):\n%s", c, diff)
		}
	}
	columns := view(t, l, "kejadian_banjir", nil, lake.AsOf{}, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM %s)")
	want := [][]string{{"kode", "VARCHAR"}, {"jumlah", "BIGINT"}, {"rugi", "DECIMAL(30,2)"}, {"tahun", "BIGINT"}}
	if diff := cmp.Diff(want, columns); diff != "" {
		t.Errorf("columns of the empty view (-want +got):\n%s", diff)
	}
}
