package overlap

import (
	"math"
	"slices"

	"github.com/zeebo/xxh3"
)

// sketchSize is how many of the smallest hashes a sketch keeps. The standard error of an estimated
// Jaccard share j is about sqrt(j(1-j)/sketchSize): at most 1.6 points in a hundred.
const sketchSize = 1024

// Sketch remembers of a set of values only their smallest hashes (bottom-k, KMV): enough to estimate
// how many distinct values there are and how many are in another set, too. It holds no value. Values
// cannot be recovered from it beyond one run, when its seed is random and is not kept.
type Sketch struct {
	seed   uint64
	hashes []uint64 // a heap, the largest first
	have   map[uint64]struct{}
}

// NewSketch returns an empty sketch. Only sketches of one seed can be compared.
func NewSketch(seed uint64) *Sketch {
	return &Sketch{seed: seed, have: make(map[uint64]struct{}, sketchSize)}
}

// Add takes a value in.
func (s *Sketch) Add(value string) {
	h := xxh3.HashStringSeed(value, s.seed)
	full := len(s.hashes) == sketchSize
	if full && h >= s.hashes[0] {
		return
	}
	if _, known := s.have[h]; known {
		return
	}
	s.have[h] = struct{}{}
	if full {
		delete(s.have, s.hashes[0])
		s.hashes[0] = h
		s.sink()
		return
	}
	s.hashes = append(s.hashes, h)
	s.rise()
}

// rise moves the last hash up to where the heap has it.
func (s *Sketch) rise() {
	for i := len(s.hashes) - 1; i > 0; {
		up := (i - 1) / 2
		if s.hashes[up] >= s.hashes[i] {
			return
		}
		s.hashes[up], s.hashes[i] = s.hashes[i], s.hashes[up]
		i = up
	}
}

// sink moves the first hash down to where the heap has it.
func (s *Sketch) sink() {
	for i := 0; ; {
		largest := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < len(s.hashes) && s.hashes[down] > s.hashes[largest] {
				largest = down
			}
		}
		if largest == i {
			return
		}
		s.hashes[i], s.hashes[largest] = s.hashes[largest], s.hashes[i]
		i = largest
	}
}

// Distinct estimates how many distinct values were added; exact below the size of the sketch.
func (s *Sketch) Distinct() float64 {
	if len(s.hashes) < sketchSize {
		return float64(len(s.hashes))
	}
	return float64(sketchSize-1) / (float64(slices.Max(s.hashes)) / math.MaxUint64)
}

// Jaccard estimates what share of the values of either set are in both.
func (s *Sketch) Jaccard(o *Sketch) float64 {
	a, b := slices.Sorted(slices.Values(s.hashes)), slices.Sorted(slices.Values(o.hashes))
	both, all := 0, 0
	for i, j := 0, 0; all < sketchSize && (i < len(a) || j < len(b)); all++ {
		switch {
		case j == len(b) || i < len(a) && a[i] < b[j]:
			i++
		case i == len(a) || b[j] < a[i]:
			j++
		default:
			both++
			i, j = i+1, j+1
		}
	}
	if all == 0 {
		return 0
	}
	return float64(both) / float64(all)
}

// Contained estimates what share of the smaller set is in the other: 1 when one is a part of the other.
func (s *Sketch) Contained(o *Sketch) float64 {
	j, a, b := s.Jaccard(o), s.Distinct(), o.Distinct()
	if min(a, b) == 0 {
		return 0
	}
	return min(1, j*(a+b)/(1+j)/min(a, b))
}
