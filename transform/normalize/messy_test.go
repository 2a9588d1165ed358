package normalize_test

import (
	"encoding/json"
	"strings"
	"testing"

	"satudata/schemas"
	"satudata/transform/quality"
)

// A messy value is delivered as text (CSV, or a JSON string) unless it starts with "json:", then as
// that JSON. It is accepted as the value named, "-" for none, or rejected by the rule after "!",
// with a sentence that holds what follows.
type messy struct{ given, want string }

// messyPlans are the columns that the values are delivered to: properties and binding of each.
var messyPlans = map[string]struct {
	property, column string
	values           []messy
}{
	"teks": {property("nilai", "string", ""), "missing: [\"-\", n.a., Tidak Ada, tidak diketahui]", []messy{
		{"Kota Bandung", "Kota Bandung"},
		{"  Kota Bandung ", "Kota Bandung"},
		{"\u00a0Kota\u00a0Bandung\u00a0", "Kota\u00a0Bandung"},
		{"\ufeffKota", "Kota"},
		{"Jl. Asia\nNo. 1", "Jl. Asia\nNo. 1"},
		{"", "-"},
		{"   ", "-"},
		{"-", "-"},
		{" - ", "-"},
		{"--", "--"},
		{"0", "0"},
		{"N.A.", "-"},
		{"n.a", "n.a"},
		{"TIDAK   ADA", "-"},
		{"tidak\u00a0ada", "-"},
		{"tidak ada data", "tidak ada data"},
		{"Tidak", "Tidak"},
		{"Caf\u00e9", "Caf\u00e9"},
		{"rusak\u0007", "!tipe U+0007"},
		{"mojibake\u0085x", "!tipe U+0085"},
		{"json:3273", "3273"},
		{"json:null", "-"},
		{"json:true", "true"},
		{`json:{"a":1}`, "!tipe objek atau larik"},
		{`json:["a"]`, "!tipe objek atau larik"},
		{`json:"baris\u0000"`, "!tipe U+0000"},
	}},
	"bulat": {property("nilai", "integer", "logicalTypeOptions: {minimum: -1000000}"), "missing: [\"-\"]", []messy{
		{"335403", "335403"},
		{" 335403 ", "335403"},
		{"+5", "5"},
		{"-5", "-5"},
		{"−5", "-5"},
		{"007", "7"},
		{"0", "0"},
		{"-0", "0"},
		{"-", "-"},
		{"1234.0", "1234"},
		{"1234.00", "1234"},
		{"1.234", "!tipe bermakna ganda"},
		{"1.000", "!tipe bermakna ganda"},
		{"1.234.567", "!tipe bukan angka"},
		{"1,234", "!tipe bukan angka"},
		{"1.5", "!tipe bukan bilangan bulat"},
		{"1e3", "!tipe pangkat"},
		{"12 orang", "!tipe tanpa satuan"},
		{"dua", "!tipe bukan angka"},
		{"1 234", "!tipe bukan angka"},
		{"(5)", "!tipe bukan angka"},
		{"5%", "!tipe bukan angka"},
		{"Rp5", "!tipe bukan angka"},
		{"9223372036854775807", "9223372036854775807"},
		{"-9223372036854775808", "!rentang paling sedikit"},
		{"9223372036854775808", "!tipe terlalu besar"},
		{"99999999999999999999999", "!tipe terlalu besar"},
		{"-1000001", "!rentang paling sedikit -1000000"},
		{"json:1234", "1234"},
		{"json:1234.0", "1234"},
		{"json:1.234", "!tipe bukan bilangan bulat"},
		{"json:1.000", "1"},
		{"json:1e3", "1000"},
		{"json:1.5e1", "15"},
		{"json:1e30", "!tipe terlalu besar"},
		{"json:true", "!tipe bukan angka"},
		{"#REF!", "!tipe bukan angka"},
	}},
	"bulat lokal Indonesia": {property("nilai", "integer", ""), "locale: id", []messy{
		{"335.403", "335403"},
		{"1.234", "1234"},
		{"1.234.567", "1234567"},
		{"1234", "1234"},
		{"1.234,0", "1234"},
		{"1234,5", "!tipe bukan bilangan bulat"},
		{"1,000", "!tipe bermakna ganda"},
		{"12.34", "!tipe per tiga"},
		{"1234.567", "!tipe per tiga"},
		{"0.123", "!tipe per tiga"},
		{".123", "!tipe per tiga"},
		{"1.234.56", "!tipe per tiga"},
		{"1..234", "!tipe per tiga"},
		{"1,234,567", "!tipe bukan angka"},
		{"json:1234", "1234"},
		{"json:1234.0", "1234"},
	}},
	"pecahan": {property("nilai", "number", ""), "locale: id", []messy{
		{"4,99", "4.99"},
		{"1.234,5", "1234.5"},
		{",5", "0.5"},
		{"5,", "!tipe bukan angka"},
		{"4.99", "!tipe per tiga"},
		{"1,2,3", "!tipe bukan angka"},
		{"1e5", "!tipe bukan angka"},
		{"NaN", "!tipe bukan angka"},
		{"json:4.99", "4.99"},
		{"json:1e-3", "0.001"},
		{"json:1e999", "!tipe terlalu besar"},
		{"json:2.316777992", "2.316777992"},
	}},
	"pecahan polos": {property("nilai", "number", "logicalTypeOptions: {minimum: -11, maximum: 141.5}"), "", []messy{
		{"2.316777992", "2.316777992"},
		{"-6.2", "-6.2"},
		{"1e2", "100"},
		{"1.5E-1", "0.15"},
		{"141.5", "141.5"},
		{"141.50001", "!rentang dari -11 sampai 141.5"},
		{"123456789012345678", "!rentang sampai"},
		{"0.1234567890123456789", "0.12345678901234568"},
		{"4,99", "!tipe bukan angka"},
		{"Inf", "!tipe bukan angka"},
		{"6°12'", "!tipe bukan angka"},
	}},
	"desimal": {property("nilai", "number", `physicalType: "decimal(10,2)", logicalTypeOptions: {minimum: 0.1, maximum: 1000000.1}`), "locale: en", []messy{
		{"1,234.56", "1234.56"},
		{"1234.5", "1234.5"},
		{"12.500", "12.5"},
		{"12.345", "!tipe tidak dibulatkan"},
		{"0.10", "0.1"},
		{"0.09", "!rentang"},
		{"1000000.10", "1000000.1"},
		{"1000000.11", "!rentang"},
		{"123456789", "!tipe terlalu besar"},
		{"1.234.567", "!tipe bukan angka"},
		{"json:1e2", "100"},
		{"json:1e-3", "!tipe tidak dibulatkan"},
		{"1e2", "!tipe bukan angka"},
	}},
	"boolean": {property("nilai", "boolean", ""), "", []messy{
		{"ya", "true"},
		{"YA", "true"},
		{"Tidak", "false"},
		{"1", "true"},
		{"0", "false"},
		{"json:true", "true"},
		{"json:false", "false"},
		{"json:1", "true"},
		{"t", "!tipe bukan ya atau tidak"},
		{"v", "!tipe bukan ya atau tidak"},
		{"2", "!tipe bukan ya atau tidak"},
	}},
	"tanggal": {property("nilai", "date", ""), "dates: [DD/MM/YYYY, D MMMM YYYY, D-MMM-YYYY, YYYYMMDD]", []messy{
		{"2024-02-29", "2024-02-29"},
		{"2023-02-29", "!tipe tanggal atau jam yang tidak ada"},
		{"2024-13-01", "!tipe tidak ada"},
		{"2024-05-01T00:00:00", "2024-05-01"},
		{"2024-05-01 00:00:00", "2024-05-01"},
		{"2024-05-01T00:00:00Z", "2024-05-01"},
		{"2024-05-01T07:30:00", "!tipe memuat jam"},
		{"31/12/2023", "2023-12-31"},
		{"12/31/2023", "!tipe tidak ada"},
		{"1/5/2024", "!tipe bukan tanggal"},
		{"01/05/24", "!tipe bukan tanggal"},
		{"17 Agustus 1945", "1945-08-17"},
		{"17 AGUSTUS 1945", "1945-08-17"},
		{"17 August 1945", "1945-08-17"},
		{"28 Pebruari 2024", "2024-02-28"},
		{"10 Nopember 2024", "2024-11-10"},
		{"17 Agst 1945", "!tipe bukan tanggal"},
		{"1-Agu-2024", "2024-08-01"},
		{"1-Okt-2024", "2024-10-01"},
		{"20240501", "2024-05-01"},
		{"45413", "!tipe nomor seri Excel"},
		{"json:45413", "!tipe nomor seri Excel"},
		{"json:20240501", "2024-05-01"},
		{"Mei 2024", "!tipe bukan tanggal"},
		{"00/00/0000", "!tipe tidak ada"},
	}},
	"waktu": {property("nilai", "timestamp", ""), "dates: [\"DD/MM/YYYY HH:mm\"]", []messy{
		{"2024-05-01T07:00:00Z", "2024-05-01T07:00:00Z"},
		{"2024-05-01T07:00:00", "2024-05-01T00:00:00Z"},
		{"2024-05-01 07:00", "2024-05-01T00:00:00Z"},
		{"2024-05-01T07:00:00+08:00", "2024-04-30T23:00:00Z"},
		{"2024-05-01T07:00:00+0800", "2024-04-30T23:00:00Z"},
		{"2024-05-01T07:00:00.123456789Z", "2024-05-01T07:00:00.123456Z"},
		{"01/05/2024 07:00", "2024-05-01T00:00:00Z"},
		{"2024-05-01", "!tipe bukan pola"},
		{"2024-05-01T24:00:00Z", "!tipe tidak ada"},
		{"2024-05-01T07:00:00 WIB", "!tipe bukan pola"},
		{"1714521600", "!tipe bukan tanggal"},
	}},
	"kode bps": {strings.Replace(property("nilai", "string", ""), "[{", "[{property: elemen, value: wilayah.kabupaten_kota}, {", 1), "codeSystem: bps@2023", []messy{
		{"3171", "31.74|Kota Administrasi Jakarta Selatan|3171|KOTA JAKARTA SELATAN"},
		{" 3171 ", "31.74|Kota Administrasi Jakarta Selatan|3171|KOTA JAKARTA SELATAN"},
		{"31 71", "31.74|Kota Administrasi Jakarta Selatan|3171|KOTA JAKARTA SELATAN"},
		{"3171.0", "31.74|Kota Administrasi Jakarta Selatan|3171|KOTA JAKARTA SELATAN"},
		{"3.171e3", "31.74|Kota Administrasi Jakarta Selatan|3171|KOTA JAKARTA SELATAN"},
		{"json:3171", "31.74|Kota Administrasi Jakarta Selatan|3171|KOTA JAKARTA SELATAN"},
		{"json:3171.0", "31.74|Kota Administrasi Jakarta Selatan|3171|KOTA JAKARTA SELATAN"},
		{"31.71", "!kode bertitik adalah kode Kemendagri"},
		{"317", "!kode punya 3 angka"},
		{"3171010", "!kode punya 7 angka"},
		{"9999", "!kode tidak ada"},
		{"Bandung", "!kode bukan kode wilayah"},
		{"3.1715e3", "!kode"},
		{"", "-|-|-|-"},
	}},
	"kode kemendagri": {strings.Replace(property("nilai", "string", ""), "[{", "[{property: elemen, value: wilayah.kabupaten_kota}, {", 1), "codeSystem: kemendagri@2025", []messy{
		{"32.73", "32.73|Kota Bandung|3273|KOTA BANDUNG"},
		{"3273", "32.73|Kota Bandung|3273|KOTA BANDUNG"},
		{"3171", "31.71|Kota Administrasi Jakarta Pusat|3173|KOTA JAKARTA PUSAT"},
		{"json:32.73", "32.73|Kota Bandung|3273|KOTA BANDUNG"},
		{"32.7", "!kode nol di ujung"},
		{"json:11.1", "!kode nol di ujung"},
		{"32.73.01", "!kode punya 6 angka"},
	}},
	"nilai terbatas": {property("nilai", "string", `quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: [NUSANTARA, MANCANEGARA]}}]`),
		"synonyms: {wisatawan domestik: NUSANTARA}", []messy{
			{"NUSANTARA", "NUSANTARA"},
			{"nusantara ", "NUSANTARA"},
			{"Wisatawan  Domestik", "NUSANTARA"},
			{"DOMESTIK", "!nilai NUSANTARA, MANCANEGARA"},
		}},
	"pola": {property("nilai", "string", `logicalTypeOptions: {pattern: "[0-9]{8}", minLength: 8, maxLength: 8}`), "", []messy{
		{"20219001", "20219001"},
		{"2021900", "!pola [0-9]{8}"},
		{"x20219001", "!pola"},
	}},
	"panjang": {property("nilai", "string", `logicalTypeOptions: {minLength: 3, maxLength: 5}`), "", []messy{
		{"abc", "abc"},
		{"ab", "!panjang dari 3 sampai 5"},
		{"éééé", "éééé"},
		{"éé", "!panjang 2 karakter"},
		{"ééééé", "ééééé"},
		{"abcdef", "!panjang 6 karakter"},
	}},
}

func TestMessyValues(t *testing.T) {
	n := 0
	for name, p := range messyPlans {
		t.Run(name, func(t *testing.T) {
			plan := compile(t, p.property, "format: {type: ndjson}\ncolumns:\n  - {to: nilai, from: nilai, "+p.column+"}\n")
			for _, m := range p.values {
				checkMessy(t, plan, m)
			}
		})
		n += len(p.values)
	}
	if n < 60 {
		t.Errorf("only %d messy values", n)
	}
}

// checkMessy delivers m as JSON, and as CSV when it is text.
func checkMessy(t *testing.T, plan *schemas.Plan, m messy) {
	t.Helper()
	cell, isJSON := strings.CutPrefix(m.given, "json:")
	if !isJSON {
		quoted, err := json.Marshal(m.given)
		if err != nil {
			t.Fatal(err)
		}
		cell = string(quoted)
		res := run(t, plan, csvFormat, "id,nilai\n1,\""+strings.ReplaceAll(m.given, `"`, `""`)+"\"\n", 1)
		compareMessy(t, "CSV "+m.given, m.want, values(res, 0), res.Verdicts.Reasons(0))
	}
	res := run(t, plan, jsonFormat, `{"id":1,"nilai":`+cell+"}\n", 1)
	compareMessy(t, "JSON "+m.given, m.want, values(res, 0), res.Verdicts.Reasons(0))
}

func compareMessy(t *testing.T, given, want, got string, reasons []quality.Reason) {
	t.Helper()
	want, rejected := strings.CutPrefix(want, "!")
	if !rejected {
		if got != want || len(reasons) > 0 {
			t.Errorf("%q: got %q %v, want %q", given, got, reasons, want)
		}
		return
	}
	rule, words, _ := strings.Cut(want, " ")
	if len(reasons) != 1 || reasons[0].Rule != rule || !strings.Contains(reasons[0].Say.ID, words) {
		t.Errorf("%q: got %q %v, want rejection by %s: …%s…", given, got, reasons, rule, words)
		return
	}
	if r := reasons[0]; r.Field != "nilai" || r.Say.EN == "" || r.Say.EN == r.Say.ID || r.Value == "" {
		t.Errorf("%q: incomplete reason %+v", given, r)
	}
}
