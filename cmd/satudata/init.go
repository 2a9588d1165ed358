package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"satudata/ingest/durable"
)

// sample is the bundled workspace: contracts, bindings, deliveries with the defects of real ones, and queries.
//
//go:embed all:sample
var sample embed.FS

func (a *app) initCommand() *cobra.Command {
	var withSample bool
	c := &cobra.Command{
		Use:   "init DIR",
		Short: "Buat ruang kerja baru (make a workspace)",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := initWorkspace(args[0], withSample); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "Ruang kerja dibuat di %s (workspace made)\n", args[0])
			if withSample {
				fmt.Fprintf(a.stdout, "Coba (try):\n  satudata -C %[1]s ingest       # kode keluar 3: satu berkas contoh memang rusak (one sample file is broken on purpose)\n"+
					"  satudata -C %[1]s land --once\n  satudata -C %[1]s datasets\n", args[0])
			} else {
				fmt.Fprintf(a.stdout, "Taruh kontrak di %s dan binding di %s (put contracts and bindings there)\n",
					filepath.Join(args[0], "contracts"), filepath.Join(args[0], "bindings"))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&withSample, "sample", false, "dengan data contoh (with the bundled sample)")
	return c
}

// initWorkspace makes a workspace in dir, which must not be one already.
func initWorkspace(dir string, withSample bool) error {
	_, err := os.Stat(filepath.Join(dir, configFile))
	if err == nil {
		return usageError("%s sudah menjadi ruang kerja (is a workspace already)", dir)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, folder := range []string{"contracts", "bindings", "deliveries"} {
		if err := durable.MkdirAll(filepath.Join(dir, folder)); err != nil {
			return err
		}
	}
	if withSample {
		return copySample(dir)
	}
	cfg := defaultConfig()
	data, err := yaml.Marshal(map[string]any{"name": cfg.Name, "zone": cfg.Zone, "log": map[string]any{"kind": cfg.Log.Kind}, "sources": []string{}})
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, configFile), data)
}

// copySample lays the sample out in dir; satudata.yaml comes last, so a half-made folder is not a workspace.
func copySample(dir string) error {
	err := fs.WalkDir(sample, "sample", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == configFile {
			return err
		}
		return copySampleFile(dir, path)
	})
	if err != nil {
		return err
	}
	return copySampleFile(dir, "sample/"+configFile)
}

func copySampleFile(dir, path string) error {
	data, err := sample.ReadFile(path)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel("sample", filepath.FromSlash(path))
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, rel), data)
}
