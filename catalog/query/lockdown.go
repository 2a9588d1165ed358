package query

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// startOptions can only be given when a DuckDB is opened.
var startOptions = map[string]string{
	"allow_unsigned_extensions": "false",
	"duckdb_api":                "satudata",
}

// setting is one SET statement and how DuckDB must show the setting afterwards.
type setting struct {
	name  string
	value string // as SQL
	shown string // as duckdb_settings() shows it
}

// settings are what an instance gets, in this order: external access can be closed but not opened
// again, and the last one makes all of them final, for the instance and every session of it. Sizes
// are the two limits of o as DuckDB shows them.
func settings(o Options, sizes []string) []setting {
	text := func(name, value string) setting { return setting{name, quoteText(value), value} }
	folders := make([]string, len(o.Folders))
	for i, f := range o.Folders {
		folders[i] = quoteText(f)
	}
	list := []setting{
		{"autoinstall_known_extensions", "false", "false"},
		{"autoload_known_extensions", "false", "false"},
		{"allow_community_extensions", "false", "false"},
		{"allow_persistent_secrets", "false", "false"},
		{"allow_unredacted_secrets", "false", "false"},
		{"preserve_insertion_order", "true", "true"},
		{"parquet_metadata_cache", "true", "true"}, // the files never change
		text("TimeZone", o.Zone.String()),
		text("temp_directory", o.TempDir),
		{"memory_limit", quoteText(o.MemoryLimit), sizes[0]},
		{"max_temp_directory_size", quoteText(o.TempLimit), sizes[1]},
	}
	if o.Threads > 0 {
		n := strconv.Itoa(o.Threads)
		list = append(list, setting{"threads", n, n})
	}
	return append(list,
		setting{"allowed_paths", "[]", "[]"},
		setting{"allowed_directories", "[" + strings.Join(folders, ", ") + "]", shownFolders(o)},
		setting{"enable_external_access", "false", "false"},
		setting{"allowed_configs", "[]", "[]"},
		setting{"lock_configuration", "true", "true"},
	)
}

// shownFolders is the list of folders that may be read, as verify has it shown: with the temporary
// one, which DuckDB needs for what does not fit in memory, in order and each ending in a slash.
func shownFolders(o Options) string {
	var list []string
	for _, f := range append(slices.Clone(o.Folders), o.TempDir) {
		list = append(list, strings.TrimSuffix(filepath.ToSlash(f), "/")+"/")
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), "\n")
}

// lock closes the instance of s to everything but reading the folders, and reads back that it did.
func lock(ctx context.Context, s *session, o Options) error {
	sizes, err := s.texts(ctx, "SELECT format_bytes(parse_formatted_bytes(?)::BIGINT), format_bytes(parse_formatted_bytes(?)::BIGINT)", o.MemoryLimit, o.TempLimit)
	if err != nil {
		return fmt.Errorf("limits %q and %q: %w", o.MemoryLimit, o.TempLimit, err)
	}
	list := settings(o, sizes[0])
	for _, set := range list {
		if err := s.exec(ctx, fmt.Sprintf("SET GLOBAL %s = %s", set.name, set.value)); err != nil {
			return fmt.Errorf("set %s: %w", set.name, err)
		}
	}
	return verify(ctx, s, list)
}

// verify compares the settings in force with those that were asked for.
func verify(ctx context.Context, s *session, list []setting) error {
	// The text of a list does not tell its items apart from their quoting.
	rows, err := s.texts(ctx, `SELECT name, CASE name
		WHEN 'allowed_directories' THEN array_to_string(list_sort(current_setting('allowed_directories')), chr(10))
		ELSE coalesce(value, '') END FROM duckdb_settings()`)
	if err != nil {
		return fmt.Errorf("read back settings: %w", err)
	}
	inForce := make(map[string]string, len(rows))
	for _, row := range rows {
		inForce[row[0]] = row[1]
	}
	want := maps.Clone(startOptions)
	for _, set := range list {
		want[set.name] = set.shown
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if inForce[name] != want[name] {
			return fmt.Errorf("setting %s is %q, want %q", name, inForce[name], want[name])
		}
	}
	return nil
}
