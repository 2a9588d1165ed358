package exchange

import (
	"strings"
)

// The keys and words of INDAH v2, the metadata service of BPS, with their misspellings. They are those
// on which its data dictionary (indah_metadata_csv_templates/00_data_dictionary.csv of
// github.com/RizkyFirman00/metadataindah-uploads) and the payloads of two programs that fill it agree.
// Keys of the envelope whose value is given by INDAH to the account that submits (ms_keg_id, submitter,
// produsen_data, walidata_pusat) are left out.

type indahKind int

const (
	indahText indahKind = iota
	indahWhole
	indahFlag // Ya or Tidak, a JSON boolean
	indahDate // YYYY-MM-DD
)

// indahKey is a key of MS-Keg that holds one value.
type indahKey struct {
	path  string // below data; an item of a list is [1]
	label string // of Peraturan BPS 5/2020
	kind  indahKind
	words []string // the words it may have; the first codes of them are numbered from 1 in the form
	codes int
	need  string // "ya": always; "path=value": when that is so; "": never
	least int    // characters of a text, or smallest whole number
}

// help is what k is filled with.
func (k indahKey) help() string {
	var parts []string
	switch {
	case k.words != nil:
		parts = append(parts, "Pilih dari daftar.")
	case k.kind == indahDate:
		parts = append(parts, "YYYY-MM-DD.")
	case k.kind == indahFlag:
		parts = append(parts, "ya atau tidak.")
	}
	switch k.need {
	case "":
	case "ya":
		parts = append(parts, "Wajib.")
	default:
		parts = append(parts, "Wajib bila "+strings.Replace(k.need, "=true", " = ya", 1)+".")
	}
	return strings.Join(parts, " ")
}

// listName is the heading of k's words in the sheet Daftar.
func (k indahKey) listName() string { return k.path[strings.LastIndexByte(k.path, '.')+1:] }

// activityKeys are the keys of MS-Keg, in the order of its form. Lists of mappings (variables, regions)
// are in [activityLists].
func activityKeys() []indahKey {
	survey := func(also string) string { return "cara_pengumpulan_data=SURVEI" + also }
	const repeated = "blok_iv.kegiatan_ini_dilakukan=BERULANG"
	keys := []indahKey{
		{path: "judul_kegiatan", label: "Judul Kegiatan", need: "ya", least: 10},
		{path: "tahun", label: "Tahun Kegiatan", kind: indahWhole, need: "ya", least: 2019},
		{path: "jenis_statistik", label: "Jenis Kegiatan Statistik", need: "ya", words: []string{"STATISTIK_DASAR", "STATISTIK_SEKTORAL", "STATISTIK_KHUSUS"}},
		{path: "cara_pengumpulan_data", label: "Cara Pengumpulan Data", need: "ya", words: []string{"PENCACAHAN_LENGKAP", "SURVEI",
			"KOMPILASI_PRODUK_ADMINISTRASI", "CARA_LAIN_SESUAI_DENGAN_PERKEMBANGAN_TI"}},
		{path: "sektor_kegiatan", label: "Sektor Kegiatan", need: "ya", words: activitySectors()},
		{path: "identitas_rekomendasi", label: "Identitas Rekomendasi"},
		{path: "blok_i.instansi_penyelanggara", label: "1.1 Instansi Penyelenggara", need: "ya"},
		{path: "blok_i.alamat_instansi_penyelenggara.alamat", label: "1.2 Alamat Lengkap Instansi", need: "ya"},
		{path: "blok_i.alamat_instansi_penyelenggara.telepon", label: "1.2 Telepon", need: "ya"},
		{path: "blok_i.alamat_instansi_penyelenggara.faksimile", label: "1.2 Faksimile"},
		{path: "blok_i.alamat_instansi_penyelenggara.email", label: "1.2 Email", need: "ya"},
		{path: "blok_ii.unit_penanggung_jawab.eselon1", label: "2.1 Eselon 1", need: "ya"},
		{path: "blok_ii.unit_penanggung_jawab.eselon2", label: "2.1 Eselon 2", need: "ya"},
		{path: "blok_ii.penanggung_jawab_teknis.nama", label: "2.2 Nama Penanggung Jawab Teknis"},
		{path: "blok_ii.penanggung_jawab_teknis.jabatan", label: "2.2 Jabatan", need: "ya"},
		{path: "blok_ii.penanggung_jawab_teknis.alamat", label: "2.2 Alamat", need: "ya"},
		{path: "blok_ii.penanggung_jawab_teknis.telepon", label: "2.2 Telepon"},
		{path: "blok_ii.penanggung_jawab_teknis.faksimile", label: "2.2 Faksimile"},
		{path: "blok_ii.penanggung_jawab_teknis.email", label: "2.2 Email"},
		{path: "blok_iii.latar_belakang_kegiatan", label: "3.1 Latar Belakang Kegiatan", need: "ya", least: 50},
		{path: "blok_iii.tujuan_kegiatan", label: "3.2 Tujuan Kegiatan", need: "ya", least: 50},
	}
	for _, phase := range []struct{ key, label string }{{"perencanaan_kegiatan", "Perencanaan"}, {"desain", "Desain"},
		{"pengumpulan_data", "Pengumpulan Data"}, {"pengolahan_data", "Pengolahan Data"}, {"analisis", "Analisis"},
		{"diseminasi_hasil", "Diseminasi Hasil"}, {"evaluasi", "Evaluasi"}} {
		at := "blok_iii.rencana_jadwal_kegiatan." + phase.key + "[1]."
		keys = append(keys, indahKey{path: at + "awal", label: "3.3 " + phase.label + ": awal", kind: indahDate, need: "ya"},
			indahKey{path: at + "akhir", label: "3.3 " + phase.label + ": akhir", kind: indahDate, need: "ya"})
	}
	keys = append(keys,
		indahKey{path: "blok_iv.kegiatan_ini_dilakukan", label: "4.1 Kegiatan ini dilakukan", need: "ya", words: []string{"HANYA_SEKALI", "BERULANG"}},
		indahKey{path: "blok_iv.frekuensi_penyelanggara", label: "4.2 Frekuensi Penyelenggaraan", need: repeated, words: []string{"HARIAN", "MINGGUAN",
			"BULANAN", "TRIWULANAN", "EMPAT_BULANAN", "SEMESTERAN", "TAHUNAN", "LEBIH_DARI_DUA_TAHUNAN"}},
		indahKey{path: "blok_iv.tipe_pengumpulan_data", label: "4.3 Tipe Pengumpulan Data", need: "ya", words: []string{"LONGITUDINAL_PANEL",
			"CROSS_SECTIONAL", "LONGITUDINAL_CROSS_SECTIONAL"}},
		indahKey{path: "blok_iv.cakupan_wilayah_pengumpulan_data", label: "4.4 Cakupan Wilayah", need: "ya", words: []string{"SELURUH_WILAYAH_INDONESIA",
			"SEBAGIAN_WILAYAH_INDONESIA"}},
	)
	for _, set := range activitySets()[:3] {
		keys = append(keys, set.keys()...)
	}
	keys = append(keys,
		indahKey{path: "blok_v.jenis_rancangan_sampel", label: "5.1 Jenis Rancangan Sampel", need: survey(""), codes: 2, words: []string{"SINGLE_STAGE_PHASE",
			"MULTI_STAGE_PHASE", "SINGLE_STAGE_ATAU_PHASE", "MULTI_STAGE_ATAU_PHASE"}},
		indahKey{path: "blok_v.metode_pemilihan_sampel_tahap_terakhir", label: "5.2 Metode Pemilihan Sampel Tahap Terakhir", need: survey(""),
			words: []string{"SAMPEL_PROBABILITAS", "SAMPEL_NONPROBABILITAS"}},
		indahKey{path: "blok_v.metode_yang_digunakan", label: "5.3 Metode yang Digunakan", need: survey(""), words: []string{"SIMPLE_RANDOM_SAMPLING",
			"SYSTEMATIC_RANDOM_SAMPLING", "STRATIFIED_RANDOM_SAMPLING", "CLUSTER_SAMPLING", "MULTI_STAGE_SAMPLING", "QUOTA_SAMPLING",
			"ACCIDENTAL_SAMPLING", "PURPOSIVE_SAMPLING", "SNOWBALL_SAMPLING", "SATURATION_SAMPLING"}},
		indahKey{path: "blok_v.kerangka_sampel_tahap_terakhir", label: "5.4 Kerangka Sampel Tahap Terakhir", need: probability, words: []string{"LIST_FRAME", "AREA_FRAME"}},
		indahKey{path: "blok_v.fraksi_sampel_keseluruhan", label: "5.5 Fraksi Sampel Keseluruhan", need: survey("")},
		indahKey{path: "blok_v.nilai_perkiraan_sampling_error_variabel_utama", label: "5.6 Nilai Perkiraan Sampling Error Variabel Utama", need: probability},
		indahKey{path: "blok_v.unit_sampel", label: "5.7 Unit Sampel", need: survey("")},
		indahKey{path: "blok_v.unit_observasi", label: "5.8 Unit Observasi", need: survey("")},
		indahKey{path: "blok_vi.apakah_melakukan_uji_coba", label: "6.1 Apakah dilakukan uji coba?", kind: indahFlag, need: "ya"},
	)
	keys = append(keys, activitySets()[3].keys()...)
	keys = append(keys,
		indahKey{path: "blok_vi.apakah_melakukan_penyesuaian_nonrespon", label: "6.3 Apakah dilakukan penyesuaian nonrespon?", kind: indahFlag, need: "ya"},
		indahKey{path: "blok_vi.petugas_pengumpulan_data", label: "6.4 Petugas Pengumpulan Data", need: fieldwork, words: []string{"STAF_INSTANSI_PENYELENGGARA",
			"MITRA_ATAU_TENAGA_KONTRAK", "STAF_INSTANSI_PENYELENGGARA_DAN_MITRA_ATAU_TENAGA_KONTRAK"}},
		indahKey{path: "blok_vi.persyaratan_pendidikan_terendah_petugas_pengumpulan_data", label: "6.5 Persyaratan Pendidikan Terendah Petugas",
			need: fieldwork, codes: 4, words: []string{"KURANG_DARI_ATAU_SAMA_DENGAN_SMP", "SMA_ATAU_SMK", "DIPLOMA_I_ATAU_II_ATAU_III",
				"DIPLOMA_IV_ATAU_S1_ATAU_S2_ATAU_S3", "DIPLOMA_I_II_III", "DIPLOMA_IV_S1_S2_S3"}},
		indahKey{path: "blok_vi.jumlah_petugas_supervisor", label: "6.6 Jumlah Petugas: supervisor", kind: indahWhole, need: fieldwork},
		indahKey{path: "blok_vi.jumlah_petugas_enumerator", label: "6.6 Jumlah Petugas: enumerator", kind: indahWhole, need: fieldwork},
		indahKey{path: "blok_vi.apakah_melakukan_pelatihan_petugas", label: "6.7 Apakah dilakukan pelatihan petugas?", kind: indahFlag, need: fieldwork},
		indahKey{path: "blok_vii.tahapan_pengolahan_data.editing", label: "7.1 Penyuntingan (Editing)", kind: indahFlag, need: "ya"},
		indahKey{path: "blok_vii.tahapan_pengolahan_data.coding", label: "7.1 Penyandian (Coding)", kind: indahFlag, need: "ya"},
		indahKey{path: "blok_vii.tahapan_pengolahan_data.data_entry", label: "7.1 Data Entry", kind: indahFlag, need: "ya"},
		indahKey{path: "blok_vii.tahapan_pengolahan_data.validasi", label: "7.1 Penyahihan (Validasi)", kind: indahFlag, need: "ya"},
		indahKey{path: "blok_vii.metode_analisis", label: "7.2 Metode Analisis", need: "ya", words: []string{"DESKRIPTIF", "INFERENSIA", "DESKRIPTIF_DAN_INFERENSIA"}},
	)
	keys = append(keys, activitySets()[4].keys()...)
	keys = append(keys, activitySets()[5].keys()...)
	for _, product := range []struct{ key, label string }{{"tercetak", "Tercetak (hardcopy)"}, {"digital", "Digital (softcopy)"}, {"mikrodata", "Data Mikro"}} {
		keys = append(keys, indahKey{path: "blok_viii.ketersediaan_produk_" + product.key, label: "8.1 " + product.label, kind: indahFlag, need: "ya"})
	}
	for _, product := range []struct{ key, label string }{{"tercetak", "Tercetak (hardcopy)"}, {"digital", "Digital (softcopy)"}, {"mikrodata", "Data Mikro"}} {
		keys = append(keys, indahKey{path: "blok_viii.rencana_jadwal_rilis_produk_" + product.key + "[1]", label: "8.2 Rencana Rilis " + product.label,
			kind: indahDate, need: "blok_viii.ketersediaan_produk_" + product.key + "=true"})
	}
	return keys
}

const (
	probability = "blok_v.metode_pemilihan_sampel_tahap_terakhir=SAMPEL_PROBABILITAS"
	fieldwork   = "sarana=PAPI/CAPI/CATI" // see [activity.holds]
)

func activitySectors() []string {
	return []string{"PERTANIAN_DAN_PERIKANAN", "DEMOGRAFI_DAN_KEPENDUDUKAN", "PEMBANGUNAN", "PROYEKSI_EKONOMI", "PENDIDIKAN_DAN_PELATIHAN",
		"LINGKUNGAN", "KEUANGAN", "GLOBALISASI", "KESEHATAN", "INDUSTRI_DAN_JASA", "TEKNOLOGI_INFORMASI_DAN_KOMUNIKASI",
		"PERDAGANGAN_INTERNASIONAL_DAN_NERACA_PERDAGANGAN", "KETENAGAKERJAAN", "NERACA_NASIONAL", "INDIKATOR_EKONOMI_BULANAN",
		"PRODUKTIVITAS", "HARGA_DAN_PARITAS_DAYA_BELI", "SEKTOR_PUBLIK_PERPAJAKAN_DAN_REGULASI_PASAR", "PERWILAYAHAN_DAN_PERKOTAAN",
		"ILMU_PENGETAHUAN_DAN_HAK_PATEN", "PERLINDUNGAN_SOSIAL_DAN_KESEJAHTERAAN", "TRANSPORTASI"}
}

// indahSet is a question of MS-Keg with several answers: flags under one key, numbered 1, 2, 4, 8, … in
// the form, of which the last is "lainnya" with its own text.
type indahSet struct {
	path, label string
	flags       []string
	otherText   string // key of the text for "lainnya"
}

func activitySets() []indahSet {
	unit := []string{"individu", "rumah_tangga", "usaha_atau_perusahaan", "lainnya"}
	return []indahSet{
		{"blok_iv.metode_pengumpulan_data", "4.6 Metode Pengumpulan Data", []string{"wawancara", "mengisi_kuesioner_sendiri", "pengamatan",
			"pengumpulan_data_sekunder", "lainnya"}, "metode_pengumpulan_lainnya"},
		{"blok_iv.sarana_pengumpulan_data", "4.7 Sarana Pengumpulan Data", []string{"papi", "capi", "cati", "cawi", "mail", "lainnya"}, "sarana_pengumpulan_lainnya"},
		{"blok_iv.unit_pengumpulan_data", "4.8 Unit Pengumpulan Data", unit, "unit_pengumpulan_data_lainnya"},
		{"blok_vi.metode_pemeriksaan_kualitas_pengumpulan_data", "6.2 Metode Pemeriksaan Kualitas", []string{"kunjungan_kembali", "supervisi",
			"taskforce", "lainnya"}, "metode_pemeriksaan_kualitas_pengumpulan_data_lainnya"},
		{"blok_vii.unit_analsis", "7.3 Unit Analisis", unit, "unit_analisis_lainnya"},
		{"blok_vii.tingkat_penyajian_hasil_analisis", "7.4 Tingkat Penyajian Hasil Analisis", []string{"nasional", "provinsi", "kabupaten_atau_kota",
			"kecamatan", "lainnya"}, "tingkat_penyajian_hasil_analisis_lainnya"},
	}
}

func (s indahSet) keys() []indahKey {
	var out []indahKey
	for _, flag := range s.flags {
		out = append(out, indahKey{path: s.path + "." + flag, label: s.label + ": " + strings.ReplaceAll(flag, "_", " "), kind: indahFlag})
	}
	return append(out, indahKey{path: s.path + "." + s.otherText, label: s.label + ": sebutkan lainnya", need: s.path + ".lainnya=true"})
}

// activityLists are the lists of mappings in MS-Keg with the keys of an item, all texts.
func activityLists() map[string][]string {
	return map[string][]string{
		"blok_iii.variabel_yang_dikumpulkan":                {"nama", "konsep", "definisi", "referensi_waktu"},
		"blok_iv.sebagian_cakupan_wilayah_pengumpulan_data": {"kode_provinsi", "nama_provinsi", "kode_kabupaten_kota", "nama_kabupaten_kota"},
	}
}
