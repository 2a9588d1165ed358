package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/apache/iceberg-go/table"
)

// Policy says what a dataset's tables keep, and when upkeep is worth its cost. The zero value works.
//
// Snapshots of the current table each hold files of their own, so few of them stay; what was current
// at an earlier time is computed from the history.
type Policy struct {
	KeepSnapshots int           // newest snapshots of the history and the rejected records that stay; default 100
	KeepCurrent   int           // newest snapshots of the current table that stay; default 4
	KeepFor       time.Duration // older ones go even when they are few, the newest never; 0: age does not count
	MinFiles      int           // so many small files of about one size become one; default 16
	Grace         time.Duration // how long files of expired snapshots stay for queries under way; default 15 minutes, less than 0 is none
	OrphanAge     time.Duration // how old a file must be that no table knows of to be a leftover; default 24 hours
	Sweep         bool          // look for leftovers: lists all files and reads all metadata
	Sort          bool          // sort a current table that holds files of the history
	Force         bool          // do at once what would otherwise wait until there is more of it
}

func (p Policy) withDefaults() Policy {
	p.KeepSnapshots = cmp.Or(p.KeepSnapshots, 100)
	p.KeepCurrent = cmp.Or(p.KeepCurrent, 4)
	p.MinFiles = cmp.Or(p.MinFiles, 16)
	p.Grace = cmp.Or(p.Grace, 15*time.Minute)
	p.OrphanAge = cmp.Or(p.OrphanAge, 24*time.Hour)
	return p
}

// Maintenance says what upkeep did.
type Maintenance struct {
	Expired   int   // snapshots
	Compacted int   // files that were written together into
	Into      int   // fewer ones
	Written   int64 // bytes
	Removed   int   // files that nothing needs any more
	Freed     int64 // bytes of them
	Leftovers int   // files among them that no table had ever known
	Conflicts int   // changes given up because somebody else was faster; the next time does them
}

// Maintain keeps the cost of a dataset's tables from growing: it writes small files together, expires
// snapshots, and removes files that nothing needs any more. Each change is one commit that replaces
// exactly what it was planned on, so landings and folds go on meanwhile; of two changes that are in
// each other's way one is given up. Log positions are not touched. However it is cut short, the
// tables stay as they are or become what they were to become, and what it leaves behind is removed
// later. With nothing to do it costs a look at each table. It may be called concurrently.
func (l *Lake) Maintain(ctx context.Context, dataset string, p Policy) (m Maintenance, err error) {
	p = p.withDefaults()
	for _, step := range []struct {
		name string
		do   func(context.Context, string, Policy, *Maintenance) error
	}{
		{"compact", l.compact}, {"sort", l.sortCurrent}, {"expire", l.expire},
		{"remove files of expired snapshots", l.removeDropped}, {"remove leftovers", l.removeLeftovers},
	} {
		if err := step.do(ctx, dataset, p, &m); err != nil {
			return m, fmt.Errorf("maintain %s: %s: %w", dataset, step.name, err)
		}
	}
	if m != (Maintenance{}) {
		l.log.Info("tables maintained", "dataset", dataset, "expired", m.Expired, "compacted", m.Compacted, "into", m.Into, "removed", m.Removed, "freed", m.Freed)
	}
	return m, nil
}

// keep is how many of the newest snapshots of a table stay.
func (p Policy) keep(k Kind) int {
	if k == Current {
		return p.KeepCurrent
	}
	return p.KeepSnapshots
}

// expire drops the snapshots that a policy does not keep. It waits until there are half as many again
// as stay, because each time costs a commit and a look at every snapshot.
func (l *Lake) expire(ctx context.Context, dataset string, p Policy, m *Maintenance) error {
	for _, k := range []Kind{History, Rejected, Current} {
		var dropped []string
		n := 0
		err := l.retryCommit(ctx, dataset, k, func(t *table.Table) (err error) {
			old := p.expired(t, k)
			if n = len(old); n == 0 || !p.Force && n < max(p.keep(k)/2, 1) {
				n = 0
				return nil
			}
			if dropped, err = l.onlyIn(t, old); err != nil {
				return err
			}
			return l.expireFrom(ctx, t, len(t.Metadata().Snapshots())-n)
		})
		if errors.Is(err, ErrMoved) {
			m.Conflicts++
			continue
		}
		if err != nil {
			return err
		}
		if n > 0 {
			m.Expired += n
			if err := l.drop(dataset, dropped); err != nil {
				return err
			}
		}
	}
	return nil
}

// expired are the oldest snapshots of a table, those that a policy does not keep. Nothing is expired
// of a table in which another engine has named snapshots.
func (p Policy) expired(t *table.Table, k Kind) []table.Snapshot {
	for name := range t.Metadata().Refs() {
		if name != table.MainBranch {
			return nil
		}
	}
	all := bySequence(t)
	stay := min(p.keep(k), len(all))
	if p.KeepFor > 0 {
		since := time.Now().Add(-p.KeepFor).UnixMilli()
		for stay > 1 && all[len(all)-stay].TimestampMs < since {
			stay--
		}
	}
	return all[:len(all)-stay]
}

// bySequence are the snapshots of a table, oldest first.
func bySequence(t *table.Table) []table.Snapshot {
	return slices.SortedFunc(slices.Values(t.Metadata().Snapshots()), func(a, b table.Snapshot) int {
		return cmp.Compare(a.SequenceNumber, b.SequenceNumber)
	})
}

// expireFrom commits a table with its newest snapshots only. Files are not touched.
func (l *Lake) expireFrom(ctx context.Context, t *table.Table, stay int) error {
	ctx, cancel := finish(ctx)
	defer cancel()
	tx := t.NewTransaction()
	if err := tx.ExpireSnapshots(table.WithOlderThan(0), table.WithRetainLast(stay), table.WithPostCommit(false)); err != nil {
		return err
	}
	return l.end(ctx, tx)
}

// onlyIn are the files that the snapshots old need and the one after them does not. Others might need
// them all the same; whoever removes files makes sure.
func (l *Lake) onlyIn(t *table.Table, old []table.Snapshot) ([]string, error) {
	next := reach{manifests: map[string]bool{}, files: map[string]bool{}}
	if err := next.add(bySequence(t)[len(old)]); err != nil {
		return nil, err
	}
	gone := reach{manifests: map[string]bool{}, files: map[string]bool{}, known: next.manifests}
	for _, s := range old {
		if err := gone.add(s); err != nil {
			return nil, err
		}
	}
	var only []string
	for f := range gone.files {
		if !next.files[f] {
			only = append(only, f)
		}
	}
	return only, nil
}

// reach gathers the files that snapshots need, by their paths.
type reach struct {
	manifests map[string]bool // that were read
	known     map[string]bool // manifests not to read again, because another reach did
	files     map[string]bool
}

// add adds the manifest list of a snapshot, its manifests and its data files.
func (r reach) add(s table.Snapshot) error {
	if err := r.file(s.ManifestList); err != nil {
		return err
	}
	list, err := s.Manifests(files{})
	if err != nil {
		return fmt.Errorf("list manifests of snapshot %d: %w", s.SnapshotID, err)
	}
	for _, m := range list {
		if r.manifests[m.FilePath()] || r.known[m.FilePath()] {
			continue
		}
		r.manifests[m.FilePath()] = true
		if err := r.file(m.FilePath()); err != nil {
			return err
		}
		data, err := readManifest(m)
		if err != nil {
			return fmt.Errorf("read manifest %s: %w", m.FilePath(), err)
		}
		for _, f := range data {
			if err := r.file(f.FilePath()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r reach) file(uri string) error {
	path, err := pathOf(uri)
	if err == nil {
		r.files[path] = true
	}
	return err
}

// replace commits a table in which the files of change.remove have become those of change.add, by an act
// of upkeep. It is ErrMoved when the table does not hold them any more. Files that came meanwhile stay, and
// so does what the newest snapshot says of all of them: a fold may have added those.
func (l *Lake) replace(ctx context.Context, dataset string, k Kind, change replacement, upkeep string) error {
	if l.beforeFold != nil {
		l.beforeFold()
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	err := l.retryCommit(ctx, dataset, k, func(t *table.Table) error {
		now, err := l.dataFiles(t, t.CurrentSnapshot())
		if err != nil {
			return err
		}
		if len(without(change.add, now)) == 0 {
			return nil // an attempt was committed, although it did not look so
		}
		if len(without(change.remove, now)) > 0 {
			return fmt.Errorf("%w: its files are others now", ErrMoved)
		}
		tx := t.NewTransaction()
		swap := tx.NewRewrite(carried(t.CurrentSnapshot(), upkeep))
		for _, f := range change.remove {
			swap.DeleteFile(f)
		}
		for _, f := range change.add {
			swap.AddDataFile(f)
		}
		if err := swap.Commit(ctx); err != nil {
			return err
		}
		if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
			return err
		}
		if err := there(change.add); err != nil {
			return err
		}
		return l.end(ctx, tx)
	})
	if errors.Is(err, table.ErrCommitFailed) {
		err = fmt.Errorf("%w: others commit faster: %w", ErrMoved, err) // upkeep waits for a calmer time
	}
	return err
}
