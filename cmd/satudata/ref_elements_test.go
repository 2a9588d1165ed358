package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRefElements(t *testing.T) {
	list := must(t, "ref", "elements")
	for _, want := range []string{"ID ", "nik ", "pribadi_umum", "kbli.2025.kategori", "wilayah.kabupaten_kota"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list lacks %q:\n%s", want, list)
		}
	}
	one := must(t, "ref", "elements", "orang.disabilitas")
	for _, want := range []string{"pribadi_spesifik", "UU 27/2022", "kode SENSORIK", "padanan SENSORIK", "netra", "Cacat"} {
		if !strings.Contains(one, want) {
			t.Errorf("orang.disabilitas lacks %q:\n%s", want, one)
		}
	}
	var all []elementInfo
	if err := json.Unmarshal([]byte(must(t, "ref", "elements", "--json")), &all); err != nil || len(all) < 80 {
		t.Errorf("%d elements as JSON, %v", len(all), err)
	}
	var latitude elementInfo
	if err := json.Unmarshal([]byte(must(t, "ref", "elements", "koordinat.lintang", "--json")), &latitude); err != nil {
		t.Fatal(err)
	}
	if latitude.Minimum == nil || *latitude.Minimum != -11.5 || latitude.Unit != "derajat" || latitude.Reading != "lintang" {
		t.Errorf("got %+v", latitude)
	}
	if r := satudata(t, "ref", "elements", "nikk"); r.code != exitNotFound || !strings.Contains(r.stderr, "nikk") {
		t.Errorf("an unknown element: exit code %d, %s", r.code, r.stderr)
	}
}
