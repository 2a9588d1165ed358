package reference_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"satudata/schemas/reference"
)

func TestTranslate(t *testing.T) {
	for _, tt := range []struct{ code, from, to, want string }{
		{"3171", "bps@2023", "kemendagri@2025", "31.74"},
		{"31.74", "kemendagri@2025", "bps@2023", "3171"},
		{"3174", "kemendagri@2018", "bps@2023", "3171"},
		{"3172", "bps@2023", "kemendagri@2025", "31.75"},
		{"3173", "bps@2023", "kemendagri@2025", "31.71"},
		{"3174", "bps@2023", "kemendagri@2025", "31.73"},
		{"3175", "bps@2023", "kemendagri@2025", "31.72"},
		{"1101", "bps@2023", "kemendagri@2025", "11.09"},
		{"1673", "bps@2023", "kemendagri@2025", "16.72"},
		{"94", "bps@2023", "kemendagri@2025", "91 93 94 95"},
		{"91", "bps@2023", "kemendagri@2025", "92 96"},
		{"94", "bps@2023", "kemendagri@2022", "91"},
		{"91", "kemendagri@2022", "bps@2023", "94"},
		{"94", "kemendagri@2025", "bps@2023", "94"},
		{"93", "kemendagri@2025", "kemendagri@2022", "91"},
		{"91.01", "kemendagri@2018", "kemendagri@2025", "93.01"},
		{"92.71", "kemendagri@2018", "bps@2023", "9171"},
		{"32.73", "kemendagri@2025", "kemendagri@2025", "32.73"},
		{"91.01.01.1002", "kemendagri@2018", "kemendagri@2025", "93.01.01.1002"},
		{"12.19.04", "kemendagri@2018", "kemendagri@2020", "12.19.04 12.19.09 12.19.10"},
		{"91.21.01", "kemendagri@2022", "kemendagri@2023", "95.05.01"},           // Kobagma, Kobakma: by its villages
		{"91.01.06.2003", "kemendagri@2022", "kemendagri@2023", "93.01.06.2003"}, // Sai, Say: by its digits
		{"73.10.05.1003", "kemendagri@2022", "kemendagri@2023", "73.10.05.1003 73.10.05.1004"},
	} {
		got, err := load(t).Translate(tt.code, tt.from, tt.to)
		if err != nil || strings.Join(codes(got.Targets), " ") != tt.want {
			t.Errorf("Translate(%q, %q, %q) = %v, %v, want %s", tt.code, tt.from, tt.to, codes(got.Targets), err, tt.want)
		}
		if _, err := got.One(); (err != nil) != strings.Contains(tt.want, " ") || err != nil && !errors.Is(err, reference.ErrSplit) {
			t.Errorf("Translate(%q, %q, %q).One(): %v", tt.code, tt.from, tt.to, err)
		}
	}
}

// TestTranslateSays: a translation knows that it is only part of its target, and why.
func TestTranslateSays(t *testing.T) {
	r := load(t)
	if got, _ := r.Translate("93", "kemendagri@2025", "kemendagri@2022"); !got.Part || got.OneToOne() || len(got.Steps) != 1 || got.Steps[0].From != "kemendagri@2023" {
		t.Errorf("Papua Selatan in Papua of 2022: %+v", got)
	}
	if got, _ := r.Translate("94", "bps@2023", "kemendagri@2022"); !got.OneToOne() {
		t.Errorf("Papua of BPS is Papua of 2022: %+v", got)
	}
	if got, _ := r.Translate("73.10.05.1003", "kemendagri@2022", "kemendagri@2023"); !got.Unclear {
		t.Errorf("Tonasa: %+v", got)
	}
}

func TestTranslateRefuses(t *testing.T) {
	for _, tt := range []struct {
		code, from, to string
		kind           error
		want           string
	}{
		{"3171", "", "kemendagri@2025", reference.ErrSystem, "31.71 Kota Administrasi Jakarta Pusat"},
		{"3171", "bps@2023", "", reference.ErrSystem, "kemendagri@2025"},
		{"3171", "bps@2023", "kemendagri", reference.ErrSystem, "tidak dikenal"},
		{"3171011001", "bps@2023", "kemendagri@2025", reference.ErrCode, "tidak memuat tingkat"},
		{"31.71.01", "kemendagri@2025", "bps@2023", reference.ErrEnded, "tidak memiliki padanan"},
		{"12.19.04.2007", "kemendagri@2018", "kemendagri@2025", reference.ErrEnded, "terakhir diketahui sebagai 12.19.04.2007 di kemendagri@2018"},
		{"94.01", "kemendagri@2018", "bps@2023", reference.ErrCode, "baru ada sejak 2023"},
	} {
		if _, err := load(t).Translate(tt.code, tt.from, tt.to); !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Translate(%q, %q, %q): %v, want %q", tt.code, tt.from, tt.to, err, tt.want)
		}
	}
}

// TestRegenciesTranslate goes from each of the 514 kabupaten/kota to every other system and back.
func TestRegenciesTranslate(t *testing.T) {
	r := load(t)
	for _, from := range r.Systems() {
		for _, to := range r.Systems() {
			for _, e := range level(t, from, reference.Regency) {
				there, err := r.Translate(e.Code, from, to)
				if err != nil || !there.OneToOne() {
					t.Fatalf("%s %s to %s: %+v, %v", from, e.Code, to, there, err)
				}
				back, err := r.Translate(there.Targets[0].Code, to, from)
				if err != nil || !back.OneToOne() || back.Targets[0] != e {
					t.Fatalf("%s %s to %s and back: %+v, %v", from, e.Code, to, back, err)
				}
			}
		}
	}
}

// TestSameDigits counts the trap that makes a declared system necessary.
func TestSameDigits(t *testing.T) {
	r := load(t)
	same, other, none := 0, 0, 0
	for _, e := range level(t, reference.BPS, reference.Regency) {
		place, err := r.Translate(e.Code, reference.BPS, reference.Kemendagri)
		if err != nil {
			t.Fatal(err)
		}
		switch digits, ok := r.Lookup(reference.Kemendagri, e.Code); {
		case !ok:
			none++
		case digits.Code == place.Targets[0].Code:
			same++
		default:
			other++
		}
	}
	if same != 315 || other != 164 || none != 35 {
		t.Errorf("same place %d, other place %d, unused %d; want 315, 164, 35", same, other, none)
	}
}

// TestEveryCode: each code of each vintage is valid today, has successors that are, or ends at a stated
// vintage, which is its own last one or that of what it became; and where it is one to one the way back
// leads to it.
func TestEveryCode(t *testing.T) {
	r := load(t)
	ended := map[string]int{}
	for _, system := range r.Systems() {
		for _, l := range reference.Levels() {
			for _, e := range level(t, system, l) {
				to := reference.Kemendagri
				there, err := r.Translate(e.Code, system, to)
				if errors.Is(err, reference.ErrEnded) {
					ended[system]++
					if _, valid := r.Lookup(to, e.Code); valid {
						t.Fatalf("%s %s has an end but is still valid", system, e.Code)
					}
					continue
				}
				if err != nil || len(there.Targets) == 0 {
					t.Fatalf("%s %s: %v", system, e.Code, err)
				}
				for _, target := range there.Targets {
					if target.Level != l || target.Last != "2025" {
						t.Fatalf("%s %s became %+v", system, e.Code, target)
					}
				}
				back, err := r.Translate(there.Targets[0].Code, to, system)
				if err != nil {
					t.Fatalf("%s %s became %s, which leads nowhere back: %v", system, e.Code, there.Targets[0].Code, err)
				}
				if there.OneToOne() && (!back.OneToOne() || back.Targets[0].Code != e.Code) || !slices.Contains(codes(back.Targets), e.Code) {
					t.Fatalf("%s %s: there %v, back %v", system, e.Code, codes(there.Targets), codes(back.Targets))
				}
			}
		}
	}
	// Villages whose name and code changed at once: 0.2 % of the list of 2018.
	for system, want := range map[string]int{"kemendagri@2018": 154, "kemendagri@2020": 125, "kemendagri@2022": 102, "kemendagri@2023": 24} {
		if ended[system] != want {
			t.Errorf("%s: %d codes end without successor, want %d", system, ended[system], want)
		}
	}
}

// TestParents: what a region lies in is there in the same vintage.
func TestParents(t *testing.T) {
	r := load(t)
	for _, system := range r.Systems() {
		for _, l := range reference.Levels()[1:] {
			for _, e := range level(t, system, l) {
				if p, ok := r.Lookup(system, e.Parent); !ok || p.System != e.System {
					t.Fatalf("%s %s lies in %q", system, e.Code, e.Parent)
				}
			}
		}
	}
}

func TestChanges(t *testing.T) {
	found, err := load(t).Changes("kemendagri@2022", "kemendagri@2023", "91.01")
	if err != nil {
		t.Fatal(err)
	}
	if c := found[0]; c.Kind != reference.Recoded || c.From.Code != "91.01" || c.To[0].Code != "93.01" {
		t.Errorf("Merauke: %+v", c)
	}
	kinds := map[string]int{}
	all, err := load(t).Changes("kemendagri@2022", "kemendagri@2023", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		kinds[c.Kind]++
	}
	for _, kind := range []string{reference.Recoded, reference.Renamed, reference.Split, reference.Began, reference.Ended, reference.Unclear} {
		if kinds[kind] == 0 {
			t.Errorf("no change is %s: %v", kind, kinds)
		}
	}
	if got, err := load(t).Changes("kemendagri@2018", "kemendagri@2020", "76.01"); err != nil || got[0].Kind != reference.Renamed || got[0].To[0].Name != "KAB. PASANGKAYU" {
		t.Errorf("Mamuju Utara: %+v, %v", got, err)
	}
	if _, err := load(t).Changes("kemendagri@2018", "kemendagri@2020", "99"); !errors.Is(err, reference.ErrCode) {
		t.Errorf("changes within a code that is not there: %v", err)
	}
}

func BenchmarkTranslate(b *testing.B) {
	r := load(b)
	for b.Loop() {
		if _, err := r.Translate("3171", "bps@2023", "kemendagri@2025"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestChangesInto: what came into a region from elsewhere is among its changes, by its old code, and once.
func TestChangesInto(t *testing.T) {
	r, err := reference.Load()
	if err != nil {
		t.Fatal(err)
	}
	found, err := r.Changes("kemendagri@2022", "kemendagri@2025", "94")
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, c := range found {
		if c.From != nil {
			times[c.From.Code]++
		}
		if c.Kind == reference.Began && c.Level() == reference.Regency {
			t.Errorf("%+v began, though it came from Papua", c.To)
		}
	}
	if times["91"] != 1 || times["91.04"] != 1 || times["91.01"] != 0 {
		t.Errorf("Papua %d times, Nabire %d, Merauke, which went elsewhere, %d", times["91"], times["91.04"], times["91.01"])
	}
	for code, n := range times {
		if n > 1 {
			t.Errorf("%s is there %d times", code, n)
		}
	}
}
