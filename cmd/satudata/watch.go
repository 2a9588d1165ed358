package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"satudata/ingest/source"
	"satudata/ingest/source/file"
	"satudata/transform/pipeline"
)

// How often a watched place is looked at. Where the system tells of changes it is looked at when there
// is one, and seldom otherwise: another machine may write to a shared folder untold.
const (
	lookTold   = 5 * time.Second
	lookApart  = 50 * time.Millisecond // between two looks on average where many are told of: looking would be all that an idle program does
	lookUntold = time.Second
	gather     = 20 * time.Millisecond // changes come in bursts
)

// allSeen is said when every source has been read once; from then on we wait for changes. A file that
// is being written meanwhile does not count.
const allSeen = "Semua sumber sudah dilihat (all sources have been looked at)"

// absentSources is what is said instead when the places of some are not there.
const absentSources = "%d dari %d sumber sudah dilihat; yang lain tidak ada dan ditunggu (looked at so many sources; the others are not there and are waited for)\n"

// watched is a feed whose places are watched.
type watched struct {
	feed
	src        *file.Source
	next       time.Time         // when to look again
	seen       bool              // all that was there at first was offered, or had its time to settle
	registered bool              // its contract and binding are in force
	troubles   map[string]string // that last, as they were logged
}

// watcher reads feeds as their files come.
type watcher struct {
	*app
	w        *workspace
	p        parts
	feeds    []*watched
	received func()                // told of every delivery
	trouble  map[string]error      // of feeds that cannot be read
	notices  *file.Notices         // nil where the system does not tell of changes
	at       map[string][]*watched // by folder that is listened to
	all      []feed
	ignored  map[string]bool // files of which was told that they are not read
}

// watch reads what is new in the feeds, over and over, and calls received after each delivery. Trouble
// with one feed does not stop the others.
func (a *app) watch(ctx context.Context, w *workspace, p parts, feeds []feed, received func()) (err error) {
	t := &watcher{app: a, w: w, p: p, received: received, trouble: map[string]error{}, at: map[string][]*watched{}, all: feeds, ignored: map[string]bool{}}
	for _, f := range feeds {
		src, err := f.open(true)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, src.Close()) }()
		t.feeds = append(t.feeds, &watched{feed: f, src: src, troubles: map[string]string{}})
	}
	notices, err := file.OpenNotices()
	if err != nil {
		w.log.Info("the system does not tell of changes in folders, they are looked at every second", "error", err)
	} else {
		t.notices = notices
		defer func() { err = errors.Join(err, notices.Close()) }()
	}
	said := false
	for t.wait(ctx) {
		for _, f := range t.feeds {
			if ctx.Err() == nil && !time.Now().Before(f.next) {
				t.look(ctx, f)
			}
		}
		if !said && ctx.Err() == nil && t.seen() {
			said = true
			t.saySeen()
		}
	}
	return nil
}

// seen says whether every feed was read once.
func (t *watcher) seen() bool {
	return !slices.ContainsFunc(t.feeds, func(f *watched) bool { return !f.seen })
}

// saySeen says that every feed was read once, as far as it is there.
func (t *watcher) saySeen() {
	there := 0
	for _, f := range t.feeds {
		if f.src.Absent() == nil {
			there++
		}
	}
	if there == len(t.feeds) {
		fmt.Fprintln(t.stdout, allSeen)
		return
	}
	fmt.Fprintf(t.stdout, absentSources, there, len(t.feeds))
}

// wait waits until a feed is to be looked at, and says whether ctx is still on.
func (t *watcher) wait(ctx context.Context) bool {
	t.w.observer.watching(pipeline.Rest, "")
	for ctx.Err() == nil {
		next := time.Now().Add(lookTold)
		for _, f := range t.feeds {
			if f.next.Before(next) {
				next = f.next
			}
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
		case <-timer.C:
			return true
		case n := <-t.told():
			t.note(n)
		}
		timer.Stop()
	}
	return false
}

// lookEvery is how often one of so many feeds is looked at whose changes the system tells.
func lookEvery(feeds int) time.Duration { return max(lookTold, time.Duration(feeds)*lookApart) }

// told is where changes are told, nil where they are not.
func (t *watcher) told() <-chan file.Notice {
	if t.notices == nil {
		return nil
	}
	return t.notices.C
}

// note takes in a change.
func (t *watcher) note(n file.Notice) {
	feeds := t.at[n.Folder]
	if n.Path == "" { // some were missed
		feeds = t.feeds
	}
	soon := time.Now().Add(gather)
	for _, f := range feeds {
		if n.Whole {
			f.src.Whole(n.Path)
		}
		if soon.Before(f.next) {
			f.next = soon
		}
	}
}

// look reads what a feed has now.
func (t *watcher) look(ctx context.Context, f *watched) {
	t.w.observer.watching("read", f.name())
	every := lookUntold
	if t.listen(f) {
		every = lookEvery(len(t.feeds))
	}
	settling := f.src.Due()
	defer func() {
		f.next = time.Now().Add(every)
		due := f.src.Due()
		if !due.IsZero() && due.Before(f.next) {
			f.next = due
		}
		f.seen = f.seen || due.IsZero() || !settling.IsZero() && !time.Now().Before(settling)
	}()
	some, err := f.src.Look()
	if err != nil {
		t.tell(f, unseen, err)
		t.w.observer.unread(ctx, t.trouble, f.name(), err)
		return
	}
	delete(f.troubles, unseen)
	t.sayAbsent(f)
	sayIgnored(t.stdout, t.ignored, f.feed.ignored(t.all, true))
	if !some && f.registered {
		t.w.observer.unread(ctx, t.trouble, f.name(), f.absence())
		return
	}
	if f.registered = t.register(ctx, f); !f.registered {
		every = lookUntold // its contract may be approved while we run
		return
	}
	progress := announced{t.w.observer.source(f.name(), source.NewProgress(t.stdout, false, time.Now)), t.received}
	_, err = t.w.read(ctx, t.p, f.feed, f.src, progress)
	t.w.observer.unread(ctx, t.trouble, f.name(), errors.Join(err, f.absence()))
	if err != nil && ctx.Err() == nil {
		every = lookUntold
		t.tell(f, interrupted, err)
		return
	}
	delete(f.troubles, interrupted)
}

// absence is that places of a feed are not there, nil when all are.
func (f *watched) absence() error {
	err := f.src.Absent()
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s; pasang atau buat folder itu, atau perbaiki paths di satudata.yaml (mount or make it, or mend paths)", sayFile(err))
}

// sayAbsent tells people which places of a feed are not there, once until that changes, and that they have come.
func (t *watcher) sayAbsent(f *watched) {
	now := ""
	if err := f.absence(); err != nil {
		now = err.Error()
	}
	switch before := f.troubles[absent]; {
	case now == before:
		return
	case now == "":
		fmt.Fprintf(t.stdout, "%s: kini ada (is there now)\n", f.binding.ID)
	default:
		fmt.Fprintf(t.stdout, "%s: TIDAK ADA, ditunggu (is not there, waiting): %s\n", f.binding.ID, now)
	}
	f.troubles[absent] = now
}

// What may be the matter with a feed.
const (
	absent      = "source is not there"
	unseen      = "source cannot be looked at, trying again"
	unread      = "source is not read"
	interrupted = "source is held up, trying again"
)

// tell logs what is the matter with a feed, once until it changes or has passed.
func (t *watcher) tell(f *watched, what string, err error) {
	if f.troubles[what] != err.Error() {
		f.troubles[what] = err.Error()
		t.w.log.Error(what, "source", f.name(), "error", err)
	}
}

// announced is progress of which others are told when a delivery has ended.
type announced struct {
	source.Progress
	ended func()
}

func (a announced) End(o source.Outcome) {
	a.Progress.End(o)
	a.ended()
}

// register puts a feed's contract and binding in force, or says once why they are not: its contract may
// be approved, or end, while we run.
func (t *watcher) register(ctx context.Context, f *watched) bool {
	err := t.w.register(ctx, t.p, f.feed)
	switch {
	case err == nil:
		delete(f.troubles, unread)
	case ctx.Err() == nil:
		t.tell(f, unread, err)
	}
	if err != nil {
		t.w.observer.unread(ctx, t.trouble, f.name(), err)
	}
	return err == nil
}

// listen listens to the folders of a feed, and says whether it hears of all there is. A folder may come, go and
// come again, so it is asked for at every look.
func (t *watcher) listen(f *watched) bool {
	folders := f.src.Folders()
	if t.notices == nil || len(folders) < len(f.paths) {
		return false
	}
	for _, folder := range folders {
		if err := t.notices.Add(folder); err != nil {
			t.w.log.Debug("folder is looked at every second", "folder", folder, "error", err)
			return false
		}
		if !slices.Contains(t.at[folder], f) {
			t.at[folder] = append(t.at[folder], f)
		}
	}
	return true
}
