package config

import (
	"slices"

	"github.com/dray-sync/dray/engine/diag"
)

// A problem is a diagnostic that knows no file yet: it is kept with the content it was found in.
type problem struct {
	code     string
	severity diag.Severity // "" is an error
	origin   uint16
	line     int32
	col      int32
	related  []*node // in the same resource
	inside   *inside // more exactly, where in a text
	path     string
	message  string
	hint     string
	repair   *repair   // nil: a person must mend it
	mended   *diag.Fix // the same, for a file that has no nodes: edits without their file
}

// problemAt returns a problem at a node.
func problemAt(n *node, code, message, hint string) problem {
	return problem{code: code, origin: n.origin, line: n.line, col: n.col, message: message, hint: hint}
}

// A sourceFile is one file of the repository that resources come from.
type sourceFile struct {
	path  string
	bytes []byte // nil when it is not text that positions inside values can be read from
}

// diagnostic places a problem in its files.
func (p problem) diagnostic(files []*sourceFile) diag.Diagnostic {
	d := diag.Diagnostic{Code: p.code, Severity: p.severity, Path: p.path, Message: p.message, Hint: p.hint}
	if d.Severity == "" {
		d.Severity = diag.Error
	}
	if d.Hint == "" {
		d.Hint = defaultHint(p.code)
	}
	if d.Pos = place(files, p.origin, p.line, p.col); p.inside != nil && int(p.origin) < len(files) {
		line, col := p.inside.node.locate(files[p.origin].bytes, p.inside.offset)
		d.Pos = place(files, p.origin, line, col)
	}
	for _, n := range p.related {
		d.Related = append(d.Related, place(files, n.origin, n.line, n.col))
	}
	switch {
	case p.repair != nil:
		d.Fix = p.repair.fix(files)
	case p.mended != nil:
		fix := *p.mended
		fix.Edits = slices.Clone(fix.Edits)
		for i := range fix.Edits {
			fix.Edits[i].File = d.Pos.File
		}
		d.Fix = &fix
	}
	return d
}

func place(files []*sourceFile, origin uint16, line, col int32) diag.Pos {
	if int(origin) >= len(files) {
		return diag.Pos{}
	}
	return diag.Pos{File: files[origin].path, Line: int(line), Col: int(col)}
}
