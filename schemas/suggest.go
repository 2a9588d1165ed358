package schemas

import "strings"

// didYouMean names the known word nearest to word as a remedy, or lists the known ones when none
// is near enough to be a slip of the keyboard.
func didYouMean(word string, known []string) string {
	best, least := "", len(word)/3+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d <= least && (best == "" || d < least) {
			best, least = k, d
		}
	}
	if best != "" {
		return "maksudnya/did you mean " + best + "?"
	}
	return strings.Join(known, ", ")
}

// distance is the Levenshtein distance of a and b in bytes. Long words count as far apart, so that
// a hostile document cannot make it work for long.
func distance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
