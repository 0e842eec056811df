package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/pprof/profile"
)

// topLines is how many functions the summary of a profile names.
const topLines = 15

// profileEnv names the file that a child writes the CPU profile of its work to. Without it there is none.
const profileEnv = "DRAY_BENCH_PROFILE"

// A line is one function of a profile: its own samples, and those of all it called.
type line struct {
	function  string
	flat, cum time.Duration
}

// profiles collects where the CPU time of the rows goes.
type profiles struct {
	dir  string // keeps the whole profiles; empty: only their summaries are kept
	list []summary
}

type summary struct {
	what  string
	total time.Duration
	top   []line
}

// run runs work under a CPU profile, once more than what is measured: a profile has its price. One at a time.
func (p *profiles) run(what string, work func() error) error {
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		return err
	}
	err := work()
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	return p.add(what, b.Bytes())
}

// child runs a command of this program, which writes its own profile, once more than it is measured.
func (p *profiles) child(what string, run func(env string) error) error {
	f, err := os.CreateTemp("", "dray-bench-*.pprof")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := f.Close(); err != nil {
		return err
	}
	if err := run(profileEnv + "=" + f.Name()); err != nil {
		return err
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		return err
	}
	return p.add(what, data)
}

// inChild runs the work of a child, under a profile where its parent asks for one.
func inChild(work func() error) error {
	path := os.Getenv(profileEnv)
	if path == "" {
		return work()
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return work()
}

// add keeps the profile of a row.
func (p *profiles) add(what string, data []byte) error {
	parsed, err := profile.ParseData(data)
	if err != nil {
		return fmt.Errorf("reading the profile of %s: %w", what, err)
	}
	total, top := topOf(parsed)
	p.list = append(p.list, summary{what, total, top})
	if p.dir == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(p.dir, fileName(what)+".pprof"), data, 0o600)
}

// fileName makes a file's name of what a row is about.
func fileName(what string) string {
	words := strings.FieldsFunc(strings.ToLower(what), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-")
}

// topOf returns the CPU time of a profile and the functions that have most of it, by their own samples.
func topOf(p *profile.Profile) (total time.Duration, top []line) {
	value := len(p.SampleType) - 1 // nanoseconds; before it comes their count
	lines := map[string]*line{}
	at := func(name string) *line {
		if lines[name] == nil {
			lines[name] = &line{function: name}
		}
		return lines[name]
	}
	for _, s := range p.Sample {
		took := time.Duration(s.Value[value])
		total += took
		names := functions(s)
		if len(names) == 0 {
			continue
		}
		at(names[0]).flat += took
		slices.Sort(names)
		for _, name := range slices.Compact(names) { // once, however deep a function calls itself
			at(name).cum += took
		}
	}
	sorted := slices.SortedFunc(maps.Values(lines), func(a, b *line) int {
		return cmp.Or(cmp.Compare(b.flat, a.flat), cmp.Compare(b.cum, a.cum), cmp.Compare(a.function, b.function))
	})
	for _, l := range sorted[:min(len(sorted), topLines)] {
		top = append(top, *l)
	}
	return total, top
}

// functions returns the functions of a sample's stack, the innermost first.
func functions(s *profile.Sample) []string {
	var names []string
	for _, l := range s.Location {
		for _, f := range l.Line {
			names = append(names, f.Function.Name)
		}
	}
	return names
}

// print writes the summaries.
func (p *profiles) print(w io.Writer) error {
	for _, s := range p.list {
		if _, err := fmt.Fprintf(w, "\nCPU of %s: %.2fs sampled\n   own   with all it calls\n", s.what, s.total.Seconds()); err != nil {
			return err
		}
		share := func(d time.Duration) float64 { return 100 * d.Seconds() / max(s.total.Seconds(), 1e-9) }
		for _, l := range s.top {
			if _, err := fmt.Fprintf(w, "%5.1f%%  %5.1f%%  %s\n", share(l.flat), share(l.cum), l.function); err != nil {
				return err
			}
		}
	}
	return nil
}
