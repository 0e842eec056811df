package sqlite

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// position is where a read stands: the cursor column's value in an incremental read, and the key, as SQLite holds them.
type position struct {
	cursor any
	key    []any
}

// stored is the durable form of a position. Values carry their storage class, so that they are compared as they were.
type stored struct {
	Version int      `json:"v"`
	Cursor  string   `json:"c,omitempty"`
	Key     []string `json:"k"`
}

const cursorVersion = 1

// encode returns the position's cursor, or nil when a null in it means that no read can go on from there.
func (p position) encode() record.Cursor {
	s := stored{Version: cursorVersion, Key: make([]string, len(p.key))}
	for i, k := range p.key {
		if s.Key[i] = encodeScalar(k); s.Key[i] == "" {
			return nil
		}
	}
	if s.Cursor = encodeScalar(p.cursor); s.Cursor == "" && p.cursor != nil {
		return nil
	}
	out, err := json.Marshal(s)
	if err != nil {
		panic("sqlite: internal error: a cursor cannot be encoded")
	}
	return out
}

var errCursor = errors.New("unreadable cursor")

// decodePosition reads what encode wrote for a key of keys columns.
func decodePosition(c record.Cursor, keys int, incremental bool) (position, error) {
	var s stored
	if err := json.Unmarshal(c, &s); err != nil || s.Version != cursorVersion || len(s.Key) != keys || incremental != (s.Cursor != "") {
		return position{}, errCursor
	}
	var p position
	var err error
	if incremental {
		if p.cursor, err = decodeScalar(s.Cursor); err != nil {
			return p, err
		}
	}
	for _, k := range s.Key {
		v, err := decodeScalar(k)
		if err != nil {
			return p, err
		}
		p.key = append(p.key, v)
	}
	return p, nil
}

// encodeScalar returns "" for null and for what SQLite does not have.
func encodeScalar(v any) string {
	switch v := v.(type) {
	case int64:
		return "i" + strconv.FormatInt(v, 10)
	case float64:
		return "r" + strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return "t" + base64.RawStdEncoding.EncodeToString([]byte(v)) // any bytes, as TEXT may hold them
	case []byte:
		return "b" + base64.RawStdEncoding.EncodeToString(v)
	default:
		return ""
	}
}

func decodeScalar(s string) (any, error) {
	if s == "" {
		return nil, errCursor
	}
	switch rest := s[1:]; s[0] {
	case 'i':
		return orBad(strconv.ParseInt(rest, 10, 64))
	case 'r':
		return orBad(strconv.ParseFloat(rest, 64))
	case 't':
		b, err := base64.RawStdEncoding.DecodeString(rest)
		return orBad(string(b), err)
	case 'b':
		return orBad(base64.RawStdEncoding.DecodeString(rest))
	default:
		return nil, errCursor
	}
}

func orBad[T any](v T, err error) (any, error) {
	if err != nil {
		return nil, errCursor
	}
	return v, nil
}

const (
	isoLayout = "2006-01-02T15:04:05"
	sqlLayout = time.DateTime
)

// instant writes t as the cursor column holds instants, and whether the user said how it does. Text ends with the seconds, so
// that it comes before everything within that second.
func (o object) instant(t time.Time) (any, bool) {
	switch o.CursorFormat {
	case "iso":
		return t.UTC().Format(isoLayout), true
	case "sql":
		return t.UTC().Format(sqlLayout), true
	case "unix":
		return t.Unix(), true
	case "unix-ms":
		return t.UnixMilli(), true
	default:
		return nil, false
	}
}

// stepBack returns the cursor column's value d earlier. It reports false when the value is not written as the user said.
func (o object) stepBack(v any, d time.Duration) (any, bool) {
	var at time.Time
	switch o.CursorFormat {
	case "unix", "unix-ms":
		n, ok := v.(int64)
		if !ok {
			return nil, false
		}
		if at = time.Unix(n, 0); o.CursorFormat == "unix-ms" {
			at = time.UnixMilli(n)
		}
	default:
		layout := isoLayout
		if o.CursorFormat == "sql" {
			layout = sqlLayout
		}
		s, ok := v.(string)
		if !ok || len(s) < len(layout) {
			return nil, false
		}
		var err error
		if at, err = time.Parse(layout, s[:len(layout)]); err != nil {
			return nil, false
		}
	}
	return o.instant(at.Add(-d))
}
