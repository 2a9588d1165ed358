package assess

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"satudata/schemas"
)

// Words by which things are recognised, in lower case. Only whole words count.
var (
	counts   = []string{"jumlah", "jml", "banyaknya", "banyak", "total", "cacah"}
	measures = []string{"jumlah", "jml", "banyaknya", "banyak", "total", "persentase", "persen", "prosentase", "rasio", "proporsi", "rata-rata", "rerata"}
	ratios   = []string{"indeks", "persentase", "persen", "prosentase", "rasio", "proporsi", "rata-rata", "rerata", "laju", "prevalensi"}
	events   = []string{"kejadian", "peristiwa", "kasus", "bencana", "kecelakaan", "kegiatan", "pertandingan", "kejuaraan", "event", "acara", "transaksi",
		"laporan", "pengaduan", "perkara", "pelanggaran", "pelatihan", "sosialisasi"}
	typeWords = []string{"character", "char", "varchar", "string", "text", "teks", "karakter", "integer", "int", "numeric", "number", "float", "double",
		"decimal", "angka", "bilangan", "date", "boolean"}
	lowerWords = []string{"dan", "atau", "di", "ke", "dari", "yang", "dengan", "untuk", "pada", "oleh", "dalam", "per", "menurut", "terhadap", "atas", "bagi"}
	shortened  = []string{"jml", "kab", "kec", "kel", "prov", "thn", "bln", "tgl", "no", "dll", "dsb", "org", "pddk", "pend"}
	periods    = []string{"tahunan", "bulanan", "triwulanan", "triwulan", "semesteran", "semester", "mingguan", "harian", "januari", "februari", "maret", "april",
		"mei", "juni", "juli", "agustus", "september", "oktober", "november", "desember"}
)

var (
	yearForm   = regexp.MustCompile(`\b(19|20)[0-9]{2}\b`)
	splitWords = regexp.MustCompile(`[^\p{L}\p{N}-]+`)
)

// words are the words of a text, in lower case.
func words(text string) []string {
	return strings.Fields(splitWords.ReplaceAllString(strings.ToLower(text), " "))
}

func hasWord(text string, list ...string) bool {
	return slices.ContainsFunc(words(text), func(w string) bool { return slices.Contains(list, w) })
}

func hasPrefixWord(text string, list []string) bool {
	w := words(text)
	return len(w) > 0 && slices.Contains(list, w[0])
}

// firstOf is the first word of a text when it is in the list, else "".
func firstOf(text string, list []string) string {
	if hasPrefixWord(text, list) {
		return strings.Fields(text)[0]
	}
	return ""
}

// uncapitalised is a word of a name without a capital, or "".
func uncapitalised(name string) string {
	for i, w := range strings.Fields(name) {
		first := []rune(w)[0]
		if unicode.IsLower(first) && (i == 0 || !slices.Contains(lowerWords, w)) {
			return w
		}
	}
	return ""
}

// abbreviation is a word of a name that is one, or "": in capitals, with a full stop, or a known one.
func abbreviation(name string) string {
	for _, w := range strings.Fields(name) {
		letters := strings.Trim(w, "(),;/")
		switch {
		case len(letters) > 1 && strings.ToUpper(letters) == letters && strings.ToLower(letters) != letters && !roman(letters):
			return letters
		case strings.HasSuffix(letters, "."), slices.Contains(shortened, strings.ToLower(letters)):
			return letters
		}
	}
	return ""
}

func roman(s string) bool { return strings.Trim(s, "IVX") == "" }

// period is a period that a text names, or "".
func period(text string) string {
	if y := yearForm.FindString(text); y != "" {
		return y
	}
	for _, w := range words(text) {
		if slices.Contains(periods, w) {
			return w
		}
	}
	return ""
}

// regions are the names of provinces, regencies and cities, folded.
var regions = sync.OnceValue(func() []string {
	ref, err := schemas.LoadReference()
	if err != nil {
		panic(err) // embedded
	}
	var names []string
	for _, level := range []string{"provinsi", "kabupaten_kota"} {
		table, err := ref.Table(level, "kemendagri@2025")
		if err != nil {
			panic(err)
		}
		for _, r := range table.Regions() {
			names = append(names, schemas.Fold(r.KemendagriName))
		}
	}
	return names
})

// region is a region that a text names, or "".
func region(text string) string {
	within := " " + strings.Join(words(text), " ") + " "
	for _, name := range regions() {
		if strings.Contains(within, " "+name+" ") {
			return name
		}
	}
	return ""
}

// alike says whether two texts are the same but for case and spaces.
func alike(a, b string) bool { return schemas.Fold(a) == schemas.Fold(b) }
