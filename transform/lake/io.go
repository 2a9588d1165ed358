package lake

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"

	iceio "github.com/apache/iceberg-go/io"

	"satudata/ingest/durable"
)

// files is iceberg-go's view of the local disk. Its own LocalFS never syncs, so a catalog row could
// outlive the metadata it points to; here every file it creates (manifests, manifest lists,
// metadata) is durable when Close returns, which iceberg-go awaits before it changes the row.
type files struct{ iceio.LocalFS }

// useDurableFiles makes iceberg-go's SQL catalog write through files. The catalog finds its file
// system in a registry of the library by URI scheme and offers no other way in.
var useDurableFiles = sync.OnceFunc(func() {
	iceio.Unregister("file")
	iceio.Register("file", func(context.Context, *url.URL, map[string]string) (iceio.IO, error) {
		return files{}, nil
	})
})

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
	return &fileWriter{File: f}, nil
}

// WriteFile makes content durable under name.
func (files) WriteFile(name string, content []byte) error {
	path, err := pathOf(name)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, content)
}

// fileWriter commits its file on Close, because that is the only end that iceberg-go knows.
type fileWriter struct {
	*durable.File
	err error // first failure: a file that was not written whole must not appear
}

func (w *fileWriter) Write(p []byte) (int, error) {
	n, err := w.File.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

func (w *fileWriter) Close() error {
	if w.err != nil {
		w.Abort()
		return w.err
	}
	return w.Commit()
}

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
