package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// FoldResult says what a fold did.
type FoldResult struct {
	Folded     bool  // a new current table was committed
	Rest       int64 // rows that were not folded before, or more than that when they are too few to fold
	Rows       int64 // rows of the current table now
	Bytes      int64 // written
	Referenced int   // files of the history that became files of the current table as they are
}

// foldPart is how many rows of a fold are fetched at once. A result is held in memory whole.
const foldPart = 32 << 10

// Fold brings the current table to the state that published tells, when the rows that it does not
// hold yet outgrow Options.FoldShare of it, or when force is set. Files of the history that are part
// of the state as they are become files of the current table, as soon as there are some; else files are written first, and
// committed at once, replacing all files of the table. A fold that dies leaves nothing but files
// that the next one overwrites. Of two folds at once one wins, and the other returns ErrMoved.
func (l *Lake) Fold(ctx context.Context, dataset string, published []Publication, force bool) (FoldResult, error) {
	r, err := l.fold(ctx, dataset, published, force)
	if err != nil {
		return r, fmt.Errorf("fold %s: %w", dataset, err)
	}
	if r.Folded {
		l.log.Info("current state folded", "dataset", dataset, "rows", r.Rows, "rest", r.Rest, "bytes", r.Bytes, "referenced", r.Referenced)
	}
	return r, nil
}

func (l *Lake) fold(ctx context.Context, dataset string, published []Publication, force bool) (r FoldResult, err error) {
	s, err := l.state(ctx, dataset, published, AsOf{})
	if err != nil {
		return r, err
	}
	r.Rows = s.base.rows()
	if len(s.rest()) == 0 && (s.folded > 0 || r.Rows == 0) {
		return r, nil
	}
	stale := s.folded == 0 && r.Rows > 0 // base answers no query any more
	cheap := s.refers()
	enough := func(rest int64) bool {
		return force || stale || cheap || float64(rest) > l.opts.FoldShare*float64(r.Rows)
	}
	if r.Rest = s.history.only(s.rest()).rows(); !enough(r.Rest) { // of files that may hold others, too
		return r, nil
	}
	f := &folding{lake: l, dataset: dataset, state: s}
	defer f.close()
	all, pure := s.wholes()
	var next fold
	if pure {
		next, r.Rest = s.after(all)
	} else if next, err = f.measure(ctx, &r.Rest); err != nil {
		return r, fmt.Errorf("measure: %w", err)
	}
	if !enough(r.Rest) {
		return r, nil
	}
	change, err := f.change(ctx, all, pure, next, &r)
	if err != nil || len(change.remove)+len(change.add) == 0 {
		return r, err // without change everything was removed again
	}
	if l.beforeFold != nil {
		l.beforeFold()
	}
	if err := l.commitFold(ctx, s, change, next); err != nil {
		return r, err
	}
	r.Folded = true
	r.Rows += source{files: change.add}.rows() - source{files: change.remove}.rows()
	return r, nil
}

// change makes the files of the state: it refers to those of the history where they are it, or
// writes them.
func (f *folding) change(ctx context.Context, all []whole, pure bool, next fold, r *FoldResult) (replacement, error) {
	if pure {
		change, ok, err := f.reference(ctx, all, next, r)
		if err != nil {
			return change, err
		}
		if ok {
			return change, f.lake.holds(ctx, f.dataset, f.state.historySnap)
		}
	}
	written, err := f.write(ctx, next)
	for _, w := range written {
		r.Bytes += w.Bytes
	}
	return replacement{remove: f.state.base.files, add: icebergFiles(written)}, err
}

// holds is ErrMoved when a snapshot of the history was expired meanwhile: its files will not stay.
func (l *Lake) holds(ctx context.Context, dataset string, snap *table.Snapshot) error {
	t, err := l.load(ctx, dataset, History)
	if err == nil && snap != nil && t.SnapshotByID(snap.SnapshotID) == nil {
		err = fmt.Errorf("%w: snapshot %d of the history was expired", ErrMoved, snap.SnapshotID)
	}
	return err
}

// folding is a fold under way.
type folding struct {
	lake    *Lake
	dataset string
	state   *state
	duck    *sql.Conn // nil until it is needed
}

// conn is a connection to DuckDB.
func (f *folding) conn(ctx context.Context) (*sql.Conn, error) {
	if f.duck == nil {
		e, err := f.lake.engine()
		if err != nil {
			return nil, err
		}
		if f.duck, err = e.db.Conn(ctx); err != nil {
			return nil, err
		}
	}
	return f.duck, nil
}

func (f *folding) close() {
	if f.duck != nil {
		_ = f.duck.Close() // it goes back to the pool
	}
}

// measure counts the rest and says what the state after the fold will have been computed from.
func (f *folding) measure(ctx context.Context, rest *int64) (fold, error) {
	conn, err := f.conn(ctx)
	if err != nil {
		return fold{}, err
	}
	var last, deleted sql.NullString
	err = conn.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*), max(%s), max(%s) FILTER (%s) FROM (%s)",
		quote(colEvent), quote(colEvent), quote(colDeleted), f.state.restSQL())).Scan(rest, &last, &deleted)
	return f.state.next(last.String, deleted.String), err
}

// next is what the state will have been computed from when the rest is in it, of which last is the
// largest event and deleted the largest one of a row that deletes.
func (s *state) next(last, deleted string) fold {
	next := fold{count: len(s.published), digest: digest(s.keyIDs, s.published), last: last, removal: deleted}
	if len(s.key) == 0 {
		next.removal = "" // without a key a delete row has nothing to remove
	}
	for _, p := range s.rest() {
		if p.Full {
			next.removal = max(next.removal, p.FirstID.String())
		}
	}
	if s.folded > 0 {
		next.last, next.removal = max(next.last, s.fold.last), max(next.removal, s.fold.removal)
	}
	return next
}

// write writes the state to files, sorted by key: the rows that it may hold are sorted, and of those of
// a key, which then stand together, the last one is written. To find it by a window or a join would
// take memory that grows with the rows.
func (f *folding) write(ctx context.Context, next fold) ([]DataFile, error) {
	query, err := f.state.versionsSQL()
	if err != nil {
		return nil, err
	}
	from := []source{f.state.history.only(f.state.rest())}
	if f.state.folded > 0 {
		from = append(from, f.state.base)
	}
	return f.writeRows(ctx, sorting{query: query, from: from, latest: true}, "fold", next)
}

// writeRows writes rows to files of the current table, sorted by key.
func (f *folding) writeRows(ctx context.Context, rows sorting, name string, next fold) ([]DataFile, error) {
	s := f.state
	conn, err := f.conn(ctx)
	if err != nil {
		return nil, err
	}
	base := ""
	if snap := s.current.CurrentSnapshot(); snap != nil {
		base = strconv.FormatInt(snap.SnapshotID, 10)
	}
	w, err := f.lake.NewWriter(ctx, f.dataset, Current, strings.Join([]string{name, base, next.digest}, "|"))
	if err != nil {
		return nil, err
	}
	defer w.Abort()
	if err := w.matches(s.stored()); err != nil {
		return nil, err
	}
	rows.by, rows.whole = sortedBy(s.key), len(s.key)
	return f.lake.writeSorted(ctx, conn, w, rows)
}

// matches says whether the table has exactly these columns, in this order.
func (w *Writer) matches(columns []string) error {
	fields := w.schema.Fields()
	for i, c := range columns {
		if len(fields) != len(columns) || fields[i].Name != c {
			return fmt.Errorf("%w: the contract changed meanwhile", ErrMoved)
		}
	}
	return nil
}

// commitFold changes the files of the current table, unless somebody else did since s was planned. A
// change of something else is in the way of a fold that refers to files of the history alone (see bar).
func (l *Lake) commitFold(ctx context.Context, s *state, change replacement, next fold) error {
	ctx, cancel := finish(ctx)
	defer cancel()
	home, err := pathOf(s.current.Location())
	if err != nil {
		return err
	}
	refers := source{files: change.add}.anyOutside(home)
	on := s.current
	for attempt := 0; ; attempt++ {
		err := l.tryFold(ctx, on, change, next.properties(s.historySnap))
		if err == nil {
			return nil
		}
		now, lerr := l.load(ctx, s.current.Properties()[propDataset], Current)
		switch {
		case lerr != nil:
			return errors.Join(err, lerr)
		case foldOf(now.CurrentSnapshot()) == next:
			return nil // committed, although the catalog did not say so
		case now.MetadataLocation() == on.MetadataLocation():
			return err
		case refers || attempt == 20 || snapshotID(now) != snapshotID(s.current) || now.Schema().ID != s.current.Schema().ID:
			return fmt.Errorf("%w: %w", ErrMoved, err)
		}
		on = now
	}
}

// tryFold changes the files of the table on.
func (l *Lake) tryFold(ctx context.Context, on *table.Table, change replacement, props iceberg.Properties) error {
	tx := on.NewTransaction()
	if err := tx.ReplaceDataFilesWithDataFiles(ctx, change.remove, change.add, props, table.WithoutDuplicateCheck(), table.WithoutAutoNameMapping()); err != nil {
		return err
	}
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
		return err
	}
	if err := there(change.add); err != nil {
		return err
	}
	return l.end(ctx, tx)
}

// snapshotID is the id of the newest snapshot of a table, 0 when it has none.
func snapshotID(t *table.Table) int64 {
	if s := t.CurrentSnapshot(); s != nil {
		return s.SnapshotID
	}
	return 0
}
