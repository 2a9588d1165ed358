package main

import (
	"os"
	"runtime/debug"
)

// Landing may take up a GiB. Half of it is the Go heap's, of which a batch in work and the keys of
// deliveries under way are the most; a quarter is DuckDB's (lake.foldMemory), for all folds and counts
// together; and a quarter is left for what nobody counts: the program itself, stacks, C libraries,
// what DuckDB reads files with, and what allocators have not given back yet. None of it grows with
// rows: keys and folds go to disk, and folds are done in ranges. The collector runs half as often as it
// would, which saves landing a twentieth of its time, until the heap comes near the limit.
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
