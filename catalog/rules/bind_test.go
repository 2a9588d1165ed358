package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/catalog/rules"
	"satudata/schemas"
)

// TestBind: what cannot be run is known without data, and what only lacks data is not blamed.
func TestBind(t *testing.T) {
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.register("uji.kota", "", cities, "- {type: text}")
	w.register("uji.orang", `
- {property: kolomPeriode, value: tahun}
- {property: petak, value: [{kolom: wilayah, dalam: "99"}]}`, people, strings.Join([]string{
		`- {type: sql, name: baik, query: "SELECT max(n) FROM ${table} JOIN ${kiriman} USING (kota, jk, tahun, n)", mustBe: 0}`,
		`- {type: sql, name: salah_tulis, query: "SELEC count(*) FROM ${table}", mustBe: 0}`,
		`- {type: sql, name: kolom_lain, query: "SELECT count(entah) FROM ${table}", mustBe: 0}`,
		`- {type: sql, name: bukan_bilangan, query: "SELECT max(kota) FROM ${table}", mustBe: 0}`,
		`- {type: sql, name: dataset_lain, query: "SELECT count(*) FROM uji.entah", mustBe: 0}`,
		custom("tamu", "", "{aturan: kunciTamu, kolom: kota, dataset: uji.kota}"),
		custom("tamu_lain", "", "{aturan: kunciTamu, kolom: kota, dataset: uji.entah}"),
		custom("j", "", "{aturan: lonjakan, kolom: n, faktor: 2, periode: tahun}"),
	}, "\n"))
	found, err := rules.Bind(t.Context(), w.contracts["uji.orang"], []*schemas.Contract{w.contracts["uji.kota"]}, ref)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range found {
		got = append(got, fmt.Sprint(u.Rule.Name, " ", u.Elsewhere))
		if strings.Contains(u.Say.ID, "\n") || u.Rule.Name == "petak" && u.Say.ID != `petak tidak dapat dibentuk: tidak ada kabupaten_kota di dalam "99"` {
			t.Errorf("%s says %q", u.Rule.Name, u.Say.ID)
		}
	}
	want := []string{"salah_tulis false", "kolom_lain false", "bukan_bilangan false", "dataset_lain true", "tamu_lain true", "petak false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unfit rules (-want +got):\n%s", diff)
	}
}

// TestWorstJumpFirst: the largest of many jumps is the first example, and more than five are kept.
func TestWorstJumpFirst(t *testing.T) {
	w := newWorld(t)
	w.register("uji.orang", "", people, custom("j", "warning", "{aturan: lonjakan, kolom: n, faktor: 2, periode: tahun}"))
	var rows []string
	for i, n := range []int{30, 40, 50, 60, 70, 9999, 80} {
		city := string(rune('A' + i))
		rows = append(rows, person(city, "L", 2020, `, "n": 10`), person(city, "L", 2021, fmt.Sprintf(`, "n": %d`, n)))
	}
	found := w.find(w.deliver("uji.orang", rows...))
	if len(found) != 1 || len(found[0].Examples) != 7 || !strings.HasPrefix(found[0].Examples[0], "kota = F") || !strings.HasPrefix(found[0].Examples[1], "kota = G") {
		t.Errorf("findings %+v, want the jump to 9999 first", found)
	}
}

// TestLinesCoverHoles: the lines of the grid that are missing say how many holes they stand for, one
// where two lines cross.
func TestLinesCoverHoles(t *testing.T) {
	w := newWorld(t)
	w.register("uji.orang", `
- {property: kolomPeriode, value: tahun}
- {property: petak, value: [{kolom: kota, nilai: [A, B, C]}, {kolom: tahun, dari: 2020, sampai: 2023}]}`, people, "- {type: text}")
	found := w.find(w.deliver("uji.orang", person("A", "L", 2020, ""), person("A", "L", 2021, ""), person("B", "L", 2020, "")))
	// missing: all of C (4), all of 2022 and 2023 (3 each, C counted already), and B of 2021
	if len(found) != 1 || found[0].Count != 9 {
		t.Fatalf("findings %+v", found)
	}
	sum := int64(0)
	for _, n := range found[0].Covers {
		sum += n
	}
	if len(found[0].Covers) != len(found[0].Examples) || sum != 9 {
		t.Errorf("examples %q cover %v", found[0].Examples, found[0].Covers)
	}
}

// TestShrinkingDelivery: a full delivery that leaves less than half of its scope is warned of, with both
// numbers; a scope that it does not touch, or a part that is large enough, is not.
func TestShrinkingDelivery(t *testing.T) {
	for _, scope := range []string{"", "\n- {property: gantiBerdasarkan, value: [tahun]}"} {
		w := newWorld(t)
		w.register("uji.kota", "\n- {property: modePengiriman, value: full}"+scope, cities, "- {type: text}")
		rows := func(year, n int) []string {
			var out []string
			for i := range n {
				out = append(out, fmt.Sprintf(`{"kota": "K%d", "tahun": %d}`, i, year))
			}
			return out
		}
		first := w.deliver("uji.kota", rows(2020, 10)...)
		if found := w.find(first); len(found) != 0 {
			t.Errorf("the first delivery: %+v", found)
		}
		w.publish(first)
		if found := w.find(w.deliver("uji.kota", rows(2020, 5)...)); len(found) != 0 {
			t.Errorf("half of the rows: %+v", found)
		}
		found := w.find(w.deliver("uji.kota", rows(2020, 4)...))
		if len(found) != 1 || found[0].Rule != "kiriman_menyusut" || found[0].Severity != "warning" || !strings.Contains(found[0].Say.ID, "mengganti 10 baris dengan 4") {
			t.Errorf("scope %q: findings %+v", scope, found)
		}
		if found := w.find(w.deliver("uji.kota", rows(2021, 4)...)); (len(found) == 0) != (scope != "") {
			t.Errorf("scope %q, another year: findings %+v", scope, found)
		}
	}
}
