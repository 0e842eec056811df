package rest

import (
	"encoding/json"
	"slices"

	"github.com/dray-sync/dray/adapters/record"
)

// The functions here find their way in JSON that [json.Valid] has accepted, without decoding it: records are handed on as the bytes they came in.

// skipSpace returns the first place from i on that is no white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the place behind the value that starts at i.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	default:
		for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] != ' ' && b[i] != '\n' && b[i] != '\t' && b[i] != '\r' {
			i++
		}
		return i
	}
}

func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// find returns the value at a path, and whether it is there.
func find(b []byte, p record.Path) ([]byte, bool) {
	i := skipSpace(b, 0)
	if i == len(b) {
		return nil, false
	}
	b = b[i:skipValue(b, i)]
	for _, step := range p {
		var ok bool
		if step.IsIndex() {
			b, ok = element(b, step.Index)
		} else {
			b, ok = member(b, step.Name)
		}
		if !ok {
			return nil, false
		}
	}
	return b, true
}

func member(b []byte, name string) ([]byte, bool) {
	if b[0] != '{' {
		return nil, false
	}
	for i := skipSpace(b, 1); b[i] != '}'; {
		end := skipString(b, i)
		match := sameName(b[i:end], name)
		i = skipSpace(b, skipSpace(b, end)+1) // behind the colon
		end = skipValue(b, i)
		if match {
			return b[i:end], true
		}
		if i = skipSpace(b, end); b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	return nil, false
}

func sameName(quoted []byte, name string) bool {
	if inner := quoted[1 : len(quoted)-1]; string(inner) == name {
		return true
	}
	if slices.Contains(quoted, '\\') {
		s, ok := text(quoted)
		return ok && s == name
	}
	return false
}

func element(b []byte, n int) (found []byte, ok bool) {
	if b[0] != '[' {
		return nil, false
	}
	eachElement(b, func(e []byte) bool {
		if n == 0 {
			found, ok = e, true
		}
		n--
		return !ok
	})
	return found, ok
}

// eachElement calls do with each element of a list until it returns false.
func eachElement(b []byte, do func(e []byte) bool) {
	for i := skipSpace(b, 1); b[i] != ']'; {
		end := skipValue(b, i)
		if !do(b[i:end]) {
			return
		}
		if i = skipSpace(b, end); b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
}

// text returns what a string says, or the digits of a number. Other values have no text.
func text(b []byte) (string, bool) {
	switch c := b[0]; {
	case c == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return "", false
		}
		return s, true
	case c == '-' || (c >= '0' && c <= '9'):
		return string(b), true
	default:
		return "", false
	}
}

// scalar returns a string or number as a value; else an absent one.
func scalar(b []byte) record.Value {
	s, ok := text(b)
	if !ok {
		return record.Value{}
	}
	if b[0] == '"' {
		return record.StringValue(s)
	}
	v, err := record.ParseNumber(s)
	if err != nil {
		return record.Value{}
	}
	return v
}
