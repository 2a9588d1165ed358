package infer

import (
	"slices"
	"strings"

	"satudata/schemas"
)

// contractYAML writes the contract.
func (d *draft) contractYAML() []byte {
	w := &writer{}
	topic, table, _ := strings.Cut(d.dataset, ".")
	access, basis := d.access()
	w.comment(0, "Usulan dari "+strings.Join(d.files, ", ")+". Angka di depan alasan adalah keyakinan: peluang nilai berikutnya juga cocok, (cocok+1)/(dilihat+2).")
	w.comment(0, "Lengkapi sebelum dipakai: konsep, definisi, dan setiap butir bertanda TANYAKAN di laporan.")
	w.line(0, "apiVersion: v3.1.0")
	w.line(0, "kind: DataContract")
	w.line(0, "id: %s", d.dataset)
	w.line(0, "name: %s", quoted(d.title))
	w.line(0, "version: 1.0.0")
	w.line(0, "status: draft")
	w.line(0, "domain: %s", topic)
	w.line(0, "description:")
	w.line(1, "purpose: %s", quoted(d.title+". Tujuan "+schemas.ToWrite))
	w.line(0, "customProperties:")
	w.line(1, "- {property: produsenData, value: %s}", d.opd)
	w.line(1, "- {property: kelasAkses, value: %s}", access)
	if basis != "" {
		w.line(1, "- {property: dasarHukum, value: %s}", quoted(basis))
	}
	w.line(1, "- {property: jadwalPemutakhiran, value: %s}", d.schedule)
	d.standardYAML(w)
	if d.period != "" {
		w.line(1, "- {property: kolomPeriode, value: %s}", d.period)
	}
	d.gridYAML(w)
	d.deliveryYAML(w)
	w.line(0, "schema:")
	w.line(1, "- name: %s", table)
	w.line(2, "physicalType: table")
	w.line(2, "logicalType: object")
	w.line(2, "properties:")
	for _, p := range d.props {
		p.write(w)
	}
	d.rulesYAML(w)
	return w.Bytes()
}

// standardYAML writes the parts of standar data that follow from the columns; the idea behind the data and
// its definition only people know.
func (d *draft) standardYAML(w *writer) {
	w.comment(1, "- {property: konsep, value: gagasan di balik data ini, dan mengapa dihasilkan}")
	w.comment(1, "- {property: definisi, value: apa yang termasuk dan apa yang tidak}")
	if slices.ContainsFunc(d.props, func(p *property) bool { return p.role == isRegion }) {
		w.line(1, "- {property: klasifikasi, value: kode wilayah Kemendagri}")
	}
	var measures []*property
	counts := true
	for _, p := range d.props {
		if p.role == isMeasure && !strings.HasPrefix(p.element, "koordinat.") {
			measures = append(measures, p)
			counts = counts && p.element == "umum.jumlah"
		}
	}
	if len(measures) > 0 && counts {
		w.line(1, "- {property: ukuran, value: jumlah}")
	}
	if len(measures) == 1 && measures[0].unit != "" {
		w.line(1, "- {property: satuan, value: %s}", quoted(measures[0].unit))
	}
}

func (d *draft) deliveryYAML(w *writer) {
	if len(d.key) > 0 {
		w.line(1, "- {property: modePengiriman, value: delta}")
		return
	}
	w.line(1, "- {property: modePengiriman, value: full}")
	if d.scope != nil {
		w.line(1, "- {property: gantiBerdasarkan, value: %s}", list(d.scope))
	}
}

func (d *draft) gridYAML(w *writer) {
	if d.grid == nil {
		return
	}
	w.line(1, "- property: petak")
	w.line(2, "value:")
	for _, a := range d.grid {
		switch {
		case a.within != "":
			w.line(3, "- {kolom: %s, dalam: %q}", a.p.name, a.within)
		case a.values != nil:
			w.line(3, "- {kolom: %s, nilai: %s}", a.p.name, list(a.values))
		case a.to > 0:
			w.line(3, "- {kolom: %s, dari: %d, sampai: %d}", a.p.name, a.from, a.to)
		default:
			w.line(3, "- {kolom: %s}", a.p.name)
		}
	}
}

func (d *draft) rulesYAML(w *writer) {
	if d.rules == nil {
		return
	}
	w.line(2, "quality:")
	for _, r := range d.rules {
		w.comment(3, r.confidence.String()+" baris memenuhi aturan ini")
		w.line(3, "- type: custom")
		w.line(4, "engine: satudata")
		w.line(4, "name: %s", r.name)
		w.line(4, "implementation: %s", r.expression)
		w.line(4, "description: %s", quoted(r.say))
	}
}

// write writes one column.
func (p *property) write(w *writer) {
	w.comment(3, p.confidence.String()+": "+p.why.ID)
	w.line(3, "- name: %s", p.name)
	if p.element == "" || p.role == isMeasure {
		w.line(4, "businessName: %s", quoted(p.title))
	}
	if p.description != "" {
		w.line(4, "description: %s", quoted(p.description))
	}
	if p.logical != "" {
		w.line(4, "logicalType: %s", p.logical)
	}
	if p.required {
		w.line(4, "required: true")
	}
	if p.key > 0 {
		w.line(4, "primaryKey: true")
		w.line(4, "primaryKeyPosition: %d", p.key)
	}
	if c := p.classification(); c != "" {
		w.line(4, "classification: %s", c)
	}
	if p.allowed != nil {
		w.line(4, "quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: %s}}]", list(p.allowed))
	}
	unit := ""
	if p.unit != "" {
		unit = quoted(p.unit)
	}
	if c := custom("elemen", p.element, "satuan", unit, "aditif", p.additive); c != "" {
		w.line(4, "customProperties: %s", c)
	}
}

// classification is the column's own, or its element's where that is stricter.
func (p *property) classification() string {
	if e, ok := schemas.FindElement(p.element); ok && e.Class == "pribadi_spesifik" {
		return e.Class
	}
	return p.class
}
