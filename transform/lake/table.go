package lake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"satudata/schemas"
)

// Kind is one of the three tables of a dataset.
type Kind int

// The tables of a dataset.
const (
	Current  Kind = iota + 1 // state now, one row per key
	History                  // every accepted row, append-only
	Rejected                 // records that were rejected or set aside
)

// String is the word for k in messages.
func (k Kind) String() string {
	switch k {
	case Current:
		return "current"
	case History:
		return "history"
	case Rejected:
		return "rejected"
	}
	return "unknown"
}

// suffix is what a table's name adds to the dataset's.
func (k Kind) suffix() string {
	switch k {
	case History:
		return "_riwayat"
	case Rejected:
		return "_ditolak"
	}
	return ""
}

// class is the access class of a table, its folder under the warehouse and the first level of its
// namespace. Rejected records hold whatever an OPD sent, so they are never public.
func (k Kind) class() string {
	if k == Rejected {
		return "internal"
	}
	return "publik"
}

var datasetName = regexp.MustCompile(`^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$`)

// split takes a dataset name apart: "bencana.kejadian_banjir" is the name kejadian_banjir in the
// topic bencana. A name that ends like the tables beside a dataset would be one of those.
func split(dataset string) (topic, name string, err error) {
	m := datasetName.FindStringSubmatch(dataset)
	if m == nil || strings.HasSuffix(m[2], History.suffix()) || strings.HasSuffix(m[2], Rejected.suffix()) {
		return "", "", fmt.Errorf("%w: %q", ErrDataset, dataset)
	}
	return m[1], m[2], nil
}

// place is where a table is: its identifier in the catalog and its folder.
type place struct {
	ident  table.Identifier
	folder string
}

func (l *Lake) place(dataset string, k Kind) (place, error) {
	topic, name, err := split(dataset)
	if err != nil {
		return place{}, err
	}
	name += k.suffix()
	return place{
		ident:  table.Identifier{k.class(), topic, name},
		folder: filepath.Join(l.dir, k.class(), topic, name),
	}, nil
}

// cached is a table as it was at a metadata location, with the manifests it lists decoded. Both are
// immutable files, so they are read once.
type cached struct {
	table     *table.Table
	manifests map[string][]iceberg.DataFile
}

// load returns the newest committed version of a table: one look-up in the catalog, and a read of metadata
// only when it changed.
func (l *Lake) load(ctx context.Context, dataset string, k Kind) (*table.Table, error) {
	p, err := l.place(dataset, k)
	if err != nil {
		return nil, err
	}
	location, err := l.location(ctx, p.ident)
	if err != nil {
		return nil, fmt.Errorf("look up %s table of %s: %w", k, dataset, err)
	}
	key := strings.Join(p.ident, ".")
	l.mu.Lock()
	c := l.tables[key]
	l.mu.Unlock()
	var t *table.Table
	if c != nil && c.table.MetadataLocation() == location {
		t = c.table
	} else if t, err = table.NewFromLocation(ctx, p.ident, location, localFiles, l.catalog); err != nil {
		return nil, fmt.Errorf("read %s table of %s: %w", k, dataset, err)
	}
	switch {
	case ofFuture(t.Metadata()):
		now, err := present(t.Metadata())
		if err != nil {
			return nil, fmt.Errorf("times of %s table of %s: %w", k, dataset, err)
		}
		t = table.New(p.ident, now, location, localFiles, l.catalog)
	case c != nil && t == c.table:
		return t, nil
	}
	return l.remember(t), nil
}

// remember keeps a version of a table for load, and returns it with the catalog that replaces that
// version and no other.
func (l *Lake) remember(t *table.Table) *table.Table {
	t = table.New(t.Identifier(), t.Metadata(), t.MetadataLocation(), localFiles,
		base{CatalogIO: l.catalog, rows: l.rows, meta: t.Metadata(), location: t.MetadataLocation()})
	key := strings.Join(t.Identifier(), ".")
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &cached{table: t}
	if old := l.tables[key]; old != nil {
		c.manifests = old.manifests
	}
	l.tables[key] = c
	return t
}

// dataFiles lists the data files of a snapshot, nil for none. There are never delete files.
func (l *Lake) dataFiles(t *table.Table, s *table.Snapshot) ([]iceberg.DataFile, error) {
	if s == nil {
		return nil, nil
	}
	key := strings.Join(t.Identifier(), ".")
	l.mu.Lock()
	var known map[string][]iceberg.DataFile
	if c := l.tables[key]; c != nil {
		known = c.manifests
	}
	l.mu.Unlock()

	list, err := s.Manifests(files{})
	if err != nil {
		return nil, fmt.Errorf("list manifests of %s: %w", key, err)
	}
	var all []iceberg.DataFile
	manifests := make(map[string][]iceberg.DataFile, len(list))
	for _, m := range list {
		entries, ok := known[m.FilePath()]
		if !ok {
			if entries, err = readManifest(m); err != nil {
				return nil, fmt.Errorf("read manifest of %s: %w", key, err)
			}
		}
		manifests[m.FilePath()] = entries
		all = append(all, entries...)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.tables[key]; c != nil && s == t.CurrentSnapshot() {
		c.manifests = manifests
	}
	return all, nil
}

func readManifest(m iceberg.ManifestFile) ([]iceberg.DataFile, error) {
	if m.ManifestContent() != iceberg.ManifestContentData {
		return nil, fmt.Errorf("%s lists delete files, which satudata never writes", m.FilePath())
	}
	var data []iceberg.DataFile
	for e, err := range m.Entries(files{}, true) {
		if err != nil {
			return nil, err
		}
		data = append(data, e.DataFile())
	}
	return data, nil
}

// Datasets lists the datasets that have tables, in order of their names.
func (l *Lake) Datasets(ctx context.Context) ([]string, error) {
	all, err := l.rows.list(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range all {
		topic, ok := strings.CutPrefix(e.space, Current.class()+".")
		dataset := topic + "." + e.name
		if _, _, err := split(dataset); ok && err == nil {
			names = append(names, dataset)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Properties of satudata's tables. The stored forms only grow.
const (
	propDataset   = "satudata.dataset"
	propKey       = "satudata.key"       // field ids of the key, comma-separated
	propPositions = "satudata.positions" // JSON {"0": next offset}
	propStreams   = "satudata.streams"   // JSON {stream: last number}
	propBatches   = "satudata.batches"   // JSON {"0": last batch}
)

// Ensure makes the three tables of a dataset, or follows its contract to a new version: columns are
// added, renamed (Field.RenamedFrom), reordered, and decimals widened. Any other change is
// ErrIncompatible. The columns of an earlier version change nothing: rows of both may land by turns.
// key holds indexes into fields. It is durable on return and may be called by
// several processes at once.
func (l *Lake) Ensure(ctx context.Context, dataset string, fields []schemas.Field, key []int) error {
	if err := checkFields(fields, key); err != nil {
		return fmt.Errorf("ensure tables of %s: %w", dataset, err)
	}
	for _, k := range []Kind{Rejected, History, Current} {
		p, err := l.place(dataset, k)
		if err != nil {
			return err
		}
		if err := l.ensure(ctx, dataset, k, p, fields, key); err != nil {
			return fmt.Errorf("ensure %s table of %s: %w", k, dataset, err)
		}
	}
	return nil
}

// ensure makes or evolves one table; a concurrent change of the same table makes it look again.
func (l *Lake) ensure(ctx context.Context, dataset string, k Kind, p place, fields []schemas.Field, key []int) error {
	for attempt := 0; ; attempt++ {
		t, err := l.load(ctx, dataset, k)
		if errors.Is(err, ErrNotFound) {
			err = l.create(ctx, dataset, k, p, fields, key)
			if err == nil || errors.Is(err, catalog.ErrTableAlreadyExists) {
				t, err = l.load(ctx, dataset, k)
			}
		}
		if err == nil && k != Rejected {
			err = l.evolve(ctx, t, fields, key)
		}
		if err == nil || errors.Is(err, ErrIncompatible) || errors.Is(err, ErrUnreachable) || attempt == 4 {
			return err
		}
		now, lerr := l.load(ctx, dataset, k)
		if lerr != nil || t == nil || now.MetadataLocation() == t.MetadataLocation() {
			return err // nobody else changed the table, so trying again would fail alike
		}
		if werr := pause(ctx, attempt); werr != nil {
			return errors.Join(err, werr)
		}
	}
}

func (l *Lake) create(ctx context.Context, dataset string, k Kind, p place, fields []schemas.Field, key []int) error {
	props := iceberg.Properties{
		table.PropertyFormatVersion:               "2",
		table.MetadataDeleteAfterCommitEnabledKey: "true",
		table.MetadataPreviousVersionsMaxKey:      "20",
		table.ManifestMergeEnabledKey:             "true",
		table.ManifestMinMergeCountKey:            "64",
		table.ParquetCompressionKey:               "zstd",
		propDataset:                               dataset,
		propKey:                                   keyProperty(key, func(i int) int { return i + 1 }),
	}
	err := l.createTable(ctx, p, func(location string) (table.Metadata, error) {
		if k == Current {
			return reserved(columnsOf(History, fields), location, props)
		}
		return table.NewMetadata(icebergSchema(columnsOf(k, fields)), iceberg.UnpartitionedSpec, table.UnsortedSortOrder, location, props)
	})
	if err == nil {
		l.log.Info("table created", "table", strings.Join(p.ident, "."))
	}
	return err
}
