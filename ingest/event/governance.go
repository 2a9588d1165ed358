package event

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Kind is a kind of thing that is governed: decisions about one change it by revisions.
type Kind string

// The kinds. A contract is a dataset's, with all its versions; a binding is one source's.
const (
	KindOrganisation Kind = "organisation"
	KindApplication  Kind = "application"
	KindContract     Kind = "contract"
	KindBinding      Kind = "binding"
)

// Subject names a governed thing.
type Subject struct {
	Kind Kind
	ID   string
}

// Actor is who decided. Until identities come it is who he says he is.
type Actor struct {
	ID   string `json:"id"`
	Role string `json:"role,omitempty"` // as Organisation.Role, "sistem" for the program itself, or ""
}

// Act is what decisions have in common.
//
// A decision counts only when the thing is still at the revision that the actor saw: of two writers
// the one whose fact comes first in the log wins, and the fact of the other stays in the log without
// effect. So every reader of the log sees the same winner, on any log.
type Act struct {
	Actor    Actor  `json:"actor"`
	Expected int64  `json:"expected"` // revision of the thing that the actor saw; 0: it was not there
	Reason   string `json:"reason,omitempty"`
}

// By is who decided, and why.
func (a Act) By() (Actor, string) { return a.Actor, a.Reason }

// Seen is the revision that the actor saw. The fact counts at no other; ok is false for a fact that
// counts at any.
func (a Act) Seen() (revision int64, ok bool) { return a.Expected, true }

// Decision is a fact about a governed thing.
type Decision interface {
	Body
	About() Subject
	By() (actor Actor, reason string)
	Seen() (revision int64, ok bool)
}

// identity is the identity of a decision: the thing, the revision and the whole content. The same
// command repeated after a crash is the same fact; two different ones never are.
func identity(d Decision) string {
	content, err := json.Marshal(d)
	if err != nil {
		panic(err) // decisions are structs of texts and numbers
	}
	sum := sha256.Sum256(content)
	revision, _ := d.Seen()
	return fmt.Sprintf("%s#%d:%s", d.About().ID, revision, hex.EncodeToString(sum[:]))
}

// Organisation is a body that has a part in Satu Data: Perpres 39/2019, Pasal 18-24.
type Organisation struct {
	ID     string `json:"id"` // as bindings and produsenData name it: "bpbd"
	Name   string `json:"name"`
	Role   string `json:"role"`             // opd | walidata | walidata_pendukung | bappeda | pembina
	Parent string `json:"parent,omitempty"` // id of the organisation that it is a unit of
}

// Application is an information system of an OPD.
type Application struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Owner       string   `json:"owner"` // organisation
	Description string   `json:"description,omitempty"`
	URL         string   `json:"url,omitempty"`
	Produces    []string `json:"produces,omitempty"` // datasets that it is a source of
	Consumes    []string `json:"consumes,omitempty"` // datasets that it reads: whom a change of contract concerns
}

// OrganisationRegistered says that an organisation takes part. A closed one may be registered again.
type OrganisationRegistered struct {
	Act
	Organisation
}

// OrganisationUpdated replaces what was said of an organisation.
type OrganisationUpdated struct {
	Act
	Organisation
}

// OrganisationClosed says that an organisation takes part no longer.
type OrganisationClosed struct {
	Act
	ID string `json:"id"`
}

// ApplicationRegistered says that an application exists. A retired one may be registered again.
type ApplicationRegistered struct {
	Act
	Application
}

// ApplicationUpdated replaces what was said of an application.
type ApplicationUpdated struct {
	Act
	Application
}

// ApplicationRetired says that an application is used no longer.
type ApplicationRetired struct {
	Act
	ID string `json:"id"`
}

// Paper names a version of a contract or a binding.
type Paper struct {
	Of      Kind   `json:"of"`      // KindContract | KindBinding
	Name    string `json:"name"`    // dataset, or "<opd>.<source>"
	Version string `json:"version"` // for DocumentDeprecated and DocumentRetired "" means every version in force
}

// DocumentProposed puts a version of a contract or binding up for approval (diusulkan). A version
// that was never in force may be proposed again with other content.
type DocumentProposed struct {
	Act
	Paper
	Dataset  string `json:"dataset"`
	Document string `json:"document"` // YAML, verbatim
}

// DocumentChecked is what checking a proposed document found (diperiksa).
type DocumentChecked struct {
	Act
	Paper
	Findings []Sentence `json:"findings"`
}

// DocumentApproved puts a proposed document in force (disetujui).
type DocumentApproved struct {
	Act
	Paper
	Basis string `json:"basis"` // policy: "automatic", or "walidata", under which nobody approves what he proposed
}

// DocumentReturned sends a proposed document back, with a reason (dikembalikan).
type DocumentReturned struct {
	Act
	Paper
}

// DocumentDeprecated says until when a document in force lives (usang).
type DocumentDeprecated struct {
	Act
	Paper
	Until string `json:"until"` // last day, "2026-12-31"
}

// DocumentRetired says that nothing new is delivered under a document (ditarik). What was delivered
// is still read with it.
type DocumentRetired struct {
	Act
	Paper
}

// About implements [Decision].
func (b OrganisationRegistered) About() Subject {
	return Subject{KindOrganisation, b.Organisation.ID}
}

// About implements [Decision].
func (b OrganisationUpdated) About() Subject { return Subject{KindOrganisation, b.Organisation.ID} }

// About implements [Decision].
func (b OrganisationClosed) About() Subject { return Subject{KindOrganisation, b.ID} }

// About implements [Decision].
func (b ApplicationRegistered) About() Subject { return Subject{KindApplication, b.Application.ID} }

// About implements [Decision].
func (b ApplicationUpdated) About() Subject { return Subject{KindApplication, b.Application.ID} }

// About implements [Decision].
func (b ApplicationRetired) About() Subject { return Subject{KindApplication, b.ID} }

// About implements [Decision].
func (p Paper) About() Subject { return Subject{p.Of, p.Name} }

// Ref is how people name the version.
func (p Paper) Ref() string {
	if p.Version == "" {
		return p.Name
	}
	return p.Name + "@" + p.Version
}

// About implements [Decision].
func (b ContractRegistered) About() Subject { return Subject{KindContract, b.Dataset} }

// By implements [Decision].
func (b ContractRegistered) By() (Actor, string) { return b.Actor, "" }

// Seen implements [Decision].
func (b ContractRegistered) Seen() (int64, bool) { return seen(b.Expected) }

// About implements [Decision].
func (b BindingRegistered) About() Subject { return Subject{KindBinding, b.Binding} }

// By implements [Decision].
func (b BindingRegistered) By() (Actor, string) { return b.Actor, "" }

// Seen implements [Decision].
func (b BindingRegistered) Seen() (int64, bool) { return seen(b.Expected) }

func seen(expected *int64) (int64, bool) {
	if expected == nil {
		return 0, false
	}
	return *expected, true
}

func typeOf(of Kind, verb string) string { return "id.satudata." + string(of) + "." + verb + ".v1" }

// FactType implements [Body].
func (OrganisationRegistered) FactType() string { return typeOf(KindOrganisation, "registered") }

// FactType implements [Body].
func (OrganisationUpdated) FactType() string { return typeOf(KindOrganisation, "updated") }

// FactType implements [Body].
func (OrganisationClosed) FactType() string { return typeOf(KindOrganisation, "closed") }

// FactType implements [Body].
func (ApplicationRegistered) FactType() string { return typeOf(KindApplication, "registered") }

// FactType implements [Body].
func (ApplicationUpdated) FactType() string { return typeOf(KindApplication, "updated") }

// FactType implements [Body].
func (ApplicationRetired) FactType() string { return typeOf(KindApplication, "retired") }

// FactType implements [Body].
func (b DocumentProposed) FactType() string { return typeOf(b.Of, "proposed") }

// FactType implements [Body].
func (b DocumentChecked) FactType() string { return typeOf(b.Of, "checked") }

// FactType implements [Body].
func (b DocumentApproved) FactType() string { return typeOf(b.Of, "approved") }

// FactType implements [Body].
func (b DocumentReturned) FactType() string { return typeOf(b.Of, "returned") }

// FactType implements [Body].
func (b DocumentDeprecated) FactType() string { return typeOf(b.Of, "deprecated") }

// FactType implements [Body].
func (b DocumentRetired) FactType() string { return typeOf(b.Of, "retired") }

// Identity implements [Body].
func (b OrganisationRegistered) Identity() string { return identity(b) }

// Identity implements [Body].
func (b OrganisationUpdated) Identity() string { return identity(b) }

// Identity implements [Body].
func (b OrganisationClosed) Identity() string { return identity(b) }

// Identity implements [Body].
func (b ApplicationRegistered) Identity() string { return identity(b) }

// Identity implements [Body].
func (b ApplicationUpdated) Identity() string { return identity(b) }

// Identity implements [Body].
func (b ApplicationRetired) Identity() string { return identity(b) }

// Identity implements [Body].
func (b DocumentProposed) Identity() string { return identity(b) }

// Identity implements [Body].
func (b DocumentChecked) Identity() string { return identity(b) }

// Identity implements [Body].
func (b DocumentApproved) Identity() string { return identity(b) }

// Identity implements [Body].
func (b DocumentReturned) Identity() string { return identity(b) }

// Identity implements [Body].
func (b DocumentDeprecated) Identity() string { return identity(b) }

// Identity implements [Body].
func (b DocumentRetired) Identity() string { return identity(b) }

// parseDecision decodes a decision; the Body is nil for a type that is none.
func parseDecision(factType string, value []byte) (b Body, err error) {
	switch factType {
	case OrganisationRegistered{}.FactType():
		b, err = body[OrganisationRegistered](value)
	case OrganisationUpdated{}.FactType():
		b, err = body[OrganisationUpdated](value)
	case OrganisationClosed{}.FactType():
		b, err = body[OrganisationClosed](value)
	case ApplicationRegistered{}.FactType():
		b, err = body[ApplicationRegistered](value)
	case ApplicationUpdated{}.FactType():
		b, err = body[ApplicationUpdated](value)
	case ApplicationRetired{}.FactType():
		b, err = body[ApplicationRetired](value)
	case typeOf(KindContract, "proposed"), typeOf(KindBinding, "proposed"):
		b, err = body[DocumentProposed](value)
	case typeOf(KindContract, "checked"), typeOf(KindBinding, "checked"):
		b, err = body[DocumentChecked](value)
	case typeOf(KindContract, "approved"), typeOf(KindBinding, "approved"):
		b, err = body[DocumentApproved](value)
	case typeOf(KindContract, "returned"), typeOf(KindBinding, "returned"):
		b, err = body[DocumentReturned](value)
	case typeOf(KindContract, "deprecated"), typeOf(KindBinding, "deprecated"):
		b, err = body[DocumentDeprecated](value)
	case typeOf(KindContract, "retired"), typeOf(KindBinding, "retired"):
		b, err = body[DocumentRetired](value)
	}
	if err == nil && b != nil && b.FactType() != factType {
		err = fmt.Errorf("it says of itself that it is %s", b.FactType())
	}
	return b, err
}
