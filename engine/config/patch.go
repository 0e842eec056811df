package config

import (
	"fmt"
	"path"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// splitPatches tells the files that are patches of an environment from resources.
func (l *loader) splitPatches(spec Repository, repository *loaded) (patches map[string][]*loaded, base []*loaded) {
	patches = map[string][]*loaded{}
	for _, r := range l.found {
		isPatch := false
		for name, e := range spec.Environments {
			for _, pattern := range e.Patches {
				if matchPath(pattern, r.file()) {
					isPatch = true
					patches[name] = append(patches[name], r)
					break
				}
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
	return patches, base
}

// checkPattern warns of a pattern of patches that no file matches.
func (l *loader) checkPattern(repository *loaded, environment string, i int, pattern string) {
	for _, list := range [][]string{l.yaml, l.cue} {
		for _, name := range list {
			if matchPath(pattern, name) {
				return
			}
		}
	}
	n, _ := repository.root.at([]segment{{name: "spec"}, {name: "environments"}, {name: environment}, {name: "patches"}, {index: i}})
	l.list.Add(diag.Diagnostic{
		Code: codePatch, Severity: diag.Warning, Pos: repository.at(n), Path: fmt.Sprintf("spec.environments.%s.patches[%d]", environment, i),
		Message: fmt.Sprintf("no file matches %q", pattern), Hint: "patterns start at the root of the repository: environments/production/*.yaml",
	})
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

// patch applies the patches of the environment to the resources and keeps the result.
func (e *environment) patch(base []*loaded, patches map[string][]*loaded) {
	e.resources = append([]*loaded(nil), base...)
	index := map[string]int{}
	for i, r := range e.resources {
		if key := r.key(); key != "" {
			if _, dup := index[key]; !dup {
				index[key] = i
			}
		}
	}
	for _, p := range patches[e.name] {
		i, ok := index[p.key()]
		if !ok {
			e.patchMisses(p, index)
			continue
		}
		if kind := p.root.str("kind"); kind == "Repository" || kind == "KeyRing" || kind == "Credential" {
			e.problem(p, p.root.get("kind"), codePatch, "kind", fmt.Sprintf("a %s cannot be patched", kind), "environments differ in the resources that refer to it")
			continue
		}
		e.resources[i] = merged(e.resources[i], p)
	}
}

// key is kind and name, or "" where one is missing.
func (r *loaded) key() string {
	kind, name := r.root.str("kind"), r.root.get("metadata").str("name")
	if kind == "" || name == "" {
		return ""
	}
	return kind + "/" + name
}

func (e *environment) patchMisses(p *loaded, index map[string]int) {
	if p.key() == "" {
		e.problem(p, p.root, codePatch, "", "a patch must say what it changes", "add kind: and metadata: {name: …} of the resource")
		return
	}
	kind, name, _ := strings.Cut(p.key(), "/")
	var names []string
	for key := range index {
		if n, ok := strings.CutPrefix(key, kind+"/"); ok {
			names = append(names, n)
		}
	}
	hint := "a patch changes a resource that exists: check its kind and name"
	if near := nearestSorted(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	e.problem(p, p.root.get("metadata").get("name"), codePatch, "metadata.name", fmt.Sprintf("there is no %s %q to patch", kind, name), hint)
}

// merged returns base changed by a patch as RFC 7386 says. Every part keeps the place it came from.
func merged(base, patch *loaded) *loaded {
	origin := uint16(len(base.files))
	files := append(append([]*sourceFile(nil), base.files...), patch.files[0])
	return &loaded{candidate: &candidate{root: merge(base.root, patch.root, origin)}, files: files}
}

func merge(base, patch *node, origin uint16) *node {
	if patch.kind != objectNode {
		return from(patch, origin)
	}
	out := &node{kind: objectNode, origin: origin, line: patch.line, col: patch.col, style: patch.style}
	if base != nil && base.kind == objectNode {
		out.origin, out.line, out.col, out.style = base.origin, base.line, base.col, base.style
		for i, k := range base.keys {
			change := patch.get(k.text)
			switch {
			case change == nil:
				out.keys, out.items = append(out.keys, k), append(out.items, base.items[i])
			case change.kind != nullNode:
				out.keys, out.items = append(out.keys, from(patch.key(k.text), origin)), append(out.items, merge(base.items[i], change, origin))
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
