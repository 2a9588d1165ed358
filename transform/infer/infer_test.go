package infer_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/source"
	"satudata/schemas"
	"satudata/transform/infer"
)

// write makes a file of a test.
func write(t testing.TB, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// propose proposes for files and checks what holds of every proposal: both documents parse, and the
// same files give the same bytes.
func propose(t testing.TB, files ...string) (*infer.Proposal, *schemas.Contract, *schemas.Binding) {
	t.Helper()
	p, err := infer.Propose(t.Context(), files, infer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := schemas.ParseContract("kontrak.yaml", p.Contract)
	if err != nil {
		t.Fatalf("contract: %v\n%s", err, p.Contract)
	}
	b, err := schemas.ParseBinding("binding.yaml", p.Binding)
	if err != nil {
		t.Fatalf("binding: %v\n%s", err, p.Binding)
	}
	again, err := infer.Propose(t.Context(), files, infer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(p.Contract, again.Contract) || !bytes.Equal(p.Binding, again.Binding) {
		t.Errorf("the same files gave other documents")
	}
	return p, c, b
}

// property finds a property of the contract.
func property(t testing.TB, c *schemas.Contract, name string) schemas.Property {
	t.Helper()
	i := slices.IndexFunc(c.Properties, func(p schemas.Property) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("there is no property %q in\n%s", name, c.Document)
	}
	return c.Properties[i]
}

// key lists the key of a contract in its order.
func key(c *schemas.Contract) []string {
	names := make([]string, len(c.Key()))
	for _, p := range c.Properties {
		if p.Key > 0 {
			names[p.Key-1] = p.Name
		}
	}
	return names
}

// asked lists what people must settle.
func asked(p *infer.Proposal) (about []string) {
	for _, d := range p.Decisions {
		if d.Ask {
			about = append(about, d.About)
		}
	}
	return about
}

// rows renders a table of regencies of South Sumatra, years and a figure.
func rows(header, line string, years ...int) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for _, year := range years {
		for i := 1; i <= 13; i++ {
			fmt.Fprintf(&b, strings.NewReplacer("{kode}", "16%02[1]d", "{tahun}", "%[2]d", "{angka}", "%[3]d").Replace(line)+"\n", i, year, 1000+37*i+year%7)
		}
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	plain := rows("kode_kab,tahun,jumlah_kasus", "{kode},{tahun},{angka}", 2022, 2023)
	semicolon := strings.ReplaceAll(plain, ",", ";")
	for _, tt := range []struct {
		name, file, content string
		want                schemas.Format
	}{
		{"comma", "a.csv", plain, schemas.Format{Type: "csv", Delimiter: ",", Headers: 1}},
		{"semicolon", "a.csv", semicolon, schemas.Format{Type: "csv", Delimiter: ";", Headers: 1}},
		{"tab", "a.tsv", strings.ReplaceAll(plain, ",", "\t"), schemas.Format{Type: "csv", Delimiter: "\t", Headers: 1}},
		{"pipe", "a.txt", strings.ReplaceAll(plain, ",", "|"), schemas.Format{Type: "csv", Delimiter: "|", Headers: 1}},
		{"byte order mark", "a.csv", "\ufeff" + plain, schemas.Format{Type: "csv", Delimiter: ",", Headers: 1}},
		{"Windows", "a.csv", "kode_kab,tahun,jumlah_kasus,cat\xe9\n" + strings.ReplaceAll(plain[strings.Index(plain, "\n")+1:], "\n", ",pos\xe9\n"),
			schemas.Format{Type: "csv", Delimiter: ",", Headers: 1, Encoding: "windows-1252"}},
		{"UTF-16 with a mark", "a.csv", utf16("\ufeff" + plain), schemas.Format{Type: "csv", Delimiter: ",", Headers: 1}},
		{"UTF-16 without a mark", "a.csv", utf16(plain), schemas.Format{Type: "csv", Delimiter: ",", Headers: 1, Encoding: "utf-16le"}},
		{"titles above", "a.csv", "REKAP KASUS, PER KABUPATEN\nDinas Kesehatan\n\n" + semicolon, schemas.Format{Type: "csv", Delimiter: ";", Headers: 1, Skip: 3}},
		{"lines of objects named .json", "a.json", objects(plain), schemas.Format{Type: "ndjson"}},
		{"array", "a.json", "[" + strings.ReplaceAll(strings.TrimSpace(objects(plain)), "\n", ",") + "]", schemas.Format{Type: "json"}},
		{"no known name", "a.dat", objects(plain), schemas.Format{Type: "ndjson"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, c, b := propose(t, write(t, tt.file, tt.content))
			if diff := cmp.Diff(tt.want, b.Format); diff != "" {
				t.Errorf("format (-want +got):\n%s", diff)
			}
			if r := p.Trial[0]; r.Accepted != 26 || r.Read != 26 {
				t.Errorf("%d of %d rows accepted: %+v", r.Accepted, r.Read, r.Reasons)
			}
			if diff := cmp.Diff([]string{"kabupaten_kota", "tahun"}, key(c)); diff != "" {
				t.Errorf("key (-want +got):\n%s", diff)
			}
		})
	}
}

// utf16 writes s in little-endian UTF-16; s has characters of the basic plane only.
func utf16(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(byte(r))
		b.WriteByte(byte(r >> 8))
	}
	return b.String()
}

// objects turns comma-separated lines of figures into lines of objects.
func objects(csv string) string {
	lines := strings.Split(strings.TrimSpace(csv), "\n")
	names := strings.Split(lines[0], ",")
	var b strings.Builder
	for _, line := range lines[1:] {
		b.WriteByte('{')
		for i, v := range strings.Split(line, ",") {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q:%s", names[i], v)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func TestNumbers(t *testing.T) {
	values := func(list ...string) string {
		content := "nama;luas\n"
		for i := range 40 {
			content += fmt.Sprintf("Tempat %c%c;%s\n", 'A'+i%26, 'A'+i/26, list[i%len(list)])
		}
		return content
	}
	for _, tt := range []struct {
		name, content, locale, kind string
		ask                         bool
	}{
		{"plain", values("12.5", "7.25", "1034.75"), "plain", "double", false},
		{"Indonesian", values("12,5", "7,25", "1.034,75"), "id", "double", false},
		{"English", values("12.5", "7.25", "1,034.75"), "en", "double", false},
		{"Indonesian millions", values("1.234.567", "2.345", "12"), "id", "integer", false},
		{"thousands or three decimals", values("1.234", "2.345", "12"), "id", "integer", true},
		{"the same with a comma", values("1,234", "2,345", "12"), "en", "integer", true},
		{"a slip among thousands", values("1.234", "2.345", "12", "1.236", "3.111", "4.222", "5.333", "6.444", "7.555", "8.666", "9.777", "1.888", "2.999", "3.001", "4.112", "5.223", "6.334", "7.445", "8.556", "9.1O2"), "id", "integer", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, c, b := propose(t, write(t, "a.csv", tt.content))
			if b.Locale != tt.locale || property(t, c, "luas").Type.String() != tt.kind {
				t.Errorf("locale %s, type %s; want %s, %s\n%s", b.Locale, property(t, c, "luas").Type, tt.locale, tt.kind, p.Contract)
			}
			if got := slices.Contains(asked(p), "locale"); got != tt.ask {
				t.Errorf("asked about the locale: %v, want %v: %+v", got, tt.ask, p.Decisions)
			}
		})
	}
}

func TestDates(t *testing.T) {
	column := func(list ...string) string {
		content := "kejadian,tanggal\n"
		for i := range 12 {
			content += fmt.Sprintf("banjir %c,%s\n", 'a'+i, list[i%len(list)])
		}
		return content
	}
	for _, tt := range []struct {
		name, content string
		layouts       []string
		ask           bool
	}{
		{"ISO", column("2024-03-17", "2024-04-05"), nil, false},
		{"day first", column("17/03/2024", "05/04/2024"), []string{"DD/MM/YYYY"}, false},
		{"month first", column("03/17/2024", "04/05/2024"), []string{"MM/DD/YYYY"}, false},
		{"one digit", column("17-3-2024", "5-4-2024"), []string{"D-M-YYYY"}, false},
		{"either", column("03/04/2024", "05/06/2024"), []string{"DD/MM/YYYY"}, true},
		{"named", column("17 Maret 2024", "5 April 2024"), []string{"D MMMM YYYY"}, false},
		{"short names", column("17-Mar-2024", "05-Apr-2024"), []string{"D-MMM-YYYY"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, c, b := propose(t, write(t, "a.csv", tt.content))
			if kind := property(t, c, "tanggal").Type.Kind; kind != schemas.Date {
				t.Errorf("kind %v, want a date\n%s", kind, p.Contract)
			}
			if diff := cmp.Diff(tt.layouts, b.Dates); diff != "" {
				t.Errorf("layouts (-want +got):\n%s", diff)
			}
			if got := slices.Contains(asked(p), "kolom tanggal"); got != tt.ask {
				t.Errorf("asked: %v, want %v", got, tt.ask)
			}
			if r := p.Trial[0]; r.Accepted != 12 {
				t.Errorf("%d of %d accepted: %+v", r.Accepted, r.Read, r.Reasons)
			}
		})
	}
}

// TestPersonal: personal data makes the dataset internal, and the report repeats none of it.
func TestPersonal(t *testing.T) {
	content := "nik,nama_lengkap,jk,tanggal_lahir,email,no_hp,penyakit\n"
	secrets := []string{}
	for i := range 30 {
		day, sex := i%28+1, "L"
		if i%2 == 1 {
			sex = "P"
		}
		nik := fmt.Sprintf("327301%02d0790%04d", day, i+1)
		name, mail, phone := fmt.Sprintf("Rahasia Nomor%c", 'A'+i%26), fmt.Sprintf("orang%d@contoh.id", i), fmt.Sprintf("0812345678%02d", i)
		secrets = append(secrets, nik, name, mail, phone)
		content += fmt.Sprintf("%s,%s,%s,1990-07-%02d,%s,%s,flu\n", nik, name, sex, day, mail, phone)
	}
	content += "123,Rahasia Rusak,L,entah kapan,rusak,1,flu\n"
	p, c, _ := propose(t, write(t, "pasien.csv", content))
	if c.Profile.Access != "internal" || !strings.Contains(c.Profile.Basis, "UU 27/2022") {
		t.Errorf("access %q by %q", c.Profile.Access, c.Profile.Basis)
	}
	for name, class := range map[string]string{"nik": "pribadi_umum", "nama_lengkap": "pribadi_umum", "jenis_kelamin": "pribadi_umum", "tanggal_lahir": "pribadi_umum",
		"email": "pribadi_umum", "nomor_hp": "pribadi_umum", "penyakit": "pribadi_spesifik"} {
		if got := property(t, c, name).Class; got != class {
			t.Errorf("%s is %s, want %s", name, got, class)
		}
	}
	report := fmt.Sprintf("%s%s%+v", p.Contract, p.Binding, p.Decisions)
	for _, r := range p.Trial {
		report += fmt.Sprintf("%+v", *r)
	}
	for _, s := range append(secrets, "Rahasia", "entah kapan", "rusak") {
		if strings.Contains(report, s) {
			t.Errorf("the report repeats %q", s)
		}
	}
}

func TestWide(t *testing.T) {
	content := "Kab/Kota;Kode;Target 2024;Jml Kasus 2021;Jml Kasus 2022;Jml Kasus 2023;Jumlah\n"
	for i := 1; i <= 9; i++ {
		content += fmt.Sprintf("Tempat %d;16.%02d;5;%d;%d;%d;%d\n", i, i, i, 2*i, 3*i, 6*i)
	}
	content += "TOTAL;;45;45;90;135;270\n"
	p, c, b := propose(t, write(t, "a.csv", content))
	if b.Unpivot == nil {
		t.Fatalf("no unpivot:\n%s", p.Binding)
	}
	want := schemas.Unpivot{Value: "jumlah_kasus", Columns: []string{"Jml Kasus 2021", "Jml Kasus 2022", "Jml Kasus 2023"},
		Names:  []schemas.Dimension{{To: "tahun", Header: 1, Pattern: "((?:19|20)[0-9]{2})"}},
		Totals: []schemas.Total{{Column: "Jumlah", Of: []string{"Jml Kasus 2021", "Jml Kasus 2022", "Jml Kasus 2023"}}}}
	if diff := cmp.Diff(want, *b.Unpivot); diff != "" {
		t.Errorf("unpivot (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"kabupaten_kota", "tahun"}, key(c)); diff != "" {
		t.Errorf("key (-want +got):\n%s\n%+v", diff, p.Decisions)
	}
	if r := p.Trial[0]; r.Accepted != 27 || r.SetAside != 3 || r.Rejected != 0 {
		t.Errorf("%d accepted, %d rejected, %d set aside: %+v", r.Accepted, r.Rejected, r.SetAside, r.Reasons)
	}
}

// TestGroups: years above, sexes below, a note under the table.
func TestGroups(t *testing.T) {
	content := "Data Warga\nKecamatan,Kode,2022,,2023,\n,,Laki-laki,Perempuan,Laki-laki,Perempuan\n"
	for i := 1; i <= 8; i++ {
		content += fmt.Sprintf("Tempat %d,32.73.%02d,%d,%d,%d,%d\n", i, i, 2*i, 3*i, 5*i, 7*i)
	}
	content += "Sumber: Dinas,,,,,\n"
	p, c, b := propose(t, write(t, "a.csv", content))
	want := []schemas.Dimension{{To: "tahun", Header: 1, Fill: true}, {To: "jenis_kelamin", Header: 2}}
	if b.Unpivot == nil || b.Format.Skip != 1 || b.Format.Headers != 2 {
		t.Fatalf("no unpivot, or not the header:\n%s", p.Binding)
	}
	if diff := cmp.Diff(want, b.Unpivot.Names); diff != "" {
		t.Errorf("dimensions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"kecamatan", "jenis_kelamin", "tahun"}, key(c)); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
	if r := p.Trial[0]; r.Accepted != 32 || r.SetAside != 4 {
		t.Errorf("%d accepted, %d set aside: %+v", r.Accepted, r.SetAside, r.Reasons)
	}
}

// TestMoney: what stands beside figures says what they are.
func TestMoney(t *testing.T) {
	content := "DATA ANGGARAN;;;;\nTahun 2024;;;;\n;;;;\nNo.;Kode Wilayah;Kabupaten;Pagu (Rp);Realisasi (%)\n"
	for i := 1; i <= 9; i++ {
		content += fmt.Sprintf("%d;16%02d;x;Rp 1.%d00.000,00;%d,25 %%\n", i, i, i, 50+i)
	}
	content += ";;JUMLAH;Rp 9.000.000,00;\nSumber: BPKAD;;;;\n"
	p, c, b := propose(t, write(t, "a.csv", content))
	if property(t, c, "pagu").Element != "umum.rupiah" || property(t, c, "realisasi").Element != "umum.persen" || b.Locale != "id" {
		t.Errorf("elements of\n%s", p.Contract)
	}
	if r := p.Trial[0]; r.Accepted != 9 || r.SetAside != 2 {
		t.Errorf("%d accepted, %d set aside: %+v", r.Accepted, r.SetAside, r.Reasons)
	}
}

// TestDirty: a column is what nearly all of its values are; the rest is rejected, not a reason to take
// figures for text.
func TestDirty(t *testing.T) {
	content := rows("kode,tahun,jumlah", "{kode},{tahun},{angka}", 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025)
	content = strings.Replace(content, "\n1607,2020,", "\n1607,2020,l", 1)
	p, c, _ := propose(t, write(t, "a.csv", content))
	if e := property(t, c, "jumlah").Element; e != "umum.jumlah" {
		t.Errorf("element %q", e)
	}
	if r := p.Trial[0]; r.Accepted != 103 || r.Rejected != 1 {
		t.Errorf("%d accepted, %d rejected", r.Accepted, r.Rejected)
	}
}

// TestUnfit: a file that is no table is refused with the reason, never a panic or an empty proposal.
func TestUnfit(t *testing.T) {
	for _, tt := range []struct{ name, file, content, want string }{
		{"empty", "a.csv", "", "kosong"},
		{"blank lines", "a.csv", "\n\n  \n", "kosong"},
		{"header only", "a.csv", "kode,tahun,jumlah\n", "kepala tabel"},
		{"web page", "a.csv", "<!DOCTYPE html><html><title>502</title></html>", "HTML"},
		{"binary", "a.csv", "\x00\x01\x02\x03\xff\xfe\x00\x80\x81", "byte nol"},
		{"picture", "a.csv", "\x89PNG\r\n\x1a\n\x00\x00", "PNG"},
		{"old workbook", "a.xlsx", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 xls", ".xls"},
		{"no header", "a.csv", "1601,2020,5\n1602,2020,6\n1603,2020,7\n1604,2020,8\n", "baris judul"},
		{"an object that is not a line", "a.json", "{\n\"a\": [1,\n2]\n}", "objek JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := infer.Propose(t.Context(), []string{write(t, tt.file, tt.content)}, infer.Options{})
			var refusal *source.Refusal
			if !errors.As(err, &refusal) || !strings.Contains(refusal.Error(), tt.want) {
				t.Errorf("error %v, want a refusal that says %q", err, tt.want)
			}
		})
	}
}

// TestNasty: what is ugly but a table gets a sound proposal.
func TestNasty(t *testing.T) {
	wide := "nama"
	for i := range 299 {
		wide += fmt.Sprintf(",K%d", i)
	}
	line := strings.Repeat(",1", 299)
	for _, tt := range []struct {
		name, content string
		accepted      int64
	}{
		{"one column", "jumlah\n1\n2\n3\n", 3},
		{"300 columns", wide + "\na" + line + "\nb" + line + "\nc" + line + "\n", 3},
		{"the same name twice", "nama,nilai,nilai\na,1,2\nb,3,4\nc,5,6\n", 3},
		{"no names", ",,\nx,1,2\ny,3,4\nz,5,6\n", 3},
		{"ragged", "nama,jumlah\na,1\nb\nc,3,\nd,4,5\n", 2},
		{"names that are no names", "123,#2,\"a\nb\",%\na,1,2,3\nb,4,5,6\nc,7,8,9\n", 3},
		{"words of YAML", "null,true,no,~\nyes,no,null,on\noff,y,n,~\nno,yes,a,: b\n", 3},
		{"quotes", "nama,ket\n\"a \"\"b\"\" c\",'x'\n\"d, e\",\"{f: [g]}\"\n# h,- i\n", 3},
		{"empty column", "nama,kosong,jumlah\na,,1\nb,,2\nc,,3\n", 3},
		{"every cell missing", "nama,jumlah\n-,-\n-,n/a\n-,-\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := infer.Propose(t.Context(), []string{write(t, "a.csv", tt.content)}, infer.Options{})
			var refusal *source.Refusal
			if errors.As(err, &refusal) && tt.accepted == 0 {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Trial[0].Accepted; got != tt.accepted {
				t.Errorf("%d accepted, want %d: %+v\n%s%s", got, tt.accepted, p.Trial[0].Reasons, p.Contract, p.Binding)
			}
		})
	}
}

// TestTwoFiles: several files are samples of one source, or refused.
func TestTwoFiles(t *testing.T) {
	a := write(t, "a.csv", rows("kode,tahun,jumlah", "{kode},{tahun},{angka}", 2022))
	b := write(t, "b.csv", rows("kode,tahun,jumlah", "{kode},{tahun},{angka}", 2023))
	p, c, _ := propose(t, a, b)
	if len(p.Trial) != 2 || p.Rows != 26 || c.Profile.Grid == nil {
		t.Errorf("%d files, %d rows, grid %v", len(p.Trial), p.Rows, c.Profile.Grid)
	}
	other := write(t, "c.csv", "kode,bulan\n1601,Januari\n1602,Januari\n")
	if _, err := infer.Propose(t.Context(), []string{a, other}, infer.Options{}); err == nil || !strings.Contains(err.Error(), "tidak berkepala sama") {
		t.Errorf("files of two sources: %v", err)
	}
}

// decision finds what was decided about something.
func decision(t testing.TB, p *infer.Proposal, about string) infer.Decision {
	t.Helper()
	i := slices.IndexFunc(p.Decisions, func(d infer.Decision) bool { return d.About == about })
	if i < 0 {
		t.Fatalf("nothing was decided about %s: %+v", about, p.Decisions)
	}
	return p.Decisions[i]
}

// TestNoKey: where no key tells rows apart, a delivery replaces what it corrects; people are asked.
func TestNoKey(t *testing.T) {
	body := "jenis,{x}jumlah\n" + strings.Repeat("banjir,{v}1\nbanjir,{v}2\nrob,{v}1\nrob,{v}1\nrob,{w}7\n", 4)
	for _, tt := range []struct {
		name, title, v, w string
		mode              schemas.DeliveryMode
	}{
		{"no period", "", "", "", schemas.DeliveryMode{Mode: "full"}},
		{"years", "tahun,", "2023,", "2024,", schemas.DeliveryMode{Mode: "full", ReplaceBy: []string{"tahun"}}},
		{"months of a year", "tahun,bulan,", "2023,1,", "2023,2,", schemas.DeliveryMode{Mode: "full", ReplaceBy: []string{"tahun", "bulan"}}},
		{"months of any year", "bulan,", "1,", "2,", schemas.DeliveryMode{Mode: "full"}},
		{"years that are missing", "tahun,", ",", "2024,", schemas.DeliveryMode{Mode: "full"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, c, _ := propose(t, write(t, "a.csv", strings.NewReplacer("{x}", tt.title, "{v}", tt.v, "{w}", tt.w).Replace(body)))
			if len(key(c)) > 0 {
				t.Fatalf("key %v", key(c))
			}
			if diff := cmp.Diff(tt.mode, c.Profile.Delivery); diff != "" {
				t.Errorf("delivery (-want +got):\n%s", diff)
			}
			if d := decision(t, p, "modePengiriman"); !d.Ask || !strings.Contains(d.Why.ID, "menggandakan baris") {
				t.Errorf("decision %+v", d)
			}
		})
	}
	if _, c, _ := propose(t, write(t, "a.csv", rows("kode,tahun,jumlah", "{kode},{tahun},{angka}", 2022))); c.Profile.Delivery.Mode != "delta" {
		t.Errorf("with a key: %+v", c.Profile.Delivery)
	}
}

// TestTie: a code system that another explains as well is asked about, one that alone fits is not.
func TestTie(t *testing.T) {
	for _, tt := range []struct {
		name, content string
		ask           bool
	}{
		{"West Java, alike in both", "kode,kabupaten,tahun,jumlah\n3201,Kabupaten Bogor,2023,1\n3202,Kabupaten Sukabumi,2023,2\n3203,Kabupaten Cianjur,2023,3\n", true},
		{"Jakarta, where they differ", "kode,kota,tahun,jumlah\n3171,Jakarta Selatan,2023,1\n3172,Jakarta Timur,2023,2\n3173,Jakarta Pusat,2023,3\n", false},
	} {
		p, _, _ := propose(t, write(t, "a.csv", tt.content))
		d := decision(t, p, "codeSystem")
		if d.Ask != tt.ask || (d.Confidence == infer.Confidence{}) != tt.ask {
			t.Errorf("%s: %+v", tt.name, d)
		}
	}
}

// TestTotalAmongCodes: the word for a total may stand in the column of codes, as where cells are merged.
func TestTotalAmongCodes(t *testing.T) {
	content := rows("Kode,Kabupaten,Tahun,Jumlah", "{kode},,{tahun},{angka}", 2022) + "JUMLAH,,2022,15886\nKode,Kabupaten,Tahun,Jumlah\n"
	p, _, b := propose(t, write(t, "a.csv", content))
	want := []schemas.Filter{{Column: "Kode", Equals: []string{"JUMLAH"}}}
	if diff := cmp.Diff(want, b.SetAside); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	if r := p.Trial[0]; r.Accepted != 13 || r.SetAside != 1 || r.Rejected != 1 {
		t.Errorf("%d accepted, %d set aside, %d rejected", r.Accepted, r.SetAside, r.Rejected)
	}
}

// TestFolder: a folder is its tables; one without any is refused by its name.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("BACA.md", "# catatan\n")
	_, err := infer.Propose(t.Context(), []string{dir}, infer.Options{})
	var refusal *source.Refusal
	if !errors.As(err, &refusal) || refusal.Subject != dir || !strings.Contains(refusal.Reason.ID, "tidak berisi berkas tabel") {
		t.Errorf("a folder without tables: %v", err)
	}
	put("b.ndjson", objects(rows("kode,tahun,jumlah", "{kode},{tahun},{angka}", 2023)))
	if p, _, b := propose(t, dir); !slices.Equal(p.Files, []string{"b.ndjson"}) || b.Format.Type != "ndjson" {
		t.Errorf("files %q, format %+v", p.Files, b.Format)
	}
	put("a.csv", "bulan,banyak\nJanuari,1\nFebruari,2\n")
	if _, err := infer.Propose(t.Context(), []string{dir}, infer.Options{}); err == nil || strings.Contains(err.Error(), ": : ") {
		t.Errorf("files of two kinds: %v", err)
	}
}

// TestLimit: of a large file the beginning is looked at, and the report says so; the trial reads all.
func TestLimit(t *testing.T) {
	file := write(t, "a.csv", rows("kode,tahun,jumlah", "{kode},{tahun},{angka}", 2018, 2019, 2020, 2021))
	p, err := infer.Propose(t.Context(), []string{file}, infer.Options{Cells: 60})
	if err != nil {
		t.Fatal(err)
	}
	if !p.More || p.Rows != 20 || p.Trial[0].Read != 52 {
		t.Errorf("more %v, %d rows looked at, %d tried", p.More, p.Rows, p.Trial[0].Read)
	}
}

func FuzzPropose(f *testing.F) {
	f.Add("kode,tahun,jumlah\n1601,2020,5\n1602,2020,6\n")
	f.Add("a;2019;2020\nx;1,5;-\nTOTAL;3;4\n")
	f.Add(",2019,,\n,Januari,Februari,Tahunan\nA,1,2,3\nB,-,-,-\n")
	f.Add("nik,nama\n3273011407900001,x\n")
	f.Add("\ufeffx\ty\n\"\n")
	f.Fuzz(func(t *testing.T, content string) {
		file := filepath.Join(t.TempDir(), "a.csv")
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := infer.Propose(t.Context(), []string{file}, infer.Options{})
		var faults schemas.Faults
		if errors.As(err, &faults) {
			t.Errorf("%v", err)
		}
	})
}

// Codes without names may be other places in another system: 3171 is Jakarta Selatan for BPS and Jakarta
// Pusat for Kemendagri. Dots and names settle it.
func TestCodesWithoutNames(t *testing.T) {
	for name, tt := range map[string]struct {
		file, system string
		ask          bool
	}{
		"digits alone": {"kode_kab,tahun,jumlah\n3171,2020,5\n3172,2020,6\n3173,2020,7\n3174,2020,8\n", "bps@2023", true},
		"dots":         {"kode_kab,tahun,jumlah\n31.71,2020,5\n31.72,2020,6\n31.73,2020,7\n31.74,2020,8\n", "kemendagri@2025", false},
		"names": {"kode_kab,nama,tahun,jumlah\n3171,Kota Jakarta Pusat,2020,5\n3172,Kota Jakarta Utara,2020,6\n" +
			"3173,Kota Jakarta Barat,2020,7\n3174,Kota Jakarta Selatan,2020,8\n", "kemendagri@2025", false},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, b := propose(t, write(t, "wilayah.csv", tt.file))
			if !strings.HasPrefix(b.CodeSystem, strings.TrimSuffix(tt.system, "2025")) || slices.Contains(asked(p), "codeSystem") != tt.ask {
				t.Errorf("system %s, asked %q; want %s, asked %v", b.CodeSystem, asked(p), tt.system, tt.ask)
			}
		})
	}
}

// A table of thousands of columns is refused in words, not as a document that is too large; rows of
// thousands of titles take no time.
func TestTooWide(t *testing.T) {
	var titles, row strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&titles, "kolom %d,", i)
		fmt.Fprintf(&row, "teks %d,", i)
	}
	file := write(t, "lebar.csv", titles.String()+"\n"+row.String()+"\n"+row.String()+"\n")
	var refusal *source.Refusal
	if _, err := infer.Propose(t.Context(), []string{file}, infer.Options{}); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason.ID, "paling banyak 2000") {
		t.Errorf("error %.200v", err)
	}
}
