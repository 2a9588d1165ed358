package schemas

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestJSONSchemasKnowTheProfile wants the JSON Schemas to know every key and word that the readers
// know, and no other.
func TestJSONSchemasKnowTheProfile(t *testing.T) {
	contract, binding := jsonSchema(t, ContractSchema), jsonSchema(t, BindingSchema)
	column := dig(contract, "$defs", "kolom", "properties", "customProperties")
	for name, tt := range map[string]struct{ got, want []string }{
		"profile":   {customNames(dig(contract, "properties", "customProperties")), profileKeys()},
		"column":    {customNames(column), propertyKeys()},
		"schedules": {texts(dig(contract, "properties", "customProperties", "items", "allOf", "jadwalPemutakhiran", "enum")), Schedules()},
		"classes":   {texts(dig(contract, "$defs", "kolom", "properties", "classification", "enum")), classes()},
		"locales":   {texts(dig(binding, "properties", "locale", "enum")), locales()},
	} {
		if diff := cmp.Diff(slices.Sorted(slices.Values(tt.want)), slices.Sorted(slices.Values(tt.got))); diff != "" {
			t.Errorf("%s (-reader +JSON Schema):\n%s", name, diff)
		}
	}
	compareShape(t, "binding", bindingShape(), binding)
}

// TestJSONSchemaKnowsTheTableRules wants the JSON Schema to know the kinds of table rules that the
// reader knows, the keys of each, and the schedules of mutakhir.
func TestJSONSchemaKnowsTheTableRules(t *testing.T) {
	want, got := map[string][]string{}, map[string][]string{}
	for kind, rule := range ownRules {
		want[kind] = slices.Sorted(slices.Values(append([]string{"aturan"}, rule.keys...)))
	}
	contract := jsonSchema(t, ContractSchema)
	quality := dig(contract, "properties", "schema", "items", "properties", "quality", "items", "properties", "implementation")
	if dig(quality, "$ref") != "#/$defs/aturan" {
		t.Errorf("an implementation is %v", quality)
	}
	kinds, _ := dig(contract, "$defs", "aturan", "anyOf").([]any)
	for _, kind := range kinds {
		properties, ok := dig(kind, "properties").(map[string]any)
		if !ok {
			continue // the text of a rule over rows
		}
		name := dig(properties, "aturan", "const").(string)
		got[name] = slices.Sorted(maps.Keys(properties))
		if name == "mutakhir" {
			if diff := cmp.Diff(slices.DeleteFunc(Schedules(), func(s string) bool { return s == "sekali" }), texts(dig(properties, "jadwal", "enum"))); diff != "" {
				t.Errorf("schedules (-reader +JSON Schema):\n%s", diff)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table rules (-reader +JSON Schema):\n%s", diff)
	}
}

// compareShape wants a JSON Schema to have the keys of s, and those below.
func compareShape(t *testing.T, path string, s shape, schema any) {
	t.Helper()
	if items := dig(schema, "items"); items != nil {
		schema = items
	}
	properties, _ := dig(schema, "properties").(map[string]any)
	if diff := cmp.Diff(s.keys(), slices.Sorted(maps.Keys(properties))); diff != "" {
		t.Errorf("%s (-reader +JSON Schema):\n%s", path, diff)
	}
	for key, below := range s {
		if below != nil {
			compareShape(t, path+"."+key, below, properties[key])
		}
	}
}

// TestLists wants the file of lists to hold every element and code system.
func TestLists(t *testing.T) {
	ref, err := LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	var elements []any
	for _, e := range Elements() {
		elements = append(elements, map[string]any{"const": e.ID, "description": e.Name + ". " + e.Definition})
	}
	want := map[string]any{
		"$schema": "https://json-schema.org/draft/2019-09/schema",
		"title":   "Daftar elemen dan sistem kode satudata",
		"$defs":   map[string]any{"elemen": map[string]any{"oneOf": elements}, "sistemKode": map[string]any{"enum": ref.Systems()}},
	}
	text, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile("jsonschema/"+ListsSchema, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text)+"\n", string(JSONSchemas()[ListsSchema])); diff != "" {
		t.Errorf("%s (-elements +file); refresh with -update:\n%s", ListsSchema, diff)
	}
}

func jsonSchema(t *testing.T, name string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(JSONSchemas()[name], &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// dig goes down the keys of v. In a list of conditions a key is the name of the customProperty.
func dig(v any, keys ...string) any {
	for _, key := range keys {
		if m, ok := v.(map[string]any); ok {
			v = m[key]
			continue
		}
		list, _ := v.([]any)
		v = nil
		for _, item := range list {
			if dig(item, "if", "properties", "property", "const") == key {
				v = dig(item, "then", "properties", "value")
			}
		}
	}
	return v
}

// customNames are the names that a list of customProperties may have.
func customNames(customs any) []string {
	alternatives, _ := dig(customs, "items", "properties", "property", "anyOf").([]any)
	var names []string
	for _, a := range alternatives {
		known, _ := dig(a, "oneOf").([]any)
		for _, k := range known {
			names = append(names, dig(k, "const").(string))
		}
	}
	return names
}

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, item := range list {
		out = append(out, item.(string))
	}
	return out
}
