package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// MarshalJSON writes a limit as files do: 500 or "20%".
func (l Limit) MarshalJSON() ([]byte, error) {
	if l.Percent > 0 {
		return json.Marshal(strconv.FormatFloat(l.Percent, 'f', -1, 64) + "%")
	}
	return json.Marshal(l.Count)
}

// UnmarshalJSON reads a limit as files write it.
func (l *Limit) UnmarshalJSON(data []byte) error {
	*l = Limit{}
	if len(data) == 0 || data[0] != '"' {
		return json.Unmarshal(data, &l.Count)
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	number, ok := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil {
		return fmt.Errorf("%q is not a limit; write 500 or 20%%", text)
	}
	l.Percent = percent
	return nil
}

// MarshalJSON writes it as files do: reject, skip, {default: X}, or {wait: 72h}.
func (m Miss) MarshalJSON() ([]byte, error) {
	switch m.Action {
	case "wait":
		return json.Marshal(map[string]Duration{"wait": m.Wait})
	case "default":
	default:
		return json.Marshal(m.Action)
	}
	return json.Marshal(map[string]json.RawMessage{"default": m.Default})
}

// UnmarshalJSON reads it as files write it.
func (m *Miss) UnmarshalJSON(data []byte) error {
	*m = Miss{}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &m.Action)
	}
	var object struct {
		Default json.RawMessage `json:"default"`
		Wait    Duration        `json:"wait"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	if object.Wait > 0 {
		m.Action, m.Wait = "wait", object.Wait
		return nil
	}
	m.Action, m.Default = "default", object.Default
	if m.Default == nil {
		m.Default = json.RawMessage("null")
	}
	return nil
}

// MarshalJSON writes it as files do: ignore, delete, or {set: FIELDS}.
func (d Deleted) MarshalJSON() ([]byte, error) {
	if d.Action != "set" {
		return json.Marshal(d.Action)
	}
	return json.Marshal(map[string]Fields{"set": d.Set})
}

// UnmarshalJSON reads it as files write it.
func (d *Deleted) UnmarshalJSON(data []byte) error {
	*d = Deleted{}
	if bytes.HasPrefix(data, []byte{'"'}) {
		return json.Unmarshal(data, &d.Action)
	}
	d.Action = "set"
	var object struct {
		Set Fields `json:"set"`
	}
	err := json.Unmarshal(data, &object)
	d.Set = object.Set
	return err
}

// plainSchedule is a Schedule without methods.
type plainSchedule Schedule

// MarshalJSON writes a schedule as files do: the name of another, or an object.
func (s Schedule) MarshalJSON() ([]byte, error) {
	if s.Ref != "" {
		return json.Marshal(s.Ref)
	}
	return json.Marshal(plainSchedule(s))
}

// UnmarshalJSON reads a schedule as files write it.
func (s *Schedule) UnmarshalJSON(data []byte) error {
	*s = Schedule{}
	if bytes.HasPrefix(data, []byte{'"'}) {
		return json.Unmarshal(data, &s.Ref)
	}
	return json.Unmarshal(data, (*plainSchedule)(s))
}
