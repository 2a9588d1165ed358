package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"satudata/catalog/query"
	"satudata/ingest/eventlog"
	"satudata/ingest/trace"
)

// app is one invocation: where it reads and writes, and the flags that every command has.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	dir      string
	settings []string // --set key=value
	as       string   // --as: who decides
	logLevel string

	logFormat  string
	opsListen  string // --ops-listen, of commands that keep running
	tracer     *trace.Tracer
	endTracing func(context.Context) error // nil: tracing was not begun
}

// run executes one command line and returns its exit code. Tests call it as main does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	a.stopTracing(ctx)
	if err != nil && ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, query.ErrCanceled)) {
		fmt.Fprintln(stderr, "satudata: dihentikan (interrupted)")
		return exitInterrupted
	}
	if err != nil {
		fmt.Fprintf(stderr, "satudata: %s\n", a.say(err))
		if errors.Is(err, eventlog.ErrLocked) {
			fmt.Fprintln(stderr, "satudata: ruang kerja sedang dipakai proses lain; hentikan proses itu. Selagi ia bekerja: taruh berkas di folder yang diawasi `satudata up`, dan untuk memeriksa atau membangun ulang buat salinan dengan `satudata backup` lalu `satudata restore` (the workspace is in use; stop that process. While it runs: put files where `satudata up` watches, and to verify or rebuild make a copy by `satudata backup` and `satudata restore`)")
		}
	}
	if a.full(err) {
		return exitNoAccess
	}
	return exitCode(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "satudata",
		Short: "Gudang Satu Data Indonesia untuk pemerintah daerah (the Satu Data warehouse of a region)",
		Long: `satudata mengalirkan rekaman setiap OPD ke satu log peristiwa, menyeragamkannya menurut kontrak
data, mendaratkannya tepat satu kali ke tabel Iceberg, dan menjawab kueri SQL dari satu sumber.

(satudata streams the records of every OPD into one event log, normalises them to data contracts,
lands them exactly once in Iceberg tables, and answers SQL from that one source.)

Kode keluar (exit codes): 0 berhasil, 1 gangguan, 2 salah pakai atau konfigurasi, 3 kiriman ditolak,
4 hitungan tidak cocok, 5 ruang kerja sedang dipakai, 6 log, katalog tabel atau berkas tidak dapat diakses, 7 tidak ditemukan, 130 dihentikan.`,
		SilenceErrors: true, SilenceUsage: true,
	}
	group(root)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError("%s; lihat `%s --help` (see its --help)", sayFlag(err), c.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVarP(&a.dir, "dir", "C", ".", "ruang kerja (workspace folder)")
	flags.StringArrayVar(&a.settings, "set", nil, "nilai konfigurasi, misalnya log.kind=kafka (a configuration value, over file and environment)")
	flags.StringVar(&a.as, "as", "", "pelaku keputusan, id atau id/peran; belum dibuktikan (who decides, id or id/role; not authenticated yet)")
	flags.StringVar(&a.logLevel, "log-level", "", "debug | info | warn | error (default logging.level, warn)")
	flags.StringVar(&a.logFormat, "log-format", "", "text | json (default logging.format, text)")
	root.AddCommand(a.demoCommand(), a.initCommand(), a.configCommand(), a.orgCommand(), a.appCommand(), a.contractCommand(), a.bindingCommand(), a.refCommand(), a.ingestCommand(), a.landCommand(), a.upCommand(),
		a.datasetsCommand(), a.deliveriesCommand(), a.rejectsCommand(), a.queryCommand(), a.verifyCommand(), a.replayCommand(),
		a.repairCommand(), a.backupCommand(), a.restoreCommand(), a.maintainCommand(), a.doctorCommand(), a.topCommand(), a.logCommand(),
		a.benchCommand(), a.versionCommand())
	for _, c := range root.Commands() {
		positional(c)
	}
	return root
}

// group makes c a command that only holds others.
func group(c *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	c.Args, c.SuggestionsMinimumDistance = cobra.ArbitraryArgs, 2
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		near := ""
		if found := c.SuggestionsFor(args[0]); len(found) > 0 {
			near = "; maksudnya " + strings.Join(found, ", ") + "?"
		}
		return usageError("perintah %q tidak dikenal%s lihat `%s --help` (unknown command, see its --help)", args[0], near, c.CommandPath())
	}
	c.AddCommand(commands...)
	return c
}

// positional turns cobra's complaints about arguments into usage errors.
func positional(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError("%s; lihat `%s --help` (see its --help)", sayArguments(err), cmd.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		positional(sub)
	}
}

// sayFlag says in both languages what cobra says in English of a flag.
func sayFlag(err error) string {
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var wrong *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		return fmt.Sprintf("pilihan --%s tidak dikenal (unknown flag)", unknown.GetSpecifiedName())
	case errors.As(err, &unknown):
		return fmt.Sprintf("pilihan -%s tidak dikenal (unknown flag)", unknown.GetSpecifiedShortnames())
	case errors.As(err, &bare):
		return fmt.Sprintf("pilihan --%s perlu nilai (the flag needs a value)", bare.GetFlag().Name)
	case errors.As(err, &wrong):
		return fmt.Sprintf("nilai %q tidak sah untuk --%s: jenisnya %s (not a valid value of the flag, which has this type)", wrong.GetValue(), wrong.GetFlag().Name, wrong.GetFlag().Value.Type())
	}
	return fmt.Sprintf("pilihan tidak dapat dibaca (%v)", err)
}

// sayArguments says in both languages what cobra says in English of the number of arguments, or of a
// command that is not there.
func sayArguments(err error) string {
	var least, most, got int
	var word string
	text := err.Error()
	is := func(format string, into ...any) bool {
		n, _ := fmt.Sscanf(text, format, into...)
		return n == len(into)
	}
	switch {
	case is("accepts between %d and %d arg(s), received %d", &least, &most, &got):
		return fmt.Sprintf("perlu %d sampai %d argumen, ada %d (%s)", least, most, got, text)
	case is("accepts at most %d arg(s), received %d", &most, &got):
		return fmt.Sprintf("paling banyak %d argumen, ada %d (%s)", most, got, text)
	case is("accepts %d arg(s), received %d", &most, &got):
		return fmt.Sprintf("perlu %d argumen, ada %d (%s)", most, got, text)
	case is("requires at least %d arg(s), only received %d", &least, &got):
		return fmt.Sprintf("perlu sedikitnya %d argumen, ada %d (%s)", least, got, text)
	case is("unknown command %q for", &word):
		return fmt.Sprintf("perintah %q tidak dikenal (unknown command)", word)
	case is("invalid argument %q for", &word):
		return fmt.Sprintf("argumen %q tidak dikenal (unknown argument)", word)
	}
	return fmt.Sprintf("argumen tidak sesuai (%s)", text)
}

// workspace opens the workspace that -C names, with --set over the environment over its file.
func (a *app) workspace() (*workspace, error) {
	environ := env.ToMap(os.Environ())
	if err := applySettings(environ, a.settings); err != nil {
		return nil, err
	}
	w, err := openWorkspace(a.dir, environ)
	if err != nil {
		return nil, err
	}
	if a.opsListen != "" {
		w.cfg.Ops.Listen = a.opsListen
	}
	if w.log, err = a.logger(w.cfg.Logging); err != nil {
		return nil, err
	}
	if w.tracer, err = a.tracing(context.Background(), w.log); err != nil {
		return nil, err
	}
	w.actor, err = a.actor(w.cfg.Actor)
	return w, err
}

// applySettings writes key=value settings as the environment variables of their keys.
func applySettings(environ map[string]string, settings []string) error {
	params, err := env.GetFieldParamsWithOptions(&Config{}, env.Options{Prefix: "SATUDATA_"})
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(params))
	for _, p := range params {
		known[p.Key] = true
	}
	for _, s := range settings {
		key, value, ok := strings.Cut(s, "=")
		name := "SATUDATA_" + screaming(key)
		if !ok || !known[name] {
			return usageError("--set %s: kunci tidak dikenal; lihat `satudata config` (unknown key, see `satudata config`)", s)
		}
		environ[name] = value
	}
	return nil
}

// screaming turns log.kafka.serverName into LOG_KAFKA_SERVER_NAME.
func screaming(key string) string {
	var b strings.Builder
	for _, r := range key {
		switch {
		case r == '.':
			b.WriteByte('_')
		case unicode.IsUpper(r):
			b.WriteByte('_')
			b.WriteRune(r)
		default:
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

// terminal says whether w is a terminal that shows a progress bar.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// clock renders t in the workspace's zone.
func (w *workspace) clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(w.zone).Format("2006-01-02 15:04 MST")
}
