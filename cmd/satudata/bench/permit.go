package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Input is how the reference work is written.
type Input string

// The inputs.
const (
	NDJSON Input = "ndjson"
	CSV    Input = "csv"
)

// Dataset is what the reference work is delivered as.
const Dataset = "perizinan.izin"

// Sums is what can be told of a set of permits from the outside: lost, doubled or changed values show.
type Sums struct {
	Rows      int64            `json:"rows"`
	Numbers   int64            `json:"numbers"`  // the serial numbers in nomor, added up
	Residues  int64            `json:"residues"` // of their squares, which tells a pair of errors from none
	Names     int64            `json:"names"`    // characters of the trimmed names
	Regions   int64            `json:"regions"`
	Services  int64            `json:"services"`
	Days      int64            `json:"days"`
	Dates     int64            `json:"dates"` // days since 1970
	Seconds   int64            `json:"seconds"`
	Cents     int64            `json:"cents"`
	Standings map[string]int64 `json:"standings"` // rows of each status, upper-cased
}

// sumsOf is the query that answers Sums of a table; code is its column of the region code.
func sumsOf(from, code, service string) string {
	return `SELECT count(*)::BIGINT AS rows, sum(substr(nomor, 10)::BIGINT)::BIGINT AS numbers,
		sum((substr(nomor, 10)::BIGINT * substr(nomor, 10)::BIGINT) % 1000003)::BIGINT AS residues,
		sum(length(nama))::BIGINT AS names, sum(replace(` + code + `, '.', '')::BIGINT)::BIGINT AS regions,
		sum(substr(` + service + `, 4)::BIGINT)::BIGINT AS services, sum(hari)::BIGINT AS days,
		sum(date_diff('day', DATE '1970-01-01', tanggal))::BIGINT AS dates, sum(epoch_us(waktu) // 1000000)::BIGINT AS seconds,
		sum((retribusi * 100)::BIGINT)::BIGINT AS cents,
		count(*) FILTER (status = 'DITERIMA')::BIGINT AS diterima, count(*) FILTER (status = 'DITOLAK')::BIGINT AS ditolak,
		count(*) FILTER (status = 'DIPROSES')::BIGINT AS diproses, count(*) FILTER (status = 'SELESAI')::BIGINT AS selesai
		FROM ` + from
}

// TableSums is the query that answers, in one row of JSON, the sums of the current state.
func TableSums() string { return sumsOf(Dataset, "kemendagri_kode_kabupaten_kota", "layanan") }

// readSums reads what a query of sumsOf answered as JSON.
func readSums(answer []byte) (Sums, error) {
	var rows []struct {
		Sums
		Diterima, Ditolak, Diproses, Selesai int64
	}
	if err := json.Unmarshal(answer, &rows); err != nil {
		return Sums{}, fmt.Errorf("read sums: %w", err)
	}
	if len(rows) != 1 {
		return Sums{}, fmt.Errorf("read sums: %d rows, want 1", len(rows))
	}
	r := rows[0]
	r.Standings = map[string]int64{"DITERIMA": r.Diterima, "DITOLAK": r.Ditolak, "DIPROSES": r.Diproses, "SELESAI": r.Selesai}
	return r.Sums, nil
}

// Check compares s with what the query of [TableSums] answered, and returns how many rows there are.
func (s Sums) Check(answer []byte) (rows int64, err error) {
	got, err := readSums(answer)
	if err == nil {
		err = s.differs(got)
	}
	return got.Rows, err
}

// differs says in what got is not s.
func (s Sums) differs(got Sums) error {
	if reflect.DeepEqual(s, got) {
		return nil
	}
	return fmt.Errorf("%w: %+v, want %+v", ErrWrong, got, s)
}

// ErrWrong says that what came of a run is not what went in.
var ErrWrong = errors.New("the rows do not add up")

var (
	firstNames = []string{"Budi", "Siti", "Agus", "Dewi", "Rina", "Joko", "Ayu", "Eko", "Sri", "Tono", "Made", "Ketut", "Ujang", "Cut"}
	lastNames  = []string{"Santoso", "Wijaya", "Hidayat", "Lestari", "Putri", "Saputra", "Nugroho", "Rahayu", "Siregar", "Simanjuntak"}
	// regions are kabupaten and kota of kemendagri@2025.
	regions   = []string{"32.73", "32.01", "32.04", "16.71", "16.08", "31.74", "11.09", "33.76", "35.78", "73.71", "51.71", "12.71", "64.71", "32.71"}
	standings = []string{"DITERIMA", "DITOLAK", "DIPROSES", "SELESAI"}
	delivered = []string{"diterima", "Ditolak", "DIPROSES", "selesai"} // as applications write them
)

// services is how many service codes there are, LYN000 and on.
const services = 50

// permit is one record of the reference work.
type permit struct {
	serial, nib, cents    int64
	name                  string // of the parts, joined by a space
	last, number          int
	padded                bool
	region, service, hari int
	day, second           int64
	standing              int
}

// permitAt makes the record of a number. The same number always makes the same record.
func permitAt(i int64) permit {
	h := mix(uint64(i))
	take := func(n uint64) int64 {
		v := h % n
		h = mix(h)
		return int64(v)
	}
	p := permit{
		serial: i + 1, nib: 1e12 + take(9e12), name: firstNames[take(uint64(len(firstNames)))], last: int(take(uint64(len(lastNames)))),
		number: int(take(10_000)), padded: take(4) == 0, region: int(take(uint64(len(regions)))), service: int(take(services)),
		day: 19_000 + take(1500), standing: int(take(4)), hari: 1 + int(take(60)),
	}
	p.second = p.day*86_400 + take(60*86_400)
	if standings[p.standing] != "DITOLAK" {
		p.cents = take(1e9)
	}
	return p
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// add counts p.
func (s *Sums) add(p permit) {
	s.Rows++
	s.Numbers += p.serial
	s.Residues += p.serial * p.serial % 1_000_003
	s.Names += int64(len(p.name) + 1 + len(lastNames[p.last]) + 1 + digits(p.number))
	code, _ := strconv.ParseInt(strings.Replace(regions[p.region], ".", "", 1), 10, 64)
	s.Regions += code
	s.Services += int64(p.service)
	s.Days += int64(p.hari)
	s.Dates += p.day
	s.Seconds += p.second
	s.Cents += p.cents
	s.Standings[standings[p.standing]]++
}

// join counts what other counted.
func (s *Sums) join(other Sums) {
	s.Rows += other.Rows
	s.Numbers += other.Numbers
	s.Residues += other.Residues
	s.Names += other.Names
	s.Regions += other.Regions
	s.Services += other.Services
	s.Days += other.Days
	s.Dates += other.Dates
	s.Seconds += other.Seconds
	s.Cents += other.Cents
	if s.Standings == nil {
		s.Standings = map[string]int64{}
	}
	for standing, n := range other.Standings {
		s.Standings[standing] += n
	}
}

func digits(n int) int { return len(strconv.Itoa(n)) }

// header is the header line of the CSV.
const header = "nomor,nib,nama,kode_wilayah,kode_layanan,tanggal,waktu,hari,retribusi,status\n"

// record writes p to b. Both forms have the same values between what is around them.
func (p permit) record(b []byte, in Input) []byte {
	around := &jsonAround
	if in == CSV {
		around = &csvAround
	}
	b = append(b, around[0]...)
	b = append(b, "IZN-2024-"...) // nine characters before the serial number
	b = padded(b, p.serial, 9)
	b = append(b, around[1]...)
	b = strconv.AppendInt(b, p.nib, 10)
	b = append(b, around[2]...)
	if p.padded {
		b = append(b, ' ')
	}
	b = append(append(b, p.name...), ' ')
	b = append(append(b, lastNames[p.last]...), ' ')
	b = strconv.AppendInt(b, int64(p.number), 10)
	if p.padded {
		b = append(b, "  "...)
	}
	b = append(b, around[3]...)
	b = append(b, regions[p.region]...)
	b = append(b, around[4]...)
	b = append(b, "lyn"...)
	b = padded(b, int64(p.service), 3)
	b = append(b, around[5]...)
	b = time.Unix(p.day*86_400, 0).UTC().AppendFormat(b, time.DateOnly)
	b = append(b, around[6]...)
	b = time.Unix(p.second, 0).UTC().AppendFormat(b, "2006-01-02T15:04:05Z")
	b = append(b, around[7]...)
	b = strconv.AppendInt(b, int64(p.hari), 10)
	b = append(b, around[8]...)
	b = strconv.AppendInt(b, p.cents/100, 10)
	b = append(b, '.')
	b = padded(b, p.cents%100, 2)
	b = append(b, around[9]...)
	b = append(b, delivered[p.standing]...)
	return append(b, around[10]...)
}

var (
	jsonAround = [11]string{`{"nomor":"`, `","nib":"`, `","nama":"`, `","kode_wilayah":"`, `","kode_layanan":"`, `","tanggal":"`,
		`","waktu":"`, `","hari":`, `,"retribusi":`, `,"status":"`, "\"}\n"}
	csvAround = [11]string{"", ",", ",", ",", ",", ",", ",", ",", ",", ",", "\n"}
)

// padded writes n with at least so many digits.
func padded(b []byte, n int64, width int) []byte {
	for limit := int64(10); width > 1; width-- {
		if n < limit {
			b = append(b, '0')
		}
		limit *= 10
	}
	return strconv.AppendInt(b, n, 10)
}

// File makes the file of so many permits in dir, unless it is there already, and says what it holds.
func File(dir string, in Input, rows int64) (path string, sums Sums, err error) {
	path = filepath.Join(dir, fmt.Sprintf("izin-%d-%08x.%s", rows, form(in), in))
	known, err := os.ReadFile(path + ".sums")
	if err == nil {
		return path, sums, json.Unmarshal(known, &sums)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return path, sums, err
	}
	if sums, err = writeFile(path, in, 0, rows); err != nil {
		return path, sums, err
	}
	known, err = json.Marshal(sums)
	if err != nil {
		return path, sums, err
	}
	return path, sums, os.WriteFile(path+".sums", known, 0o644) // last: a file without it is made again
}

// form tells files of this generator from those of another version of it.
func form(in Input) uint32 {
	sum := crc32.NewIEEE()
	for i := range int64(1000) {
		sum.Write(permitAt(i).record(nil, in))
	}
	return sum.Sum32()
}

// writeFile writes so many permits from a number on.
func writeFile(path string, in Input, from, rows int64) (Sums, error) {
	f, err := os.Create(path)
	if err != nil {
		return Sums{}, err
	}
	sums, err := writePermits(f, in, from, rows)
	if err = errors.Join(err, f.Close()); err != nil {
		return sums, fmt.Errorf("write %s: %w", path, err)
	}
	return sums, nil
}

func writePermits(out io.Writer, in Input, from, rows int64) (Sums, error) {
	w := bufio.NewWriterSize(out, 1<<20)
	sums := Sums{Standings: map[string]int64{}}
	if in == CSV {
		fmt.Fprint(w, header)
	}
	var line []byte
	for i := range rows {
		p := permitAt(from + i)
		sums.add(p)
		line = p.record(line[:0], in)
		if _, err := w.Write(line); err != nil {
			return sums, err
		}
	}
	return sums, w.Flush()
}
