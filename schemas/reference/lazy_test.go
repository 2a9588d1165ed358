package reference

import "testing"

// TestLazy: what concerns provinces and kabupaten/kota only never reads the villages.
func TestLazy(t *testing.T) {
	s, err := loadKemendagri()
	if err != nil {
		t.Fatal(err)
	}
	s.lower = func() *table {
		t.Error("the villages are read")
		return newTable(nil)
	}
	bps, bridge, err := loadBPS()
	if err != nil {
		t.Fatal(err)
	}
	r := &Registry{vintages: map[string]vintage{}, links: map[string][]link{}}
	r.add(s)
	r.add(bps)
	r.join(Kemendagri, BPS, bridge.toBPS, bridge.toKemendagri)
	r.findPaths()
	if _, err := r.Translate("91.01", "kemendagri@2018", BPS); err != nil {
		t.Error(err)
	}
	if _, err := r.Find("", "3171"); err == nil {
		t.Error("a bare code is taken")
	}
	if v := r.Detect([]Pair{{Code: "3171", Name: "JAKARTA SELATAN"}}); len(v) == 0 || v[0].System != BPS {
		t.Errorf("votes %+v", v)
	}
	for _, level := range []string{Province, Regency} {
		if _, err := r.Level(Kemendagri, level); err != nil || !r.Has(Kemendagri, level) || len(r.Named(Kemendagri, level, "Aceh")) > 1 {
			t.Error(level, err)
		}
	}
	if _, err := r.Children(Kemendagri, "32"); err != nil {
		t.Error(err)
	}
}

func BenchmarkLoad(b *testing.B) {
	b.Run("atas", func(b *testing.B) {
		for b.Loop() {
			if _, err := loadKemendagri(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bawah", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			mustLower([]string{"2018", "2020", "2022", "2023", "2025"})
		}
	})
}
