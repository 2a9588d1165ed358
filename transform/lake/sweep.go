package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"satudata/ingest/durable"
)

// dropped are files of snapshots that were expired at one time.
type dropped struct {
	At    time.Time `json:"at"`
	Files []string  `json:"files"`
}

// dropList is where the files of expired snapshots of a dataset wait for the queries that still read
// them. Should it get lost, they are leftovers like others. Fields may be added; names and types
// never change.
func (l *Lake) dropList(dataset string) string {
	return filepath.Join(l.dir, ".dropped", dataset+".json")
}

func (l *Lake) readDropped(dataset string) ([]dropped, error) {
	text, err := os.ReadFile(l.dropList(dataset))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []dropped
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read %s: %w; it may be deleted", l.dropList(dataset), err)
	}
	return all, nil
}

func (l *Lake) writeDropped(dataset string, all []dropped) error {
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return durable.WriteFile(l.dropList(dataset), text)
}

// drop notes files of expired snapshots. Two processes that do so at once may forget those of one.
func (l *Lake) drop(dataset string, paths []string) error {
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	all, err := l.readDropped(dataset)
	if err != nil {
		return err
	}
	slices.Sort(paths)
	return l.writeDropped(dataset, append(all, dropped{time.Now().UTC(), paths}))
}

// removeDropped removes the files of snapshots that were expired long enough ago, unless a table
// needs them.
func (l *Lake) removeDropped(ctx context.Context, dataset string, p Policy, m *Maintenance) error {
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	all, err := l.readDropped(dataset)
	if err != nil {
		return err
	}
	due := 0
	for due < len(all) && time.Since(all[due].At) >= p.Grace {
		due++
	}
	if due == 0 {
		return nil
	}
	if err := l.bar(ctx, dataset); err != nil {
		return err
	}
	needed, err := l.references(ctx, dataset)
	if err != nil {
		return err
	}
	for _, d := range all[:due] {
		for _, path := range d.Files {
			if !needed[path] {
				if err := remove(path, nil, m); err != nil {
					return err
				}
			}
		}
	}
	return l.writeDropped(dataset, all[due:])
}

// propSwept says when files that the history does not need any more were last removed.
const propSwept = "satudata.swept"

// bar changes the current table, so that no fold that was planned before can commit, however long it
// has slept: it might refer to files of the history that nobody seems to need. What it has committed
// by now is seen by whoever reads the tables after this, and what is planned from now on makes sure
// that the snapshot with those files is still there (see holds), which it is not.
func (l *Lake) bar(ctx context.Context, dataset string) error {
	ctx, cancel := finish(ctx)
	defer cancel()
	return l.retryCommit(ctx, dataset, Current, func(t *table.Table) error {
		tx := t.NewTransaction()
		if err := tx.SetProperties(iceberg.Properties{propSwept: time.Now().UTC().Format(time.RFC3339Nano)}); err != nil {
			return err
		}
		return l.end(ctx, tx)
	})
}

// remove removes a file. Where it was judged by what it was at a time, it must be the same still: a
// worker that tries its batch again may have put another one in its place, and commit it.
func remove(path string, judged fs.FileInfo, m *Maintenance) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if judged != nil {
		aside := filepath.Join(filepath.Dir(path), ".removed-"+filepath.Base(path))
		if err := os.Rename(path, aside); err != nil {
			return err
		}
		if info, err = os.Stat(aside); err != nil {
			return err
		}
		if !os.SameFile(info, judged) || !info.ModTime().Equal(judged.ModTime()) {
			return os.Rename(aside, path)
		}
		path = aside
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	m.Removed++
	m.Freed += info.Size()
	return nil
}

// references are the paths of all files that the tables of a dataset need, in any snapshot, and those
// that tables need which another engine has registered. Tables of other datasets need none of them.
func (l *Lake) references(ctx context.Context, dataset string) (map[string]bool, error) {
	r := reach{manifests: map[string]bool{}, files: map[string]bool{}}
	for _, k := range []Kind{History, Rejected, Current} {
		t, err := l.load(ctx, dataset, k)
		if err != nil {
			return nil, err
		}
		if err := r.table(t); err != nil {
			return nil, err
		}
	}
	others, err := l.foreign(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range others {
		if err := r.table(t); err != nil {
			return nil, err
		}
	}
	return r.files, nil
}

// table adds everything that a table needs.
func (r reach) table(t *table.Table) error {
	for _, s := range t.Metadata().Snapshots() {
		if err := r.add(s); err != nil {
			return err
		}
	}
	uris := []string{t.MetadataLocation()}
	for e := range t.Metadata().PreviousFiles() {
		uris = append(uris, e.MetadataFile)
	}
	for s := range t.Metadata().Statistics() {
		uris = append(uris, s.StatisticsPath)
	}
	for s := range t.Metadata().PartitionStatistics() {
		uris = append(uris, s.StatisticsPath)
	}
	for _, uri := range uris {
		if err := r.file(uri); err != nil {
			return err
		}
	}
	return nil
}

// foreign are the tables of the catalog that are not of a dataset.
func (l *Lake) foreign(ctx context.Context) ([]*table.Table, error) {
	all, err := l.rows.list(ctx)
	if err != nil {
		return nil, err
	}
	var found []*table.Table
	for _, e := range all {
		if ofDataset(e.space, e.name) {
			continue
		}
		t, err := table.NewFromLocation(ctx, append(strings.Split(e.space, "."), e.name), e.location, localFiles, l.catalog)
		if err != nil {
			return nil, fmt.Errorf("read table %s: %w", e.row, err)
		}
		found = append(found, t)
	}
	return found, nil
}

// ofDataset says whether a table has the name of one of a dataset's.
func ofDataset(space, name string) bool {
	class, topic, _ := strings.Cut(space, ".")
	for _, k := range []Kind{History, Rejected, Current} {
		base, ok := strings.CutSuffix(name, k.suffix())
		if _, _, err := split(topic + "." + base); ok && err == nil && class == k.class() {
			return true
		}
	}
	return false
}

// removeLeftovers removes files in the folders of a dataset's tables that no table needs, and that
// are older than any attempt to commit that may still be under way. They are listed before the
// tables are read: a file that is committed after that is younger.
func (l *Lake) removeLeftovers(ctx context.Context, dataset string, p Policy, m *Maintenance) error {
	if !p.Sweep {
		return nil
	}
	old := map[string]fs.FileInfo{}
	for _, k := range []Kind{History, Rejected, Current} {
		at, err := l.place(dataset, k)
		if err != nil {
			return err
		}
		if err := listOld(at.folder, p.OrphanAge, old); err != nil {
			return err
		}
	}
	l.upkeep.Lock()
	defer l.upkeep.Unlock()
	waiting, err := l.readDropped(dataset)
	if err != nil {
		return err
	}
	for _, d := range waiting {
		for _, path := range d.Files {
			delete(old, path)
		}
	}
	if len(old) == 0 {
		return nil
	}
	if err := l.bar(ctx, dataset); err != nil {
		return err
	}
	needed, err := l.references(ctx, dataset)
	if err != nil {
		return err
	}
	before := m.Removed
	for path, judged := range old {
		if needed[path] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := remove(path, judged, m); err != nil {
			return err
		}
	}
	m.Leftovers += m.Removed - before
	return nil
}

// listOld adds the files of a table that are older than age, by their paths.
func listOld(folder string, age time.Duration, into map[string]fs.FileInfo) error {
	for _, name := range []string{"data", "metadata"} {
		entries, err := os.ReadDir(filepath.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // it was renamed or removed meanwhile
			}
			if err != nil {
				return err
			}
			if info.Mode().IsRegular() && time.Since(info.ModTime()) > age {
				into[filepath.Join(folder, name, e.Name())] = info
			}
		}
	}
	return nil
}
