package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// permitTypes are the types in which DuckDB reads the reference work, those of its contract.
const permitTypes = "{nomor: 'VARCHAR', nib: 'VARCHAR', nama: 'VARCHAR', kode_wilayah: 'VARCHAR', kode_layanan: 'VARCHAR', " +
	"tanggal: 'DATE', waktu: 'TIMESTAMP', hari: 'INTEGER', retribusi: 'DECIMAL(18,2)', status: 'VARCHAR'}"

// CopyStatement is what DuckDB is asked to do with the reference work: the same types, trimming and
// upper-casing, but no log, no lookup, no rules and no exactly-once.
func CopyStatement(in Input, from, to string) string {
	read := fmt.Sprintf("read_json(%s, format = 'newline_delimited', columns = %s)", quoted(from), permitTypes)
	if in == CSV {
		read = fmt.Sprintf("read_csv(%s, header = true, delim = ',', columns = %s)", quoted(from), permitTypes)
	}
	return "COPY (SELECT nomor, nib, trim(nama) AS nama, kode_wilayah, upper(kode_layanan) AS kode_layanan, tanggal, waktu, hari, retribusi, upper(status) AS status FROM " +
		read + ") TO " + quoted(to) + " (FORMAT parquet, COMPRESSION zstd)"
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Copy makes DuckDB copy the reference work into a Parquet file, with so many threads, and otherwise
// with its own settings: like the road it keeps the order of the records.
func Copy(ctx context.Context, in Input, from, to string, threads int) error {
	return withDuckDB(ctx, threads, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, CopyStatement(in, from, to))
		return err
	})
}

// CopiedSums writes the sums of a Parquet file that Copy made, as [TableSums] answers them.
func CopiedSums(ctx context.Context, file string, out io.Writer) error {
	return withDuckDB(ctx, 1, func(db *sql.DB) error {
		rows, err := db.QueryContext(ctx, sumsOf("read_parquet("+quoted(file)+")", "kode_wilayah", "kode_layanan"))
		if err != nil {
			return err
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		values, into := make([]int64, len(names)), make([]any, len(names))
		answer := map[string]int64{}
		for rows.Next() {
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			for i, name := range names {
				answer[name] = values[i]
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		return json.NewEncoder(out).Encode([]any{answer})
	})
}

func withDuckDB(ctx context.Context, threads int, f func(*sql.DB) error) (err error) {
	connector, err := duckdb.NewConnector(fmt.Sprintf("?threads=%d", threads), nil)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(db)
}

// DuckDBVersion is the version of the DuckDB in this program.
func DuckDBVersion(ctx context.Context) (version string, err error) {
	err = withDuckDB(ctx, 1, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	})
	return version, err
}
