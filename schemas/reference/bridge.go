package reference

import (
	"fmt"
	"slices"
	"strings"
)

// bridge pairs the codes of BPS 2023 with those of Kemendagri 2025. Kabupaten/kota pair one to one.
// Provinces are paired by the kabupaten/kota in them, so a province of BPS becomes all that hold one of
// its own.
type bridge struct{ kemendagri, bps map[string][]string }

func (b bridge) toKemendagri(code string) ([]string, bool) { return b.kemendagri[code], false }
func (b bridge) toBPS(code string) ([]string, bool)        { return b.bps[code], false }

func (b bridge) pair(bps, kemendagri string) {
	if !slices.Contains(b.kemendagri[bps], kemendagri) {
		b.kemendagri[bps] = append(b.kemendagri[bps], kemendagri)
		b.bps[kemendagri] = append(b.bps[kemendagri], bps)
	}
}

// loadBPS reads code, name and Kemendagri code of the BPS list.
func loadBPS() (*store, bridge, error) {
	b := bridge{map[string][]string{}, map[string][]string{}}
	var rows []row
	for line := range strings.Lines(upperBPS) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 || len(f[0]) == 4 != (len(f[2]) == 5) {
			return nil, b, fmt.Errorf("read BPS code list: not a row: %q", line)
		}
		rows = append(rows, row{code: f[0], name: f[1]})
		if f[2] != "" {
			b.pair(f[0], f[2])
			b.pair(f[0][:2], f[2][:2])
		}
	}
	for _, m := range []map[string][]string{b.kemendagri, b.bps} {
		for _, codes := range m {
			slices.Sort(codes)
		}
	}
	return &store{system: "bps", vintages: []string{"2023"}, form: undotted, upper: newTable(rows), level: bpsLevel, parent: bpsParent}, b, nil
}
