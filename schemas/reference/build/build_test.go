package main

import (
	"os"
	"slices"
	"testing"

	"satudata/schemas/schemastest"

	"github.com/klauspost/compress/zstd"
)

// TestEmbedded: what is embedded is what this program makes of its sources.
func TestEmbedded(t *testing.T) {
	upper, lower, err := tables(schemastest.Real(t, "reference"))
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := os.ReadFile("../atas.tsv")
	if err != nil || string(embedded) != upper {
		t.Errorf("atas.tsv is not what the program makes: %v; run go generate", err)
	}
	packed, err := os.ReadFile("../bawah.tsv.zst")
	if err != nil {
		t.Fatal(err)
	}
	if len(packed) > 1<<20 {
		t.Errorf("bawah.tsv.zst has %d bytes", len(packed))
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	if text, err := dec.DecodeAll(packed, nil); err != nil || string(text) != lower {
		t.Errorf("bawah.tsv.zst is not what the program makes: %v; run go generate", err)
	}
}

// TestCompare goes through the evidence that relates two vintages, and what is no evidence.
func TestCompare(t *testing.T) {
	before := list{
		"91": "PAPUA", "91.01": "KAB. A", "91.02": "KAB. B",
		"91.01.01": "Satu", "91.01.01.2001": "Mawar", "91.01.01.2002": "Kireli", "91.01.01.2003": "Anggrek",
		"91.01.02": "Kobagma", "91.01.02.2001": "Padi", "91.01.02.2002": "Jagung", "91.01.02.2003": "Ubi",
		"91.02.01": "Lama", "91.02.01.2001": "Pindah", "91.02.01.2002": "Kembar", "91.02.01.2003": "Status", "91.02.01.2004": "Nama",
		"91.02.01.2005": "Tukar", "91.02.01.2006": "Ganti", "91.02.02": "Lain", "91.02.02.2001": "Kembar",
	}
	after := list{
		"91": "Papua", "91.02": "Kabupaten B", "93": "Papua Selatan", "93.01": "Kabupaten A",
		"93.01.01": "SATU", "93.01.01.2001": "Mawar", "93.01.01.2002": "Kir-ely", "93.01.01.2003": "Sama Sekali Lain",
		"93.01.05": "Kobakma", "93.01.05.2001": "Padi", "93.01.05.2002": "Jagung", "93.01.05.2009": "Ketela",
		"91.02.01": "Lama", "91.02.01.1001": "Status", "91.02.01.2009": "Nama Baru", "91.02.01.2005": "Ganti", "91.02.01.2006": "Tukar",
		"91.02.02": "Lain", "91.02.03": "Muda", "91.02.03.2001": "Pindah", "91.02.03.2002": "Kembar",
	}
	r := compare(before, after)
	for code, want := range map[string][]string{
		"91":            {"91", "93"},                       // its kabupaten moved
		"91.01":         {"93.01"},                          // by name
		"91.01.01":      {"93.01.01"},                       // by name under its parent
		"91.01.01.2001": {"93.01.01.2001"},                  // by name under its parent
		"91.01.01.2002": {"93.01.01.2002"},                  // by digits, two letters apart
		"91.01.01.2003": nil,                                // the same digits, but another name
		"91.01.02":      {"93.01.05"},                       // by its villages
		"91.02.01":      {"91.02.01", "91.02.03"},           // a village moved
		"91.02.01.2001": {"91.02.03.2001"},                  // the only one of its name in the kabupaten
		"91.02.01.2002": nil,                                // two of its name
		"91.02.01.2003": {"91.02.01.1001"},                  // desa to kelurahan
		"91.02.01.2004": nil,                                // name and code changed at once
		"91.02.01.2005": {"91.02.01.2005", "91.02.01.2006"}, // code and name went different ways
		"91.02.02":      nil,                                // simply itself
	} {
		if got := r.became[code]; !slices.Equal(got, want) {
			t.Errorf("%s %s became %v, want %v", code, before[code], got, want)
		}
	}
	if !r.unclear["91.02.01.2005"] || r.unclear["91.02.01.2001"] {
		t.Errorf("unclear: %v", r.unclear)
	}
}
