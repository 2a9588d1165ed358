package normalize

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"satudata/transform/quality"
)

// benchTexts are texts in order for each of readingInputs (without its locale, which is id): number i
// of as many different ones as there are.
var benchTexts = map[string]func(i int) string{
	"rupiah":        func(i int) string { return fmt.Sprintf("Rp %d.%03d.%03d,00", 1+i/1000%999, i%1000, i*7%1000) },
	"persen":        func(i int) string { return fmt.Sprintf("%d,%04d %%", i%100, i/100%10000) },
	"besaran":       func(i int) string { return fmt.Sprintf("%d.%03d,5 ha", 1+i/1000%999, i%1000) },
	"besaran_bulat": func(i int) string { return fmt.Sprintf("%d,5 ton", i) },
	"ya_tidak":      func(i int) string { return []string{"Ya", "Tidak", "benar", "1"}[i%4] },
	"urutan":        func(i int) string { return []string{"I", "II", "III", "IV"}[i%4] },
	"lintang":       func(i int) string { return fmt.Sprintf("%d°%d'%d.%03d\" LS", 1+i%9, i/9%60, i/540%60, i%1000) },
	"bujur":         func(i int) string { return fmt.Sprintf("1%02d.%06d", i%40, i) },
	"telepon":       func(i int) string { return fmt.Sprintf("0812-%04d-%04d", i/10000, i%10000) },
	"surel":         func(i int) string { return fmt.Sprintf("pegawai%d@dinas.go.id", i) },
	"nik":           func(i int) string { return fmt.Sprintf("327301%02d0190%04d", 1+i/9999%28, 1+i%9999) },
	"kk":            func(i int) string { return fmt.Sprintf("327301%02d0115%04d", 1+i/9999%28, 1+i%9999) },
	"nip": func(i int) string {
		return fmt.Sprintf("1985%02d%02d2010%02d1%03d", 1+i%12, 1+i/12%28, 1+i/336%12, 1+i/4032%999)
	},
	"npsn":         func(i int) string { return fmt.Sprintf("%08d", 20000000+i) },
	"nop":          func(i int) string { return fmt.Sprintf("32.73.060.001.%03d-%04d.0", 1+i/9999, 1+i%9999) },
	"plat":         func(i int) string { return fmt.Sprintf("D %d %c%c", 1+i%9999, 'A'+i/9999%26, 'A'+i/260000%26) },
	"nama":         func(i int) string { return fmt.Sprintf("Siti  Aminah %d", i) },
	"kode":         func(i int) string { return []string{"1111", "47111", "01111"}[i%3] },
	"wilayah":      func(i int) string { return fmt.Sprintf("32.%02d", 1+i%18) },
	"teks":         func(i int) string { return fmt.Sprintf("Jl. Merdeka No. %d", i) },
	"bulat":        func(i int) string { return fmt.Sprintf("%d.%03d", 1+i/1000%999, i%1000) },
	"pecahan":      func(i int) string { return fmt.Sprintf("%d,%04d", i%1000, i/1000) },
	"desimal":      func(i int) string { return fmt.Sprintf("%d.%03d,%02d", 1+i/1000%999, i%1000, i%100) },
	"tanggal":      func(i int) string { return fmt.Sprintf("%02d/%02d/%04d", 1+i%28, 1+i/28%12, 1900+i/336%200) },
	"tanggal_seri": func(i int) string { return fmt.Sprint(20000 + i%30000) },
	"waktu": func(i int) string {
		return fmt.Sprintf("%02d/%02d/2024 %02d:%02d", 1+i%28, 1+i/28%12, i/336%24, i/8064%60)
	},
}

// benchCells is how many cells a benchmark decodes at once.
const benchCells = 1 << 14

// BenchmarkReading decodes split cells of every reading into their column: beda, hardly any value
// twice, after the column has found out that remembering is vain; ulang, fifty different ones.
func BenchmarkReading(b *testing.B) {
	inputs := readingInputs(b)
	for _, name := range slices.Sorted(maps.Keys(benchTexts)) {
		for _, v := range []struct {
			name     string
			distinct int
		}{{"beda", 6 * benchCells}, {"ulang", 50}} {
			b.Run(name+"/"+v.name, func(b *testing.B) {
				in := inputs[name+"/id"]
				d := newInput(readingPlan(in), in)
				var grids []*grid
				var cells [][]cell
				for from := 0; from < v.distinct; from += benchCells {
					g, list := benchGrid(benchTexts[name], from, v.distinct)
					grids, cells = append(grids, g), append(cells, list)
				}
				turn := func(i int) {
					d.decode(grids[i%len(grids)], cells[i%len(grids)], 1, func(_ int, r quality.Reason) { b.Fatal(r.Say.ID) })
				}
				for i := range 2 * len(grids) {
					turn(i)
				}
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					turn(i)
					i++
				}
				b.ReportMetric(float64(benchCells)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

func benchGrid(texts func(int) string, from, distinct int) (*grid, []cell) {
	g, cells := &grid{}, make([]cell, benchCells)
	var at []int
	for i := range cells {
		at = append(at, len(g.data))
		g.data = append(g.data, texts((from+i)%distinct)...)
	}
	at = append(at, len(g.data))
	for i := range cells {
		cells[i] = newCell(text, at[i], at[i+1])
		if isPlain(g.data[at[i]:at[i+1]]) {
			cells[i] |= plain
		}
	}
	return g, cells
}

// Rows that are in order allocate nothing, however they are written.
func TestReadingsAllocateNothing(t *testing.T) {
	inputs := readingInputs(t)
	for name, texts := range benchTexts {
		in := inputs[name+"/id"]
		d := newInput(readingPlan(in), in)
		g, cells := benchGrid(texts, 0, 50)
		decode := func() {
			d.decode(g, cells, 1, func(_ int, r quality.Reason) { t.Error(name, r.Say.ID) })
		}
		decode()
		if n := testing.AllocsPerRun(5, decode); n > 2 {
			t.Errorf("%s: %.0f allocations for %d rows", name, n, benchCells)
		}
	}
}
