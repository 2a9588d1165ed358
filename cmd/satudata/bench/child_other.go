//go:build !unix

package bench

import "os"

// settle does nothing: there is no such call here.
func settle() {}

// peakRSS is not known here.
func peakRSS(*os.ProcessState) int64 { return 0 }
