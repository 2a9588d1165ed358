package bench

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed permit
var documents embed.FS

// Binding is the binding of one of the sources of a workspace, counted from 0.
func Binding(source int) string { return fmt.Sprintf("dpmptsp.izin%d", source) }

// Workspace makes a workspace for the reference work, with so many sources that each watch a folder of
// their own, deliveries/0 and on. More is added to its configuration.
func Workspace(dir string, in Input, sources int, more string) error {
	contract, err := documents.ReadFile("permit/contract.yaml")
	if err != nil {
		return err
	}
	binding, err := documents.ReadFile("permit/binding.yaml")
	if err != nil {
		return err
	}
	config := "name: Bench\n" + more + "\nsources:\n"
	err = write(filepath.Join(dir, "contracts", "izin.yaml"), strings.Replace(string(contract), "SERVICES", strings.Join(serviceCodes(), ", "), 1))
	for i := range sources {
		config += fmt.Sprintf("  - {binding: %s, paths: [deliveries/%d]}\n", Binding(i), i)
		text := strings.NewReplacer("BINDING", Binding(i), "FORMAT", string(in)).Replace(string(binding))
		err = errors.Join(err, write(filepath.Join(dir, "bindings", Binding(i)+".yaml"), text), os.MkdirAll(filepath.Join(dir, "deliveries", strconv.Itoa(i)), 0o755))
	}
	return errors.Join(err, write(filepath.Join(dir, "satudata.yaml"), config))
}

// serviceCodes are the codes that the contract allows.
func serviceCodes() []string {
	codes := make([]string, services)
	for i := range codes {
		codes[i] = fmt.Sprintf("LYN%03d", i)
	}
	return codes
}

// Fill puts so many permits into the folders of a workspace, a file in each, of equal shares.
func Fill(dir string, in Input, sources int, rows int64) (Sums, error) {
	var sums Sums
	n := int64(sources)
	for i := range n {
		from, to := rows*i/n, rows*(i+1)/n
		part, err := writeFile(filepath.Join(dir, "deliveries", strconv.FormatInt(i, 10), fmt.Sprintf("izin-%d.%s", from, in)), in, from, to-from)
		if err != nil {
			return sums, err
		}
		sums.join(part)
	}
	return sums, nil
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
