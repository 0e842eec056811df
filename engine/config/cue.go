package config

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/policy"
)

// evaluateCUE returns the resources of the repository's CUE packages for these tags, and what is wrong with them. Repositories without
// CUE start no child.
func (l *loader) evaluateCUE(ctx context.Context, tags map[string]string) ([]*loaded, []cueProblem, error) {
	if len(l.cue) == 0 {
		return nil, nil, nil
	}
	request := cueRequest{Version: cueVersion, Files: l.cueFiles, Tags: tags}
	asked, err := json.Marshal(request)
	if err != nil {
		return nil, nil, err
	}
	answer, err := l.ask(ctx, asked)
	if errors.Is(err, errChildBound) {
		return nil, []cueProblem{{Problem: cuebuild.Problem{File: l.cue[0], Message: err.Error()}, hint: hintBound}}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("evaluating CUE: %w", err)
	}
	var found []*loaded
	for i, r := range answer.Resources {
		files := make([]*sourceFile, len(r.Files))
		for i, name := range r.Files {
			files[i] = &sourceFile{path: name, bytes: []byte(l.cueFiles[name])}
		}
		found = append(found, &loaded{candidate: answer.built[i], files: files})
	}
	return found, answer.Problems, nil
}

const hintBound = "look for lists and comprehensions that grow without need"

// cueProblems reports what is wrong with the CUE packages of the environment; what is wrong with a tag, once.
func (e *environment) cueProblems(problems []cueProblem) {
	said := map[string]bool{}
	faulty := map[string]bool{} // folders of packages
	for _, p := range problems {
		if p.Spare {
			e.spare = append(e.spare, p)
			continue
		}
		faulty[path.Dir(p.File)] = true
		d := e.cueProblem(p)
		if tag := cmp.Or(p.Tag, e.tagAt(p)); tag != "" {
			if said[tag] {
				continue
			}
			said[tag] = true
			e.tagProblem(&d, tag)
		}
		e.list.Add(d)
	}
	for name, src := range e.cueFiles {
		if faulty[path.Dir(name)] {
			e.doubts.file([]byte(src))
		}
	}
}

func (e *environment) cueProblem(p cueProblem) diag.Diagnostic {
	return diag.Diagnostic{
		Code: codeCUE, Severity: diag.Error, Pos: diag.Pos{File: p.File, Line: p.Line, Col: p.Col}, Path: p.Path, Message: p.Message,
		Hint: cmp.Or(p.hint, cueHint(p.Message, func() []string { return e.cueNames(p.File) })),
	}
}

// spareProblems reports what the definitions say of a package that nothing else is said of.
func (e *environment) spareProblems() {
	faulty := map[string]bool{} // folders of packages
	for _, list := range []diag.List{e.list, e.loader.list} {
		for _, d := range list {
			if d.Severity != diag.Warning {
				faulty[path.Dir(d.Pos.File)] = true
			}
		}
	}
	for _, p := range e.spare {
		if !faulty[path.Dir(p.File)] {
			e.list.Add(e.cueProblem(p))
		}
	}
}

// tagAt returns the tag with a value that a problem is about: that of the @tag attribute on its line.
func (e *environment) tagAt(p cueProblem) string {
	lines := strings.Split(e.cueFiles[p.File], "\n")
	if p.Line < 1 || p.Line > len(lines) {
		return ""
	}
	for tag := range tagsOf(lines[p.Line-1]) {
		if _, ok := e.spec.Tags[tag]; ok {
			return tag
		}
	}
	return ""
}

// tagProblem says what is wrong with the value, or the lack of one, that the environment gives a tag.
func (e *environment) tagProblem(d *diag.Diagnostic, tag string) {
	where := "spec.environments.ENVIRONMENT.tags of the repository"
	if e.name != "" {
		where = fmt.Sprintf("spec.environments.%s.tags of the repository", e.name)
	}
	d.Code = codeCUETag
	if _, ok := e.spec.Tags[tag]; !ok {
		d.Message, d.Hint = fmt.Sprintf("the tag %q has no value", tag), fmt.Sprintf("add it under %s, or give the field a default", where)
		return
	}
	n, _ := e.repository.tree().at(tagPath(e.name, tag))
	d.Message = fmt.Sprintf("the value of the tag %q does not fit: %s", tag, d.Message)
	d.Hint = fmt.Sprintf("correct it under %s", where)
	d.Related = append(d.Related, e.repository.at(n))
}

func tagPath(environment, tag string) []segment {
	return []segment{{name: "spec"}, {name: "environments"}, {name: environment}, {name: "tags"}, {name: tag}}
}

// checkTags warns of tags that an environment sets and no CUE file has.
func (l *loader) checkTags(spec Repository, repository *loaded) {
	used := map[string]bool{}
	for _, name := range l.cue {
		for tag := range tagsOf(l.cueFiles[name]) {
			used[tag] = true
		}
	}
	for name, e := range spec.Environments {
		for tag := range e.Tags {
			if used[tag] {
				continue
			}
			hint := "remove it, or use it in CUE: environment: string @tag(environment)"
			if near := diag.Nearest(tag, slices.Sorted(maps.Keys(used))); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			path := tagPath(name, tag)
			around, _ := repository.tree().at(path[:4])
			l.list.Add(diag.Diagnostic{Code: codeCUETag, Severity: diag.Warning, Pos: repository.at(around.key(tag)), Path: pathString(path), Message: fmt.Sprintf("no CUE file has a field with @tag(%s)", tag), Hint: hint})
		}
	}
}

// tagsOf returns the tags that the attributes in a text of CUE name.
func tagsOf(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := text; ; {
			_, after, ok := strings.Cut(rest, "@tag(")
			if !ok {
				return
			}
			rest = after
			if end := strings.IndexAny(rest, ",)"); end >= 0 && !yield(strings.TrimSpace(rest[:end])) {
				return
			}
		}
	}
}

// ask has a child evaluate, unless the same was asked before.
func (l *loader) ask(ctx context.Context, request []byte) (*cueResponse, error) {
	sum := sha256.Sum256(request)
	if known := l.cache.answer(sum); known != nil {
		return known, nil
	}
	answer, err := l.evaluate(ctx, request, childTime)
	if err == nil {
		l.cache.keepAnswer(sum, answer)
	}
	return answer, err
}

// evaluate has a child evaluate, for so long at most.
func (l *loader) evaluate(ctx context.Context, request []byte, most time.Duration) (*cueResponse, error) {
	var data []byte
	var err error
	if l.o.EvalCUE != nil {
		data, err = l.o.EvalCUE(ctx, request)
	} else {
		data, err = evaluateWithin(ctx, request, most)
	}
	if err != nil {
		return nil, err
	}
	return readCUEResponse(data)
}

// exportedSchema is where dray schema export puts the definitions for cue itself. Those that come with the program are used here.
const exportedSchema = "cue.mod/pkg/dray.dev/schema/"

// readCUE reads the files that a child is given: those in CUE, and the module file.
func (l *loader) readCUE() error {
	l.cueFiles = make(map[string]string, len(l.cue))
	total := 0
	var packages []string
	for _, name := range l.cue {
		if strings.HasPrefix(name, exportedSchema) {
			continue
		}
		src, err := fs.ReadFile(l.fsys, name)
		if err != nil {
			return err
		}
		if len(src) > l.limits.FileBytes {
			l.list.Add(diag.Diagnostic{Code: codeTooLarge, Severity: diag.Error, Pos: diag.Pos{File: name}, Message: fmt.Sprintf("the file is larger than %d KiB", l.limits.FileBytes>>10), Hint: defaultHint(codeTooLarge)})
			continue
		}
		if total += len(src); total > l.limits.TotalBytes {
			l.list.Add(diag.Diagnostic{Code: codeTooLarge, Severity: diag.Error, Pos: diag.Pos{File: name}, Message: fmt.Sprintf("the CUE files are larger than %d MiB in all", l.limits.TotalBytes>>20), Hint: defaultHint(codeTooLarge)})
			break
		}
		l.cueFiles[name] = string(src)
		for _, p := range secretProblems(src) {
			l.list.Add(p.diagnostic([]*sourceFile{{path: name}}))
		}
		if first, _, _ := strings.Cut(name, "/"); first != "cue.mod" && first != policy.Folder {
			packages = append(packages, name)
		}
	}
	l.cue = packages
	return nil
}
