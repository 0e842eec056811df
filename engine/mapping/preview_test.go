package mapping

import (
	"encoding/json"
	"fmt"

	"github.com/dray-sync/dray/engine/config"
)

func ExampleProgram_Preview() {
	var m config.Mapping
	if err := json.Unmarshal([]byte(`{"fields":{"total":{"from":"total","as":"decimal","scale":2,"round":"half-even"}}}`), &m); err != nil {
		panic(err)
	}
	p, _ := Compile(&m, Options{})
	fmt.Printf("%s\n", p.Preview([]byte(`{"total": "9007199254740993.005"}`), testNow).Output)
	fmt.Println(p.Preview([]byte(`{"total": "about ten"}`), testNow).Reason)
	// Output:
	// {"total":9007199254740993.00}
	// field total: rule number (string)
}
