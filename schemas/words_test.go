package schemas

import (
	"fmt"
	"strings"
	"testing"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "",
		"jumlah":             "jumlah",
		"  Kab.  Bogor\t":    "kab. bogor",
		"KODE\u00a0 WILAYAH": "kode wilayah",
		"\ufeffId":           "id",
		"a\u200bb":           "ab",
		"Jumlah\r\n(jiwa)":   "jumlah (jiwa)",
		"ÉCOLE":              "école",
		"\u2003":             "",
		"bad \xff byte":      "bad \ufffd byte",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
		if again := Fold(Fold(in)); again != want {
			t.Errorf("Fold(Fold(%q)) = %q, want %q", in, again, want)
		}
	}
}

func TestCheckLayout(t *testing.T) {
	for layout, ok := range map[string]bool{
		"DD/MM/YYYY": true, "D MMMM YYYY": true, "YYYY-MM-DD": true, "YYYYMMDD": true, "DD-MMM-YYYY": true,
		"YYYY-MM-DDTHH:mm:ss": true, "DD.MM.YYYY HH:mm": true,
		"": false, "YYYY": false, "MM/YYYY": false, "DD/MM/YY": false, "02/01/2006": false, "dd/MM/yyyy": false,
		"DD/DD/YYYY": false, "DD/MM/YYYY WIB": false, "T DD/MM/YYYY": false, "%d/%m/%Y": false,
	} {
		if err := checkLayout(layout); (err == nil) != ok {
			t.Errorf("checkLayout(%q) = %v, want ok %v", layout, err, ok)
		}
	}
}

func TestExpandColumns(t *testing.T) {
	for _, tt := range []struct {
		in   []string
		want int // columns, or -1
	}{
		{[]string{"#2-#13", "#15-#26"}, 24},
		{[]string{"2013", "7-12", "# Kode", "#"}, 4},
		{[]string{"#1-#16384"}, 16384},
		{[]string{"#1-#16384", "#1-#16384"}, -1},
		{[]string{"#0"}, -1},
		{[]string{"#3-#2"}, -1},
		{[]string{"#3-4"}, -1},
		{[]string{"#99999"}, -1},
		{[]string{"#1a"}, -1},
	} {
		got, err := expandColumns(tt.in)
		if (err != nil) != (tt.want < 0) || err == nil && len(got) != tt.want {
			t.Errorf("expandColumns(%q) = %d columns, %v, want %d", tt.in, len(got), err, tt.want)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for s, want := range map[string]version{"1.2.3": {1, 2, 3}, "0.0.0": {}, "10.20.30": {10, 20, 30}} {
		if got, ok := parseVersion(s); !ok || got != want {
			t.Errorf("parseVersion(%q) = %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "1", "1.2", "v1.2.3", "1.2.3-beta", "01.2.3", "1.2.99999999999999999999", "1.2.3 "} {
		if _, ok := parseVersion(s); ok {
			t.Errorf("parseVersion(%q) accepts it", s)
		}
	}
	for _, tt := range []struct {
		a, b string
		want int
	}{{"1.0.0", "1.0.0", 0}, {"1.0.9", "1.0.10", -1}, {"2.0.0", "1.9.9", 1}, {"1.1.0", "1.0.5", 1}} {
		a, _ := parseVersion(tt.a)
		b, _ := parseVersion(tt.b)
		if got := a.compare(b); got != tt.want {
			t.Errorf("%s compared with %s = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"status", "schema", "servers"}
	for word, want := range map[string]string{
		"statuss": "maksudnya/did you mean status?", "Schema": "maksudnya/did you mean schema?",
		"zzz": "status, schema, servers", "": "status, schema, servers",
	} {
		if got := DidYouMean(word, known); got != want {
			t.Errorf("DidYouMean(%q) = %q, want %q", word, got, want)
		}
	}
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf("kolom_%d", i)
	}
	if got := DidYouMean("zzz", many); !strings.HasPrefix(got, "kolom_0, ") || !strings.HasSuffix(got, ", …") || len(got) > 1000 {
		t.Errorf("DidYouMean of 10,000 words says %d bytes: %.60s", len(got), got)
	}
}
