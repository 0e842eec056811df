package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"
)

// APIVersion is the version every resource names.
const APIVersion = "dray/v1"

// Metadata is the part of a resource that is outside the seal: nothing but Name,
// which the seal repeats, may decide anything.
type Metadata struct {
	Name        string            `yaml:"name"`
	RenamedFrom string            `yaml:"renamedFrom,omitempty"`
	Description string            `yaml:"description,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// fileHead is what tells the kinds of resource apart.
type fileHead struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   Metadata `yaml:"metadata"`
}

// check refuses another version, another kind, or no proper name.
func (h fileHead) check(kind, what string) error {
	switch {
	case h.APIVersion != APIVersion:
		return malformed(what, "apiVersion must be "+APIVersion)
	case h.Kind != kind:
		return malformed(what, "kind must be "+kind)
	case !isName(h.Metadata.Name):
		return malformed(what, "metadata.name must be lower-case letters, digits and -")
	}
	return nil
}

// nameForm is that of a resource name.
var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// isName reports whether s can be the name of a resource.
func isName(s string) bool { return nameForm.MatchString(s) }

// decodeStrict reads one YAML document into out: bounded, without anchors and
// aliases, and without fields that out does not know. Its errors carry no
// content of the document.
func decodeStrict(doc []byte, out any, what string) error {
	if len(doc) > maxFileBytes {
		return &Error{Reason: TooLarge, What: what, Text: fmt.Sprintf("larger than %d KiB", maxFileBytes>>10)}
	}
	var root yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(doc))
	if err := d.Decode(&root); err != nil {
		return malformed(what, "not a YAML document")
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return malformed(what, "more than one YAML document")
	}
	if hasAlias(&root) {
		return malformed(what, "anchors, aliases and merges are not used in this kind of file")
	}
	strict := yaml.NewDecoder(bytes.NewReader(doc))
	strict.KnownFields(true)
	if err := strict.Decode(out); err != nil {
		return malformed(what, "its fields are not those of this kind of file"+typeErrorLines(err))
	}
	return nil
}

// hasAlias reports whether a node below n is an alias or has an anchor.
func hasAlias(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Tag == "!!merge" {
		return true
	}
	return slices.ContainsFunc(n.Content, hasAlias)
}

// lineOf finds the line numbers in the messages of the YAML decoder, whose texts
// quote values and are therefore not shown.
var lineOf = regexp.MustCompile(`^line (\d+):`)

// typeErrorLines returns where the decoder found fault.
func typeErrorLines(err error) string {
	te := (*yaml.TypeError)(nil)
	if !errors.As(err, &te) {
		return ""
	}
	out, sep := "", " (line "
	for _, msg := range te.Errors {
		if m := lineOf.FindStringSubmatch(msg); m != nil {
			out, sep = out+sep+m[1], ", "
		}
	}
	if out != "" {
		out += ")"
	}
	return out
}

// encodeFile writes a resource below a comment.
func encodeFile(comment string, resource any) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(comment)
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(resource); err != nil {
		return nil, fmt.Errorf("writing yaml: %w", err)
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("writing yaml: %w", err)
	}
	return out.Bytes(), nil
}

// malformed says what is wrong with the form of a file.
func malformed(what, text string) error {
	return &Error{Reason: Malformed, What: what, Text: text, Hint: "write it with dray credential or dray key, not by hand"}
}
