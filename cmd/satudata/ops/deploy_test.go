package ops

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"gopkg.in/yaml.v3"

	"satudata/catalog"
)

const deploy = "../../../deploy/"

// described are the names of all metrics; each of ours has a help text.
func described(t *testing.T) map[string]bool {
	t.Helper()
	m := NewMetrics("uji")
	m.Collect(Places{Catalog: &catalog.Catalog{}})
	found := make(chan *prometheus.Desc, 1000)
	m.registry.Describe(found)
	close(found)
	names := map[string]bool{}
	fq := regexp.MustCompile(`fqName: "([^"]+)"`)
	for d := range found {
		name := fq.FindStringSubmatch(d.String())[1]
		names[name] = true
		if strings.HasPrefix(name, "satudata_") && strings.Contains(d.String(), `help: ""`) {
			t.Errorf("%s has no help", name)
		}
	}
	return names
}

// TestDashboardAndAlerts: every metric that they name exists, and every metric is in one of them.
func TestDashboardAndAlerts(t *testing.T) {
	names := described(t)
	used := map[string]bool{}
	metric := regexp.MustCompile(`\b(?:satudata|process|go)_[a-z_]+\b`)
	check := func(where, expr string) {
		for _, name := range metric.FindAllString(expr, -1) {
			base := name
			if !names[base] {
				for _, suffix := range []string{"_bucket", "_sum", "_count"} {
					base = strings.TrimSuffix(base, suffix)
				}
			}
			used[base] = true
			if !names[base] {
				t.Errorf("%s names %s, which does not exist", where, name)
			}
		}
	}
	for title, exprs := range dashboard(t) {
		for _, e := range exprs {
			check("panel "+title, e)
		}
	}
	for name, expr := range alerts(t) {
		check("alert "+name, expr)
	}
	for name := range names {
		unseen := name == "satudata_build_info" || name == "satudata_log_end_offset" || name == "satudata_loop_step_timestamp_seconds"
		if strings.HasPrefix(name, "satudata_") && !used[name] && !unseen {
			t.Errorf("%s is neither on the dashboard nor in an alert", name)
		}
	}
}

func dashboard(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(deploy + "grafana/satudata.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Query string } }
	}
	if err := json.Unmarshal(text, &d); err != nil || len(d.Panels) < 20 {
		t.Fatalf("%d panels, %v", len(d.Panels), err)
	}
	out := map[string][]string{}
	for _, p := range d.Panels {
		for _, e := range p.Targets {
			out[p.Title] = append(out[p.Title], e.Expr)
		}
	}
	for _, v := range d.Templating.List {
		out["variable"] = append(out["variable"], strings.TrimPrefix(v.Query, "prometheus"))
	}
	return out
}

func alerts(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(deploy + "prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations struct{ Summary, Description string }
			}
		}
	}
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, g := range a.Groups {
		for _, r := range g.Rules {
			out[r.Alert] = r.Expr
			if r.Annotations.Summary == "" || r.Annotations.Description == "" {
				t.Errorf("%s says nothing", r.Alert)
			}
		}
	}
	if len(out) < 8 {
		t.Fatalf("%d alerts", len(out))
	}
	return out
}
