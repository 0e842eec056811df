package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/schema"
)

// yamlPart is a stretch of the file that begins with a document.
type yamlPart struct {
	text []byte
	line int // lines before it
}

// splitDocuments cuts a stream before each --- at the start of a line, which nothing inside a document can begin with.
func splitDocuments(src []byte) []yamlPart {
	var parts []yamlPart
	start, startLine, line := 0, 0, 0
	for i := 0; i < len(src); {
		if i > start && isMarker(src[i:]) {
			parts = append(parts, yamlPart{src[start:i], startLine})
			start, startLine = i, line
		}
		n := bytes.IndexByte(src[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		line++
	}
	return append(parts, yamlPart{src[start:], startLine})
}

func isMarker(s []byte) bool {
	return bytes.HasPrefix(s, []byte("---")) && (len(s) == 3 || s[3] == ' ' || s[3] == '\n' || s[3] == '\r' || s[3] == '\t')
}

// splitResources cuts a document where a second resource begins in it, for want of a --- before it: at an apiVersion that follows upon a
// whole resource.
func splitResources(part yamlPart) []yamlPart {
	if bytes.Count(part.text, []byte("apiVersion:")) < 2 {
		return []yamlPart{part}
	}
	var parts []yamlPart
	seen, before := map[string]bool{}, ""
	start, startLine, line := 0, part.line, part.line
	for i := 0; i < len(part.text); {
		n := bytes.IndexByte(part.text[i:], '\n')
		if n < 0 {
			n = len(part.text) - i - 1
		}
		name, _, _ := strings.Cut(string(part.text[i:i+n]), ":")
		if name == "apiVersion" && seen["kind"] && (seen["metadata"] || seen["spec"]) && !strings.HasPrefix(before, "--") {
			parts = append(parts, yamlPart{part.text[start:i], startLine})
			start, startLine, seen = i, line, map[string]bool{}
		}
		seen[name] = true
		if text := strings.TrimSpace(string(part.text[i : i+n])); text != "" {
			before = text
		}
		i += n + 1
		line++
	}
	return append(parts, yamlPart{part.text[start:], startLine})
}

// unseparated reports a resource that begins within the document of another.
func unseparated(part yamlPart) problem {
	fix := &diag.Fix{Title: "write --- before the resource", Safe: true, Edits: []diag.Edit{{Line: part.line + 1, Col: 1, EndLine: part.line + 1, EndCol: 1, Text: "---\n"}}}
	return problem{
		code: codeSyntax, line: int32(part.line + 1), col: 1, message: "a second resource begins here, and nothing separates it from the one above",
		hint: "write --- on the line before it", mended: fix,
	}
}

// strange reports a document that is no resource and was meant as one, or as several.
func (p *yamlParser) strange(root *node) {
	ours := func(n *node) bool { return strings.HasPrefix(n.str("apiVersion"), "dray/") && n.key("kind") != nil }
	switch root.kind {
	case listNode:
		if slices.ContainsFunc(root.items, ours) {
			p.report(root, codeWrongType, "resources stand in a list here, and are not read", "write each as a document of its own, separated by lines with ---")
			return
		}
	case stringNode:
		for _, name := range []string{"apiVersion", "kind"} {
			if rest, ok := strings.CutPrefix(root.text, name); ok && strings.Contains(rest, schema.APIVersion) {
				p.report(root, codeSyntax, "a field is written name: value", fmt.Sprintf("write apiVersion: %s", schema.APIVersion))
				return
			}
		}
	}
}
