package mapping

import (
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

const formatTokens = "the tokens are YYYY MM DD HH mm ss SSS Z; or write iso, unix or unix-ms"

// otherTokens are those of other tools (Go, strftime, Java, German), the longest first, with the ones here.
var otherTokens = strings.NewReplacer(
	"2006", "YYYY", "01", "MM", "02", "DD", "15", "HH", "04", "mm", "05", "ss",
	"%Y", "YYYY", "%m", "MM", "%d", "DD", "%H", "HH", "%M", "mm", "%S", "ss", "%z", "Z",
	"yyyy", "YYYY", "uuuu", "YYYY", "dd", "DD", "hh", "HH", "jj", "DD", "SS", "ss",
	// Java's three X and two Z are the offset from UTC.
	strings.Repeat("X", 3), "Z", "ZZ", "Z",
	// What is right stays.
	"YYYY", "YYYY", "MM", "MM", "DD", "DD", "mm", "mm", "ss", "ss", "SSS", "SSS", "'T'", "T",
)

// formatHint says how a date format that is not one was perhaps meant.
func formatHint(text string) string {
	plain := strings.ToLower(strings.NewReplacer("-", "", " ", "", "_", "").Replace(text))
	switch {
	case strings.HasPrefix(plain, "iso"), strings.HasPrefix(plain, "rfc3339"):
		return diag.DidYouMean(formatISO)
	case plain == "epoch", plain == "timestamp", plain == "seconds":
		return diag.DidYouMean(formatUnix)
	case plain == "epochmillis", plain == "millis", plain == "milliseconds", plain == "unixms":
		return diag.DidYouMean(formatUnixMs)
	}
	meant := otherTokens.Replace(text)
	if !strings.Contains(meant, "MM") && strings.Contains(meant, "YYYY") && strings.Contains(meant, "DD") {
		meant = strings.Replace(meant, "mm", "MM", 1) // minutes, where the month is missing
	}
	if _, err := parseFormat(meant); err != nil || meant == text {
		return formatTokens
	}
	if strings.ContainsAny(meant, " :'\"") {
		return "write \"" + meant + "\"; " + formatTokens
	}
	return diag.DidYouMean(meant) + " " + formatTokens
}
