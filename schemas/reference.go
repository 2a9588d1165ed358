package schemas

import (
	"bytes"
	"embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// The code systems of regions, with their vintage.
const (
	kemendagri = "kemendagri@2025"
	bps        = "bps@2023"
)

//go:embed reference/*.csv
var referenceFiles embed.FS

// Reference is the code lists of regions. It is immutable.
type Reference struct {
	tables map[string]map[string]*CodeTable // level → system → table
}

// LoadReference reads the code lists that the program carries: all 514 kabupaten/kota and the
// provinces, by Kemendagri 2025 and BPS 2023.
//
// Kabupaten/kota pair one to one. Provinces are paired through them: two are the same when they
// hold the same kabupaten/kota. So the six provinces on Papua have no BPS code, because BPS 2023
// still has two there, and those two BPS codes name no single Kemendagri province.
func LoadReference() (*Reference, error) {
	regencies, err := readCodes("kabupaten_kota.csv", 4)
	if err != nil {
		return nil, err
	}
	central, err := readCodes("provinsi_kemendagri.csv", 2)
	if err != nil {
		return nil, err
	}
	statistical, err := readCodes("provinsi_bps.csv", 2)
	if err != nil {
		return nil, err
	}
	regions := make([]Region, len(regencies))
	for i, r := range regencies {
		regions[i] = Region{r[0], r[1], r[2], r[3]}
	}
	provinces, unclear := pairProvinces(regions, central, statistical)
	return &Reference{map[string]map[string]*CodeTable{
		levelRegency:  codeTables(levelRegency, regions, nil),
		levelProvince: codeTables(levelProvince, provinces, unclear),
	}}, nil
}

// readCodes reads an embedded CSV file of the given width without its header.
func readCodes(name string, width int) ([][]string, error) {
	data, err := referenceFiles.ReadFile("reference/" + name)
	if err != nil {
		return nil, fmt.Errorf("read code list: %w", err)
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comment, r.FieldsPerRecord = '#', width
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read code list %s: %w", name, err)
	}
	return rows[1:], nil
}

// pairProvinces finds which provinces of both systems hold the same regencies. unclear says of a
// BPS code without such a pair which provinces it covers.
func pairProvinces(regencies []Region, central, statistical [][]string) (paired []Region, unclear map[string]Sentence) {
	ofBPS, ofKemendagri := map[string][]string{}, map[string][]string{}
	for _, r := range regencies {
		k, b := r.KemendagriCode[:2], r.BPSCode[:2]
		ofBPS[b] = appendNew(ofBPS[b], k)
		ofKemendagri[k] = appendNew(ofKemendagri[k], b)
	}
	bpsNames := map[string]string{}
	for _, row := range statistical {
		bpsNames[row[0]] = row[1]
	}
	unclear = map[string]Sentence{}
	names := map[string]string{}
	for _, row := range central {
		p := Region{KemendagriCode: row[0], KemendagriName: row[1]}
		if b := ofKemendagri[row[0]]; len(b) == 1 && len(ofBPS[b[0]]) == 1 {
			p.BPSCode, p.BPSName = b[0], bpsNames[b[0]]
		}
		names[row[0]] = row[0] + " " + row[1]
		paired = append(paired, p)
	}
	for code, covers := range ofBPS {
		if len(covers) == 1 {
			continue
		}
		list := make([]string, len(covers))
		for i, c := range covers {
			list[i] = names[c]
		}
		slices.Sort(list)
		all := strings.Join(list, ", ")
		unclear[code] = sayf("%s (%s) di bps@2023 mencakup beberapa provinsi sekarang: %s; kirim kode Kemendagri",
			"%s (%s) of bps@2023 covers several provinces of today: %s; deliver Kemendagri codes", code, bpsNames[code], all)
	}
	return paired, unclear
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// codeTables makes the table of each system over the same regions.
func codeTables(level string, regions []Region, unclear map[string]Sentence) map[string]*CodeTable {
	k := &CodeTable{level: level, system: kemendagri, regions: make(map[string]Region, 2*len(regions))}
	b := &CodeTable{level: level, system: bps, regions: make(map[string]Region, len(regions)), unclear: unclear}
	for _, r := range regions {
		k.regions[r.KemendagriCode] = r
		k.regions[strings.ReplaceAll(r.KemendagriCode, ".", "")] = r
		k.list = append(k.list, r)
		if r.BPSCode != "" {
			b.regions[r.BPSCode] = r
			b.list = append(b.list, r)
		}
	}
	slices.SortFunc(b.list, func(x, y Region) int { return strings.Compare(x.BPSCode, y.BPSCode) })
	k.other, b.other = b, k
	return map[string]*CodeTable{kemendagri: k, bps: b}
}

// Systems returns the known code systems of regions, sorted.
func (r *Reference) Systems() []string { return []string{bps, kemendagri} }

// Table returns the code list of a level ("provinsi", "kabupaten_kota") in a system ("bps@2023",
// "kemendagri@2025"). The error of an unknown one lists those that are known.
func (r *Reference) Table(level, system string) (*CodeTable, error) {
	systems, ok := r.tables[level]
	if !ok {
		return nil, fmt.Errorf("unknown level of region %q: want %s or %s", level, levelProvince, levelRegency)
	}
	t, ok := systems[system]
	if !ok {
		return nil, fmt.Errorf("unknown code system %q: want %s", system, strings.Join(r.Systems(), " or "))
	}
	return t, nil
}
