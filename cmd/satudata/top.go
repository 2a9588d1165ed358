package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func (a *app) topCommand() *cobra.Command {
	var once bool
	var every time.Duration
	c := &cobra.Command{
		Use: "top", Short: "Pandangan langsung: laju, ketertinggalan, tolakan (live view: rates, lag, rejects)",
		Long: `Menampilkan setiap dataset selagi satudata up atau land bekerja di proses lain, diperbarui setiap detik; q atau Ctrl-C
mengakhiri. Tidak perlu konfigurasi: dibaca dari tabel dan katalog. Dengan ops.listen tampak pula apakah proses itu siap.
LAJU baris per detik; LAG potongan log yang belum mendarat dan UMUR yang tertua; LIPAT baris yang belum dilipat
dibanding tabel kini; TRB/TGU/KBL kiriman terbit, menunggu, kembali atau ditolak.

(Shows every dataset while satudata up or land works in another process, every second; q or Ctrl-C ends. It needs no
configuration: it reads the tables and the catalog. LAJU rows per second, LAG chunks of the log that have not landed,
UMUR the age of the oldest, LIPAT rows not yet folded against the current table, TRB/TGU/KBL deliveries published,
waiting, returned or refused.)`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := a.workspace()
			if err != nil {
				return err
			}
			if every < 100*time.Millisecond {
				return usageError("--every %s: paling cepat 100ms (100ms at least)", every)
			}
			if once || !terminal(a.stdout) {
				return a.topOnce(c.Context(), w, every)
			}
			return a.topLive(c.Context(), w, every)
		},
	}
	c.Flags().BoolVar(&once, "once", false, "satu gambar saja, juga bila keluaran bukan terminal (one frame; so too when the output is no terminal)")
	c.Flags().DurationVar(&every, "every", time.Second, "jarak antargambar (time between frames)")
	return c
}

// topOnce prints one frame, with the rates over one interval.
func (a *app) topOnce(ctx context.Context, w *workspace, every time.Duration) error {
	before, err := w.look(ctx)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(every):
	}
	now, err := w.look(ctx)
	if err != nil {
		return err
	}
	const many = 1 << 20
	_, err = io.WriteString(a.stdout, frame(w.cfg.Name, w.zone, before, now, 80, many))
	return err
}

// What a terminal is told.
const (
	otherScreen = "\x1b[?1049h\x1b[?25l" // and no cursor
	ownScreen   = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	toLineEnd   = "\x1b[K"
	toEnd       = "\x1b[J"
)

// topLive draws frames until q, Ctrl-C or the end of ctx, and leaves the terminal as it was.
func (a *app) topLive(ctx context.Context, w *workspace, every time.Duration) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if in, ok := a.stdin.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		old, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return err
		}
		defer term.Restore(int(in.Fd()), old) //nolint:errcheck // there is nothing left to try
		go func() {                           // it ends with the process: a read of a terminal cannot be broken off
			untilQuit(in)
			stop()
		}()
	}
	if _, err := io.WriteString(a.stdout, otherScreen); err != nil {
		return err
	}
	defer io.WriteString(a.stdout, ownScreen) //nolint:errcheck // the terminal has gone
	var before moment
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		now, err := w.look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := a.draw(w, before, now); err != nil {
			return err
		}
		before = now
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *app) draw(w *workspace, before, now moment) error {
	width, height := 80, 24
	if f, ok := a.stdout.(*os.File); ok {
		if x, y, err := term.GetSize(int(f.Fd())); err == nil && x > 0 && y > 0 {
			width, height = x, y
		}
	}
	text := frame(w.cfg.Name, w.zone, before, now, width, height)
	out := home
	for i, line := range splitLines(text) {
		if i > 0 {
			out += "\r\n"
		}
		out += line + toLineEnd
	}
	_, err := io.WriteString(a.stdout, out+toEnd)
	return err
}

// untilQuit reads keys until one that ends.
func untilQuit(in io.Reader) {
	key := make([]byte, 1)
	for {
		if n, err := in.Read(key); err != nil || n == 1 && (key[0] == 'q' || key[0] == 'Q' || key[0] == 3) {
			return
		}
	}
}
