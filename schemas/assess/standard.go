package assess

import (
	"slices"
	"strings"

	"satudata/schemas"
)

const (
	fivePartsRule = "Perpres 39/2019 Ps 4; Peraturan BPS 4/2020"
	namingRule    = "INDAH, penamaan konsep"
)

// standard asks for the five parts of standar data, and whether they make sense.
func (s *sheet) standard() {
	c, p := s.c, s.c.Profile
	s.ask(p.Concept != "", Error, custom("konsep"), say("konsep belum dinyatakan", "the konsep is not stated"),
		say("{property: konsep, value: Kasus Demam Berdarah Dengue}", "name the idea behind the data"), fivePartsRule)
	s.ask(schemas.Written(p.Definition) != "" && p.Definition != c.Purpose, Error, custom("definisi"), say("definisi belum dinyatakan", "the definisi is not stated"),
		say("{property: definisi, value: apa yang termasuk dan apa yang tidak}", "say what belongs to it and what does not"), fivePartsRule)
	s.ask(p.Definition == "" || !alike(p.Definition, c.Title), Warning, custom("definisi"), say("definisi hanya mengulang judul", "the definition only repeats the title"),
		say("jelaskan batasannya", "explain its bounds"), fivePartsRule)
	s.ask(p.Classification != "", Error, custom("klasifikasi"), say("klasifikasi belum dinyatakan", "the klasifikasi is not stated"),
		say("{property: klasifikasi, value: Wilayah administratif}", "name the grouping"), fivePartsRule)
	s.concept(custom("konsep"), p.Standard)
	for _, col := range s.columns() {
		if col.Concept != "" {
			s.concept(col.custom("konsep"), col.Property.Standard)
		}
		s.unit(col.custom("satuan"), col.Unit)
		if measured(col.Property) {
			s.measure(col)
		}
		s.counted(col)
	}
	s.unit(custom("satuan"), p.Unit)
	s.separators()
}

// measure asks a column of numbers what is measured and by which yardstick; what the dataset says
// holds for a column that says nothing.
func (s *sheet) measure(col column) {
	unit, measure := either(col.Unit, s.c.Profile.Unit), either(col.Measure, s.c.Profile.Measure)
	s.ask(unit != "", Error, col.path, say("kolom ukuran %q tanpa satuan", "the measure %q has no unit", col.Name),
		say("{property: satuan, value: orang}; indeks: poin", "state satuan; of an index: poin"), fivePartsRule)
	s.ask(measure != "" || col.Element != "", Error, col.path, say("kolom %q tidak menyatakan apa yang diukur", "column %q does not say what is measured", col.Name),
		say("{property: ukuran, value: Jumlah}", "state ukuran"), fivePartsRule)
	s.ask(!col.Additive || !unsummable(measure, col.Measure), Error, col.custom("aditif"), say("%s tidak boleh dijumlahkan antarwilayah, tetapi kolom %q aditif", "a %s is never summed over regions, yet column %q is additive", either(col.Measure, measure), col.Name),
		say("{property: aditif, value: false}", "aditif: false"), "Perpres 39/2019 Ps 4, ukuran")
	if index(col) {
		concept := either(col.Concept, s.c.Profile.Concept)
		s.ask(concept == "" || hasWord(concept, "indeks", "indek"), Warning, col.path, say("konsep %q bukan konsep sebuah indeks (kolom %q)", "konsep %q is not the concept of an index (column %q)", concept, col.Name),
			say("sebut indeksnya: Indeks …", "name the index: Indeks …"), "Peraturan BPS 5/2020, MS-Ind")
	}
}

// counted finds counts of the wrong type or the wrong unit.
func (s *sheet) counted(col column) {
	name := strings.ReplaceAll(col.Name, "_", " ")
	if count := hasPrefixWord(name, counts) || hasPrefixWord(col.Measure, counts); count {
		s.ask(col.Type.Kind != schemas.String, Error, col.path, say("cacahan %q bertipe teks", "the count %q is text", col.Name),
			say("logicalType: integer, atau elemen umum.jumlah", "logicalType: integer, or element umum.jumlah"), "Peraturan BPS 5/2020, MS-Var tipe data")
	}
	if !alike(col.Unit, "orang") {
		return
	}
	event := ""
	for _, text := range []string{name, col.Title, col.Concept} {
		if words := words(text); len(words) > 1 && slices.Contains(counts, words[0]) && slices.Contains(events, words[1]) {
			event = words[1]
		}
	}
	s.ask(event == "", Warning, col.custom("satuan"), say("satuan cacahan %s adalah orang (kolom %q)", "the unit of a count of %s is people (column %q)", event, col.Name),
		say("satuan: %s, atau hitung orangnya", "unit: %s, or count the people", event), "Peraturan BPS 4/2020, satuan")
}

func (s *sheet) unit(path, unit string) {
	if unit == "" {
		return
	}
	s.ask(!slices.Contains(typeWords, strings.ToLower(unit)), Error, path, say("satuan %q adalah jenis data, bukan satuan", "the unit %q is a type, no unit", unit),
		say("orang, kasus, rupiah, hektare, persen, …", "people, cases, rupiah, …"), "Peraturan BPS 4/2020, satuan")
}

// concept asks the rules of INDAH for the name of a concept.
func (s *sheet) concept(path string, std schemas.Standard) {
	name := std.Concept
	if name == "" {
		return
	}
	rule := func(offender string, found, mend schemas.Sentence) {
		s.ask(offender == "", Error, path, found, mend, namingRule)
	}
	word := uncapitalised(name)
	rule(word, say("konsep %q memuat %q tanpa huruf besar", "konsep %q holds %q without a capital", name, word), say("awali setiap kata dengan huruf besar", "begin every word with a capital"))
	word = abbreviation(name)
	rule(word, say("konsep %q memuat singkatan %q", "konsep %q holds the abbreviation %q", name, word), say("tulis kepanjangannya", "write it in full"))
	word = firstOf(name, measures)
	rule(word, say("konsep %q diawali ukuran %q", "konsep %q begins with the measure %q", name, word), say("pindahkan ke customProperty ukuran", "move it to ukuran"))
	word = period(name)
	rule(word, say("konsep %q memuat periode %q", "konsep %q holds the period %q", name, word), say("hapus; periode adalah kolom", "remove it; a period is a column"))
	word = region(name)
	rule(word, say("konsep %q memuat wilayah %q", "konsep %q holds the region %q", name, word), say("hapus; wilayah adalah kolom", "remove it; a region is a column"))
	owner := s.otherMeaning(path, std)
	s.ask(owner == "", Error, path, say("konsep %q didefinisikan lain di %s", "konsep %q is defined otherwise in %s", name, owner),
		say("pakai definisi yang sama, atau konsep lain", "use the same definition, or another concept"), namingRule)
}

// otherMeaning is where the same concept is given another definition, or "".
func (s *sheet) otherMeaning(path string, std schemas.Standard) string {
	for _, o := range s.others {
		if alike(o.Profile.Concept, std.Concept) && !alike(o.Profile.Definition, std.Definition) {
			return o.Dataset
		}
	}
	for _, col := range s.columns() {
		if at := col.custom("konsep"); at != path && strings.HasPrefix(path, "schema") && alike(col.Concept, std.Concept) && !alike(col.Definition, std.Definition) {
			return "kolom " + col.Name
		}
	}
	return ""
}

// separators finds lists in texts that are written in two ways.
func (s *sheet) separators() {
	used := map[rune]string{} // separator → where it was seen first
	note := func(path string, texts ...string) {
		for _, text := range texts {
			for _, sep := range ";|" {
				if strings.ContainsRune(text, sep) && used[sep] == "" {
					used[sep] = path
				}
			}
		}
	}
	p := s.c.Profile
	note(custom("konsep"), p.Concept)
	note(custom("klasifikasi"), p.Classification)
	note(custom("ukuran"), p.Measure)
	note(custom("satuan"), p.Unit)
	for _, col := range s.columns() {
		note(col.custom("konsep"), col.Concept)
		note(col.custom("klasifikasi"), col.Classification)
		note(col.custom("satuan"), col.Measure, col.Unit)
	}
	s.forms(func(path, _ string, value any) {
		if text, ok := value.(string); ok {
			note(path, text)
		}
	})
	s.ask(used[';'] == "" || used['|'] == "", Warning, used['|'], say("daftar dipisah dengan ; dan dengan |", "lists are separated by ; and by |"),
		say("pakai ; di antara ukuran, koma di antara satuan", "use ; between measures, commas between units"), "Peraturan BPS 4/2020")
}

// measured says whether a column holds what the dataset measures: a number that is no key, period or
// place.
func measured(p schemas.Property) bool {
	switch p.Type.Kind {
	case schemas.Integer, schemas.Double, schemas.Decimal:
		return p.Key == 0 && !strings.HasPrefix(p.Element, "waktu.") && !strings.HasPrefix(p.Element, "koordinat.")
	}
	return false
}

func index(col column) bool {
	return col.Element == "umum.indeks" || hasPrefixWord(col.Measure, []string{"indeks"}) || hasPrefixWord(strings.ReplaceAll(col.Name, "_", " "), []string{"indeks"})
}

// unsummable says whether one of the measures is never summed.
func unsummable(texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return hasPrefixWord(text, ratios) })
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
