package engine_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// seeps returns the form in which a canary is in a text; "" when it is in none.
func seeps(text, canary string) string {
	for name, form := range forms(canary) {
		if strings.Contains(text, form) {
			return name
		}
	}
	return ""
}

// forms are the ways in which a text may be written down.
func forms(canary string) map[string]string {
	js, _ := json.Marshal(canary)
	twice, _ := json.Marshal(string(js))
	m := map[string]string{
		"itself": canary, "JSON": strings.Trim(string(js), `"`), "JSON in JSON": strings.Trim(string(twice), `"\`),
		"a quoted text": strings.Trim(strconv.Quote(canary), `"`), "ASCII": strings.Trim(strconv.QuoteToASCII(canary), `"`),
		"hex": hex.EncodeToString([]byte(canary)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(canary))),
		"a query": url.QueryEscape(canary), "a path": url.PathEscape(canary),
		"its end": canary[len(canary)-5:], // whatever became of its odd characters
	}
	for shift := range 3 { // wherever in a longer text it stands
		whole := []byte(strings.Repeat("x", shift) + canary)
		whole = whole[:len(whole)-len(whole)%3]
		from := []int{0, 2, 3}[shift]
		m["base64, shifted by "+strconv.Itoa(shift)] = base64.StdEncoding.EncodeToString(whole)[from:]
		m["base64url, shifted by "+strconv.Itoa(shift)] = base64.URLEncoding.EncodeToString(whole)[from:]
	}
	return m
}

func TestCanariesAreSeen(t *testing.T) {
	const canary = `kanari<rec>é"7h3kq`
	js, err := json.Marshal(map[string]string{"name": canary})
	check(t, err)
	for _, text := range []string{
		"x" + canary + "y", string(js), hex.EncodeToString([]byte("ab" + canary)), url.QueryEscape("ab" + canary),
		base64.StdEncoding.EncodeToString([]byte("abcd" + canary + "zz")), base64.RawURLEncoding.EncodeToString([]byte("abcde" + canary)),
		base64.StdEncoding.EncodeToString([]byte(canary)),
	} {
		if seeps(text, canary) == "" {
			t.Errorf("the canary is not seen in %q", text)
		}
	}
	if form := seeps("nothing of the kind", canary); form != "" {
		t.Errorf("a canary is seen as %s where there is none", form)
	}
}
