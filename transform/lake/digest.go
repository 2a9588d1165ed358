package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/google/uuid"

	"satudata/schemas"
)

// Digest sums up what a table holds: how many rows, and a multiset hash over all columns of every row.
// It is the same whatever files, snapshots, batches and order the rows come in, and whether the
// current state is folded or not; any value that differs anywhere changes it. It is made for
// comparing tables and for keeping: it depends on no library's hash and on no text form of a
// floating-point number.
type Digest struct {
	Dataset string `json:"dataset"`
	Kind    string `json:"tabel"` // "history", "rejected", "current"
	Rows    int64  `json:"baris"`
	Sum     string `json:"sidik"` // SHA-256 of columns, rows and the sum of the rows' MD5
}

// Kinds are the tables of a dataset, in the order in which Digests returns them.
var Kinds = [...]Kind{History, Rejected, Current}

// Digests computes the digests of the tables of a dataset as they are now.
func (l *Lake) Digests(ctx context.Context, dataset string, published []Publication) ([]Digest, error) {
	var out []Digest
	for _, k := range Kinds {
		r, err := l.content(ctx, dataset, k, published)
		if err != nil {
			return nil, fmt.Errorf("digest %s table of %s: %w", k, dataset, err)
		}
		d, err := l.digest(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("digest %s table of %s: %w", k, dataset, err)
		}
		d.Dataset, d.Kind = dataset, k.String()
		out = append(out, d)
	}
	return out, nil
}

// content is all that a table holds: every column of every row.
type content struct {
	columns []iceberg.NestedField
	query   string
}

// content of the current table is the state that queries see, with the columns that say where each
// row comes from.
func (l *Lake) content(ctx context.Context, dataset string, k Kind, published []Publication) (content, error) {
	if k != Current {
		t, err := l.load(ctx, dataset, k)
		if err != nil {
			return content{}, err
		}
		s, err := l.source(t, t.CurrentSnapshot())
		return content{s.schema.Fields(), s.sql()}, err
	}
	s, err := l.state(ctx, dataset, published, AsOf{})
	if err != nil {
		return content{}, err
	}
	var c content
	for _, name := range s.stored() {
		f, _ := s.history.schema.FindFieldByName(name)
		c.columns = append(c.columns, f)
	}
	c.query, err = s.sql(s.stored())
	return c, err
}

// digest adds up the rows. Both halves of the hashes are added as numbers of 128 bits, so that
// nothing overflows and a row that is there twice counts twice.
func (l *Lake) digest(ctx context.Context, c content) (Digest, error) {
	var d Digest
	e, err := l.engine()
	if err != nil {
		return d, err
	}
	var high, low string
	err = e.db.QueryRowContext(ctx, fmt.Sprintf(`SELECT count(*),
		CAST(coalesce(sum(CAST(h >> 64 AS UBIGINT)), 0) AS VARCHAR), CAST(coalesce(sum(CAST(h & 18446744073709551615 AS UBIGINT)), 0) AS VARCHAR)
		FROM (SELECT %s AS h FROM (%s))`, c.hash(), c.query)).Scan(&d.Rows, &high, &low)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%s\n%s", c.header(), d.Rows, high, low))
	d.Sum = hex.EncodeToString(sum[:])
	return d, err
}

// header names the columns and their types.
func (c content) header() string {
	names := make([]string, len(c.columns))
	for i, f := range c.columns {
		names[i] = fmt.Sprintf("%q %s", f.Name, f.Type)
	}
	return strings.Join(names, ", ")
}

// hash is the MD5 of a row as a number of 128 bits. The values stand one after the other so that no two
// different rows look alike: texts after their length, and what is absent empty.
func (c content) hash() string {
	var b strings.Builder
	b.WriteString("CAST(md5_number(concat(")
	for i, f := range c.columns {
		name := quote(f.Name)
		b.WriteString(comma(i))
		switch t, _ := typeOf(f.Type); t.Kind {
		case schemas.String:
			fmt.Fprintf(&b, "strlen(%s), ':', %s", name, name)
		case schemas.Double: // its bits
			fmt.Fprintf(&b, "CAST(CAST(%s AS BIT) AS VARCHAR)", name)
		case schemas.Timestamp:
			fmt.Fprintf(&b, "epoch_us(%s)", name)
		default:
			b.WriteString(name)
		}
		b.WriteString(", ';'")
	}
	return b.String() + ")) AS UHUGEINT)"
}

// Difference says how two tables differ: how many rows only one of them has, and which, for example.
type Difference struct {
	Columns       bool // they have other columns, so no row can be the same
	First, Second int64
	Examples      []Stray
}

// Stray is a row that only one of two tables has. Its values are not shown: they may be of a person.
type Stray struct {
	InFirst   bool      `json:"di_yang_pertama"`
	Delivery  uuid.UUID `json:"pengiriman"`
	Event     uuid.UUID `json:"peristiwa"`
	Row       int64     `json:"baris"`
	SourceRow int64     `json:"baris_sumber"`
}

// strays is how many examples Differ returns.
const strays = 5

// Differ compares a table of two lakes row by row.
func (l *Lake) Differ(ctx context.Context, other *Lake, dataset string, k Kind, published, others []Publication) (Difference, error) {
	a, err := l.content(ctx, dataset, k, published)
	if err != nil {
		return Difference{}, err
	}
	b, err := other.content(ctx, dataset, k, others)
	if err != nil {
		return Difference{}, err
	}
	if a.header() != b.header() {
		return Difference{Columns: true}, nil
	}
	d, err := l.differ(ctx, a, b)
	if err != nil {
		return d, fmt.Errorf("compare %s table of %s: %w", k, dataset, err)
	}
	return d, nil
}

func (l *Lake) differ(ctx context.Context, a, b content) (Difference, error) {
	var d Difference
	e, err := l.engine()
	if err != nil {
		return d, err
	}
	where := list("", []string{colDelivery, colEvent, colRow, colSourceRow})
	with := fmt.Sprintf(`WITH one AS (SELECT %[1]s AS h, %[2]s FROM (%[3]s)), two AS (SELECT %[1]s AS h, %[2]s FROM (%[4]s)),
		differing AS (SELECT h, sum(x) AS n FROM (SELECT h, 1 AS x FROM one UNION ALL SELECT h, -1 FROM two) GROUP BY h HAVING sum(x) <> 0) `,
		a.hash(), where, a.query, b.query)
	err = e.db.QueryRowContext(ctx, with+"SELECT CAST(coalesce(sum(n) FILTER (n > 0), 0) AS BIGINT), CAST(-coalesce(sum(n) FILTER (n < 0), 0) AS BIGINT) FROM differing").
		Scan(&d.First, &d.Second)
	if err != nil {
		return d, err
	}
	rows, err := e.db.QueryContext(ctx, with+fmt.Sprintf(`SELECT n > 0, %[1]s FROM (
		SELECT n, one.* FROM one JOIN differing USING (h) WHERE n > 0 UNION ALL SELECT n, two.* FROM two JOIN differing USING (h) WHERE n < 0)
		ORDER BY 2, 3, 4, 1 LIMIT %[2]d`, where, strays))
	if err != nil {
		return d, err
	}
	defer rows.Close()
	for rows.Next() {
		var s Stray
		if err := rows.Scan(&s.InFirst, &s.Delivery, &s.Event, &s.Row, &s.SourceRow); err != nil {
			return d, err
		}
		d.Examples = append(d.Examples, s)
	}
	return d, rows.Err()
}
