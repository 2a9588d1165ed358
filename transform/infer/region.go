package infer

import (
	"slices"
	"strings"

	"satudata/schemas"
)

// regionColumn is a column of region codes.
type regionColumn struct {
	column *column
	vote   vote
	name   *column // the column of the names, or nil
}

// vote is how well a code system explains a column of codes.
type vote struct {
	system, level       string
	known, named, total int // rows: whose code the system has, whose name it has for that code, all
}

var levels = []string{"provinsi", "kabupaten_kota"}

// findRegions finds the columns of region codes and the columns of their names. One code system is
// proposed for the file: the one that explains the finest level best.
func (d *draft) findRegions() (found []regionColumn) {
	best, tied := vote{}, true
	for _, c := range d.table.columns {
		list, _ := words(c.title)
		hinted := has(slug(list), "kode", "kd", "wilayah", "kabupaten", "kabkota", "kabkot", "kota", "provinsi", "daerah", "bps", "kemendagri", "kecamatan")
		var top, second vote
		var topName *column
		for _, level := range levels {
			for _, system := range d.ref.Systems() {
				table, err := d.ref.Table(level, system)
				if err != nil {
					continue
				}
				v, name := d.voteFor(c, table)
				v.system, v.level = system, level
				switch {
				case v.better(top):
					top, second, topName = v, top, name
				case v.better(second):
					second = v
				}
			}
		}
		if top.total == 0 || top.known*10 < top.total*8 || !hinted && top.named*2 < top.total {
			continue
		}
		found = append(found, regionColumn{c, top, topName})
		if best.total == 0 || top.level == "kabupaten_kota" { // of the finer level more codes speak
			best = top
		}
		d.decide("kolom "+c.label(), "elemen wilayah."+top.level, Confidence{top.known, top.total}, false,
			"%d dari %d baris berkode %s yang dikenal %s, %d di antaranya bernama sama", "%d of %d rows have a code of %s that %s knows, %d of them under the same name",
			top.known, top.total, top.level, top.system, top.named)
		tied = tied && top.named == second.named && top.known == second.known && second.level == top.level
	}
	d.system = best.system
	if d.system != "" {
		why := sayf("suara terbanyak: %d dari %d kode dikenal, %d nama cocok", "most votes: %d of %d codes known, %d names agree", best.known, best.total, best.named)
		if tied {
			why.ID += "; sistem lain sama cocoknya karena kode ini berarti wilayah yang sama di keduanya; tanpa titik, seperti ditulis BPS"
			why.EN += "; the other system fits as well because these codes mean the same regions in both; undotted, as BPS writes them"
		}
		d.note("codeSystem", d.system, Confidence{best.known, best.total}, best.known*10 < best.total*9, why)
	}
	return found
}

// isRegion says whether c holds region codes.
func (d *draft) isRegion(c *column) bool {
	return slices.ContainsFunc(d.regions, func(r regionColumn) bool { return r.column == c })
}

// better compares votes: names first, for digits alone fit in several systems.
func (v vote) better(o vote) bool {
	if v.known*2 < v.total || v.total == 0 {
		return false
	}
	if v.named != o.named {
		return v.named > o.named
	}
	return v.known > o.known
}

// voteFor counts what table says of column c, with the neighbouring column that holds most of its names.
func (d *draft) voteFor(c *column, table *schemas.CodeTable) (v vote, name *column) {
	missing := d.missingSet()
	regions := make([]*schemas.Region, len(c.texts))
	counts := c.counts(nil)
	dotted := strings.HasPrefix(table.System(), "kemendagri")
	for i, s := range c.texts {
		if counts[i] == 0 || missing[schemas.Fold(s)] {
			continue
		}
		v.total += counts[i]
		if dotted != strings.Contains(s, ".") && len(s) > 2 && !strings.HasSuffix(s, ".0") {
			// Both systems read digits alone: kemendagri@2025 also without its dots.
			if !dotted {
				continue
			}
		}
		if r, ok := table.Lookup(strings.TrimSuffix(s, ".0")); ok {
			regions[i] = &r
			v.known += counts[i]
		}
	}
	if v.known*2 < v.total {
		return v, nil
	}
	for _, n := range d.table.columns {
		if n == c {
			continue
		}
		same := 0
		agree := map[[2]int32]bool{}
		for row, code := range c.codes {
			r := regions[code]
			if r == nil {
				continue
			}
			pair := [2]int32{code, n.codes[row]}
			ok, seen := agree[pair]
			if !seen {
				ok = sameName(n.texts[n.codes[row]], table.System(), *r)
				agree[pair] = ok
			}
			if ok {
				same++
			}
		}
		if same > v.named {
			v.named, name = same, n
		}
	}
	if v.named*2 < v.known {
		name = nil
	}
	return v, name
}

// sameName compares a name as delivered with the name that system has.
func sameName(s, system string, r schemas.Region) bool {
	known := r.KemendagriName
	if strings.HasPrefix(system, "bps") {
		known = r.BPSName
	}
	return bareName(s) == bareName(known)
}

// bareName is a name without what people write differently: "Kab. Bogor", "KABUPATEN BOGOR".
func bareName(s string) string {
	s = schemas.Fold(s)
	for _, kind := range []string{"kabupaten administrasi ", "kabupaten ", "kab. ", "kab ", "provinsi ", "prov. "} {
		s = strings.TrimPrefix(s, kind)
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "-", "")
}
