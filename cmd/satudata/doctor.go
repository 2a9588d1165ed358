package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"

	"satudata/ingest/event"
)

// errUnwell ends doctor when something is broken; what was already printed.
var errUnwell = errors.New("ada yang rusak; lihat di atas (something is broken, see above)")

// condition is how a symptom is.
type condition string

const (
	well    condition = "baik"
	warning condition = "peringatan"
	broken  condition = "gagal"
)

// symptom is what doctor found about one thing, and what to do about it.
type symptom struct {
	Check     string          `json:"pemeriksaan"`
	Condition condition       `json:"hasil"`
	Say       event.Sentence  `json:"keterangan"`
	Remedy    *event.Sentence `json:"tindakan,omitempty"`
}

// exam is one round of doctor over a workspace. What cannot be read is left out by the checks that
// need it, so that one fault does not hide the others.
type exam struct {
	w     *workspace // its configuration is the default where the file is broken
	found []symptom
}

func (x *exam) well(check, id, en string) {
	x.found = append(x.found, symptom{Check: check, Condition: well, Say: event.Sentence{ID: id, EN: en}})
}

// trouble notes a finding with its remedy, each in both languages.
func (x *exam) trouble(v condition, check, id, en, doID, doEN string) {
	x.found = append(x.found, symptom{Check: check, Condition: v, Say: event.Sentence{ID: id, EN: en}, Remedy: &event.Sentence{ID: doID, EN: doEN}})
}

func (a *app) doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "doctor", Short: "Periksa apakah ruang kerja sehat, dan apa yang harus dilakukan (is the workspace well, and what to do)",
		Long: `Memeriksa konfigurasi, kontrak dan binding, log, katalog, izin folder, ruang disk, jam, memori, dan versi; setiap
temuan disertai tindakan. Dapat dijalankan selagi satudata up bekerja. Keluar dengan kode 1 bila ada yang gagal.

(Checks configuration, contracts and bindings, the log, catalogs, permissions, disks, the clock, memory and
versions; every finding says what to do. Works while satudata up runs. Exits with 1 when something is broken.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			x, err := a.examine(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(a.stdout, x.found)
			} else {
				printFound(a.stdout, x.found)
			}
			for _, f := range x.found {
				if err == nil && f.Condition == broken {
					err = errUnwell
				}
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// examine looks at everything.
func (a *app) examine(ctx context.Context) (*exam, error) {
	environ := env.ToMap(os.Environ())
	if err := applySettings(environ, a.settings); err != nil {
		return nil, err
	}
	x := &exam{}
	if x.configuration(a.dir, environ) {
		x.zone()
		x.documents()
		x.sources()
	}
	if folderExists(x.w.dir) {
		x.folders()
		x.disks()
		x.log(ctx)
		x.projection(ctx)
		x.lake(ctx)
		x.dataFiles(ctx)
		x.tableFolders()
	}
	x.clock()
	x.limits()
	x.memory()
	x.listener(ctx)
	x.versions()
	return x, nil
}

func printFound(out io.Writer, found []symptom) {
	count := map[condition]int{}
	for _, f := range found {
		count[f.Condition]++
		fmt.Fprintf(out, "%-10s  %-9s  %s (%s)\n", f.Condition, f.Check, f.Say.ID, f.Say.EN)
		if f.Remedy != nil {
			fmt.Fprintf(out, "%23s→ %s (%s)\n", "", f.Remedy.ID, f.Remedy.EN)
		}
	}
	fmt.Fprintf(out, "%d baik, %d peringatan, %d gagal (well, warnings, broken)\n", count[well], count[warning], count[broken])
}
