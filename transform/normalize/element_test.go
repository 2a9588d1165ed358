package normalize_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
)

// yardsticks are the satuan that contracts give elements which have none of their own.
var yardsticks = map[string]string{"umum.luas": "ha", "umum.panjang": "km", "umum.berat": "ton", "umum.isi": "m3"}

// deliver reads texts as one column of the element, by a contract and a binding that say no more than
// they must.
func deliver(t *testing.T, e schemas.Element, texts []string) *normalize.Result {
	t.Helper()
	custom := "{property: elemen, value: " + e.ID + "}"
	if unit := yardsticks[e.ID]; unit != "" {
		custom += ", {property: satuan, value: " + unit + "}"
	}
	binding := "format: {type: csv}\n"
	if e.Region != "" {
		binding += "codeSystem: kemendagri@2025\n"
	}
	plan := compile(t, "- {name: nilai, required: true, customProperties: ["+custom+"]}\n", binding+"columns:\n  - {to: nilai, from: nilai}\n")
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, text := range append([]string{"nilai"}, texts...) {
		if err := w.Write([]string{text}); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return run(t, plan, event.Format{Type: event.ContentTypeCSV, Delimiter: ',', Headers: 1}, b.String(), len(texts))
}

// What an element shows as examples is accepted and what it shows as counterexamples is rejected, by
// contract, binding, normalising and rules as any delivery is.
func TestElements(t *testing.T) {
	asserted := 0
	for _, e := range schemas.Elements() {
		t.Run(e.ID, func(t *testing.T) {
			texts := append(append([]string{}, e.Examples...), e.Counterexamples...)
			res := deliver(t, e, texts)
			for i, text := range texts {
				why := rules(res, i)
				if i < len(e.Examples) && why != "" {
					t.Errorf("example %q is rejected: %s %+v", text, why, res.Verdicts.Reasons(i))
				}
				if i >= len(e.Examples) && why == "" {
					t.Errorf("counterexample %q is accepted as %s", text, values(res, i))
				}
			}
		})
		if len(e.Examples) > 0 && (len(e.Counterexamples) > 0) {
			asserted++
		}
	}
	if asserted < 45 {
		t.Errorf("%d elements are shown with examples and counterexamples", asserted)
	}
}

// The same thing in the words of different OPDs is stored as one value: that is what makes their data
// join.
func TestElementsJoin(t *testing.T) {
	for id, groups := range map[string]map[string][]string{
		"nik":                 {"3273014107900001": {"3273014107900001", "3273 0141 0790 0001", "'3273014107900001", "3273014107900001.0"}},
		"nip":                 {"198503122010121002": {"198503122010121002", "19850312 201012 1 002"}},
		"nop":                 {"327306000100500120": {"32.73.060.001.005-0012.0", "327306000100500120"}},
		"plat_nomor":          {"D 1234 ABC": {"D1234ABC", "d-1234-abc", "D 1234 ABC"}},
		"orang.telepon":       {"+6281234567890": {"081234567890", "0812-3456-7890", "+62 812 3456 7890", "6281234567890", "81234567890"}},
		"umum.surel":          {"dinkes@bandung.go.id": {"Dinkes@Bandung.go.id", "dinkes@bandung.go.id"}},
		"jenis_kelamin":       {"LAKI-LAKI": {"laki-laki", "Laki Laki", "PRIA"}, "PEREMPUAN": {"Perempuan", "wanita"}},
		"agama":               {"KATOLIK": {"Katholik", "KATOLIK"}, "BUDDHA": {"Budha", "Buddha"}},
		"pendidikan_terakhir": {"DIPLOMA IV/STRATA I": {"S1", "S-1", "Sarjana", "diploma iv/strata i"}},
		"jenis_wisatawan":     {"NUSANTARA": {"WISATAWAN DOMESTIK", "Nusantara", "wisnus"}},
		"bidang_urusan":       {"1.02": {"1.02", "Kesehatan"}},
		"kbli.2020.kategori":  {"K": {"k", "Aktivitas Keuangan dan Asuransi"}},
		"kbli.2025.kategori":  {"L": {"L", "Aktivitas Keuangan dan Asuransi"}},
		"umum.satuan":         {"orang": {"Jiwa", "ORANG", "org"}, "ha": {"Hektar", "Ha"}, "ekor ayam": {"ekor ayam"}},
		"umum.luas":           {"1.5": {"1.5", "1.5 ha", "15000 m2", "0.0150 km2"}},
		"umum.rupiah":         {"1500000": {"1500000.00", "Rp 1.500.000,00", "Rp1,5 juta"}},
		"umum.ya_tidak":       {"true": {"Ya", "1", "TRUE"}, "false": {"tidak", "0"}},
		"waktu.triwulan":      {"4": {"4", "IV", "Triwulan IV", "TW 4"}},
		"waktu.bulan":         {"11": {"11", "November", "Nopember", "nop"}},
		"waktu.tahun_ajaran":  {"2023/2024": {"2023/2024", "2023-2024"}},
		"rt":                  {"2": {"002", "2"}},
	} {
		e, ok := schemas.FindElement(id)
		if !ok {
			t.Errorf("there is no element %s", id)
			continue
		}
		for want, texts := range groups {
			res := deliver(t, e, texts)
			for i, text := range texts {
				if got := values(res, i); got != want {
					t.Errorf("%s: %q is stored as %s, want %s: %v", id, text, got, want, res.Verdicts.Reasons(i))
				}
			}
		}
	}
}

// An OPD whose spreadsheet destroyed its numbers is told so: no pattern would tell it where to look.
func TestElementsDestroyed(t *testing.T) {
	for id, texts := range map[string][]string{
		"nik":           {"3,27301E+15", "3.27301E+15", "3273014107900000", "9171014107900001.0"},
		"no_kk":         {"3,27301E+15", "3273010203150000"},
		"nip":           {"1,98503E+17", "198503122010121000"},
		"nop":           {"3,27306E+17", "327306000100500000"},
		"orang.telepon": {"8,12346E+10"},
	} {
		e, _ := schemas.FindElement(id)
		res := deliver(t, e, texts)
		for i, text := range texts {
			reasons := res.Verdicts.Reasons(i)
			if len(reasons) != 1 || !strings.Contains(reasons[0].Say.ID, "Excel") || !strings.Contains(reasons[0].Say.EN, "Excel") {
				t.Errorf("%s %q: %+v", id, text, reasons)
			}
		}
	}
}
