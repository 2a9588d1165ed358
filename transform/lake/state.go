package lake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// state is how to compute the current state of a dataset at one moment.
type state struct {
	contract  []string // columns
	key       []string // among them, none when rows are identified by delivery and row
	history   source
	base      source        // the current table: the state of the first folded publications
	published []Publication // in order of publication
	folded    int           // how many of published base holds; 0: compute from history
	ordered   bool          // every event of the others is later than every event in base
	frozen    bool          // base is the answer, whatever was published
	recompute bool          // from the rows alone, whatever bounds tell

	keyIDs      string // key as field ids
	at          time.Time
	current     *table.Table
	historySnap *table.Snapshot
	fold        fold // of base
}

// fold says what the state in a snapshot of the current table was computed from.
type fold struct {
	count   int    // publications, in their order
	digest  string // of those publications and the key
	last    string // largest event id among their rows
	removal string // largest event id that removed rows of others: of a delete row, or a full delivery's first
}

// Summary properties of a snapshot of the current table.
const (
	propFoldSnapshot = "satudata.folded-snapshot" // of the history
	propFoldCount    = "satudata.folded-count"
	propFoldDigest   = "satudata.folded-digest"
	propFoldLast     = "satudata.folded-last"
	propFoldRemoval  = "satudata.folded-removal"
)

func (f fold) properties(history *table.Snapshot) iceberg.Properties {
	p := iceberg.Properties{
		propFoldCount:   strconv.Itoa(f.count),
		propFoldDigest:  f.digest,
		propFoldLast:    f.last,
		propFoldRemoval: f.removal,
	}
	if history != nil {
		p[propFoldSnapshot] = strconv.FormatInt(history.SnapshotID, 10)
	}
	return p
}

// carried are the properties of a snapshot that one with the same rows, made by an act of upkeep, has too.
func carried(s *table.Snapshot, upkeep string) iceberg.Properties {
	p := iceberg.Properties{propUpkeep: upkeep}
	if s.Summary == nil {
		return p
	}
	for _, name := range []string{propFoldSnapshot, propFoldCount, propFoldDigest, propFoldLast, propFoldRemoval} {
		if v, ok := s.Summary.Properties[name]; ok {
			p[name] = v
		}
	}
	return p
}

func foldOf(s *table.Snapshot) fold {
	if s == nil || s.Summary == nil {
		return fold{}
	}
	p := s.Summary.Properties
	n, _ := strconv.Atoi(p[propFoldCount])
	return fold{count: n, digest: p[propFoldDigest], last: p[propFoldLast], removal: p[propFoldRemoval]}
}

// digest names a list of publications under a key.
func digest(keyIDs string, published []Publication) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", keyIDs)
	for _, p := range published {
		fmt.Fprintf(h, "%s %s %t %q\n", p.Delivery, p.FirstID, p.Full, p.ReplaceBy)
		for _, u := range p.Upcasts {
			fmt.Fprintf(h, "upcast %s\n", u.Version)
			for _, c := range u.Columns {
				fmt.Fprintf(h, "%q\n", stepSQL(c))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// state plans the current state of a dataset at a moment.
func (l *Lake) state(ctx context.Context, dataset string, published []Publication, asOf AsOf) (*state, error) {
	history, err := l.load(ctx, dataset, History)
	if err != nil {
		return nil, err
	}
	current, err := l.load(ctx, dataset, Current)
	if err != nil {
		return nil, err
	}
	s := &state{at: asOf.Time, current: current, keyIDs: history.Properties()[propKey]}
	var currentSnap *table.Snapshot
	if asOf.Snapshot != 0 {
		snap := history.SnapshotByID(asOf.Snapshot)
		if snap == nil {
			snap = current.SnapshotByID(asOf.Snapshot)
			currentSnap, s.frozen = snap, true
		}
		if snap == nil {
			return nil, expired(history, time.Local)
		}
		s.at = time.UnixMilli(snap.TimestampMs)
	}
	if s.historySnap, err = snapshotAt(history, s.at); err != nil {
		return nil, err
	}
	if !s.frozen {
		// A missing old base is no fault: the history alone tells the state.
		currentSnap, _ = snapshotAt(current, s.at)
	}
	if s.history, err = l.source(history, s.historySnap); err != nil {
		return nil, err
	}
	if s.base, err = l.source(current, currentSnap); err != nil {
		return nil, err
	}
	if s.key, err = keyOf(history); err != nil {
		return nil, err
	}
	for _, f := range contractFields(history.Schema()) {
		s.contract = append(s.contract, f.Name)
	}
	published = renamed(history, published)
	s.fold = foldOf(currentSnap)
	s.plan(published)
	return s, nil
}

// plan decides whether base can be used: when it holds the state of publications that are still
// the first ones, and no row published since is older than something that removed rows of base.
// Removed rows leave no trace in base, so such a row could not be told from one that survives.
func (s *state) plan(published []Publication) {
	for _, p := range published {
		if s.at.IsZero() || !p.At.After(s.at) {
			s.published = append(s.published, p)
		}
	}
	slices.SortStableFunc(s.published, func(a, b Publication) int {
		return cmp.Or(a.At.Compare(b.At), slices.Compare(a.Delivery[:], b.Delivery[:]))
	})
	f := s.fold
	if f.count == 0 || f.count > len(s.published) || f.digest != digest(s.keyIDs, s.published[:f.count]) || !s.sameColumns() {
		return
	}
	s.ordered = true
	for _, p := range s.published[f.count:] {
		first := p.FirstID.String()
		if first <= f.removal {
			return
		}
		s.ordered = s.ordered && first > f.last
	}
	s.folded = f.count
}

// renamed gives the columns that publications name, and those of upcasts, the names that they have now.
func renamed(t *table.Table, published []Publication) []Publication {
	known := map[string]string{} // there are few columns and many publications
	now := func(names []string) []string {
		names = slices.Clone(names)
		for i, name := range names {
			if _, ok := known[name]; !ok {
				known[name] = name
				if id, ok := fieldID(t, name); ok {
					known[name], _ = t.Schema().FindColumnName(id)
				}
			}
			names[i] = known[name]
		}
		return names
	}
	out := slices.Clone(published)
	for i, p := range out {
		out[i].ReplaceBy, out[i].Key, out[i].Upcasts = now(p.ReplaceBy), now(p.Key), resolved(t, p.Upcasts)
	}
	return out
}

// sameColumns says whether both tables follow the same contract; between the two commits of an
// evolution they do not.
func (s *state) sameColumns() bool {
	return slices.EqualFunc(contractFields(s.history.schema), contractFields(s.base.schema),
		func(a, b iceberg.NestedField) bool { return a.Name == b.Name && a.Type.Equals(b.Type) })
}

// rest are the publications that base does not hold.
func (s *state) rest() []Publication { return s.published[s.folded:] }

// sql selects columns of the state.
func (s *state) sql(columns []string) (string, error) {
	if s.frozen || s.folded > 0 && len(s.rest()) == 0 {
		return s.base.sql(columns...), nil
	}
	if files, ok := s.plain(); ok {
		return source{schema: s.history.schema, files: files}.sql(columns...), nil
	}
	scopes, err := s.scopes()
	if err != nil {
		return "", err
	}
	with := []string{"r AS (" + s.restSQL() + ")"}
	if len(s.key) == 0 {
		with = append(with, "rw AS (SELECT * FROM r)")
	} else {
		with = append(with, fmt.Sprintf(`rw AS (SELECT * FROM r QUALIFY row_number() OVER (PARTITION BY %s ORDER BY %s DESC, %s DESC) = 1)`,
			list("", s.key), quote(colEvent), quote(colRow)))
	}
	if s.folded == 0 {
		with = append(with, "w AS (SELECT * FROM rw)")
	} else {
		with = append(with, "b AS ("+s.base.sql(s.stored()...)+")", "w AS ("+s.mergeSQL()+")")
	}
	with = append(with, scopes.tables...)
	where := append([]string{"NOT w." + quote(colDeleted)}, scopes.stays...)
	return fmt.Sprintf("WITH %s SELECT %s FROM w%s WHERE %s",
		strings.Join(with, ", "), list("w.", columns), scopes.joins, strings.Join(where, " AND ")), nil
}

// versionsSQL selects the rows among which those of the state are: of each key the latest row counts,
// unless it is gone. Nothing in it holds more than a part of the rows at once, however many there are:
// the latest row is found when they have been sorted.
func (s *state) versionsSQL() (string, error) {
	scopes, err := s.scopes()
	if err != nil {
		return "", err
	}
	with := []string{"r AS NOT MATERIALIZED (" + s.restSQL() + ")"}
	w := "SELECT * FROM r"
	if s.folded > 0 {
		columns := s.stored()
		w = "SELECT " + list("", columns) + ", false AS " + quote(colDeleted) + " FROM (" + s.base.sql(columns...) + ") UNION ALL " + w
	}
	with = append(with, scopes.tables...)
	gone := []string{"w." + quote(colDeleted)}
	for _, stays := range scopes.stays {
		gone = append(gone, "NOT ("+stays+")")
	}
	return fmt.Sprintf("WITH %s SELECT %s, %s AS %s FROM (%s) w%s", strings.Join(with, ", "), list("w.", s.stored()),
		strings.Join(gone, " OR "), quote(colGone), w, scopes.joins), nil
}

// colGone is true for a row that is not in the state, though it may be the latest of its key.
const colGone = "_gone"

// stored are the columns of the current table.
func (s *state) stored() []string {
	columns := slices.Clone(s.contract)
	for _, c := range systemColumns(Current) {
		columns = append(columns, c.name)
	}
	return columns
}

// restSQL selects the history's rows of the publications that base does not hold, with the values that
// later contract versions give them.
func (s *state) restSQL() string {
	columns := append(s.stored(), colDeleted)
	rest := s.rest()
	from := s.history.only(rest)
	if len(rest) == 0 {
		from.files = nil
	}
	q := from.sql(columns...)
	if len(from.files) == 0 {
		return q
	}
	ids := make([]string, len(rest))
	for i, p := range rest {
		ids[i] = literal(p.Delivery.String())
	}
	return upcastSQL(q+" WHERE "+quote(colDelivery)+" IN ("+strings.Join(ids, ", ")+")", columns, rest)
}

// mergeSQL selects, of base (b) and the latest rows of the rest (rw), the latest row of each key.
func (s *state) mergeSQL() string {
	columns := s.stored()
	b := "SELECT " + list("b.", columns) + ", false AS " + quote(colDeleted) + " FROM b"
	r := "SELECT " + list("rw.", columns) + ", rw." + quote(colDeleted) + " FROM rw"
	if len(s.key) > 0 {
		same := s.same("rw", "b", s.key)
		if s.ordered {
			b += " WHERE NOT EXISTS (SELECT 1 FROM rw WHERE " + same + ")"
		} else {
			b += " WHERE NOT EXISTS (SELECT 1 FROM rw WHERE " + same + " AND " + later("rw", "b") + ")"
			r += " WHERE NOT EXISTS (SELECT 1 FROM b WHERE " + same + " AND " + later("b", "rw") + ")"
		}
	}
	return b + " UNION ALL " + r
}

// same says that the rows a and b have the same values in columns.
func (s *state) same(a, b string, columns []string) string {
	conditions := make([]string, len(columns))
	for i, c := range columns {
		conditions[i] = fmt.Sprintf("%s.%s IS NOT DISTINCT FROM %s.%s", a, quote(c), b, quote(c))
	}
	return strings.Join(conditions, " AND ")
}

// later says that row a comes after row b.
func later(a, b string) string {
	e, n := quote(colEvent), quote(colRow)
	return fmt.Sprintf("(%s.%s > %s.%s OR %s.%s = %s.%s AND %s.%s > %s.%s)", a, e, b, e, a, e, b, e, a, n, b, n)
}

// scopes are what the full deliveries of the rest take away.
type scopes struct {
	tables []string // for WITH, made from r
	joins  string   // of w with them
	stays  []string // conditions under which a row of w stays
}

// scopes makes tables of the scopes of full deliveries. A scope removes what is older than the first
// event of the delivery that names it, so never the delivery's own rows. A row that deletes names no
// scope: it has nothing but its key.
func (s *state) scopes() (out scopes, err error) {
	var order []string
	by := map[string][]Publication{}
	for _, p := range s.rest() {
		if !p.Full {
			continue
		}
		for _, c := range p.ReplaceBy {
			if !slices.Contains(s.contract, c) {
				return out, fmt.Errorf("delivery %s replaces by %q, which is not a column", p.Delivery, c)
			}
		}
		columns := strings.Join(p.ReplaceBy, "\x00")
		if by[columns] == nil {
			order = append(order, columns)
		}
		by[columns] = append(by[columns], p)
	}
	for i, columns := range order {
		ps := by[columns]
		if columns == "" {
			last := slices.MaxFunc(ps, func(a, b Publication) int { return slices.Compare(a.FirstID[:], b.FirstID[:]) })
			out.stays = append(out.stays, fmt.Sprintf("w.%s >= %s", quote(colEvent), literal(last.FirstID.String())))
			continue
		}
		out.add(fmt.Sprintf("f%d", i), s, ps)
	}
	return out, nil
}

// add adds the scopes of deliveries that replace by the same columns.
func (o *scopes) add(name string, s *state, full []Publication) {
	firsts := make([]string, len(full))
	for k, p := range full {
		firsts[k] = "(" + literal(p.Delivery.String()) + ", " + literal(p.FirstID.String()) + ")"
	}
	columns := full[0].ReplaceBy
	o.tables = append(o.tables, fmt.Sprintf("%s AS (SELECT %s, max(d._first) AS _first FROM r JOIN (VALUES %s) d(_delivery, _first) ON r.%s = d._delivery WHERE NOT r.%s GROUP BY ALL)",
		name, list("r.", columns), strings.Join(firsts, ", "), quote(colDelivery), quote(colDeleted)))
	o.joins += fmt.Sprintf(" LEFT JOIN %s ON %s", name, s.same(name, "w", columns))
	o.stays = append(o.stays, fmt.Sprintf("(%[1]s._first IS NULL OR w.%[2]s >= %[1]s._first)", name, quote(colEvent)))
}
