package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/schemas/assess"
)

// Approval is the rule by which contracts and bindings come into force.
type Approval string

// The rules.
const (
	Automatic Approval = "automatic" // reading a delivery puts the documents that it is read with in force
	Walidata  Approval = "walidata"  // documents are proposed, and approved by somebody else
)

// Stage is where a version of a contract or a binding stands.
type Stage string

// The stages:
//
//	diusulkan → diperiksa → disetujui → usang → ditarik
//	                      ↘ dikembalikan → diusulkan …
const (
	Proposed   Stage = "diusulkan"
	Examined   Stage = "diperiksa"
	InForce    Stage = "disetujui"
	SentBack   Stage = "dikembalikan"
	Deprecated Stage = "usang"   // in force, until a day
	Retired    Stage = "ditarik" // nothing new is delivered under it
)

// english is the stage in English.
func (s Stage) english() string {
	return map[Stage]string{Proposed: "proposed", Examined: "checked", InForce: "approved", SentBack: "sent back", Deprecated: "deprecated", Retired: "retired"}[s]
}

// everInForce says whether deliveries may have been read with the document.
func (s Stage) everInForce() bool { return s == InForce || s == Deprecated || s == Retired }

// Document is a version of a contract or a binding as the facts have it.
type Document struct {
	Kind     event.Kind       `json:"-"`
	Name     string           `json:"nama"`
	Version  string           `json:"versi"`
	Dataset  string           `json:"dataset"`
	Stage    Stage            `json:"tahap"`
	Proposer string           `json:"pengusul,omitempty"`
	Since    time.Time        `json:"sejak"`                   // of the stage
	Until    string           `json:"sampai,omitempty"`        // last day of a deprecated one
	Reason   string           `json:"alasan,omitempty"`        // of the stage
	Findings []event.Sentence `json:"hasil_periksa,omitempty"` // of the check
	Revision int64            `json:"revisi"`                  // of the contract or binding with all its versions
	Text     string           `json:"-"`                       // YAML, verbatim
}

// Paper names the version.
func (d Document) Paper() event.Paper {
	return event.Paper{Of: d.Kind, Name: d.Name, Version: d.Version}
}

// Documents returns the versions of all contracts or bindings, or of one by name, by name and version.
func (c *Catalog) Documents(ctx context.Context, kind event.Kind, name string) ([]Document, error) {
	where, args := `d.kind = ?`, []any{kind}
	if name != "" {
		where, args = where+` AND d.name = ?`, append(args, name)
	}
	rows, err := c.db.QueryContext(ctx, `SELECT name, version, dataset, document, stage, proposer, time, until, reason, findings, revision
		FROM documents d JOIN revisions r ON r.kind = d.kind AND r.id = d.name WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	defer rows.Close()
	var out []Document
	for rows.Next() {
		d := Document{Kind: kind}
		var since, findings string
		err := rows.Scan(&d.Name, &d.Version, &d.Dataset, &d.Text, &d.Stage, &d.Proposer, &since, &d.Until, &d.Reason, &findings, &d.Revision)
		if err == nil {
			d.Since, err = time.Parse(time.RFC3339Nano, since)
		}
		if err == nil {
			err = json.Unmarshal([]byte(findings), &d.Findings)
		}
		if err != nil {
			return nil, fmt.Errorf("read documents: %w", err)
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Document) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), schemas.CompareVersions(a.Version, b.Version))
	})
	return out, rows.Err()
}

// ParsePaper reads how people name a document: "<name>@<version>", or "<name>" where no version or all
// of them are meant. Of a contract the name is that of its dataset, or its id.
func ParsePaper(kind event.Kind, ref string) (event.Paper, error) {
	name, version, exact := strings.Cut(ref, "@")
	if !datasetForm.MatchString(name) || exact && !versionForm.MatchString(version) {
		return event.Paper{}, refuse(ErrInvalid, "%q: tulis NAMA@VERSI, misalnya bencana.kejadian_banjir@1.0.0", "%q: write NAME@VERSION, for example bencana.kejadian_banjir@1.0.0", ref)
	}
	if kind == event.KindContract && exact {
		name = schemas.DatasetName(name, version)
	}
	return event.Paper{Of: kind, Name: name, Version: version}, nil
}

var versionForm = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)

// Document returns the version that ref names, "<name>@<version>", or the newest one of a name. It is
// ErrNotFound for one that nobody has proposed.
func (c *Catalog) Document(ctx context.Context, kind event.Kind, ref string) (Document, error) {
	p, err := ParsePaper(kind, ref)
	if err != nil {
		return Document{}, err
	}
	found, err := c.Documents(ctx, kind, p.Name)
	if err != nil {
		return Document{}, err
	}
	if p.Version != "" {
		found = slices.DeleteFunc(found, func(d Document) bool { return d.Version != p.Version })
	}
	if len(found) == 0 {
		return Document{}, refuse(ErrNotFound, "%[1]s %[3]s tidak ada; yang ada: `satudata %[2]s list`", "there is no %[2]s %[3]s; there are: `satudata %[2]s list`", word(kind), kind, ref)
	}
	return found[len(found)-1], nil
}

// Proposal is a document that somebody wants in force.
type Proposal struct {
	Paper    event.Paper
	Dataset  string
	Document string // YAML, verbatim
}

// ParseProposal reads a contract or a binding. file is its name in messages.
func ParseProposal(kind event.Kind, file string, document []byte) (Proposal, error) {
	if kind == event.KindBinding {
		b, err := schemas.ParseBinding(file, document)
		if err != nil {
			return Proposal{}, err
		}
		return Proposal{event.Paper{Of: kind, Name: b.ID, Version: b.Version}, b.Dataset, string(document)}, nil
	}
	contract, err := schemas.ParseContract(file, document)
	if err != nil {
		return Proposal{}, err
	}
	return Proposal{event.Paper{Of: kind, Name: contract.Dataset, Version: contract.Version}, contract.Dataset, string(document)}, nil
}

// Propose puts a document up for approval and records what checking it finds. Proposing again what is
// up for approval or in force changes nothing. A document that could not come into force is refused.
func (c *Catalog) Propose(ctx context.Context, p Proposal, cmd Command) (Document, error) {
	act, err := c.act(ctx, p.Paper.About(), cmd)
	if err != nil {
		return Document{}, err
	}
	now, err := c.Revision(ctx, p.Paper.About())
	if err != nil {
		return Document{}, err
	}
	findings, err := c.examine(ctx, p)
	if err != nil {
		return Document{}, err
	}
	before, err := c.Document(ctx, p.Paper.Of, p.Paper.Ref())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Document{}, err
	}
	if before.Text != p.Document || before.Stage == SentBack {
		if before.Stage.everInForce() {
			return before, changed(p.Paper)
		}
		if err := c.Record(ctx, event.DocumentProposed{Act: act, Paper: p.Paper, Dataset: p.Dataset, Document: p.Document}); err != nil {
			return Document{}, err
		}
		before.Stage, now = Proposed, act.Expected+1
	}
	if before.Stage == Proposed { // also when it was proposed before, and the check did not come to be recorded
		act.Expected = now
		check := event.DocumentChecked{Act: act, Paper: p.Paper, Findings: findings}
		check.Actor, check.Reason = event.Actor{ID: "satudata", Role: "sistem"}, ""
		if err := c.Record(ctx, check); err != nil {
			return Document{}, err
		}
	}
	return c.Document(ctx, p.Paper.Of, p.Paper.Ref())
}

// examine checks a document against what is in force. What keeps it from coming into force is an
// error, what whoever approves should know is a finding.
func (c *Catalog) examine(ctx context.Context, p Proposal) ([]event.Sentence, error) {
	if p.Paper.Of == event.KindBinding {
		return c.examineBinding(ctx, p)
	}
	contract, err := schemas.ParseContract(p.Paper.Ref(), []byte(p.Document))
	if err != nil {
		return nil, err
	}
	if err := c.checkSuccession(ctx, contract); err != nil {
		return nil, err
	}
	if err := c.checkRaised(ctx, contract); err != nil {
		return nil, err
	}
	findings, err := c.checkProducer(ctx, contract.Profile.Producer)
	if err != nil {
		return nil, err
	}
	assessed, err := c.assess(ctx, contract)
	return append(findings, assessed...), err
}

// assess is what a contract lacks by the four principles of Satu Data: for the walidata to weigh.
func (c *Catalog) assess(ctx context.Context, contract *schemas.Contract) ([]event.Sentence, error) {
	datasets, err := c.Datasets(ctx)
	if err != nil {
		return nil, err
	}
	var others []*schemas.Contract
	for _, dataset := range datasets {
		other, err := c.LatestContract(ctx, dataset)
		var faults schemas.Faults
		if errors.As(err, &faults) {
			continue // registered by a program that read contracts otherwise: no reason to hold up this one
		}
		if err != nil {
			return nil, err
		}
		if other.ID != contract.ID {
			others = append(others, other)
		}
	}
	var out []event.Sentence
	for _, principle := range assess.Check(contract, others).Principles {
		for _, f := range principle.Findings {
			at := fmt.Sprintf("%s, baris/line %d, %s: ", principle.Name, f.Line, f.Severity)
			out = append(out, event.Sentence{ID: at + f.Say.ID + "; " + f.Mend.ID, EN: at + f.Say.EN + "; " + f.Mend.EN})
		}
	}
	return out, nil
}

// checkRaised refuses a proposal whose version is raised by less than its changes need: what breaks
// consumers or producers needs a new major version, which lives beside the old one.
func (c *Catalog) checkRaised(ctx context.Context, contract *schemas.Contract) error {
	versions, err := c.contracts(ctx, contract.Dataset)
	if err != nil {
		return err
	}
	at, _ := slices.BinarySearchFunc(versions, contract.Version, func(v *schemas.Contract, version string) int { return schemas.CompareVersions(v.Version, version) })
	if at == 0 {
		return nil
	}
	before := versions[at-1]
	changes := schemas.Diff(before, contract)
	need, raised := schemas.Needed(changes), schemas.Raised(before, contract)
	if raised >= need {
		return nil
	}
	i := slices.IndexFunc(changes, func(x schemas.Change) bool { return x.Needs == need })
	return refuse(ErrInvalid, "%[1]s@%[2]s: perubahan sejak %[3]s perlu versi %[4]s: %[5]s; lihat `satudata contract diff`", "%[1]s@%[2]s: what changed since %[3]s needs a %[4]s version: %[6]s; see `satudata contract diff`",
		contract.ID, contract.Version, before.Version, need, changes[i].Say.ID, changes[i].Say.EN)
}

// checkProducer looks whether a produsen data is registered: under the walidata's policy it must be.
func (c *Catalog) checkProducer(ctx context.Context, id string) ([]event.Sentence, error) {
	producer, err := c.Organisation(ctx, id)
	if err == nil && producer.Closed != "" {
		err = noOrganisation(id)
	}
	var unknown *Refusal
	switch {
	case err == nil:
		return nil, nil
	case errors.As(err, &unknown) && c.approval == Automatic:
		return []event.Sentence{unknown.Say}, nil
	}
	return nil, err
}

// examineBinding compiles a binding with the contract version that it was written for, which must be
// in force or up for approval.
func (c *Catalog) examineBinding(ctx context.Context, p Proposal) ([]event.Sentence, error) {
	binding, err := schemas.ParseBinding(p.Paper.Ref(), []byte(p.Document))
	if err != nil {
		return nil, err
	}
	d, err := c.Document(ctx, event.KindContract, binding.Dataset+"@"+binding.Contract)
	if err != nil {
		return nil, err
	}
	contract, err := schemas.ParseContract(d.Paper().Ref(), []byte(d.Text))
	if err != nil {
		return nil, err
	}
	ref, err := schemas.LoadReference()
	if err != nil {
		return nil, err
	}
	if _, err := schemas.Compile(contract, binding, ref); err != nil {
		return nil, err
	}
	return c.checkProducer(ctx, binding.OPD)
}

// Approve puts a proposed document in force.
func (c *Catalog) Approve(ctx context.Context, p event.Paper, cmd Command) error {
	if err := c.mayDecide(cmd); err != nil {
		return err
	}
	act, err := c.act(ctx, p.About(), cmd)
	if err != nil {
		return err
	}
	d, err := c.Document(ctx, p.Of, p.Ref())
	if err != nil {
		return err
	}
	if d.Stage == Proposed || d.Stage == Examined {
		// what came into force since it was proposed may be what it cannot follow
		if _, err := c.examine(ctx, Proposal{p, d.Dataset, d.Text}); err != nil {
			return err
		}
		if p.Of == event.KindBinding {
			if err := c.contractInForce(ctx, d); err != nil {
				return err
			}
		}
	}
	return c.Record(ctx, event.DocumentApproved{Act: act, Paper: p, Basis: string(c.approval)})
}

// mayDecide refuses, under the walidata's policy, who does not decide as walidata. Whether he is one is
// not proved yet.
func (c *Catalog) mayDecide(cmd Command) error {
	if c.approval != Walidata || cmd.Actor.Role == RoleWalidata {
		return nil
	}
	return refuse(ErrInvalid, "usulan diputuskan walidata, bukan %[1]s/%[2]s; ulangi dengan --as ID/%[3]s", "proposals are decided by the walidata, not by %[1]s/%[2]s; repeat with --as ID/%[3]s",
		cmd.Actor.ID, cmp.Or(cmd.Actor.Role, "-"), RoleWalidata)
}

// contractInForce refuses a binding whose contract is not approved yet.
func (c *Catalog) contractInForce(ctx context.Context, d Document) error {
	binding, err := schemas.ParseBinding(d.Paper().Ref(), []byte(d.Text))
	if err != nil {
		return err
	}
	contract, err := c.Document(ctx, event.KindContract, binding.Dataset+"@"+binding.Contract)
	if err == nil && !contract.Stage.everInForce() {
		err = refuse(ErrInvalid, "kontrak %s belum disetujui; setujui dahulu", "contract %s is not approved; approve that first", contract.Paper().Ref())
	}
	return err
}

// Return sends a proposed document back to whoever proposed it.
func (c *Catalog) Return(ctx context.Context, p event.Paper, cmd Command) error {
	if err := c.mayDecide(cmd); err != nil {
		return err
	}
	act, err := c.act(ctx, p.About(), cmd)
	if err != nil {
		return err
	}
	return c.Record(ctx, event.DocumentReturned{Act: act, Paper: p})
}

// Deprecate says until when a version lives, or for "" every version in force.
func (c *Catalog) Deprecate(ctx context.Context, p event.Paper, until time.Time, cmd Command) error {
	if day := until.Format(time.DateOnly); day < c.today() {
		return refuse(ErrInvalid, "%[1]s sudah lewat; untuk mengakhiri sekarang pakai `satudata %[2]s retire`", "%[1]s has passed; to end it now use `satudata %[2]s retire`", day, p.Of)
	}
	act, err := c.act(ctx, p.About(), cmd)
	if err != nil {
		return err
	}
	return c.Record(ctx, event.DocumentDeprecated{Act: act, Paper: p, Until: until.Format(time.DateOnly)})
}

// Retire ends deliveries under a version, or for "" under every version in force.
func (c *Catalog) Retire(ctx context.Context, p event.Paper, cmd Command) error {
	act, err := c.act(ctx, p.About(), cmd)
	if err != nil {
		return err
	}
	return c.Record(ctx, event.DocumentRetired{Act: act, Paper: p})
}

// Register makes sure that deliveries may be read with a contract and a binding. Under the automatic
// rule it puts them in force, unless they are already; under the walidata's they must have been
// approved. A version that has been in force is what old deliveries were read with: another document
// under the same version is ErrConflict, and the answer is to raise the version. A version that has
// been retired, or whose last day has passed, is refused.
func (c *Catalog) Register(ctx context.Context, contract event.ContractRegistered, binding event.BindingRegistered) error {
	if facts, err := c.lacking(ctx, contract, binding); err == nil && len(facts) == 0 {
		return nil
	}
	const attempts = 5 // another process that registers at the same moment makes us look again
	for attempt := 1; ; attempt++ {
		if err := c.sync(ctx); err != nil { // another process may have registered or approved
			return err
		}
		facts, err := c.lacking(ctx, contract, binding)
		if err != nil || len(facts) == 0 {
			return err
		}
		if err = c.Record(ctx, facts...); !errors.Is(err, ErrConflict) || attempt == attempts {
			return err
		}
	}
}

// lacking are the facts that put a contract and a binding in force.
func (c *Catalog) lacking(ctx context.Context, contract event.ContractRegistered, binding event.BindingRegistered) ([]event.Body, error) {
	var facts []event.Body
	paper := event.Paper{Of: event.KindContract, Name: contract.Dataset, Version: contract.Version}
	revision, err := c.Revision(ctx, paper.About())
	if err != nil {
		return nil, err
	}
	standing, err := c.admit(ctx, paper, contract.Document)
	if err != nil {
		return nil, err
	}
	if !standing {
		parsed, err := schemas.ParseContract(paper.Ref(), []byte(contract.Document))
		if err != nil {
			return nil, err
		}
		if err := c.checkSuccession(ctx, parsed); err != nil {
			return nil, err
		}
		contract.Expected = &revision
		facts = append(facts, contract)
	}
	paper = event.Paper{Of: event.KindBinding, Name: binding.Binding, Version: binding.Version}
	if revision, err := c.Revision(ctx, paper.About()); err == nil {
		binding.Expected = &revision
	} else {
		return nil, err
	}
	if standing, err = c.admit(ctx, paper, binding.Document); err == nil && !standing {
		facts = append(facts, binding)
	}
	return facts, err
}

// admit says whether a document is in force. It is an error where it cannot be: it was retired, its
// last day has passed, another document has its version, or it lacks the walidata's approval.
func (c *Catalog) admit(ctx context.Context, p event.Paper, document string) (bool, error) {
	d, err := c.Document(ctx, p.Of, p.Ref())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	switch {
	case d.Stage.everInForce() && d.Text != document:
		return false, changed(p)
	case d.Stage == Retired:
		return false, refuse(ErrInvalid, "%s %s sudah ditarik: %s", "%[2]s has been retired: %[3]s", word(p.Of), p.Ref(), d.Reason)
	case d.Stage == Deprecated && c.today() > d.Until:
		return false, refuse(ErrInvalid, "%s %s hanya berlaku sampai %s: %s; pakai versi yang menggantikannya", "%[2]s lived until %[3]s: %[4]s; use the version that replaces it",
			word(p.Of), p.Ref(), d.Until, d.Reason)
	case d.Stage.everInForce():
		return true, nil
	case c.approval == Walidata:
		return false, unapproved(p, d, document)
	}
	return false, nil
}

// today is the date in the catalog's zone.
func (c *Catalog) today() string { return c.now().In(c.zone).Format(time.DateOnly) }

// unapproved says what to do to get a document approved.
func unapproved(p event.Paper, d Document, document string) error {
	command := "satudata " + string(p.Of)
	approve := fmt.Sprintf("`%s approve %s --as ID/walidata`", command, p.Ref())
	propose := fmt.Sprintf("`%s propose FILE`", command)
	switch {
	case d.Stage == SentBack && d.Text == document:
		return refuse(ErrInvalid, "%s %s dikembalikan: %s; perbaiki lalu usulkan lagi dengan %s", "%[2]s was sent back: %[3]s; mend it and propose it again with %[4]s",
			word(p.Of), p.Ref(), d.Reason, propose)
	case (d.Stage == Proposed || d.Stage == Examined) && d.Text == document:
		return refuse(ErrInvalid, "%s %s menunggu persetujuan walidata: %s", "%[2]s waits for the walidata's approval: %[3]s", word(p.Of), p.Ref(), approve)
	case d.Stage == Proposed || d.Stage == Examined:
		return refuse(ErrInvalid, "%s %s diusulkan dengan isi lain; usulkan isi ini dengan %s lalu setujui dengan %s", "%[2]s is proposed with another content; propose this one with %[3]s and approve it with %[4]s",
			word(p.Of), p.Ref(), propose, approve)
	}
	return refuse(ErrInvalid, "%s %s belum disetujui walidata; usulkan dengan %s lalu setujui dengan %s", "%[2]s is not approved by the walidata; propose it with %[3]s and approve it with %[4]s",
		word(p.Of), p.Ref(), propose, approve)
}

func changed(p event.Paper) error {
	return refuse(ErrConflict, "%s %s sudah terdaftar dengan isi lain; naikkan versinya", "%[2]s is registered with another content; raise its version", word(p.Of), p.Ref())
}
