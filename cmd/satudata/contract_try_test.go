package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/catalog"
	"satudata/schemas/schemastest"
	"satudata/transform/trial"
)

// verdict is what became of a delivery: counts, and reasons as "field|rule": count and first sentence.
type verdict struct {
	Read, Accepted, Rejected, SetAside int64
	Reasons                            map[string]string
	Missing                            map[string]int64
	Warnings                           int
}

// landed are the verdicts of the deliveries of a workspace, by file.
func landed(t *testing.T, dir string) map[string]verdict {
	t.Helper()
	var found []catalog.Delivery
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "deliveries", "--json")), &found); err != nil {
		t.Fatal(err)
	}
	out := map[string]verdict{}
	for _, d := range found {
		if d.Check == nil {
			continue
		}
		v := verdict{d.Check.Read, d.Check.Accepted, d.Check.Rejected, d.Check.SetAside, map[string]string{}, map[string]int64{}, len(d.Check.Warnings)}
		for _, r := range d.Check.Reasons {
			v.Reasons[r.Field+"|"+r.Rule] = fmt.Sprint(r.Count, " ", r.Say.ID, " ", r.Say.EN)
		}
		for column, n := range d.Check.Missing {
			v.Missing[column] = n
		}
		out[d.Subject] = v
	}
	return out
}

// tried is the verdict of a dry run.
func tried(t *testing.T, args ...string) verdict {
	t.Helper()
	var reports []trial.Report
	if err := json.Unmarshal([]byte(must(t, append([]string{"contract", "try", "--json"}, args...)...)), &reports); err != nil || len(reports) != 1 {
		t.Fatalf("%v: %d reports", err, len(reports))
	}
	r := reports[0]
	v := verdict{r.Read, r.Accepted, r.Rejected, r.SetAside, map[string]string{}, map[string]int64{}, len(r.Warnings)}
	for _, why := range r.Reasons {
		v.Reasons[why.Field+"|"+why.Rule] = fmt.Sprint(why.Count, " ", why.Say.ID, " ", why.Say.EN)
	}
	for _, m := range r.Missing {
		v.Missing[m.Column] = m.Count
	}
	return v
}

// sampleFiles are the sample's readable deliveries by binding.
var sampleFiles = map[string]string{
	"bpbd.kejadian_banjir": "bpbd/kejadian_banjir.xlsx", "dinkes.balita_stunting": "dinkes/balita_stunting.csv",
	"dinkes.kasus_dbd": "dinkes/kasus_dbd.ndjson", "disdukcapil.penduduk": "disdukcapil/penduduk.csv",
	"diskominfo.aplikasi": "diskominfo/aplikasi.csv", "diskominfo.indeks_spbe": "diskominfo/indeks_spbe.csv",
	"dppkb.pendataan_keluarga": "dppkb/pendataan_keluarga.tsv",
}

// TestTryAgrees: a dry run and a landing come to the same counts, the same reasons in the same words,
// and the same warnings.
func TestTryAgrees(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kota")
	must(t, "init", "--sample", dir)
	satudata(t, "-C", dir, "ingest") // one file of the sample is refused
	before := listing(t, dir)
	dry := map[string]verdict{}
	for binding, file := range sampleFiles {
		dry[filepath.Base(file)] = tried(t, "-C", dir, "--binding", binding, filepath.Join(dir, "deliveries", file))
		// Its source names the binding, too.
		if diff := cmp.Diff(dry[filepath.Base(file)], tried(t, "-C", dir, filepath.Join(dir, "deliveries", file))); diff != "" {
			t.Errorf("%s without --binding:\n%s", file, diff)
		}
	}
	if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
		t.Errorf("trying changed the workspace (-before +after):\n%s", diff)
	}
	must(t, "-C", dir, "land", "--once")
	if diff := cmp.Diff(landed(t, dir), dry); diff != "" {
		t.Errorf("verdicts (-landed +tried):\n%s", diff)
	}
}

// listing is the files of a folder with their sizes.
func listing(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	err := filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			out[name] = info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTryRealAgrees is TestTryAgrees for the real files, without a workspace.
func TestTryRealAgrees(t *testing.T) {
	dir := realWorkspace(t)
	shared := schemastest.Real(t)
	want := landed(t, dir)
	for file, docs := range map[string][2]string{
		"jumlah_banjir.csv":          {"bencana.kejadian_banjir", "bpbd.jumlah_banjir"},
		"objek_wisata.csv":           {"pariwisata.kunjungan_objek_wisata", "disparbud.objek_wisata"},
		"jumlah_wisatawan.csv":       {"pariwisata.wisatawan", "disparbud.jumlah_wisatawan"},
		"partisipasi_sekolah.csv":    {"pendidikan.partisipasi_sekolah", "disdik.partisipasi_sekolah"},
		"penumpang_pesawat_2019.csv": {"perhubungan.penumpang_pesawat", "dishub.penumpang_pesawat"},
	} {
		got := tried(t, "--contract", filepath.Join("testdata/opd/contracts", docs[0]+".yaml"), "--binding", filepath.Join("testdata/opd/bindings", docs[1]+".yaml"),
			filepath.Join(shared, "opd", file))
		if diff := cmp.Diff(want[file], got); diff != "" {
			t.Errorf("%s (-landed +tried):\n%s", file, diff)
		}
	}
}

func TestTryRefuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kota")
	must(t, "init", "--sample", dir)
	page := filepath.Join(dir, "deliveries", "dinkes", "balita_stunting-2025.csv")
	if r := satudata(t, "-C", dir, "contract", "try", "--binding", "dinkes.balita_stunting", page); r.code != exitRefused || !strings.Contains(r.stdout, "HTML") {
		t.Errorf("a web page: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	other := filepath.Join(dir, "deliveries", "disdukcapil", "penduduk.csv")
	if r := satudata(t, "-C", dir, "contract", "try", "--binding", "dinkes.balita_stunting", other); r.code != exitRefused {
		t.Errorf("a file of another source: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := satudata(t, "-C", dir, "contract", "try", filepath.Join(dir, "satudata.yaml")); r.code != exitUsage || !strings.Contains(r.stderr, "dinkes.kasus_dbd") {
		t.Errorf("no binding named: exit code %d\n%s", r.code, r.stderr)
	}
	if r := satudata(t, "-C", dir, "contract", "try", "--binding", "dinkes.kasus_dbd", filepath.Join(dir, "tidak-ada.csv")); r.code != exitUsage {
		t.Errorf("no such file: exit code %d\n%s", r.code, r.stderr)
	}
	if r := satudata(t, "contract", "try", "--binding", "x.yaml", "--contract", "y.yaml", other); r.code != exitUsage {
		t.Errorf("no such documents: exit code %d\n%s", r.code, r.stderr)
	}
}

// TestTrySaysWhatItDoesNotRun: rules that need what is published are named as not checked, so that
// nobody takes a dry run for the whole judgement.
func TestTrySaysWhatItDoesNotRun(t *testing.T) {
	dir := sampleDir(t)
	file := filepath.Join(dir, "deliveries", "dinkes", "kasus_dbd.ndjson")
	var reports []trial.Report
	if err := json.Unmarshal([]byte(must(t, "-C", dir, "contract", "try", "--binding", "dinkes.kasus_dbd", "--json", file)), &reports); err != nil || len(reports) != 1 || len(reports[0].NotRun) == 0 {
		t.Fatalf("%v: %+v, want the table rules of the contract among what is not run", err, reports)
	}
	for _, name := range reports[0].NotRun {
		if out := must(t, "-C", dir, "contract", "try", "--binding", "dinkes.kasus_dbd", file); !strings.Contains(out, "belum diperiksa") || !strings.Contains(out, name) {
			t.Errorf("%s is not said to be left out:\n%s", name, out)
		}
	}
}
