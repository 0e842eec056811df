package config

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/calendar"
	"github.com/dray-sync/dray/engine/diag"
)

// A formProblem is what is wrong with the form of a text.
type formProblem struct {
	code, message, hint string
	offset, length      int    // where in the text; 0, 0: all of it
	meant               string // the whole text as it was surely meant, or empty
	nearly              bool   // the text has nearly that form
}

func badForm(message, hint string) *formProblem {
	return &formProblem{code: codeBadValue, message: message, hint: hint}
}

// judgeFormat judges a text by the name of a format in the definitions. nil: it is right, or the format is judged elsewhere.
func judgeFormat(format, text string) *formProblem {
	switch format {
	case "duration":
		return judgeDuration(text)
	case "instant":
		return judgeInstant(text)
	case "zone":
		return judgeZone(text)
	case "cron":
		return judgeCron(text)
	case "days":
		if _, _, err := calendar.ParseDays(text, time.UTC); err != nil {
			return badForm(err.Error(), "write a day such as 2026-12-24, or first and last day such as 2026-12-24/2027-01-01")
		}
	case "path":
		return judgePath(text)
	case "file":
		return judgeFile(text)
	case "currency":
		return judgeCurrency(text)
	}
	return nil
}

// currencySigns are what people write for some currencies.
var currencySigns = map[string]string{"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "euro": "EUR", "dollar": "USD", "pound": "GBP"}

// judgeCurrency judges the currency of an amount: three capitals, or a path.
func judgeCurrency(text string) *formProblem {
	if sign := currencySigns[strings.TrimSuffix(strings.ToLower(text), "s")]; sign != "" {
		f := badForm(fmt.Sprintf("%q is no currency of ISO 4217", text), "write "+sign)
		f.meant = sign
		return f
	}
	const letters = 3
	upper := strings.ToUpper(text)
	if len(text) != letters {
		return judgePath(text)
	}
	if upper == text {
		return nil
	}
	if _, err := currency.ParseISO(upper); err == nil {
		f := badForm(fmt.Sprintf("%q is read as a path: a currency is three capitals", text), "write "+upper+"; a path with such a name is written $this."+text)
		f.meant = upper
		return f
	}
	return judgePath(text)
}

// pathRoots are the reserved roots that paths can start with.
var pathRoots = []string{"$this", "$root", "$parent", "$index", "$out", "$steps", "$result", "$run"}

func judgePath(text string) *formProblem {
	p, err := record.ParsePath(text)
	if err != nil {
		message, at, _ := strings.Cut(err.Error(), " at offset ")
		f := &formProblem{code: codeBadValue, message: fmt.Sprintf("%q is not a path: %s", text, message), hint: pathHint(text)}
		digits, _, _ := strings.Cut(at, ";")
		if n, err := strconv.Atoi(digits); err == nil && n < len(text) {
			f.offset, f.length = n, 1
		}
		return f
	}
	return judgeRoot(p.Root(), pathRoots)
}

func judgeRoot(root string, allowed []string) *formProblem {
	if slices.Contains(allowed, root) {
		return nil
	}
	if root == "" {
		return nil
	}
	f := &formProblem{code: codeBadValue, message: fmt.Sprintf("there is no %s here", root), length: len(root)}
	if root == "$" {
		f.hint = "a path starts at the record itself: write it without $."
	} else if near := diag.Nearest(root, allowed); near != "" {
		f.hint = "did you mean " + near + "?"
	} else {
		f.hint = "here are " + orList(allowed)
	}
	return f
}

func judgeFile(text string) *formProblem {
	if fs.ValidPath(text) && text != "." {
		return nil
	}
	return badForm(fmt.Sprintf("%q is not a path inside the repository", text), "write it from the root of the repository, with forward slashes and without ..: lookups/countries.csv")
}
