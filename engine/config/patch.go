package config

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// splitPatches tells the files that are patches of an environment from resources.
func (l *loader) splitPatches(spec Repository, repository *loaded) (patches map[string][]*loaded, base []*loaded) {
	patches = map[string][]*loaded{}
	whole := l.wholes(repository)
	for _, r := range l.found {
		isPatch := whole != nil && whole[r.key()] != nil && whole[r.key()] != r
		for name, e := range spec.Environments {
			if matchAny(e.Patches, r.file()) {
				isPatch = true
				patches[name] = append(patches[name], r)
			}
		}
		if !isPatch {
			base = append(base, r)
		}
	}
	for name, e := range spec.Environments {
		for i, pattern := range e.Patches {
			l.checkPattern(repository, name, i, pattern)
		}
	}
	l.checkPlain(spec)
	return patches, base
}

// wholes returns the largest of those that have one name, where the repository itself has mistakes: nobody knows then which files are
// patches. nil: it is known.
func (l *loader) wholes(repository *loaded) map[string]*loaded {
	if repository != nil && !repository.v.faulty {
		return nil
	}
	largest := map[string]*loaded{}
	for _, r := range l.found {
		if known := largest[r.key()]; r.key() != "" && (known == nil || r.tree().size() > known.tree().size()) {
			largest[r.key()] = r
		}
	}
	return largest
}

// checkPlain reports documents in files of patches that do not say what they change.
func (l *loader) checkPlain(spec Repository) {
	for file, docs := range l.plain {
		for _, e := range spec.Environments {
			if !matchAny(e.Patches, file) {
				continue
			}
			for _, n := range docs {
				l.list.Add(diag.Diagnostic{Code: codePatch, Severity: diag.Error, Pos: diag.Pos{File: file, Line: int(n.line), Col: int(n.col)}, Message: "a patch must say what it changes", Hint: hintPatch})
			}
			break
		}
	}
}

const hintPatch = "add kind: and metadata: {name: …} of the resource"

// checkPattern reports a pattern of patches that no file matches.
func (l *loader) checkPattern(repository *loaded, environment string, i int, pattern string) {
	if slices.ContainsFunc(l.yaml, func(name string) bool { return matchPath(pattern, name) }) {
		return
	}
	n, _ := repository.tree().at([]segment{{name: "spec"}, {name: "environments"}, {name: environment}, {name: "patches"}, {index: i}})
	d := diag.Diagnostic{
		Code: codePatch, Severity: diag.Error, Pos: repository.at(n), Path: fmt.Sprintf("spec.environments.%s.patches[%d]", environment, i),
		Message: fmt.Sprintf("no YAML file matches %q", pattern), Hint: "patterns start at the root of the repository: environments/production/*.yaml",
	}
	switch trimmed := path.Clean(strings.TrimPrefix(pattern, "/")); {
	case badPattern(pattern):
		d.Message, d.Hint = fmt.Sprintf("%q is not a pattern of files", pattern), "* stands for any name, ** for any folders; [ must be closed"
	case slices.ContainsFunc(l.cue, func(name string) bool { return matchPath(pattern, name) }):
		d.Hint = "patches are YAML; what is written in CUE differs by environment with @tag"
	case trimmed != pattern && slices.ContainsFunc(l.yaml, func(name string) bool { return matchPath(trimmed, name) }):
		d.Hint = fmt.Sprintf("did you mean %s?", trimmed)
	default:
		if near := nearestPattern(pattern, l.yaml); near != "" {
			d.Hint = fmt.Sprintf("did you mean %s?", near)
		}
	}
	l.list.Add(d)
}

// badPattern reports whether nothing can match a pattern.
func badPattern(pattern string) bool {
	return slices.ContainsFunc(strings.Split(pattern, "/"), func(part string) bool {
		_, err := path.Match(part, "")
		return err != nil
	})
}

// nearestPattern returns a pattern that some file matches and that differs from pattern by a slip in its folder or its ending.
func nearestPattern(pattern string, files []string) string {
	dir, last := path.Split(pattern)
	dir = strings.TrimSuffix(dir, "/")
	var dirs []string
	for _, name := range files {
		d := path.Dir(name)
		for _, ending := range []string{last, "*.yaml", "*.yml"} {
			if ok, _ := path.Match(ending, path.Base(name)); ok && d == dir {
				return path.Join(d, ending)
			}
		}
		if ok, _ := path.Match(last, path.Base(name)); ok && !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	if near := nearestSorted(dir, dirs); near != "" {
		return path.Join(near, last)
	}
	return ""
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matchPath(p, name) })
}

// matchPath reports whether a path matches a pattern, in which * and ? stay within a folder and ** is any folders.
func matchPath(pattern, name string) bool {
	return matchParts(strings.Split(pattern, "/"), strings.Split(name, "/"))
}

func matchParts(pattern, name []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for i := range len(name) + 1 {
				if matchParts(pattern[1:], name[i:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, err := path.Match(pattern[0], name[0]); err != nil || !ok {
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return len(name) == 0
}

// patch collects the resources of the environment and applies its patches to them, in order of their files.
func (e *environment) patch(ctx context.Context, base []*loaded, patches map[string][]*loaded) error {
	built, problems, err := e.evaluateCUE(ctx, e.spec.Tags)
	if err != nil {
		return err
	}
	e.cueProblems(problems)
	e.resources = append(append([]*loaded(nil), base...), built...)
	for _, r := range built {
		if e.table.kind(r.kind) == nil {
			e.doubts.kindless = append(e.doubts.kindless, r.tree())
		}
	}
	e.soleRepository()
	index := map[string]int{}
	for i, r := range e.resources {
		if key := r.key(); key != "" {
			if _, dup := index[key]; !dup {
				index[key] = i
			}
		}
	}
	before := map[string][]*loaded{}
	for _, p := range patches[e.name] {
		i, ok := index[p.key()]
		if !ok {
			e.patchMisses(p, index)
			continue
		}
		if kind := p.tree().str("kind"); kind == "Repository" || kind == "KeyRing" || kind == "Credential" {
			e.problem(p, p.tree().get("kind"), codePatch, "kind", fmt.Sprintf("a %s cannot be patched", kind), "environments differ in the resources that refer to it")
			continue
		}
		changed := e.merged(e.resources[i], p)
		e.effect(p, e.resources[i], changed)
		e.conflicts(p, before[p.key()])
		e.resources[i], before[p.key()] = changed, append(before[p.key()], p)
	}
	return nil
}

// effect warns of a patch, or a part of one, that changes nothing.
func (e *environment) effect(p, base, changed *loaded) {
	removed := false
	eachLeaf(p.tree(), nil, func(steps []segment, k, v *node) {
		around, found := base.tree().at(steps)
		if v.kind != nullNode || v.broken || found == len(steps) {
			return
		}
		removed = true
		hint := "remove this line"
		if near := diag.Nearest(k.text, around.fieldNames()); near != "" && found == len(steps)-1 {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		e.note(p, k, diag.Warning, codePatchEffect, pathString(steps), fmt.Sprintf("%q is removed, and is not there", k.text), hint)
	})
	if !removed && string(base.tree().appendJSON(nil, true)) == string(changed.tree().appendJSON(nil, true)) {
		e.note(p, p.tree(), diag.Warning, codePatchEffect, "", fmt.Sprintf("this patch changes nothing of the %s %q", p.tree().str("kind"), p.tree().get("metadata").str("name")), "remove it, or correct what it should change")
	}
}

// conflicts warns of fields that another patch of the same resource has set to something else.
func (e *environment) conflicts(p *loaded, before []*loaded) {
	eachLeaf(p.tree(), nil, func(steps []segment, k, v *node) {
		for _, other := range slices.Backward(before) {
			n, found := other.tree().at(steps)
			if found < len(steps) && (found == 0 || n.kind == objectNode) || string(n.appendJSON(nil, true)) == string(v.appendJSON(nil, true)) {
				continue
			}
			d := e.note(p, k, diag.Warning, codePatchConflict, pathString(steps), fmt.Sprintf("another patch sets %q too, and this one wins", k.text), "say it in one patch only: those of later files, by name, change what earlier ones say")
			d.Related = []diag.Pos{other.at(n)}
			return
		}
	})
}

// eachLeaf calls f for every field of a patch that sets or removes something whole.
func eachLeaf(n *node, path []segment, f func(path []segment, k, v *node)) {
	for i, k := range n.keys {
		steps := append(slices.Clip(path), segment{name: k.text})
		if v := n.items[i]; v.kind == objectNode && len(v.keys) > 0 {
			eachLeaf(v, steps, f)
		} else {
			f(steps, k, v)
		}
	}
}

// fieldNames returns the names of an object's fields.
func (n *node) fieldNames() []string {
	names := make([]string, len(n.keys))
	for i, k := range n.keys {
		names[i] = k.text
	}
	return names
}

// patchMisses reports a patch of something that is not there, and what was perhaps meant.
func (e *environment) patchMisses(p *loaded, index map[string]int) {
	if p.key() == "" {
		e.untoldPatch(p)
		return
	}
	kind, name, _ := strings.Cut(p.key(), "/")
	if e.table.kind(kind) == nil {
		hint := "the kinds are " + orList(e.table.kindNames())
		if near := diag.Nearest(kind, e.table.kindNames()); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		e.problem(p, p.tree().get("kind"), codeUnknownKind, "kind", fmt.Sprintf("there is no kind %q", kind), hint)
		return
	}
	if e.doubts.mayHold(kind, name) {
		return
	}
	var names, kinds []string
	for key := range index {
		k, n, _ := strings.Cut(key, "/")
		if k == kind {
			names = append(names, n)
		}
		if n == name {
			kinds = append(kinds, k)
		}
	}
	hint := "a patch changes a resource that exists: check its kind and name"
	if near := nearestSorted(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if len(kinds) > 0 {
		slices.Sort(kinds)
		hint = fmt.Sprintf("there is a %s of that name: is that the kind?", orList(kinds))
	}
	e.problem(p, p.tree().get("metadata").get("name"), codePatch, "metadata.name", fmt.Sprintf("there is no %s %q to patch", kind, name), hint)
}

// untoldPatch reports a patch that does not say what it changes.
func (e *environment) untoldPatch(p *loaded) {
	root := p.tree()
	metadata := root.get("metadata")
	for _, missing := range []struct {
		around *node
		name   string
		there  bool
	}{{root, "kind", p.kind != ""}, {root, "metadata", metadata != nil}, {metadata, "name", p.name != ""}} {
		if missing.there {
			continue
		}
		if k := nearestKey(missing.around, missing.name); k != nil {
			e.problem(p, k, codePatch, "", fmt.Sprintf("a patch must say what it changes, and %s is not the name of a field", k.text), fmt.Sprintf("did you mean %s?", missing.name))
			return
		}
		if v := missing.around.get(missing.name); v != nil {
			e.problem(p, v, codePatch, "", fmt.Sprintf("a patch must say what it changes, and %s is %s", missing.name, v.kind), hintPatch)
			return
		}
	}
	e.problem(p, root, codePatch, "", "a patch must say what it changes", hintPatch)
}

// merged returns base changed by a patch as RFC 7386 says. Every part keeps the place it came from.
func (l *loader) merged(base, patch *loaded) *loaded {
	origin := uint16(len(base.files))
	files := append(append([]*sourceFile(nil), base.files...), patch.files[0])
	return &loaded{candidate: l.cache.merged(base.candidate, patch.candidate, origin), files: files, base: base}
}

func merge(base, patch *node, origin uint16) *node {
	if patch.kind != objectNode {
		return from(patch, origin)
	}
	out := &node{kind: objectNode, origin: origin, line: patch.line, col: patch.col, style: patch.style}
	if base != nil && base.kind == objectNode {
		out.origin, out.line, out.col, out.style = base.origin, base.line, base.col, base.style
		out.gone = slices.Clone(base.gone)
		for i, k := range base.keys {
			change := patch.get(k.text)
			switch {
			case change == nil:
				out.keys, out.items = append(out.keys, k), append(out.items, base.items[i])
			case change.kind == nullNode:
				out.gone = append(out.gone, from(patch.key(k.text), origin))
			default:
				key := from(patch.key(k.text), origin)
				if change.kind == objectNode && base.items[i].kind == objectNode {
					key = k // the object stands where it stood
				}
				out.keys, out.items = append(out.keys, key), append(out.items, merge(base.items[i], change, origin))
			}
		}
	}
	for i, k := range patch.keys {
		if base.key(k.text) == nil && patch.items[i].kind != nullNode {
			out.keys, out.items = append(out.keys, from(k, origin)), append(out.items, merge(nil, patch.items[i], origin))
		}
	}
	return out
}

// from copies a node of a patch, marking where it came from.
func from(n *node, origin uint16) *node {
	c := *n
	c.origin = origin
	c.keys, c.items = nil, nil
	for _, k := range n.keys {
		c.keys = append(c.keys, from(k, origin))
	}
	for _, v := range n.items {
		c.items = append(c.items, from(v, origin))
	}
	return &c
}
