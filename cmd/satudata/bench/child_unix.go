//go:build unix

package bench

import (
	"os"
	"runtime"
	"syscall"
)

// settle has the disk write what it still holds, so that it does not do so while another is timed.
func settle() { syscall.Sync() }

// peakRSS is the most memory that a process had.
func peakRSS(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" { // bytes there, kilobytes elsewhere
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}
