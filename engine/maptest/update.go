package maptest

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// An Update is what to write so that cases expect what came out.
type Update struct {
	Files map[string][]byte // by path in the repository, whole
	Cases int               // how many expectations change
	// Left are cases that stay as they are, each with the reason.
	Left diag.List
}

// Updated changes the expectations of failed cases to what came out, in the text of the files they stand in: what differs is replaced, and
// comments and everything else stay. A part of an output stays a part. fsys is what the model was loaded from.
func Updated(fsys fs.FS, m *config.Model, r Report) (Update, error) {
	u := &updater{fsys: fsys, model: m, yaml: map[string]*yamlFile{}, outcomes: map[string]map[int]*Result{}}
	u.out.Files = map[string][]byte{}
	for i := range r.Results {
		c := &r.Results[i]
		switch {
		case c.Passed && c.tc.Expected.File == "":
		case c.tc.Expected.File != "":
			if !c.Passed {
				if u.outcomes[c.tc.Expected.File] == nil {
					u.outcomes[c.tc.Expected.File] = map[int]*Result{}
				}
				u.outcomes[c.tc.Expected.File][c.tc.Expected.Index] = c
			}
		default:
			if err := u.inTest(c); err != nil {
				u.leave(c, err)
				continue
			}
			u.out.Cases++
		}
	}
	if err := u.finish(); err != nil {
		return Update{}, err
	}
	return u.out, nil
}

type updater struct {
	fsys     fs.FS
	model    *config.Model
	yaml     map[string]*yamlFile
	outcomes map[string]map[int]*Result // by file of expectations and index
	out      Update
}

func (u *updater) leave(c *Result, err error) {
	u.out.Left.Add(diag.Diagnostic{
		Code: CodeNotUpdated, Severity: diag.Warning, Pos: c.Pos, Path: c.tc.Path,
		Message: "the expectation was not updated: " + err.Error(), Hint: "write by hand what dray test shows",
	})
}

func (u *updater) finish() error {
	for _, file := range slices.Sorted(maps.Keys(u.yaml)) {
		if len(u.yaml[file].edits) == 0 {
			continue
		}
		text, err := u.yaml[file].text()
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		u.out.Files[file] = text
	}
	for _, file := range slices.Sorted(maps.Keys(u.outcomes)) {
		text, err := u.file(file)
		if err != nil {
			for _, c := range u.outcomes[file] {
				u.leave(c, err)
			}
			continue
		}
		u.out.Files[file], u.out.Cases = text, u.out.Cases+len(u.outcomes[file])
	}
	return nil
}

// inTest changes an expectation that stands in the test itself.
func (u *updater) inTest(c *Result) error {
	source := u.model.Tests[c.Test].Source
	if path.Ext(source.At.File) == ".cue" {
		return fmt.Errorf("it is written in CUE")
	}
	f := u.yaml[source.At.File]
	if f == nil {
		src, err := fs.ReadFile(u.fsys, source.At.File)
		if err == nil {
			f, err = readYAML(src)
		}
		if err != nil {
			return err
		}
		u.yaml[source.At.File] = f
	}
	test := f.resource("MappingTest", c.Test)
	if test == nil {
		return errWritten
	}
	name, value, err := outcome(c)
	if err != nil {
		return err
	}
	if c.tc.ExpectedAt != c.tc.Path { // the row gets one of its own
		row, err := valueAt(test, c.tc.Path)
		if err != nil {
			return err
		}
		return f.add(row, name, value)
	}
	around, err := valueAt(test, c.tc.Path)
	if err != nil {
		return err
	}
	return change(f, around, c, name, value)
}

func valueAt(v *yamlValue, at string) (*yamlValue, error) {
	p, err := record.ParsePath(at)
	if err != nil {
		return nil, err
	}
	if v = v.at(p); v == nil {
		return nil, errWritten
	}
	return v, nil
}

// change writes an expectation into a case that has another, or an older one.
func change(f *yamlFile, around *yamlValue, c *Result, name string, value record.Value) error {
	old := around.member(expects(c.tc))
	switch {
	case old == nil:
		return errWritten
	case old.key.Value != name || len(c.Differences) == 0:
		return f.rename(old, name, value)
	}
	want, err := record.ParseJSON(expected(c.tc))
	if err != nil {
		return err
	}
	anew := map[string]record.Path{}
	for _, d := range c.Differences {
		p, err := record.ParsePath("_" + joinedIndex(d.Path)) // a path may begin with an index only behind a name
		if err != nil {
			return err
		}
		p = p[1:]
		if d.Want == "" || d.Got == "" { // something is too much or missing: the list or object around it is written anew
			p = p[:max(len(p)-1, 0)]
		}
		anew[p.String()] = p
	}
	for _, p := range anew {
		if inside(anew, p) {
			continue
		}
		if err := f.replaceAt(old, p, p.In(value), p.In(want)); err != nil {
			return err
		}
	}
	return nil
}

// joinedIndex returns a path so that it can stand behind a name.
func joinedIndex(path string) string {
	if path == "" || path[0] == '[' {
		return path
	}
	return "." + path
}

// inside reports whether something around a path is written anew.
func inside(anew map[string]record.Path, p record.Path) bool {
	for i := range p {
		if _, ok := anew[p[:i].String()]; ok {
			return true
		}
	}
	return false
}

func (f *yamlFile) replaceAt(v *yamlValue, p record.Path, got, want record.Value) error {
	if v = v.at(p); v == nil {
		return errWritten
	}
	if got.Equal(want) {
		return nil
	}
	return f.replace(v, got)
}

// expects returns the name of a case's expectation.
func expects(tc *config.TestCase) string {
	switch {
	case tc.Expect != nil:
		return "expect"
	case tc.ExpectExactly != nil:
		return "expectExactly"
	case tc.ExpectRejected != nil:
		return "expectRejected"
	case tc.ExpectSkipped:
		return "expectSkipped"
	case tc.ExpectFiltered:
		return "expectFiltered"
	}
	return "expectParked"
}

func expected(tc *config.TestCase) []byte {
	if tc.ExpectExactly != nil {
		return tc.ExpectExactly
	}
	return tc.Expect
}

// outcome returns the expectation that what came of a case meets.
func outcome(c *Result) (name string, value record.Value, err error) {
	yes := record.BoolValue(true)
	switch c.Outcome {
	case mapping.Skipped:
		return "expectSkipped", yes, nil
	case mapping.Filtered:
		return "expectFiltered", yes, nil
	case mapping.Parked:
		return "expectParked", yes, nil
	case mapping.Rejected:
		if c.Reason.Rule == "" { // it did not even run
			return "", value, fmt.Errorf("%s", c.Failure)
		}
		return "expectRejected", rejected(c.Reason), nil
	}
	if c.Output == nil {
		return "", value, fmt.Errorf("%s", c.Failure)
	}
	got, err := record.ParseJSON(c.Output)
	if err != nil || c.tc.Expect == nil {
		name = "expect"
		if c.tc.ExpectExactly != nil {
			name = "expectExactly"
		}
		return name, got, err
	}
	want, err := record.ParseJSON(c.tc.Expect)
	return "expect", part(want, got), err
}

func rejected(r mapping.Reason) record.Value {
	var names []string
	var values []record.Value
	for _, p := range []struct{ name, text string }{{"field", r.Field}, {"rule", string(r.Rule)}, {"check", r.Check}} {
		if p.text != "" {
			names, values = append(names, p.name), append(values, record.StringValue(p.text))
		}
	}
	return record.ObjectValue(names, values)
}

// part returns what of got a part that is expected speaks of.
func part(want, got record.Value) record.Value {
	switch {
	case want.Kind() == record.Object && got.Kind() == record.Object:
		var names []string
		var values []record.Value
		for i, name := range want.Names() {
			if g := got.Get(name); !g.IsAbsent() {
				names, values = append(names, name), append(values, part(want.Index(i), g))
			}
		}
		return record.ObjectValue(names, values)
	case want.Kind() == record.List && got.Kind() == record.List:
		values := slices.Clone(got.Elements())
		for i := range values {
			if i < want.Len() {
				values[i] = part(want.Index(i), values[i])
			}
		}
		return record.ListValue(values)
	case want.Equal(got):
		return want // as it is written
	}
	return got
}
