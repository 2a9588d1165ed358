package infer_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/schemas/schemastest"
	"satudata/transform/infer"
)

// landing is what a proposal makes of its file.
type landing struct {
	Accepted, Rejected, SetAside int64
	System                       string
	Key                          []string
	Unpivot                      bool
	Grid                         int // axes
	Rules                        []string
}

func landingOf(t *testing.T, file string) landing {
	t.Helper()
	p, c, b := propose(t, file)
	r := p.Trial[0]
	l := landing{Accepted: r.Accepted, Rejected: r.Rejected, SetAside: r.SetAside, System: b.CodeSystem, Key: key(c), Unpivot: b.Unpivot != nil, Grid: len(c.Profile.Grid)}
	for _, rule := range c.Rules {
		l.Rules = append(l.Rules, rule.Expression)
	}
	return l
}

// TestReal proposes for the real files without a hint. What it accepts is what the contracts and
// bindings that were made by hand accept (cmd/satudata/testdata/opd).
func TestReal(t *testing.T) {
	dir := schemastest.Real(t, "opd")
	for file, want := range map[string]landing{
		"jumlah_banjir.csv":    {Accepted: 351, System: "bps@2023", Key: []string{"kabupaten_kota", "tahun"}, Grid: 2},
		"objek_wisata.csv":     {Accepted: 565, System: "bps@2023", Key: []string{"kabupaten_kota", "jenis_wisatawan", "tahun"}, Grid: 3},
		"jumlah_wisatawan.csv": {Accepted: 26, System: "bps@2023", Key: []string{"kategori_wisatawan", "tahun"}, Grid: 2},
		"partisipasi_sekolah.csv": {Accepted: 6553, Rejected: 173, Key: []string{}, Rules: []string{
			"sekolah_7_12 + sekolah_13_15 + sekolah_16_18 = sekolah_total",
			"tak_sekolah_7_12 + tak_sekolah_13_15 + tak_sekolah_16_18 = total_tak_sekolah",
			"sekolah_total + total_tak_sekolah = grand_total"}},
		"penumpang_pesawat_2019.csv": {Accepted: 144, SetAside: 24, Unpivot: true, Grid: 4, Key: []string{"kategori", "tahun", "bulan", "bandara_utama_domestik"}},
	} {
		t.Run(file, func(t *testing.T) {
			if diff := cmp.Diff(want, landingOf(t, filepath.Join(dir, file))); diff != "" {
				t.Errorf("proposal (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRealColumns holds the proposal for wide months to what the file means.
func TestRealColumns(t *testing.T) {
	_, c, b := propose(t, schemastest.Real(t, "opd", "penumpang_pesawat_2019.csv"))
	if b.Format.Headers != 5 || b.Format.Skip != 0 || !slices.Equal(b.Missing, []string{"-"}) {
		t.Errorf("format %+v, missing %q", b.Format, b.Missing)
	}
	if diff := cmp.Diff([]string{"#2-#13", "#15-#26"}, b.Unpivot.Columns); diff != "" {
		t.Errorf("wide columns (-want +got):\n%s", diff)
	}
	if len(b.Unpivot.Totals) != 2 || b.Unpivot.Totals[1].Column != "#27" {
		t.Errorf("totals %+v", b.Unpivot.Totals)
	}
	passengers := property(t, c, b.Unpivot.Value)
	if passengers.Element != "umum.jumlah" || passengers.Unit != "orang" || passengers.Required {
		t.Errorf("value %+v", passengers)
	}
	if !strings.HasPrefix(b.Unpivot.Value, "jumlah_penumpang_pesawat") || c.Profile.Schedule != "bulanan" {
		t.Errorf("value %q, schedule %q", b.Unpivot.Value, c.Profile.Schedule)
	}
}

// TestSample proposes for the bundled sample, whose files have defects on purpose.
func TestSample(t *testing.T) {
	dir := filepath.Join("..", "..", "cmd", "satudata", "sample", "deliveries")
	for file, want := range map[string]landing{
		"bpbd/kejadian_banjir.xlsx":    {Accepted: 59, Rejected: 13, SetAside: 4, System: "bps@2023", Key: []string{"kabupaten_kota", "tahun"}, Unpivot: true, Grid: 2},
		"dinkes/balita_stunting.csv":   {Accepted: 48, Rejected: 3, SetAside: 3, System: "bps@2023", Key: []string{"kabupaten_kota", "tahun"}, Grid: 2},
		"dinkes/kasus_dbd.ndjson":      {Accepted: 400, Rejected: 9, System: "bps@2023", Key: []string{"kabupaten_kota", "tahun", "bulan"}, Grid: 3},
		"disdukcapil/penduduk.csv":     {Accepted: 398, Rejected: 12, SetAside: 4, System: "kemendagri@2025", Key: []string{"kabupaten_kota", "jenis_kelamin", "kelompok_umur", "tahun"}, Grid: 4},
		"diskominfo/aplikasi.csv":      {Accepted: 3, SetAside: 1, System: "kemendagri@2025", Key: []string{}},
		"diskominfo/indeks_spbe.csv":   {Accepted: 4, System: "kemendagri@2025", Key: []string{}},
		"dppkb/pendataan_keluarga.tsv": {Accepted: 50, Rejected: 1, SetAside: 3, System: "kemendagri@2025", Key: []string{"kabupaten_kota", "tahun"}, Unpivot: true, Grid: 2},
	} {
		t.Run(file, func(t *testing.T) {
			if diff := cmp.Diff(want, landingOf(t, filepath.Join(dir, filepath.FromSlash(file)))); diff != "" {
				t.Errorf("proposal (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := infer.Propose(t.Context(), []string{filepath.Join(dir, "dinkes", "balita_stunting-2025.csv")}, infer.Options{}); err == nil {
		t.Error("a web page got a proposal")
	}
}
