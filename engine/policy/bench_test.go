package policy

import (
	"encoding/json"
	"fmt"
	"testing"
)

func BenchmarkQuestions(b *testing.B) {
	for rule, input := range map[string]string{
		"owner-label":    `{"metadata":{"labels":{"owner":"team%d"}}}`,
		"dead-letters":   `{"spec":{"stopAfter":%d}}`,
		"write-limits":   `{"destination":{"connection":{"facts":{"remote":false}}},"spec":{"destination":{"connection":"c1","write":"upsert"},"limits":{"maxCreates":%d,"maxUpdates":"20%%"},"mode":"live","source":{"start":"now"}}}`,
		"trace-personal": `{"source":{},"spec":{"trace":["number","id%d"]}}`,
	} {
		b.Run(rule, func(b *testing.B) {
			r := &Request{Files: BuiltInFiles()}
			for i := range b.N {
				r.Ask = append(r.Ask, Question{Pack: "baseline", Rule: rule, Input: json.RawMessage(fmt.Sprintf(input, i))})
			}
			b.ReportAllocs()
			b.ResetTimer()
			Evaluate(r)
		})
	}
}
