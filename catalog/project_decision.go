package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"satudata/ingest/event"
)

// projector applies one decision. Its methods look before they write, so a refusal leaves no trace,
// and they look at nothing but the projection, so every projection of a log decides alike.
type projector struct {
	ctx context.Context
	tx  *sql.Tx
	at  string // time of the fact
}

// effect is what a decision does to the thing that it is about.
func (p projector) effect(d event.Decision) (*Refusal, error) {
	switch b := d.(type) {
	case event.OrganisationRegistered:
		return p.organisation(b.Organisation, true)
	case event.OrganisationUpdated:
		return p.organisation(b.Organisation, false)
	case event.OrganisationClosed:
		return p.closeOrganisation(b.ID)
	case event.ApplicationRegistered:
		return p.application(b.Application, true)
	case event.ApplicationUpdated:
		return p.application(b.Application, false)
	case event.ApplicationRetired:
		return p.retireApplication(b.ID)
	case event.ContractRegistered:
		paper := event.Paper{Of: event.KindContract, Name: b.Dataset, Version: b.Version}
		return p.register(paper, b.Dataset, b.Document, b.Actor)
	case event.BindingRegistered:
		paper := event.Paper{Of: event.KindBinding, Name: b.Binding, Version: b.Version}
		return p.register(paper, b.Dataset, b.Document, b.Actor)
	case event.DocumentProposed:
		return p.propose(b)
	case event.DocumentChecked:
		return p.check(b)
	case event.DocumentApproved:
		return p.approve(b)
	case event.DocumentReturned:
		return p.decideProposal(b.Paper, SentBack, b.Reason)
	case event.DocumentDeprecated:
		return p.end(b.Paper, Deprecated, b.Until, b.Reason)
	case event.DocumentRetired:
		return p.end(b.Paper, Retired, "", b.Reason)
	}
	return nil, fmt.Errorf("decision %s has no projection", d.FactType())
}

func (p projector) exec(query string, args ...any) error {
	_, err := p.tx.ExecContext(p.ctx, query, args...)
	return err
}

// text returns the only value of a query, ok = false when there is no row.
func (p projector) text(query string, args ...any) (s string, ok bool, err error) {
	err = p.tx.QueryRowContext(p.ctx, query, args...).Scan(&s)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return s, err == nil, err
}

// open says whether an organisation is registered and not closed.
func (p projector) open(organisation string) (bool, error) {
	closed, known, err := p.text(`SELECT closed FROM organisations WHERE id = ?`, organisation)
	return known && closed == "", err
}

// organisation registers an organisation, or updates one.
func (p projector) organisation(o event.Organisation, register bool) (*Refusal, error) {
	active, err := p.open(o.ID)
	switch {
	case err != nil:
		return nil, err
	case register && active:
		return refuse(ErrConflict, "organisasi %s sudah terdaftar", "organisation %s is registered already", o.ID), nil
	case !register && !active:
		return noOrganisation(o.ID), nil
	}
	if lost, err := p.parent(o); lost != nil || err != nil {
		return lost, err
	}
	if o.Role == RoleWalidata {
		other, taken, err := p.text(`SELECT id FROM organisations WHERE role = ? AND closed = '' AND id <> ?`, RoleWalidata, o.ID)
		if err != nil || taken {
			return refuse(ErrConflict, "walidata tingkat daerah hanya satu (Perpres 39/2019, Pasal 21): %s", "a region has one walidata (Perpres 39/2019, Pasal 21): %s", other), err
		}
	}
	return nil, p.exec(`INSERT OR REPLACE INTO organisations VALUES (?, ?, ?, ?, '')`, o.ID, o.Name, o.Role, o.Parent)
}

// parent refuses a parent that is not there, or that is a unit of the organisation itself.
func (p projector) parent(o event.Organisation) (*Refusal, error) {
	for at := o.Parent; at != ""; {
		if at == o.ID {
			return refuse(ErrInvalid, "organisasi %s tidak dapat menjadi bagian dari dirinya", "organisation %s cannot be a unit of itself", o.ID), nil
		}
		active, err := p.open(at)
		if err != nil || !active {
			return noOrganisation(at), err
		}
		if at, _, err = p.text(`SELECT parent FROM organisations WHERE id = ?`, at); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func noOrganisation(id string) *Refusal {
	return refuse(ErrNotFound, "organisasi %s tidak terdaftar; daftarkan dengan `satudata org add`", "organisation %s is not registered; register it with `satudata org add`", id)
}

func (p projector) closeOrganisation(id string) (*Refusal, error) {
	active, err := p.open(id)
	if err != nil || !active {
		return noOrganisation(id), err
	}
	for _, held := range []struct{ query, what, whatEN string }{
		{`SELECT id FROM organisations WHERE parent = ? AND closed = ''`, "unit", "unit"},
		{`SELECT id FROM applications WHERE owner = ? AND retired = ''`, "aplikasi", "application"},
	} {
		other, found, err := p.text(held.query+` ORDER BY id LIMIT 1`, id)
		if err != nil || found {
			return refuse(ErrInvalid, "organisasi %[1]s masih mempunyai %[2]s %[4]s; tutup atau pindahkan dahulu", "organisation %[1]s still has the %[3]s %[4]s; close or move that first",
				id, held.what, held.whatEN, other), err
		}
	}
	return nil, p.exec(`UPDATE organisations SET closed = ? WHERE id = ?`, p.at, id)
}

// application registers an application, or updates one.
func (p projector) application(a event.Application, register bool) (*Refusal, error) {
	retired, known, err := p.text(`SELECT retired FROM applications WHERE id = ?`, a.ID)
	active := known && retired == ""
	switch {
	case err != nil:
		return nil, err
	case register && active:
		return refuse(ErrConflict, "aplikasi %s sudah terdaftar", "application %s is registered already", a.ID), nil
	case !register && !active:
		return noApplication(a.ID), nil
	}
	owned, err := p.open(a.Owner)
	if err != nil || !owned {
		return noOrganisation(a.Owner), err
	}
	return nil, p.exec(`INSERT OR REPLACE INTO applications VALUES (?, ?, ?, '', ?)`, a.ID, a.Name, a.Owner, encode(a))
}

func noApplication(id string) *Refusal {
	return refuse(ErrNotFound, "aplikasi %s tidak terdaftar", "application %s is not registered", id)
}

func (p projector) retireApplication(id string) (*Refusal, error) {
	retired, known, err := p.text(`SELECT retired FROM applications WHERE id = ?`, id)
	if err != nil || !known || retired != "" {
		return noApplication(id), err
	}
	return nil, p.exec(`UPDATE applications SET retired = ? WHERE id = ?`, p.at, id)
}

// stage is where a version stands; "" when nobody has proposed it.
func (p projector) stage(d event.Paper) (Stage, error) {
	s, _, err := p.text(`SELECT stage FROM documents WHERE kind = ? AND name = ? AND version = ?`, d.Of, d.Name, d.Version)
	return Stage(s), err
}

// put replaces a version that was never in force.
func (p projector) put(d event.Paper, dataset, document string, stage Stage, by event.Actor, reason string) (*Refusal, error) {
	now, err := p.stage(d)
	if err != nil {
		return nil, err
	}
	if now.everInForce() {
		return refuse(ErrConflict, "%s sudah pernah berlaku; naikkan versinya", "%s has been in force; raise its version", d.Ref()), nil
	}
	return nil, p.exec(`INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, '[]')`,
		d.Of, d.Name, d.Version, dataset, document, stage, by.ID, p.at, reason)
}

func (p projector) register(d event.Paper, dataset, document string, by event.Actor) (*Refusal, error) {
	return p.put(d, dataset, document, InForce, by, "")
}

func (p projector) propose(b event.DocumentProposed) (*Refusal, error) {
	return p.put(b.Paper, b.Dataset, b.Document, Proposed, b.Actor, b.Reason)
}

// pending refuses a version that is not up for approval.
func (p projector) pending(d event.Paper) (*Refusal, error) {
	now, err := p.stage(d)
	switch {
	case err != nil:
		return nil, err
	case now == "":
		return refuse(ErrNotFound, "%s belum diusulkan", "%s has not been proposed", d.Ref()), nil
	case now != Proposed && now != Examined:
		return refuse(ErrInvalid, "%s tidak menunggu persetujuan: sudah %s", "%[1]s does not wait for approval: it is %[3]s", d.Ref(), now, now.english()), nil
	}
	return nil, nil
}

func (p projector) check(b event.DocumentChecked) (*Refusal, error) {
	if lost, err := p.pending(b.Paper); lost != nil || err != nil {
		return lost, err
	}
	return nil, p.exec(`UPDATE documents SET stage = ?, time = ?, findings = ? WHERE kind = ? AND name = ? AND version = ?`,
		Examined, p.at, encode(append([]event.Sentence{}, b.Findings...)), b.Of, b.Name, b.Version)
}

func (p projector) approve(b event.DocumentApproved) (*Refusal, error) {
	proposer, _, err := p.text(`SELECT proposer FROM documents WHERE kind = ? AND name = ? AND version = ?`, b.Of, b.Name, b.Version)
	if err != nil {
		return nil, err
	}
	if lost, err := p.pending(b.Paper); lost != nil || err != nil {
		return lost, err
	}
	if b.Basis == string(Walidata) && proposer == b.Actor.ID {
		return refuse(ErrInvalid, "%[1]s diusulkan oleh %[2]s sendiri; yang menyetujui harus orang lain (--as ID/walidata)", "%[1]s was proposed by %[2]s; somebody else must approve it (--as ID/walidata)",
			b.Ref(), proposer), nil
	}
	return p.decideProposal(b.Paper, InForce, b.Reason)
}

// decideProposal approves or sends back what is up for approval.
func (p projector) decideProposal(d event.Paper, stage Stage, reason string) (*Refusal, error) {
	if lost, err := p.pending(d); lost != nil || err != nil {
		return lost, err
	}
	return nil, p.exec(`UPDATE documents SET stage = ?, time = ?, reason = ? WHERE kind = ? AND name = ? AND version = ?`,
		stage, p.at, reason, d.Of, d.Name, d.Version)
}

// end deprecates or retires one version in force, or all of them.
func (p projector) end(d event.Paper, stage Stage, until, reason string) (*Refusal, error) {
	const which = ` kind = ? AND name = ? AND ? IN ('', version) AND stage IN (?, ?)`
	_, found, err := p.text(`SELECT version FROM documents WHERE`+which+` LIMIT 1`, d.Of, d.Name, d.Version, InForce, Deprecated)
	if err != nil {
		return nil, err
	}
	if !found {
		return refuse(ErrNotFound, "%s %s tidak sedang berlaku", "%[2]s is not in force", word(d.Of), d.Ref()), nil
	}
	return nil, p.exec(`UPDATE documents SET stage = ?, time = ?, until = ?, reason = ? WHERE`+which,
		stage, p.at, until, reason, d.Of, d.Name, d.Version, InForce, Deprecated)
}
