package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	pathpkg "path"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/diag"
)

// touchpoints judges what flows say of their connections and mappings.
func (e *environment) touchpoints() {
	for _, name := range e.judged("Touchpoint") {
		t := e.model.Touchpoints[name].Spec
		r := e.index["Touchpoint/"+name]
		e.about(r)
		e.starts(r, &t)
		o, ok := e.object(r, "spec.source", t.Source.Connection, t.Source.Object)
		if ok && t.OnReject.Read != "" && !o.CanRead(adapters.ReadKeys) {
			e.problemPath(r, "spec.onReject.read", codeUnsupported, fmt.Sprintf("%q cannot be read by key", t.Source.Object),
				"declare its key under spec.objects of the connection, or remove read, so that the record is tried as it was read")
		}
		if ok && t.Source.Read != "" && !o.CanRead(adapters.ReadMode(t.Source.Read)) {
			e.unreadable(r, t.Source, o)
		}
		for _, d := range t.Targets() {
			o, ok := e.object(r, d.Path, d.Destination.Connection, d.Destination.Object)
			if ok {
				e.removal(r, &t, d, o)
			}
			if ok && d.Destination.Write != "" && !o.CanWrite(adapters.WriteMode(d.Destination.Write)) {
				e.problemPath(r, d.Path+".write", codeUnsupported, fmt.Sprintf("%q cannot be written in the mode %s", d.Destination.Object, d.Destination.Write), "it can be written with "+wordList(o.Writes))
			}
			e.byLedger(r, &t, d, o, ok)
			e.action(r, d, o)
			if d.Destination.ByLedger() {
				continue
			}
			e.key(r, mappedKey{d.Mapping, d.Destination.Key, func(i int) string { return fmt.Sprintf("%s.key[%d]", d.Path, i) }})
		}
		e.source(r, &t)
		e.delivery(r, &t)
		e.steps(r, &t)
		e.writeBacks(r, &t)
		e.noneElsewhere(r, &t)
		e.routes(r, &t)
		e.waysOf(r, t)
		e.bound(r, t)
	}
}

// unreadable reports a way of reading that an object does not have.
func (e *environment) unreadable(r *loaded, source SourceSpec, o adapters.Object) {
	if len(o.Reads) == 0 {
		e.problemPath(r, "spec.source.object", codeUnsupported, fmt.Sprintf("%q can be written, but not read", source.Object), "take an object that can be read")
		return
	}
	path, hint := "spec.source.read", "write read: with one of "+wordList(o.Reads)
	if r.tree().get("spec").get("source").key("read") == nil {
		path = "spec.source.object"
	}
	if source.Read == string(adapters.ReadIncremental) && len(o.Cursor) == 0 {
		hint = "declare its cursor under spec.objects of the connection, or write read: full"
	}
	e.problemPath(r, path, codeUnsupported, fmt.Sprintf("%q cannot be read in the mode %s", source.Object, source.Read), hint)
}

func wordList[T ~string](words []T) string {
	if len(words) == 0 {
		return "nothing: take another object"
	}
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return orList(all)
}

// object finds an object that the application describes. false: it is not described, and may exist all the same.
func (e *environment) object(r *loaded, path, connection, object string) (adapters.Object, bool) {
	c, ok := e.model.Connections[connection]
	if !ok || e.registry == nil || object == "" {
		return adapters.Object{}, false
	}
	app, ok := e.registry.Get(c.Spec.Application)
	if !ok {
		return adapters.Object{}, false
	}
	foretold := func() (adapters.Object, bool) { return e.foretold(app, connection, object) }
	if _, own := c.Spec.Objects[object]; own {
		return foretold()
	}
	fixed := app.Spec().Objects
	names := slices.Sorted(maps.Keys(c.Spec.Objects))
	if len(fixed) == 0 {
		if names = append(names, e.committedNames(connection, c.Spec.Application)...); slices.Contains(names, object) {
			return adapters.Object{}, false
		}
	}
	for _, o := range fixed {
		if o.Name == object {
			return o, true
		}
		names = append(names, o.Name)
	}
	near := diag.Nearest(object, names)
	switch {
	case len(fixed) > 0 || app.Spec().Closed:
		hint := "it has " + orList(names) + "; others are declared under spec.objects of the connection"
		if near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		e.problemPath(r, path+".object", codeUnknownObject, fmt.Sprintf("%s has no object %q", c.Spec.Application, object), hint)
	case near != "":
		n, _ := r.tree().at(parsePath(path + ".object"))
		e.note(r, n, diag.Warning, codeUnknownObject, path+".object", fmt.Sprintf("the connection %q declares no object %q", connection, object), fmt.Sprintf("did you mean %s?", near))
	}
	return foretold()
}

// foretold returns what the settings of a connection alone tell of an object. false: nothing.
func (e *environment) foretold(app adapters.Application, connection, object string) (adapters.Object, bool) {
	if describe := app.Spec().Describe; describe != nil && !e.wrong(e.index["Connection/"+connection]) {
		return describe(e.model.Connections[connection].Spec.settings(connection), object)
	}
	return adapters.Object{}, false
}

// A mappedKey is a key that a mapping must set.
type mappedKey struct {
	mapping string
	key     []string
	path    func(i int) string // where a part of it stands in the touchpoint
}

// key judges whether a mapping sets a key, whole.
func (e *environment) key(r *loaded, t mappedKey) {
	m, ok := e.model.Mappings[t.mapping]
	if !ok || len(m.Spec.Fields) == 0 {
		return
	}
	for i, text := range t.key {
		p, err := record.ParsePath(text)
		if err != nil || p.Root() != "" || len(p) == 0 {
			continue // said elsewhere
		}
		path := t.path(i)
		at := slices.IndexFunc(m.Spec.Fields, func(f NamedField) bool { return f.Name == p[0].Name })
		if at < 0 {
			mapping := e.index["Mapping/"+t.mapping]
			fields := fieldNames(mapping.tree().get("spec").get("fields"))
			if slices.Contains(fields, p[0].Name) {
				continue // the field is there and has a mistake
			}
			hint := "map it, or take another key"
			if near := diag.Nearest(p[0].Name, fields); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			d := e.problemPath(r, path, codeKeyNotMapped, fmt.Sprintf("the mapping %q sets no field %q", t.mapping, p[0].Name), hint)
			d.Related = []diag.Pos{m.Source.Pos("spec.fields")}
			continue
		}
		field := m.Spec.Fields[at]
		for j, a := range field.Field.Apply {
			if a.Func == "truncate" {
				n, _ := m.Source.doc.tree().at([]segment{{name: "spec"}, {name: "fields"}, {name: field.Name}, {name: "apply"}, {index: j}})
				d := e.problem(e.index["Mapping/"+t.mapping], n, codeKeyTruncated, pathString([]segment{{name: "spec"}, {name: "fields"}, {name: field.Name}, {name: "apply"}, {index: j}}), fmt.Sprintf("%q is a key of the touchpoint %q, and cutting it can make two records one", field.Name, r.v.name), "do not truncate it, or take another key")
				d.Related = []diag.Pos{r.at(mustAt(r.tree(), path))}
			}
		}
	}
}

// mustAt returns the node at a path that exists.
func mustAt(n *node, path string) *node {
	found, _ := n.at(parsePath(path))
	return found
}

// lookups reads the files of look-ups.
func (e *environment) lookups() {
	for _, name := range slices.Sorted(maps.Keys(e.model.Lookups)) {
		l, r := e.model.Lookups[name], e.index["Lookup/"+name]
		if l.Spec.Elsewhere() {
			e.lookupElsewhere(r, &l.Spec)
		}
		if l.Spec.File == "" {
			continue
		}
		src, ok := e.repositoryFile(r, "spec.file", l.Spec.File)
		if !ok {
			continue
		}
		l.Spec.Rows = e.csvRows(r, name, src)
		l.sealed("Lookup")
	}
}

// repositoryFile reads a file that a resource names.
func (e *environment) repositoryFile(r *loaded, path, name string) ([]byte, bool) {
	info, err := fs.Stat(e.fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint := "paths start at the root of the repository"
		if near := nearestSorted(name, e.filesLike(name)); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		} else if beside := pathpkg.Join(pathpkg.Dir(r.file()), name); fs.ValidPath(beside) {
			if _, err := fs.Stat(e.fsys, beside); err == nil {
				hint = fmt.Sprintf("paths start at the root of the repository: did you mean %s?", beside)
			}
		}
		e.problemPath(r, path, codeFile, fmt.Sprintf("there is no file %q", name), hint)
		return nil, false
	case err != nil || !info.Mode().IsRegular():
		e.problemPath(r, path, codeFile, fmt.Sprintf("%q is not a file", name), "name a file of this repository")
		return nil, false
	case info.Size() > int64(e.limits.TotalBytes):
		e.problemPath(r, path, codeTooLarge, fmt.Sprintf("%q is larger than %d MiB", name, e.limits.TotalBytes>>20), "")
		return nil, false
	}
	src, err := fs.ReadFile(e.fsys, name)
	if err != nil {
		e.problemPath(r, path, codeFile, fmt.Sprintf("%q cannot be read", name), "check its permissions")
		return nil, false
	}
	e.fixtureFile(r, name, src)
	if e.read == nil {
		e.read = map[string][sha256.Size]byte{}
	}
	e.read[name] = sha256.Sum256(src)
	return src, true
}

// filesLike returns the files in the same folder.
func (e *environment) filesLike(name string) []string {
	var names []string
	dir := "."
	if i := bytes.LastIndexByte([]byte(name), '/'); i >= 0 {
		dir = name[:i]
	}
	entries, err := fs.ReadDir(e.fsys, dir)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if dir == "." {
			names = append(names, entry.Name())
		} else {
			names = append(names, dir+"/"+entry.Name())
		}
	}
	return names
}

// csvRows reads the rows of a look-up's file, reporting what is wrong at its place in that file.
// strayColumn reports a column that the file of a look-up does not have: in the file where mappings know the column by this name,
// else where it is named.
func (e *environment) strayColumn(r *loaded, column string, header []string) {
	file := r.tree().get("spec").str("file")
	hint := "the columns of the file are " + orList(header)
	if near := diag.Nearest(column, header); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t|") {
		e.list.Add(diag.Diagnostic{
			Code: codeLookupRow, Severity: diag.Error, Pos: diag.Pos{File: file, Line: 1, Col: 1}, Message: "the columns are not separated by commas",
			Hint: "save the file with commas between its columns",
		})
		return
	}
	path := "spec.value"
	for _, list := range []string{"key", "values"} {
		if v := r.tree().get("spec").get(list); v != nil {
			if i := slices.IndexFunc(v.items, func(c *node) bool { return c.text == column }); i >= 0 {
				path = fmt.Sprintf("spec.%s[%d]", list, i)
			}
		}
	}
	known := false
	for _, m := range e.model.Mappings {
		m.Spec.Fields.walk(func(f *Field) {
			_, named := f.With[column]
			known = known || named && f.Lookup == r.name
		})
	}
	named, head := r.at(mustAt(r.tree(), path)), diag.Pos{File: file, Line: 1, Col: 1}
	d := diag.Diagnostic{Code: codeLookupRow, Severity: diag.Error, Pos: named, Related: []diag.Pos{head}, Path: path, Message: fmt.Sprintf("the file %q has no column %q", file, column), Hint: hint}
	if known {
		d.Pos, d.Related, d.Path = head, []diag.Pos{named}, ""
	}
	e.list.Add(d)
}

func (e *environment) csvRows(r *loaded, lookup string, src []byte) []map[string]string {
	name := e.model.Lookups[lookup].Spec.File
	file := func(line, col int, code, message, hint string) *diag.Diagnostic {
		e.list.Add(diag.Diagnostic{Code: code, Severity: diag.Error, Pos: diag.Pos{File: name, Line: line, Col: col}, Related: []diag.Pos{r.at(mustAt(r.tree(), "spec.file"))}, Message: message, Hint: hint})
		return &e.list[len(e.list)-1]
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(src, []byte("\ufeff"))))
	header, err := in.Read()
	if err != nil {
		file(1, 1, codeFile, "the file has no header line", "the first line names the columns, separated by commas")
		return nil
	}
	table := newLookupTable(r.tree().get("spec"))
	if len(table.key) == 0 {
		return nil // said already
	}
	for _, c := range append(slices.Clone(table.key), table.values...) {
		if !slices.Contains(header, c) {
			e.strayColumn(r, c, header)
			return nil
		}
	}
	var rows []map[string]string
	var places []diag.Pos
	defer func() {
		if e.rows == nil {
			e.rows = map[string][]diag.Pos{}
		}
		e.rows[lookup] = places
	}()
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			line, col := 1, 1
			if pe, ok := errors.AsType[*csv.ParseError](err); ok {
				line, col = pe.Line, pe.Column
			}
			file(line, col, codeFile, "this line is not one of the table: it has another number of columns, or quotes that do not match", fmt.Sprintf("each line has %d columns, separated by commas", len(header)))
			if errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			return rows
		}
		cells := make(map[string]string, len(header))
		for i, c := range header {
			cells[c] = fields[i]
		}
		line, col := in.FieldPos(0)
		if message, column := table.add(cells, &node{line: int32(line), col: int32(col)}); message != "" {
			if i := slices.Index(header, column); i >= 0 {
				line, col = in.FieldPos(i)
			}
			d := file(line, col, codeLookupRow, message, "every row has its own key, and no key is blank")
			if first := table.first(cells); column == "" && first != nil {
				d.Related = append([]diag.Pos{{File: name, Line: int(first.line), Col: int(first.col)}}, d.Related...)
			}
		}
		rows = append(rows, cells)
		places = append(places, diag.Pos{File: name, Line: line, Col: col})
	}
}
