package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// permitWorkspace makes a workspace for permits from n sources.
func permitWorkspace(t *testing.T, config string, n int) string {
	t.Helper()
	dir := t.TempDir()
	contract, err := os.ReadFile("testdata/izin/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	binding, err := os.ReadFile("testdata/izin/binding.yaml")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, configFile), config)
	writeFile(t, filepath.Join(dir, "contracts", "izin.yaml"), string(contract))
	for i := range n {
		source := fmt.Sprintf("izin%d", i)
		writeFile(t, filepath.Join(dir, "bindings", source+".yaml"), strings.ReplaceAll(string(binding), "SOURCE", source))
	}
	return dir
}

// deliverPermits reads the permits with ids from first up to last into the log, dealt to n sources.
func deliverPermits(t *testing.T, dir string, n, first, last int) {
	t.Helper()
	for i := range n {
		var b strings.Builder
		for id := first + i; id < last; id += n {
			amount := strconv.Itoa(id * 7 % 1000)
			if id%100 == 0 {
				amount = "banyak" // not a number
			}
			fmt.Fprintf(&b, `{"id":%d,"pemohon":"Pemohon %d","kode":"3273","nilai":%q}`+"\n", id, id, amount)
		}
		path := filepath.Join(dir, "data", fmt.Sprintf("izin%d-%d.ndjson", i, first))
		writeFile(t, path, b.String())
		must(t, "-C", dir, "ingest", "--binding", fmt.Sprintf("dpmptsp.izin%d", i), path)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// landing is a landing process that reports each batch it has landed.
type landing struct {
	cmd     *exec.Cmd
	batches chan struct{}
}

func startLanding(t *testing.T, dir string, args ...string) *landing {
	t.Helper()
	l := &landing{cmd: process(t, dir, append([]string{"land", "--verbose"}, args...)...), batches: make(chan struct{}, 1<<20)}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(l.batches)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "perizinan.izin") {
				l.batches <- struct{}{}
			}
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() { _ = l.cmd.Process.Kill() })
	return l
}

// kill kills the process.
func (l *landing) kill() {
	_ = l.cmd.Process.Kill()
	_ = l.cmd.Wait()
}
