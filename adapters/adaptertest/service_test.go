package adaptertest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/mem"
)

const token = "canary-token-51c0"

func docOf(it adaptertest.Item) map[string]json.RawMessage {
	name := json.RawMessage("null")
	if it.Name != nil {
		name, _ = json.Marshal(*it.Name) // text always marshals
	}
	return map[string]json.RawMessage{
		"id": json.RawMessage(fmt.Sprintf("%q", it.ID)), "name": name, "amount": json.RawMessage(it.Amount), "rev": json.RawMessage(fmt.Sprint(it.Rev)),
	}
}

func itemOfDoc(d map[string]json.RawMessage) (adaptertest.Item, error) {
	it := adaptertest.Item{Amount: string(d["amount"])}
	if err := json.Unmarshal(d["id"], &it.ID); err != nil {
		return it, err
	}
	return it, json.Unmarshal(d["name"], &it.Name)
}

func serviceHarness() adaptertest.Harness {
	return adaptertest.Harness{
		Application: mem.ServiceApplication(),
		Mistakes: []adaptertest.Mistake{{
			Settings: adapters.Settings{Connection: "c", Config: json.RawMessage(`{"url": "ftp://x"}`)}, Path: []string{"config", "url"},
		}},
		Batch: 10,
		Huge:  300,
		Can: adaptertest.Capabilities{
			Source: true, Destination: true, Nulls: true,
			Reads:  []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys},
			Writes: []adapters.WriteMode{adapters.WriteCreate, adapters.WriteUpsert},
		},
		New: newServiceTarget,
	}
}

func newServiceTarget(t testing.TB) *adaptertest.Target {
	service := &mem.Service{Token: token, Page: 10}
	service.Refuse = func(doc map[string]json.RawMessage) bool { return strings.Contains(string(doc["name"]), poison) }
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	w := adaptertest.NewWorld(t, map[string]string{"token": token})
	config, err := json.Marshal(map[string]string{"url": server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return &adaptertest.Target{
		Env: w.Env(), Settings: adapters.Settings{Connection: "c", Config: config}, Object: "items", Log: w.Log,
		Secrets: []string{token}, Poison: &adaptertest.Item{ID: "p", Name: new(poison), Amount: "1", Rev: 1},
		Break: w.Cut, Mend: w.Mend,
		Refuse: func() { service.SetToken("another") },
		Stall:  func() { t.Cleanup(service.Stall()) },
		Seed: func(_ context.Context, items []adaptertest.Item) error {
			for _, it := range items {
				service.Put(docOf(it))
			}
			return nil
		},
		Items: func(context.Context) ([]adaptertest.Item, error) {
			var items []adaptertest.Item
			for _, d := range service.Docs() {
				it, err := itemOfDoc(d)
				if err != nil {
					return nil, err
				}
				items = append(items, it)
			}
			return items, nil
		},
	}
}

func TestService(t *testing.T) { adaptertest.Run(t, serviceHarness()) }

func queueHarness() adaptertest.Harness {
	return adaptertest.Harness{
		Mistakes: mistakes(),
		Batch:    10,
		Can:      adaptertest.Capabilities{Source: true, Acks: true, Nulls: true, Reads: []adapters.ReadMode{adapters.ReadIncremental}},
		New: func(t testing.TB) *adaptertest.Target {
			queue := &mem.Queue{Name: "items", Batch: 10}
			w := adaptertest.NewWorld(t, nil)
			return &adaptertest.Target{
				Application: queue.Application(), Env: w.Env(), Object: "items", Log: w.Log,
				Settings: adapters.Settings{Connection: "c", Config: json.RawMessage(`{}`)},
				Break:    func() { queue.SetOffline(true) }, Mend: func() { queue.SetOffline(false) },
				Seed: func(_ context.Context, items []adaptertest.Item) error {
					for _, it := range items {
						doc, err := json.Marshal(docOf(it))
						if err != nil {
							return err
						}
						queue.Push(string(doc))
					}
					return nil
				},
			}
		},
	}
}

func TestQueue(t *testing.T) { adaptertest.Run(t, queueHarness()) }
