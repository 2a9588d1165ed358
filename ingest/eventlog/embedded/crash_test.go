package embedded_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog/embedded"
)

// writerEnv makes this test binary a process that appends to the log in the folder it names and
// prints what was acknowledged, until it is killed.
const writerEnv = "SATUDATA_TEST_LOG_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		if err := write(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// write appends numbered messages from two goroutines for ever.
func write(dir string) error {
	l, err := embedded.Open(dir, embedded.Options{Partitions: 2})
	if err != nil {
		return err
	}
	fmt.Println("open")
	errs := make(chan error)
	for w := range 2 {
		go func() {
			for n := 0; ; n++ {
				msgs := []event.Message{numbered(w, 2*n), numbered(w, 2*n+1)}
				positions, err := l.Append(context.Background(), "t", msgs...)
				if err != nil {
					errs <- err
					return
				}
				for i, p := range positions { // one write per line, so that a line is whole or missing
					fmt.Fprintf(os.Stdout, "%d %d %s %x\n", p.Partition, p.Offset, msgs[i].Key, crc32.ChecksumIEEE(msgs[i].Value))
				}
			}
		}()
	}
	return <-errs
}

// numbered returns a message of a size that varies from a few bytes to many pages.
func numbered(writer, n int) event.Message {
	r := rand.New(rand.NewPCG(uint64(writer), uint64(n)))
	value := make([]byte, r.IntN(1<<r.IntN(18))+8)
	for i := range value {
		value[i] = byte(r.Uint32())
	}
	binary.BigEndian.PutUint64(value, uint64(n))
	return event.Message{Key: fmt.Sprintf("w%d", writer), Value: value}
}

// TestKill kills a writing process at random moments. What it was told to be stored is there.
func TestKill(t *testing.T) {
	const rounds = 12
	dir := t.TempDir()
	acknowledged := map[string]string{} // "partition offset" -> "key sum"
	for n := 0; n < rounds || len(acknowledged) < rounds; n++ {
		for _, line := range runAndKill(t, dir, time.Duration(rand.IntN(int(120*time.Millisecond)))) {
			f := strings.Fields(line)
			at := f[0] + " " + f[1]
			if was, ok := acknowledged[at]; ok {
				t.Errorf("offset %s was acknowledged twice: %s and %s", at, was, line)
			}
			acknowledged[at] = f[2] + " " + f[3]
		}
		checkAcknowledged(t, dir, acknowledged)
	}
	t.Logf("%d messages acknowledged over %d kills", len(acknowledged), rounds)
}

// runAndKill returns the acknowledgements of a writer that is killed some time after it has opened
// the log.
func runAndKill(t *testing.T, dir string, after time.Duration) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	if line, err := in.ReadString('\n'); line != "open\n" {
		t.Errorf("writer said %q, %v", line, err)
	}
	kill := time.AfterFunc(after, func() { cmd.Process.Kill() })
	rest, err := io.ReadAll(in)
	kill.Stop()
	if err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the writer was not killed")
	}
	whole := rest[:strings.LastIndexByte(string(rest), '\n')+1]
	return strings.FieldsFunc(string(whole), func(r rune) bool { return r == '\n' })
}

func checkAcknowledged(t *testing.T, dir string, acknowledged map[string]string) {
	t.Helper()
	l := open(t, dir, embedded.Options{})
	defer l.Close()
	stored := map[string]string{}
	for p := range 2 {
		records, err := l.Read(t.Context(), "t", p, 0, 1<<30)
		if err != nil {
			if len(acknowledged) == 0 { // killed before its first append
				return
			}
			t.Fatal(err)
		}
		for i, r := range records {
			if r.Offset != int64(i) {
				t.Fatalf("partition %d has offset %d at place %d", p, r.Offset, i)
			}
			stored[strconv.Itoa(p)+" "+strconv.Itoa(i)] = fmt.Sprintf("%s %x", r.Message.Key, crc32.ChecksumIEEE(r.Message.Value))
		}
	}
	for at, want := range acknowledged {
		if stored[at] != want {
			t.Errorf("at %s is %q, acknowledged was %q", at, stored[at], want)
		}
	}
}
