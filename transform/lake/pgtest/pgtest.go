// Package pgtest gives tests a real PostgreSQL: that of the system's packages, with a cluster of its
// own in a temporary folder, on a loopback port.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// requireEnv is "all" when a test that cannot have its PostgreSQL fails.
const requireEnv = "SATUDATA_TEST_REQUIRE"

// Username and Password are what the server accepts.
const (
	Username = "satudata"
	Password = "rahasia"
)

// Server is a PostgreSQL that can be stopped and started.
type Server struct {
	t    testing.TB
	bin  string // folder of its programs
	dir  string
	port int
	as   *syscall.Credential // who runs it: it refuses to be run by root
}

// Start makes a cluster for one test, which ends it. Where PostgreSQL is not installed the test is
// skipped with a word on that; when everything is required it fails.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, bin: unless(t)}
	var err error
	s.dir, err = os.MkdirTemp("", "satudata-postgres-") //nolint:usetesting // whoever runs the server may not look into t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(s.dir) })
	if err := s.drop(); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(s.dir, "password")
	if err := errors.Join(os.WriteFile(secret, []byte(Password), 0o644), os.Chmod(s.dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	s.port = freePort(t)
	s.must("initdb", "-D", s.data(), "-U", Username, "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale=C", "--no-sync")
	t.Cleanup(func() { s.Stop("immediate") })
	s.Run()
	return s
}

// URL is where the server is, without the password.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/postgres", Username, s.port)
}

// Addr is the host and port of the server.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Run starts the server after Stop and waits until it answers. It need not survive a power cut, only
// an immediate shutdown.
func (s *Server) Run() {
	s.t.Helper()
	s.must("pg_ctl", "-D", s.data(), "-w", "-t", "120", "-l", filepath.Join(s.data(), "server.log"),
		"-o", fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c synchronous_commit=off", s.port), "start")
}

// Stop ends the server: "fast" breaks its connections and shuts down, "immediate" is a crash. A
// server that was stopped before stays so.
func (s *Server) Stop(mode string) {
	s.t.Helper()
	if _, err := os.Stat(filepath.Join(s.data(), "postmaster.pid")); errors.Is(err, fs.ErrNotExist) {
		return
	}
	s.must("pg_ctl", "-D", s.data(), "-w", "-t", "120", "-m", mode, "stop")
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// must runs a program of PostgreSQL. A server that it starts keeps its output open, so the output
// goes to a file and not to a pipe.
func (s *Server) must(name string, args ...string) {
	s.t.Helper()
	out, err := os.CreateTemp(s.dir, "out-")
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir, c.Stdout, c.Stderr = s.dir, out, out
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	if err := c.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		log, _ := os.ReadFile(filepath.Join(s.data(), "server.log"))
		s.t.Fatalf("%s: %v\n%s%s", name, err, said, log[max(0, len(log)-2000):])
	}
}

// drop chooses who runs the server when we are root, and gives him the folder.
func (s *Server) drop() error {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return os.Chown(s.dir, uid, gid)
	}
	return errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody")
}

// Schema returns the URL of a schema of the database at url, made when it is missing.
func Schema(t testing.TB, url, name string) string {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Password = Password
	c, err := pgx.ConnectConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	if _, err := c.Exec(context.Background(), "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{name}.Sanitize()); err != nil {
		t.Fatal(err)
	}
	return url + "?search_path=" + name
}

// unless returns the folder of PostgreSQL's programs, or skips or fails the test.
func unless(t testing.TB) string {
	t.Helper()
	missing := "PostgreSQL is not installed (Debian: apt-get install postgresql)"
	if testing.Short() {
		missing = "-short leaves it out"
	} else if bin := programs(); bin != "" {
		return bin
	}
	if os.Getenv(requireEnv) == "all" {
		t.Fatalf("no real PostgreSQL: %s; %s=all does not allow to skip this", missing, requireEnv)
	}
	t.Skipf("SKIPPED, NOT TESTED ON A REAL POSTGRESQL: %s", missing)
	return ""
}

// programs is the folder with initdb and pg_ctl: Debian keeps them off the PATH, one folder a version.
func programs() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	slices.Reverse(found)
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			found = append(found, path)
		}
	}
	for _, path := range found {
		version, err := exec.Command(filepath.Join(filepath.Dir(path), "initdb"), "--version").Output()
		if err == nil && bytes.Contains(version, []byte("PostgreSQL")) {
			return filepath.Dir(path)
		}
	}
	return ""
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer cut(l)
	return l.Addr().(*net.TCPAddr).Port
}
