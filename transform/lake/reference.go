package lake

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"satudata/schemas"
)

// A fold need not write what the history has written already. Where the files of the history that a
// delivery came in hold its rows and no others, none of them removes anything, and no key is in two
// of the deliveries, the current table takes those files in as they are: a file is then referenced by
// two tables, and is deleted when neither does any more. Such files are not sorted by key; the next
// fold that writes sorts their rows with the others.

// whole is a published delivery whose files hold its rows and no others.
type whole struct {
	Publication
	files []iceberg.DataFile
	rows  int64
	last  string // its largest event id, "" when it has no rows
}

// delivered is the one delivery whose rows a file of the history holds; ok is false when there are
// several, or rows that delete, or when that cannot be told from the bounds.
func (s source) delivered(f iceberg.DataFile) (delivery uuid.UUID, ok bool) {
	low, high := s.bounds(f, colDelivery)
	_, deletes := s.bounds(f, colDeleted)
	if !bytes.Equal(low, high) || !bytes.Equal(deletes, []byte{0}) {
		return uuid.Nil, false
	}
	delivery, err := uuid.ParseBytes(low) // of a text that was cut short it is an error
	return delivery, err == nil
}

// bounds are the bounds of a column in a file, nil when it has none.
func (s source) bounds(f iceberg.DataFile, column string) (low, high []byte) {
	c, ok := s.schema.FindFieldByName(column)
	if !ok {
		return nil, nil
	}
	return f.LowerBoundValues()[c.ID], f.UpperBoundValues()[c.ID]
}

// wholes are the publications that base does not hold; ok is false unless each of them is whole.
func (s *state) wholes() (all []whole, ok bool) {
	rest := s.rest()
	at := make(map[uuid.UUID]int, len(rest))
	for i, p := range rest {
		at[p.Delivery] = i
		all = append(all, whole{Publication: p})
	}
	for _, f := range s.history.only(rest).files {
		delivery, pure := s.history.delivered(f)
		i, published := at[delivery]
		if !pure || !published {
			return nil, false
		}
		_, last := s.history.bounds(f, colEvent)
		w := &all[i]
		w.files, w.rows, w.last = append(w.files, f), w.rows+f.Count(), max(w.last, string(last))
	}
	return all, true
}

// after is what the state will have been computed from when all is in it, and how many rows that adds.
func (s *state) after(all []whole) (next fold, rest int64) {
	last := ""
	for _, w := range all {
		last, rest = max(last, w.last), rest+w.rows
	}
	return s.next(last, ""), rest
}

// replacement is how the files of the current table change.
type replacement struct{ remove, add []iceberg.DataFile }

// reference says which files make up the state; ok is false when files as they are cannot. Where they
// are so many small ones that queries would suffer, the small ones are written together, and the large
// ones stay as they are.
func (f *folding) reference(ctx context.Context, all []whole, to fold, result *FoldResult) (r replacement, ok bool, err error) {
	s := f.state
	if !s.sameFiles() {
		return r, false, nil
	}
	all, keeps, ok := s.survivors(all)
	if !ok {
		return r, false, nil
	}
	base := source{schema: s.base.schema}
	if keeps {
		base = s.base
	}
	if ok, err = f.distinct(ctx, all, base); err != nil || !ok {
		return r, false, err
	}
	next := base
	next.files = slices.Clone(base.files)
	for _, w := range all {
		next.files = append(next.files, w.files...)
	}
	if small := f.lake.small(next.files); len(small) > 0 {
		if next, err = f.together(ctx, next, small, to, result); err != nil {
			return r, false, err
		}
	}
	r.remove, r.add = without(s.base.files, next.files), without(next.files, s.base.files)
	result.Referenced += len(r.add)
	return r, len(r.remove)+len(r.add) > 0, nil
}

// together writes some files of s together, sorted by key.
func (f *folding) together(ctx context.Context, s source, some []iceberg.DataFile, to fold, result *FoldResult) (source, error) {
	small, next := source{schema: s.schema, files: some}, source{schema: s.schema, files: without(s.files, some)}
	written, err := f.writeRows(ctx, sorting{query: small.sql(f.state.stored()...), from: []source{small}}, "merge", to)
	for _, w := range written {
		result.Bytes += w.Bytes
	}
	result.Referenced -= len(written) // these are not of the history
	next.files = append(next.files, icebergFiles(written)...)
	return next, err
}

// sizes are the sizes below which files of the current table are small, and how many such are kept: more
// are written together. So queries read few files, and each row of a stream is written twice in all. What
// landed in large batches is never small: to sort it costs more than to land it.
var sizes = []struct {
	bytes int64
	most  int
}{{512 << 10, fewFiles}, {4 << 20, 4 * fewFiles}}

const fewFiles = 16

// small are the files to write together, none when there are few.
func (l *Lake) small(files []iceberg.DataFile) []iceberg.DataFile {
	low := int64(0)
	for _, size := range sizes {
		var some []iceberg.DataFile
		for _, f := range files {
			if n := f.FileSizeBytes(); low <= n && n < min(size.bytes, l.opts.FileBytes/2) {
				some = append(some, f)
			}
		}
		if len(some) > size.most {
			return some
		}
		low = size.bytes
	}
	return nil
}

// refers says whether the state can be had by referring to files of the history, as bounds alone tell,
// and these are so many that it should: a fold of that kind costs no more than its commit.
func (s *state) refers() bool {
	files, ok := s.plain()
	return ok && len(without(files, s.base.files)) >= fewFiles
}

// without are the files of a that b does not hold.
func without(a, b []iceberg.DataFile) []iceberg.DataFile {
	held := make(map[string]bool, len(b))
	for _, f := range b {
		held[f.FilePath()] = true
	}
	var out []iceberg.DataFile
	for _, f := range a {
		if !held[f.FilePath()] {
			out = append(out, f)
		}
	}
	return out
}

// sameFiles says whether files of the history can be files of the current table: every column has
// the same id and type there, and the ids of the columns that the current table does not have will
// never be those of others.
func (s *state) sameFiles() bool {
	current := s.current.Schema()
	n := 0
	for _, f := range s.history.schema.Fields() {
		have, ok := current.FindFieldByID(f.ID)
		if ok && (have.Name != f.Name || !have.Type.Equals(f.Type)) || !ok && (f.Name != colDeleted || s.current.Metadata().LastColumnID() < f.ID) {
			return false
		}
		if ok {
			n++
		}
	}
	return n == len(current.Fields())
}

// survivors are the publications that have rows in the state, and whether base stays; ok is false
// when a full delivery removes some rows of a file and not others, or may.
func (s *state) survivors(all []whole) (left []whole, keeps, ok bool) {
	keeps = s.folded > 0 && len(s.base.files) > 0
	slices.SortStableFunc(all, func(a, b whole) int { return slices.Compare(a.FirstID[:], b.FirstID[:]) })
	for _, w := range all {
		first := w.FirstID.String()
		switch {
		case len(w.Upcasts) > 0:
			return nil, false, false
		case w.Full && len(w.ReplaceBy) > 0 && (keeps || len(left) > 0):
			return nil, false, false
		case w.Full && len(w.ReplaceBy) == 0:
			if keeps && s.fold.last >= first || slices.ContainsFunc(left, func(o whole) bool { return o.last >= first }) {
				return nil, false, false
			}
			left, keeps = nil, false
		}
		if len(w.files) > 0 {
			left = append(left, w)
		}
	}
	return left, keeps, true
}

// distinct says whether no two rows of publications and base have the same key. Bounds tell without
// reading anything where keys grow; else the keys are compared.
func (f *folding) distinct(ctx context.Context, all []whole, base source) (bool, error) {
	groups, ok := f.state.groups(all, base)
	if !ok || f.state.allApart(groups) {
		return ok, nil
	}
	return f.compared(ctx, all, base)
}

// groups are the files of each publication and those of base; ok is false unless no key is twice in
// any of them. Without a key there are none, as all rows are distinct.
func (s *state) groups(all []whole, base source) (groups [][]iceberg.DataFile, ok bool) {
	if len(s.key) == 0 {
		return nil, true
	}
	for _, w := range all {
		if len(w.Key) == 0 || slices.ContainsFunc(w.Key, func(c string) bool { return !slices.Contains(s.key, c) }) {
			return nil, false
		}
		groups = append(groups, w.files)
	}
	if len(base.files) > 0 {
		groups = append(groups, base.files)
	}
	return groups, true
}

// manyGroups is from how many on groups of files are not compared two by two.
const manyGroups = 64

// allApart says whether the bounds of the files tell that no two groups have a key in common.
func (s *state) allApart(groups [][]iceberg.DataFile) bool {
	if len(groups) < 2 || slices.ContainsFunc(s.key, func(c string) bool { return s.history.inTurn(c, groups) }) {
		return true
	}
	if len(groups) > manyGroups {
		return false
	}
	for i := range groups {
		for _, other := range groups[:i] {
			if !s.apart(groups[i], other) {
				return false
			}
		}
	}
	return true
}

// inTurn says whether the values of a column in one group all come before those in the next, in some
// order of the groups.
func (s source) inTurn(column string, groups [][]iceberg.DataFile) bool {
	c, _ := s.schema.FindFieldByName(column)
	t, err := typeOf(c.Type)
	if err != nil {
		return false
	}
	type span struct{ low, high []byte }
	spans := make([]span, len(groups))
	for i, files := range groups {
		for k, f := range files {
			low, high := f.LowerBoundValues()[c.ID], f.UpperBoundValues()[c.ID]
			if low == nil || high == nil || f.NullValueCounts()[c.ID] > 0 {
				return false
			}
			if k == 0 || compareBounds(t, low, spans[i].low) < 0 {
				spans[i].low = low
			}
			if k == 0 || compareBounds(t, high, spans[i].high) > 0 {
				spans[i].high = high
			}
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return compareBounds(t, a.low, b.low) })
	for i := 1; i < len(spans); i++ {
		if compareBounds(t, spans[i-1].high, spans[i].low) >= 0 {
			return false
		}
	}
	return true
}

// plain are the files that hold the rows of the state and no others, where bounds alone tell: a query
// then reads them as they are, and need not look for the latest row of each key.
func (s *state) plain() (files []iceberg.DataFile, ok bool) {
	if s.recompute || !s.sameFiles() {
		return nil, false
	}
	all, ok := s.wholes()
	if !ok {
		return nil, false
	}
	all, keeps, ok := s.survivors(all)
	if !ok {
		return nil, false
	}
	base := source{schema: s.base.schema}
	if keeps {
		base = s.base
	}
	groups, ok := s.groups(all, base)
	if !ok || !s.allApart(groups) {
		return nil, false
	}
	files = slices.Clone(base.files)
	for _, w := range all {
		files = append(files, w.files...)
	}
	return files, true
}

// apart says whether the bounds of the files of a and b tell that they have no key in common.
func (s *state) apart(a, b []iceberg.DataFile) bool {
	for _, x := range a {
		for _, y := range b {
			if !slices.ContainsFunc(s.key, func(c string) bool { return s.history.apart(c, x, y) }) {
				return false
			}
		}
	}
	return true
}

// apart says whether the bounds of a column tell that two files have no value of it in common.
func (s source) apart(column string, a, b iceberg.DataFile) bool {
	c, _ := s.schema.FindFieldByName(column)
	t, err := typeOf(c.Type)
	aLow, aHigh := s.bounds(a, column)
	bLow, bHigh := s.bounds(b, column)
	if err != nil || aLow == nil || aHigh == nil || bLow == nil || bHigh == nil || a.NullValueCounts()[c.ID]+b.NullValueCounts()[c.ID] > 0 {
		return false
	}
	return compareBounds(t, aHigh, bLow) < 0 || compareBounds(t, bHigh, aLow) < 0
}

// compareBounds orders two bounds in Iceberg's form.
func compareBounds(t schemas.Type, a, b []byte) int {
	if t.Kind == schemas.Decimal {
		return twosComplement(a).Cmp(twosComplement(b))
	}
	return compare(t, a, b)
}

// twosComplement reads a big-endian number.
func twosComplement(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

// compared says whether no two of the publications have a key in common, and none with base. Each of
// them has no key twice. Hashes are compared, which take less memory than keys; where two are alike
// by chance the fold writes what it could have referred to.
func (f *folding) compared(ctx context.Context, all []whole, base source) (bool, error) {
	conn, err := f.conn(ctx)
	if err != nil {
		return false, err
	}
	rest := source{schema: f.state.history.schema}
	for _, w := range all {
		rest.files = append(rest.files, w.files...)
	}
	key := f.state.key
	hashes := func(s source) string { return "SELECT hash(" + list("", key) + ") AS h FROM (" + s.sql(key...) + ")" }
	var queries []string
	if len(all) > 1 {
		queries = append(queries, fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM (%s) GROUP BY h HAVING count(*) > 1 LIMIT 1)", hashes(rest)))
	}
	if len(base.files) > 0 {
		queries = append(queries, fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM (%s) b SEMI JOIN (%s) r ON b.h = r.h LIMIT 1)", hashes(base), hashes(rest)))
	}
	for _, q := range queries {
		var common int64
		if err := conn.QueryRowContext(ctx, q).Scan(&common); err != nil {
			return false, fmt.Errorf("compare keys: %w", err)
		}
		if common > 0 {
			return false, nil
		}
	}
	return true, nil
}

// reserved makes the metadata of an empty current table in which the columns of the history that it
// does not have keep their ids for themselves, so that files of the history can become its own and
// columns that both get later have one id in both.
func reserved(cols []column, location string, props iceberg.Properties) (table.Metadata, error) {
	meta, err := table.NewMetadata(icebergSchema(cols), iceberg.UnpartitionedSpec, table.UnsortedSortOrder, location, props)
	if err != nil {
		return nil, err
	}
	shown := slices.DeleteFunc(meta.CurrentSchema().Fields(), func(f iceberg.NestedField) bool { return f.Name == colDeleted })
	b, err := table.MetadataBuilderFromBase(meta, "")
	if err != nil {
		return nil, err
	}
	if err := b.AddSchema(iceberg.NewSchema(1, shown...)); err != nil {
		return nil, err
	}
	if err := b.SetCurrentSchemaID(-1); err != nil {
		return nil, err
	}
	if err := b.RemoveSchemas([]int{0}); err != nil {
		return nil, err
	}
	return b.Build()
}

// isIdentity says whether a column holds ids, whose bounds are kept whole: they tell which one
// delivery a file is of, and up to which event.
func isIdentity(column string) bool {
	return strings.EqualFold(column, colDelivery) || strings.EqualFold(column, colEvent)
}
