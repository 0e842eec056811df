package mapping

import "testing"

func TestFormatHint(t *testing.T) {
	for text, want := range map[string]string{
		"yyyy-mm-dd":          "did you mean YYYY-MM-DD? " + formatTokens,
		"dd.MM.yyyy":          "did you mean DD.MM.YYYY? " + formatTokens,
		"%d/%m/%Y":            "did you mean DD/MM/YYYY? " + formatTokens,
		"2006-01-02":          "did you mean YYYY-MM-DD? " + formatTokens,
		"DD.mm.YYYY":          "did you mean DD.MM.YYYY? " + formatTokens,
		"YYYY-MM-DD hh:mm:ss": `write "YYYY-MM-DD HH:mm:ss"; ` + formatTokens,
		"ISO 8601":            "did you mean iso?",
		"epoch":               "did you mean unix?",
		"whenever":            formatTokens,
	} {
		if got := formatHint(text); got != want {
			t.Errorf("formatHint(%q) = %q, want %q", text, got, want)
		}
	}
}
