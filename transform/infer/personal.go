package infer

import (
	"slices"

	"satudata/schemas"
)

// shape is what an identifier of a person looks like.
type shape struct {
	what    string
	reading schemas.Reading
	names   []string // words of column names
	element string   // its element
	byName  bool     // only where the name says so: any 16 digits could be one
}

var shapes = []shape{
	{what: "NIK", reading: schemas.ReadNIK, names: []string{"nik"}, element: "nik"},
	{what: "nomor KK", reading: schemas.ReadKK, names: []string{"kk"}, element: "no_kk", byName: true},
	{what: "NIP", reading: schemas.ReadNIP, names: []string{"nip"}, element: "nip"},
	{what: "telepon", reading: schemas.ReadPhone, names: []string{"telepon", "telp", "hp", "wa", "whatsapp", "handphone"}, element: "orang.telepon"},
	{what: "surel", reading: schemas.ReadEmail, names: []string{"email", "surel", "mail"}, element: "orang.surel"},
}

// fits says whether v is such an identifier.
func (x shape) fits(v string) bool { return schemas.LooksPersonal(x.reading, v) }

// persons are columns that name or describe one person.
var persons = []string{"nama_lengkap", "nama_penduduk", "nama_siswa", "nama_pegawai", "nama_pasien", "nama_ibu", "nama_ayah", "nama_anak", "nama_pemohon",
	"nama_pemilik", "nama_kepala_keluarga", "nama_penerima", "nama_peserta", "nama_warga", "nama_balita", "nama_guru", "nama_orang_tua", "nama_suami", "nama_istri"}

// ofPersons are columns that are personal where a row is about one person.
var ofPersons = []string{"nama", "alamat", "alamat_rumah", "alamat_lengkap", "tempat_lahir", "tanggal_lahir", "tempat_tanggal_lahir", "agama", "jenis_kelamin", "jk", "kelamin",
	"status_kawin", "status_perkawinan", "pekerjaan", "kewarganegaraan"}

// sensitive are words of columns whose content UU 27/2022, Pasal 4(2) calls specific.
var sensitive = []string{"penyakit", "diagnosa", "diagnosis", "kesehatan", "disabilitas", "genetika", "biometrik", "pidana", "penghasilan", "gaji", "rekening", "hiv"}

// shapeOf finds the identifier that a column holds, by half of its values or by name and some.
func (d *draft) shapeOf(c *column, s stats) (shape, Confidence, bool) {
	list, _ := words(c.title)
	name := slug(list)
	for _, x := range shapes {
		fit := s.fit(x.fits)
		named := has(name, x.names...)
		if x.byName && !named {
			continue
		}
		if fit.Of > 0 && (fit.Agree*2 >= fit.Of || named && fit.Agree*10 >= fit.Of) {
			return x, fit, true
		}
	}
	return shape{}, Confidence{}, false
}

// holdsPersons says whether a row is about one person.
func (d *draft) holdsPersons() bool {
	for _, c := range d.table.columns {
		list, _ := words(c.title)
		if slices.Contains(persons, slug(list)) {
			return true
		}
		if x, _, ok := d.shapeOf(c, d.stats(c)); ok && (x.what == "NIK" || x.what == "NIP") {
			return true
		}
	}
	return false
}

// asPersonal recognises personal data, and settles the column where a type follows from it.
func (d *draft) asPersonal(p *property, s stats) bool {
	if p.column.at < 0 {
		return false
	}
	if x, fit, ok := d.shapeOf(p.column, s); ok {
		p.class, p.role, p.logical, p.confidence = "pribadi_umum", isCode, "string", fit
		p.why = sayf("%d dari %d nilai berbentuk %s: data pribadi umum (UU 27/2022, Pasal 4)", "%d of %d values have the form of a %s: personal data (UU 27/2022, Pasal 4)", fit.Agree, fit.Of, x.what)
		if e, ok := schemas.FindElement(x.element); ok && mostly(fit.Agree, fit.Of) && mostly(s.fit(matcher(e)).Agree, s.all) {
			p.element, p.logical = x.element, ""
		}
		return true
	}
	d.scattered(p, s)
	named := slices.Contains(persons, p.name) || d.personal && slices.Contains(ofPersons, p.name)
	switch {
	case d.personal && has(p.name, sensitive...):
		p.class = "pribadi_spesifik"
	case named:
		p.class = "pribadi_umum"
	default:
		return false
	}
	d.decide("kolom "+p.column.label(), "classification: "+p.class, onName, false, "namanya menyebut data orang seorang (UU 27/2022, Pasal 4)", "its name speaks of data of one person (UU 27/2022, Pasal 4)")
	return false // its type is still to be found
}

// scattered says when single values of a column look personal.
func (d *draft) scattered(p *property, s stats) {
	n := s.fit(func(v string) bool {
		return slices.ContainsFunc(shapes, func(x shape) bool { return !x.byName && x.fits(v) })
	})
	if n.Agree > 0 {
		d.decide("kolom "+p.column.label(), "data pribadi?", n, true, "%d dari %d nilai berbentuk NIK, NIP, telepon atau surel; periksa apakah kolom ini boleh memuatnya",
			"%d of %d values have the form of a NIK, NIP, phone number or e-mail; check whether this column may hold them", n.Agree, n.Of)
	}
}

// access is the class of the dataset, with the legal basis where it is not public.
func (d *draft) access() (class, basis string) {
	if slices.ContainsFunc(d.props, func(p *property) bool { return p.class != "" }) {
		return "internal", "UU 27/2022 tentang Pelindungan Data Pribadi, Pasal 4: memuat data pribadi"
	}
	return "publik", ""
}
