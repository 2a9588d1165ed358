-- One row of values and one of nulls.
SELECT * FROM (
	SELECT 1 AS urut, true AS boolean, -12::TINYINT AS kecil, 9007199254740993::BIGINT AS besar, 18446744073709551615::UBIGINT AS tanpa_tanda,
		170141183460469231731687303715884105727::HUGEINT AS raksasa, 1.5::FLOAT AS pecahan, 1e300::DOUBLE AS ganda, 'NaN'::DOUBLE AS bukan_angka,
		-0.05::DECIMAL(4,2) AS d4, 12345678901234567890.12::DECIMAL(38,2) AS d38,
		'teks "biasa", baris' AS teks, '\xAA\x00'::BLOB AS biner, DATE '2026-11-22' AS tanggal, 'infinity'::DATE AS selamanya,
		TIME '07:08:09.5' AS jam, TIMESTAMP '2026-11-22 07:08:09' AS waktu, TIMESTAMPTZ '2026-11-22 07:08:09.25+07' AS saat,
		INTERVAL '14 months 3 days 04:05:06.5' AS selang, 'c0ffee00-0000-4000-8000-000000000000'::UUID AS kunci,
		'b'::ENUM('a', 'b') AS pilihan, [1, NULL, 3] AS daftar, [1.5, 2]::DOUBLE[2] AS larik,
		{'nama': 'Bandung "Raya"', 'sejak': DATE '1810-09-25'} AS susunan, MAP {'a': 1, 'b': NULL} AS peta, MAP {2020: ['x']} AS peta_angka,
		union_value(teks := 'satu') AS gabungan, '{"a": [1, 2]}'::JSON AS json
	UNION ALL BY NAME SELECT 2 AS urut)
ORDER BY urut
