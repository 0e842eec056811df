package repo

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// checkName judges one element of a path. It returns what is wrong and how to
// mend it, or nothing. Names are judged for every system at once, because the
// repository is also checked out on the machines of those who write it.
func checkName(name string) (message, hint string) {
	switch {
	case name == "" || name == "." || name == "..":
		return fmt.Sprintf("%q is not a file name", name), "rename it"
	case !utf8.ValidString(name):
		return "the name is not valid UTF-8", "rename it"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "the name holds a control character", "rename it"
	case strings.ContainsFunc(name, invisible):
		return "the name holds an invisible character", "rename it"
	case strings.ContainsAny(name, `/\`):
		return "the name holds a slash or backslash", "rename it"
	case isGitDir(name):
		return "the name stands for git's own directory on some systems", "rename it"
	case !norm.NFC.IsNormalString(name):
		return "the name is not in Unicode normal form C", "rename it; macOS tools are a common cause"
	case isDevice(name):
		return "the name is a device on Windows", "rename it"
	}
	return "", ""
}

// invisible are the format characters: they reorder or hide text, so two names
// that look the same may differ.
func invisible(r rune) bool { return unicode.Is(unicode.Cf, r) }

// isGitDir says that a file system could take the name for .git: they fold
// case, shorten names, drop trailing dots and spaces, and read a colon as the
// start of a stream.
func isGitDir(name string) bool {
	name, _, _ = strings.Cut(strings.ToLower(name), ":")
	name = strings.TrimRight(name, ". ")
	return name == ".git" || name == "git~1"
}

// isDevice says that Windows takes the name, whatever its extension, for a
// device.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(strings.ToLower(name), ".")
	base = strings.TrimRight(base, " ")
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	if len(base) != 4 || base[3] < '1' || base[3] > '9' {
		return false
	}
	return base[:3] == "com" || base[:3] == "lpt"
}

// foldName maps names that some file system takes for one to one string.
func foldName(name string) string { return cases.Fold().String(norm.NFC.String(name)) }

// printable returns a path with nothing in it that could harm a terminal.
func printable(path string) string {
	if utf8.ValidString(path) && !strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return path
	}
	quoted := strconv.QuoteToGraphic(path)
	return quoted[1 : len(quoted)-1]
}
