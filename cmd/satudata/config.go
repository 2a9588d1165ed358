package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/dustin/go-humanize"
	"gopkg.in/yaml.v3"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/schemas"
)

// Config is what satudata.yaml of a workspace says. Environment variables go over the file and
// flags over both: every key has a variable, SATUDATA_ and its path in capitals, so that
// log.kafka.brokers is SATUDATA_LOG_KAFKA_BROKERS.
type Config struct {
	Name  string `yaml:"name" env:"NAME"`   // of the region, for people
	Zone  string `yaml:"zone" env:"ZONE"`   // IANA zone in which people see times
	Actor string `yaml:"actor" env:"ACTOR"` // who decides, "id" or "id/role"; "" is the user of the system

	Governance GovernanceConfig `yaml:"governance" envPrefix:"GOVERNANCE_"`

	Log     LogConfig      `yaml:"log" envPrefix:"LOG_"`
	Lake    LakeConfig     `yaml:"lake" envPrefix:"LAKE_"`
	Query   QueryConfig    `yaml:"query" envPrefix:"QUERY_"`
	Ops     OpsConfig      `yaml:"ops" envPrefix:"OPS_"`
	Logging LoggingConfig  `yaml:"logging" envPrefix:"LOGGING_"`
	Sources []SourceConfig `yaml:"sources"`
}

// GovernanceConfig says how contracts and bindings come into force.
type GovernanceConfig struct {
	Approval string `yaml:"approval" env:"APPROVAL"` // automatic | walidata
}

// LogConfig chooses the event log.
type LogConfig struct {
	Kind       string      `yaml:"kind" env:"KIND"`              // embedded | kafka
	Partitions int         `yaml:"partitions" env:"PARTITIONS"`  // of a topic that is created
	ChunkBytes int         `yaml:"chunkBytes" env:"CHUNK_BYTES"` // payload of one message at most, but at least one record
	Kafka      KafkaConfig `yaml:"kafka" envPrefix:"KAFKA_"`
}

// KafkaConfig says how to reach Apache Kafka and how topics are created.
type KafkaConfig struct {
	Brokers     []string      `yaml:"brokers" env:"BROKERS"`
	Prefix      string        `yaml:"prefix" env:"PREFIX"`           // topics are <prefix>.<dataset>
	Group       string        `yaml:"group" env:"GROUP"`             // consumer group of the landing workers
	Replication int           `yaml:"replication" env:"REPLICATION"` // 0: three, or as many as there are brokers
	Retention   time.Duration `yaml:"retention" env:"RETENTION"`     // of records; 0 keeps them for ever
	// SessionTimeout is how long a worker may be silent before its partitions go to others.
	SessionTimeout time.Duration `yaml:"sessionTimeout" env:"SESSION_TIMEOUT"`
	// WaitFor is how long a command waits for brokers that do not answer before it ends with exit code
	// 6. What runs on, as land and up do, waits as often as it takes.
	WaitFor time.Duration `yaml:"waitFor" env:"WAIT_FOR"`
	TLS     TLSConfig     `yaml:"tls" envPrefix:"TLS_"`
	SASL    SASLConfig    `yaml:"sasl" envPrefix:"SASL_"`
}

// TLSConfig is for encrypted connections to Kafka.
type TLSConfig struct {
	Enabled    bool   `yaml:"enabled" env:"ENABLED"`
	CA         string `yaml:"ca" env:"CA"`     // PEM file; default: the system's
	Cert       string `yaml:"cert" env:"CERT"` // PEM file of our certificate, with Key
	Key        string `yaml:"key" env:"KEY"`
	ServerName string `yaml:"serverName" env:"SERVER_NAME"`
}

// SASLConfig is how we prove who we are to Kafka.
type SASLConfig struct {
	Mechanism string `yaml:"mechanism" env:"MECHANISM"` // plain | scram-sha-256 | scram-sha-512
	User      string `yaml:"user" env:"USER"`
	Password  Secret `yaml:"password" env:"PASSWORD"`
}

// LakeConfig tunes the tables.
type LakeConfig struct {
	FoldShare   float64       `yaml:"foldShare" env:"FOLD_SHARE"`     // fold when the unfolded rows outgrow this share of the folded
	BatchBytes  int           `yaml:"batchBytes" env:"BATCH_BYTES"`   // payload bytes of the log that one commit takes at most
	PollEvery   time.Duration `yaml:"pollEvery" env:"POLL_EVERY"`     // how often land and up look for new records
	FoldThreads int           `yaml:"foldThreads" env:"FOLD_THREADS"` // 0: as many as there are cores
	FoldMemory  string        `yaml:"foldMemory" env:"FOLD_MEMORY"`   // DuckDB memory limit of a fold

	KeepSnapshots int           `yaml:"keepSnapshots" env:"KEEP_SNAPSHOTS"` // newest snapshots of a table that can be asked for
	KeepFor       time.Duration `yaml:"keepFor" env:"KEEP_FOR"`             // and for how long; 0: as long as they are among the newest
	Grace         time.Duration `yaml:"grace" env:"GRACE"`                  // how long files of expired snapshots stay; twice query.timeout at least
	Catalog       TablesConfig  `yaml:"catalog" envPrefix:"CATALOG_"`
}

// TablesConfig says where the Iceberg catalog of the tables is: in the lake folder, or in a PostgreSQL
// database or schema of this workspace alone.
type TablesConfig struct {
	Kind     string `yaml:"kind" env:"KIND"` // sqlite | postgres
	URL      string `yaml:"url" env:"URL"`   // postgres://user@host:5432/database?search_path=schema&sslmode=verify-full
	Password Secret `yaml:"password" env:"PASSWORD"`
}

// validate makes sure that the URL holds no password: it is shown where the configuration is.
func (c TablesConfig) validate(path string) error {
	switch c.Kind {
	case "sqlite":
		return nil
	case "postgres":
	default:
		return usageError("%s: lake.catalog.kind %q tidak dikenal; pilih sqlite atau postgres (unknown, choose sqlite or postgres)", path, c.Kind)
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
		return usageError("%s: lake.catalog.url perlu bentuk postgres://pengguna@host:5432/basisdata (must be of this form)", path)
	}
	if _, set := u.User.Password(); set || u.Query().Has("password") {
		return usageError("%s: lake.catalog.url memuat kata sandi; pindahkan ke lake.catalog.password atau SATUDATA_LAKE_CATALOG_PASSWORD (the URL holds a password; move it there)", path)
	}
	return nil
}

// QueryConfig bounds one query.
type QueryConfig struct {
	Memory  string        `yaml:"memory" env:"MEMORY"`   // DuckDB memory limit, "1GB"
	Threads int           `yaml:"threads" env:"THREADS"` // 0: as many as there are cores
	Timeout time.Duration `yaml:"timeout" env:"TIMEOUT"`
}

// SourceConfig is a source that ingest reads when it is given no files, and that up watches.
type SourceConfig struct {
	Binding string   `yaml:"binding"` // "<opd>.<source>"
	Paths   []string `yaml:"paths"`   // files, globs or folders, relative to the workspace
}

// Secret is a configured value that is never shown.
type Secret string

// MarshalYAML masks the value.
func (s Secret) MarshalYAML() (any, error) {
	if s == "" {
		return "", nil
	}
	return "********", nil
}

// defaultConfig is what holds where nothing is said.
func defaultConfig() Config {
	return Config{
		Name: "Satu Data", Zone: "Asia/Jakarta", Governance: GovernanceConfig{Approval: string(catalog.Automatic)},
		Log: LogConfig{Kind: "embedded", Partitions: 1, ChunkBytes: event.MaxChunk,
			Kafka: KafkaConfig{Prefix: "satudata", Group: "satudata-land", SessionTimeout: 10 * time.Second, WaitFor: 45 * time.Second}},
		Lake: LakeConfig{FoldShare: 0.2, BatchBytes: 64 << 20, PollEvery: 250 * time.Millisecond, FoldMemory: "256MB", KeepSnapshots: 100, Grace: 15 * time.Minute,
			Catalog: TablesConfig{Kind: "sqlite"}},
		Query: QueryConfig{Memory: "1GB", Timeout: 5 * time.Minute},
		Ops:   OpsConfig{StuckAfter: 10 * time.Minute, MinFree: "100MB"}, Logging: LoggingConfig{Level: "warn", Format: "text"},
	}
}

const configFile = "satudata.yaml"

// loadConfig reads the workspace's file over the defaults and the environment over both. A folder
// without satudata.yaml is not a workspace.
func loadConfig(dir string, environ map[string]string) (Config, error) {
	cfg := defaultConfig()
	path := filepath.Join(dir, configFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, usageError("%s bukan ruang kerja: tidak ada %s; buat dengan `satudata init %s` (%s is not a workspace: it has no %s; make one with `satudata init %s`)",
			dir, configFile, dir, dir, configFile, dir)
	}
	if err != nil {
		return cfg, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&cfg); err != nil && !errors.Is(err, io.EOF) {
		return cfg, usageError("%s: %s", path, sayConfig(err))
	}
	if err := knownVariables(environ); err != nil {
		return cfg, err
	}
	if err := env.ParseWithOptions(&cfg, env.Options{Prefix: "SATUDATA_", Environment: environ}); err != nil {
		return cfg, usageError("variabel lingkungan (environment variables): %v", err)
	}
	return cfg, cfg.validate(path)
}

// wrongKey is how yaml complains of a key that there is not.
var wrongKey = regexp.MustCompile(`line (\d+): field (\S+) not found in type main\.(\w+)`)

// sayConfig says in both languages what yaml says in English of keys that there are not.
func sayConfig(err error) string {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	said := make([]string, len(wrong.Errors))
	for i, text := range wrong.Errors {
		said[i] = text
		if m := wrongKey.FindStringSubmatch(text); m != nil {
			said[i] = fmt.Sprintf("baris %s: kunci %q tidak dikenal (line %s: unknown key): %s", m[1], m[2], m[1], schemas.DidYouMean(m[2], keysOf(reflect.TypeFor[Config](), m[3])))
		}
	}
	return strings.Join(said, "; ")
}

// keysOf are the keys of the part of a configuration that has a type of that name.
func keysOf(t reflect.Type, name string) (keys []string) {
	for t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		if t.Name() == name {
			keys = append(keys, f.Tag.Get("yaml"))
		} else if keys = keysOf(f.Type, name); len(keys) > 0 {
			break
		}
	}
	return keys
}

// otherVariables begin the names of variables that are no configuration: of the project's tests, tools and
// benchmarks, and what Kubernetes gives every container when a service is called satudata.
var otherVariables = []string{"SATUDATA_TEST_", "SATUDATA_SHARED", "SATUDATA_SEED", "SATUDATA_SOAK_", "SATUDATA_BENCH_", "SATUDATA_FAULTS",
	"SATUDATA_SERVICE_", "SATUDATA_PORT"}

// knownVariables refuses variables that no key has, as a misspelt key is refused.
func knownVariables(environ map[string]string) error {
	params, err := env.GetFieldParamsWithOptions(&Config{}, env.Options{Prefix: "SATUDATA_"})
	if err != nil {
		return err
	}
	known := make([]string, len(params))
	for i, p := range params {
		known[i] = p.Key
	}
	for _, name := range sortedNames(environ) {
		other := slices.ContainsFunc(otherVariables, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if strings.HasPrefix(name, "SATUDATA_") && !other && !slices.Contains(known, name) {
			return usageError("variabel lingkungan %s tidak dikenal (unknown environment variable): %s", name, schemas.DidYouMean(name, known))
		}
	}
	return nil
}

func (c Config) validate(path string) error {
	if _, err := time.LoadLocation(c.Zone); err != nil {
		return usageError("%s: zone %q tidak dikenal; contoh: Asia/Jakarta, Asia/Makassar, Asia/Jayapura (unknown time zone)", path, c.Zone)
	}
	if a := catalog.Approval(c.Governance.Approval); a != catalog.Automatic && a != catalog.Walidata {
		return usageError("%s: governance.approval %q tidak dikenal; pilih automatic atau walidata (unknown, choose automatic or walidata)", path, a)
	}
	switch c.Log.Kind {
	case "embedded":
	case "kafka":
		if len(c.Log.Kafka.Brokers) == 0 {
			return usageError("%s: log.kafka.brokers kosong; isi misalnya [localhost:9092] (log.kafka.brokers is empty)", path)
		}
	default:
		return usageError("%s: log.kind %q tidak dikenal; pilih embedded atau kafka (unknown log.kind, choose embedded or kafka)", path, c.Log.Kind)
	}
	if c.Log.ChunkBytes < 1 || c.Log.ChunkBytes > event.MaxChunk {
		return usageError("%s: log.chunkBytes harus dari 1 sampai %d; 1 adalah satu rekaman setiap pesan (must be from 1 to %d; 1 is one record a message)", path, event.MaxChunk, event.MaxChunk)
	}
	if c.Log.Partitions < 1 {
		return usageError("%s: log.partitions harus paling sedikit 1 (must be at least 1)", path)
	}
	if c.Lake.KeepSnapshots < 1 || c.Lake.KeepFor < 0 || c.Lake.Grace < 0 {
		return usageError("%s: lake.keepSnapshots harus paling sedikit 1, lake.keepFor dan lake.grace tidak boleh negatif (must be at least 1, must not be negative)", path)
	}
	if _, err := humanize.ParseBytes(c.Lake.FoldMemory); err != nil {
		return usageError("%s: lake.foldMemory %q bukan ukuran; tulis misalnya 512MB (is no size; write for example 512MB)", path, c.Lake.FoldMemory)
	}
	if err := c.Lake.Catalog.validate(path); err != nil {
		return err
	}
	for i, s := range c.Sources {
		if s.Binding == "" || len(s.Paths) == 0 {
			return usageError("%s: sources[%d] perlu binding dan paths (needs binding and paths)", path, i)
		}
	}
	return nil
}

// String renders what is in force as YAML, secrets masked.
func (c Config) String() string {
	data, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(data)
}
