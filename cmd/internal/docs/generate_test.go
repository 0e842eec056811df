package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
)

const reference = "../../../docs/reference"

// TestGeneratedPages keeps docs/reference what pages, definitions and the example say. UPDATE=1 writes it.
func TestGeneratedPages(t *testing.T) {
	w := &writer{t: t, definitions: definitions(t), files: exampleFiles(t)}
	want := map[string]string{}
	for _, k := range w.definitions.Kinds {
		want[strings.ToLower(k.Name)+".md"] = w.kindPage(k)
	}
	for _, a := range w.definitions.Applications {
		want["applications/"+a.Spec.Name+".md"] = w.applicationPage(a)
	}
	for _, name := range []string{"common", "expressions", "functions", "rejections"} {
		want[name+".md"] = w.page(name, "", nil)
	}
	want["README.md"] = w.page("README", "", nil)
	for name, text := range want {
		file := filepath.Join(reference, name)
		if os.Getenv("UPDATE") == "1" {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(have), text); d != "" {
			t.Errorf("%s is not what the definitions say; run make generate (-file +definitions):\n%s", name, d)
		}
	}
	found, err := filepath.Glob(reference + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range found {
		if _, ok := want[filepath.Base(name)]; !ok {
			t.Errorf("%s belongs to nothing there is: remove it", name)
		}
	}
}

// A writer makes pages of templates: lines {{example FILE}}, {{fields}} and the like are replaced.
type writer struct {
	t           *testing.T
	definitions *config.Definitions
	files       map[string]string
}

const made = "<!-- Written by make generate: the words are in cmd/internal/docs/pages, the tables come from the definitions. -->\n\n"

var marker = regexp.MustCompile(`(?m)^\{\{(\w+)(?: ([^}]*))?\}\}$`)

// page fills a template. up leads from the page to docs/reference.
func (w *writer) page(name, up string, own map[string]func() string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join("pages", name+".md"))
	if err != nil {
		w.t.Fatalf("%s has no page: write cmd/internal/docs/pages/%s.md: when to use it, what to watch for, {{example FILE}} and {{fields}}", name, name)
	}
	return made + marker.ReplaceAllStringFunc(string(text), func(line string) string {
		m := marker.FindStringSubmatch(line)
		if f, ok := own[m[1]]; ok {
			return strings.TrimRight(f(), "\n")
		}
		switch m[1] {
		case "example":
			return w.example(m[2], up)
		case "kinds":
			return w.kinds()
		case "applications":
			return w.applications()
		case "metadata":
			return w.metadata()
		case "functions":
			return functions()
		case "apply":
			return apply()
		case "rules":
			return w.rules()
		}
		w.t.Errorf("%s: %s is not known", name, line)
		return line
	})
}

func (w *writer) kindPage(k config.KindDefinition) string {
	return w.page(strings.ToLower(k.Name), "", map[string]func() string{
		"fields": func() string {
			return fieldTable(k.Type, "", "") + "\nBeside these: apiVersion, kind and [metadata](common.md#metadata)."
		},
		"doc":      func() string { return k.Type.Doc },
		"settings": func() string { return fieldTable(declaredConfig(w.t), "config", "") },
	})
}

func (w *writer) applicationPage(a config.ApplicationDefinition) string {
	table := func(t *config.Type, path string) func() string {
		return func() string {
			if t == nil {
				return "None."
			}
			return fieldTable(t, path, "../")
		}
	}
	return w.page("applications/"+a.Spec.Name, "../", map[string]func() string{
		"doc":    func() string { return a.Spec.Description },
		"config": table(a.Config, "config"),
		"object": table(a.Object, "objects.*"),
		"secrets": func() string {
			if len(a.Spec.Secrets) == 0 {
				return "It takes no credential."
			}
			var text strings.Builder
			text.WriteString("| Field of the credential | | Meaning |\n|---|---|---|\n")
			for _, s := range a.Spec.Secrets {
				need := ""
				if s.Required {
					need = "**required**"
				}
				text.WriteString(fmt.Sprintf("| `%s` | %s | %s |\n", s.Name, need, cell(s.Description)))
			}
			return text.String()
		},
	})
}

// example quotes a file of the example, or one of its documents: FILE, or FILE NAME.
func (w *writer) example(what, up string) string {
	file, name, _ := strings.Cut(what, " ")
	text, ok := w.files[file]
	if raw, err := os.ReadFile(filepath.Join(example, file)); !ok && err == nil {
		text, ok = string(raw), true
	}
	if name != "" {
		ok = false
		for doc := range strings.SplitSeq(text, "---\n") {
			if strings.Contains(doc, "metadata: {name: "+name+"}") || strings.Contains(doc, "metadata: {name: "+name+",") {
				text, ok = doc, true
				break
			}
		}
	}
	if !ok {
		w.t.Errorf("the example has no %s", what)
	}
	language := strings.TrimPrefix(filepath.Ext(file), ".")
	return fmt.Sprintf("```%s\n%s\n```\n\n(from [%s](%sexample/%s))", language, strings.TrimRight(text, "\n"), file, up, file)
}

func (w *writer) kinds() string {
	var text strings.Builder
	text.WriteString("| Kind | |\n|---|---|\n")
	for _, k := range w.definitions.Kinds {
		text.WriteString(fmt.Sprintf("| [%s](%s.md) | %s |\n", k.Name, strings.ToLower(k.Name), cell(k.Type.Doc)))
	}
	return strings.TrimRight(text.String(), "\n")
}

func (w *writer) applications() string {
	var text strings.Builder
	text.WriteString("| Application | |\n|---|---|\n")
	for _, a := range w.definitions.Applications {
		text.WriteString(fmt.Sprintf("| [%s](applications/%s.md) | %s |\n", a.Spec.Name, a.Spec.Name, cell(a.Spec.Description)))
	}
	return strings.TrimRight(text.String(), "\n")
}

func (w *writer) metadata() string {
	t, _ := w.definitions.Kind("Schedule")
	var text strings.Builder
	text.WriteString("| Field | Holds | Unsaid | Meaning |\n|---|---|---|---|\n")
	for _, f := range t.Field("metadata").Type.Fields {
		text.WriteString(fmt.Sprintf("| `metadata.%s` | %s | %s | %s |\n", f.Name, holds(f.Type, f.Ref, ""), unsaid(f), cell(f.Doc)))
	}
	return strings.TrimRight(text.String(), "\n")
}

func functions() string {
	var text strings.Builder
	text.WriteString("| Function | Gives | Example | Result |\n|---|---|---|---|\n")
	for _, f := range expr.Functions() {
		text.WriteString(fmt.Sprintf("| %s | %s | %s | %s |\n", code(f.Signature), cell(f.Doc), code(f.Example), code(f.Result)))
	}
	return strings.TrimRight(text.String(), "\n")
}

func apply() string {
	var text strings.Builder
	text.WriteString("| Written as | Gives the text |\n|---|---|\n")
	for _, f := range mapping.ApplyFuncs() {
		form := f.Name
		if f.Arg != "" {
			form = "{" + f.Name + ": " + f.Arg + "}"
		}
		text.WriteString(fmt.Sprintf("| %s | %s |\n", code(form), cell(f.Doc)))
	}
	return strings.TrimRight(text.String(), "\n")
}

// rules lists the rules of rejection with the comments they have in the source.
func (w *writer) rules() string {
	file, err := parser.ParseFile(token.NewFileSet(), "../../../engine/mapping/result.go", nil, parser.ParseComments)
	if err != nil {
		w.t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("| Rule | What is wrong |\n|---|---|\n")
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v, ok := s.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(v.Names[0].Name, "Rule") || len(v.Values) == 0 || v.Comment == nil {
				continue
			}
			if lit, ok := v.Values[0].(*ast.BasicLit); ok {
				rule, _ := strconv.Unquote(lit.Value)
				text.WriteString(fmt.Sprintf("| `%s` | %s |\n", rule, cell(strings.TrimSpace(v.Comment.Text()))))
			}
		}
	}
	return strings.TrimRight(text.String(), "\n")
}

var link = regexp.MustCompile(`\]\(([^)]+)\)`)

// TestLinksLeadSomewhere follows every link between files of the documentation.
func TestLinksLeadSomewhere(t *testing.T) {
	count := 0
	for _, pattern := range []string{"../../../*.md", "../../../docs/*.md", reference + "/*.md", reference + "/*/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range link.FindAllStringSubmatch(string(text), -1) {
				to, section, _ := strings.Cut(m[1], "#")
				if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
					continue
				}
				count++
				target := name
				if to != "" {
					target = filepath.Join(filepath.Dir(name), to)
				}
				body, err := os.ReadFile(target)
				if err != nil {
					if _, err := os.Stat(target); err != nil {
						t.Errorf("%s: %s leads nowhere", name, m[1])
					}
					continue
				}
				if section != "" && filepath.Ext(target) == ".md" && !sections(string(body))[section] {
					t.Errorf("%s: there is no section %s", name, m[1])
				}
			}
		}
	}
	if count < 50 {
		t.Errorf("only %d links", count)
	}
}

// sections returns the anchors of a page's headings.
func sections(text string) map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(text) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' {
			anchor := strings.ToLower(strings.TrimSpace(title))
			anchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(anchor, "")
			all[strings.ReplaceAll(anchor, " ", "-")] = true
		}
	}
	return all
}
