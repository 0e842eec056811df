package files_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

const (
	largeEnv     = "DRAY_TEST_LARGE_MB" // how large the large files are, in MB; 200 when unset
	largeChild   = "DRAY_TEST_LARGE_CHILD"
	mostResident = 150 << 10 // KiB
)

// largeFiles are files of which each holds many of the same record.
var largeFiles = map[string]struct{ object, before, record, between, after string }{
	"lines":                {`{"pattern": "f", "format": "jsonl"}`, "", largeRecord, "\n", "\n"},
	"a list":               {`{"pattern": "f", "format": "json"}`, "[", largeRecord, ",", "]"},
	"a list in a document": {`{"pattern": "f", "format": "json", "records": "data.orders"}`, `{"n":1,"data":{"orders":[`, largeRecord, ",", `],"x":[1]},"y":2}`},
	"behind another list":  {`{"pattern": "f", "format": "json", "records": "few"}`, `{"many":[`, largeRecord, ",", `],"few":[{"a":1}]}`},
	"csv":                  {`{"pattern": "f", "format": "csv"}`, "id,name,note\n", `1234567890,"name ""quoted""",` + strings.Repeat("x", 900), "\n", "\n"},
}

var largeRecord = `{"id":9007199254740993,"name":"#1001","lines":[{"sku":"A","price":"10.00"},{"sku":"B","price":"1.50"}],"note":"` + strings.Repeat("é", 400) + `"}`

// A file is read in bounded memory however large it is.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads large files")
	}
	for name := range largeFiles {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestReadsLargeFile$", "-test.v")
			cmd.Env = append(os.Environ(), largeChild+"="+name)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for line := range strings.Lines(string(out)) {
				if strings.Contains(line, "MiB resident") {
					t.Log(strings.TrimSpace(line))
				}
			}
		})
	}
}

// TestReadsLargeFile is the child of TestMemoryIsBounded.
func TestReadsLargeFile(t *testing.T) {
	f, ok := largeFiles[os.Getenv(largeChild)]
	if !ok {
		t.Skip("the child of TestMemoryIsBounded")
	}
	megabytes := 200
	if text := os.Getenv(largeEnv); text != "" {
		var err error
		if megabytes, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	c, dir := folder(t, f.object, nil)
	want := megabytes << 20 / (len(f.record) + len(f.between))
	writeLarge(t, filepath.Join(dir, "f"), f.before, f.record, f.between, f.after, want)
	if strings.HasPrefix(f.before, `{"many"`) {
		want = 1
	}
	got := 0
	r, err := c.OpenRead(t.Context(), adapters.ReadRequest{Object: "o", Mode: adapters.ReadFull})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close(t.Context()) }()
	var b record.Batch
	for {
		if err := r.Next(t.Context(), &b); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got += b.Len()
	}
	most := peakResident(t)
	t.Logf("%d records of a file of %d MB, %d MiB resident at most", got, megabytes, most>>10)
	if got != want {
		t.Errorf("read %d records, want %d", got, want)
	}
	if most > mostResident {
		t.Errorf("%d KiB resident, more than %d", most, mostResident)
	}
}

func writeLarge(t *testing.T, path, before, text, between, after string, n int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	_, _ = w.WriteString(before) // Flush reports what fails
	for i := range n {
		if i > 0 {
			_, _ = w.WriteString(between)
		}
		_, _ = w.WriteString(text)
	}
	_, _ = w.WriteString(after)
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// peakResident returns the most memory that this process had resident, in KiB.
func peakResident(t *testing.T) (kib int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(status), "VmHWM:")
	if !ok {
		t.Fatal("no VmHWM in /proc/self/status")
	}
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}
