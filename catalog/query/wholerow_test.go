package query_test

import (
	"errors"
	"strings"
	"testing"

	"satudata/catalog/query"
)

// A dataset and its column often have one name; where the column is gone, the row must not stand in for it.
func TestTableIsNoColumn(t *testing.T) {
	e, err := query.Open(t.Context(), query.Options{Views: []query.View{
		{Schema: "bencana", Name: "banjir", SQL: "SELECT 2024 AS tahun, 7 AS jumlah"},
		{Schema: "bencana", Name: "longsor", SQL: "SELECT 2024 AS tahun, 3 AS Longsor"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for sql, refused := range map[string]bool{
		"SELECT tahun, banjir FROM bencana.banjir":                                               true,
		"SELECT tahun, BANJIR FROM bencana.banjir":                                               true,
		"SELECT count(b) FROM bencana.banjir b":                                                  true,
		"SELECT tahun FROM bencana.banjir ORDER BY banjir":                                       true,
		"SELECT * FROM (SELECT banjir FROM bencana.banjir) t":                                    true,
		"SELECT longsor FROM bencana.longsor":                                                    false,
		"SELECT banjir.jumlah FROM bencana.banjir":                                               false,
		"SELECT jumlah AS banjir FROM bencana.banjir ORDER BY banjir":                            false,
		"WITH banjir AS (SELECT jumlah AS banjir FROM bencana.banjir) SELECT banjir FROM banjir": false,
		"SELECT t.banjir FROM (SELECT jumlah FROM bencana.banjir) t(banjir)":                     false,
		"WITH banjir(banjir) AS (SELECT jumlah FROM bencana.banjir) SELECT banjir FROM banjir":   false,
	} {
		r, err := e.Query(t.Context(), sql)
		if err == nil {
			r.Close()
		}
		if refused != errors.Is(err, query.ErrInvalid) || !refused && err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		var told *query.Error
		if refused && errors.As(err, &told) && (!strings.Contains(told.Say.ID, "bukan kolom") || !strings.Contains(told.Say.EN, "not a column")) {
			t.Errorf("%s: %+v", sql, told.Say)
		}
	}
}
