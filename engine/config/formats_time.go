package config

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/dray-sync/dray/engine/diag"
)

// durationLike is a length of time in other words: 5 min, 2 Hours, 90sec, 1w.
var durationLike = regexp.MustCompile(`(?i)^\s*(?:every\s+)?(\d+)\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)\s*$`)

// durationMeant returns a length of time as it is written here, or "".
func durationMeant(text string) string {
	m := durationLike.FindStringSubmatch(text)
	if m == nil {
		return isoDuration(text)
	}
	unit := strings.ToLower(m[2][:1])
	if unit != "w" {
		return m[1] + unit
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return ""
	}
	return strconv.Itoa(7*n) + "d"
}

var isoLike = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// isoDuration returns a length of time of ISO 8601 with one unit as it is written here, or "".
func isoDuration(text string) string {
	m := isoLike.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	out := ""
	for i, unit := range []string{"d", "h", "m", "s"} {
		if m[i+1] == "" {
			continue
		}
		if out != "" && (unit == "h" || strings.HasSuffix(out, "d")) {
			return ""
		}
		out += m[i+1] + unit
	}
	return out
}

func judgeDuration(text string) *formProblem {
	if _, err := ParseDuration(text); err == nil {
		return nil
	}
	p := badForm(fmt.Sprintf("%q is not a length of time", text), "write 90s, 15m, 36h or 3d")
	if meant := durationMeant(text); meant != "" {
		p.hint, p.meant, p.nearly = "write "+meant, meant, true
	}
	return p
}

func judgeInstant(text string) *formProblem {
	if _, err := time.Parse(time.RFC3339, text); err == nil {
		return nil
	}
	const form = "2006-01-02T15:04:05"
	p := badForm(fmt.Sprintf("%q is not an instant", text), `write date, time and zone: "2026-04-01T00:00:00+02:00"`)
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", form, time.DateTime, "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			p.nearly = true
			p.hint = fmt.Sprintf("say the time and the zone, too: \"%s+02:00\", or with Z for UTC", t.Format(form))
			return p
		}
	}
	return p
}

//go:embed zones.txt
var zoneNames string

func judgeZone(text string) *formProblem {
	if _, err := time.LoadLocation(text); err == nil && text != "Local" && text != "" {
		return nil
	}
	p := badForm(fmt.Sprintf("there is no time zone %q", text), "write a name such as Europe/Berlin or UTC")
	names := strings.Fields(zoneNames)
	near := diag.Nearest(text, names)
	if near == "" {
		for _, name := range names { // the city alone
			if _, city, ok := strings.Cut(name, "/"); ok && strings.EqualFold(city, strings.ReplaceAll(text, " ", "_")) {
				near = name
			}
		}
	}
	if strings.ContainsAny(text, "+-") && strings.ContainsAny(text, "0123456789") {
		p.hint = "a distance from UTC is no zone, for it changes with the seasons: write the name of a place such as Europe/Berlin"
	}
	if near != "" {
		p.hint = diag.DidYouMean(near)
		if diag.Sure(text, near, names) {
			p.meant = near
		}
	}
	return p
}

// A cronField is one field of a cron expression.
type cronField struct {
	name     string
	all      string // more than one of it
	from, to int
	more     string // what else can be said of it
}

// cronFields are the fields of a cron expression, in order.
var cronFields = [...]cronField{
	{"minute", "minutes", 0, 59, ""},
	{"hour", "hours", 0, 23, ""},
	{"day of the month", "days of the month", 1, 31, ""},
	{"month", "months", 1, 12, ", or JAN to DEC"},
	{"day of the week", "days of the week", 0, 6, ", from Sunday, or SUN to SAT"},
}

const cronForm = "five fields: minute hour day month weekday, such as */5 8-18 * * 1-5"

// cronNames are what other tools take for a whole expression.
var cronNames = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

func judgeCron(text string) *formProblem {
	fields := strings.Fields(text)
	switch meant := cronNames[text]; {
	case meant != "":
		p := badForm(fmt.Sprintf("%q is not a cron expression of five fields", text), fmt.Sprintf("write cron: %q", meant))
		p.meant = meant
		return p
	case strings.HasPrefix(text, "@"), durationMeant(text) != "":
		return badForm(fmt.Sprintf("%q is not a cron expression of five fields", text), "for fixed intervals write every: 15m")
	case strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ="):
		return badForm("a cron expression holds no zone", "write zone: beside it")
	case len(fields) == len(cronFields)+1 && judgeCron(strings.Join(fields[1:], " ")) == nil:
		return badForm(fmt.Sprintf("%q has six fields and must have five", text), fmt.Sprintf("seconds cannot be said: write %q", strings.Join(fields[1:], " ")))
	case len(fields) != len(cronFields):
		return badForm(fmt.Sprintf("%q has %d fields and must have five", text, len(fields)), cronForm)
	}
	if _, err := cron.ParseStandard(text); err == nil {
		return nil
	}
	for i, f := range fields { // find the field at fault by judging each alone
		if cronTakes(f, i) {
			continue
		}
		p := badForm(fmt.Sprintf("%q is no %s", f, cronFields[i].name), cronHint(f, i))
		p.offset, p.length = fieldOffset(text, i), len(f)
		return p
	}
	return badForm(fmt.Sprintf("%q is not a cron expression", text), cronForm)
}

// cronTakes reports whether a field of a cron expression is right by itself.
func cronTakes(field string, i int) bool {
	alone := [...]string{"*", "*", "*", "*", "*"}
	alone[i] = field
	_, err := cron.ParseStandard(strings.Join(alone[:], " "))
	return err == nil
}

// cronHint says what a field of a cron expression may be.
func cronHint(field string, i int) string {
	f := cronFields[i]
	const weekday = 4
	from, to, isRange := strings.Cut(field, "-")
	switch {
	case i == weekday && strings.Contains(field, "7"):
		return "Sunday is 0: write " + strings.ReplaceAll(field, "7", "0") + ", or SUN"
	case isRange && cronTakes(from, i) && cronTakes(to, i):
		return fmt.Sprintf("a range goes up: write %s-%d,%d-%s", from, f.to, f.from, to)
	case strings.ContainsAny(field, "LW#?"):
		return "L, W, # and ? are of other tools: write numbers, ranges such as 1-5, lists such as 1,15, steps such as */5, or *"
	}
	if strings.HasSuffix(field, "/0") {
		return "a step is 1 at least, such as */5"
	}
	return fmt.Sprintf("%s are %d to %d%s", f.all, f.from, f.to, f.more)
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
