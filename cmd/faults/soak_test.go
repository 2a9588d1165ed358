package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// soaking keeps little and removes it soon, so that what is kept for minutes or hours otherwise is
// seen to go away within the test.
const soaking = "log: {kind: embedded}\nlake: {keepSnapshots: 20, grace: 20s}\nquery: {timeout: 10s}\nsources: [{binding: dpmptsp.izin0, paths: [masuk]}]\n"

// TestSoak streams permits into a folder that `up` watches and kills it at random moments: new permits,
// faulty ones, and three times as many changes of known ones. In the long form that is 20,000 rows/s
// for 30 minutes; SATUDATA_SOAK_RATE (rows a second) and SATUDATA_SOAK_FOR (as 10m) say otherwise, and
// SATUDATA_SOAK_OUT is a file for what was measured, as CSV. Nothing may be lost, and neither memory
// nor the number of files may grow with time. A machine that cannot keep the pace makes the stream
// wait: the rate that was reached is told.
func TestSoak(t *testing.T) {
	beside(t)
	rate, length := soakSize(t)
	o := newOffice(t, soaking, 1)
	s := newStream(o)
	up := o.start("up").running()
	m := &monitor{office: o, stream: s, begun: time.Now()}
	kills, nextKill := 0, m.begun.Add(killPause(length))
	for second := 0; time.Since(m.begun) < length || kills < 2; second++ {
		time.Sleep(time.Until(m.begun.Add(time.Duration(second) * time.Second)))
		s.send(rate)
		if second%5 == 0 {
			m.sample(up)
		}
		for time.Since(m.begun) < length && s.accepted-m.landed > 30*rate { // it is behind: wait, and start anew
			time.Sleep(time.Second)
			m.sample(up)
			second = int(time.Since(m.begun) / time.Second)
		}
		if time.Now().After(nextKill) {
			time.Sleep(rand.N(time.Second))
			if !up.kill() {
				t.Fatalf("up ended by itself\n%s", up.said())
			}
			kills, nextKill = kills+1, time.Now().Add(killPause(length))
			up = o.start("up")
		}
	}
	for streamed := time.Since(m.begun); m.landed < s.accepted; time.Sleep(time.Second) {
		up.alive()
		if m.sample(up); time.Since(m.begun) > 3*streamed+5*time.Minute {
			t.Fatalf("%d of %d rows landed\n%s", m.landed, s.accepted, up.said())
		}
	}
	up.end()
	t.Logf("%d rows in %d deliveries, %d kills, %.0f rows/s\n%s", s.sent, s.deliveries, kills, float64(s.sent)/time.Since(m.begun).Seconds(), m)
	m.save()
	m.flat()
	s.check()
	if kills < 2 {
		t.Errorf("it was killed %d times only", kills)
	}
}

// soakSize is how many rows a second, for how long.
func soakSize(t *testing.T) (rate int, length time.Duration) {
	t.Helper()
	rate, length = times(2_000, 20_000), time.Duration(times(20, 1800))*time.Second
	var err error
	if text := os.Getenv("SATUDATA_SOAK_RATE"); text != "" {
		if rate, err = strconv.Atoi(text); err != nil {
			t.Fatalf("SATUDATA_SOAK_RATE: %v", err)
		}
	}
	if text := os.Getenv("SATUDATA_SOAK_FOR"); text != "" {
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatalf("SATUDATA_SOAK_FOR: %v", err)
		}
	}
	return rate, length
}

// killPause is how long to leave `up` alone: half a minute in the mean, less when there is little time.
func killPause(length time.Duration) time.Duration {
	return min(length/8, 5*time.Second) + rand.N(min(length/5, 50*time.Second))
}

// observation is what was seen at one moment.
type observation struct {
	seconds      float64
	sent, landed int
	rss, peak    int // KiB of `up`
	data, meta   int // files of the lake
	snapshots    int // manifest lists
	lake, log    int64
}

// monitor looks at `up` and its workspace every few seconds.
type monitor struct {
	*office
	stream *stream
	begun  time.Time
	landed int
	seen   []observation
}

func (m *monitor) sample(up *process) {
	m.t.Helper()
	up.alive()
	if n := m.office.landed(); n > 0 {
		m.landed = n
	}
	v := observation{seconds: time.Since(m.begun).Seconds(), sent: m.stream.sent, landed: m.landed,
		rss: up.status("VmRSS"), peak: up.status("VmHWM")}
	for path, size := range m.sizes("lake") {
		v.lake += size
		switch {
		case strings.HasSuffix(path, ".parquet"):
			v.data++
		case strings.Contains(path, "/metadata/"):
			v.meta++
		}
		if strings.Contains(path, "/snap-") {
			v.snapshots++
		}
	}
	for _, size := range m.sizes("log") {
		v.log += size
	}
	m.seen = append(m.seen, v)
}

// String tells the first observation of every twentieth of the time.
func (m *monitor) String() string {
	var b strings.Builder
	b.WriteString(observationHead)
	for i := 0; i < len(m.seen); i += max(len(m.seen)/20, 1) {
		b.WriteString(m.seen[i].csv())
	}
	return b.String()
}

const observationHead = "seconds,sent,landed,rss_kib,peak_kib,data_files,metadata_files,manifest_lists,lake_bytes,log_bytes\n"

func (v observation) csv() string {
	return fmt.Sprintf("%.1f,%d,%d,%d,%d,%d,%d,%d,%d,%d\n", v.seconds, v.sent, v.landed, v.rss, v.peak, v.data, v.meta, v.snapshots, v.lake, v.log)
}

// save writes what was seen where SATUDATA_SOAK_OUT says.
func (m *monitor) save() {
	path := os.Getenv("SATUDATA_SOAK_OUT")
	if path == "" {
		return
	}
	all := observationHead
	for _, v := range m.seen {
		all += v.csv()
	}
	write(m.t, path, all)
}

// flat makes sure that the last quarter of the time needed no more memory and no more files than the
// second. Less than two minutes say nothing of that.
func (m *monitor) flat() {
	m.t.Helper()
	if n := len(m.seen); m.seen[n-1].seconds < 120 {
		return
	}
	for _, what := range []struct {
		name  string
		of    func(observation) int
		allow int // what it may grow by besides half of it
	}{
		{"memory of up in KiB", func(v observation) int { return v.rss }, 128 << 10},
		{"data files", func(v observation) int { return v.data }, 100},
		{"metadata files", func(v observation) int { return v.meta }, 200},
		{"manifest lists", func(v observation) int { return v.snapshots }, 100},
	} {
		second, last := m.median(1, what.of), m.median(3, what.of)
		m.t.Logf("%s: median of the second quarter %d, of the last %d", what.name, second, last)
		if last > second+second/2+what.allow {
			m.t.Errorf("%s grew from %d to %d", what.name, second, last)
		}
	}
}

// median is of the nth quarter of the time.
func (m *monitor) median(quarter int, of func(observation) int) int {
	end := m.seen[len(m.seen)-1].seconds
	var all []int
	for _, v := range m.seen {
		if int(min(v.seconds/end*4, 3)) == quarter {
			all = append(all, of(v))
		}
	}
	if len(all) == 0 {
		m.t.Fatalf("nothing was seen in quarter %d", quarter)
	}
	slices.Sort(all)
	return all[len(all)/2]
}
