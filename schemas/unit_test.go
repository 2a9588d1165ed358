package schemas

import (
	"math/big"
	"strings"
	"testing"
)

func TestFindUnit(t *testing.T) {
	for text, want := range map[string]string{
		"ha": "ha", " HEKTAR ": "ha", "Hektare": "ha", "m²": "m2", "KM2": "km2", "kwintal": "kuintal", "Ton": "ton",
		"ORANG": "orang", "Jiwa": "orang", "KK": "keluarga", "Kejadian": "kejadian", "%": "persen", "Rp": "rupiah",
		"Milyar  Rupiah": "miliar rupiah", "kWh": "kWh", "MW": "MW",
		"CHARACTER": "", "": "", "t": "", "kw": "", "rt": "", "siswa": "", "juta": "",
	} {
		got, ok := FindUnit(text)
		if got.Symbol != want || ok != (want != "") {
			t.Errorf("FindUnit(%q) = %q, %v, want %q", text, got.Symbol, ok, want)
		}
	}
}

func TestUnitTo(t *testing.T) {
	for _, tt := range []struct{ from, to, want string }{
		{"ha", "m2", "10000"}, {"m2", "ha", "1/10000"}, {"km2", "ha", "100"}, {"kuintal", "ton", "1/10"}, {"ons", "g", "100"},
		{"miliar rupiah", "juta rupiah", "1000"}, {"m3", "liter", "1000"}, {"tahun", "triwulan", "4"}, {"permil", "persen", "1/10"},
		{"menit", "jam", "1/60"}, {"ha", "ha", "1"},
		{"ha", "m", ""}, {"orang", "keluarga", ""}, {"bulan", "hari", ""}, {"kejadian", "kasus", ""},
	} {
		from, ok1 := FindUnit(tt.from)
		to, ok2 := FindUnit(tt.to)
		got, ok := from.To(to)
		if !ok1 || !ok2 || ok != (tt.want != "") {
			t.Errorf("%s to %s: known %v %v, converts %v", tt.from, tt.to, ok1, ok2, ok)
			continue
		}
		if ok && got.RatString() != tt.want {
			t.Errorf("%s to %s = %s, want %s", tt.from, tt.to, got.RatString(), tt.want)
		}
	}
	if _, ok := (Unit{}).To(Unit{}); ok {
		t.Error("the zero unit converts")
	}
}

// There and back is the same, for all units that convert at all.
func TestUnitToAndBack(t *testing.T) {
	for _, u := range Units() {
		for _, v := range Units() {
			there, ok := u.To(v)
			back, also := v.To(u)
			if ok != also || ok != (u.Dimension == v.Dimension) {
				t.Fatalf("%s and %s: converts %v, back %v", u.Symbol, v.Symbol, ok, also)
			}
			if ok && new(big.Rat).Mul(there, back).Cmp(big.NewRat(1, 1)) != 0 {
				t.Errorf("%s to %s and back is not 1", u.Symbol, v.Symbol)
			}
		}
	}
}

func TestUnitList(t *testing.T) {
	if n := len(Units()); n < 80 {
		t.Errorf("%d units", n)
	}
	for doc, want := range map[string]string{
		"dimensions: [{name: luas, units: [{symbol: ha, name: hektare, factor: nol}]}]":                                               "factor",
		"dimensions: [{name: luas, units: [{symbol: ha, name: hektare, factor: \"-1\"}]}]":                                            "factor",
		"dimensions: [{name: luas, units: [{symbol: ha, name: a, factor: \"1\"}, {symbol: m2, name: b, factor: \"1\", also: [HA]}]}]": "already",
		"dimensions: [{name: luas, units: [{symbol: ha, factor: \"1\"}]}]":                                                            "name",
		"dimensions: [{name: luas, unit: []}]":                                                                                        "unit",
	} {
		if _, err := parseUnits("units.yaml", []byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", doc, err, want)
		}
	}
}
