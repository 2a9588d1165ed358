package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"satudata/ingest/durable"
	"satudata/ingest/eventlog"
	"satudata/transform/pipeline"
)

func (a *app) replayCommand() *cobra.Command {
	var into, until string
	var partitions, workers int
	c := &cobra.Command{
		Use: "replay --into DIR", Short: "Bangun ulang semua tabel dari log ke ruang kerja baru (rebuild every table from the log in a new workspace)",
		Long: `Membuat ruang kerja baru yang berdiri sendiri: menyalin fakta dan rekaman dari log, lalu mendaratkannya. Keputusan
yang tercatat dipakai, bukan diambil ulang; yang belum diputuskan tetap belum. Dengan --until hanya yang masuk log sebelum
waktu itu: ruang kerja seperti pada waktu itu, juga kiriman yang saat itu sedang dibaca. Bandingkan dengan satudata verify --same.

(Makes a new workspace of its own: copies facts and records of the log and lands them. Recorded decisions are used, not
taken anew; what was undecided stays so. With --until only what the log took before that time: the workspace as it was, also
a delivery that was being read then. The log may be Kafka; the new one is embedded. Compare with satudata verify --same.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if into == "" {
				return usageError("--into DIR perlu disebut (is needed)")
			}
			if partitions < 0 || workers < 1 {
				return usageError("--partitions dan --workers paling sedikit 1 (at least 1)")
			}
			w, err := a.workspace()
			if err != nil {
				return err
			}
			asOf, err := parseAsOf(until, w.zone)
			if err != nil || asOf.Snapshot != 0 {
				return usageError("--until %q: tulis 2026-01-31, \"2026-01-31 15:04\" atau 2026-01-31T15:04:05+07:00 (write a date or a time)", until)
			}
			return a.replay(c.Context(), w, into, workers, eventlog.Extraction{Until: asOf.Time, Partitions: partitions})
		},
	}
	c.Flags().StringVar(&into, "into", "", "folder baru untuk ruang kerja (new folder for the workspace)")
	c.Flags().StringVar(&until, "until", "", "hanya yang masuk log sebelum waktu ini (only what the log took before this time)")
	c.Flags().IntVar(&partitions, "partitions", 0, "partisi setiap topik; 0 sama dengan asalnya (of every topic; 0: as in the source)")
	c.Flags().IntVar(&workers, "workers", 1, "pekerja yang mendaratkan bersama (workers that land together)")
	return c
}

// replay makes a workspace in a folder from the log of w.
func (a *app) replay(ctx context.Context, w *workspace, into string, workers int, x eventlog.Extraction) (err error) {
	src, err := w.openLog(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if err := whole(ctx, src, "log", w.projected(ctx)); err != nil {
		return err
	}
	return w.standalone(into, func(to *workspace) (err error) {
		if x.Partitions > 0 {
			to.cfg.Log.Partitions = x.Partitions
		}
		log, err := to.openLog(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, log.Close()) }()
		x.Progress = func(topic string, n int64) {
			fmt.Fprintf(a.stdout, "%s: %s pesan disalin (messages copied)\n", topic, number(n))
		}
		if err := eventlog.Extract(ctx, log.(eventlog.Importer), src, x); err != nil {
			return err
		}
		return a.rebuild(ctx, w, to, log, workers)
	})
}

// rebuild lands the log of a new workspace and ends its making: without satudata.yaml a folder is no
// workspace, so one that was not made to the end is none. A dataset that cannot be landed there
// cannot be landed in the old one either; it is told, and the others are whole.
func (a *app) rebuild(ctx context.Context, w, to *workspace, log eventlog.Log, workers int) error {
	return to.withTables(ctx, log, func(p parts) error {
		sum := &landings{commits: io.Discard, deliveries: io.Discard}
		o, err := to.landing(p, sum)
		if err != nil {
			return err
		}
		held := pipeline.Rebuild(ctx, o, workers)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fmt.Fprintln(a.stdout, sum)
		if err := to.finish(w); err != nil {
			return err
		}
		if held != nil {
			return held
		}
		r, err := verify(ctx, p)
		if err != nil {
			return err
		}
		if !r.OK() {
			return errors.Join(printReport(a.stdout, r), errUnproven)
		}
		fmt.Fprintf(a.stdout, "%s: %d kiriman, semuanya cocok (all deliveries add up)\n", to.dir, len(r.Accounts))
		return nil
	})
}

// standalone makes a new workspace in a folder that is empty or not there, with the configuration of w,
// an embedded log, and tables registered in its own folder: a database that w has for them is of w
// alone. fill puts the rest there and ends with finish; what was not finished is removed.
func (w *workspace) standalone(dir string, fill func(to *workspace) error) (err error) {
	if err := mustBeEmpty(dir); err != nil {
		return err
	}
	to := *w
	if to.dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	to.cfg.Log.Kind, to.cfg.Lake.Catalog = "embedded", defaultConfig().Lake.Catalog
	_, err = os.Stat(to.dir)
	there := err == nil
	defer func() {
		if _, serr := os.Stat(to.path(configFile)); err != nil && errors.Is(serr, fs.ErrNotExist) {
			err = errors.Join(err, removeFrom(to.dir, there))
		}
	}()
	for _, folder := range []string{"contracts", "bindings", "deliveries"} {
		if err := durable.MkdirAll(to.path(folder)); err != nil {
			return err
		}
	}
	return fill(&to)
}

// mustBeEmpty makes sure that nothing is in a folder that will be a workspace.
func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unreadable(err)
	}
	if len(entries) > 0 {
		return usageError("%s tidak kosong; sebut folder baru, atau hapus dulu yang belum selesai (is not empty: name a new folder, or remove one that was not made to the end)", dir)
	}
	return nil
}

// removeFrom removes what is in a folder, and the folder unless it is to stay.
func removeFrom(dir string, stay bool) error {
	if !stay {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// copyDocuments copies the files of a folder, which may be missing.
func copyDocuments(to, from string) error {
	err := fs.WalkDir(os.DirFS(from), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		return durable.WriteFile(filepath.Join(to, name), text)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// finish gives a workspace the documents and the satudata.yaml of another. The documents are read after
// the log was copied: one that is newer than the facts is proposed as always, one that is older would
// be an old version.
func (w *workspace) finish(from *workspace) error {
	for _, folder := range []string{"contracts", "bindings"} {
		if err := copyDocuments(w.path(folder), from.path(folder)); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(from.path(configFile))
	if err != nil {
		return err
	}
	if text, err = ownStores(text, w.cfg.Log); err != nil {
		return fmt.Errorf("rewrite %s: %w", configFile, err)
	}
	return durable.WriteFile(w.path(configFile), text)
}

// ownStores makes a satudata.yaml say that the log is embedded and that the tables are registered in the
// folder, and leaves the rest as it is written.
func ownStores(text []byte, log LogConfig) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	var section yaml.Node
	err := section.Encode(map[string]any{"kind": "embedded", "partitions": log.Partitions, "chunkBytes": log.ChunkBytes})
	if err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return yaml.Marshal(map[string]any{"log": &section})
	}
	root := doc.Content[0]
	if at := keyOf(root, "log"); at >= 0 {
		root.Content[at+1] = &section
	} else {
		root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "log"}, &section)
	}
	if at := keyOf(root, "lake"); at >= 0 {
		lake := root.Content[at+1]
		if at := keyOf(lake, "catalog"); at >= 0 {
			lake.Content = slices.Delete(lake.Content, at, at+2)
		}
	}
	return yaml.Marshal(&doc)
}

// keyOf is where a mapping has a key, -1 where it has not.
func keyOf(mapping *yaml.Node, key string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}
