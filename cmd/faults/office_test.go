package faults

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// dataset is what every office delivers; its contract and binding are in testdata.
const dataset = "perizinan.izin"

// office is a workspace and what was delivered to it: permits of which every hundredth is faulty.
type office struct {
	t       *testing.T
	dir     string
	data    string              // where deliveries are
	as      *syscall.Credential // who runs the program; nil: who runs the test
	env     []string            // of the program besides ours
	sources int

	mu   sync.Mutex // guards sent
	sent sent
}

// sent is the multiset of rows that the tables must hold.
type sent struct {
	accepted map[string]int // id, name and amount
	rejected map[string]int // the record as delivered
	current  map[int]string // of each id the accepted row delivered last
}

// newOffice makes a workspace with a configuration and as many sources as are given.
func newOffice(t *testing.T, config string, sources int) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), sources: sources, sent: sent{accepted: map[string]int{}, rejected: map[string]int{}, current: map[int]string{}}}
	o.data = filepath.Join(o.dir, "data")
	o.fill(config)
	return o
}

// fill writes the files of the workspace.
func (o *office) fill(config string) {
	o.t.Helper()
	write(o.t, filepath.Join(o.dir, "satudata.yaml"), config)
	write(o.t, filepath.Join(o.dir, "contracts", "izin.yaml"), read(o.t, "testdata/contract.yaml"))
	for i := range o.sources {
		source := fmt.Sprintf("izin%d", i)
		write(o.t, filepath.Join(o.dir, "bindings", source+".yaml"), strings.ReplaceAll(read(o.t, "testdata/binding.yaml"), "SOURCE", source))
	}
}

// file writes the permits from first up to last as a delivery of a source and returns its path. From
// now on the tables must hold them, once.
func (o *office) file(source, first, last int) string {
	o.t.Helper()
	return o.edition(source, first, last, 0)
}

// edition is file with amounts of their own: delivered later than others of the same permits, it
// replaces them in the current state.
func (o *office) edition(source, first, last, number int) string {
	o.t.Helper()
	var b strings.Builder
	o.mu.Lock()
	for id := first; id < last; id++ {
		amount := strconv.Itoa((id*7 + number) % 1000)
		faulty := id%100 == 0
		if faulty {
			amount = "banyak" // not a number
		}
		line := fmt.Sprintf(`{"id":%d,"pemohon":"Pemohon %d","kode":"3273","nilai":%q}`, id, id, amount)
		b.WriteString(line + "\n")
		if faulty {
			o.sent.rejected[line]++
		} else {
			row := fmt.Sprintf("%d,Pemohon %d,%s", id, id, amount)
			o.sent.accepted[row]++
			o.sent.current[id] = row
		}
	}
	o.mu.Unlock()
	path := filepath.Join(o.data, fmt.Sprintf("izin%d-%07d-%d.ndjson", source, first, number))
	write(o.t, path, b.String())
	return path
}

// deliver reads the permits from first up to last into the log.
func (o *office) deliver(source, first, last int) {
	o.t.Helper()
	o.must("ingest", "--binding", fmt.Sprintf("dpmptsp.izin%d", source), o.file(source, first, last))
}

// command is the program with arguments in this workspace, not yet started.
func (o *office) command(args ...string) *exec.Cmd {
	c := exec.Command(binary, append([]string{"-C", o.dir}, args...)...)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: o.as}
	c.Env = append(os.Environ(), o.env...)
	return c
}

// result is what a command printed and how it ended.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command to its end.
func (o *office) run(args ...string) result {
	o.t.Helper()
	return finish(o.t, o.command(args...))
}

// finish runs a command to its end. One that takes too long hangs, and is ended with a trace of what it
// was doing.
func finish(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var out, trouble bytes.Buffer
	c.Stdout, c.Stderr = &out, &trouble
	hang := time.AfterFunc(patience, func() { _ = c.Process.Signal(syscall.SIGQUIT) })
	defer hang.Stop()
	err := c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Errorf("%v: %v", c.Args, err) // not Fatal: commands run beside each other
		return result{code: -1, stderr: err.Error()}
	}
	return result{code: c.ProcessState.ExitCode(), stdout: out.String(), stderr: trouble.String()}
}

// must runs a command that has to succeed, and returns what it printed.
func (o *office) must(args ...string) string {
	o.t.Helper()
	r := o.run(args...)
	if r.code != 0 {
		o.t.Fatalf("satudata %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// check proves that the tables hold what was sent, no row more and none less.
func (o *office) check() {
	o.t.Helper()
	o.must("verify")
	compare(o.t, "current state", o.current(), o.rows(currentRows))
	compare(o.t, "history", o.sent.accepted, o.rows(historyRows))
	compare(o.t, "rejected", o.sent.rejected, o.rows(rejectedRows))
}

// What the tables hold, as it was sent.
const (
	currentRows  = "SELECT id || ',' || pemohon || ',' || nilai AS baris FROM " + dataset
	historyRows  = currentRows + "_riwayat"
	rejectedRows = "SELECT mentah AS baris FROM " + dataset + "_ditolak"
)

// current is the multiset of rows that the current state must hold.
func (o *office) current() map[string]int {
	rows := make(map[string]int, len(o.sent.current))
	for _, r := range o.sent.current {
		rows[r]++
	}
	return rows
}

// compareAtOnce compares the tables with what was sent by one query, which takes a third of the time.
func (o *office) compareAtOnce() {
	o.t.Helper()
	want, query := map[string]int{}, ""
	for _, part := range []struct {
		name, query string
		rows        map[string]int
	}{{"current: ", currentRows, o.current()}, {"history: ", historyRows, o.sent.accepted}, {"rejected: ", rejectedRows, o.sent.rejected}} {
		for row, n := range part.rows {
			want[part.name+row] = n
		}
		query += " UNION ALL SELECT '" + part.name + "' || baris FROM (" + part.query + ")"
	}
	compare(o.t, "tables", want, o.rows(strings.TrimPrefix(query, " UNION ALL ")))
}

// rows is the multiset of what a query of one column returns.
func (o *office) rows(query string) map[string]int {
	o.t.Helper()
	return lines(o.t, o.must("query", query, "--format", "csv"))
}

// lines is the multiset of the first column of CSV with a header.
func lines(t *testing.T, text string) map[string]int {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("read the answer of a query: %v\n%.1000s", err, text)
	}
	rows := map[string]int{}
	for _, r := range records[min(1, len(records)):] {
		rows[r[0]]++
	}
	return rows
}

// compare compares two multisets.
func compare(t *testing.T, what string, want, got map[string]int) {
	t.Helper()
	if maps.Equal(want, got) {
		return
	}
	lost, extra := differences(want, got), differences(got, want)
	t.Errorf("%s: %d rows are missing, for example %v; %d rows are too many, for example %v",
		what, len(lost), lost[:min(3, len(lost))], len(extra), extra[:min(3, len(extra))])
}

// differences lists what a has more often than b.
func differences(a, b map[string]int) []string {
	var out []string
	for row, n := range a {
		if n > b[row] {
			out = append(out, fmt.Sprintf("%s (%d against %d)", row, n, b[row]))
		}
	}
	slices.Sort(out)
	return out
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
