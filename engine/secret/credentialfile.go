package secret

import (
	"fmt"
	"maps"
	"slices"
)

// credentialDocument is the YAML form of a credential.
type credentialDocument struct {
	fileHead `yaml:",inline"`
	Spec     credentialSpec `yaml:"spec"`
}

type credentialSpec struct {
	Application  string            `yaml:"application"`
	Scope        string            `yaml:"scope,omitempty"`
	Bind         []string          `yaml:"bind"`
	TLS          TLS               `yaml:"tls,omitempty"`
	Use          Use               `yaml:"use"`
	Environments []string          `yaml:"environments,flow"`
	Fields       []string          `yaml:"fields,flow"`
	Set          map[string]string `yaml:"set,omitempty"` // when a field was set, unless on the day of Rotated
	Generation   uint64            `yaml:"generation"`
	Rotated      string            `yaml:"rotated"`
	Expires      string            `yaml:"expires,omitempty"`
	Recipients   []string          `yaml:"recipients"`
	Ciphertext   string            `yaml:"ciphertext"`
}

const credentialComment = `# A credential: the secrets of one application, encrypted to the recipients below. It is safe to commit.
# Everything readable here is sealed together with the secrets: after an edit by hand nothing opens it.
# Change it with dray credential set; you need no key for that. It never goes back to an older generation.
`

// ParseCredential reads a kind: Credential document without opening it.
func ParseCredential(doc []byte) (*Credential, error) {
	const what = "credential"
	var d credentialDocument
	if err := decodeStrict(doc, &d, what); err != nil {
		return nil, err
	}
	if err := d.check("Credential", what); err != nil {
		return nil, err
	}
	return d.credential()
}

// credential checks the form of every field.
func (d *credentialDocument) credential() (*Credential, error) {
	what, s := credentialName(d.Metadata.Name), d.Spec
	bind, err := ParseBindings(s.Bind)
	if err != nil {
		return nil, fmt.Errorf("%s: spec.bind: %w", what, err)
	}
	recipients, err := ParseRecipients(s.Recipients)
	if err != nil {
		return nil, fmt.Errorf("%s: spec.recipients: %w", what, err)
	}
	fields, err := s.fieldDates(what)
	if err != nil {
		return nil, err
	}
	e, err := Envelope{
		Name: d.Metadata.Name, Scope: s.Scope, Application: s.Application, Bind: bind, TLS: s.TLS, Use: s.Use,
		Environments: s.Environments, Fields: fields, Generation: s.Generation, Rotated: s.Rotated, Expires: s.Expires,
		Recipients: recipients,
	}.normal()
	if err != nil {
		return nil, err
	}
	ciphertext, err := dearmored(s.Ciphertext, recipients, what)
	if err != nil {
		return nil, err
	}
	return &Credential{meta: d.Metadata, envelope: e, ciphertext: ciphertext}, nil
}

// fieldDates returns the date each field was set.
func (s *credentialSpec) fieldDates(what string) (map[string]string, error) {
	dates := make(map[string]string, len(s.Fields))
	for _, name := range s.Fields {
		if dates[name] = s.Rotated; s.Set[name] != "" {
			dates[name] = s.Set[name]
		}
	}
	if len(dates) != len(s.Fields) {
		return nil, malformed(what, "fields names one twice")
	}
	for name := range s.Set {
		if dates[name] == "" {
			return nil, malformed(what, "set names something that is not among fields")
		}
	}
	return dates, nil
}

// Encode returns the file's canonical YAML.
func (c *Credential) Encode() ([]byte, error) {
	e := c.envelope
	fields, set := slices.Sorted(maps.Keys(e.Fields)), maps.Clone(e.Fields)
	maps.DeleteFunc(set, func(_, date string) bool { return date == e.Rotated })
	return encodeFile(credentialComment, credentialDocument{
		fileHead: fileHead{APIVersion: APIVersion, Kind: "Credential", Metadata: c.meta},
		Spec: credentialSpec{
			Application: e.Application, Scope: e.Scope, Bind: e.Bind.Strings(), TLS: e.TLS, Use: e.Use,
			Environments: e.Environments, Fields: fields, Set: set, Generation: e.Generation, Rotated: e.Rotated, Expires: e.Expires,
			Recipients: recipientTexts(e.Recipients), Ciphertext: armored(c.ciphertext),
		},
	})
}
