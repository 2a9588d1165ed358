package schemas_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"satudata/schemas"
)

var update = flag.Bool("update", false, "write the answers of today into testdata")

// broken is a document with one mistake in it, as the files in testdata/broken tell it: a name, the
// lines of the sound document that go (-), those that come in their place (+), and what is answered
// (!), every line of it. The line "@" says that the JSON Schema refuses the document too, so that
// editors mark the mistake while it is typed.
type broken struct {
	name     string
	old, new []string
	answer   []string
	editor   bool
}

func readBroken(t testing.TB, file string) []broken {
	t.Helper()
	var all []broken
	for line := range strings.Lines(read(t, file)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		last := len(all) - 1
		switch rest := line[1:]; line[0] {
		case '-':
			all[last].old = append(all[last].old, rest)
		case '+':
			all[last].new = append(all[last].new, rest)
		case '!':
			all[last].answer = append(all[last].answer, strings.TrimPrefix(rest, " "))
		case '@':
			all[last].editor = true
		default:
			all = append(all, broken{name: line})
		}
	}
	return all
}

func (b broken) String() string {
	var s strings.Builder
	s.WriteString(b.name + "\n")
	for _, part := range []struct {
		mark  string
		lines []string
	}{{"-", b.old}, {"+", b.new}, {"! ", b.answer}} {
		for _, line := range part.lines {
			s.WriteString(part.mark + line + "\n")
		}
	}
	if b.editor {
		s.WriteString("@\n")
	}
	return s.String()
}

// edit makes the mistake in a sound document.
func (b broken) edit(t testing.TB, doc string) string {
	t.Helper()
	old := "\n" + strings.Join(b.old, "\n") + "\n"
	if n := strings.Count("\n"+doc, old); n != 1 {
		t.Fatalf("%s: the sound document has these lines %d times, want once:\n%s", b.name, n, old)
	}
	added := "\n"
	if len(b.new) > 0 {
		added = "\n" + strings.Join(b.new, "\n") + "\n"
	}
	return strings.Replace("\n"+doc, old, added, 1)[1:]
}

// suites are the files of broken documents: what they are made of, and who answers.
func suites(t testing.TB) []suite {
	c, ref := contract(t), reference(t)
	return []suite{
		{"contract", "testdata/contract.yaml", schemas.ContractSchema, func(doc string) error {
			_, err := schemas.ParseContract("contract.yaml", []byte(doc))
			return err
		}},
		{"binding", "testdata/binding.yaml", schemas.BindingSchema, func(doc string) error {
			_, err := schemas.ParseBinding("binding.yaml", []byte(doc))
			return err
		}},
		{"compile", "testdata/binding.yaml", schemas.BindingSchema, func(doc string) error { // well formed, but not of its contract
			b, err := schemas.ParseBinding("binding.yaml", []byte(doc))
			if err != nil {
				return fmt.Errorf("not well formed: %w", err)
			}
			_, err = schemas.Compile(c, b, ref)
			return err
		}},
	}
}

type suite struct {
	name, sound, schema string
	answer              func(doc string) error
}

func (s suite) file() string { return filepath.Join("testdata", "broken", s.name+".txt") }

// TestBrokenDocuments holds every answer to a broken document to the letter, and wants each to name
// the line, the field and the remedy in both languages. What the JSON Schema refuses, the reader
// must refuse too: all of these are.
func TestBrokenDocuments(t *testing.T) {
	total := 0
	for _, s := range suites(t) {
		sound, schema := read(t, s.sound), compileSchema(t, s.schema)
		if err := s.answer(sound); err != nil {
			t.Fatalf("the sound document: %v", err)
		}
		if err := schema.Validate(asJSON(t, sound)); err != nil {
			t.Fatalf("the sound document, by its JSON Schema: %v", err)
		}
		all := readBroken(t, s.file())
		total += len(all)
		for i, b := range all {
			t.Run(s.name+"/"+b.name, func(t *testing.T) {
				doc := b.edit(t, sound)
				got := b
				got.answer = answers(t, s.answer(doc))
				got.editor = schema.Validate(asJSON(t, doc)) != nil
				if diff := cmp.Diff(b.String(), got.String()); diff != "" && !*update {
					t.Errorf("answer (-want +got); refresh with -update:\n%s", diff)
				}
				all[i] = got
			})
		}
		if *update {
			writeBroken(t, s.file(), all)
		}
	}
	if total < 130 {
		t.Errorf("%d broken documents", total)
	}
}

// answers takes faults apart and finds what is missing in them.
func answers(t *testing.T, err error) []string {
	t.Helper()
	var faults schemas.Faults
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("error = %v, want Faults", err)
	}
	for _, f := range faults {
		if f.Line == 0 || f.Path == "" || f.Say.ID == "" || f.Say.EN == "" || f.Say.ID == f.Say.EN || f.Expected == "" {
			t.Errorf("this does not say where, what and how to mend it: %s", f)
		}
	}
	return strings.Split(faults.Error(), "\n")
}

func writeBroken(t *testing.T, file string, all []broken) {
	t.Helper()
	var out bytes.Buffer
	for line := range strings.Lines(read(t, file)) { // the comment above
		if !strings.HasPrefix(line, "#") {
			break
		}
		out.WriteString(line)
	}
	for _, b := range all {
		out.WriteString("\n" + b.String())
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// compileSchema compiles one of the JSON Schemas with those it refers to.
func compileSchema(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	for file, text := range schemas.JSONSchemas() {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := c.AddResource("mem:///"+file, doc); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("mem:///" + name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON is a YAML document as an editor sees it; one that is not YAML is null.
func asJSON(t testing.TB, doc string) any {
	t.Helper()
	var v any
	if yaml.Unmarshal([]byte(doc), &v) != nil {
		return nil
	}
	return v
}

// TestRepositoryDocumentsByJSONSchema wants the JSON Schemas to accept what the readers accept.
func TestRepositoryDocumentsByJSONSchema(t *testing.T) {
	for folder, name := range map[string]string{"contracts": schemas.ContractSchema, "bindings": schemas.BindingSchema} {
		schema := compileSchema(t, name)
		for _, root := range []string{"../cmd/satudata/sample", "../cmd/satudata/testdata/opd"} {
			for _, file := range yamlFiles(t, root, folder) {
				if err := schema.Validate(asJSON(t, read(t, file))); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
	}
}
