package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"satudata/cmd/satudata/ops"
)

// clock looks whether the machine's clock can be right.
func (x *exam) clock() {
	const doID, doEN = "aktifkan NTP: timedatectl set-ntp true", "switch NTP on: timedatectl set-ntp true"
	now := time.Now()
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	switch {
	case now.Year() < 2025:
		x.trouble(broken, "jam", "jam mesin menunjukkan "+now.Format(time.RFC3339), "the clock is years behind", doID, doEN)
	case err == nil && state == unix.TIME_ERROR:
		x.trouble(warning, "jam", "jam mesin tidak disinkronkan", "the clock is not synchronised", doID, doEN)
	default:
		x.well("jam", now.In(x.w.zone).Format("2006-01-02 15:04:05 MST"), "the clock can be right")
	}
}

// limits looks at the files that may be open.
func (x *exam) limits() {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		x.trouble(warning, "batas", err.Error(), "the limit of open files is not known", "periksa dengan ulimit -n", "look with ulimit -n")
		return
	}
	v := well
	switch {
	case l.Cur < 256:
		v = broken
	case l.Cur < 4096:
		v = warning
	}
	if v != well {
		x.trouble(v, "batas", fmt.Sprintf("hanya %d berkas boleh terbuka", l.Cur), "few files may be open", "naikkan: ulimit -n 65536, atau LimitNOFILE=65536 di unit systemd", "raise it: ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit")
		return
	}
	x.well("batas", fmt.Sprintf("%d berkas boleh terbuka", l.Cur), "files may be open")
}

// memory looks whether there is as much as the work takes: the program, a fold and a query.
func (x *exam) memory() {
	available, ok := availableMemory()
	if !ok {
		return
	}
	need := uint64(512 << 20)
	for _, s := range []string{x.w.cfg.Lake.FoldMemory, x.w.cfg.Query.Memory} {
		n, err := humanize.ParseBytes(s)
		if err != nil {
			x.trouble(broken, "memori", fmt.Sprintf("ukuran %q di lake.foldMemory atau query.memory tidak terbaca", s), "is no size", "tulis misalnya 512MB", "write for example 512MB")
		}
		need += n
	}
	switch {
	case available < 256<<20:
		x.trouble(broken, "memori", humanize.IBytes(available)+" tersedia", "is available", "hentikan program lain atau tambah memori", "stop other programs or add memory")
	case available < need:
		x.trouble(warning, "memori", fmt.Sprintf("%s tersedia, %s dapat terpakai", humanize.IBytes(available), humanize.IBytes(need)), "less is available than may be used",
			"kecilkan lake.foldMemory dan query.memory, atau tambah memori", "lower lake.foldMemory and query.memory, or add memory")
	default:
		x.well("memori", humanize.IBytes(available)+" tersedia", "is available")
	}
}

// availableMemory is what the system and the control group leave; ok is false where it cannot be told.
func availableMemory() (n uint64, ok bool) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if w := strings.Fields(line); len(w) >= 2 && w[0] == "MemAvailable:" {
			kib, err := strconv.ParseUint(w[1], 10, 64)
			n, ok = kib<<10, err == nil
		}
	}
	limit, lok := number64("/sys/fs/cgroup/memory.max")
	used, uok := number64("/sys/fs/cgroup/memory.current")
	if lok && uok {
		n = min(n, limit-min(used, limit))
	}
	return n, ok
}

func number64(path string) (uint64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

// listener asks the process that runs, when it has an operations listener.
func (x *exam) listener(ctx context.Context) {
	addr := x.w.cfg.Ops.Listen
	if addr == "" {
		return
	}
	r, err := askReady(ctx, addr)
	if err != nil {
		x.trouble(warning, "operasi", "http://"+addr+" tidak menjawab", "the operations listener does not answer", "jalankan `satudata up` atau `satudata land`, bila seharusnya berjalan", "start `satudata up` or `satudata land`, if it should run")
		return
	}
	for _, c := range r.Checks {
		if !c.OK {
			x.trouble(broken, "operasi", c.Name+": "+c.Say.ID, c.Say.EN, "lihat catatan proses itu; temuan lain di sini menunjukkan sebabnya", "see the log of that process; other findings here show the cause")
		}
	}
	switch {
	case !r.OK && len(r.Checks) == 0:
		x.trouble(broken, "operasi", "http://"+addr+"/readyz menjawab, tetapi bukan jawaban satudata", "something else answers there", "hentikan program lain di alamat itu, atau pilih ops.listen yang lain", "stop the other program at that address, or choose another ops.listen")
	case r.OK:
		x.well("operasi", "proses yang berjalan siap", "the running process is ready")
	}
}

// askReady asks a running process whether it is ready.
func askReady(ctx context.Context, addr string) (r ops.Report, err error) {
	ctx, cancel := context.WithTimeout(ctx, 6*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return r, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, err
	}
	defer func() { _ = res.Body.Close() }()
	return r, json.NewDecoder(res.Body).Decode(&r)
}

func (x *exam) versions() {
	v := versions()
	names := []string{"satudata " + v.Satudata, v.Go}
	for _, m := range v.Modules {
		parts := strings.Split(m.Path, "/")
		name := parts[len(parts)-1]
		if strings.HasPrefix(name, "v") && len(parts) > 1 {
			name = parts[len(parts)-2]
		}
		names = append(names, name+" "+m.Version)
	}
	x.well("versi", strings.Join(names, ", "), "versions")
}
