package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"satudata/catalog"
	"satudata/ingest/eventlog"
	"satudata/ingest/eventlog/embedded"
	"satudata/ingest/eventlog/kafka"
	"satudata/transform/lake"
)

// log looks at the event log.
func (x *exam) log(ctx context.Context) {
	if x.w.cfg.Log.Kind == "kafka" {
		x.kafka(ctx)
		return
	}
	path := x.w.path("log", "log.db")
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		switch n := x.w.projected(ctx); {
		case n > 0:
			x.lostLog("log", 0, n)
		case x.w.hasTables():
			x.trouble(broken, "log", "belum ada, padahal lake memuat tabel: log hilang", "not there, and there are tables: it was lost", "jangan jalankan ingest atau up; kembalikan log yang utuh, atau cadangan dengan `satudata restore`", "run neither ingest nor up; bring the whole log back, or a backup by `satudata restore`")
		default:
			x.well("log", "belum ada; dibuat oleh ingest atau up yang pertama", "not there yet; the first ingest or up makes it")
		}
		return
	}
	if err != nil {
		x.trouble(broken, "log", sayFile(err), "cannot be looked at", "beri izin atas folder log", "give permission for the folder log")
		return
	}
	l, err := embedded.Open(x.w.path("log"), embedded.Options{})
	switch {
	case errors.Is(err, eventlog.ErrLocked):
		note, _ := os.ReadFile(x.w.path("log", "log.pid"))
		x.well("log", fmt.Sprintf("%s, dipakai proses %s", humanize.IBytes(uint64(info.Size())), strings.TrimSpace(string(note))), "in use by that process, as it should be while up or land runs")
	case errors.Is(err, eventlog.ErrCorrupt):
		x.trouble(broken, "log", err.Error(), "the log is damaged", "hentikan semua proses, simpan salinan folder log, lalu pulihkan log.db dari cadangan", "stop all processes, keep a copy of the folder log, and restore log.db from a backup")
	case err != nil:
		x.trouble(broken, "log", sayFile(err), "the log cannot be opened", "periksa izin dan disk folder log", "see to the permissions and the disk of the folder log")
	default:
		x.opened(ctx, l, "log", humanize.IBytes(uint64(info.Size())))
	}
}

func (x *exam) lostLog(check string, holds, projected int64) {
	x.trouble(broken, check, fmt.Sprintf("log memuat %d fakta, padahal state/catalog.db memuat %d: log hilang, atau diganti salinan lama", holds, projected),
		"the projection holds more facts than the log: it was lost, or replaced by an old copy",
		"jangan jalankan ingest atau up; kembalikan log yang utuh, atau cadangan dengan `satudata restore`", "run neither ingest nor up; bring the whole log back, or a backup by `satudata restore`")
}

// opened looks into a log and closes it.
func (x *exam) opened(ctx context.Context, l eventlog.Log, check, what string) {
	defer func() { _ = l.Close() }()
	projected := x.w.projected(ctx) // before the log, which others may write to
	held, err := holdings(ctx, l)
	if err != nil {
		x.trouble(broken, check, sayFile(err), "the log cannot be read", "jalankan `satudata verify`; bila rusak, pulihkan dari cadangan", "run `satudata verify`; restore it from a backup when it is damaged")
		return
	}
	facts := int64(0)
	for _, h := range held {
		if h.Topic == eventlog.CatalogTopic {
			facts = h.Next
		}
	}
	if facts < projected {
		x.lostLog(check, facts, projected)
	} else {
		x.well(check, fmt.Sprintf("%s, %d partisi terbaca", what, len(held)), "the partitions are read")
	}
	for _, h := range held {
		if h.Next == h.First {
			continue
		}
		records, err := l.Read(ctx, h.Topic, h.Partition, h.Next-1, 1)
		if err == nil && len(records) > 0 {
			x.notFuture(check, fmt.Sprintf("pesan terbaru %s/%d", h.Topic, h.Partition), records[0].Time)
		}
	}
}

// kafka looks at the brokers, one by one, and then at the cluster as we use it.
func (x *exam) kafka(ctx context.Context) {
	const patience = 3 * time.Second
	for _, broker := range x.w.cfg.Log.Kafka.Brokers {
		conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", broker)
		if err != nil {
			x.trouble(warning, "kafka", fmt.Sprintf("broker %s tidak terjangkau: %v", broker, err), "the broker cannot be reached",
				"periksa apakah broker berjalan, alamat di log.kafka.brokers, DNS dan firewall", "see whether it runs; check log.kafka.brokers, DNS and the firewall")
			continue
		}
		_ = conn.Close()
	}
	o := x.w.kafkaOptions()
	o.RetryFor = patience
	l, err := kafka.Open(ctx, o)
	switch {
	case errors.Is(err, eventlog.ErrAccess):
		x.trouble(broken, "kafka", err.Error(), "the brokers refuse us, or are not who they should be", "periksa log.kafka.sasl (mechanism, user, password) dan log.kafka.tls (ca, cert, serverName) dengan pengelola Kafka",
			"check log.kafka.sasl and log.kafka.tls with whoever runs Kafka")
	case err != nil:
		x.trouble(broken, "kafka", err.Error(), "no broker answers", "jalankan broker, atau perbaiki log.kafka.brokers; yang sudah diterima tidak hilang", "start the brokers or mend log.kafka.brokers; nothing that was received is lost")
	default:
		x.opened(ctx, l, "kafka", strings.Join(o.Brokers, ", "))
	}
}

// notFuture notes when something was written at a time that has not come yet.
func (x *exam) notFuture(check, what string, at time.Time) {
	const tolerance = 5 * time.Second
	ahead := time.Until(at)
	if ahead <= tolerance {
		return
	}
	v := warning
	if ahead > time.Minute {
		v = broken
	}
	x.trouble(v, check, fmt.Sprintf("%s bertanggal %s di depan jam mesin ini", what, ahead.Round(time.Second)), "the clock of this machine is behind what was written",
		"setel jam mesin ini dan broker dengan NTP (timedatectl set-ntp true); urutan data tetap benar, tetapi waktu yang dicatat tidak", "set this machine's clock and the brokers' by NTP; the order of data stays right, recorded times do not")
}

// projection looks at the catalog of facts.
func (x *exam) projection(ctx context.Context) {
	path := x.w.path("state", "catalog.db")
	if _, err := os.Stat(path); err != nil {
		x.well("katalog", "belum ada; dibuat dari log", "not there yet; it is made of the log")
		return
	}
	const doID, doEN = "bila terkunci, hentikan program yang memegangnya; bila rusak, hapus state/catalog.db*: dibangun ulang dari log", "when locked, stop the program that holds it; when damaged, remove state/catalog.db*: it is rebuilt from the log"
	c, err := catalog.Open(ctx, path, catalog.Options{})
	if errors.Is(err, catalog.ErrOutdated) {
		x.trouble(warning, "katalog", "state/catalog.db dibuat versi program yang lain", "it is of another version of the program", "jalankan `satudata land --once`; dibangun ulang dari log dengan sendirinya", "run `satudata land --once`; it is rebuilt from the log")
		return
	}
	if err != nil {
		x.trouble(broken, "katalog", err.Error(), "the projection cannot be opened", doID, doEN)
		return
	}
	defer func() { _ = c.Close() }()
	standings, err := c.Standings(ctx)
	if err == nil {
		err = c.Ping(ctx)
	}
	if err != nil {
		x.trouble(broken, "katalog", err.Error(), "the projection cannot be used", doID, doEN)
		return
	}
	var n int64
	for _, s := range standings {
		n += s.Count
	}
	x.well("katalog", fmt.Sprintf("%d kiriman, dapat ditulis", n), "deliveries; it can be written")
	if last, err := c.Newest(ctx); err == nil {
		x.notFuture("jam", "fakta terbaru", last)
	}
}

// What to do when the tables' catalog in PostgreSQL cannot be opened or written.
const (
	doPostgresID = "periksa apakah server PostgreSQL berjalan dan menerima tulisan, lalu lake.catalog.url dan lake.catalog.password; tidak ada yang hilang"
	doPostgresEN = "see whether the PostgreSQL server runs and takes writes, then lake.catalog.url and lake.catalog.password; nothing is lost"
)

// lake looks at the tables.
func (x *exam) lake(ctx context.Context) {
	if !folderExists(x.w.path("lake")) {
		x.well("tabel", "belum ada; dibuat oleh land atau up yang pertama", "not there yet; the first land or up makes them")
		return
	}
	l, err := x.w.openLake(ctx)
	switch {
	case errors.Is(err, lake.ErrElsewhere):
		x.trouble(broken, "tabel", err.Error(), "the folder was copied or moved, or its catalog is not the configured one", "kembalikan folder lake ke tempat semula dan lake.catalog ke nilai semula; untuk menyalin, pakai `satudata backup` dan `satudata restore`",
			"move the folder lake and lake.catalog back to what they were; to copy, use `satudata backup` and `satudata restore`")
		return
	case err != nil && x.w.cfg.Lake.Catalog.Kind == "postgres":
		x.trouble(broken, "tabel", err.Error(), "the tables' catalog cannot be opened", doPostgresID, doPostgresEN)
		return
	case err != nil:
		x.trouble(broken, "tabel", err.Error(), "the tables' catalog cannot be opened", "periksa izin lake/catalog.db; bila rusak, hentikan semua proses dan jalankan `satudata repair`: dibangun ulang dari log",
			"check the permissions of lake/catalog.db; when damaged, stop all processes and run `satudata repair`: it is rebuilt from the log")
		return
	}
	defer func() { _ = l.Close() }()
	if err := l.Ping(ctx); err != nil {
		doID, doEN := "hentikan program lain yang mengunci lake/catalog.db", "stop the other program that locks lake/catalog.db"
		if x.w.cfg.Lake.Catalog.Kind == "postgres" {
			doID, doEN = doPostgresID, doPostgresEN
		}
		x.trouble(broken, "tabel", "katalog tabel tidak dapat ditulis: "+err.Error(), "the tables' catalog cannot be written", doID, doEN)
		return
	}
	x.tables(ctx, l)
}

func (x *exam) tables(ctx context.Context, l *lake.Lake) {
	datasets, err := l.Datasets(ctx)
	if err != nil {
		x.trouble(broken, "tabel", err.Error(), "the tables cannot be listed", "jalankan `satudata verify`", "run `satudata verify`")
		return
	}
	bad := 0
	lost, err := l.Unregistered(ctx)
	if err != nil {
		bad++
		x.trouble(broken, "tabel", sayFile(err), "the folders of the tables cannot be listed", "beri izin baca atas folder lake", "let this user read the folder lake")
	}
	if len(lost) > 0 {
		bad++
		x.trouble(broken, "tabel", fmt.Sprintf("%d tabel di folder lake tidak dikenal katalog tabel: %s", len(lost), strings.Join(lost, ", ")), "the table catalog does not know these tables of the folder lake",
			"hentikan semua proses dan jalankan `satudata repair`: tabel itu didaftarkan lagi", "stop all processes and run `satudata repair`: they are registered again")
	}
	for _, d := range datasets {
		if _, _, err := l.Gauges(ctx, d); err != nil {
			bad++
			x.trouble(broken, "tabel", sayFile(err), "the metadata of "+d+" cannot be read", "hentikan semua proses dan jalankan `satudata repair "+d+"`: dibangun ulang dari log",
				"stop all processes and run `satudata repair "+d+"`: it is rebuilt from the log")
		}
	}
	if bad == 0 {
		x.well("tabel", fmt.Sprintf("%d dataset, dapat ditulis", len(datasets)), "datasets; the catalog can be written")
	}
}
