package normalize

import (
	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// truths are the words that can only mean yes or no. Letters alone are not among them: "t" is "true"
// to some and "tidak" to others, "x" a tick or a cross. Neither are "ada" and "tidak ada", because
// the latter is also how missing values are written. A binding may declare them as synonyms.
var truths = map[string]int64{
	"ya": 1, "iya": 1, "benar": 1, "betul": 1, "true": 1, "yes": 1, "1": 1, "1.0": 1,
	"tidak": 0, "bukan": 0, "salah": 0, "false": 0, "no": 0, "0": 0, "0.0": 0,
}

// boolean reads a truth value.
func (in *input) boolean(b []byte, _ kind, v *value) (string, *event.Sentence) {
	word := schemas.Fold(string(b))
	var ok bool
	if v.i, ok = truths[word]; ok {
		return "", nil
	}
	switch {
	case word == "ada" || word == "tidak ada":
		return quality.RuleType, say("bermakna ganda: \"tidak ada\" dapat berarti tidak, dapat pula berarti datanya kosong; nyatakan di binding (synonyms)",
			"ambiguous: \"tidak ada\" may mean no, or that there is no value; declare it in the binding (synonyms)")
	case len(word) == 1 && word > "9":
		return quality.RuleType, say("bukan ya atau tidak: satu huruf bermakna ganda (t: true atau tidak?); nyatakan di binding (synonyms)",
			"not yes or no: a letter alone is ambiguous (t: true or tidak?); declare it in the binding (synonyms)")
	}
	return quality.RuleType, say("bukan ya atau tidak; yang diterima: ya, tidak, benar, salah, true, false, 1, 0",
		"not yes or no; accepted: ya, tidak, benar, salah, true, false, 1, 0")
}
