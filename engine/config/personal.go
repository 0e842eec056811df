package config

import (
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

const personalHint = "use made-up data: mail at example.com, telephone numbers such as +1 202 555 0101, the test numbers that banks and card schemes publish"

var (
	mailShape  = regexp.MustCompile(`\b[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})\b`)
	phoneShape = regexp.MustCompile(`(?:^|[^\w+.])(\+[1-9][0-9](?:[ ().-]{0,2}[0-9]){6,13})(?:$|[^\w])`)
	ibanShape  = regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b`)
	cardShape  = regexp.MustCompile(`(?:^|[^\w.+-])((?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6011|65[0-9]{2})(?:[ -]?[0-9]{4}){3}|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5})(?:$|[^\w.-])`)
)

// personalIn returns what looks like the data of a person in a text, each place once.
func personalIn(text []byte) []sensitive {
	var found []sensitive
	add := func(at int, what string) {
		if !slices.ContainsFunc(found, func(s sensitive) bool { return s.offset == at }) {
			found = append(found, sensitive{offset: at, what: what, personal: true})
		}
	}
	for _, m := range mailShape.FindAllSubmatchIndex(text, -1) {
		if !madeUpDomain(strings.ToLower(string(text[m[2]:m[3]]))) {
			add(m[0], "a mail address at a real domain")
		}
	}
	for _, m := range ibanShape.FindAllIndex(text, -1) {
		if realIBAN(compact(text[m[0]:m[1]])) {
			add(m[0], "the number of a bank account (IBAN)")
		}
	}
	for _, m := range cardShape.FindAllSubmatchIndex(text, -1) {
		if number := compact(text[m[2]:m[3]]); luhn(number) && !slices.Contains(testCards, number) {
			add(m[2], "the number of a payment card")
		}
	}
	for _, m := range phoneShape.FindAllSubmatchIndex(text, -1) {
		if !madeUpPhone(compact(text[m[2]:m[3]])) {
			add(m[2], "a telephone number")
		}
	}
	return found
}

// compact is a number without what separates its parts.
func compact(text []byte) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ().-", r) {
			return -1
		}
		return r
	}, string(text))
}

// madeUpDomain reports whether a domain is one of those that are nobody's: RFC 2606, RFC 6761, and names that say so.
func madeUpDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	switch labels[len(labels)-1] {
	case "example", "test", "invalid", "localhost", "local", "internal":
		return true
	}
	for _, l := range labels[:len(labels)-1] {
		if l == "example" || strings.HasPrefix(l, "example-") || strings.HasSuffix(l, "-example") {
			return true
		}
	}
	return false
}

// madeUpPhones are the beginnings of numbers that are given to nobody: those that regulators keep for films and manuals.
var madeUpPhones = []string{"+447700900", "+441632960", "+442079460", "+441134960", "+493023125", "+4940669691", "+4989999980", "+49171392", "+491523391", "+491760444", "+3319900", "+33261910", "+336399", "+61491570", "+61255501", "+61355501"}

var fictional555 = regexp.MustCompile(`^\+1[0-9]{3}5550?1[0-9]{2}$|^\+1555[0-9]{7}$`)

func madeUpPhone(number string) bool {
	if fictional555.MatchString(number) || strings.Contains(number, "0000") || strings.Contains(number, "123456") || strings.Contains(number, "1111111") {
		return true
	}
	return slices.ContainsFunc(madeUpPhones, func(p string) bool { return strings.HasPrefix(number, p) })
}

// testAccounts are the account numbers that standards and manuals print.
var testAccounts = []string{
	"DE89370400440532013000", "GB29NWBK60161331926819", "GB82WEST12345698765432", "GB33BUKB20201555555555", "FR1420041010050500013M02606", "NL91ABNA0417164300", "CH9300762011623852957",
	"AT611904300234573201", "BE68539007547034", "ES9121000418450200051332", "IT60X0542811101000000123456", "PL61109010140000071219812874", "SE4550000000058398257466", "DK5000400440116243", "FI2112345600000785",
}

// realIBAN reports whether the check digits of an account number are right, and it is no published example.
func realIBAN(number string) bool {
	const shortest, base = 15, 97
	if len(number) < shortest || slices.Contains(testAccounts, number) {
		return false
	}
	var digits strings.Builder
	for _, c := range number[4:] + number[:4] {
		if c >= 'A' {
			digits.WriteString(big.NewInt(int64(c - 'A' + 10)).String())
		} else {
			digits.WriteRune(c)
		}
	}
	n, ok := new(big.Int).SetString(digits.String(), 10)
	return ok && new(big.Int).Mod(n, big.NewInt(base)).Int64() == 1
}

// testCards are the card numbers that card schemes and payment providers publish for tests.
var testCards = []string{
	"4242424242424242", "4111111111111111", "4012888888881881", "4000056655665556", "4000000000000002", "5555555555554444", "5105105105105100", "5200828282828210", "2223003122003222", "378282246310005",
	"371449635398431", "6011111111111117", "6011000990139424", "6555900000604105",
}

// luhn reports whether the check digit of a card number is right.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// fixture finds secrets by name, and personal data, in what a mapping test holds.
func (s *semantics) fixture(n *node) {
	switch n.kind {
	case listNode:
		s.each(n, func(_ int, v *node) { s.fixture(v) })
	case objectNode:
		s.fields(n, func(k, v *node) {
			if v.kind == stringNode && v.text != "" && secretName(k.text) && !standIn.MatchString(v.text) {
				s.report(v, codePlainSecret, k.text+" looks like a secret in the clear", "use a made-up value, such as xxx; if it was real, change it where it was issued: it is in the history now")
				s.problems[len(s.problems)-1].severity = diag.Warning
				return
			}
			s.fixture(v)
		})
	case stringNode:
		for _, f := range personalIn([]byte(n.text)) {
			s.report(n, codePersonalData, "this looks like "+f.what, personalHint)
			s.problems[len(s.problems)-1].severity = diag.Warning
			return
		}
	}
}

// namedSecret is a secret that the name of its field gives away, in JSON.
var namedSecret = regexp.MustCompile(`"([A-Za-z0-9_.-]{2,60})"\s*:\s*"([^"\\\s]{3,})"`)

// fixtureFile finds secrets in a file that a resource names, and in the records of a mapping test personal data.
func (e *environment) fixtureFile(r *loaded, name string, src []byte) {
	starts := lineStarts(src)
	add := func(offset int, severity diag.Severity, code, message, hint string) {
		line, col := placeOf(starts, offset)
		e.list.Add(diag.Diagnostic{Code: code, Severity: severity, Pos: diag.Pos{File: name, Line: line, Col: col}, Message: message, Hint: hint})
	}
	for _, f := range secretsIn(src) {
		add(f.offset, diag.Error, codePlainSecret, f.what+" stands here in the clear", secretHint)
	}
	if r.v.kind != "MappingTest" {
		return
	}
	for _, m := range namedSecret.FindAllSubmatchIndex(src, -1) {
		if field, value := string(src[m[2]:m[3]]), string(src[m[4]:m[5]]); secretName(field) && !standIn.MatchString(value) && !secretText(value) {
			add(m[4]-1, diag.Warning, codePlainSecret, field+" looks like a secret in the clear", "use a made-up value, such as xxx; if it was real, change it where it was issued: it is in the history now")
		}
	}
	for _, f := range personalIn(src) {
		add(f.offset, diag.Warning, codePersonalData, "this looks like "+f.what, personalHint)
	}
}

// oneSecretALine drops what is said of a secret's shape where more is said of the value that holds it.
func oneSecretALine(list diag.List) diag.List {
	type place struct {
		file string
		line int
	}
	said := map[place]bool{}
	for _, d := range list {
		if d.Code == codePlainSecret && d.Path != "" {
			said[place{d.Pos.File, d.Pos.Line}] = true
		}
	}
	shapes := map[place]bool{}
	return slices.DeleteFunc(list, func(d diag.Diagnostic) bool {
		at := place{d.Pos.File, d.Pos.Line}
		if d.Code != codePlainSecret || d.Path != "" {
			return false
		}
		drop := said[at] || shapes[at]
		shapes[at] = true
		return drop
	})
}
