package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"satudata/ingest/event"
)

// shrinks is the rule that every delivery of the mode full is judged by.
const shrinks = "kiriman_menyusut"

// shrunk warns of a delivery of the mode full that leaves less than half of the rows of a scope that it
// replaces: a part of a table that was sent as the whole of it looks like that.
func (t *trial) shrunk(ctx context.Context, f *event.Finding) (broken bool, err error) {
	published, err := t.o.Datasets.Publications(ctx, t.d.Dataset)
	if err != nil || len(published) == 0 || t.c.Profile.Delivery.Mode != "full" {
		return false, err
	}
	by := t.c.Profile.Delivery.ReplaceBy
	_, name, _ := strings.Cut(t.d.Dataset, ".")
	before := quote(publishedSchema) + "." + quote(name)
	sql := fmt.Sprintf("SELECT %[1]s b.baris AS baris_sebelumnya, d.baris AS baris FROM (%[2]s) b JOIN (%[3]s) d ON %[4]s WHERE 2 * d.baris < b.baris",
		columnsThen("b.", by), rowsOf(before, by), rowsOf(t.delivery, by), same("b.", by, "d.", by))
	if f.Count, err = t.cases(ctx, &caseQuery{sql: sql, shows: by}, f); err != nil || f.Count == 0 {
		return false, err
	}
	scope, scopeEN := "seluruh tabel", "the whole table"
	if len(by) > 0 {
		scope = t.labels(by)
		scopeEN = scope
	}
	total, err := t.replaced(ctx, before, by)
	if err != nil {
		return false, err
	}
	f.Say = sentence("kiriman penuh (%[1]s) mengganti %[3]s baris dengan %[4]s; bila berkas ini hanya sebagian, kirim ulang yang lengkap",
		"a full delivery (%[2]s) replaces %[3]s rows by %[4]s; if this file is only a part, deliver the whole again", scope, scopeEN, total[0], total[1])
	return true, nil
}

// rowsOf counts the rows of every scope of a table.
func rowsOf(table string, by []string) string {
	sql := fmt.Sprintf("SELECT %s count(*) AS baris FROM %s", columnsThen("", by), table)
	if len(by) > 0 {
		sql += " GROUP BY " + columnList("", by)
	}
	return sql
}

// replaced counts the rows that a full delivery replaces, and its own, as texts.
func (t *trial) replaced(ctx context.Context, before string, by []string) ([]string, error) {
	rows, _, err := t.rows(ctx, fmt.Sprintf("SELECT CAST((SELECT count(*) FROM %s b WHERE %s) AS VARCHAR), CAST((SELECT count(*) FROM %s) AS VARCHAR)",
		before, t.touched("b.", by), t.delivery))
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, 2)
	for _, n := range slices.Concat(rows...) {
		out = append(out, *n)
	}
	return out, nil
}
