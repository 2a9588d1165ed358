package lake

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	iceio "github.com/apache/iceberg-go/io"

	"satudata/ingest/durable"
)

// files is iceberg-go's view of the local disk. Its own LocalFS never syncs, so a catalog row could
// outlive the manifests it leads to; here every file is durable when Close returns, and iceberg-go
// closes what it writes before it commits.
type files struct{ iceio.LocalFS }

func localFiles(context.Context) (iceio.IO, error) { return files{}, nil }

// Create begins a file that appears, durable, when it is closed.
func (files) Create(name string) (iceio.FileWriter, error) {
	path, err := pathOf(name)
	if err != nil {
		return nil, err
	}
	f, err := durable.Create(path)
	if err != nil {
		return nil, err
	}
	return atClose{f}, nil
}

// WriteFile makes content durable under name.
func (files) WriteFile(name string, content []byte) error {
	path, err := pathOf(name)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, content)
}

// atClose commits its file on Close, because that is the only end that iceberg-go knows. A failed
// write makes the commit fail too: the file's buffer remembers it.
type atClose struct{ *durable.File }

func (w atClose) Close() error { return w.Commit() }

// uriOf is the file URI of an absolute path.
func uriOf(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// pathOf is the path of a file URI. A plain path is returned as it is: other engines write some.
func pathOf(uri string) (string, error) {
	if !strings.HasPrefix(uri, "file:") {
		return uri, nil
	}
	u, err := url.Parse(uri)
	if err != nil {
		return "", fmt.Errorf("read location %s: %w", uri, err)
	}
	if u.Path == "" {
		return "", fmt.Errorf("read location %s: %w", uri, os.ErrInvalid)
	}
	return u.Path, nil
}
