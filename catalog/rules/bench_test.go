package rules_test

import (
	"strconv"
	"testing"
)

// BenchmarkJudge judges a delivery of 200,000 rows (100,000 series of two years) beside as many that
// are published, by one rule of each of the dearer kinds.
func BenchmarkJudge(b *testing.B) {
	const series = 100_000
	for name, rule := range map[string]string{
		"unik":     "{aturan: unik, kolom: [kota, jk, tahun]}",
		"jumlah":   "{aturan: jumlah, kolom: n, per: [kota, tahun], samaDengan: {kolom: b}}",
		"lonjakan": "{aturan: lonjakan, kolom: n, faktor: 20, periode: tahun}",
		"turunan":  "{aturan: turunan, kolom: persen, rumus: n / b * 100}",
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			w.register("uji.orang", "", people, custom("r", "warning", rule))
			rows := func(from int) []string {
				out := make([]string, 0, 2*series)
				for i := range series {
					for year := range 2 {
						out = append(out, person("K"+strconv.Itoa(i), "L", from+year, `, "n": 5, "b": 5, "persen": 100`))
					}
				}
				return out
			}
			w.publish(w.deliver("uji.orang", rows(2020)...))
			d := w.deliver("uji.orang", rows(2022)...)
			for b.Loop() {
				found, err := w.judge.Judge(b.Context(), d, w.contracts[d.Dataset])
				if err != nil || len(found) != 0 {
					b.Fatalf("%+v, %v", found, err)
				}
			}
			b.ReportMetric(float64(2*series)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
