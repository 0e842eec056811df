package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/diag"
)

// expiryNotice is how long before its day a credential is warned of.
const expiryNotice = 30 * 24 * time.Hour

// dateForm is how credentials write days.
const dateForm = "2006-01-02"

// credentials judges every credential by itself and by the day.
func (e *environment) credentials() {
	for _, name := range slices.Sorted(maps.Keys(e.model.Credentials)) {
		c, r := e.model.Credentials[name].Spec, e.index["Credential/"+name]
		if len(c.Recipients) == 0 && !r.spoilt("recipients") {
			at, path := r.field("recipients")
			e.problem(r, at, codeRecipients, path, "the credential names no recipients, so nobody can open it", "write it anew with dray credential set: it encrypts to the agents of its environments and the recovery key")
		}
		if n := r.tree().get("spec").get("ciphertext"); n != nil && n.kind == stringNode && strings.TrimSpace(n.text) == "" {
			e.problem(r, n, codeCredential, "spec.ciphertext", "there are no secrets in this credential", "write it with dray credential set")
		}
		e.expiry(r, c.Expires)
		e.clearBindings(r, name, c)
	}
}

// spoilt reports whether a field of the spec is there and has a mistake that is said already.
func (r *loaded) spoilt(name string) bool {
	v := r.tree().get("spec").get(name)
	return v != nil && (r.v.bad[v] || slices.ContainsFunc(v.items, func(item *node) bool { return r.v.bad[item] }))
}

// field returns the value of a field of the spec with its path, or where it would have to stand.
func (r *loaded) field(name string) (*node, string) {
	spec := r.tree().get("spec")
	if v := spec.get(name); v != nil {
		return v, "spec." + name
	}
	if spec != nil && spec.style == flowStyle {
		return spec, "spec"
	}
	return r.tree().key("spec"), "spec"
}

// expiry judges the last day of a credential.
func (e *environment) expiry(r *loaded, expires string) {
	day, err := time.Parse(dateForm, expires)
	if expires == "" || err != nil || e.o.Now.IsZero() {
		return // the form is judged with the credential itself
	}
	const hint = "renew it at the application, and write its next generation with dray credential set"
	switch left := day.Sub(e.o.Now.UTC()); {
	case left <= 0:
		e.problemPath(r, "spec.expires", codeExpired, fmt.Sprintf("the credential has expired on %s", expires), hint)
	case left <= expiryNotice:
		days := int((left + 24*time.Hour - 1) / (24 * time.Hour))
		e.warnPath(r, "spec.expires", codeExpired, fmt.Sprintf("the credential expires in %d %s", days, verb(days, "day", "days")), hint)
	}
}

// clearTextSchemes are those of protocols that say by themselves that nothing is encrypted.
var clearTextSchemes = []string{"http", "ws", "amqp", "mqtt", "redis"}

func isClearText(address string) bool {
	u, err := url.Parse(address)
	return err == nil && slices.Contains(clearTextSchemes, strings.ToLower(u.Scheme))
}

// clearBindings demands a reason for secrets that travel in clear text. A connection that sends them so is where it is said; without
// one it is said at the credential.
func (e *environment) clearBindings(r *loaded, name string, c Credential) {
	if c.TLS != nil && c.TLS.ClearText != "" {
		return
	}
	for i, bind := range c.Bind {
		if !isClearText(bind) {
			continue
		}
		path := fmt.Sprintf("spec.bind[%d]", i)
		const hint = "write https, or make the credential with dray credential create --clear-text-reason"
		said := false
		for _, connection := range slices.Sorted(maps.Keys(e.model.Connections)) {
			address, ok := e.addresses[connection]
			if !ok || e.model.Connections[connection].Spec.Credential != name || !covers(bind, address) {
				continue
			}
			said = true
			user := e.index["Connection/"+connection]
			d := e.problemPath(user, addressPath(user), codeClearText, fmt.Sprintf("the secrets of the credential %q would travel in clear text to %s", name, address), hint)
			d.Related = []diag.Pos{r.at(nearestNode(r.tree(), path))}
		}
		if !said {
			e.problemPath(r, path, codeClearText, fmt.Sprintf("the secrets would travel in clear text to %s", bind), hint)
		}
	}
}

// addressPath returns the path of the setting that says where a connection goes, as far as can be told by its name.
func addressPath(r *loaded) string {
	path := "spec.config"
	for _, name := range []string{"url", "host", "address", "baseUrl", "dsn"} {
		if r.tree().get("spec").get("config").get(name) != nil {
			path = "spec.config." + name
		}
	}
	return path
}
