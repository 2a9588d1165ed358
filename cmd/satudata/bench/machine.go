package bench

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is where a benchmark ran.
type Machine struct {
	OS     string `json:"os"`
	Cores  int    `json:"cores"`
	CPU    string `json:"cpu,omitempty"`          // model, where the system tells it
	Memory int64  `json:"memory_bytes,omitempty"` // likewise
}

// ThisMachine describes the machine.
func ThisMachine() Machine {
	m := Machine{OS: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU()}
	m.CPU = procValue("/proc/cpuinfo", "model name")
	if kb, _, ok := strings.Cut(procValue("/proc/meminfo", "MemTotal"), " "); ok {
		if n, err := strconv.ParseInt(kb, 10, 64); err == nil {
			m.Memory = n << 10
		}
	}
	return m
}

// procValue is the value of a key in a file of "key : value" lines, "" where there is none.
func procValue(file, key string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "" // another system
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
