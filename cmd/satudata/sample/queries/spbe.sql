-- Fakta SPBE: banyak aplikasi, sedikit yang terintegrasi; indeks yang tinggi belum berarti data yang menyatu.
-- Facts on SPBE: many applications, few of them integrated.
SELECT jenis_aplikasi, jumlah_aplikasi, jumlah_terintegrasi,
    round(100.0 * jumlah_terintegrasi / jumlah_aplikasi, 1) AS persen_terintegrasi, perkiraan
FROM spbe.aplikasi
ORDER BY cakupan, jenis_aplikasi
