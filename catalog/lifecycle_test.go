package catalog_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/ingest/eventlog/embedded"
	"satudata/schemas"
	"satudata/transform/pipeline"
)

const floods = `
apiVersion: v3.1.0
kind: DataContract
id: bencana.banjir
name: Banjir
version: 1.0.0
status: active
description: {purpose: uji}
customProperties:
  - {property: produsenData, value: bpbd}
  - {property: kelasAkses, value: publik}
schema:
  - name: banjir
    properties:
      - {name: nomor, logicalType: integer, required: true, primaryKey: true, description: Nomor}
      - {name: sebab, logicalType: string, description: Sebab}
`

const floodsBinding = `
apiVersion: satudata/v1
kind: Binding
id: bpbd.banjir
version: 1.0.0
dataset: bencana.banjir
contract: 1.0.0
format: {type: csv}
columns:
  - {to: nomor, from: nomor}
  - {to: sebab, from: sebab}
`

// version is a document under another version, with a change.
func version(text, v string, change ...string) string {
	return strings.NewReplacer(append(change, "version: 1.0.0", "version: "+v)...).Replace(text)
}

// clerk is a catalog under a policy, at a time that the test sets.
type clerk struct {
	*catalog.Catalog
	t   *testing.T
	now time.Time
}

func openClerk(t *testing.T, approval catalog.Approval) *clerk {
	t.Helper()
	dir := t.TempDir()
	log, err := embedded.Open(filepath.Join(dir, "log"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	k := &clerk{t: t, now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	k.Catalog, err = catalog.Open(t.Context(), filepath.Join(dir, "catalog.db"), catalog.Options{Log: log, Approval: approval, Now: func() time.Time { return k.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func (k *clerk) propose(kind event.Kind, text, who string) error {
	p, err := catalog.ParseProposal(kind, "usulan.yaml", []byte(text))
	if err == nil {
		_, err = k.Propose(k.t.Context(), p, as(who))
	}
	return err
}

func (k *clerk) approve(kind event.Kind, ref, who string) error {
	name, v, _ := strings.Cut(ref, "@")
	return k.Approve(k.t.Context(), event.Paper{Of: kind, Name: name, Version: v},
		catalog.Command{Actor: event.Actor{ID: who, Role: catalog.RoleWalidata}})
}

// read is what ingest asks before it reads a delivery.
func (k *clerk) read(contract, binding string) error {
	c, err := catalog.ParseProposal(event.KindContract, "c.yaml", []byte(contract))
	if err != nil {
		k.t.Fatal(err)
	}
	b, err := catalog.ParseProposal(event.KindBinding, "b.yaml", []byte(binding))
	if err != nil {
		k.t.Fatal(err)
	}
	return k.Register(k.t.Context(), event.ContractRegistered{Dataset: c.Paper.Name, Version: c.Paper.Version, Document: contract},
		event.BindingRegistered{Binding: b.Paper.Name, Version: b.Paper.Version, Dataset: b.Dataset, Document: binding})
}

// wants fails the test unless err is what was wanted and says what it must.
func wants(t *testing.T, what string, err, want error, says string) {
	t.Helper()
	if !errors.Is(err, want) || (want == nil) != (err == nil) || err != nil && !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v, want %v with %q", what, err, want, says)
	}
}

// TestApprovalByTheWalidata walks a contract and a binding through their life.
func TestApprovalByTheWalidata(t *testing.T) {
	k := openClerk(t, catalog.Walidata)
	ctx, contract, binding := t.Context(), event.KindContract, event.KindBinding
	one := event.Paper{Of: contract, Name: "bencana.banjir", Version: "1.0.0"}

	wants(t, "producer unknown", k.propose(contract, floods, "budi"), catalog.ErrNotFound, "bpbd")
	if err := k.RegisterOrganisation(ctx, event.Organisation{ID: "bpbd", Name: "BPBD", Role: "opd"}, as("rina")); err != nil {
		t.Fatal(err)
	}
	wants(t, "not proposed", k.read(floods, floodsBinding), catalog.ErrInvalid, "contract propose")
	wants(t, "propose", k.propose(contract, floods, "budi"), nil, "")
	if d, err := k.Document(ctx, contract, "bencana.banjir@1.0.0"); err != nil || len(d.Findings) == 0 || !strings.HasPrefix(d.Findings[0].ID, "Standar Data, ") {
		t.Errorf("findings of a contract without standar data: %+v, %v", d.Findings, err)
	}
	wants(t, "not approved", k.read(floods, floodsBinding), catalog.ErrInvalid, "contract approve bencana.banjir@1.0.0")
	if _, err := k.Contract(ctx, "bencana.banjir", "1.0.0"); !errors.Is(err, pipeline.ErrNotRegistered) {
		t.Errorf("a proposal is in force: %v", err)
	}
	wants(t, "approve one's own", k.approve(contract, "bencana.banjir@1.0.0", "budi"), catalog.ErrInvalid, "budi")
	wants(t, "return without the role", k.Return(ctx, one, catalog.Command{Actor: event.Actor{ID: "rina", Role: "opd"}, Reason: "x"}), catalog.ErrInvalid, "--as ID/walidata")
	wants(t, "approve without the role", k.Approve(ctx, one, as("rina")), catalog.ErrInvalid, "--as ID/walidata")
	wants(t, "return", k.Return(ctx, one, catalog.Command{Actor: event.Actor{ID: "rina", Role: catalog.RoleWalidata}, Reason: "sebab tidak jelas"}), nil, "")
	wants(t, "sent back", k.read(floods, floodsBinding), catalog.ErrInvalid, "sebab tidak jelas")
	wants(t, "approve what was sent back", k.approve(contract, "bencana.banjir@1.0.0", "rina"), catalog.ErrInvalid, "dikembalikan")

	mended := strings.Replace(floods, "description: Sebab", "description: Sebab banjir", 1)
	wants(t, "propose again", k.propose(contract, mended, "budi"), nil, "")
	wants(t, "the same again", k.propose(contract, mended, "budi"), nil, "")
	wants(t, "approve", k.approve(contract, "bencana.banjir@1.0.0", "rina"), nil, "")
	wants(t, "approve twice", k.approve(contract, "bencana.banjir@1.0.0", "rina"), catalog.ErrInvalid, "it is approved")
	wants(t, "another document under that version", k.propose(contract, floods, "budi"), catalog.ErrConflict, "naikkan versinya")
	wants(t, "binding not proposed", k.read(mended, floodsBinding), catalog.ErrInvalid, "binding propose")
	var faults schemas.Faults
	if err := k.propose(binding, strings.Replace(floodsBinding, "to: sebab", "to: akibat", 1), "budi"); !errors.As(err, &faults) || !strings.Contains(err.Error(), "akibat") {
		t.Errorf("binding of a missing column: %v", err)
	}
	wants(t, "propose binding", k.propose(binding, floodsBinding, "budi"), nil, "")
	wants(t, "approve binding", k.approve(binding, "bpbd.banjir@1.0.0", "rina"), nil, "")
	wants(t, "read", k.read(mended, floodsBinding), nil, "")
	wants(t, "read another text", k.read(floods, floodsBinding), catalog.ErrConflict, "naikkan versinya")

	wants(t, "deprecate until a day that has passed", k.Deprecate(ctx, one, k.now.AddDate(0, 0, -1), as("rina")), catalog.ErrInvalid, "contract retire")
	wants(t, "deprecate", k.Deprecate(ctx, event.Paper{Of: contract, Name: "bencana.banjir"}, time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC),
		catalog.Command{Actor: event.Actor{ID: "rina"}, Reason: "ada versi 2"}), nil, "")
	k.now = time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC)
	wants(t, "on the last day", k.read(mended, floodsBinding), nil, "")
	k.now = k.now.Add(time.Minute)
	wants(t, "after the last day", k.read(mended, floodsBinding), catalog.ErrInvalid, "2026-12-31")
	wants(t, "retire", k.Retire(ctx, one, catalog.Command{Actor: event.Actor{ID: "rina"}, Reason: "diganti"}), nil, "")
	wants(t, "retired", k.read(mended, floodsBinding), catalog.ErrInvalid, "diganti")
	if doc, err := k.Contract(ctx, "bencana.banjir", "1.0.0"); err != nil || doc != mended {
		t.Errorf("what was delivered under a retired contract can no longer be read: %v", err)
	}

	history, err := k.History(ctx, one.About())
	if err != nil {
		t.Fatal(err)
	}
	var verbs []string
	for i, d := range history {
		verbs = append(verbs, strings.Split(d.Type, ".")[3])
		if d.Revision != int64(i)+1 {
			t.Errorf("decision %d made revision %d", i, d.Revision)
		}
	}
	if d := cmp.Diff([]string{"proposed", "checked", "returned", "proposed", "checked", "approved", "deprecated", "retired"}, verbs); d != "" {
		t.Errorf("history (-want +got):\n%s", d)
	}
}

// TestApproveChecksSuccession: two proposals that each follow what is in force, but not each other.
func TestApproveChecksSuccession(t *testing.T) {
	k := openClerk(t, catalog.Automatic)
	if err := k.read(floods, floodsBinding); err != nil {
		t.Fatal(err)
	}
	added := func(v, typ string) string {
		return version(floods, v) + "      - {name: korban, logicalType: " + typ + ", description: Korban}\n"
	}
	wants(t, "1.1.0", k.propose(event.KindContract, added("1.1.0", "integer"), "budi"), nil, "")
	wants(t, "1.2.0", k.propose(event.KindContract, added("1.2.0", "string"), "budi"), nil, "")
	wants(t, "approve one's own, automatically", k.approve(event.KindContract, "bencana.banjir@1.1.0", "budi"), nil, "")
	if err := k.approve(event.KindContract, "bencana.banjir@1.2.0", "budi"); err == nil || !strings.Contains(err.Error(), "korban") {
		t.Errorf("approved what the tables cannot follow: %v", err)
	}
	if got, err := k.Versions(t.Context(), "bencana.banjir"); err != nil || !cmp.Equal(got, []string{"1.0.0", "1.1.0"}) {
		t.Errorf("versions in force %v, %v", got, err)
	}
}

// TestBreakingProposal: what breaks somebody cannot be proposed as a minor version.
func TestBreakingProposal(t *testing.T) {
	k := openClerk(t, catalog.Automatic)
	if err := k.read(floods, floodsBinding); err != nil {
		t.Fatal(err)
	}
	stricter := func(v string) string {
		return version(floods, v, "{name: sebab, logicalType: string", "{name: sebab, logicalType: string, required: true")
	}
	wants(t, "minor", k.propose(event.KindContract, stricter("1.1.0"), "budi"), catalog.ErrInvalid, "contract diff")
	wants(t, "major", k.propose(event.KindContract, stricter("2.0.0"), "budi"), nil, "")
	filled := strings.Replace(stricter("1.1.0"), "description: Sebab", "description: Sebab, customProperties: [{property: nilaiLama, value: {nilai: TIDAK DIKETAHUI}}]", 1)
	wants(t, "minor with nilaiLama", k.propose(event.KindContract, filled, "budi"), nil, "")
}

// TestUnreadableNeighbour: a contract in the log that this program does not read keeps nobody from
// proposing another.
func TestUnreadableNeighbour(t *testing.T) {
	k := openClerk(t, catalog.Automatic)
	if err := k.Record(t.Context(), event.ContractRegistered{Dataset: "lama.sekali", Version: "1.0.0", Document: "kind: Entah\n"}); err != nil {
		t.Fatal(err)
	}
	wants(t, "proposal", k.propose(event.KindContract, floods, "budi"), nil, "")
}

// TestOldLogs: facts as they were written before there were revisions put documents in force.
func TestOldLogs(t *testing.T) {
	k := openClerk(t, catalog.Walidata)
	if err := k.Record(t.Context(), event.ContractRegistered{Dataset: "bencana.banjir", Version: "1.0.0", Document: floods},
		event.BindingRegistered{Binding: "bpbd.banjir", Version: "1.0.0", Dataset: "bencana.banjir", Document: floodsBinding}); err != nil {
		t.Fatal(err)
	}
	wants(t, "read", k.read(floods, floodsBinding), nil, "")
}

// TestMajorVersions: another major version is a dataset of its own.
func TestMajorVersions(t *testing.T) {
	k := openClerk(t, catalog.Automatic)
	two := version(floods, "2.0.0", "logicalType: integer", "logicalType: string")
	bindingTwo := version(floodsBinding, "2.0.0", "contract: 1.0.0", "contract: 2.0.0", "id: bpbd.banjir", "id: bpbd.banjir_baru")
	wants(t, "version 1", k.read(floods, floodsBinding), nil, "")
	wants(t, "version 2", k.read(two, bindingTwo), nil, "")
	if got, err := k.Datasets(t.Context()); err != nil || !cmp.Equal(got, []string{"bencana.banjir", "bencana.banjir_v2"}) {
		t.Errorf("datasets %v, %v", got, err)
	}
	d, err := k.Document(t.Context(), event.KindBinding, "bpbd.banjir_baru")
	if err != nil || d.Dataset != "bencana.banjir_v2" {
		t.Errorf("binding of version 2 feeds %q, %v", d.Dataset, err)
	}
}

// TestOtherProjection: a projection of another form of the tables is rebuilt from the log.
func TestOtherProjection(t *testing.T) {
	c, log, path := open(t)
	record(t, c, opened(one, "a.csv", "f1", 1))
	want := dump(t, path)
	c.Close()
	spoil(t, path, `PRAGMA user_version = 7; DROP TABLE documents; CREATE TABLE contracts (x); DELETE FROM deliveries`)
	if _, err := catalog.Open(t.Context(), path, catalog.Options{}); !errors.Is(err, catalog.ErrOutdated) {
		t.Errorf("opened without a log: %v, want ErrOutdated", err)
	}
	reopen(t, path, log)
	if d := cmp.Diff(want, dump(t, path)); d != "" {
		t.Errorf("rebuilt (-want +got):\n%s", d)
	}
}
