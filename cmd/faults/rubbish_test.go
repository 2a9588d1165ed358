package faults

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"satudata/catalog"
	"satudata/ingest/event"
)

// What a process may take, whatever it is fed: the reader, and the one that lands and folds as well.
const (
	mostToRead = 512 << 20
	mostToLand = 1 << 30
)

// firstSound is the id of the first permit that is delivered in a sound file; rubbish has smaller ones.
const firstSound = 800_000_000_000_000

// dump is an office that is fed rubbish, and sound files in between.
type dump struct {
	*office
	next int   // id of the next sound permit
	peak int64 // most memory that a process took
}

func newDump(t *testing.T) *dump {
	t.Helper()
	o := newOffice(t, "log: {kind: embedded}\n", 0)
	for _, k := range kinds {
		text := strings.ReplaceAll(read(t, "testdata/binding.yaml"), "SOURCE", k.source)
		write(t, filepath.Join(o.dir, "bindings", k.source+".yaml"), strings.Replace(text, "{type: ndjson}", k.format, 1))
	}
	return &dump{office: o, next: firstSound}
}

// sound writes a sound delivery of a source and returns its path.
func (d *dump) sound(k kind) string {
	d.t.Helper()
	rows := permits(d.next, 20)
	for _, row := range rows {
		if row[3] == "banyak" {
			d.sent.rejected[row[0]]++
		} else {
			d.sent.accepted[strings.Join([]string{row[0], row[1], row[3]}, ",")]++
		}
	}
	path := filepath.Join(d.dir, "data", fmt.Sprintf("sound%d%s", d.next, k.ending))
	d.next += len(rows)
	write(d.t, path, string(k.write(rand.New(rand.NewPCG(uint64(d.next), 1)), rows)))
	return path
}

// taken is what `ingest --json` says of a delivery.
type taken struct {
	Subject string          `json:"berkas"`
	Status  string          `json:"status"`
	Reason  *event.Sentence `json:"alasan"`
}

// peakOf is the most memory that an ended process took, in bytes, 0 when it took no more than we did. Linux counts
// what we held when we started it, before it became another program, so less than that cannot be told.
func peakOf(t *testing.T, ended *os.ProcessState) int64 {
	t.Helper()
	var ours syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ours); err != nil {
		t.Fatal(err)
	}
	if used := ended.SysUsage().(*syscall.Rusage).Maxrss; used > ours.Maxrss {
		return used << 10
	}
	return 0
}

// frugal runs a command to its end, which must come with one of the exit codes and within so much memory.
func (d *dump) frugal(most int64, codes []int, args ...string) (r result, err error) {
	c := d.command(args...)
	r = finish(d.t, c)
	used := peakOf(d.t, c.ProcessState)
	d.peak = max(d.peak, used)
	switch {
	case !slices.Contains(codes, r.code):
		return r, fmt.Errorf("exit code %d\n%s", r.code, r.stderr)
	case strings.Contains(r.stderr, "goroutine "):
		return r, fmt.Errorf("panic\n%s", r.stderr)
	case used > most:
		return r, fmt.Errorf("took %d MiB", used>>20)
	}
	return r, nil
}

// ingest reads files, each of which must end as taken or as refused with a reason in both languages.
func (d *dump) ingest(source string, files []string) error {
	r, err := d.frugal(mostToRead, []int{0, 3}, append([]string{"ingest", "--json", "--binding", "dpmptsp." + source}, files...)...)
	if err != nil {
		return err
	}
	var done []taken
	if err := json.Unmarshal([]byte(r.stdout), &done); err != nil {
		return fmt.Errorf("%w in %s", err, r.stdout)
	}
	ended := map[string]bool{}
	for _, o := range done {
		name, _, _ := strings.Cut(o.Subject, "/")
		ended[name] = true
		if refused := o.Status == "refused"; refused != (o.Reason != nil) || refused && !bilingual(*o.Reason) {
			return fmt.Errorf("%s is %s for %+v", o.Subject, o.Status, o.Reason)
		}
		if strings.ContainsFunc(o.Subject, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return fmt.Errorf("subject %q", o.Subject)
		}
	}
	for _, f := range files {
		if !ended[filepath.Base(f)] {
			return fmt.Errorf("nothing is said of %s", filepath.Base(f))
		}
	}
	return nil
}

// bilingual says whether a reason is there in two languages, fit for a terminal.
func bilingual(s event.Sentence) bool {
	return s.ID != "" && s.EN != "" && s.ID != s.EN && len(s.ID)+len(s.EN) < 4000 && !strings.ContainsFunc(s.ID+s.EN, func(c rune) bool { return c < ' ' && c != '\n' })
}

// land lands what was read.
func (d *dump) land() error {
	_, err := d.frugal(mostToLand, []int{0, 3}, "land", "--once")
	return err
}

// check proves that every delivery is decided, with reasons where something was not taken, that the
// counts add up, and that the sound rows are in the tables once.
func (d *dump) check() {
	d.t.Helper()
	d.must("verify")
	d.checkDeliveries()
	d.compareSound()
	d.checkReasons()
}

// compareSound proves that the rows of the sound deliveries are in the tables once.
func (d *dump) compareSound() {
	d.t.Helper()
	const sound = " WHERE id BETWEEN 800000000000000 AND 800001000000000"
	const row = "SELECT id || ',' || pemohon || ',' || nilai FROM "
	compare(d.t, "current state", d.sent.accepted, d.rows(row+dataset+sound))
	compare(d.t, "history", d.sent.accepted, d.rows(row+dataset+"_riwayat"+sound))
	rejected := map[string]int{}
	id := regexp.MustCompile(`80000\d{10}`)
	for raw, n := range d.rows("SELECT mentah FROM " + dataset + "_ditolak WHERE mentah LIKE '%80000%banyak%'") {
		rejected[id.FindString(raw)] += n
	}
	compare(d.t, "rejected", d.sent.rejected, rejected)
}

// checkReasons looks at why rows were rejected.
func (d *dump) checkReasons() {
	d.t.Helper()
	for text := range d.rows("SELECT alasan FROM " + dataset + "_ditolak WHERE status = 'ditolak'") {
		var why []struct {
			Rule string `json:"aturan"`
			ID   string `json:"pesan"`
			EN   string `json:"pesan_en"`
		}
		if err := json.Unmarshal([]byte(text), &why); err != nil || len(why) == 0 || why[0].Rule == "" || !bilingual(event.Sentence{ID: why[0].ID, EN: why[0].EN}) {
			d.t.Errorf("a row is rejected for %s (%v)", text, err)
		}
	}
}

// checkDeliveries looks at what became of every delivery.
func (d *dump) checkDeliveries() {
	d.t.Helper()
	var all []catalog.Delivery
	if err := json.Unmarshal([]byte(d.must("deliveries", "--json")), &all); err != nil {
		d.t.Fatal(err)
	}
	ends := map[catalog.Status]int{}
	for _, e := range all {
		ends[e.Status]++
		switch e.Status {
		case catalog.Published:
		case catalog.Returned, catalog.Refused:
			if e.Reason == nil || !bilingual(*e.Reason) {
				d.t.Errorf("%s is %s for %+v", e.Subject, e.Status, e.Reason)
			}
		default:
			d.t.Errorf("%s is left %s", e.Subject, e.Status)
		}
		if c := e.Check; c != nil && (c.Read != c.Accepted+c.Rejected+c.SetAside || c.Read != e.Records || c.Rejected > 0 && len(c.Reasons) == 0) {
			d.t.Errorf("%s: %+v of %d records", e.Subject, *c, e.Records)
		}
	}
	d.t.Logf("deliveries: %v", ends)
	for _, s := range []catalog.Status{catalog.Published, catalog.Returned, catalog.Refused} {
		if ends[s] == 0 {
			d.t.Errorf("no delivery is %s: the rubbish is not what it should be", s)
		}
	}
}

// round feeds the rubbish of seeds, with a sound file of the source after every so many.
func (d *dump) round(from, to uint64) {
	d.t.Helper()
	const every = 25
	files, names := map[string][]string{}, map[string]uint64{}
	for seed := from; seed < to; seed++ {
		k, name, data, _ := rubbish(seed)
		path := filepath.Join(d.dir, "data", name)
		write(d.t, path, string(data))
		names[path] = seed
		if files[k.source] = append(files[k.source], path); len(files[k.source])%every == 0 {
			files[k.source] = append(files[k.source], d.sound(k))
		}
	}
	for _, k := range kinds {
		all := append(files[k.source], d.sound(k))
		if err := d.ingest(k.source, all); err != nil {
			d.blame(err, k, all, names)
		}
	}
	if err := d.land(); err != nil {
		d.t.Errorf("land: %v", err)
		for _, k := range kinds {
			d.blame(err, k, files[k.source], names)
		}
	}
	for path := range names {
		if err := os.Remove(path); err != nil {
			d.t.Fatal(err)
		}
	}
}

// blame takes files one by one through offices of their own, to find the one that is at fault, which
// is kept.
func (d *dump) blame(err error, k kind, files []string, names map[string]uint64) {
	d.t.Helper()
	kept, kerr := os.MkdirTemp("", "rubbish-")
	if kerr != nil {
		d.t.Fatal(kerr)
	}
	for _, f := range files {
		alone := newDump(d.t)
		err := alone.ingest(k.source, []string{f})
		if err == nil {
			err = alone.land()
		}
		if err == nil {
			continue
		}
		seed := names[f]
		_, _, _, how := rubbish(seed)
		write(d.t, filepath.Join(kept, filepath.Base(f)), read(d.t, f))
		d.t.Fatalf("seed %d (%s), kept as %s: %v", seed, how, filepath.Join(kept, filepath.Base(f)), err)
	}
	d.t.Errorf("%s: %v, though each of its files by itself does no harm", k.source, err)
}

// TestRubbish feeds mutated deliveries of every format, 10,000 in the full form, each of which must
// end as accepted, as rejected with reasons, or as refused with a reason, and do no harm to others.
// SATUDATA_SEED begins with another seed.
func TestRubbish(t *testing.T) {
	d := newDump(t)
	first := seedFromEnvironment(t)
	all, step := uint64(times(210, 10_000)), uint64(times(210, 1000))
	for seed := uint64(0); seed < all && !t.Failed(); seed += step {
		d.round(first+seed, first+min(seed+step, all))
	}
	d.check()
	if entries, err := filepath.Glob(filepath.Join(os.TempDir(), "satudata-*.xlsx")); err != nil || len(entries) > 0 {
		t.Errorf("temporary files are left: %v, %v", entries, err)
	}
	t.Logf("sound rows: %d, rejected: %d", len(d.sent.accepted), len(slices.Collect(maps.Keys(d.sent.rejected))))
}

func seedFromEnvironment(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("SATUDATA_SEED")
	if text == "" {
		return 0
	}
	var seed uint64
	if _, err := fmt.Sscan(text, &seed); err != nil {
		t.Fatalf("SATUDATA_SEED is %q: %v", text, err)
	}
	return seed
}
