package corpus

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"
)

// free are the places where users choose the names of fields themselves.
var free = regexp.MustCompile(`^(metadata\.(labels|annotations)` +
	`|spec\.environments` +
	`|spec\.objects(\.[^.]+\.(read|write)\.[^.]+)?|spec\.headers|spec\.(.*\.)?query` +
	`|spec\.(.+\.)?fields` +
	`|spec\.rows\[\d+\]` +
	`|spec\.cases\[\d+\]\.(input|expect|expectExactly|given)(\..*)?)$`)

// anything are the fields that hold any value.
var anything = regexp.MustCompile(`\.(value|default)$|\.miss$|^metadata\.(labels|annotations)\.|^spec\.rows|^spec\.cases\[\d+\]\.(input|expect|expectExactly|given)`)

// sealed are kinds that people do not write by hand.
var sealed = []string{"Credential", "KeyRing"}

// references are fields that name something of the repository.
var references = regexp.MustCompile(`^spec\.((source|destination)\.(connection|object|application)|mapping|credential|application|schedule)$|\.lookup$`)

// enums are fields with few values.
var enums = regexp.MustCompile(`\.(read|write|unchanged|mode|ifRunning|missed|as|round|else|fold|sslMode|method)$|^spec\.fields\[\d+\]\.type$|^spec\.objects\.[^.]+\.format$|^kind$`)

// required are fields that must be there, by kind.
var required = map[string]string{
	"":            `^(apiVersion|kind|metadata|metadata\.name)$`,
	"Touchpoint":  `^spec(\.(source|mapping|destination|source\.(connection|object|start)|destination\.(connection|object|write|key)|onReject\.retry\.(every|for)))?$`,
	"Connection":  `^spec(\.(application|config\.(path|host|database)|objects\.[^.]+\.(pattern|format)))?$`,
	"Mapping":     `^spec(\.(fields|checks\[\d+\]\.(name|expr)|fields\.(ordered_on|state|customer|channel)))?$`,
	"MappingTest": `^spec(\.(mapping|cases|cases\[\d+\]\.(name|input)|cases\[\d+\]\.expectRejected\.(field|rule)))?$`,
	"Lookup":      `^spec(\.(key|rows|file|value))?$`,
	"Object":      `^spec(\.(object|fields|fields\[\d+\]\.(name|type)))?$`,
	"Schedule":    `^spec(\.cron)?$`,
	"Agent":       `^spec(\.(recipient|environments))?$`,
	"Application": `^spec(\.(description|objects\.[^.]+\.read\.path|objects\.orders\.read\.since\.param))?$`,
}

// A spot is a field of a resource of the base.
type spot struct {
	file       string
	kind       string
	path       string // of the field
	owner      string // path of the object around it
	key, value *yaml.Node
	above      *yaml.Node // the key of the object around it, or nil
	patch      bool
}

// spots returns every field of every resource written in YAML.
func (j *judge) spots(t *testing.T) []spot {
	t.Helper()
	var all []spot
	for _, name := range slices.Sorted(maps.Keys(j.base)) {
		if path.Ext(name) != ".yaml" {
			continue
		}
		in := yaml.NewDecoder(strings.NewReader(string(j.base[name].Data)))
		for {
			var doc yaml.Node
			if err := in.Decode(&doc); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			root := doc.Content[0]
			kind := ""
			for i := 0; i < len(root.Content); i += 2 {
				if root.Content[i].Value == "kind" {
					kind = root.Content[i+1].Value
				}
			}
			walk(root, nil, "", func(s spot) {
				s.file, s.kind, s.patch = name, kind, strings.HasPrefix(name, "environments/")
				all = append(all, s)
			})
		}
	}
	return all
}

func walk(n, above *yaml.Node, at string, f func(spot)) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			below := strings.TrimPrefix(at+"."+n.Content[i].Value, ".")
			f(spot{path: below, owner: at, key: n.Content[i], value: n.Content[i+1], above: above})
			walk(n.Content[i+1], n.Content[i], below, f)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			walk(item, above, fmt.Sprintf("%s[%d]", at, i), f)
		}
	}
}

// generated returns the mistakes that are made from the base.
func (j *judge) generated(t *testing.T) []mistake {
	t.Helper()
	var all []mistake
	for _, s := range j.spots(t) {
		if slices.Contains(sealed, s.kind) {
			continue
		}
		for _, makeOne := range []func(string, spot) (mistake, bool){misspelt, doubled, mistyped, emptied, dropped, misnamed, outside, tabbed, unspaced, unclosed} {
			if m, ok := makeOne(string(j.base[s.file].Data), s); ok {
				all = append(all, m)
			}
		}
	}
	return all
}

// change is a mistake that changes a line.
func change(what, text string, s spot, line int, edit func(string) string) (mistake, bool) {
	lines := strings.Split(text, "\n")
	before := lines[line-1]
	after := edit(before)
	if before == after {
		return mistake{}, false
	}
	lines[line-1] = after
	return mistake{
		name: fmt.Sprintf("%s:%d: %s %s", s.file, line, what, s.path), file: s.file, lines: []int{line},
		files: fstest.MapFS{s.file: {Data: []byte(strings.Join(lines, "\n"))}},
	}, true
}

// scramble exchanges two letters in the middle.
func scramble(word string) string {
	for i := len(word) / 2; i < len(word)-1; i++ {
		if word[i] != word[i+1] {
			return word[:i] + string(word[i+1]) + string(word[i]) + word[i+2:]
		}
	}
	return word + "x"
}

func misspelt(text string, s spot) (mistake, bool) {
	if free.MatchString(s.owner) || len(s.key.Value) < 3 {
		return mistake{}, false
	}
	m, ok := change("misspelt field", text, s, s.key.Line, func(l string) string {
		at := s.key.Column - 1
		return l[:at] + scramble(s.key.Value) + l[at+len(s.key.Value):]
	})
	m.says = s.key.Value
	return m, ok
}

// inline reports whether the field is alone on its line, in block style, with its whole value.
func inline(text string, s spot) (line string, ok bool) {
	line = strings.Split(text, "\n")[s.key.Line-1]
	return line, strings.TrimLeft(line[:s.key.Column-1], " -") == "" && s.value.Line == s.key.Line && s.value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

func doubled(text string, s spot) (mistake, bool) {
	line, ok := inline(text, s)
	if !ok {
		return mistake{}, false
	}
	copied := strings.Repeat(" ", s.key.Column-1) + line[s.key.Column-1:]
	m, ok := change("doubled field", text, s, s.key.Line, func(l string) string { return l + "\n" + copied })
	m.lines, m.says = []int{s.key.Line, s.key.Line + 1}, s.key.Value
	return m, ok
}

func mistyped(text string, s spot) (mistake, bool) {
	line, ok := inline(text, s)
	if !ok || anything.MatchString(s.path) || s.value.Kind != yaml.ScalarNode {
		return mistake{}, false
	}
	if s.path == "spec.start" || strings.HasSuffix(s.path, "maxCreates") {
		return mistake{}, false
	}
	return change("list for a text in", text, s, s.key.Line, func(string) string { return line[:s.value.Column-1] + "[[1]]" })
}

func emptied(text string, s spot) (mistake, bool) {
	line, ok := inline(text, s)
	if !ok || anything.MatchString(s.path) || s.patch || s.value.Kind != yaml.ScalarNode {
		return mistake{}, false
	}
	return change("no value in", text, s, s.key.Line, func(string) string { return line[:s.value.Column-1] })
}

func dropped(text string, s spot) (mistake, bool) {
	line, ok := inline(text, s)
	if !ok || s.patch || strings.Contains(line[:s.key.Column-1], "-") {
		return mistake{}, false
	}
	match := func(kind string) bool {
		p, ok := required[kind]
		return ok && regexp.MustCompile(p).MatchString(s.path)
	}
	if !match("") && !match(s.kind) {
		return mistake{}, false
	}
	m, ok := change("dropped", text, s, s.key.Line, func(string) string { return "" })
	// The place of what is not there is the object around it, or where it stood.
	m.lines, m.says = []int{s.key.Line, s.key.Line - 1, s.key.Line + 1}, s.key.Value
	if s.above != nil {
		m.lines = append(m.lines, s.above.Line, s.above.Line+1)
	} else {
		m.lines = append(m.lines, 1, strings.Count(text[:strings.Index(text, line)], "\n")+1)
		if i := strings.LastIndex(text[:strings.Index(text, line)], "---\n"); i >= 0 {
			m.lines = append(m.lines, strings.Count(text[:i], "\n")+2)
		}
	}
	return m, ok
}

func misnamed(text string, s spot) (mistake, bool) {
	if !references.MatchString(s.path) || s.patch || s.value.Kind != yaml.ScalarNode {
		return mistake{}, false
	}
	m, ok := revalue("misnamed", text, s)
	return m, ok
}

func outside(text string, s spot) (mistake, bool) {
	if !enums.MatchString(s.path) || s.value.Kind != yaml.ScalarNode || len(s.value.Value) < 3 {
		return mistake{}, false
	}
	return revalue("misspelt value of", text, s)
}

// revalue scrambles a value.
func revalue(what, text string, s spot) (mistake, bool) {
	m, ok := change(what, text, s, s.value.Line, func(l string) string {
		at := s.value.Column - 1
		if !strings.HasPrefix(l[at:], s.value.Value) {
			return l
		}
		return l[:at] + scramble(s.value.Value) + l[at+len(s.value.Value):]
	})
	m.says = s.value.Value
	return m, ok
}

func tabbed(text string, s spot) (mistake, bool) {
	line, ok := inline(text, s)
	if indent := len(line) - len(strings.TrimLeft(line, " ")); !ok || indent == 0 {
		return mistake{}, false
	}
	m, ok := change("tab before", text, s, s.key.Line, func(l string) string { return "\t" + strings.TrimLeft(l, " ") })
	m.says = "tab"
	return m, ok
}

func unspaced(text string, s spot) (mistake, bool) {
	line, ok := inline(text, s)
	if !ok || s.value.Kind != yaml.ScalarNode || s.value.Style != 0 {
		return mistake{}, false
	}
	at := s.key.Column - 1 + len(s.key.Value)
	if !strings.HasPrefix(line[at:], ": ") {
		return mistake{}, false
	}
	m, ok := change("no space after the colon of", text, s, s.key.Line, func(l string) string { return l[:at] + ":" + strings.TrimLeft(l[at+1:], " ") })
	m.says = "space"
	m.lines = append(m.lines, s.key.Line+1)
	return m, ok
}

func unclosed(text string, s spot) (mistake, bool) {
	line, ok := inline(text, s)
	if !ok || !strings.HasSuffix(line, "}") && !strings.HasSuffix(line, "]") && !strings.HasSuffix(line, `"`) {
		return mistake{}, false
	}
	return change("not closed:", text, s, s.key.Line, func(l string) string { return l[:len(l)-1] })
}
