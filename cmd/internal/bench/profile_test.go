package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
)

// sampledProfile returns a profile with one sample for each stack, the innermost function first.
func sampledProfile(stacks map[string]time.Duration) *profile.Profile {
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}}}
	for stack, took := range stacks {
		s := &profile.Sample{Value: []int64{1, int64(took)}}
		for name := range strings.SplitSeq(stack, " ") {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		p.Sample = append(p.Sample, s)
	}
	return p
}

// A function that calls itself counts once for a sample, and the order is that of a function's own samples.
func TestTopOf(t *testing.T) {
	total, top := topOf(sampledProfile(map[string]time.Duration{"scan map main": 3 * time.Second, "map map main": time.Second, "write main": 2 * time.Second}))
	want := []line{{"scan", 3 * time.Second, 3 * time.Second}, {"write", 2 * time.Second, 2 * time.Second}, {"map", time.Second, 4 * time.Second}, {"main", 0, 6 * time.Second}}
	if d := cmp.Diff(want, top, cmp.AllowUnexported(line{})); d != "" || total != 6*time.Second {
		t.Errorf("total %v, top (-want +got):\n%s", total, d)
	}
}

// Work that runs under a profile leaves its summary, which print writes.
func TestProfileOfWork(t *testing.T) {
	p := profiles{dir: t.TempDir()}
	if err := p.run("a row, of work", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.print(&b); err != nil || !strings.Contains(b.String(), "CPU of a row, of work: ") {
		t.Errorf("got %q, %v", b.String(), err)
	}
}
