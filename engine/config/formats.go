package config

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/calendar"
	"github.com/dray-sync/dray/engine/diag"
)

// A formProblem is what is wrong with the form of a text.
type formProblem struct {
	code, message, hint string
	offset, length      int // where in the text; 0, 0: all of it
}

func badForm(message, hint string) *formProblem {
	return &formProblem{code: codeBadValue, message: message, hint: hint}
}

// judgeFormat judges a text by the name of a format in the definitions. nil: it is right, or the format is judged elsewhere.
func judgeFormat(format, text string) *formProblem {
	switch format {
	case "duration":
		if _, err := ParseDuration(text); err != nil {
			return badForm(fmt.Sprintf("%q is not a length of time", text), "write 90s, 15m, 36h or 3d")
		}
	case "instant":
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return badForm(fmt.Sprintf("%q is not an instant", text), "write date, time and zone: 2026-04-01T00:00:00+02:00")
		}
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
		if len(text) != 3 || strings.ToUpper(text) != text {
			return judgePath(text)
		}
	}
	return nil
}

func judgeZone(text string) *formProblem {
	if _, err := time.LoadLocation(text); err == nil && text != "Local" && text != "" {
		return nil
	}
	return badForm(fmt.Sprintf("there is no time zone %q", text), "write a name such as Europe/Berlin or UTC")
}

// cronFields are the fields of a cron expression, in order.
var cronFields = [...]string{"minute", "hour", "day of the month", "month", "day of the week"}

func judgeCron(text string) *formProblem {
	const hint = "five fields: minute hour day month weekday, such as */5 8-18 * * 1-5"
	fields := strings.Fields(text)
	switch {
	case strings.HasPrefix(text, "@"):
		return badForm(fmt.Sprintf("%q is not a cron expression of five fields", text), "for fixed intervals write every: 15m")
	case strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ="):
		return badForm("a cron expression holds no zone", "write zone: beside it")
	case len(fields) != len(cronFields):
		return badForm(fmt.Sprintf("%q has %d fields and must have five", text, len(fields)), hint)
	}
	if _, err := cron.ParseStandard(text); err == nil {
		return nil
	}
	for i, f := range fields { // find the field at fault by judging each alone
		alone := [...]string{"*", "*", "*", "*", "*"}
		alone[i] = f
		if _, err := cron.ParseStandard(strings.Join(alone[:], " ")); err != nil {
			p := badForm(fmt.Sprintf("%q is no %s", f, cronFields[i]), hint)
			p.offset, p.length = fieldOffset(text, i), len(f)
			return p
		}
	}
	return badForm(fmt.Sprintf("%q is not a cron expression", text), hint)
}

// fieldOffset returns where the i-th word of a text begins.
func fieldOffset(text string, i int) int {
	at := 0
	for n := 0; ; n++ {
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " \t"))
		if n == i {
			return at
		}
		at += strings.IndexAny(text[at:], " \t")
	}
}

// pathRoots are the reserved roots that paths can start with.
var pathRoots = []string{"$this", "$root", "$parent", "$index", "$out", "$steps", "$run"}

func judgePath(text string) *formProblem {
	const hint = `write a.b[0].c, and quote names with other characters inside: '"Art.-Nr."'`
	p, err := record.ParsePath(text)
	if err != nil {
		message, at, _ := strings.Cut(err.Error(), " at offset ")
		f := &formProblem{code: codeBadValue, message: fmt.Sprintf("%q is not a path: %s", text, message), hint: hint}
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
	if near := diag.Nearest(root, allowed); near != "" {
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
