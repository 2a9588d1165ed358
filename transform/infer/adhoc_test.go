package infer

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func adhoc(t *testing.T, name, ext, text string) *Proposal {
	t.Helper()
	p := filepath.Join(t.TempDir(), "f"+ext)
	os.WriteFile(p, []byte(text), 0o644)
	at := time.Now()
	done := make(chan *Proposal, 1)
	go func() {
		pr, err := Propose(context.Background(), []string{p}, Options{})
		if err != nil {
			s := err.Error()
			if len(s) > 300 {
				s = s[:300]
			}
			fmt.Println(name, "ERR", s)
		}
		done <- pr
	}()
	select {
	case pr := <-done:
		fmt.Println(name, len(text), time.Since(at).Round(time.Millisecond))
		return pr
	case <-time.After(40 * time.Second):
		fmt.Println(name, len(text), "TIMEOUT")
	}
	return nil
}

func TestAdhoc(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	wide := func(cols, rows int, cell func(i, j int) string) string {
		var b strings.Builder
		for i := range cols {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "kolom_%d", i)
		}
		b.WriteByte('\n')
		for j := range rows {
			for i := range cols {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(cell(i, j))
			}
			b.WriteByte('\n')
		}
		return b.String()
	}
	adhoc(t, "wide1000", ".csv", wide(1000, 50, func(i, j int) string { return fmt.Sprint(r.Intn(100000)) }))
	adhoc(t, "wide4000", ".csv", wide(4000, 20, func(i, j int) string { return fmt.Sprint(r.Intn(100000)) }))
	adhoc(t, "wide4000text", ".csv", wide(4000, 20, func(i, j int) string { return "t" + fmt.Sprint(r.Intn(100000)) }))
	adhoc(t, "wide20000text", ".csv", wide(20000, 3, func(i, j int) string { return "t" + fmt.Sprint(r.Intn(100000)) }))
	adhoc(t, "keys200", ".csv", wide(200, 5000, func(i, j int) string { return fmt.Sprint(r.Intn(3)) }))
	adhoc(t, "consts60", ".csv", wide(60, 30000, func(i, j int) string { return fmt.Sprint(r.Intn(2)) }))
	adhoc(t, "texts5", ".csv", wide(5, 300000, func(i, j int) string { return fmt.Sprint("a", r.Int()) }))
	adhoc(t, "longcell", ".csv", "a,b\n"+strings.Repeat("x", 1<<20)+",1\n"+strings.Repeat("9", 1<<20)+",2\n")
	adhoc(t, "longdigits", ".csv", "a,b\n"+strings.Repeat("9", 1<<20)+",1\n"+strings.Repeat("9", 1<<20)+",2\n")
	adhoc(t, "longhead", ".csv", strings.Repeat("judul ", 1<<16)+",b\n1,2\n3,4\n")
	adhoc(t, "quotes", ".csv", "a,b\n"+strings.Repeat("\"", 100001)+"\n1,2\n")
	var nd strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&nd, "{\"k%d\":1,\"z\":2}\n", i)
	}
	adhoc(t, "ndkeys", ".ndjson", nd.String())
	adhoc(t, "nddeep", ".ndjson", "{\"a\":"+strings.Repeat("[", 100000)+strings.Repeat("]", 100000)+"}\n{\"a\":1}\n")
	adhoc(t, "years", ".csv", "wilayah,"+strings.Join(func() (y []string) {
		for i := 1945; i <= 2060; i++ {
			y = append(y, fmt.Sprint(i))
		}
		return
	}(), ",")+"\n"+strings.Repeat("A"+strings.Repeat(",5", 116)+"\n", 2000))
	adhoc(t, "empty", ".csv", "")
	adhoc(t, "nul", ".csv", "a,b\n\x00\x00,\x01\n")
	adhoc(t, "dupheads", ".csv", "a,a,a\n1,2,3\n4,5,6\n")
	adhoc(t, "emptyheads", ".csv", ",,\n1,2,3\n4,5,6\n")
	adhoc(t, "weirdheads", ".csv", "#1,\"x: y\",\"- [a]\",null,~,yes,1.0,\"a\nb\",\"{{}}\",\"'\",\"é\",#3\n"+strings.Repeat("1,2,3,4,5,6,7,8,9,10,11,12\n", 4))
	adhoc(t, "weirdvals", ".csv", "jenis,x,n\n\"- a: [\",null,1\n\"# b\",~,2\n\"'c\",yes,3\n\"*d\",no,4\n\"&e\",1e5,5\n\"!f\",0x1,6\n\"a\nb\",.inf,7\n")
	adhoc(t, "html", ".csv", "<html><body>error</body></html>")
}

func TestAdhocRegion(t *testing.T) {
	show := func(name, csv string) {
		p := adhoc(t, name, ".csv", csv)
		if p == nil {
			return
		}
		for _, d := range p.Decisions {
			if strings.Contains(d.About, "odeSystem") || strings.Contains(d.Choice, "odeSystem") || d.About == "kolom kode_kab" || strings.Contains(d.About, "kode") {
				fmt.Printf("   %s = %s ask=%v %v %s\n", d.About, d.Choice, d.Ask, d.Confidence, d.Why.ID)
			}
		}
	}
	show("jakarta-nonames", "kode_kab,tahun,jumlah\n3171,2020,5\n3172,2020,6\n3173,2020,7\n3174,2020,8\n3175,2020,9\n")
	show("java-nonames", "kode_kab,tahun,jumlah\n3201,2020,5\n3202,2020,6\n3203,2020,7\n3204,2020,8\n3205,2020,9\n")
	show("sumsel-nonames", "kode_kab,tahun,jumlah\n1671,2020,5\n1672,2020,6\n1673,2020,7\n1674,2020,8\n1601,2020,9\n")
	show("desa-nodots", "kode_desa,tahun,jumlah\n3201010001,2020,5\n3201010002,2020,6\n3201012003,2020,7\n3201012004,2020,8\n3201012005,2020,9\n")
}
