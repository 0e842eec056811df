package secret

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Use says where a credential may be used.
type Use string

const (
	// UseAgent credentials serve an agent only.
	UseAgent Use = "agent"
	// UseLocal credentials serve commands that a person runs.
	UseLocal Use = "local"
)

// Envelope is the readable part of a credential. All of it is sealed together
// with the values; changing any of it makes the credential useless.
type Envelope struct {
	// Name is the credential's name.
	Name string
	// Scope is the path of the project the credential belongs to; empty means
	// the whole repository.
	Scope string
	// Application is the one application the credential is for.
	Application string
	// Bind are the places it may go to, at least one.
	Bind Bindings
	// TLS are its requirements of the connection.
	TLS TLS
	// Use says whether agents or people use it.
	Use Use
	// Environments may use it, at least one.
	Environments []string
	// Fields maps the name of each secret to the date it was set, YYYY-MM-DD.
	Fields map[string]string
	// Generation only grows.
	Generation uint64
	// Rotated is the date of the last change of a secret.
	Rotated string
	// Expires is the last date the credential works; empty means for ever.
	Expires string
	// Recipients can open it: the recovery key and the agents that use it.
	Recipients []Recipient
}

// TLS are a credential's requirements of the connection. The zero value demands
// TLS, which a binding with a clear-text scheme contradicts and is refused for;
// where the scheme leaves it open, as with postgres, ldap or smtp, whoever
// connects must hold to it.
type TLS struct {
	// ClearText is the reason why the secrets may travel without TLS; empty
	// means they may not.
	ClearText string `yaml:"clearText,omitempty"`
}

const dateForm = "2006-01-02"

// fieldForm is that of the name of a secret.
var fieldForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,62}$`)

// Clone returns a copy that shares nothing with e.
func (e Envelope) Clone() Envelope {
	e.Bind = slices.Clone(e.Bind)
	e.Environments = slices.Clone(e.Environments)
	e.Fields = maps.Clone(e.Fields)
	e.Recipients = slices.Clone(e.Recipients)
	return e
}

// normal returns the envelope with its lists in order, or says what is wrong.
func (e Envelope) normal() (Envelope, error) {
	e = e.Clone()
	what := credentialName(e.Name)
	slices.Sort(e.Environments)
	var err error
	if e.Recipients, err = normalRecipients(e.Recipients); err != nil {
		return Envelope{}, fmt.Errorf("%s: %w", what, err)
	}
	if e.Bind, err = e.Bind.normal(); err != nil {
		return Envelope{}, fmt.Errorf("%s: %w", what, err)
	}
	if err := e.checkForm(what); err != nil {
		return Envelope{}, err
	}
	return e, e.checkClearText(what)
}

// checkForm checks the plain fields.
func (e *Envelope) checkForm(what string) error {
	switch {
	case !isName(e.Name):
		return malformed(what, "its name must be lower-case letters, digits and -")
	case e.Scope != "" && (strings.HasPrefix(e.Scope, "/") || strings.HasSuffix(e.Scope, "/") || hasControl(e.Scope)):
		return malformed(what, "scope must be a path within the repository without slash at either end")
	case !isName(e.Application):
		return malformed(what, "application must be the name of an application")
	case e.Use != UseAgent && e.Use != UseLocal:
		return malformed(what, "use must be agent or local")
	case len(e.Environments) == 0:
		return malformed(what, "environments must name at least one")
	case len(e.Fields) == 0:
		return malformed(what, "fields must name at least one secret")
	case e.Generation == 0:
		return malformed(what, "generation must be 1 or more")
	case !isDate(e.Rotated):
		return malformed(what, "rotated must be a date like 2026-04-01")
	case e.Expires != "" && !isDate(e.Expires):
		return malformed(what, "expires must be a date like 2027-04-01")
	case hasControl(e.TLS.ClearText):
		return malformed(what, "tls.clearText must be one line")
	}
	for i, env := range e.Environments {
		if !isName(env) || i > 0 && env == e.Environments[i-1] {
			return malformed(what, "environments must be names, each once")
		}
	}
	for name, set := range e.Fields {
		if !fieldForm.MatchString(name) || !isDate(set) {
			return malformed(what, "fields must map the name of each secret to the date it was set")
		}
	}
	return nil
}

// checkClearText demands a reason for every binding that is not encrypted.
func (e *Envelope) checkClearText(what string) error {
	for _, b := range e.Bind {
		if b.ClearText() && e.TLS.ClearText == "" {
			return &Error{
				Reason: Malformed, What: what, Text: fmt.Sprintf("binding %s would send the secrets in clear text", b),
				Hint: "bind the encrypted form of the protocol, or give the reason in tls.clearText",
			}
		}
	}
	return nil
}

// canonical encodes the envelope, which must be normal.
func (e *Envelope) canonical() []byte {
	fields := appendItem(nil, "fields")
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		fields = appendItem(fields, name)
		fields = appendItem(fields, e.Fields[name])
	}
	return Enc("dray/credential/envelope/v1",
		[]byte(e.Name), []byte(e.Scope), []byte(e.Application),
		encList("bind", e.Bind.Strings()), encList("tls", []string{e.TLS.ClearText}),
		[]byte(e.Use), encList("environments", e.Environments), fields,
		be64(e.Generation), []byte(e.Expires), encList("recipients", recipientTexts(e.Recipients)), []byte(e.Rotated))
}

// Purpose is what a credential is about to be used for.
type Purpose struct {
	// Application of the connection that names the credential.
	Application string
	// Project is the path the agent serves; empty means the whole repository.
	Project string
	// Environment the agent or command serves.
	Environment string
	// Use is who uses it.
	Use Use
	// At is the time of use, never zero; expiry is judged by its date in UTC.
	At time.Time
}

// check refuses what the envelope does not allow.
func (e *Envelope) check(p Purpose) error {
	what := credentialName(e.Name)
	not := func(text, hint string) error {
		return &Error{Reason: CredentialNotForHere, What: what, Text: text, Hint: hint}
	}
	switch {
	case p.At.IsZero():
		return not("the time of its use is not known", "this is a fault of the program")
	case e.Application != p.Application:
		return not(fmt.Sprintf("sealed for application %s, and the connection is of %q", e.Application, shorten(p.Application)),
			"make a credential for that application, or correct the connection")
	case !slices.Contains(e.Environments, p.Environment):
		return not(fmt.Sprintf("sealed for %s, and this is environment %q", strings.Join(e.Environments, ", "), shorten(p.Environment)),
			"write it again with this environment among its environments")
	case e.Scope != "" && p.Project != e.Scope && !strings.HasPrefix(p.Project, e.Scope+"/"):
		return not(fmt.Sprintf("sealed for project %q", shorten(e.Scope)), "write one for this project")
	case e.Use != p.Use:
		return not(fmt.Sprintf("sealed for use by %s, not by %q", useText(e.Use), shorten(string(p.Use))),
			"commands on this machine need a credential made with --use local")
	case e.Expires != "" && p.At.UTC().Format(dateForm) > e.Expires:
		return &Error{
			Reason: CredentialExpired, What: what, Text: "expired on " + e.Expires,
			Hint: "get new secrets from the application and run dray credential rotate",
		}
	}
	return nil
}

// useText says who uses a credential.
func useText(u Use) string {
	if u == UseAgent {
		return "agents"
	}
	return "people"
}

// isDate reports whether s is a calendar date.
func isDate(s string) bool {
	t, err := time.Parse(dateForm, s)
	return err == nil && t.Format(dateForm) == s
}

// credentialName names a credential in messages.
func credentialName(name string) string { return "credential " + shorten(name) }
