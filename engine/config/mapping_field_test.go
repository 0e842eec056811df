package config

import (
	"encoding/json"
	"strings"
	"testing"
	"unsafe"
)

// A field keeps its settings, and the order in which files and digests have them, however it holds them.
func TestAFieldIsWrittenAsItWasRead(t *testing.T) {
	for _, text := range []string{
		`{"total":{"from":"total","as":"money","ifAbsent":"null","to":"UTC","scale":0,"round":"half-up","currency":"EUR","minor":true,"groupMark":"."}}`,
		`{"lines":{"when":"paid","each":"items","where":"quantity in [1, 2]","fields":{"sku":{"from":"sku","apply":["trim",{"truncate":5}]}}}}`,
		`{"lines":{"concat":[{"each":"items","fields":{"sku":{"from":"sku"}}},{"when":"tip == nil","fields":{"sku":{"value":"TIP","zone":"UTC"}}}]}}`,
		`{"channel":{"value":"web"}}`,
	} {
		var f Fields
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(f); err != nil || string(got) != text {
			t.Errorf("read %s\nwritten %s %v", text, got, err)
		}
	}
	var f Fields
	if err := json.Unmarshal([]byte(`{"a":{"from":"b","colour":"red"}}`), &f); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Errorf("an unknown setting is taken: %v", err)
	}
}

// A repository of 10,000 resources holds 80,000 fields and more.
func TestFieldsAreSmall(t *testing.T) {
	if size := unsafe.Sizeof(NamedField{}); size > 240 {
		t.Errorf("a field takes %d bytes: put what is rarely said into Nested or Form", size)
	}
}
