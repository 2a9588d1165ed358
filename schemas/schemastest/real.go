// Package schemastest finds the real deliveries and code lists for tests, which are not part of the
// project, because they are not ours to publish, and says what becomes of a test that lacks something.
package schemastest

import (
	"os"
	"path/filepath"
	"testing"
)

// Real returns the path of something in the folder data of the real files, "opd" or "reference" and
// what is in them. The environment variable SATUDATA_SHARED names the folder that holds data; else it
// is the folder shared beside the project. Where it is missing the test is skipped, or fails when
// SATUDATA_TEST_REQUIRE is all.
func Real(t testing.TB, elem ...string) string {
	t.Helper()
	shared := os.Getenv("SATUDATA_SHARED")
	if shared == "" {
		at, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for ; at != filepath.Dir(at) && shared == ""; at = filepath.Dir(at) {
			if _, err := os.Stat(filepath.Join(at, "shared", "data")); err == nil {
				shared = filepath.Join(at, "shared")
			}
		}
	}
	path := filepath.Join(append([]string{shared, "data"}, elem...)...)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	Without(t, "the real files: no "+path+"; set SATUDATA_SHARED")
	return ""
}

// Without ends a test that cannot have what it needs: it is skipped, or fails when SATUDATA_TEST_REQUIRE
// is all.
func Without(t testing.TB, missing string) {
	t.Helper()
	if os.Getenv("SATUDATA_TEST_REQUIRE") == "all" {
		t.Fatalf("SATUDATA_TEST_REQUIRE=all does not allow to test without %s", missing)
	}
	t.Skipf("SKIPPED, not tested without %s", missing)
}
