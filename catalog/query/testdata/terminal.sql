-- What must not disturb a terminal, and what is too long for a column.
SELECT * FROM (VALUES
	(1, e'garis\nbaru\tdan tab', repeat('panjang ', 20)),
	(2, e'\x1b[31mmerah\x1b[0m', 'tepat empat puluh delapan huruf ada di sini semua'),
	(3, chr(8238) || 'kiri', 'pendek'),
	(4, 'é 例', '')) t(urut, teks, "nama kolom")
ORDER BY urut
