package infer

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"satudata/schemas"
)

// maxName is the most letters of a proposed name; a contract takes 63.
const maxName = 48

// short are abbreviations of column titles that are written out.
var short = map[string]string{"jml": "jumlah", "jlh": "jumlah", "jmlh": "jumlah", "tgl": "tanggal", "thn": "tahun", "th": "tahun", "bln": "bulan",
	"kab": "kabupaten", "prov": "provinsi", "kec": "kecamatan", "kel": "kelurahan", "pddk": "penduduk", "alm": "alamat", "tmpt": "tempat",
	"ket": "keterangan", "no": "nomor"}

var unitForm = regexp.MustCompile(`\(([^()]{1,30})\)\s*$`)

// words takes a title apart: "Jml. Penduduk (jiwa)" is jumlah, penduduk and the unit jiwa.
func words(title string) (list []string, unit string) {
	if m := unitForm.FindStringSubmatch(title); m != nil {
		unit, title = strings.TrimSpace(m[1]), strings.TrimSpace(strings.TrimSuffix(title, m[0]))
	}
	var b strings.Builder
	before := ' '
	for _, r := range norm.NFD.String(title) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsUpper(r) && unicode.IsLower(before):
			b.WriteByte(' ') // camelCase
			b.WriteRune(unicode.ToLower(r))
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(unicode.ToLower(r))
		case r == '%':
			b.WriteString(" persen ")
		default:
			b.WriteByte(' ')
		}
		before = r
	}
	for _, w := range strings.Fields(b.String()) {
		if long, ok := short[w]; ok {
			w = long
		}
		list = append(list, w)
	}
	return list, strings.ToLower(unit)
}

// slug is a name for words, "" when they hold nothing that a name can.
func slug(list []string) string {
	name := strings.Join(list, "_")
	for len(name) > maxName && strings.Contains(name, "_") {
		name = name[:strings.LastIndexByte(name, '_')]
	}
	if len(name) > maxName {
		name = name[:maxName]
	}
	if name != "" && name[0] >= '0' && name[0] <= '9' || wordForm.MatchString(name) {
		name = "kolom_" + name
	}
	return name
}

// has says whether name has one of the words.
func has(name string, any ...string) bool {
	list := strings.Split(name, "_")
	return slices.ContainsFunc(any, func(w string) bool { return slices.Contains(list, w) })
}

var yearInName = regexp.MustCompile(`[_ .-]*(?:19|20)\d\d(?:[_ -](?:19|20)?\d\d)?`)

// identity settles what the proposal is called.
func (d *draft) identity(o Options) {
	name := path.Base(strings.ReplaceAll(d.files[0], `\`, "/"))
	name, _, _ = strings.Cut(name, ".")
	list, _ := words(yearInName.ReplaceAllString(name, ""))
	base := slug(list)
	if base == "" {
		base = "data"
	}
	d.dataset, d.opd = o.Dataset, o.OPD
	if d.dataset == "" {
		d.dataset = "usulan." + base
		d.decide("dataset", d.dataset, onName, true, "nama dari nama berkas, topik belum diketahui; nyatakan dengan --dataset", "named after the file, its topic is not known; say it with --dataset")
	}
	if d.opd == "" {
		d.opd = "opd"
		d.decide("produsenData", d.opd, Confidence{0, 0}, true, "OPD pengirim tidak tertulis di berkas; nyatakan dengan --opd", "the file does not say which OPD delivers it; say it with --opd")
	}
	_, tail, _ := strings.Cut(d.dataset, ".")
	d.id = d.opd + "." + tail
	d.title = sentence(list)
	if o.Dataset != "" {
		d.title = sentence(strings.Split(tail, "_"))
	}
}

// sentence is words with a capital.
func sentence(list []string) string {
	s := strings.Join(list, " ")
	if s == "" {
		return "Data"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// propertyName is a free name for a column.
func (d *draft) propertyName(list []string, fallback string) string {
	name := slug(list)
	if name == "" {
		name = fallback
	}
	if slices.ContainsFunc(d.regions, func(r regionColumn) bool { return r.level() == name }) {
		name = "nama_" + name // the column of the codes has that name
	}
	free := name
	for n := 2; slices.ContainsFunc(d.props, func(p *property) bool { return p.name == free }); n++ {
		free = name + "_" + itoa(n)
	}
	return free
}

// foldSet is the folded texts of a list.
func foldSet(list ...string) map[string]bool {
	set := map[string]bool{}
	for _, s := range list {
		set[schemas.Fold(s)] = true
	}
	return set
}
