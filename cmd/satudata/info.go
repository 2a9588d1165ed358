package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker for releases.
var version = "0.1.0"

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "Versi program dan pustakanya (version of the program and its libraries)", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versions()
			if asJSON {
				return writeJSON(a.stdout, v)
			}
			fmt.Fprintf(a.stdout, "satudata %s (%s, %s/%s)\n", v.Satudata, v.Go, runtime.GOOS, runtime.GOARCH)
			for _, m := range v.Modules {
				fmt.Fprintf(a.stdout, "  %-40s %s\n", m.Path, m.Version)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

type moduleVersion struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

type versionInfo struct {
	Satudata string          `json:"satudata"`
	Go       string          `json:"go"`
	Modules  []moduleVersion `json:"modules"`
}

// versions names the libraries that decide what is stored and how it is read.
func versions() versionInfo {
	v := versionInfo{Satudata: version, Go: runtime.Version()}
	decisive := map[string]bool{
		"github.com/apache/arrow-go/v18": true, "github.com/apache/iceberg-go": true, "github.com/duckdb/duckdb-go/v2": true,
		"github.com/parquet-go/parquet-go": true, "github.com/segmentio/kafka-go": true, "go.etcd.io/bbolt": true,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if decisive[m.Path] {
				v.Modules = append(v.Modules, moduleVersion{m.Path, m.Version})
			}
		}
	}
	return v
}

func (a *app) configCommand() *cobra.Command {
	return &cobra.Command{
		Use: "config", Short: "Konfigurasi yang berlaku, rahasia disamarkan (what is in force, secrets masked)", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			fmt.Fprint(a.stdout, w.cfg)
			return nil
		},
	}
}
