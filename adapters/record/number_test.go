package record

import (
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

func TestNumbersComeOutAsTheyWentIn(t *testing.T) {
	for _, s := range []string{
		"0", "1", "-1", "9007199254740993", "1234567890123456.78", "99999999999999999999", "-99999999999999999999", "1.10", "0.1", "-0.05",
		"9223372036854775807", "-9223372036854775808", "9223372036854775808", "0.000000000000000001", "0.00000000000000000001",
		"12345678901234567890.12345678901234567890", "100", "100.00", strings.Repeat("9", MaxDigits), "0." + strings.Repeat("3", MaxDigits-1),
	} {
		v, err := ParseNumber(s)
		if err != nil {
			t.Errorf("ParseNumber(%s): %v", s, err)
			continue
		}
		if got := string(v.AppendJSON(nil)); got != s {
			t.Errorf("%s came out as %s", s, got)
		}
	}
}

func TestParseNumberForms(t *testing.T) {
	for in, want := range map[string]string{
		"1e3": "1000", "1E+3": "1000", "1.5e1": "15", "1.50e1": "15.0", "15e-1": "1.5", "1e-3": "0.001", "-0": "0", "-0.0": "0.0", "0e9": "0",
		"1e-20": "0.00000000000000000001", "123456789012345678901234567890e-10": "12345678901234567890.1234567890",
	} {
		v, err := ParseNumber(in)
		if got := string(v.AppendNumber(nil)); err != nil || got != want {
			t.Errorf("ParseNumber(%s) = %s, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1e+-5", "1e1001", "1e1000", "0x1", "1_000", "1,5", " 1", "1 ", "NaN", "Infinity", "١",
		strings.Repeat("9", MaxDigits+1),
	} {
		if v, err := ParseNumber(in); err == nil {
			t.Errorf("ParseNumber(%q) = %s, want an error", in, v.Text())
		}
	}
}

func TestAppendNumberOfDecimals(t *testing.T) {
	for _, tt := range []struct {
		coefficient int64
		scale       int32
		want        string
	}{{110, 2, "1.10"}, {-5, 2, "-0.05"}, {5, 0, "5"}, {5, -3, "5000"}, {0, -3, "0"}, {0, 2, "0.00"}, {-1 << 63, 3, "-9223372036854775.808"}} {
		if got := DecimalValue(tt.coefficient, tt.scale).Text(); got != tt.want {
			t.Errorf("DecimalValue(%d, %d) = %s, want %s", tt.coefficient, tt.scale, got, tt.want)
		}
	}
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-0.10", "1e3", "9007199254740993", "1234567890123456.78", "01", "1e-9", "99999999999999999999e2", "1e1000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseNumber(s)
		if err == nil && !jsonNumber.MatchString(s) {
			t.Fatalf("ParseNumber(%q) takes what is no JSON number", s)
		}
		var sc scanner
		sc.start(s)
		ok := sc.whole(func() bool { _, ok := sc.number(); return ok }) == nil
		if ok != (err == nil) && strings.Trim(s, " \r\n\t") == s {
			t.Fatalf("ParseNumber(%q) = %v, the scanner takes it: %v", s, err, ok)
		}
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(s)
		got, ok2 := new(big.Rat).SetString(v.Text())
		if !ok || !ok2 || want.Cmp(got) != 0 {
			t.Fatalf("ParseNumber(%q) = %s", s, v.Text())
		}
		d, ok := v.Big()
		if !ok || d.Form != apd.Finite {
			t.Fatalf("Big of %q", s)
		}
		back, err := FromBig(d)
		if err != nil || !back.Equal(v) {
			t.Fatalf("FromBig(Big(%q)) = %s, %v", s, back.Text(), err)
		}
	})
}
