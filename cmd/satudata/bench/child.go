package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// child runs the program once, from its start to its end, and measures it.
func (b *bench) child(ctx context.Context, args ...string) (Measured, error) {
	settle()
	cmd := exec.CommandContext(ctx, b.Program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return Measured{}, failed(cmd, err, stderr.String())
	}
	return Used("", cmd.ProcessState, time.Since(begun)), nil
}

// Used is what a process that has ended used.
func Used(kind string, s *os.ProcessState, took time.Duration) Measured {
	return Measured{Kind: kind, Seconds: took.Seconds(), CPUSeconds: (s.UserTime() + s.SystemTime()).Seconds(), PeakRSS: peakRSS(s)}
}

// output runs the program and returns what it printed.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, failed(cmd, err, stderr.String())
	}
	return out, nil
}

func failed(cmd *exec.Cmd, err error, stderr string) error {
	return fmt.Errorf("run %s: %w\n%s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(stderr))
}
