package lake_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/transform/lake"
)

// loseCatalog removes the table catalog of a folder, as somebody may who takes it for a cache.
func loseCatalog(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "catalog.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
}

// landed is a folder with one commit in the history.
func landed(t *testing.T, dir string) {
	t.Helper()
	l := open(t, dir)
	ensure(t, l, single)
	rec := record(t, memory.DefaultAllocator, single, []any{int64(1)})
	defer rec.Release()
	files := write(t, l, "a", origin(deliveryID(1), 1), rec)
	if err := l.Commit(t.Context(), dataset, lake.History, files, lake.Advance{Batch: "a", To: 1}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLostCatalog loses the table catalog. No new tables are made beside the old ones, whose files
// would be leftovers then; what is wrong is found; and a salvage brings the old ones back.
func TestLostCatalog(t *testing.T) {
	dir := t.TempDir()
	landed(t, dir)
	loseCatalog(t, dir)
	l := open(t, dir)
	if err := l.Ensure(t.Context(), dataset, single, nil); !errors.Is(err, lake.ErrUnregistered) {
		t.Errorf("Ensure: %v, want ErrUnregistered", err)
	}
	for name, check := range map[string]func() ([]lake.Fault, error){
		"Check":     func() ([]lake.Fault, error) { return l.Check(t.Context(), dataset) },
		"CheckDeep": func() ([]lake.Fault, error) { return l.CheckDeep(t.Context(), dataset) },
	} {
		if faults, err := check(); err != nil || len(faults) != 1 {
			t.Errorf("%s: %v, %v, want one fault", name, faults, err)
		}
	}
	if names, err := l.Unregistered(t.Context()); err != nil || len(names) != 1 {
		t.Errorf("Unregistered: %v, %v, want the history", names, err)
	}
	s, err := l.Salvage(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.At.Offsets[0] != 1 {
		t.Errorf("salvaged up to %v, want 1", s.At.Offsets)
	}
	if err := s.Lake.Ensure(t.Context(), dataset, single, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Ensure(t.Context(), dataset, single, nil); err != nil {
		t.Errorf("Ensure after the salvage: %v", err)
	}
}

// TestUnfinishedEnsure loses the catalog of tables that were never committed to: there is nothing to
// lose, and they are made again.
func TestUnfinishedEnsure(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, single)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	loseCatalog(t, dir)
	l = open(t, dir)
	if _, err := l.Check(t.Context(), dataset); !errors.Is(err, lake.ErrNotFound) {
		t.Errorf("Check: %v, want ErrNotFound", err)
	}
	if names, err := l.Unregistered(t.Context()); err != nil || len(names) > 0 {
		t.Errorf("Unregistered: %v, %v, want none", names, err)
	}
	ensure(t, l, single)
}
