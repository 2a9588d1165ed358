package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go/table"
)

// FoldResult says what a fold did.
type FoldResult struct {
	Folded bool  // a new current table was committed
	Rest   int64 // rows that were not folded before
	Rows   int64 // rows of the current table now
	Bytes  int64 // written
}

// foldPart is how many rows of a fold are fetched at once. A result is held in memory whole.
const foldPart = 32 << 10

// Fold brings the current table to the state that published tells, when the rows that it does not
// hold yet outgrow Options.FoldShare of it, or when force is set. Files are written first and
// committed at once, replacing all files of the table; a fold that dies leaves nothing but files
// that the next one overwrites. Of two folds at once one wins, and the other returns ErrMoved.
func (l *Lake) Fold(ctx context.Context, dataset string, published []Publication, force bool) (FoldResult, error) {
	s, err := l.state(ctx, dataset, published, AsOf{})
	if err != nil {
		return FoldResult{}, fmt.Errorf("fold %s: %w", dataset, err)
	}
	r := FoldResult{Rows: s.base.rows()}
	if len(s.rest()) == 0 && (s.folded > 0 || r.Rows == 0) {
		return r, nil
	}
	e, err := l.engine()
	if err != nil {
		return r, fmt.Errorf("fold %s: %w", dataset, err)
	}
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return r, fmt.Errorf("fold %s: %w", dataset, err)
	}
	defer conn.Close()
	next, err := s.measure(ctx, conn, &r.Rest)
	if err != nil {
		return r, fmt.Errorf("fold %s: measure: %w", dataset, err)
	}
	stale := s.folded == 0 && r.Rows > 0 // base answers no query any more
	if !force && !stale && float64(r.Rest) <= l.opts.FoldShare*float64(r.Rows) {
		return r, nil
	}
	files, err := l.writeState(ctx, conn, dataset, s, next)
	if err != nil {
		return r, fmt.Errorf("fold %s: %w", dataset, err)
	}
	if len(files) == 0 && len(s.base.files) == 0 {
		return r, nil // everything was removed again: there is nothing to commit
	}
	r.Rows, r.Bytes = 0, 0
	for _, f := range files {
		r.Rows += f.Rows
		r.Bytes += f.Bytes
	}
	if err := l.commitFold(ctx, s, files, next); err != nil {
		return r, fmt.Errorf("fold %s: %w", dataset, err)
	}
	r.Folded = true
	l.log.Info("current state folded", "dataset", dataset, "rows", r.Rows, "rest", r.Rest, "files", len(files))
	return r, nil
}

// measure counts the rest and says what the state after the fold will have been computed from.
func (s *state) measure(ctx context.Context, conn *sql.Conn, rest *int64) (fold, error) {
	var last, deleted sql.NullString
	err := conn.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*), max(%s), max(%s) FILTER (%s) FROM (%s)",
		quote(colEvent), quote(colEvent), quote(colDeleted), s.restSQL())).Scan(rest, &last, &deleted)
	if err != nil {
		return fold{}, err
	}
	next := fold{count: len(s.published), digest: digest(s.keyIDs, s.published), last: last.String, removal: deleted.String}
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
	return next, nil
}

// writeState writes the state to files, sorted by key. It sorts into a temporary table of DuckDB,
// which spills to disk, and fetches that in parts.
func (l *Lake) writeState(ctx context.Context, conn *sql.Conn, dataset string, s *state, next fold) ([]DataFile, error) {
	query, err := s.sql(s.stored())
	if err != nil {
		return nil, err
	}
	order := append(append([]string(nil), s.key...), colEvent, colRow)
	_, err = conn.ExecContext(ctx, "CREATE OR REPLACE TEMP TABLE folded AS "+query+" ORDER BY "+list("", order))
	if err != nil {
		return nil, fmt.Errorf("compute: %w", err)
	}
	defer func() { // the connection goes back to the pool; what is left there is replaced by the next fold
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS folded")
	}()
	var rows int64
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM folded").Scan(&rows); err != nil {
		return nil, err
	}
	base := ""
	if snap := s.current.CurrentSnapshot(); snap != nil {
		base = strconv.FormatInt(snap.SnapshotID, 10)
	}
	w, err := l.NewWriter(ctx, dataset, Current, strings.Join([]string{"fold", base, next.digest}, "|"))
	if err != nil {
		return nil, err
	}
	defer w.Abort()
	if err := w.matches(s.stored()); err != nil {
		return nil, err
	}
	for from := int64(0); from < rows; from += foldPart {
		part := fmt.Sprintf("SELECT %s FROM folded WHERE rowid >= %d AND rowid < %d",
			list("", s.stored()), from, from+foldPart)
		if err := arrowRows(ctx, conn, part, func(rec arrow.RecordBatch) error { return w.writeWhole(rec) }); err != nil {
			return nil, err
		}
	}
	return w.Close()
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

// commitFold replaces the files of the current table, unless somebody else did since s was planned.
func (l *Lake) commitFold(ctx context.Context, s *state, files []DataFile, next fold) error {
	ctx, cancel := finish(ctx)
	defer cancel()
	tx := s.current.NewTransaction()
	err := tx.ReplaceDataFilesWithDataFiles(ctx, s.base.files, icebergFiles(files), next.properties(s.historySnap),
		table.WithoutDuplicateCheck(), table.WithoutAutoNameMapping())
	if err != nil {
		return err
	}
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
		return err
	}
	if err = l.end(ctx, tx); err == nil {
		return nil
	}
	now, lerr := l.load(ctx, s.current.Properties()[propDataset], Current)
	switch {
	case lerr != nil:
		return errors.Join(err, lerr)
	case foldOf(now.CurrentSnapshot()) == next:
		return nil // committed, although the catalog did not say so
	case now.MetadataLocation() != s.current.MetadataLocation():
		return fmt.Errorf("%w: %w", ErrMoved, err)
	}
	return err
}
