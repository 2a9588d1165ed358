package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satudata/ingest/event"
)

// TestContractsAreFound: check, diff and export find a contract by its file, also as satudata names it, by
// its dataset and by dataset@version; what keeps it from being found is what they say.
func TestContractsAreFound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kota")
	must(t, "init", dir)
	one := put(t, dir, "contracts/taman.yaml", parks)
	two := put(t, dir, "contracts/taman2.yml", strings.NewReplacer("version: 1.0.0", "version: 1.1.0", "description: Jenis}", "description: Jenis taman}").Replace(parks))
	for arg, version := range map[string]string{"contracts/taman.yaml": "1.0.0", "lingkungan.taman": "1.1.0", "lingkungan.taman@1.0.0": "1.0.0", "lingkungan.taman@1.1.0": "1.1.0"} {
		if r := satudata(t, "-C", dir, "contract", "check", arg); !strings.HasPrefix(r.stdout, "lingkungan.taman "+version) {
			t.Errorf("check %s: %+v", arg, r)
		}
		if out := must(t, "-C", dir, "contract", "export", "--to", "odcs", arg); !strings.Contains(out, "version: "+version) {
			t.Errorf("export of %s:\n%s", arg, out)
		}
	}
	if out := must(t, "-C", t.TempDir(), "contract", "diff", one, two); !strings.Contains(out, "1.0.0 → 1.1.0") {
		t.Errorf("diff outside of a workspace:\n%s", out)
	}
	put(t, dir, "bindings/taman.yaml", strings.Replace(parksBinding, "contract: 1.0.0", "contract: 1.0.2", 1))
	if r := satudata(t, "-C", dir, "ingest", "--binding", "dlh.taman", "x.csv"); r.code != exitNotFound || !strings.Contains(r.stderr, "1.0.0, 1.1.0") || !strings.Contains(r.stderr, "`contract:`") {
		t.Errorf("a binding of a version that is not there: %+v", r)
	}

	twin := put(t, dir, "contracts/kembar.yaml", strings.Replace(parks, "description: Jenis}", "description: Jenis lain}", 1))
	for _, command := range [][]string{{"contract", "check", "lingkungan.taman@1.0.0"}, {"contract", "check"}} {
		r := satudata(t, append([]string{"-C", dir}, command...)...)
		if r.code != exitUsage || !strings.Contains(r.stderr, "contracts/kembar.yaml dan contracts/taman.yaml") {
			t.Errorf("%v with two files of one version: %+v", command, r)
		}
	}
	if r := satudata(t, "-C", dir, "contract", "export", "--to", "odcs", "lingkungan.taman@1.0.0"); r.code != exitUsage || !strings.Contains(r.stderr, "contracts/kembar.yaml") {
		t.Errorf("export with two files of one version: %+v", r)
	}
	if err := os.Remove(twin); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "contracts/kolam.yaml", strings.NewReplacer("lingkungan.taman", "lingkungan.kolam", "name: taman", "name: kolam", "logicalType: number", "logicalType: numeber").Replace(parks))
	if r := satudata(t, "-C", dir, "contract", "check", "lingkungan.kolam"); r.code != exitUsage || !strings.Contains(r.stderr, "contracts/kolam.yaml:") || !strings.Contains(r.stderr, "numeber") {
		t.Errorf("check of a dataset whose contract has a fault: %+v", r)
	}
}

// TestCheckRunsTheRules: a rule that could not be run fails the contract where it stands.
func TestCheckRunsTheRules(t *testing.T) {
	dir := t.TempDir()
	file := put(t, dir, "taman.yaml", strings.Replace(parks, "    quality:\n", "    quality:\n      - {type: sql, name: salah, query: \"SELEC count(*) FROM ${table}\", mustBe: 0}\n", 1))
	r := satudata(t, "-C", dir, "contract", "check", file)
	if r.code != exitUsage || !strings.Contains(r.stdout, "taman.yaml:19: galat: aturan salah tidak dapat dijalankan") || strings.Contains(r.stderr, "WARN") {
		t.Errorf("check of a rule that is no SQL: %+v", r)
	}
}

// TestBoth: what the two languages end with alike is said once.
func TestBoth(t *testing.T) {
	r := satudata(t, "-C", sampleDir(t), "query", "SELECT entah FROM spbe.indeks")
	if !strings.HasPrefix(r.stderr, "satudata: SQL tidak dapat dijalankan (The SQL cannot be run): ") || strings.Contains(r.stderr, "The SQL cannot be run: ") {
		t.Errorf("said %q", r.stderr)
	}
	const want = "arsip rusak (zip: not a valid zip file); kirim ulang (the archive is damaged (zip: not a valid zip file); send it again)"
	if got := both(event.Sentence{ID: "arsip rusak (zip: not a valid zip file); kirim ulang", EN: "the archive is damaged (zip: not a valid zip file); send it again"}); got != want {
		t.Errorf("a sentence is torn out of its parentheses: %q, want %q", got, want)
	}
}
