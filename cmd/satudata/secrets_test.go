package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const personContract = `apiVersion: v3.1.0
kind: DataContract
id: sosial.penerima
name: Penerima bantuan
version: 1.0.0
status: active
domain: sosial
description: {purpose: Rekaman uji dengan data pribadi}
customProperties:
  - {property: produsenData, value: dinsos}
  - {property: kelasAkses, value: internal}
  - {property: dasarHukum, value: data uji}
  - {property: jadwalPemutakhiran, value: harian}
  - {property: modePengiriman, value: delta}
schema:
  - name: penerima
    physicalType: table
    logicalType: object
    properties:
      - name: nik
        logicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        description: NIK
        customProperties: [{property: elemen, value: nik}]
      - {name: nama, logicalType: string, required: true, description: Nama, classification: pribadi_umum, logicalTypeOptions: {maxLength: 20}}
      - {name: penghasilan, logicalType: integer, description: Penghasilan, classification: pribadi_spesifik}
`

const personBinding = `apiVersion: satudata/v1
kind: Binding
id: dinsos.penerima
version: 1.0.0
dataset: sosial.penerima
contract: 1.0.0
opd: dinsos
title: Penerima bantuan
format: {type: ndjson}
columns:
  - {to: nik, from: nik}
  - {to: nama, from: nama}
  - {to: penghasilan, from: penghasilan}
`

// TestNoPersonalData: rows about persons land, are rejected and held up while everything is told that
// can be: debug logs, metrics, health, traces. Nothing of what stands in the rows is in any of it.
func TestNoPersonalData(t *testing.T) {
	r := receive(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, configFile), "log: {kind: embedded}\nops: {minFree: 1MB}\nlogging: {level: debug, format: json}\nsources: [{binding: dinsos.penerima, paths: [data]}]\n")
	writeFile(t, filepath.Join(dir, "contracts", "penerima.yaml"), personContract)
	writeFile(t, filepath.Join(dir, "bindings", "penerima.yaml"), personBinding)
	secrets := []string{"3273014107900001", "3273012902960003", "3273014107900077", "Siti Rahmawati", "Budi Hartono", "Kusumawardhani",
		"73510042", "delapan puluh satu", "3273019999999999", "32730141079", "Zubaidah"}
	rows := []string{
		`{"nik":"3273014107900001","nama":"Siti Rahmawati","penghasilan":"73510042"}`,
		`{"nik":"3273012902960003","nama":"Budi Hartono","penghasilan":"1"}`,
		`{"nik":"3273014107900001","nama":"Budi Hartono","penghasilan":"2"}`,                         // the key again
		`{"nik":"3273019999999999","nama":"Zubaidah","penghasilan":"3"}`,                             // no NIK
		`{"nik":"32730141079","nama":"Zubaidah","penghasilan":"4"}`,                                  // too short
		`{"nik":"3273014107900077","nama":"Raden Ajeng Kusumawardhani binti X","penghasilan":"5"}`,   // too long
		`{"nik":"3273014107900077","nama":"Zubaidah","penghasilan":"delapan puluh satu"}`,            // no number
		`{"nik":"3273014107900077","nama":"Zubaidah","penghasilan":["delapan puluh satu"],"lain":1}`, // a list
		`{"nik":"3273014107900077","nama":"Zubaidah`,                                                 // cut off
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	obstacle := filepath.Join(dir, "lake", "publik", "sosial")
	writeFile(t, obstacle, "x")
	up := startUp(t, dir)
	writeFile(t, filepath.Join(dir, "tunggu"), strings.Join(rows, "\n")+"\n")
	if err := os.Rename(filepath.Join(dir, "tunggu"), filepath.Join(dir, "data", "a.ndjson")); err != nil {
		t.Fatal(err)
	}
	up.ready("landing", false)
	_, told := up.get("/readyz")
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	up.await("the publication", func() bool {
		return up.metric(`satudata_deliveries{dataset="sosial.penerima",status="published"}`) == 1
	})
	if n := up.metric(`satudata_rows_total{dataset="sosial.penerima",verdict="rejected"}`); n < 6 {
		t.Errorf("only %v rows were rejected", n)
	}
	for _, path := range []string{"/metrics", "/readyz", "/healthz"} {
		_, body := up.get(path)
		told += body
	}
	told += must(t, "-C", dir, "top", "--once", "--every", "100ms") + must(t, "-C", dir, "doctor")
	up.stop()
	told += up.stdout.String() + up.stderr.String()
	r.mu.Lock()
	told += r.raw.String()
	r.mu.Unlock()
	for _, must := range []string{`"level":"DEBUG"`, `"msg":"batch landed"`, "satudata_reject_reasons_total", "busy_seconds"} {
		if !strings.Contains(told, must) {
			t.Errorf("%s is not told, so the search proves little", must)
		}
	}
	for _, s := range secrets {
		if i := strings.Index(told, s); i >= 0 {
			t.Errorf("%q is told: …%s…", s, told[max(0, i-150):min(len(told), i+100)])
		}
	}
	// What is searched for is there to be found: the tables have it.
	if n := ask[struct{ N int64 }](t, dir, fmt.Sprintf("SELECT count(*) AS N FROM sosial.penerima_riwayat WHERE nama = '%s'", "Siti Rahmawati")).N; n != 1 {
		t.Errorf("%d rows of her, want 1", n)
	}
}
