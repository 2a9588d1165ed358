package reference_test

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"satudata/schemas/reference"
	"satudata/schemas/schemastest"
)

// column makes pairs of "code name" lines.
func column(lines ...string) []reference.Pair {
	pairs := make([]reference.Pair, len(lines))
	for i, l := range lines {
		code, name, _ := strings.Cut(l, " ")
		pairs[i] = reference.Pair{Code: code, Name: name, Count: 1}
	}
	return pairs
}

func TestDetect(t *testing.T) {
	for _, tt := range []struct {
		name          string
		pairs         []reference.Pair
		system, level string
		tied          bool
		why           string
	}{
		{"Jakarta of BPS", column("3171 KOTA JAKARTA SELATAN", "3172 Jakarta Timur", "3173 KOTA ADM. JAKARTA PUSAT"), "bps@2023", reference.Regency, false, "3 dari 3 nama"},
		{"Jakarta of Kemendagri, without dots", column("3171 KOTA ADM. JAKARTA PUSAT", "3174 Jakarta Selatan"), "kemendagri@2023", reference.Regency, false, "2 dari 2 nama"},
		{"oddities of BPS", column("1473 KOTA DUMAI", "1607 Kab. Banyuasin"), "bps@2023", reference.Regency, false, ""},
		{"Java as BPS writes it", column("3201 KABUPATEN BOGOR", "3273 KOTA BANDUNG"), "bps@2023", reference.Regency, true, "persis seperti di bps@2023"},
		{"Java without names", column("3201", "3273"), "bps@2023", reference.Regency, true, "kode tanpa titik"},
		{"Java with dots", column("32.01", "32.73"), "kemendagri@2025", reference.Regency, false, "tidak ada nama"},
		{"spelling of before 2025", column("32.01 KAB. BOGOR", "32.02 KAB. SUKABUMI"), "kemendagri@2023", reference.Regency, false, "ejaan nama yang persis"},
		{"spelling of 2025", column("3201 Kabupaten Bogor", "3202 Kabupaten Sukabumi"), "kemendagri@2025", reference.Regency, true, "persis seperti di kemendagri@2025"},
		{"Papua before its split", column("91.01 KAB. MERAUKE", "91.04 KAB. NABIRE"), "kemendagri@2022", reference.Regency, false, "kemendagri@2018"},
		{"provinces of BPS", column("91 PAPUA BARAT", "94 PAPUA", "32 JAWA BARAT"), "bps@2023", reference.Province, false, "3 dari 3"},
		{"provinces of today", column("91 Papua", "94 Papua Tengah", "32 Jawa Barat"), "kemendagri@2025", reference.Province, false, "3 dari 3"},
		{"villages", column("3273011001 Gegerkalong", "32.73.01.1002 GEGER KALONG"), "kemendagri@2025", reference.Village, false, ""},
		{"what a spreadsheet made of codes", column("3171.0 JAKARTA SELATAN", "3.172e3 JAKARTA TIMUR"), "bps@2023", reference.Regency, false, "2 dari 2 nama"},
	} {
		votes := load(t).Detect(tt.pairs)
		if len(votes) == 0 {
			t.Errorf("%s: no vote", tt.name)
			continue
		}
		if v := votes[0]; v.System != tt.system || v.Level != tt.level || v.Tied != tt.tied || !strings.Contains(v.Why.ID, tt.why) || v.Why.EN == "" {
			t.Errorf("%s: %+v, want %s %s, tied %v, because %s", tt.name, v, tt.system, tt.level, tt.tied, tt.why)
		}
	}
}

// TestDetectNothing: suffixes of codes, and what is no code, get no vote.
func TestDetectNothing(t *testing.T) {
	if votes := load(t).Detect(column("010 Simeulue", "9", "abc", "", "1e400000", "12345678901234567890")); len(votes) != 0 {
		t.Errorf("votes for no codes: %+v", votes)
	}
}

// TestDetectCounts: shares count rows, not distinct codes.
func TestDetectCounts(t *testing.T) {
	pairs := column("3171 KOTA JAKARTA SELATAN", "3172 KOTA JAKARTA BARAT")
	pairs[0].Count, pairs[1].Count = 9, 1
	if v := load(t).Detect(pairs)[0]; v.System != "bps@2023" || v.Total != 10 || v.Known != 10 || v.Named != 9 || v.Share != 0.9 {
		t.Errorf("vote %+v", v)
	}
}

// TestDetectRealFile: floods per kabupaten/kota of Jawa Barat, where the codes of both systems are the
// same, with provinces, too.
func TestDetectRealFile(t *testing.T) {
	f, err := os.Open(schemastest.Real(t, "opd", "jumlah_banjir.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{1: reference.Province, 3: reference.Regency} {
		var pairs []reference.Pair
		for _, row := range rows[1:] {
			pairs = append(pairs, reference.Pair{Code: row[i], Name: row[i+1], Count: 1})
		}
		v := load(t).Detect(pairs)[0]
		if v.System != "bps@2023" || v.Level != want || v.Named != 351 || v.Share != 1 || !v.Tied {
			t.Errorf("column %s: %+v", rows[0][i], v)
		}
	}
}
