package bench

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// TestFile: the same work every time, in both forms, of the size that results are quoted for.
func TestFile(t *testing.T) {
	want := map[Input]string{
		NDJSON: `{"nomor":"IZN-2024-000000001","nib":"`,
		CSV:    header + `IZN-2024-000000001,`,
	}
	var sums []Sums
	for in, begins := range want {
		path, s, err := File(t.TempDir(), in, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), begins) {
			t.Errorf("%s begins %.120q", in, text)
		}
		if in == NDJSON && (len(text) < 230*10_000 || len(text) > 236*10_000) {
			t.Errorf("%d bytes a record, want about 233", len(text)/10_000)
		}
		sums = append(sums, s)
	}
	if err := sums[0].differs(sums[1]); err != nil {
		t.Error(err)
	}
	other := sums[0]
	other.Cents++
	if err := sums[0].differs(other); !errors.Is(err, ErrWrong) {
		t.Errorf("other sums: %v, want ErrWrong", err)
	}
}

// TestFileIsKept: a file that is there is not made again, and one that was left half made is.
func TestFileIsKept(t *testing.T) {
	dir := t.TempDir()
	path, made, err := File(dir, CSV, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, kept, err := File(dir, CSV, 100); err != nil || kept.differs(made) != nil {
		t.Errorf("kept: %v, %v", kept, err)
	}
	if text, _ := os.ReadFile(path); string(text) != "short" {
		t.Error("the file was made again")
	}
	if err := os.Remove(path + ".sums"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := File(dir, CSV, 100); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); len(text) < 1000 {
		t.Errorf("a half-made file was kept: %d bytes", len(text))
	}
}

// TestPadded: serial numbers have nine digits, whatever their size.
func TestPadded(t *testing.T) {
	for n, want := range map[int64]string{0: "000", 7: "007", 10: "010", 99: "099", 100: "100", 1234: "1234"} {
		if got := string(padded(nil, n, 3)); got != want {
			t.Errorf("padded(%d, 3) = %q, want %q", n, got, want)
		}
	}
}

// TestQuantile: the smallest value that so many do not exceed.
func TestQuantile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	for _, c := range []struct {
		of   []float64
		q    float64
		want float64
	}{{hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 1, 100}, {[]float64{7}, 0.5, 7}, {[]float64{1, 2, 3}, 0.5, 2}, {nil, 0.5, 0}} {
		if got := quantile(c.of, c.q); got != c.want {
			t.Errorf("quantile(%d values, %v) = %v, want %v", len(c.of), c.q, got, c.want)
		}
	}
}
