package overlap

import (
	"math"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
)

// fillers are words that say nothing of what data is about.
var fillers = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`dan di yang menurut per tiap setiap data dataset jumlah dari atau untuk dengan pada dalam oleh
		ke adalah ini itu serta sebagai tidak ada id no nomor kode nama tahun bulan tanggal kabupaten kota provinsi kecamatan wilayah
		daerah total banyaknya hasil satuan kolom nilai the of and`) {
		m[w] = true
	}
	return m
}()

// words cuts a text into its distinct words in lower case, without those that say nothing.
func words(texts ...string) []string {
	var out []string
	seen := map[string]bool{}
	for _, text := range texts {
		for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(w) > 1 && len(w) <= longestWord && !fillers[w] && !seen[w] {
				seen[w] = true
				out = append(out, w)
			}
		}
	}
	return out
}

// longestWord keeps the comparing of letters cheap, whatever a document holds.
const longestWord = 40

// weights says how much a word tells: the rarer it is among the texts, the more.
type weights struct {
	total int // texts
	in    map[string]int
}

func weigh(texts [][]string) weights {
	w := weights{len(texts), map[string]int{}}
	for _, t := range texts {
		for _, word := range t {
			w.in[word]++
		}
	}
	return w
}

func (w weights) of(word string) float64 {
	return math.Log(1 + float64(w.total)/float64(max(1, w.in[word])))
}

// likeness is the share of the weight of two texts' words that they have in common, from 0 to 1, and
// those words. A slip of the keyboard does not tell words apart.
func (w weights) likeness(a, b []string) (share float64, common []string) {
	var both, all float64
	matched := map[string]bool{}
	for _, x := range a {
		weight := w.of(x)
		all += weight
		for _, y := range b {
			if !matched[y] && sameWord(x, y) {
				matched[y] = true
				both += weight
				common = append(common, x)
				break
			}
		}
	}
	for _, y := range b {
		if !matched[y] {
			all += w.of(y)
		}
	}
	if all == 0 {
		return 0, nil
	}
	return both / all, common
}

// sameWord allows one wrong letter in words of five letters, two in words of nine. Numbers must agree.
func sameWord(a, b string) bool {
	if a == b {
		return true
	}
	shorter := min(len(a), len(b))
	if shorter < 5 || strings.ContainsAny(a+b, "0123456789") || max(len(a), len(b))-shorter > 2 {
		return false
	}
	apart := 1
	if shorter >= 9 {
		apart = 2
	}
	return levenshtein.ComputeDistance(a, b) <= apart
}
