package config

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// A sensitive is something that should not stand in a repository, without what it is.
type sensitive struct {
	offset   int // in bytes
	what     string
	personal bool // personal data, and no secret
}

// A secretShape is how the secrets of one issuer look. One of the marks is in each of them, which is quick to find.
type secretShape struct {
	what    string
	marks   []string
	pattern *regexp.Regexp
}

var secretShapes = []secretShape{
	{"an access key of AWS", []string{"AKIA", "ASIA"}, regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{"a token of GitHub", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"}, regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})`)},
	{"a token of GitLab", []string{"glpat-"}, regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"a token of Slack", []string{"xox"}, regexp.MustCompile(`\bxox[abeprs]-[A-Za-z0-9-]{10,}`)},
	{"an address of Slack that anyone can post to", []string{"hooks.slack.com/"}, regexp.MustCompile(`https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{16,}`)},
	{"a key of Stripe", []string{"sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"}, regexp.MustCompile(`\b(?:[sr]k_(?:live|test)_|whsec_)[A-Za-z0-9]{16,}`)},
	{"a token of Shopify", []string{"shpat_", "shpca_", "shppa_", "shpss_"}, regexp.MustCompile(`\bshp(?:at|ca|pa|ss)_[A-Za-z0-9]{16,}`)},
	{"a key of Google", []string{"AIza", "ya29.", "GOCSPX-"}, regexp.MustCompile(`\bAIza[0-9A-Za-z_-]{35}|\bya29\.[0-9A-Za-z_-]{20,}|\bGOCSPX-[0-9A-Za-z_-]{20,}`)},
	{"a signed token (JWT)", []string{"eyJ"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`)},
	{"a private key", []string{"PRIVATE KEY-----"}, regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----`)},
	{"a private key of age", []string{"AGE-SECRET-KEY-1"}, regexp.MustCompile(`AGE-SECRET-KEY-1[0-9A-Z]{20,}`)},
	{"a token of npm", []string{"npm_"}, regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`)},
	{"a key of SendGrid", []string{"SG."}, regexp.MustCompile(`\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`)},
	{"a key of a language model's API", []string{"sk-"}, regexp.MustCompile(`\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}`)},
	{"a key of Azure", []string{"AccountKey=", "SharedAccessKey="}, regexp.MustCompile(`(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{20,}`)},
	{"a token of HubSpot", []string{"pat-na", "pat-eu"}, regexp.MustCompile(`\bpat-(?:na|eu)[0-9]-[0-9a-f-]{30,}`)},
	{"a session of Salesforce", []string{"00D"}, regexp.MustCompile(`\b00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{20,}`)},
	{"a password in an address", []string{"://"}, regexp.MustCompile(`\b[a-z][a-z0-9+.-]*://[^\s/:@"'{}<>$]+:[^\s/@"'{}<>$]+@[^\s/"']`)},
	{"a token in an address", []string{"=", "http"}, regexp.MustCompile(`(?i)\bhttps?://[^\s"'<>]*[?&](?:access_token|auth_token|token|api_?key|apikey|sig|signature|client_secret|password|pwd)=[^\s&"'<>{}$]{8,}`)},
	{"the word behind Bearer or Basic", []string{"Bearer ", "Basic "}, regexp.MustCompile(`\b(?:Bearer|Basic) [A-Za-z0-9+/=._~-]{16,}`)},
	{"a password in a connection string", []string{"assword=", "pwd=", "Pwd=", "PWD="}, regexp.MustCompile(`(?i)\b(?:password|pwd)=[^\s;&"'{}<>$]{3,}`)},
}

// secretsIn returns the secrets of known shapes in a text, each place once.
func secretsIn(text []byte) []sensitive {
	var found []sensitive
	for _, s := range secretShapes {
		if !hasMark(text, s.marks) {
			continue
		}
		for _, at := range s.pattern.FindAllIndex(text, -1) {
			match := text[at[0]:at[1]]
			if bytes.Contains(match, []byte("EXAMPLE")) || !bytes.ContainsAny(match, "0123456789@=-/") {
				continue // what manuals print, and mere words
			}
			found = append(found, sensitive{offset: at[0], what: s.what})
		}
	}
	return found
}

func hasMark(text []byte, marks []string) bool {
	for _, m := range marks {
		if bytes.Contains(text, []byte(m)) {
			return true
		}
	}
	return false
}

// secretText reports whether a text is, or holds, a secret of a known shape: it is never repeated in a message.
func secretText(text string) bool { return len(secretsIn([]byte(text))) > 0 }

const secretHint = "put it into a credential with dray credential create, and change the secret where it was issued: it is in the history now"

// secretProblems places the secrets of a file.
func secretProblems(src []byte) []problem {
	found := secretsIn(src)
	if len(found) == 0 {
		return nil
	}
	starts := lineStarts(src)
	problems := make([]problem, len(found))
	for i, f := range found {
		line, col := placeOf(starts, f.offset)
		problems[i] = problem{code: codePlainSecret, line: int32(line), col: int32(col), message: f.what + " stands here in the clear", hint: secretHint}
	}
	return problems
}

// placeOf returns the line and the column, both from 1, of an offset.
func placeOf(starts []int, offset int) (line, col int) {
	for line < len(starts) && starts[line] <= offset {
		line++
	}
	return line, offset - starts[line-1] + 1
}

// secretNames are the ends of names whose values are secrets.
var secretNames = []string{"password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "privatekey", "accesskey", "secretkey", "sharedkey", "signingkey"}

// placeNames are the ends of names that hold a place in a list, and no secret.
var placeNames = []string{"pagetoken", "nexttoken", "continuationtoken", "cursortoken", "synctoken", "deltatoken"}

// secretName reports whether a field of that name holds a secret.
func secretName(name string) bool {
	plain := plainWord(name)
	for _, s := range placeNames {
		if strings.HasSuffix(plain, s) {
			return false
		}
	}
	for _, s := range secretNames {
		if strings.HasSuffix(plain, s) {
			return true
		}
	}
	return plain == "authorization" || plain == "proxyauthorization"
}

// standIn is what stands for a secret that is somewhere else, or for none.
var standIn = regexp.MustCompile(`(?i)^(?:[x*.•_-]+|<.*>|\$\{?.*\}?|\{\{.*\}\}|redacted|masked|hidden|dummy|fake|todo|none|null|n/?a|test|secret|password|token|canary.*|example.*)$`)

// plainSecrets finds secrets that stand in settings in the clear. What the value is, is never repeated.
func (s *semantics) plainSecrets(n *node) {
	switch n.kind {
	case listNode:
		s.each(n, func(_ int, v *node) { s.plainSecrets(v) })
	case objectNode:
		s.fields(n, func(k, v *node) {
			if (v.kind == stringNode || v.kind == intNode) && v.text != "" && secretName(k.text) {
				s.report(v, codePlainSecret, fmt.Sprintf("%s looks like a secret in the clear", k.text), secretHint)
				return
			}
			s.plainSecrets(v)
		})
	case stringNode:
		if u, err := url.Parse(n.text); err == nil && u.User != nil && u.Host != "" {
			if _, has := u.User.Password(); has {
				s.report(n, codePlainSecret, "this address holds a password in the clear", secretHint)
			}
		}
	}
}

// secretConstants finds constants of a mapping that a secret's name gives away.
func (s *semantics) secretConstants(n *node) {
	s.fields(n, func(k, v *node) {
		if value := v.get("value"); secretName(k.text) && value != nil && value.kind == stringNode && value.text != "" && !standIn.MatchString(value.text) {
			s.under(segment{name: "value"}, func() {
				s.report(value, codePlainSecret, fmt.Sprintf("the constant of %s looks like a secret in the clear", k.text), secretHint)
			})
		}
		s.in(v, "fields", s.secretConstants)
		s.in(v, "concat", func(parts *node) {
			s.each(parts, func(_ int, part *node) { s.in(part, "fields", s.secretConstants) })
		})
	})
}

// secretLabels finds secrets in what labels and annotations say.
func (s *semantics) secretLabels() {
	path := s.path
	defer func() { s.path = path }()
	s.path = append([]segment(nil), segment{name: "metadata"})
	for _, name := range []string{"labels", "annotations"} {
		s.in(s.root.get("metadata"), name, s.plainSecrets)
	}
}

// application finds secrets in what a declared application sends with its requests.
func (s *semantics) application(n *node) {
	s.fields(n, func(k, v *node) {
		switch {
		case v.kind == objectNode && (k.text == "headers" || k.text == "query"):
			s.plainSecrets(v)
		case v.kind == objectNode:
			s.application(v)
		case v.kind == listNode:
			s.each(v, func(_ int, item *node) { s.application(item) })
		}
	})
}
