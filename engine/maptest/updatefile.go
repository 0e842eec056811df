package maptest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/dray-sync/dray/adapters/record"
)

// file returns a file of expectations with those that failed changed.
func (u *updater) file(name string) ([]byte, error) {
	src, err := fs.ReadFile(u.fsys, name)
	if err != nil {
		src = nil // it is to be made
	}
	var lines [][]byte
	switch path.Ext(name) {
	case ".jsonl", ".ndjson":
		for line := range bytes.Lines(src) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				lines = append(lines, line)
			}
		}
	case ".json":
		var list []json.RawMessage
		if len(bytes.TrimSpace(src)) > 0 && json.Unmarshal(src, &list) != nil {
			list = []json.RawMessage{src}
		}
		for _, l := range list {
			lines = append(lines, l)
		}
	default:
		return nil, fmt.Errorf("outputs cannot be written to %q; they are in a file of JSON or JSON Lines", name)
	}
	changed := u.outcomes[name]
	for _, i := range slices.Sorted(maps.Keys(changed)) {
		what, value, err := outcome(changed[i])
		if err != nil {
			return nil, err
		}
		for len(lines) <= i {
			lines = append(lines, []byte("{}"))
		}
		lines[i] = inFile(what, value)
	}
	return joinedLines(path.Ext(name) == ".json", lines, src), nil
}

// inFile returns how an expectation stands in a file of them.
func inFile(what string, value record.Value) []byte {
	switch what {
	case "expectRejected":
		value = record.ObjectValue([]string{"$rejected"}, []record.Value{value})
	case "expectSkipped":
		value = record.ObjectValue([]string{"$skipped"}, []record.Value{value})
	case "expectFiltered":
		value = record.ObjectValue([]string{"$filtered"}, []record.Value{value})
	case "expectParked":
		value = record.ObjectValue([]string{"$parked"}, []record.Value{value})
	}
	return value.AppendJSON(nil)
}

func joinedLines(list bool, lines [][]byte, src []byte) []byte {
	switch {
	case !list:
		return append(bytes.Join(lines, []byte("\n")), '\n')
	case len(lines) == 1 && !bytes.HasPrefix(bytes.TrimSpace(src), []byte("[")):
		var b bytes.Buffer
		_ = json.Indent(&b, lines[0], "", "  ") // it is JSON
		return append(b.Bytes(), '\n')
	}
	return append(append([]byte("[\n  "), bytes.Join(lines, []byte(",\n  "))...), "\n]\n"...)
}
