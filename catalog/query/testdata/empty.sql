SELECT 1 AS tahun, 'x' AS nama WHERE false
