package lake

import (
	"context"
	"time"
)

// MadeIn makes a table one of another time, as a clock makes it that is so much ahead.
func (l *Lake) MadeIn(ctx context.Context, dataset string, k Kind, ahead time.Duration) error {
	p, err := l.place(dataset, k)
	if err != nil {
		return err
	}
	from, err := l.location(ctx, p.ident)
	if err != nil {
		return err
	}
	t, err := l.load(ctx, dataset, k)
	if err != nil {
		return err
	}
	meta, err := retimed(t.Metadata(), func(ms int64) int64 { return ms + ahead.Milliseconds() })
	if err != nil {
		return err
	}
	version, err := versionOf(from)
	if err != nil {
		return err
	}
	to, err := writeMetadata(meta, version+1)
	if err != nil {
		return err
	}
	return l.rows.swap(ctx, rowOf(p.ident), from, to)
}

// BeforeFoldCommit makes the next fold, compaction or sorting of l call do between its last look and its commit, and says
// whether it has.
func BeforeFoldCommit(l *Lake, do func()) (called *bool) {
	called = new(bool)
	l.beforeFold = func() { l.beforeFold, *called = nil, true; do() }
	return called
}
