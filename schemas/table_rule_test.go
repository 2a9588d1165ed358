package schemas_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
)

// ruled is a contract with rules in the table's quality section.
func ruled(quality string) string {
	return fmt.Sprintf(`apiVersion: v3.1.0
kind: DataContract
id: uji.orang
name: Uji
version: 1.0.0
status: active
description: {purpose: Uji.}
customProperties:
  - {property: produsenData, value: uji}
  - {property: kelasAkses, value: publik}
  - {property: jadwalPemutakhiran, value: tahunan}
  - {property: kolomPeriode, value: tahun}
  - {property: petak, value: [{kolom: kabupaten_kota, dalam: "32"}]}
schema:
  - name: orang
    relationships: [{from: orang.n, to: "uji.kota.yaml#/schema/kota/properties/jumlah"}]
    properties:
      - {name: kabupaten_kota, required: true, primaryKey: true, primaryKeyPosition: 1, customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]}
      - {name: tahun, required: true, primaryKey: true, primaryKeyPosition: 2, customProperties: [{property: elemen, value: waktu.tahun}]}
      - {name: jk, logicalType: string, description: Jenis kelamin., quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [L, P]}}, {metric: missingValues, severity: warning, mustBeLessThan: 5, unit: percent, arguments: {missingValues: [null, "-"]}}]}
      - {name: n, logicalType: integer, description: Banyaknya., unique: true, customProperties: [{property: aditif, value: true}]}
      - {name: b, logicalType: integer, description: Bagian., relationships: [{type: foreignKey, to: orang.n}], customProperties: [{property: aditif, value: true}]}
      - {name: indeks, logicalType: number, description: Indeks., customProperties: [{property: aditif, value: false}]}
      - {name: kode, logicalType: string, description: Kode., quality: [{metric: invalidValues, mustBe: 0, arguments: {pattern: "[0-9]+"}}, {type: sql, name: kode_unik, query: "SELECT count(*) - count(DISTINCT ${column}) FROM ${table}", mustBe: 0}]}
    quality:
%s
`, quality)
}

func own(implementation string) string {
	return "      - {type: custom, engine: satudata, name: r, implementation: " + implementation + "}"
}

// TestTableRules: every kind is read as it is meant.
func TestTableRules(t *testing.T) {
	c, err := schemas.ParseContract("k.yaml", []byte(ruled(strings.Join([]string{
		"      - {metric: rowCount, mustBeBetween: [1, 10.5], severity: warning}",
		"      - {type: library, metric: duplicateValues, mustBe: 0, arguments: {properties: [kabupaten_kota, jk]}}",
		"      - {type: text, description: bebas}",
		"      - {type: custom, engine: satudata, name: baris, severity: warning, implementation: b <= n, description: Bagian.}",
		"      - {type: custom, engine: satudata, name: tolak, implementation: b >= 0}",
		strings.Replace(own("{aturan: jumlah, kolom: n, di: {jk: [L, P]}, per: kabupaten_kota, toleransi: 1%, samaDengan: {dataset: uji.kota, kolom: jumlah, per: [kabupaten_kota]}}"), "name: r", "name: jumlah_sama", 1),
		strings.Replace(own("{aturan: turunan, kolom: indeks, rumus: b / n * 100, per: [tahun], toleransi: 0.5}"), "name: r", "name: turunan", 1),
		strings.Replace(own("{aturan: lonjakan, kolom: n, faktor: 20}"), "name: r", "name: lonjakan", 1),
		strings.Replace(own("{aturan: takBerubah, kolom: [n, b], batas: 50%, per: [kabupaten_kota]}"), "name: r", "name: sama", 1),
		strings.Replace(own("{aturan: kunciTamu, kolom: kabupaten_kota, dataset: uji.kota}"), "name: r", "name: tamu", 1),
	}, "\n"))))
	if err != nil {
		t.Fatal(err)
	}
	if c.Properties[2].Check.Allowed == nil || c.Properties[6].Check.Pattern != "[0-9]+" || len(c.Rules) != 1 || c.Rules[0].Name != "tolak" {
		t.Errorf("rules over rows: %+v %+v %+v", c.Properties[2].Check, c.Properties[6].Check, c.Rules)
	}
	const region = "kemendagri_kode_kabupaten_kota"
	got := map[string]string{}
	for _, r := range c.TableRules {
		if _, row := r.Check.(schemas.RowCheck); row {
			got[r.Name] = fmt.Sprintf("%s %s", r.Severity, r.Check.Kind())
			continue
		}
		got[r.Name] = fmt.Sprintf("%s %s %+v", r.Severity, r.Check.Kind(), r.Check)
	}
	formula := c.TableRules[8].Check.(schemas.Derived)
	want := map[string]string{
		"missing_values_jk":                  "warning missingValues {Name:missingValues Columns:[jk] Missing:[-] Valid:[] Pattern: Limit:{Operator:mustBeLessThan A:5 B:0} Percent:true}",
		"unik_n":                             "error unik {Columns:[n]}",
		"kunci_tamu_b":                       "error kunciTamu {Columns:[b] Dataset:uji.orang To:[n]}",
		"kunci_tamu_n":                       "error kunciTamu {Columns:[n] Dataset:uji.kota To:[jumlah]}",
		"kode_unik":                          "error sql {SQL:SELECT count(*) - count(DISTINCT ${column}) FROM ${table} Column:kode Limit:{Operator:mustBe A:0 B:0}}",
		"row_count":                          "warning rowCount {Name:rowCount Columns:[] Missing:[] Valid:[] Pattern: Limit:{Operator:mustBeBetween A:1 B:10.5} Percent:false}",
		"duplicate_values_" + region + "_jk": "error duplicateValues {Name:duplicateValues Columns:[" + region + " jk] Missing:[] Valid:[] Pattern: Limit:{Operator:mustBe A:0 B:0} Percent:false}",
		"baris":                              "warning baris",
		"jumlah_sama":                        "error jumlah {Part:{Dataset: Column:n Same:false By:[" + region + "] Where:[{Column:jk Values:[L P]}]} Whole:{Dataset:uji.kota Column:jumlah Same:false By:[kabupaten_kota] Where:[]} Tolerance:{Value:1 Percent:true}}",
		"turunan":                            fmt.Sprintf("error turunan %+v", formula),
		"lonjakan":                           "warning lonjakan {Column:n Period:tahun Series:[" + region + "] Factor:20 Floor:1}",
		"sama":                               "warning takBerubah {Columns:[n b] Period:tahun Series:[" + region + "] Share:0.5}",
		"tamu":                               "error kunciTamu {Columns:[" + region + "] Dataset:uji.kota To:[]}",
		"petak":                              fmt.Sprintf("warning petak {Grid:%+v}", c.Profile.Grid),
		"mutakhir":                           "warning mutakhir {Period:tahun Schedule:tahunan Grace:<nil>}",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if formula.Column != "indeks" || formula.Formula != "b / n * 100" || formula.Tolerance.Value != 0.5 || len(formula.By) != 1 || formula.Expr == nil {
		t.Errorf("turunan: %+v", formula)
	}
}

// TestBrokenTableRules: each is answered by a fault at its line that names what is wrong.
func TestBrokenTableRules(t *testing.T) {
	for _, tt := range []struct {
		name, rule string
		want       []string
	}{
		{"unknown kind", own("{aturan: unig, kolom: n}"), []string{"did you mean unik?"}},
		{"no kind", own("{kolom: n}"), []string{"aturan wajib diisi", "kunciTamu"}},
		{"unknown key", own("{aturan: unik, kolum: n}"), []string{"did you mean kolom?"}},
		{"no column", own("{aturan: unik}"), []string{"kolom wajib diisi"}},
		{"unknown column", own("{aturan: unik, kolom: [n, jl]}"), []string{`"jl"`, "did you mean jk?"}},
		{"column twice", own("{aturan: unik, kolom: [n, n]}"), []string{"dua kali"}},
		{"foreign key without dataset", own("{aturan: kunciTamu, kolom: n}"), []string{"dataset wajib diisi"}},
		{"foreign key to what is no dataset", own("{aturan: kunciTamu, kolom: n, dataset: kota}"), []string{"topik.nama"}},
		{"foreign key of other width", own("{aturan: kunciTamu, kolom: n, dataset: uji.kota, keKolom: [a, b]}"), []string{"1 kolom merujuk 2"}},
		{"sum of an index", own("{aturan: jumlah, kolom: indeks, samaDengan: {kolom: n}}"), []string{`"indeks"`, "tidak boleh dijumlahkan", "aditif"}},
		{"sum that is an index", own("{aturan: jumlah, kolom: n, samaDengan: {kolom: indeks}}"), []string{`"indeks"`, "tidak boleh dijumlahkan"}},
		{"sum of text", own("{aturan: jumlah, kolom: jk, samaDengan: {kolom: n}}"), []string{"berjenis string", "integer, decimal, double"}},
		{"sum of nothing", own("{aturan: jumlah, kolom: n}"), []string{"dibandingkan dengan apa"}},
		{"sum of both", own("{aturan: jumlah, kolom: n, samaDengan: {kolom: b, nilai: b}}"), []string{"salah satu"}},
		{"groups of other width", own("{aturan: jumlah, kolom: n, per: [jk], samaDengan: {kolom: b, per: []}}"), []string{"1 kolom dibandingkan dengan 0"}},
		{"value that never is", own("{aturan: jumlah, kolom: n, di: {jk: [X]}, samaDengan: {kolom: b}}"), []string{`tidak pernah bernilai "X"`}},
		{"filter on an unknown column", own("{aturan: jumlah, kolom: n, di: {kelamin: [L]}, samaDengan: {kolom: b}}"), []string{`"kelamin"`}},
		{"tolerance", own("{aturan: jumlah, kolom: n, samaDengan: {kolom: b}, toleransi: sedikit}"), []string{`"sedikit"`, "1%"}},
		{"tolerance that is no number", own("{aturan: jumlah, kolom: n, samaDengan: {kolom: b}, toleransi: NaN}"), []string{`"NaN"`, "1%"}},
		{"formula that is a condition", own("{aturan: turunan, kolom: indeks, rumus: b = n}"), []string{"rumus bukan bilangan"}},
		{"formula of an unknown column", own("{aturan: turunan, kolom: indeks, rumus: b / m}"), []string{`"m"`, "huruf ke-5"}},
		{"formula that sums an index", own("{aturan: turunan, kolom: n, rumus: indeks * 2, per: [tahun]}"), []string{"tidak boleh dijumlahkan"}},
		{"rows of a formula without groups", own("{aturan: turunan, kolom: indeks, rumus: b / n, di: {jk: L}}"), []string{"per"}},
		{"jump without factor", own("{aturan: lonjakan, kolom: n}"), []string{"lebih dari 1"}},
		{"jump by one", own("{aturan: lonjakan, kolom: n, faktor: 1}"), []string{"lebih dari 1"}},
		{"jump in series with holes", own("{aturan: lonjakan, kolom: n, faktor: 2, per: [jk]}"), []string{`"kemendagri_kode_kabupaten_kota"`, "deret"}},
		{"jump of text", own("{aturan: lonjakan, kolom: kode, faktor: 2}"), []string{"berjenis string"}},
		{"unchanged without limit", own("{aturan: takBerubah, kolom: n}"), []string{"batas"}},
		{"unchanged of all", own("{aturan: takBerubah, kolom: n, batas: 100%}"), []string{"di bawah 100%"}},
		{"freshness of a number", own("{aturan: mutakhir, periode: n}"), []string{"bukan tanggal atau tahun"}},
		{"freshness of what comes once", own("{aturan: mutakhir, jadwal: sekali}"), []string{"tanpa jadwal"}},
		{"unknown type", "      - {type: lonjakan, column: n, factor: 20}", []string{`type "lonjakan" tidak dikenal`, "implementation: {aturan: lonjakan"}},
		{"key of no rule", "      - {type: library, column: n, metric: rowCount, mustBe: 1}", []string{`kunci "column" tidak dikenal`, "implementation: {aturan: lonjakan"}},
		{"slip in a type", "      - {type: costum, engine: satudata, name: r, implementation: n > 0}", []string{"did you mean custom?"}},
		{"severity", strings.Replace(own("{aturan: unik, kolom: n}"), "name: r", "name: r, severity: info", 1), []string{`"info"`, "error, warning"}},
		{"name twice", own("{aturan: unik, kolom: n}") + "\n" + own("{aturan: unik, kolom: b}"), []string{`aturan "r" ada dua`}},
		{"no name", "      - {type: custom, engine: satudata, implementation: {aturan: unik, kolom: n}}", []string{"name wajib diisi"}},
		{"schedule", "      - {metric: rowCount, mustBe: 1, schedule: '0 1 * * *'}", []string{"setiap kiriman"}},
		{"no metric", "      - {mustBe: 1}", []string{"metric wajib diisi"}},
		{"unknown metric", "      - {metric: rowCounts, mustBe: 1}", []string{"did you mean rowCount?"}},
		{"no limit", "      - {metric: rowCount}", []string{"aturan tanpa batas", "mustBeBetween"}},
		{"two limits", "      - {metric: rowCount, mustBe: 1, mustNotBe: 2}", []string{"mustBe dan mustNotBe"}},
		{"limit that is no number", "      - {metric: rowCount, mustBe: banyak}", []string{`"banyak"`}},
		{"range the wrong way", "      - {metric: rowCount, mustBeBetween: [5, 1]}", []string{"yang kecil dahulu"}},
		{"range of one", "      - {metric: rowCount, mustBeBetween: [5]}", []string{"bukan dua bilangan"}},
		{"percent of rows", "      - {metric: rowCount, mustBe: 5, unit: percent}", []string{"bukan persen"}},
		{"unit", "      - {metric: rowCount, mustBe: 5, unit: kg}", []string{`"kg"`, "rows, percent"}},
		{"metric of no column", "      - {metric: nullValues, mustBe: 5}", []string{"memerlukan kolom"}},
		{"duplicates of no column", "      - {metric: duplicateValues, mustBe: 5}", []string{"memerlukan kolom", "properties"}},
		{"unknown argument", "      - {metric: duplicateValues, mustBe: 5, arguments: {property: [n]}}", []string{`"property"`, "properties"}},
		{"sql without query", "      - {type: sql, name: q, mustBe: 0}", []string{"query wajib diisi"}},
		{"sql with an unknown placeholder", "      - {type: sql, name: q, query: 'SELECT 1 FROM ${tabel}', mustBe: 0}", []string{"${tabel}", "did you mean table?"}},
		{"sql of the table with a column", "      - {type: sql, name: q, query: 'SELECT 1 FROM ${column}', mustBe: 0}", []string{"${column}"}},
		{"sql without limit", "      - {type: sql, name: q, query: 'SELECT 1'}", []string{"aturan tanpa batas"}},
		{"sql with a metric", "      - {type: sql, name: q, query: 'SELECT 1', mustBe: 0, metric: rowCount}", []string{"metric tidak berlaku", "type: library"}},
		{"custom with a limit", "      - {type: custom, engine: satudata, name: q, implementation: n > 0, mustBe: 0}", []string{"mustBe tidak berlaku"}},
		{"old word", "      - {rule: rowCount, metric: rowCount, mustBe: 0}", []string{"metric"}},
		{"engine", "      - {type: custom, engine: soda, name: q, implementation: x}", []string{"soda", "type: sql"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc := ruled(tt.rule)
			_, err := schemas.ParseContract("k.yaml", []byte(doc))
			lines := strings.Split(tt.rule, "\n")
			wantFault(t, doc, err, strings.TrimSpace(lines[len(lines)-1]), tt.want)
		})
	}
	_, err := schemas.ParseContract("k.yaml", []byte(ruled(own("{aturan: lonjakan, kolom: n, faktor: 2, periode: tahunn}"))))
	if faults := (schemas.Faults{}); !errors.As(err, &faults) || len(faults) != 1 || !strings.Contains(err.Error(), "did you mean tahun?") {
		t.Errorf("a slip in periode: %v, want this one fault", err)
	}
	for name, edit := range map[string][4]string{
		"relationship to nowhere":      {"to: orang.n", "to: entah", "entah", "tabel.kolom"},
		"relationship to no column":    {"to: orang.n", "to: orang.m", `"m"`, ""},
		"relationship with from":       {"to: orang.n", "from: orang.b, to: orang.n", "from tidak ditulis", ""},
		"relationship of other kind":   {"type: foreignKey", "type: parent", `"parent"`, "foreignKey"},
		"relationship from elsewhere":  {"from: orang.n", "from: kota.n", "kota.n", ""},
		"relationship of other width":  {"from: orang.n", "from: [orang.n, orang.b]", "2 kolom merujuk 1", ""},
		"rule of satudata in a column": {"{type: sql, name: kode_unik, query", "{type: custom, engine: satudata, implementation: n = 1, name: kode_unik, query", "quality tabel", ""},
		"two patterns":                 {"{name: kode, logicalType: string,", "{name: kode, logicalType: string, logicalTypeOptions: {pattern: x},", "sudah punya pola", ""},
		"bad pattern":                  {`pattern: "[0-9]+"`, `pattern: "(["`, "pola tidak dapat dibaca", ""},
	} {
		doc := strings.Replace(ruled("      - {type: text}"), edit[0], edit[1], 1)
		_, err := schemas.ParseContract("k.yaml", []byte(doc))
		if err == nil || !strings.Contains(err.Error(), edit[2]) || !strings.Contains(err.Error(), edit[3]) {
			t.Errorf("%s: %v, want a fault with %q", name, err, edit[2])
		}
	}
}

// TestRelationshipOfLaterVersion: from version 2 on the dataset is called otherwise than the table, by
// which relationships name columns.
func TestRelationshipOfLaterVersion(t *testing.T) {
	first, err := schemas.ParseContract("k.yaml", []byte(ruled("      - {type: text}")))
	if err != nil {
		t.Fatal(err)
	}
	second, err := schemas.ParseContract("k.yaml", []byte(strings.Replace(ruled("      - {type: text}"), "version: 1.0.0", "version: 2.0.0", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if len(second.TableRules) != len(first.TableRules) {
		t.Errorf("%d rules, and %d in version 2", len(first.TableRules), len(second.TableRules))
	}
}

// TestDiffOfTableRules: a stricter table rule harms producers, unless it only warns; a column's new
// name in a rule changes nothing.
func TestDiffOfTableRules(t *testing.T) {
	parse := func(version, doc string) *schemas.Contract {
		c, err := schemas.ParseContract("k.yaml", []byte(strings.Replace(doc, "version: 1.0.0", "version: "+version, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	derived := own("{aturan: turunan, kolom: indeks, rumus: b / n * 100}")
	old := parse("1.0.0", ruled(derived))
	for name, tt := range map[string]struct {
		doc  string
		want string
		harm schemas.Harm
	}{
		"same":    {ruled(derived), "", ""},
		"renamed": {strings.NewReplacer("name: b, logicalType: integer, description: Bagian., ", "name: bb, logicalType: integer, description: Bagian., ", "rumus: b /", "rumus: bb /", "orang.n}], customProperties: [", "orang.n}], customProperties: [{property: namaLama, value: b}, ").Replace(ruled(derived)), "", ""},
		"added":   {ruled(derived + "\n" + strings.Replace(own("{aturan: unik, kolom: jk}"), "name: r", "name: satu", 1)), "satu (unik) is added", schemas.Producers},
		"warns":   {ruled(derived + "\n" + strings.Replace(own("{aturan: unik, kolom: jk}"), "name: r", "name: satu, severity: warning", 1)), "satu (unik) is added", ""},
		"changed": {ruled(strings.Replace(derived, "100", "1000", 1)), "r (turunan) changed", schemas.Producers},
		"dropped": {ruled("      - {type: text}"), "rule r is dropped", ""},
	} {
		var said []string
		for _, c := range schemas.Diff(old, parse("1.1.0", tt.doc)) {
			if strings.HasPrefix(c.Say.EN, "rule ") && !strings.Contains(c.Say.EN, "kunci_tamu_b") {
				said = append(said, c.Say.EN)
				if c.Harm != tt.harm {
					t.Errorf("%s: %s harms %q, want %q", name, c.Say.EN, c.Harm, tt.harm)
				}
			}
		}
		if tt.want == "" && said != nil || tt.want != "" && (len(said) != 1 || !strings.Contains(said[0], tt.want)) {
			t.Errorf("%s: %q, want %q", name, said, tt.want)
		}
	}
}

// wantFault wants one fault at the line of the text at, that holds every part of want and says what
// to do.
func wantFault(t *testing.T, doc string, err error, at string, want []string) {
	t.Helper()
	before, _, ok := strings.Cut(doc, at)
	if !ok {
		t.Fatalf("the document does not have %q", at)
	}
	line := strings.Count(before, "\n") + 1
	var faults schemas.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error = %v, want Faults", err)
	}
	for _, f := range faults {
		found := f.Line == line && f.Say.ID != "" && f.Say.EN != "" && f.Expected != ""
		for _, part := range want {
			found = found && strings.Contains(f.String(), part)
		}
		if found {
			return
		}
	}
	t.Errorf("no fault at line %d with %q and a remedy among:\n%v", line, want, err)
}

func TestLimit(t *testing.T) {
	for _, tt := range []struct {
		limit schemas.Limit
		yes   []float64
		no    []float64
		say   string
	}{
		{schemas.Limit{Operator: "mustBe", A: 2}, []float64{2}, []float64{1, 3}, "= 2"},
		{schemas.Limit{Operator: "mustNotBe", A: 2}, []float64{1, 3}, []float64{2}, "bukan 2"},
		{schemas.Limit{Operator: "mustBeGreaterThan", A: 2}, []float64{3}, []float64{2, 1}, "> 2"},
		{schemas.Limit{Operator: "mustBeGreaterOrEqualTo", A: 2}, []float64{2, 3}, []float64{1}, ">= 2"},
		{schemas.Limit{Operator: "mustBeLessThan", A: 2}, []float64{1}, []float64{2, 3}, "< 2"},
		{schemas.Limit{Operator: "mustBeLessOrEqualTo", A: 2.5}, []float64{2.5}, []float64{3}, "<= 2.5"},
		{schemas.Limit{Operator: "mustBeBetween", A: 2, B: 3}, []float64{2, 3}, []float64{1, 4}, "dari 2 sampai 3"},
		{schemas.Limit{Operator: "mustNotBeBetween", A: 2, B: 3}, []float64{1, 4}, []float64{2, 3}, "di luar 2 sampai 3"},
	} {
		for _, x := range tt.yes {
			if !tt.limit.Holds(x) {
				t.Errorf("%v does not hold for %v", tt.limit, x)
			}
		}
		for _, x := range tt.no {
			if tt.limit.Holds(x) {
				t.Errorf("%v holds for %v", tt.limit, x)
			}
		}
		if got := tt.limit.Say().ID; got != tt.say {
			t.Errorf("%v says %q, want %q", tt.limit, got, tt.say)
		}
	}
}
