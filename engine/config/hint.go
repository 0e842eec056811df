package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// form is the hint that shows how the field around is written, and what it is for.
func (c *checker) form() string {
	f := c.current
	if f == nil {
		return ""
	}
	return withDoc("write "+c.named(f.typ.sample(0)), f.doc)
}

// withDoc adds to a hint what a field is for.
func withDoc(hint, doc string) string {
	if doc == "" {
		return hint
	}
	return hint + " (" + strings.ToLower(doc[:1]) + strings.TrimSuffix(doc[1:], ".") + ")"
}

// sample is a value of the type, as it is written, or "" where none can be given.
func (t *typ) sample(depth int) string {
	const deepest = 2
	switch {
	case t.def != nil && t.def.kind < listNode && t.def.kind != nullNode && t.def.text != "":
		return t.def.written()
	case len(t.consts) > 0:
		return t.consts[0].written()
	case t.says != "":
		return yamlText(suchAs(t.says))
	case len(t.alts) > 0:
		return t.alts[0].sample(depth)
	case t.any || len(t.kinds) == 0 || depth > deepest:
		return "…"
	}
	switch t.kinds[0] {
	case boolNode:
		return "true"
	case intNode, floatNode:
		return t.sampleNumber()
	case listNode:
		if len(t.prefix) > 0 {
			return "[" + t.prefix[0].sample(depth+1) + "]"
		}
		if t.elem != nil {
			return "[" + t.elem.sample(depth+1) + "]"
		}
		return "[]"
	case objectNode:
		return t.sampleObject(depth)
	}
	return "…"
}

func (t *typ) sampleNumber() string {
	for _, b := range t.bounds {
		if b.op == ">=" && b.text != "0" {
			return b.text
		}
		if b.op == "<=" && len(b.text) < 3 {
			return "2"
		}
	}
	return "10"
}

func (t *typ) sampleObject(depth int) string {
	switch {
	case t.object != nil && len(t.object.fields) == 0 && len(t.object.patterns) > 0:
		return "{NAME: " + t.object.patterns[0].field.typ.sample(depth+1) + "}"
	case t.object == nil || len(t.object.fields) == 0:
		return "{…}"
	}
	var parts []string
	for _, f := range t.object.fields {
		if !f.optional && f.typ.def == nil {
			parts = append(parts, f.name+": "+f.sample(depth+1))
		}
	}
	if len(parts) == 0 {
		f := t.object.fields[0]
		parts = append(parts, f.name+": "+f.typ.sample(depth+1))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (f *fieldTyp) sample(depth int) string {
	if f.ref != "" {
		return "…"
	}
	return f.typ.sample(depth)
}

// suchAs returns the first example of what a type says of itself.
func suchAs(says string) string {
	_, example, ok := strings.Cut(says, "such as ")
	if !ok {
		_, example, ok = strings.Cut(says, ": ")
	}
	if !ok {
		return "…"
	}
	for _, end := range []string{", ", " or "} {
		example, _, _ = strings.Cut(example, end)
	}
	return example
}

// yamlText is a text as YAML has it, in quotes where it needs them.
func yamlText(s string) string {
	switch {
	case s == "":
		return `""`
	case s == "…":
		return s
	case strings.ContainsAny(s, "\"\\#{}[],&*!|>%@`'") || strings.Contains(s, ": ") || strings.HasSuffix(s, ":") || strings.Contains(s, " ") && strings.ContainsAny(s[:1], "-?") ||
		plainNode(s) != nil || sexagesimal.MatchString(s) || strings.Contains(s, "T") && strings.Contains(s, ":"):
		return fmt.Sprintf("%q", s)
	}
	return s
}

// written is a scalar as YAML has it.
func (n *node) written() string {
	if n.kind == stringNode {
		return yamlText(n.text)
	}
	return string(n.appendJSON(nil, false))
}

// unknownHint says what was probably meant: another field, one in another place, a word of another tool, or a text that YAML cut.
func (c *checker) unknownHint(n, k, v *node, t *typ) string {
	unset := t.object.unset(n)
	near := diag.Nearest(k.text, unset)
	foreign := foreignWord(k.text, v, t.object)
	if near != "" && diag.Sure(k.text, near, unset) && foreign == "" {
		return diag.DidYouMean(near)
	}
	if strings.TrimSpace(strings.ReplaceAll(k.text, "\u00a0", " ")) != k.text {
		return "there are spaces in the name that do not break (U+00A0): write plain ones"
	}
	if places := c.elsewhere(k.text, t); len(places) > 0 {
		return fmt.Sprintf("%s belongs under %s", k.text, orList(places))
	}
	plain := plainWord(k.text)
	switch {
	case foreign != "":
		return foreign
	case (plain == "enabled" || plain == "disabled") && len(c.elsewhere("suspend", t)) > 0:
		return "here it is called suspend, and belongs under " + orList(c.elsewhere("suspend", t))
	case near == "" && t.object.byName["config"] != nil && t.object.byName["application"] != nil:
		return "settings of the application belong under config: write config: {" + k.text + ": …}"
	case near != "":
		return diag.DidYouMean(near)
	case diag.Nearest(k.text, t.object.names()) != "":
		return fmt.Sprintf("did you mean %s, which is here already?", diag.Nearest(k.text, t.object.names()))
	case len(t.object.fields) == 0:
		return "there are no fields here"
	}
	return "the fields here are " + strings.Join(t.object.names(), ", ")
}

// elsewhere returns the places in the resource where a field of that name may stand, shortest first, none where it may stand in too many.
func (c *checker) elsewhere(name string, here *typ) []string {
	const most = 3
	if len(c.around) == 0 {
		return nil
	}
	var found []string
	seen := map[*typ]bool{here: true}
	type place struct {
		path string
		typ  *typ
	}
	for todo := []place{{"", c.around[0]}}; len(todo) > 0; todo = todo[1:] {
		at := todo[0]
		if at.typ == nil || (seen[at.typ] && at.typ != here) {
			continue
		}
		seen[at.typ] = true
		if o := at.typ.object; o != nil {
			if at.typ != here && o.byName[name] != nil && at.path != "" {
				found = append(found, at.path)
			}
			for _, f := range o.fields {
				todo = append(todo, place{strings.TrimPrefix(at.path+"."+f.name, "."), f.typ})
			}
			for _, p := range o.patterns {
				todo = append(todo, place{at.path + ".NAME", p.field.typ})
			}
		}
		for _, a := range at.typ.alts {
			todo = append(todo, place{at.path, a})
		}
		if at.typ.elem != nil {
			todo = append(todo, place{at.path + "[]", at.typ.elem})
		} else if len(at.typ.prefix) > 0 {
			todo = append(todo, place{at.path + "[]", at.typ.prefix[0]})
		}
	}
	found = slices.DeleteFunc(found, func(p string) bool { return strings.Count(p, ".") > strings.Count(found[0], ".") })
	return found[:min(len(found), most)]
}

// foreignWords are what other tools call a field, with what it may be called here, the likeliest first.
var foreignWords = map[string][]string{
	"interval": {"every"}, "frequency": {"every", "cron"}, "period": {"every"}, "cronexpression": {"cron"}, "crontab": {"cron"}, "expression": {"expr", "cron"},
	"timezone": {"zone"}, "tz": {"zone"}, "timezoneid": {"zone"}, "paused": {"suspend"}, "disabled": {"suspend"}, "filter": {"where"}, "condition": {"when", "where"}, "if": {"when"},
	"query": {"where"}, "retries": {"onReject"}, "retry": {"onReject"}, "onerror": {"onReject"}, "target": {"destination"}, "sink": {"destination"}, "output": {"destination", "expect"},
	"to": {"destination"}, "src": {"source"}, "input": {"source", "from"}, "from": {"source"}, "path": {"from"}, "field": {"from"}, "const": {"value"}, "constant": {"value"}, "literal": {"value"},
	"static": {"value"}, "formula": {"expr"}, "script": {"expr"}, "transform": {"apply", "mapping"}, "functions": {"apply"}, "dateformat": {"format"}, "precision": {"scale"}, "decimals": {"scale"},
	"digits": {"scale"}, "rounding": {"round"}, "optional": {"ifAbsent"}, "nullable": {"ifAbsent"}, "fallback": {"default"}, "upsertkey": {"key"}, "keys": {"key"}, "primarykey": {"key"}, "matchon": {"key"},
	"idfield": {"key"}, "operation": {"write"}, "mode": {"write", "read"}, "action": {"write"}, "method": {"write"}, "connector": {"application"}, "adapter": {"application"}, "app": {"application"},
	"type": {"as", "application"}, "cast": {"as"}, "convert": {"as"}, "table": {"object"}, "entity": {"object"}, "resource": {"object"}, "collection": {"object"}, "secret": {"credential"},
	"secretref": {"credential"}, "credentials": {"credential"}, "auth": {"credential"}, "env": {"environments"}, "environment": {"environments"}, "settings": {"config"}, "options": {"config"},
	"parameters": {"config"}, "dependson": {"after"}, "needs": {"after"}, "ratelimit": {"rate"}, "throttle": {"rate"}, "foreach": {"each"}, "items": {"each"}, "loop": {"each"}, "map": {"mapping", "lookup"},
	"values": {"rows"}, "data": {"rows"}, "since": {"start"}, "startfrom": {"start"}, "initial": {"start"}, "fullload": {"read"}, "incremental": {"read"},
	"dryrun": {"mode"}, "maxerrors": {"stopAfter"}, "errorlimit": {"stopAfter"}, "title": {"description"}, "tests": {"cases"}, "expected": {"expect"}, "url": {"config"},
}

// plainWord is a name without what people write differently.
func plainWord(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))
}

// foreignValues are what other tools call a value, with what it may be called here.
var foreignValues = map[string][]string{
	"integer": {"int"}, "long": {"int"}, "number": {"decimal"}, "float": {"decimal"}, "double": {"decimal"}, "numeric": {"decimal"}, "boolean": {"bool"}, "text": {"string"}, "str": {"string"},
	"varchar": {"string"}, "timestamp": {"datetime"}, "instant": {"datetime"}, "currency": {"money"}, "array": {"list"}, "map": {"object"}, "json": {"object"}, "insert": {"create"}, "add": {"create"},
	"new": {"create"}, "post": {"create"}, "merge": {"upsert"}, "replace": {"upsert"}, "put": {"upsert"}, "sync": {"upsert"}, "save": {"upsert"}, "patch": {"update"}, "modify": {"update"}, "remove": {"delete"},
	"bankers": {"half-even"}, "banker": {"half-even"}, "commercial": {"half-up"}, "nearest": {"half-even"}, "truncate": {"down"}, "delta": {"incremental"}, "changed": {"incremental"}, "all": {"full", "beginning"},
	"snapshot": {"full"}, "complete": {"full"}, "today": {"now"}, "latest": {"now"}, "earliest": {"beginning"}, "first": {"beginning"}, "epoch": {"beginning"}, "error": {"reject", "error"}, "fail": {"reject", "error"},
	"deadletter": {"reject"}, "ignore": {"skip", "omit"}, "drop": {"skip", "omit"}, "stop": {"park"}, "abort": {"park"}, "dryrun": {"observe"}, "shadow": {"observe"}, "test": {"observe"}, "simulate": {"observe"},
	"active": {"live"}, "production": {"live"}, "enabled": {"live"}, "wait": {"queue"}, "allow": {"queue"}, "catchup": {"once"}, "run": {"once"}, "none": {"skip", "omit"}, "caseinsensitive": {"case"}, "skipped": {"skip"}, "uppercase": {"upper"}, "toupper": {"upper"},
	"lowercase": {"lower"}, "tolower": {"lower"}, "strip": {"trim"}, "substring": {"truncate"}, "left": {"truncate"}, "concat": {"prefix"}, "append": {"suffix"}, "prepend": {"prefix"}, "pad": {"padLeft"},
}

// foreignValue returns what a word of other tools is called among these, or "".
func foreignValue(text string, words []string) string {
	for _, word := range foreignValues[plainWord(text)] {
		if slices.Contains(words, word) {
			return word
		}
	}
	return ""
}

// foreignWord is the hint for a field that goes by another name in other tools.
func foreignWord(name string, v *node, o *objectTyp) string {
	plain := plainWord(name)
	if plain == "enabled" && o.byName["suspend"] != nil {
		if v.kind == boolNode && v.text == "true" {
			return "remove it: what is there is enabled, unless it says suspend: true"
		}
		return "write suspend: true for what is not to run"
	}
	for _, word := range foreignWords[plain] {
		if f := o.byName[word]; f != nil {
			return withDoc(fmt.Sprintf("here it is called %s: write %s: %s", word, word, f.typ.sample(0)), f.doc)
		}
	}
	return ""
}
