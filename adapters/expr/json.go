package expr

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
)

// parseJSON reads one JSON text exactly.
func parseJSON(text string) (record.Value, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := decodeValue(d)
	if err != nil {
		return v, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, errors.New("text after the value")
	}
	return v, nil
}

func decodeValue(d *json.Decoder) (record.Value, error) {
	token, err := d.Token()
	if err != nil {
		return record.Value{}, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return decodeList(d)
		}
		return decodeObject(d)
	case bool:
		return record.BoolValue(t), nil
	case json.Number:
		return record.ParseNumber(t.String())
	case string:
		return record.StringValue(t), nil
	}
	return record.NullValue, nil
}

func decodeList(d *json.Decoder) (record.Value, error) {
	var values []record.Value
	for d.More() {
		v, err := decodeValue(d)
		if err != nil {
			return v, err
		}
		values = append(values, v)
	}
	_, err := d.Token()
	return record.ListValue(values), err
}

func decodeObject(d *json.Decoder) (record.Value, error) {
	var names []string
	var values []record.Value
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return record.Value{}, err
		}
		name, _ := token.(string)
		if seen[name] {
			return record.Value{}, errors.New("duplicate key")
		}
		seen[name] = true
		v, err := decodeValue(d)
		if err != nil {
			return v, err
		}
		names, values = append(names, name), append(values, v)
	}
	_, err := d.Token()
	return record.ObjectValue(names, values), err
}
