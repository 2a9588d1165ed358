package exchange

import "satudata/schemas"

// field is a cell of a workbook that holds one part of a contract.
type field struct {
	head string // what people call it
	path string // where it is in the document, below the sheet's item
	as   codec
	list string // heading of the sheet Daftar whose words it may have, or ""
	help string
}

// sheet is a sheet of a workbook. A form has one row per field; a table has one row per item of the
// list at its path, called by the first column, and a column per field.
type sheet struct {
	name   string
	at     string // of a table: its list
	key    string // of a table: heading of its first column
	adds   bool   // of a table: its rows make the items; else they are made by another sheet
	help   string
	fields []field
}

// form says whether s is a form.
func (s sheet) form() bool { return s.key == "" }

// Sheets that are not in [sheets]: help and lists, which are not read back, the allowed values of
// columns, and everything of a contract that has no cell of its own.
const (
	helpSheet   = "Petunjuk"
	listSheet   = "Daftar"
	valueSheet  = "Nilai"
	otherSheet  = "Lainnya"
	columnsPath = "schema[1].properties"
)

func custom(name string) string { return "customProperties[" + name + "].value" }

// sheets are the sheets that a walidata fills in, in their order.
func sheets() []sheet {
	return []sheet{
		{name: "Dataset", help: "Tentang dataset. Isi kolom Nilai.", fields: datasetFields()},
		{name: "Kolom", at: columnsPath, key: "Nama", adds: true, help: "Satu baris tiap kolom tabel.", fields: columnFields()},
		{name: "Standar Data", at: columnsPath, key: "Kolom", help: "Standar data tiap kolom (Perpres 39/2019, Pasal 4).", fields: standardFields()},
		{name: "Aturan", at: "schema[1].quality", key: "No", adds: true, help: "Aturan atas baris dan tabel. No: angka berbeda tiap baris.", fields: ruleFields()},
		{name: "Petak", at: custom("petak"), key: "No", adds: true, help: "Kombinasi wilayah, kategori dan periode yang harus ada.", fields: gridFields()},
		{name: "MS-Keg", help: "Metadata kegiatan statistik (Peraturan BPS 5/2020). Isi kolom Nilai.", fields: activityFields()},
		{name: "MS-Var", at: columnsPath, key: "Kolom", help: "Metadata variabel tiap kolom, selain yang sudah ada di lembar lain.", fields: variableFields()},
		{name: "MS-Ind", at: custom("msInd"), key: "No", adds: true, help: "Metadata indikator yang dihasilkan dataset ini.", fields: indicatorFields()},
	}
}

func datasetFields() []field {
	return []field{
		{"Versi ODCS", "apiVersion", asText, "apiVersion", "Selalu v3.1.0."},
		{"Jenis dokumen", "kind", asText, "kind", "Selalu DataContract."},
		{"Id dataset", "id", asText, "", "topik.nama dengan huruf kecil, contoh bencana.kejadian_banjir."},
		{"Judul", "name", asText, "", "Judul dataset."},
		{"Versi kontrak", "version", asText, "", "Versi semantik, contoh 1.0.0."},
		{"Status", "status", asText, "status", "active bila berlaku."},
		{"Domain", "domain", asText, "", "Topik."},
		{"Tenant", "tenant", asText, "", "Pemerintah daerah."},
		{"Kata kunci", "tags", asTexts, "", "Dipisah titik koma."},
		{"Tujuan", "description.purpose", asText, "", "Untuk apa data ini."},
		{"Batasan", "description.limitations", asText, "", "Yang perlu diketahui sebelum memakainya."},
		{"Penggunaan", "description.usage", asText, "", "Cara memakainya."},
		{"Nama tabel", "schema[1].name", asText, "", "Bagian id sesudah titik."},
		{"Judul tabel", "schema[1].businessName", asText, "", ""},
		{"Keterangan tabel", "schema[1].description", asText, "", ""},
		{"Jenis fisik tabel", "schema[1].physicalType", asText, "", "table."},
		{"Jenis logis tabel", "schema[1].logicalType", asText, "", "object."},
		{"Produsen data", custom("produsenData"), asText, "", "Id OPD, contoh bpbd."},
		{"Kelas akses", custom("kelasAkses"), asText, "kelasAkses", "publik, internal atau rahasia."},
		{"Dasar hukum", custom("dasarHukum"), asText, "", "Wajib untuk internal dan rahasia."},
		{"Jadwal pemutakhiran", custom("jadwalPemutakhiran"), asText, "jadwalPemutakhiran", ""},
		{"Data prioritas", custom("dataPrioritas"), asYesNo, "ya/tidak", ""},
		{"Bidang urusan", custom("bidangUrusan"), asText, "", "Kode, contoh 1.02."},
		{"Konsep", custom("konsep"), asText, "", "Gagasan di balik data dan mengapa dihasilkan."},
		{"Definisi", custom("definisi"), asText, "", "Apa datanya dan apa yang bukan."},
		{"Klasifikasi", custom("klasifikasi"), asText, "", "Pengelompokan penyajian."},
		{"Ukuran", custom("ukuran"), asText, "", "Jumlah, rasio, indeks, …"},
		{"Satuan", custom("satuan"), asText, "", "Satuan ukuran itu."},
		{"Kode SDS", custom("kodeSDS"), asText, "", "Peraturan BPS 4/2020, contoh SD00123.01.00."},
		{"Kolom periode", custom("kolomPeriode"), asText, "", "Nama kolom yang memuat periode data."},
		{"Mode pengiriman", custom("modePengiriman"), asText, "modePengiriman", "delta: menambah atau mengganti baris berkunci sama; full: mengganti cakupan."},
		{"Ganti berdasarkan", custom("gantiBerdasarkan"), asTexts, "", "Kolom cakupan pengiriman full, dipisah titik koma."},
		{"Kode MS-Keg", custom("msKeg"), asText, "", "Bila metadata kegiatan sudah ada di INDAH; selain itu isi lembar MS-Keg."},
	}
}

func columnFields() []field {
	return []field{
		{"Judul", "businessName", asText, "", "Judul untuk pembaca."},
		{"Elemen", custom("elemen"), asText, "elemen", "Elemen bersama; jenis dan pemeriksaannya diwarisi."},
		{"Jenis", "logicalType", asText, "logicalType", "Boleh kosong bila ada elemen dan kolom tanpa batas (minimum, pola, …)."},
		{"Jenis fisik", "physicalType", asText, "", "Contoh decimal(18,2)."},
		{"Wajib", "required", asYesNo, "ya/tidak", "ya: tidak boleh kosong."},
		{"Kunci", "primaryKey", asYesNo, "ya/tidak", "ya: bagian dari kunci."},
		{"Urutan kunci", "primaryKeyPosition", asWhole, "", "1, 2, 3, …"},
		{"Minimum", "logicalTypeOptions.minimum", asNumber, "", "Nilai terkecil."},
		{"Maksimum", "logicalTypeOptions.maximum", asNumber, "", "Nilai terbesar."},
		{"Panjang minimum", "logicalTypeOptions.minLength", asWhole, "", "Banyak huruf paling sedikit."},
		{"Panjang maksimum", "logicalTypeOptions.maxLength", asWhole, "", "Banyak huruf paling banyak."},
		{"Pola", "logicalTypeOptions.pattern", asText, "", "Ungkapan reguler untuk seluruh nilai."},
		{"Klasifikasi data pribadi", "classification", asText, "classification", "UU 27/2022, Pasal 4."},
		{"Aditif", custom("aditif"), asYesNo, "ya/tidak", "ya: boleh dijumlahkan antarwilayah dan antarkategori."},
		{"Nama lama", custom("namaLama"), asText, "", "Nama kolom ini di versi sebelumnya."},
		{"Contoh", "examples", asTexts, "", "Dipisah titik koma."},
	}
}

func standardFields() []field {
	return []field{
		{"Konsep", custom("konsep"), asText, "", "Gagasan di balik data dan mengapa dihasilkan."},
		{"Definisi", "description", asText, "", "Apa yang dimuat kolom ini; boleh kosong bila ada elemen."},
		{"Klasifikasi", custom("klasifikasi"), asText, "", "Pengelompokan penyajian."},
		{"Ukuran", custom("ukuran"), asText, "", "Jumlah, rasio, indeks, …"},
		{"Satuan", custom("satuan"), asText, "", "Satuan ukuran itu."},
		{"Kode SDS", custom("kodeSDS"), asText, "", "Peraturan BPS 4/2020."},
		{"Kode DSSD", custom("kodeDSSD"), asText, "", "Kode indikator SIPD e-Walidata, contoh 1.01.000474."},
	}
}

func ruleFields() []field {
	return []field{
		{"Nama", "name", asText, "", "Huruf kecil, angka dan _."},
		{"Jenis", "type", asText, "type", "custom untuk aturan satudata."},
		{"Mesin", "engine", asText, "", "satudata."},
		{"Ungkapan", "implementation", asExpression, "", "Contoh a + b = c, atau {aturan: …}."},
		{"Metrik", "metric", asText, "", "Metrik ODCS bila jenisnya library."},
		{"Kueri", "query", asText, "", "SQL bila jenisnya sql."},
		{"Keterangan", "description", asText, "", "Arti aturan ini, dalam bahasa sehari-hari."},
		{"Keparahan", "severity", asText, "", "error menolak."},
		{"Dimensi", "dimension", asText, "", "accuracy, completeness, consistency, …"},
	}
}

func gridFields() []field {
	return []field{
		{"Kolom", "kolom", asText, "", "Nama kolom."},
		{"Nilai", "nilai", asTexts, "", "Dipisah titik koma."},
		{"Dalam", "dalam", asText, "", "Semua wilayah di dalam kode Kemendagri ini, contoh 32."},
		{"Dari", "dari", asWhole, "", "Bilangan pertama."},
		{"Sampai", "sampai", asWhole, "", "Bilangan terakhir."},
	}
}

// activityFields are the keys of MS-Keg that hold one value.
func activityFields() []field {
	var out []field
	for _, k := range activityKeys() {
		f := field{k.label, custom("msKeg") + "." + k.path, asText, "", k.help()}
		switch {
		case k.kind == indahFlag:
			f.as, f.list = asYesNo, "ya/tidak"
		case k.kind == indahWhole:
			f.as = asWhole
		case k.words != nil:
			f.list = k.listName()
		}
		out = append(out, f)
	}
	return out
}

func variableFields() []field {
	at := func(key string) string { return custom("msVar") + "." + key }
	return []field{
		{"Kode MS-Var", custom("msVar"), asText, "", "Bila metadata variabel sudah ada di INDAH; selain itu isi kolom lain."},
		{"Nama variabel", at("nama"), asText, "", "Bila berbeda dari judul kolom."},
		{"Alias", at("alias"), asText, "", "- bila tidak ada."},
		{"Referensi pemilihan", at("referensi_pemilihan"), asTexts, "", "Dasar pemilihan variabel, dipisah titik koma."},
		{"Referensi waktu", at("referensi_waktu"), asText, "", "Waktu yang diterangkan."},
		{"Tipe data", at("tipe_data"), asText, "", "Menurut INDAH."},
		{"Kalimat pertanyaan", at("kalimat_pertanyaan"), asText, "", "- bila tidak berupa pertanyaan."},
		{"Rujukan klasifikasi", at("klasifikasi_rujukan_value_domain"), asText, "", "Rujukan daftar nilai."},
		{"Dapat diakses umum", at("apakah_variabel_bisa_diakses_umum"), asYesNo, "ya/tidak", ""},
	}
}

func indicatorFields() []field {
	return []field{
		{"Kode MS-Ind", "", asText, "", "Bila metadata indikator sudah ada di INDAH; selain itu isi kolom lain."},
		{"Nama indikator", "nama", asText, "", ""},
		{"Konsep", "konsep", asTexts, "", "Dipisah titik koma."},
		{"Definisi", "definisi", asText, "", ""},
		{"Interpretasi", "interpretasi", asText, "", "Arti nilai yang naik atau turun."},
		{"Metode perhitungan", "metode_perhitungan", asText, "", ""},
		{"Rumus", "rumus", asText, "", "LaTeX; - bila tidak ada."},
		{"Ukuran", "ukuran", asText, "", ""},
		{"Satuan", "satuan", asText, "", ""},
		{"Komposit", "apakah_indikator_komposit", asYesNo, "ya/tidak", ""},
		{"Level estimasi", "level_estimasi", asText, "", "Contoh Kabupaten/Kota."},
		{"Dapat diakses umum", "apakah_indikator_bisa_diakses_umum", asYesNo, "ya/tidak", ""},
	}
}

// words are the lists of the sheet Daftar by heading.
func words() map[string][]string {
	lists := map[string][]string{
		"apiVersion": {"v3.1.0"}, "kind": {"DataContract"},
		"status":     {"proposed", "draft", "active", "deprecated", "retired"},
		"kelasAkses": {"publik", "internal", "rahasia"}, "jadwalPemutakhiran": schemas.Schedules(),
		"modePengiriman": {"delta", "full"}, "ya/tidak": {"ya", "tidak"},
		"logicalType":    {"string", "integer", "number", "boolean", "date", "timestamp"},
		"classification": {"umum", "pribadi_umum", "pribadi_spesifik"},
		"type":           {"custom", "library", "sql", "text"},
	}
	for _, e := range schemas.Elements() {
		lists["elemen"] = append(lists["elemen"], e.ID)
	}
	for _, k := range activityKeys() {
		if k.words != nil {
			lists[k.listName()] = k.words
		}
	}
	return lists
}
