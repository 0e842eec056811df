package demo_test

import (
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/cmd/internal/demo"
)

// The story holds: orders flow, a good commit is taken, a broken one is refused where it is wrong, and the good one serves on.
func TestStory(t *testing.T) {
	var out strings.Builder
	if err := demo.Run(t.Context(), demo.Options{Out: &out, Registry: all.Registry(), Version: "test"}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		"moved 107 paid orders",
		`spec.fields.channel.value: "web" → "webshop"`,
		"mappings/order-to-sale.yaml:8:43: spec.fields.country.lookpu: there is no such field here [config/unknown-field]",
		"hint: did you mean lookup?",
		"serves on: 4 more orders came in",
		"Where is order 1001? written to erp/sales",
		"Done: 115 orders moved, each once.",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the story lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "demo-token-of-the-shop") {
		t.Error("the shop's token was printed")
	}
}
