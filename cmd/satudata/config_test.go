package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTableCatalogConfig checks what may be said of the table catalog, and that its password is never
// shown.
func TestTableCatalogConfig(t *testing.T) {
	tests := []struct {
		name, config string
		environ      map[string]string
		wrong        string // part of the error; "" for none
	}{
		{"default", "", nil, ""},
		{"postgres", "lake: {catalog: {kind: postgres, url: postgres://satudata@db.example/satudata, password: rahasia}}", nil, ""},
		{"by environment", "", map[string]string{"SATUDATA_LAKE_CATALOG_KIND": "postgres", "SATUDATA_LAKE_CATALOG_URL": "postgres://a@b/c", "SATUDATA_LAKE_CATALOG_PASSWORD": "rahasia"}, ""},
		{"unknown kind", "lake: {catalog: {kind: oracle}}", nil, "lake.catalog.kind"},
		{"no URL", "lake: {catalog: {kind: postgres}}", nil, "lake.catalog.url"},
		{"password in the URL", "lake: {catalog: {kind: postgres, url: postgres://a:rahasia@b/c}}", nil, "SATUDATA_LAKE_CATALOG_PASSWORD"},
		{"password in a parameter", "lake: {catalog: {kind: postgres, url: 'postgres://a@b/c?password=rahasia'}}", nil, "SATUDATA_LAKE_CATALOG_PASSWORD"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, configFile), []byte(tt.config), 0o644); err != nil {
				t.Fatal(err)
			}
			cfg, err := loadConfig(dir, tt.environ)
			if tt.wrong == "" && err != nil || tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("loadConfig = %v, want an error with %q", err, tt.wrong)
			}
			if err != nil && strings.Contains(err.Error(), "rahasia") || err == nil && strings.Contains(cfg.String(), "rahasia") {
				t.Errorf("the password is shown: %v\n%s", err, cfg)
			}
		})
	}
}

// TestMisspeltConfig: a key or a variable that there is not is said in both languages, with the place and
// the one that was meant.
func TestMisspeltConfig(t *testing.T) {
	for _, tt := range []struct {
		name, config string
		environ      map[string]string
		say          []string // none: it is taken
	}{
		{"key", "name: x\nlakke: {}\n", nil, []string{"baris 2", "line 2", `"lakke" tidak dikenal`, "unknown key", "did you mean lake?"}},
		{"inner key", "log:\n  kafka: {borkers: []}\n", nil, []string{"baris 2", "did you mean brokers?"}},
		{"key of a source", "sources: [{bindng: a.b}]\n", nil, []string{"baris 1", "binding"}},
		{"variable", "", map[string]string{"SATUDATA_LOG_KNID": "kafka"}, []string{"SATUDATA_LOG_KNID tidak dikenal", "did you mean SATUDATA_LOG_KIND?"}},
		{"variable of a test", "", map[string]string{"SATUDATA_TEST_RUN": "1", "SATUDATA_SHARED": "/x", "SATUDATA_PORT": "tcp://10.0.0.1", "HOME": "/"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, configFile), tt.config)
			_, err := loadConfig(dir, tt.environ)
			if (err == nil) != (tt.say == nil) || err != nil && (exitCode(err) != exitUsage || strings.Contains(err.Error(), "unmarshal")) {
				t.Fatalf("loadConfig = %v", err)
			}
			for _, part := range tt.say {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\ndoes not say %q", err, part)
				}
			}
		})
	}
}
