package faults

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rotting is a workspace in which everything that can rot is there: several commits, rejected rows,
// a folded current state and one that is not folded; and what its tables hold.
func rotting(t *testing.T) (o *office, kept string) {
	t.Helper()
	o = newOffice(t, "log: {kind: embedded, partitions: 2, chunkBytes: 20000}\nlake: {batchBytes: 60000}\n", 2)
	o.deliver(0, 1, 2001)
	o.deliver(1, 2001, 4001)
	o.must("land", "--once")
	o.must("maintain") // the current state has files of its own
	o.deliver(0, 4001, 4301)
	o.must("land", "--once")
	kept = filepath.Join(t.TempDir(), "sidik.json")
	write(t, kept, o.must("verify", "--digest", "--json"))
	o.must("verify", "--deep")
	return o, kept
}

// copyOf is the workspace as a set of files, to be put back after each damage.
type copyOf map[string][]byte

func copyFiles(t *testing.T, dir string) copyOf {
	t.Helper()
	c := copyOf{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		c[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// restore puts the files back as they were.
func (c copyOf) restore(t *testing.T, dir string) {
	t.Helper()
	for path := range copyFiles(t, dir) {
		if _, ok := c[path]; !ok {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, content := range c {
		if now, err := os.ReadFile(path); err != nil || string(now) != string(content) {
			write(t, path, string(content))
		}
	}
}

// files are the paths that end with one of the given words.
func (c copyOf) files(words ...string) []string {
	var out []string
	for path := range c {
		if slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(path, w) }) {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// flip changes a random bit of a file.
func flip(t *testing.T, path string, content []byte) int {
	t.Helper()
	changed := slices.Clone(content)
	at := rand.IntN(len(changed))
	changed[at] ^= 1 << rand.IntN(8)
	write(t, path, string(changed))
	return at
}

// TestBitRot flips bits in every file of tables, table catalog, projection and log: verify --deep
// finds it, or the tables hold what they held. In the long form every file is damaged in ten places, in
// the short form two of each kind in one place.
func TestBitRot(t *testing.T) {
	o, kept := rotting(t)
	whole := copyFiles(t, o.dir)
	found, harmless := 0, 0
	for _, kind := range []string{".parquet", ".metadata.json", ".avro", "lake/catalog.db", "state/catalog.db", "log.db"} {
		files := whole.files(kind)
		if len(files) == 0 {
			t.Fatalf("there is no file %s to damage", kind)
		}
		rand.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		if !full() {
			files = files[:min(2, len(files))]
		}
		for _, path := range files {
			for range times(1, 10) {
				at := flip(t, path, whole[path])
				r := o.run("verify", "--deep")
				switch {
				case r.code == 4 && strings.Contains(r.stdout, "TEMUAN"):
					found++
				case r.code == 0:
					if same := o.run("verify", "--same", kept, o.dir); same.code != 0 {
						t.Errorf("byte %d of %s was changed, and nothing was found, but the tables differ: exit code %d\n%s%s", at, path, same.code, same.stdout, same.stderr)
					}
					harmless++
				default:
					t.Errorf("byte %d of %s was changed: verify --deep ended with %d\n%s%s", at, path, r.code, r.stdout, r.stderr)
				}
				if kind == ".parquet" && !strings.Contains(r.stdout, filepath.Base(path)) && r.code != 0 {
					t.Errorf("byte %d of %s was changed, and what was found does not name it\n%s%s", at, path, r.stdout, r.stderr)
				}
				whole.restore(t, o.dir)
			}
		}
	}
	t.Logf("%d damages were found, %d were harmless", found, harmless)
}

// TestRepair damages a workspace in every way that the log can make good, and has it repaired: verify
// --deep finds nothing any more, and the tables hold what they held before.
func TestRepair(t *testing.T) {
	o, kept := rotting(t)
	whole := copyFiles(t, o.dir)
	one := func(words ...string) func(*testing.T) {
		return func(t *testing.T) {
			files := slices.DeleteFunc(whole.files(words[0]), func(path string) bool { return len(words) > 1 && !strings.Contains(path, words[1]) })
			path := files[rand.IntN(len(files))]
			if strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".avro") {
				path = files[len(files)-1] // older ones may be of no use to anybody any more
			}
			t.Logf("damaged byte %d of %s", flip(t, path, whole[path]), path)
		}
	}
	remove := func(name string) func(*testing.T) {
		return func(t *testing.T) {
			if err := os.RemoveAll(filepath.Join(o.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	rubbish := func(name string) func(*testing.T) {
		return func(t *testing.T) {
			path := filepath.Join(o.dir, name)
			content := slices.Clone(whole[path])
			for i := range content {
				if i >= 100 && i < 5000 {
					content[i] = 0xff
				}
			}
			write(t, path, string(content))
		}
	}
	for name, damage := range map[string]func(*testing.T){
		"history data":        one(".parquet", "izin_riwayat/"),
		"rejected data":       one(".parquet", "izin_ditolak/"),
		"current data":        one(".parquet", "/izin/"),
		"history metadata":    one(".metadata.json", "izin_riwayat/"),
		"rejected metadata":   one(".metadata.json", "izin_ditolak/"),
		"current metadata":    one(".metadata.json", "/izin/"),
		"missing history":     remove("lake/publik/perizinan/izin_riwayat"),
		"missing rejected":    remove("lake/internal"),
		"missing data":        remove("lake/publik/perizinan/izin_riwayat/data"),
		"missing manifests":   remove("lake/publik/perizinan/izin/metadata"),
		"missing catalog":     remove("lake/catalog.db"),
		"rubbish in catalog":  rubbish("lake/catalog.db"),
		"missing lake":        remove("lake"),
		"missing projection":  remove("state"),
		"rubbish projection":  rubbish("state/catalog.db"),
		"everything but log":  func(t *testing.T) { remove("lake")(t); remove("state")(t) },
		"manifest of history": one(".avro", "izin_riwayat/"),
	} {
		t.Run(name, func(t *testing.T) {
			defer whole.restore(t, o.dir)
			damage(t)
			r := finish(t, o.command("repair"))
			if r.code != 0 {
				t.Fatalf("repair: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			if r := finish(t, o.command("verify", "--deep")); r.code != 0 {
				t.Errorf("verify --deep after the repair: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			if r := finish(t, o.command("verify", "--same", kept, o.dir)); r.code != 0 {
				t.Errorf("verify --same after the repair: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
		})
	}
}
