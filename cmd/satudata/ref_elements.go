package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"satudata/schemas"
)

// elementInfo is a shared element as `satudata ref elements` prints it.
type elementInfo struct {
	ID              string            `json:"id"`
	Name            string            `json:"nama"`
	Definition      string            `json:"definisi"`
	Source          string            `json:"sumber,omitempty"`
	Type            string            `json:"jenis"`
	Class           string            `json:"klasifikasi"`
	Unit            string            `json:"satuan,omitempty"`
	Additive        *bool             `json:"aditif,omitempty"`
	Reading         string            `json:"caraBaca,omitempty"`
	Region          string            `json:"wilayah,omitempty"`
	Minimum         *float64          `json:"minimum,omitempty"`
	Maximum         *float64          `json:"maksimum,omitempty"`
	MinLength       *int              `json:"panjangMinimum,omitempty"`
	MaxLength       *int              `json:"panjangMaksimum,omitempty"`
	Pattern         string            `json:"pola,omitempty"`
	Allowed         []string          `json:"nilai,omitempty"`
	Codes           []elementCode     `json:"kode,omitempty"`
	Synonyms        map[string]string `json:"padanan,omitempty"`
	Examples        []string          `json:"contoh,omitempty"`
	Counterexamples []string          `json:"ditolak,omitempty"`
}

type elementCode struct {
	Code string `json:"kode"`
	Name string `json:"nama"`
}

func (a *app) refElementsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "elements [ID]", Short: "Elemen bersama; dengan ID semua isinya (shared elements; everything about one)",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				e, ok := schemas.FindElement(args[0])
				if !ok {
					return missing("elemen %q tidak dikenal; daftarnya: satudata ref elements (unknown element)", args[0])
				}
				if asJSON {
					return writeJSON(a.stdout, describeElement(e))
				}
				return printElement(a.stdout, describeElement(e))
			}
			var all []elementInfo
			for _, e := range schemas.Elements() {
				all = append(all, describeElement(e))
			}
			if asJSON {
				return writeJSON(a.stdout, all)
			}
			return columns(a.stdout, "ID|NAMA|JENIS|KLASIFIKASI|SATUAN", func(print func(...any)) {
				for _, e := range all {
					print(e.ID, e.Name, e.Type, e.Class, e.Unit)
				}
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "sebagai JSON")
	return c
}

func describeElement(e schemas.Element) elementInfo {
	info := elementInfo{
		ID: e.ID, Name: e.Name, Definition: e.Definition, Source: e.Source, Type: e.Type.String(), Class: e.Class, Unit: e.Unit,
		Additive: e.Additive, Reading: string(e.Reading), Region: e.Region,
		Minimum: e.Check.Min, Maximum: e.Check.Max, MinLength: e.Check.MinLength, MaxLength: e.Check.MaxLength,
		Pattern: e.Check.Pattern, Allowed: e.Check.Allowed,
		Synonyms: e.Synonyms, Examples: e.Examples, Counterexamples: e.Counterexamples,
	}
	for _, c := range e.Codes {
		info.Codes = append(info.Codes, elementCode{c.Code, c.Name})
	}
	if info.Codes != nil {
		info.Allowed = nil // the codes say it
	}
	return info
}

// printElement prints what a steward wants to know of an element; what it does not have is left out.
func printElement(w io.Writer, e elementInfo) error {
	return columns(w, e.ID+"|"+e.Name, func(print func(...any)) {
		line := func(name, text string) {
			if text != "" {
				print(name, text)
			}
		}
		line("definisi", e.Definition)
		line("sumber", e.Source)
		line("jenis", e.Type)
		line("klasifikasi", e.Class)
		line("satuan", e.Unit)
		if e.Additive != nil {
			line("aditif", map[bool]string{true: "ya", false: "tidak"}[*e.Additive])
		}
		line("cara baca", e.Reading)
		line("wilayah", e.Region)
		line("batas", limits(e.Minimum, e.Maximum))
		line("panjang", lengths(e.MinLength, e.MaxLength))
		line("pola", e.Pattern)
		line("nilai", strings.Join(e.Allowed, ", "))
		for _, c := range e.Codes {
			line("kode "+c.Code, c.Name)
		}
		for _, value := range slices.Sorted(maps.Keys(grouped(e.Synonyms))) {
			line("padanan "+value, strings.Join(grouped(e.Synonyms)[value], ", "))
		}
		line("contoh", strings.Join(e.Examples, " | "))
		line("ditolak", strings.Join(e.Counterexamples, " | "))
	})
}

// grouped is value → the texts that lead to it, sorted.
func grouped(synonyms map[string]string) map[string][]string {
	out := map[string][]string{}
	for _, text := range slices.Sorted(maps.Keys(synonyms)) {
		if value := synonyms[text]; schemas.Fold(value) != text {
			out[value] = append(out[value], text)
		}
	}
	return out
}

func limits(least, most *float64) string {
	number := func(f *float64) string { return strconv.FormatFloat(*f, 'f', -1, 64) }
	switch {
	case least != nil && most != nil:
		return number(least) + " … " + number(most)
	case least != nil:
		return ">= " + number(least)
	case most != nil:
		return "<= " + number(most)
	}
	return ""
}

func lengths(least, most *int) string {
	switch {
	case least != nil && most != nil:
		return fmt.Sprintf("%d … %d huruf (letters)", *least, *most)
	case least != nil:
		return fmt.Sprintf(">= %d huruf (letters)", *least)
	case most != nil:
		return fmt.Sprintf("<= %d huruf (letters)", *most)
	}
	return ""
}
