package config

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// evaluateCUE returns the resources of the repository's CUE packages for these tags. Repositories without CUE start no child.
func (l *loader) evaluateCUE(ctx context.Context, tags map[string]string) ([]*loaded, error) {
	if len(l.cue) == 0 {
		return nil, nil
	}
	request := cueRequest{Version: cueVersion, Files: l.cueFiles, Tags: tags}
	asked, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	answer, err := l.ask(ctx, asked)
	if errors.Is(err, errChildBound) {
		l.list.Add(diag.Diagnostic{Code: codeCUE, Severity: diag.Error, Pos: diag.Pos{File: l.cue[0]}, Message: err.Error(), Hint: "look for lists and comprehensions that grow without need"})
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("evaluating CUE: %w", err)
	}
	for _, p := range answer.Problems {
		l.list.Add(diag.Diagnostic{Code: codeCUE, Severity: diag.Error, Pos: diag.Pos{File: p.File, Line: p.Line, Col: p.Col}, Path: p.Path, Message: p.Message, Hint: defaultHint(codeCUE)})
	}
	var found []*loaded
	for _, r := range answer.Resources {
		files := make([]*sourceFile, len(r.Files))
		for i, name := range r.Files {
			files[i] = &sourceFile{path: name}
		}
		found = append(found, &loaded{candidate: &candidate{root: r.Root.node()}, files: files})
	}
	return found, nil
}

// ask has a child evaluate, unless the same was asked before.
func (l *loader) ask(ctx context.Context, request []byte) (*cueResponse, error) {
	sum := sha256.Sum256(request)
	if known := l.cache.answer(sum); known != nil {
		return known, nil
	}
	evaluate := l.o.EvalCUE
	if evaluate == nil {
		evaluate = evaluateInChild
	}
	data, err := evaluate(ctx, request)
	if err != nil {
		return nil, err
	}
	answer, err := readCUEResponse(data)
	if err != nil {
		return nil, err
	}
	l.cache.keepAnswer(sum, answer)
	return answer, nil
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
		if first, _, _ := strings.Cut(name, "/"); first != "cue.mod" && first != "policies" {
			packages = append(packages, name)
		}
	}
	l.cue = packages
	return nil
}
