package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"satudata/ingest/eventlog"
)

// holderName is the note beside the file that says who has it open. The lock itself is the
// operating system's, on the file, and ends with the process; a note that a killed process left
// behind locks nothing and is overwritten.
const holderName = "log.pid"

// writeHolder notes this process, its machine and the time, each a word.
func writeHolder(dir string, now time.Time) error {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	note := fmt.Sprintf("%d %s %s\n", os.Getpid(), host, now.UTC().Format(time.RFC3339))
	return os.WriteFile(filepath.Join(dir, holderName), []byte(note), 0o644)
}

// removeHolder takes the note back. One that stays behind only tells of a process that is gone.
func removeHolder(dir string) { _ = os.Remove(filepath.Join(dir, holderName)) }

// lockedBy returns an ErrLocked that says who holds the log, as far as it is known, and what to do.
func lockedBy(dir string) error {
	id, en := "proses lain", "another process"
	if note, err := os.ReadFile(filepath.Join(dir, holderName)); err == nil {
		if w := strings.Fields(string(note)); len(w) == 3 {
			id = fmt.Sprintf("proses %s di %s sejak %s", w[0], w[1], w[2])
			en = fmt.Sprintf("process %s on %s since %s", w[0], w[1], w[2])
		}
	}
	return fmt.Errorf("%w: log peristiwa %s sedang dipakai %s; tunggu atau hentikan proses itu, atau pakai Kafka bila beberapa proses harus bekerja bersama"+
		" (it is used by %s: wait for it, stop it, or use Kafka when several processes must work together)",
		eventlog.ErrLocked, dir, id, en)
}
