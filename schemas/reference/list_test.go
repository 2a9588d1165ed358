package reference_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"satudata/schemas/reference"
)

func with(t testing.TB, lists ...[2]string) *reference.Registry {
	t.Helper()
	var all []*reference.List
	for _, l := range lists {
		list, err := reference.ReadList(l[0], strings.NewReader(l[1]))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list)
	}
	r, err := load(t).With(all...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const schools = `kode;nama;induk;berlaku_mulai;berlaku_sampai;pengganti
K1;Kelompok satu;;2020;;
S01;SDN Satu;K1;2020;;
S02;SDN Dua;K1;2020;2023-07-01;S01|S03
S03;SDN Tiga;K1;2023-07-01;;
S04;SDN Empat;K1;2020;2022;S02
S05;SDN Lima;K1;2020;2021;
`

func TestOwnList(t *testing.T) {
	r := with(t, [2]string{"sekolah@2024", schools}, [2]string{"sekolah@2020", "\uFEFFkode,nama\nS01,SDN 1\nS02,SDN Dua\nS04,SDN Empat\nS05,SDN Lima\n"})
	if e, ok := r.Lookup("sekolah@2024", "S03"); !ok || e.Name != "SDN Tiga" || e.Parent != "K1" || e.First != "2023-07-01" || e.Last != "2024" {
		t.Errorf("S03: %+v, %v", e, ok)
	}
	for code, want := range map[string]string{"S01": "S01", "S02": "S01 S03", "S04": "S01 S03", "S05": ""} {
		got, err := r.Translate(code, "sekolah@2020", "sekolah@2024")
		if strings.Join(codes(got.Targets), " ") != want || (err != nil) != (want == "") {
			t.Errorf("%s became %v, %v, want %q", code, codes(got.Targets), err, want)
		}
	}
	if got, err := r.Translate("S03", "sekolah@2024", "sekolah@2020"); err != nil || !slices.Equal(codes(got.Targets), []string{"S02", "S04"}) || !got.Part {
		t.Errorf("S03 was %+v, %v", got, err)
	}
	if _, err := r.Find("sekolah@2024", "S02"); err == nil || !strings.Contains(err.Error(), "berakhir 2023-07-01 di sekolah@2024, lalu menjadi S01, S03") {
		t.Errorf("an ended code: %v", err)
	}
	if got, err := r.Children("sekolah@2024", "K1"); err != nil || !slices.Equal(codes(got), []string{"S01", "S03"}) {
		t.Errorf("children of K1: %v, %v", got, err)
	}
	if _, err := r.Translate("S01", "sekolah@2024", reference.Kemendagri); !errors.Is(err, reference.ErrSystem) {
		t.Errorf("no bridge: %v", err)
	}
	if v := r.Detect(column("S01 SDN Satu", "S03 SDN Tiga")); len(v) == 0 || v[0].System != "sekolah@2024" || v[0].Named != 2 {
		t.Errorf("votes: %+v", v)
	}
	if _, ok := load(t).Lookup("sekolah@2024", "S01"); ok {
		t.Error("the registry that was extended changed")
	}
}

// TestNewerVintage: a newer list of a known system is linked with the newest one there is.
func TestNewerVintage(t *testing.T) {
	r := with(t, [2]string{"kemendagri@2026", "kode,nama,berlaku_sampai,pengganti\n31,Daerah Khusus Jakarta,,\n3171,Kota Jakarta Pusat,,\n31.74,Kota Jakarta Selatan,2026-01-01,31.71\n"},
		[2]string{"bps@2025", "kode,nama\n31,DKI JAKARTA\n3171,KOTA JAKARTA SELATAN\n3171010,JAGAKARSA\n3171010001,CIPEDAK\n"})
	if got, err := r.Translate("3171", "bps@2023", "kemendagri@2026"); err != nil || got.Targets[0].Code != "31.71" || !got.Part {
		t.Errorf("Jakarta Selatan in 2026: %+v, %v", got, err)
	}
	if e, ok := r.Lookup("bps@2025", "3171010001"); !ok || e.Level != reference.Village || e.Parent != "3171010" {
		t.Errorf("a village of BPS: %+v, %v", e, ok)
	}
	if _, err := r.Find("", "3171011001"); !strings.Contains(err.Error(), "Gambir") {
		t.Errorf("an unspecified system: %v", err)
	}
}

func TestBadLists(t *testing.T) {
	for _, tt := range []struct{ name, list, text, want string }{
		{"name", "Sekolah@2024", "kode,nama\n", "tulis sistem@vintage"},
		{"vintage", "sekolah@baru", "kode,nama\n", "tulis sistem@vintage"},
		{"empty", "s@2024", "", "tidak dapat dibaca"},
		{"no name column", "s@2024", "kode,induk\n", `kolom "nama" tidak ada`},
		{"unknown column", "s@2024", "kode,nama,warna\n", `kolom "warna" tidak dikenal`},
		{"column twice", "s@2024", "kode,nama,kode\n", "ada dua"},
		{"short row", "s@2024", "kode,nama\nA\n", "record on line 2"},
		{"code twice", "s@2024", "kode,nama\nA,a\nB,b\nA,c\n", `baris 4: kode "A" sudah ada di baris 2`},
		{"no name", "s@2024", "kode,nama\nA,\n", "baris 2"},
		{"code with a space", "s@2024", "kode,nama\nA B,x\n", "bukan kode"},
		{"not a Kemendagri code", "kemendagri@2026", "kode,nama\n3.1,x\n", "bukan kode kemendagri"},
		{"date", "s@2024", "kode,nama,berlaku_mulai\nA,a,1/2/2024\n", "2024-01-31"},
		{"ended before", "s@2024", "kode,nama,berlaku_mulai,berlaku_sampai\nA,a,2024,2023\n", "sebelum berlaku"},
		{"successor of a valid code", "s@2024", "kode,nama,berlaku_sampai,pengganti\nA,a,,B\nB,b,,\n", "tidak berakhir"},
		{"successor is not there", "s@2024", "kode,nama,berlaku_sampai,pengganti\nA,a,2023,Z\n", `pengganti "Z" tidak ada`},
		{"successors in a circle", "s@2024", "kode,nama,berlaku_sampai,pengganti\nA,a,2023,B\nB,b,2023,A\n", "berputar"},
		{"parent is not there", "s@2024", "kode,nama,induk\nA,a,Z\n", `induk "Z" tidak ada`},
		{"own parent", "s@2024", "kode,nama,induk\nA,a,B\nB,b,A\n", "induk dirinya sendiri"},
	} {
		_, err := reference.ReadList(tt.list, strings.NewReader(tt.text))
		if !errors.Is(err, reference.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	for name, text := range map[string]string{"kemendagri@2025": "kode,nama\n31,Jakarta\n", "bps@2022": "kode,nama\n31,JAKARTA\n"} {
		l, err := reference.ReadList(name, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := load(t).With(l); !errors.Is(err, reference.ErrInvalid) || !strings.Contains(err.Error(), "tidak lebih baru") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzReadList: a list is refused or usable, whatever it holds: every code is found, and every ended
// one says so.
func FuzzReadList(f *testing.F) {
	f.Add("sekolah@2024", schools)
	f.Add("kemendagri@2026", "kode,nama\n31,x\n31.71,y\n")
	f.Add("bps@2025", "kode,nama,induk\n31,x,\n3171,y,31\n3171010,z,3171\n")
	f.Add("s@2024", "kode,nama,berlaku_sampai,pengganti\nA,a,2023,B C\nB,b,2024,C\nC,c,,\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		l, err := reference.ReadList(name, strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, reference.ErrInvalid) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		r, err := load(t).With(l)
		if err != nil {
			return // an older vintage than the one there is
		}
		valid, _ := l.Len()
		seen := 0
		for _, level := range append(reference.Levels(), "") {
			entries, err := r.Level(l.Name(), level)
			if err != nil {
				t.Fatal(err)
			}
			seen += len(entries)
			for _, e := range entries {
				if got, ok := r.Lookup(l.Name(), e.Code); !ok || got != e {
					t.Fatalf("code %q of the list is not found: %+v", e.Code, got)
				}
				if same, err := r.Translate(e.Code, l.Name(), l.Name()); err != nil || !same.OneToOne() {
					t.Fatalf("code %q is not itself: %+v, %v", e.Code, same, err)
				}
			}
		}
		if seen != valid {
			t.Fatalf("%d of %d codes found", seen, valid)
		}
	})
}

// Codes that split and merged again time after time have few successors and 2^60 ways to them.
func TestListOfManyWays(t *testing.T) {
	var b strings.Builder
	b.WriteString("kode,nama,berlaku_sampai,pengganti\n")
	for i := range 60 {
		fmt.Fprintf(&b, "a%d,A,2020,a%d b%d\nb%d,B,2020,a%d b%d\n", i, i+1, i+1, i, i+1, i+1)
	}
	b.WriteString("a60,A,,\nb60,B,,\n")
	_, err := with(t, [2]string{"sekolah@2024", b.String()}).Find("sekolah@2024", "a0")
	if err == nil || !strings.Contains(err.Error(), "lalu menjadi a60, b60 ") {
		t.Errorf("a0: %v", err)
	}
}

// A code does not become a thousand others; lists that say so would make every code large.
func TestListOfTooManySuccessors(t *testing.T) {
	var b, all strings.Builder
	b.WriteString("kode,nama,berlaku_sampai,pengganti\n")
	for i := range 1001 {
		fmt.Fprintf(&b, "k%d,K,,\n", i)
		fmt.Fprintf(&all, "k%d ", i)
	}
	fmt.Fprintf(&b, "lama,L,2020,%s\n", all.String())
	if _, err := reference.ReadList("sekolah@2024", strings.NewReader(b.String())); err == nil || !strings.Contains(err.Error(), "baris 1003: kode \"lama\" punya 1001 pengganti, paling banyak 1000") {
		t.Errorf("error %v", err)
	}
}
