package normalize_test

import (
	"fmt"
	"strings"
	"testing"

	"satudata/schemas"
)

// TestPersonal: what was delivered in a column about persons is repeated by no reason, in no part of it:
// not the value, not the word behind a number, not the code or region that it may have meant.
func TestPersonal(t *testing.T) {
	const personal = "classification: pribadi_spesifik, "
	secrets := map[string]string{
		"int":     property("nilai", "integer", "classification: pribadi_umum"),
		"short":   property("nilai", "string", "classification: pribadi_umum, logicalTypeOptions: {maxLength: 3}"),
		"range":   property("nilai", "integer", "classification: pribadi_umum, logicalTypeOptions: {maximum: 3}"),
		"uang":    "- {name: nilai, " + personal + "customProperties: [{property: elemen, value: umum.rupiah}]}\n",
		"wilayah": "- {name: nilai, " + personal + "customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]}\n",
	}
	for _, tt := range []struct {
		column, value string
		never         []string
	}{
		{"int", "Budi Santoso", []string{"Budi"}},
		{"short", "Budi Santoso", []string{"Budi"}},
		{"range", "987654", []string{"987654"}},
		{"uang", "5000 Budi Santoso", []string{"5000", "Budi"}},
		{"wilayah", "Kota Bandung", []string{"Bandung", "32.73", "3273"}},
		{"wilayah", "9999", []string{"9999"}},
	} {
		t.Run(tt.column+" "+tt.value, func(t *testing.T) {
			plan := compile(t, secrets[tt.column], "format: {type: csv}\ncodeSystem: kemendagri@2025\ncolumns:\n  - {to: nilai, from: nilai}\n")
			res := run(t, plan, csvFormat, "nilai\n"+tt.value+"\n", 1)
			reasons := res.Verdicts.Reasons(0)
			if len(reasons) == 0 {
				t.Fatal("accepted")
			}
			all := fmt.Sprintf("%+v", reasons)
			for _, secret := range tt.never {
				if strings.Contains(all, secret) {
					t.Errorf("a reason repeats %q: %s", secret, all)
				}
			}
			if string(res.Raw(0)) != tt.value {
				t.Errorf("the record is kept as %q, want it as it was delivered", res.Raw(0))
			}
		})
	}
	plan := compile(t, secrets["int"], "format: {type: csv}\ncolumns:\n  - {to: nilai, from: nilai}\n")
	res := run(t, plan, csvFormat, "Budi Santoso,3273\nSiti,3274\n", 1)
	if all := fmt.Sprintf("%+v", res.Verdicts.Reasons(0)); !strings.Contains(all, "tanpa baris judul") || strings.Contains(all, "Budi") {
		t.Errorf("a file without a header: %s", all)
	}
	for _, e := range schemas.Elements() {
		if e.Class == "umum" {
			continue
		}
		res := deliver(t, e, e.Counterexamples)
		for i, text := range e.Counterexamples {
			if all := fmt.Sprintf("%+v", res.Verdicts.Reasons(i)); len(text) > 5 && strings.Contains(all, text) {
				t.Errorf("%s: a reason repeats %q: %s", e.ID, text, all)
			}
		}
	}
}
