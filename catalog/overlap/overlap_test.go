package overlap_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"satudata/catalog/overlap"
)

// sketches makes two sketches of n values each, of which common are in both, and their exact Jaccard share.
func sketches(seed uint64, n, m, common int) (a, b *overlap.Sketch, exact float64) {
	a, b = overlap.NewSketch(seed), overlap.NewSketch(seed)
	for i := range n {
		a.Add("nilai " + strconv.Itoa(i))
		a.Add("nilai " + strconv.Itoa(i)) // twice is once
	}
	for i := range m {
		b.Add("nilai " + strconv.Itoa(n-common+i))
	}
	return a, b, float64(common) / float64(n+m-common)
}

// TestSketchAccuracy measures the estimates against the exact shares: small sets are exact, large ones
// within four standard errors, and on average without bias.
func TestSketchAccuracy(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var sum, worst float64
	const rounds = 200
	for range rounds {
		n, m := 2000+random.IntN(20000), 2000+random.IntN(20000)
		a, b, exact := sketches(random.Uint64(), n, m, random.IntN(min(n, m)))
		off := a.Jaccard(b) - exact
		sum, worst = sum+off, max(worst, math.Abs(off))
		if limit := 4 * math.Sqrt(max(exact*(1-exact), 0.001)/1024); math.Abs(off) > limit {
			t.Errorf("%d and %d values: estimated %.4f, exact %.4f", n, m, a.Jaccard(b), exact)
		}
		if d := a.Distinct() / float64(n); math.Abs(d-1) > 4.0/32 {
			t.Errorf("%d distinct values estimated as %.0f", n, a.Distinct())
		}
	}
	if bias := sum / rounds; math.Abs(bias) > 0.004 {
		t.Errorf("the estimate is off by %.4f on average", bias)
	}
	t.Logf("worst of %d: off by %.4f", rounds, worst)
	for _, small := range [][3]int{{10, 10, 5}, {500, 400, 120}, {1, 1, 1}, {30, 40, 0}} {
		a, b, exact := sketches(7, small[0], small[1], small[2])
		if got := a.Jaccard(b); math.Abs(got-exact) > 1e-12 || a.Distinct() != float64(small[0]) {
			t.Errorf("%v: %.6f, want exactly %.6f; %v distinct", small, got, exact, a.Distinct())
		}
		if want := float64(small[2]) / float64(min(small[0], small[1])); math.Abs(a.Contained(b)-want) > 1e-12 {
			t.Errorf("%v: contained %.6f, want %.6f", small, a.Contained(b), want)
		}
	}
}

func TestEmptySketch(t *testing.T) {
	a, b := overlap.NewSketch(1), overlap.NewSketch(1)
	if a.Jaccard(b) != 0 || a.Contained(b) != 0 || a.Distinct() != 0 {
		t.Error("empty sets have nothing in common")
	}
}

// values is a sketch of so many values from first on.
func values(first, n int) *overlap.Sketch {
	s := overlap.NewSketch(1)
	for i := range n {
		s.Add(strconv.Itoa(first + i))
	}
	return s
}

// catalog is three datasets: floods twice under other names, and something else.
func catalog() []overlap.Dataset {
	year := overlap.Column{Name: "tahun", Element: "waktu.tahun", Key: true, Dimension: true}
	place := overlap.Column{Name: "wilayah", Element: "wilayah.kabupaten_kota", Key: true, Dimension: true}
	return []overlap.Dataset{
		{ID: "bencana.kejadian_banjir", Title: "Kejadian banjir", Definition: "Kejadian banjir yang menggenangi permukiman", Producer: "bpbd",
			Columns: []overlap.Column{place, year, {Name: "jumlah_kejadian", Title: "Jumlah kejadian banjir", Definition: "Banyaknya kejadian banjir", DSSD: "1.05.000123", Values: values(0, 300), Basis: "wilayah tahun"}}},
		{ID: "lingkungan.peristiwa_bajir", Title: "Peristiwa kebanjiran dan banjirr", Definition: "Peristiwa banjir di permukiman warga", Producer: "dlh",
			Columns: []overlap.Column{place, year, {Name: "banjir", Title: "Kejadian", DSSD: "1.05.000123", Values: values(30, 300), Basis: "wilayah tahun"}}},
		{ID: "kesehatan.kasus_dbd", Title: "Kasus DBD", Definition: "Penderita demam berdarah", Producer: "dinkes",
			Columns: []overlap.Column{{Name: "nik", Element: "orang.nik", Key: true, Values: values(0, 300), Basis: "text"}, {Name: "penderita", Title: "Nama penderita"}}},
	}
}

func TestFind(t *testing.T) {
	pairs := overlap.Find(catalog(), nil, overlap.Options{Least: 0.3})
	if len(pairs) != 2 {
		t.Fatalf("pairs: %+v", pairs)
	}
	for _, p := range pairs {
		if strings.Contains(p.A+p.B, "dbd") {
			t.Errorf("%s and %s have nothing in common", p.A, p.B)
		}
		if p.Score <= 0 || p.Score > 1 || len(p.Parts) < 3 {
			t.Errorf("%+v", p)
		}
		sum, weight := 0.0, 0.0
		for _, part := range p.Parts {
			sum, weight = sum+part.Value*part.Weight, weight+part.Weight
			if part.Why.ID == "" || part.Why.EN == "" || strings.Contains(part.Why.ID+part.Why.EN, "%!") {
				t.Errorf("%s: why? %+v", part.Name, part.Why)
			}
		}
		if math.Abs(sum/weight-p.Score) > 1e-12 {
			t.Errorf("the parts of %+v do not make its score", p)
		}
	}
	column := pairs[0]
	if column.Kind != overlap.Columns || column.A != "bencana.kejadian_banjir.jumlah_kejadian" || column.B != "lingkungan.peristiwa_bajir.banjir" || column.OPDA != "bpbd" || column.OPDB != "dlh" {
		t.Errorf("first pair: %+v", column)
	}
	for _, want := range []struct {
		name  string
		value float64
	}{{"kode_dssd", 1}, {"isi", 0.9}} {
		found := false
		for _, part := range column.Parts {
			found = found || part.Name == want.name && math.Abs(part.Value-want.value) < 1e-9
		}
		if !found {
			t.Errorf("no %s = %v in %+v", want.name, want.value, column.Parts)
		}
	}
}

// TestOnly compares a proposed contract, of which no values are known, with what exists.
func TestOnly(t *testing.T) {
	proposed := overlap.Dataset{ID: "bencana.banjir_baru", Title: "Data banjir", Definition: "Kejadian banjir per kecamatan",
		Columns: []overlap.Column{{Name: "jumlah_banjir", Title: "Jumlah kejadian banjir"}}}
	pairs := overlap.Find(append(catalog(), proposed), nil, overlap.Options{Only: proposed.ID, Least: 0.2})
	if len(pairs) == 0 {
		t.Fatal("nothing like floods found")
	}
	for _, p := range pairs {
		if !strings.HasPrefix(p.B, proposed.ID) {
			t.Errorf("a pair without the proposed dataset: %s, %s", p.A, p.B)
		}
	}
}

// TestIncomparable: numbers of other regions and years, few values, other elements and codes that
// differ are no evidence.
func TestIncomparable(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b overlap.Column
	}{
		{"another basis", overlap.Column{Name: "x1", Values: values(0, 300), Basis: "tahun"}, overlap.Column{Name: "y1", Values: values(0, 300), Basis: "bulan"}},
		{"few values", overlap.Column{Name: "x1", Values: values(0, 5), Basis: "t"}, overlap.Column{Name: "y1", Values: values(0, 5), Basis: "t"}},
		{"other elements", overlap.Column{Name: "nomor_induk", Element: "orang.nik", Values: values(0, 300)}, overlap.Column{Name: "nomor_induk", Element: "orang.nip", Values: values(0, 300)}},
		{"a region and a number", overlap.Column{Name: "lokasi", Dimension: true}, overlap.Column{Name: "lokasi"}},
	} {
		pairs := overlap.Find([]overlap.Dataset{{ID: "a.satu", Title: "Pertama", Columns: []overlap.Column{tt.a}}, {ID: "b.dua", Title: "Kedua", Columns: []overlap.Column{tt.b}}}, nil, overlap.Options{})
		if len(pairs) > 0 {
			t.Errorf("%s: %+v", tt.name, pairs)
		}
	}
}

func TestApplications(t *testing.T) {
	apps := []overlap.Application{
		{ID: "sibanjir", Name: "Sistem Informasi Banjir", OPD: "bpbd", Description: "Mencatat kejadian banjir", Produces: []string{"bencana.kejadian_banjir"}},
		{ID: "pantau_banjir", Name: "Pemantauan Banjir", OPD: "dlh", Description: "Pemantauan kejadian banjir kota", Produces: []string{"bencana.kejadian_banjir", "lingkungan.sungai"}},
		{ID: "edbd", Name: "e-DBD", OPD: "dinkes", Description: "Pelaporan penderita", Uses: []string{"kesehatan.kasus_dbd"}},
	}
	pairs := overlap.Find(nil, apps, overlap.Options{Least: 0.2})
	if len(pairs) != 1 || pairs[0].Kind != overlap.Applications || pairs[0].A != "sibanjir" || pairs[0].B != "pantau_banjir" {
		t.Errorf("pairs: %+v", pairs)
	}
	pairs = overlap.Find(catalog(), apps, overlap.Options{Only: "lingkungan.peristiwa_bajir", Least: 0.05})
	served := map[string]bool{}
	for _, p := range pairs {
		if p.Kind == overlap.Served {
			served[p.B] = true
		}
	}
	if !served["pantau_banjir"] || served["edbd"] {
		t.Errorf("applications that may collect it already: %v", served)
	}
	for _, p := range overlap.Find(catalog()[:1], apps, overlap.Options{}) {
		if p.Kind == overlap.Served && p.B != "edbd" {
			t.Errorf("it is known that %s produces %s", p.B, p.A)
		}
	}
}

func BenchmarkSketch(b *testing.B) {
	s := overlap.NewSketch(1)
	text := make([]string, 1<<16)
	for i := range text {
		text[i] = "nilai " + strconv.Itoa(i)
	}
	for i := 0; b.Loop(); i++ {
		s.Add(text[i&(1<<16-1)])
	}
}
