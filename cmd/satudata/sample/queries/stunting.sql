-- Satu konsep dari dua OPD dengan nama kolom dan kode yang berbeda: Dinkes mengukur, DPPKB mendata dari rumah ke rumah.
-- One concept from two agencies with other names and codes, side by side.
SELECT
    kemendagri_kode_kabupaten_kota AS kode,
    kemendagri_nama_kabupaten_kota AS kabupaten_kota,
    max(jumlah_stunting) FILTER (WHERE sumber = 'PENGUKURAN') AS pengukuran_dinkes,
    max(jumlah_stunting) FILTER (WHERE sumber = 'PENDATAAN KELUARGA') AS pendataan_dppkb
FROM kesehatan.balita_stunting
WHERE tahun = 2023
GROUP BY ALL
ORDER BY kode
