package query_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"satudata/catalog/query"
)

func TestSumOfAnIndex(t *testing.T) {
	e, err := query.Open(t.Context(), query.Options{Views: []query.View{
		{Schema: "ipm", Name: "kota", SQL: "SELECT * FROM (VALUES ('A', 70.0, 10), ('B', 72.0, 30)) t(kota, indeks, penduduk)",
			NotAdditive: func(context.Context) ([]string, error) { return []string{"indeks"}, nil }},
		{Schema: "ipm", Name: "wilayah", SQL: "SELECT * FROM (VALUES ('A', 1), ('B', 2)) t(kota, indeks)"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for sql, refused := range map[string]bool{
		"SELECT sum(indeks) FROM ipm.kota":                                                                 true,
		"SELECT SUM(k.Indeks) FROM IPM.Kota k JOIN ipm.wilayah w USING (kota)":                             true,
		"SELECT sum(CAST(indeks AS DOUBLE)) FROM ipm.kota":                                                 true,
		"SELECT sum(indeks) FILTER (penduduk > 10) FROM ipm.kota":                                          true,
		"SELECT sum(indeks) OVER (ORDER BY kota) FROM ipm.kota":                                            true,
		"SELECT sum(i) FROM (SELECT indeks AS i FROM ipm.kota) t":                                          true,
		"WITH t AS (SELECT * FROM ipm.kota) SELECT sum(indeks) FROM t":                                     true,
		"SELECT sum(x) FROM (SELECT indeks AS x FROM ipm.kota UNION ALL SELECT 1)":                         true,
		"SELECT kota FROM ipm.kota GROUP BY kota HAVING sum(indeks) > 1":                                   true,
		"SELECT kota FROM ipm.kota GROUP BY kota ORDER BY fsum(indeks)":                                    true,
		"SELECT (SELECT sum(indeks) FROM ipm.kota)":                                                        true,
		"PIVOT ipm.kota ON kota IN ('A', 'B') USING sum(indeks)":                                           true,
		"SELECT sum(w.indeks) FROM ipm.kota k JOIN ipm.wilayah w USING (kota)":                             false,
		"SELECT sum(indeks) FROM ipm.wilayah":                                                              false,
		"SELECT sum(indeks * penduduk) / sum(penduduk) FROM ipm.kota":                                      false,
		"SELECT avg(indeks), sum(penduduk) FROM ipm.kota":                                                  false,
		"SELECT sum(indeks) FROM (SELECT indeks * penduduk AS indeks FROM ipm.kota)":                       false,
		"WITH kota AS (SELECT 1 AS indeks) SELECT sum(indeks) FROM kota":                                   false,
		"PIVOT ipm.kota ON kota IN ('A', 'B') USING avg(indeks)":                                           false,
		"SELECT sum(n) FROM (SELECT count(*) AS n, max(indeks) AS indeks FROM ipm.kota GROUP BY kota) t":   false,
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r": false,
	} {
		res, err := e.Query(t.Context(), sql)
		if err == nil {
			for res.Next() {
			}
			err = res.Err()
			res.Close()
		}
		var known *query.Error
		switch {
		case refused && (!errors.Is(err, query.ErrRefused) || !errors.As(err, &known) || !strings.Contains(known.Say.ID, "rata-rata berbobot")):
			t.Errorf("%s: %v, want a refusal that says what to use", sql, err)
		case !refused && err != nil:
			t.Errorf("%s: %v", sql, err)
		}
	}
}
