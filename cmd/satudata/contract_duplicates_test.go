package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satudata/catalog/overlap"
	"satudata/schemas"
)

const secondFloods = `apiVersion: v3.1.0
kind: DataContract
id: lingkungan.genangan
name: Rekap genangan kabupaten/kota
version: 1.0.0
status: active
domain: lingkungan
description: {purpose: Pemantauan drainase.}
customProperties:
  - {property: produsenData, value: dlh}
  - {property: kelasAkses, value: publik}
  - {property: jadwalPemutakhiran, value: tahunan}
  - {property: bidangUrusan, value: "2.11"}
  - {property: konsep, value: Genangan}
  - {property: definisi, value: Genangan air di permukiman.}
  - {property: klasifikasi, value: Wilayah administratif}
  - {property: ukuran, value: Jumlah}
  - {property: satuan, value: kejadian}
schema:
  - name: genangan
    physicalType: table
    logicalType: object
    properties:
      - name: kabupaten_kota
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]
      - name: tahun
        required: true
        primaryKey: true
        primaryKeyPosition: 2
        customProperties: [{property: elemen, value: waktu.tahun}]
      - name: frekuensi
        description: Frekuensi genangan.
        logicalType: integer
`

const secondBinding = `apiVersion: satudata/v1
kind: Binding
id: dlh.genangan
version: 1.0.0
title: Rekap genangan
dataset: lingkungan.genangan
contract: 1.0.0
format: {type: csv}
codeSystem: kemendagri@2025
columns:
  - {to: kabupaten_kota, from: kode}
  - {to: tahun, from: tahun}
  - {to: frekuensi, from: frekuensi}
`

// TestDuplicates: another OPD collects the same figures under other words. Names do not tell; values do.
func TestDuplicates(t *testing.T) {
	dir := sampleDir(t)
	write := func(path, text string) string {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("contracts/lingkungan.genangan.yaml", secondFloods)
	write("bindings/dlh.genangan.yaml", secondBinding)
	file := write("genangan.csv", must(t, "-C", dir, "query", "--format", "csv",
		"SELECT kemendagri_kode_kabupaten_kota AS kode, tahun, jumlah_kejadian AS frekuensi FROM bencana.kejadian_banjir WHERE jumlah_kejadian IS NOT NULL"))
	must(t, "-C", dir, "ingest", "--binding", "dlh.genangan", file)
	must(t, "-C", dir, "land", "--once")

	var pairs []overlap.Pair
	out := must(t, "-C", dir, "contract", "duplicates", "--json")
	if err := json.Unmarshal([]byte(out), &pairs); err != nil || len(pairs) == 0 {
		t.Fatalf("%v\n%s", err, out)
	}
	p := pairs[0]
	if p.Kind != overlap.Columns || p.A != "bencana.kejadian_banjir.jumlah_kejadian" || p.B != "lingkungan.genangan.frekuensi" {
		t.Errorf("first pair %+v", p)
	}
	found := false
	for _, part := range p.Parts {
		found = found || part.Name == "isi" && part.Value == 1
	}
	if !found {
		t.Errorf("no overlap of values: %+v", p.Parts)
	}

	proposed := write("usulan.yaml", strings.NewReplacer("lingkungan.genangan", "lingkungan.banjir_baru", "Rekap genangan", "Kejadian banjir", "name: genangan", "name: banjir_baru").Replace(secondFloods))
	if out := must(t, "-C", dir, "contract", "duplicates", "--new", proposed); !strings.Contains(out, "lingkungan.banjir_baru") || !strings.Contains(out, "elemen") && !strings.Contains(out, "kunci sama") {
		t.Errorf("proposed: %s", out)
	}
	must(t, "-C", dir, "org", "add", "dlh", "--name", "Dinas Lingkungan Hidup")
	must(t, "-C", dir, "app", "add", "sigenang", "--name", "Kejadian banjir", "--opd", "dlh")
	must(t, "-C", dir, "app", "add", "lama", "--name", "Kejadian banjir", "--opd", "dlh")
	must(t, "-C", dir, "app", "retire", "lama", "--reason", "diganti")
	if out := must(t, "-C", dir, "contract", "duplicates", "--new", proposed); !strings.Contains(out, "lingkungan.banjir_baru (dlh) ~ sigenang (dlh)") || strings.Contains(out, "~ lama") {
		t.Errorf("want the application in use that may collect it already, and not the retired one:\n%s", out)
	}
	if r := satudata(t, "-C", dir, "contract", "duplicates", "--new", filepath.Join(dir, "tidak_ada.yaml")); r.code != exitUsage {
		t.Errorf("no such file: %+v", r)
	}
}

// TestUnwrittenIsNoWord: what infer leaves to be written is no word that two datasets have in common.
func TestUnwrittenIsNoWord(t *testing.T) {
	text := strings.Replace(readFile(t, "sample/contracts/bencana.kejadian_banjir.yaml"), "purpose: ", "purpose: Tujuan "+schemas.ToWrite+" ", 1)
	c, err := schemas.ParseContract("k.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c.Properties[0].Definition = "Kolom \"a\" di berkas. Definisi " + schemas.ToWrite
	if d := describeOverlap(c); strings.Contains(d.Definition, "dilengkapi") || d.Columns[0].Definition != "" || d.Columns[1].Definition == "" {
		t.Errorf("compared by %q, %q, %q", d.Definition, d.Columns[0].Definition, d.Columns[1].Definition)
	}
}
