package editor_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/editor"
)

// TestSkeletonsAreResources fills what editors insert with something, and holds that its form is right.
func TestSkeletonsAreResources(t *testing.T) {
	d, err := config.Define(registry())
	if err != nil {
		t.Fatal(err)
	}
	text, err := editor.JSONSchema(d)
	if err != nil {
		t.Fatal(err)
	}
	var root struct {
		DefaultSnippets []struct{ Label, Description, Body string }
	}
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	if len(root.DefaultSnippets) < 8 {
		t.Fatalf("only %d", len(root.DefaultSnippets))
	}
	choice, list, object := regexp.MustCompile(`\$\{\d+\|([^,|]*)[^}]*\}`), regexp.MustCompile(`\[\$\d+\]`), regexp.MustCompile(`\{\$\d+\}`)
	stop := regexp.MustCompile(`\$\d+`)
	for _, s := range root.DefaultSnippets {
		body := choice.ReplaceAllString(s.Body, "$1")
		body = object.ReplaceAllString(list.ReplaceAllString(body, "[x]"), "{}")
		body = strings.NewReplacer("every: x", "every: 1h", "start: x", "start: now", "schedule: x", "schedule: x").Replace(stop.ReplaceAllString(body, "x"))
		if s.Description == "" || !strings.Contains(body, "kind: "+strings.TrimPrefix(s.Label, "new ")) {
			t.Errorf("%s: %q", s.Label, s.Body)
		}
		for _, found := range config.Syntax("a.yaml", []byte(body)) {
			t.Errorf("%s: %v\n%s", s.Label, found, body)
		}
		docs, _ := documents(body)
		if len(docs) != 1 {
			t.Errorf("%s: %d documents\n%s", s.Label, len(docs), body)
			continue
		}
		if err := compiled(t, registry(), editor.JSONSchema).Validate(docs[0]); err != nil && !onlyPlaceholders[s.Label] {
			t.Errorf("%s: %v\n%s", s.Label, err, body)
		}
	}
}

// onlyPlaceholders are those in which x cannot stand for what a person writes.
var onlyPlaceholders = map[string]bool{"new Agent": true, "new MappingTest": true}
