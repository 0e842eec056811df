package corpus

import (
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"
)

// A slip is a mistake as testdata/mistakes writes it.
type slip struct {
	Name    string
	File    string            // that is changed; it may be new
	Replace string            // a text that the file holds once
	With    string            // what stands there instead
	Append  string            // goes to the end of the file
	Add     map[string]string // new files
	Delete  bool              // the file is gone
	In      string            // where the mistake shows; unsaid: File
	Line    string            // a text of the right line; unsaid: that of the first changed line
	Lines   []int             // the right lines, where no text tells them
	Says    string            // what message or hint must hold
	Warns   bool              // a warning is enough
}

// written reads the mistakes that are written by hand.
func (j *judge) written(t *testing.T, dir string) []mistake {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []mistake
	for _, f := range files {
		src, err := os.ReadFile(path.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var slips []slip
		if err := yaml.Unmarshal(src, &slips); err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		for _, s := range slips {
			all = append(all, j.mistake(t, f.Name(), s))
		}
	}
	return all
}

func (j *judge) mistake(t *testing.T, file string, s slip) mistake {
	t.Helper()
	m := mistake{name: file + ": " + s.Name, files: fstest.MapFS{}, file: s.In, lines: s.Lines, says: s.Says, warns: s.Warns}
	if m.file == "" {
		m.file = s.File
	}
	for name, text := range s.Add {
		m.files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	first := 0 // the first changed line
	switch {
	case s.Delete:
		m.files[s.File] = &fstest.MapFile{}
	case s.Append != "":
		text := j.text(t, s.File)
		first = 1 + strings.Count(text, "\n")
		m.files[s.File] = &fstest.MapFile{Data: []byte(text + s.Append)}
	case s.Replace != "":
		text := j.text(t, s.File)
		if strings.Count(text, s.Replace) != 1 {
			t.Fatalf("%s: %s holds %q %d times", m.name, s.File, s.Replace, strings.Count(text, s.Replace))
		}
		first = 1 + strings.Count(text[:strings.Index(text, s.Replace)], "\n")
		m.files[s.File] = &fstest.MapFile{Data: []byte(strings.Replace(text, s.Replace, s.With, 1))}
	}
	switch {
	case len(m.lines) > 0:
	case s.Line != "":
		m.lines = []int{j.lineOf(t, m, s.Line)}
	default:
		m.lines = []int{first}
	}
	return m
}

// lineOf returns the only line of the mistake's file that holds a text.
func (j *judge) lineOf(t *testing.T, m mistake, text string) int {
	t.Helper()
	src := ""
	if f, ok := m.files[m.file]; ok {
		src = string(f.Data)
	} else {
		src = j.text(t, m.file)
	}
	found := 0
	for i, line := range strings.Split(src, "\n") {
		if strings.Contains(line, text) {
			if found > 0 {
				t.Fatalf("%s: two lines of %s hold %q", m.name, m.file, text)
			}
			found = i + 1
		}
	}
	if found == 0 {
		t.Fatalf("%s: no line of %s holds %q", m.name, m.file, text)
	}
	return found
}
