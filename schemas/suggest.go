package schemas

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

const nearSay = "maksudnya/did you mean "

// A document may hold thousands of names, and as many slips: so many known words are compared with a
// word, and so many are listed.
const (
	maxCompared = 500
	maxListed   = 40
)

// DidYouMean names the known word nearest to word as a remedy, or lists the known ones when none
// is near enough to be a slip of the keyboard.
func DidYouMean(word string, known []string) string {
	best, least := "", len(word)/3+1
	for _, k := range known[:min(len(known), maxCompared)] {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= least && (best == "" || d < least) {
			best, least = k, d
		}
	}
	if best != "" && len(known) > 1 {
		return nearSay + best + "?"
	}
	if len(known) > maxListed {
		return strings.Join(known[:maxListed], ", ") + ", …"
	}
	return strings.Join(known, ", ")
}

// distance is the Levenshtein distance of a and b in letters. Long words count as far apart, so that
// a hostile document cannot make it work for long.
func distance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	return levenshtein.ComputeDistance(a, b)
}
