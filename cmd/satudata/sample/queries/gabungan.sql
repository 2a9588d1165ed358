-- Tiga OPD dalam satu tabel: penduduk (Disdukcapil, kode Kemendagri), banjir (BPBD, kode BPS) dan DBD (Dinkes, kode BPS).
-- Three agencies in one table; what joins them is the region, whichever code each of them delivered.
SELECT
    p.kemendagri_kode_kabupaten_kota AS kode,
    p.kemendagri_nama_kabupaten_kota AS kabupaten_kota,
    p.penduduk,
    b.jumlah_kejadian AS banjir,
    d.kasus_dbd,
    round(100000.0 * d.kasus_dbd / p.penduduk, 1) AS dbd_per_100_ribu
FROM (
    SELECT kemendagri_kode_kabupaten_kota, kemendagri_nama_kabupaten_kota, tahun, sum(jumlah_penduduk)::BIGINT AS penduduk
    FROM kependudukan.penduduk
    GROUP BY ALL
) AS p
LEFT JOIN bencana.kejadian_banjir AS b USING (kemendagri_kode_kabupaten_kota, tahun)
LEFT JOIN (
    SELECT kemendagri_kode_kabupaten_kota, tahun, sum(jumlah_kasus)::BIGINT AS kasus_dbd
    FROM kesehatan.kasus_dbd
    GROUP BY ALL
) AS d USING (kemendagri_kode_kabupaten_kota, tahun)
WHERE tahun = 2024
ORDER BY kode
