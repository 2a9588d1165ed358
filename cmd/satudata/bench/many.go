package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ManyOptions are how large the workspace with many datasets is.
type ManyOptions struct {
	Program    string // satudata
	Dir        string // of the workspace
	Datasets   int
	Deliveries int           // of each dataset
	Records    int64         // of each delivery
	Idle       time.Duration // how long the idle program is watched
	Ready      string        // what `up` prints when all of its loops have been round once
	Say        func(format string, args ...any)
}

// Many is what a running `up` costs that has many datasets and nothing to do.
type Many struct {
	Datasets    int      `json:"datasets"`
	Deliveries  int      `json:"deliveries"`  // of each
	Records     int64    `json:"records"`     // of each delivery
	ReadySecond float64  `json:"ready_s"`     // from the start of the process until its loops have been round once
	ReadyCPU    float64  `json:"ready_cpu_s"` // processor time until then
	IdleSeconds float64  `json:"idle_s"`      // watched after that
	IdleCPU     float64  `json:"idle_cpu"`    // share of one core
	IdleRSS     int64    `json:"idle_rss_bytes"`
	Load        string   `json:"load"` // of the machine meanwhile: what the system says of the last 1, 5 and 15 minutes
	Fill        Measured `json:"fill"`
	Up          Measured `json:"up"`
}

// ManyWorkspace makes a workspace of many datasets, each with a source and deliveries of its own.
func ManyWorkspace(o ManyOptions) error {
	contract, err := documents.ReadFile("permit/contract.yaml")
	if err != nil {
		return err
	}
	binding, err := documents.ReadFile("permit/binding.yaml")
	if err != nil {
		return err
	}
	config := "name: Bench\nsources:\n"
	for i := range o.Datasets {
		name, id := fmt.Sprintf("izin%03d", i), Binding(i)
		config += fmt.Sprintf("  - {binding: %s, paths: [deliveries/%d]}\n", id, i)
		dataset := strings.NewReplacer("perizinan.izin", "perizinan."+name, "- name: izin\n", "- name: "+name+"\n",
			"SERVICES", strings.Join(serviceCodes(), ", "), "BINDING", id, "FORMAT", string(NDJSON))
		err := errors.Join(
			write(filepath.Join(o.Dir, "contracts", name+".yaml"), dataset.Replace(string(contract))),
			write(filepath.Join(o.Dir, "bindings", id+".yaml"), dataset.Replace(string(binding))),
			o.deliver(i))
		if err != nil {
			return err
		}
	}
	return write(filepath.Join(o.Dir, "satudata.yaml"), config)
}

// deliver puts the deliveries of a dataset into its folder.
func (o ManyOptions) deliver(dataset int) error {
	folder := filepath.Join(o.Dir, "deliveries", strconv.Itoa(dataset))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for k := range o.Deliveries {
		from := int64(dataset*o.Deliveries+k) * o.Records
		if _, err := writeFile(filepath.Join(folder, fmt.Sprintf("izin-%03d.ndjson", k)), NDJSON, from, o.Records); err != nil {
			return err
		}
	}
	return nil
}

// MeasureMany fills the workspace with the real commands, starts `up` on it, and watches it do nothing.
func MeasureMany(ctx context.Context, o ManyOptions) (m Many, err error) {
	m = Many{Datasets: o.Datasets, Deliveries: o.Deliveries, Records: o.Records}
	if err := ManyWorkspace(o); err != nil {
		return m, err
	}
	o.Say("%d dataset, %d kiriman dibaca dan didaratkan … (deliveries are read and landed)", o.Datasets, o.Datasets*o.Deliveries)
	b := bench{Options: Options{Program: o.Program}}
	if m.Fill, err = b.child(ctx, "-C", o.Dir, "ingest", "--land"); err != nil {
		return m, err
	}
	m.Fill.Kind = "fill"
	o.Say("terisi dalam (filled in) %.0f s, CPU %.0f s", m.Fill.Seconds, m.Fill.CPUSeconds)
	return m, o.watch(ctx, &m)
}

// watch starts `up` and measures it until the idle time is over.
func (o ManyOptions) watch(ctx context.Context, m *Many) (err error) {
	settle()
	cmd := exec.Command(o.Program, "-C", o.Dir, "up")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	ready, read := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(read)
		lines, said := bufio.NewScanner(out), false
		for lines.Scan() {
			if !said && strings.HasPrefix(lines.Text(), o.Ready) {
				said = true
				close(ready)
			}
		}
	}()
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt) // one that has ended says so below
		<-read
		if werr := cmd.Wait(); werr != nil || stderr.Len() > 0 {
			err = errors.Join(err, werr, fmt.Errorf("satudata up: %s", strings.TrimSpace(stderr.String())))
		}
		m.Up = Used("up", cmd.ProcessState, time.Since(begun))
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-read:
		return errors.New("satudata up has ended before it was ready")
	case <-ready:
	}
	m.ReadySecond = time.Since(begun).Seconds()
	return o.idle(ctx, cmd.Process.Pid, m)
}

// idle measures a process that has nothing to do.
func (o ManyOptions) idle(ctx context.Context, pid int, m *Many) error {
	o.Say("siap setelah (ready after) %.2f s", m.ReadySecond)
	before, err := cpuSeconds(pid)
	if err != nil {
		return err
	}
	m.ReadyCPU = before
	begun := time.Now()
	if !until(ctx, begun.Add(o.Idle)) {
		return ctx.Err()
	}
	after, err := cpuSeconds(pid)
	if err != nil {
		return err
	}
	m.IdleSeconds = time.Since(begun).Seconds()
	m.IdleCPU = (after - before) / m.IdleSeconds
	kb, _, _ := strings.Cut(procValue(fmt.Sprintf("/proc/%d/status", pid), "VmRSS"), " ")
	rss, err := strconv.ParseInt(kb, 10, 64)
	if err != nil {
		return fmt.Errorf("read memory of process %d: %w", pid, err)
	}
	m.IdleRSS = rss << 10
	load, err := os.ReadFile("/proc/loadavg")
	m.Load, _, _ = strings.Cut(string(load), "/") // what follows is how many processes there are
	m.Load = strings.TrimSpace(m.Load[:max(0, strings.LastIndex(m.Load, " "))])
	return err
}

// cpuSeconds is the processor time that a process has used, user and system. It is known on Linux only.
func cpuSeconds(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("processor time of another process is read from Linux's /proc: %w", err)
	}
	return parseStat(string(text))
}

// parseStat reads user and system time, fields 14 and 15, in hundredths of a second. The second field is
// the program's name in brackets, which may hold anything.
func parseStat(text string) (float64, error) {
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("read processor time from %q: too few fields", text)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	system, serr := strconv.ParseInt(fields[12], 10, 64)
	return float64(user+system) / 100, errors.Join(err, serr)
}
