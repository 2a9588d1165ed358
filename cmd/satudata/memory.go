package main

import (
	"os"
	"runtime/debug"
)

// Of the GiB that landing may take up, DuckDB has half at most for a fold or a count; this is for the
// rest of the program. The collector runs half as often as it would, which saves landing a twentieth
// of its time, until the heap comes near the limit.
const (
	heapGrowth = 200
	heapLimit  = 512 << 20
)

// boundMemory sets how much memory the Go part of the program takes up before it is collected all the
// time. GOGC and GOMEMLIMIT go before it.
func boundMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}
