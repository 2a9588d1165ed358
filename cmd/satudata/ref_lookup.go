package main

import (
	"github.com/spf13/cobra"

	"satudata/schemas/reference"
)

func (a *app) refLookupCommand() *cobra.Command {
	var asJSON, children bool
	var system string
	c := &cobra.Command{
		Use: "lookup CODE --system SYSTEM@VINTAGE", Short: "Arti sebuah kode (what a code means)",
		Long: `Arti sebuah kode dalam sebuah sistem dan vintage. Tanpa --system perintah ini menolak, dan menyebut arti kode itu di setiap sistem.

(What a code means in a system and vintage. Without --system it refuses, and says what the code means in each system.)`,
		Example: "  satudata ref lookup 3171 --system bps@2023\n  satudata ref lookup 32 --system kemendagri@2025 --children",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := a.registry()
			if err != nil {
				return err
			}
			e, err := r.Find(system, args[0])
			if err != nil {
				return err
			}
			found := []reference.Entry{e}
			if children {
				if found, err = r.Children(system, e.Code); err != nil {
					return err
				}
			}
			return a.entries(found, asJSON)
		},
	}
	c.Flags().StringVar(&system, "system", "", "sistem dan vintage, misalnya bps@2023 (system and vintage)")
	c.Flags().BoolVar(&children, "children", false, "wilayah di bawahnya (the regions in it)")
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

func (a *app) refSearchCommand() *cobra.Command {
	var asJSON bool
	var system string
	var limit int
	c := &cobra.Command{
		Use: "search NAME", Short: "Cari kode dari nama wilayah (find codes by name)",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := a.registry()
			if err != nil {
				return err
			}
			found, err := r.Search(system, args[0])
			if err != nil {
				return err
			}
			if len(found) == 0 {
				return missing("tidak ada wilayah bernama %q di %s (no region of that name there)", args[0], system)
			}
			return a.entries(found[:min(len(found), max(limit, 0))], asJSON)
		},
	}
	c.Flags().StringVar(&system, "system", reference.Kemendagri, "sistem dan vintage (system and vintage)")
	c.Flags().IntVar(&limit, "limit", 20, "paling banyak sekian (at most so many)")
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

// entries prints codes.
func (a *app) entries(found []reference.Entry, asJSON bool) error {
	if asJSON {
		return writeJSON(a.stdout, append([]reference.Entry{}, found...))
	}
	return columns(a.stdout, "SISTEM|TINGKAT|KODE|NAMA|INDUK|SEJAK|SAMPAI", func(print func(...any)) {
		for _, e := range found {
			print(e.System, e.Level, e.Code, e.Name, e.Parent, e.First, e.Last)
		}
	})
}

// systemInfo is one line of `satudata ref systems`.
type systemInfo struct {
	System string         `json:"sistem"`
	Codes  map[string]int `json:"kode"` // level → how many
}

func (a *app) refSystemsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "systems", Short: "Sistem kode yang dikenal (the code systems that are known)",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			r, err := a.registry()
			if err != nil {
				return err
			}
			var infos []systemInfo
			for _, system := range r.Systems() {
				info := systemInfo{system, map[string]int{}}
				for _, level := range append(reference.Levels(), "") {
					entries, err := r.Level(system, level)
					if err != nil {
						return err
					}
					if len(entries) > 0 {
						info.Codes[level] = len(entries)
					}
				}
				infos = append(infos, info)
			}
			if asJSON {
				return writeJSON(a.stdout, infos)
			}
			return columns(a.stdout, "SISTEM|PROVINSI|KABUPATEN/KOTA|KECAMATAN|DESA/KELURAHAN|LAIN", func(print func(...any)) {
				for _, i := range infos {
					cells := []any{i.System}
					for _, level := range append(reference.Levels(), "") {
						cells = append(cells, number(int64(i.Codes[level])))
					}
					print(cells...)
				}
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}
