package main

import (
	"bytes"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// layers says which packages of ours each package may import. A package that is not listed fails the
// test: adding one is a decision. Folders import leftwards only:
// schemas <- ingest <- transform <- catalog <- cmd.
var layers = map[string]string{
	"schemas":                         "schemas/reference",
	"schemas/reference":               "",
	"schemas/reference/build":         "schemas/reference",
	"schemas/assess":                  "schemas",
	"schemas/schemastest":             "",
	"schemas/exchange":                "schemas",
	"ingest/event":                    "",
	"ingest/durable":                  "",
	"ingest/eventlog":                 "ingest/event",
	"ingest/eventlog/logtest":         "ingest/event ingest/eventlog",
	"ingest/eventlog/embedded":        "ingest/durable ingest/event ingest/eventlog",
	"ingest/eventlog/kafka":           "ingest/event ingest/eventlog",
	"ingest/eventlog/kafka/kafkatest": "",
	"ingest/trace":                    "",
	"ingest/source":                   "ingest/event ingest/eventlog ingest/trace",
	"ingest/source/sourcetest":        "ingest/event ingest/source",
	"ingest/source/file":              "schemas ingest/event ingest/source",
	"transform/quality":               "schemas ingest/event",
	"transform/normalize":             "schemas ingest/event transform/quality",
	"transform/trial":                 "schemas schemas/reference ingest/event ingest/source ingest/source/file transform/normalize transform/quality",
	"transform/infer":                 "schemas schemas/reference ingest/event ingest/source ingest/source/file transform/normalize transform/trial",
	"transform/lake":                  "schemas ingest/durable ingest/event",
	"transform/lake/pgtest":           "",
	"transform/pipeline":              "schemas ingest/event ingest/eventlog ingest/trace transform/lake transform/normalize transform/quality",
	"catalog":                         "schemas schemas/assess ingest/durable ingest/event ingest/eventlog ingest/source transform/lake transform/pipeline",
	"catalog/query":                   "ingest/event",
	"catalog/overlap":                 "ingest/event",
	"catalog/rules":                   "schemas ingest/event transform/lake transform/pipeline catalog/query",
	"cmd/satudata":                    "*",
	"cmd/satudata/bench":              "",
	"cmd/satudata/ops":                "ingest/event ingest/eventlog ingest/source ingest/trace transform/lake transform/pipeline catalog",
	"cmd/faults":                      "",
}

// homes says which packages may import a third-party module. Arrow and uuid are vocabulary and not listed.
var homes = map[string]string{
	"github.com/segmentio/kafka-go":    "ingest/eventlog/kafka",
	"go.etcd.io/bbolt":                 "ingest/eventlog/embedded",
	"github.com/xuri/excelize":         "schemas/exchange",
	"github.com/apache/iceberg-go":     "transform/lake",
	"github.com/parquet-go/parquet-go": "transform/lake catalog/query",
	"github.com/duckdb":                "transform/lake catalog/query cmd/satudata/bench",
	"github.com/minio/minlz":           "ingest/eventlog/embedded",
	"github.com/zeebo/blake3":          "ingest/source/file",
	"github.com/zeebo/xxh3":            "transform/quality catalog/overlap",
	"modernc.org/sqlite":               "transform/lake catalog",
	"github.com/jackc/pgx":             "transform/lake transform/lake/pgtest",
	"pgregory.net/rapid":               "cmd/faults",
	"github.com/spf13/cobra":           "cmd/satudata",
	"github.com/spf13/pflag":           "cmd/satudata",
	"github.com/santhosh-tekuri":       "schemas",
	"github.com/prometheus":            "cmd/satudata/ops",
	"go.opentelemetry.io":              "ingest/trace cmd/satudata/ops",
	"gopkg.in/yaml.v3":                 "schemas cmd/satudata schemas/exchange",
}

func TestImports(t *testing.T) {
	for pkg, imports := range goList(t) {
		allowed, listed := layers[pkg]
		if !listed {
			t.Errorf("%s: not in layers", pkg)
			continue
		}
		for _, imp := range imports {
			if ours, ok := strings.CutPrefix(imp, "satudata/"); ok {
				if allowed != "*" && !slices.Contains(strings.Fields(allowed), ours) {
					t.Errorf("%s must not import %s", pkg, ours)
				}
				continue
			}
			for module, home := range homes {
				if (imp == module || strings.HasPrefix(imp, module+"/")) && !slices.Contains(strings.Fields(home), pkg) {
					t.Errorf("%s must not import %s: it belongs to %s", pkg, imp, home)
				}
			}
		}
	}
}

// goList returns the imports of every package of the module, tests not counted.
func goList(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "satudata/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	pkgs := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkgs[strings.TrimPrefix(fields[0], "satudata/")] = fields[1:]
	}
	if len(pkgs) < len(layers) {
		for pkg := range layers {
			if _, ok := pkgs[pkg]; !ok {
				t.Errorf("%s is in layers but does not exist", pkg)
			}
		}
	}
	return pkgs
}

func TestTopLevel(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "ls-files", "--full-name", "../..").Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	want := []string{"LICENSE", "Makefile", "README.md", "catalog", "cmd", "deploy", "go.mod", "go.sum", "ingest", "schemas", "transform"}
	for line := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(line), "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(want, path.Clean(top)) {
			t.Errorf("%s must not be at the top level", top)
		}
	}
}
