package config

import (
	"regexp"
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/engine/diag"
)

var wordAt = regexp.MustCompile(`^[A-Za-z]+`)

// foreignFunctions are what other languages call what expressions have as an operator or a function.
var foreignFunctions = map[string]string{
	"concat": "join texts with +: a + b", "concatenate": "join texts with +: a + b", "if": "write CONDITION ? A : B", "iif": "write CONDITION ? A : B", "case": "write CONDITION ? A : B",
	"coalesce": "write a ?? b", "ifnull": "write a ?? b", "nvl": "write a ?? b", "isnull": "write a == nil", "isempty": "write a == nil or a == \"\"", "isblank": "write a == nil or a == \"\"",
	"length": "write len(a)", "size": "write len(a)", "count": "write len(a), or len(filter(list, CONDITION))", "tostring": "write string(a)", "str": "write string(a)", "cast": "write string(a), int(a) or decimal(a)",
	"tonumber": "write decimal(a)", "number": "write decimal(a)", "float": "write decimal(a)", "parseint": "write int(a)", "todate": "write date(a)", "parsedate": "write date(a)", "today": "the time of the run is $run.now",
	"exists": "write a != nil, or any(list, CONDITION)", "and": "write a and b", "or": "write a or b", "not": "write not a", "indexof": "write a contains b", "includes": "write a contains b, or x in list",
}

// expressionHint says what may have been meant by an expression that is not one.
func expressionHint(text string, e *expr.Error) string {
	rest := text[min(e.Offset, len(text)):]
	word := wordAt.FindString(rest)
	switch lower := strings.ToLower(word); {
	case word != lower && (lower == "and" || lower == "or" || lower == "not" || lower == "in"):
		return diag.DidYouMean(lower)
	case lower == "is":
		return "write == nil, or != nil"
	case lower == "like":
		return "write contains, startsWith, endsWith, or matches with a pattern"
	case lower == "between":
		return "write a >= FROM and a <= TO"
	case e.Code == expr.CodeUnknownName && foreignFunctions[strings.ReplaceAll(lower, "_", "")] != "":
		return foreignFunctions[strings.ReplaceAll(lower, "_", "")]
	case strings.HasPrefix(rest, "<>"), strings.HasPrefix(rest, ">") && e.Offset > 0 && text[e.Offset-1] == '<':
		return "inequality is written !="
	case curly(rest) && strings.IndexAny(rest, curlyQuotes) == 0:
		return `these are the quotes of a printed page: write "`
	case e.Code == expr.CodeSyntax && e.Offset >= len(strings.TrimRight(text, " \n")):
		return unclosed(text)
	}
	return ""
}

// unclosed says what an expression lacks at its end.
func unclosed(text string) string {
	var open []rune
	for _, c := range text {
		switch c {
		case '(', '[', '{':
			open = append(open, c)
		case ')', ']', '}':
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	if len(open) > 0 {
		return "close the " + string(open[len(open)-1]) + " that is open"
	}
	return "an operand is missing at the end"
}

// pathHint says what may have been meant by a path that is not one.
func pathHint(text string) string {
	const form = `write a.b[0].c, and quote names with other characters inside: '"Art.-Nr."'`
	switch {
	case strings.HasPrefix(text, "$.") || strings.HasPrefix(text, "$["):
		return "a path starts at the record without $: write " + strings.TrimPrefix(strings.TrimPrefix(text, "$"), ".")
	case strings.HasPrefix(text, "/") || (strings.Contains(text, "/") && !strings.ContainsAny(text, " ()")):
		return "steps are separated by points: write " + strings.ReplaceAll(strings.Trim(text, "/"), "/", ".")
	case strings.Contains(text, "[*]") || strings.Contains(text, "[]"):
		return "a path leads to one value: for each element of a list write each: with its path, and fields:"
	case strings.ContainsAny(text, "()*+?<>=|&") || strings.Contains(text, " - "):
		if _, err := expr.Compile(text, expr.Options{Scope: scope(pathRoots)}); err == nil {
			return "this is a calculation: write expr: " + singleQuoted(text)
		}
	}
	return form
}
