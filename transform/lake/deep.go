package lake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"satudata/ingest/event"
)

// CheckDeep reads every byte of a dataset's tables that any retained snapshot can lead to: metadata
// file, manifest lists, manifests, data files, each against its checksum, and says what is damaged.
// That the catalog does not know a table which was committed to is a fault too. An error means that it
// could not look; ErrNotFound that there is no table of the dataset.
func (l *Lake) CheckDeep(ctx context.Context, dataset string) ([]Fault, error) {
	var faults []Fault
	known := verdicts{}
	missing := 0
	for _, k := range Kinds {
		p, err := l.place(dataset, k)
		if err != nil {
			return nil, err
		}
		location, err := l.location(ctx, p.ident)
		if errors.Is(err, ErrNotFound) {
			lost, err := l.lost(ctx, dataset, p)
			if err != nil {
				return nil, err
			}
			missing++
			faults = append(faults, lost...)
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := inspect(ctx, p, location, known)
		if err != nil {
			return nil, err
		}
		faults = append(faults, found...)
	}
	if missing == len(Kinds) && len(faults) == 0 {
		return nil, fmt.Errorf("check %s: %w", dataset, ErrNotFound)
	}
	return faults, nil
}

// verdicts are what is wrong with data files, nil for nothing, by their paths. A file may be of several
// versions of a table, and of the history and the current table, and is read once.
type verdicts map[string]*event.Sentence

// inspector looks at the files of one table, each once.
type inspector struct {
	table  string
	seen   map[string]bool
	known  verdicts
	faults []Fault
}

func (i *inspector) fault(file string, problem *event.Sentence) {
	i.faults = append(i.faults, Fault{i.table, file, *problem})
}

// first says whether a file was not looked at before.
func (i *inspector) first(file string) bool {
	before := i.seen[file]
	i.seen[file] = true
	return !before
}

// inspect checks the table that a metadata file describes, with every retained snapshot. It adds to
// what is known of data files, which must not change meanwhile.
func inspect(ctx context.Context, p place, location string, known verdicts) ([]Fault, error) {
	i := &inspector{table: strings.Join(p.ident, "."), seen: map[string]bool{}, known: known}
	meta := i.metadata(location, p.folder)
	if meta == nil {
		return i.faults, nil
	}
	for _, snap := range meta.Snapshots() {
		for _, m := range i.manifestList(&snap) {
			for _, f := range i.manifest(m.ManifestFile, m.sum) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				i.dataFile(f)
			}
		}
	}
	return i.faults, nil
}

// metadata reads a metadata file, nil for one that is damaged.
func (i *inspector) metadata(location, folder string) table.Metadata {
	name, err := pathOf(location)
	if err != nil {
		i.fault(location, unreadable(err))
		return nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		i.fault(location, unreadable(err))
		return nil
	}
	if breaksSeal(location, content) {
		i.fault(location, say("checksum-nya bukan yang disebut namanya", "does not have the checksum that its name says"))
		return nil
	}
	meta, err := decodesTo(content, folder)
	if err != nil {
		i.fault(location, say("bukan metadata tabel ini: %v", "is not the metadata of the table: %v", err))
		return nil
	}
	return meta
}

// listed is a manifest and its checksum, "" where none is known.
type listed struct {
	iceberg.ManifestFile
	sum string
}

// manifestList reads the manifest list of a snapshot.
func (i *inspector) manifestList(snap *table.Snapshot) []listed {
	sum, _, err := checksum(snap.ManifestList)
	if err != nil {
		i.fault(snap.ManifestList, unreadable(err))
		return nil
	}
	if want, _ := recorded(snap, nil); want != "" && want != sum {
		i.fault(snap.ManifestList, say("checksum-nya bukan yang disebut snapshot-nya", "does not have the checksum that its snapshot says"))
		return nil
	}
	manifests, err := snap.Manifests(files{})
	if err != nil {
		i.fault(snap.ManifestList, say("bukan daftar manifest: %v", "is not a manifest list: %v", err))
		return nil
	}
	_, sums := recorded(snap, manifests)
	out := make([]listed, len(manifests))
	for k, m := range manifests {
		out[k] = listed{m, sums[m.FilePath()]}
	}
	return out
}

// manifest reads a manifest that was not looked at before.
func (i *inspector) manifest(m iceberg.ManifestFile, want string) []iceberg.DataFile {
	if !i.first(m.FilePath()) {
		return nil
	}
	sum, size, err := checksum(m.FilePath())
	switch {
	case err != nil:
		i.fault(m.FilePath(), unreadable(err))
		return nil
	case size != m.Length():
		i.fault(m.FilePath(), say("berisi %d byte, seharusnya %d", "has %d bytes, not %d", size, m.Length()))
		return nil
	case want != "" && want != sum:
		i.fault(m.FilePath(), say("checksum-nya bukan yang disebut snapshot-nya", "does not have the checksum that its snapshot says"))
		return nil
	}
	data, err := readManifest(m)
	if err != nil {
		i.fault(m.FilePath(), say("bukan manifest: %v", "is not a manifest: %v", err))
	}
	return data
}

// dataFile checks a data file that was not looked at before.
func (i *inspector) dataFile(f iceberg.DataFile) {
	if !i.first(f.FilePath()) {
		return
	}
	problem, ok := i.known[f.FilePath()]
	if !ok {
		problem = checkBytes(f)
		i.known[f.FilePath()] = problem
	}
	if problem != nil {
		i.fault(f.FilePath(), problem)
	}
}

// checkBytes is check of every byte.
func checkBytes(f iceberg.DataFile) *event.Sentence {
	if problem := check(f); problem != nil {
		return problem
	}
	sum, _, err := checksum(f.FilePath())
	if err != nil {
		return unreadable(err)
	}
	if want := sumIn(f.FilePath()); want != "" && want != sum {
		return say("checksum-nya bukan yang disebut namanya", "does not have the checksum that its name says")
	}
	return nil
}
