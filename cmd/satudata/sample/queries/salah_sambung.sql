-- Apa yang terjadi bila kode disambung begitu saja: angka yang sama, tempat yang berbeda.
-- What joining by bare digits would do: the same digits, another place.
SELECT DISTINCT
    d.bps_kode_kabupaten_kota AS angka_kode,
    d.bps_nama_kabupaten_kota AS menurut_dinkes,
    p.kemendagri_nama_kabupaten_kota AS menurut_disdukcapil
FROM kesehatan.kasus_dbd AS d
JOIN kependudukan.penduduk AS p ON replace(p.kemendagri_kode_kabupaten_kota, '.', '') = d.bps_kode_kabupaten_kota
WHERE d.kemendagri_kode_kabupaten_kota <> p.kemendagri_kode_kabupaten_kota
ORDER BY angka_kode
