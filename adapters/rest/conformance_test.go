package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/rest"
)

const (
	token  = "canary-token-77b0"
	poison = "canary-poison-88c1"
)

// paging declares how the shop pages.
var paging = map[string]string{
	"page":       `{"kind":"page","param":"page","start":1,"stop":"empty","maxPages":10000}`,
	"offset":     `{"kind":"offset","param":"offset","start":0,"stop":"empty","maxPages":10000}`,
	"cursor":     `{"kind":"cursor","param":"token","next":"next","only":true,"maxPages":10000}`,
	"nextLink":   `{"kind":"nextLink","next":"links.next","maxPages":10000}`,
	"linkHeader": `{"kind":"nextLink","maxPages":10000}`,
	"none":       `{"kind":"none"}`,
}

func declaration(paging string, sorted bool) string {
	return fmt.Sprintf(`{"description":"A shop.","auth":{"kind":"bearer"},"headers":{"X-Version":"2"},"objects":{"items":{
		"key":["id"],"cursor":"rev",
		"read":{"path":"/items","query":{},"records":"data.items","paging":%s,
			"since":{"param":"since","format":"unix","cursorFormat":"unix","sorted":%t},
			"filter":{"param":"q"},
			"by":[{"params":{"name":"name"},"most":2}],
			"byKey":{"path":"/items/{id}","record":"item"}},
		"write":{
			"create":{"method":"POST","path":"/items","wrap":"item","id":"item.id"},
			"update":{"method":"PATCH","path":"/items/{id}","wrap":"item","id":"item.id"},
			"upsert":{"method":"PUT","path":"/items/{id}","wrap":"item","id":"item.id"},
			"delete":{"method":"DELETE","path":"/items/{id}"},
			"actions":{"stamp":{"path":"/items/{id}/stamp"}}}}}}`, paging, sorted)
}

func declared(t testing.TB, text string) adapters.Application {
	t.Helper()
	app, err := rest.New().Declare("shop", json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func settings(url string) adapters.Settings {
	return adapters.Settings{Connection: "shop", Config: json.RawMessage(
		fmt.Sprintf(`{"url":%q,"requestTimeout":"30s","concurrency":4,"maxAnswer":33554432}`, url))}
}

func TestConformance(t *testing.T) {
	for kind, text := range paging {
		if kind == "none" {
			continue // has no several pages to resume between
		}
		t.Run(kind, func(t *testing.T) {
			adaptertest.Run(t, adaptertest.Harness{
				Application: declared(t, declaration(text, true)),
				New:         func(t testing.TB) *adaptertest.Target { return newTarget(t, kind) },
				Batch:       10, Huge: 300,
				Mistakes: []adaptertest.Mistake{
					{Settings: settings(""), Path: []string{"config", "url"}}, {Settings: settings("ftp://x"), Path: []string{"config", "url"}},
				},
				Can: adaptertest.Capabilities{
					Source: true, Destination: true, Discoverer: true, KeyReader: true, Nulls: true,
					Reads: []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys},
					Writes: []adapters.WriteMode{
						adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete, adapters.WriteAction,
					},
				},
			})
		})
	}
}

func docOf(it adaptertest.Item) map[string]json.RawMessage {
	name := json.RawMessage("null")
	if it.Name != nil {
		name, _ = json.Marshal(*it.Name) // text always marshals
	}
	return map[string]json.RawMessage{
		"id": json.RawMessage(fmt.Sprintf("%q", it.ID)), "name": name, "amount": json.RawMessage(it.Amount), "rev": json.RawMessage(fmt.Sprint(it.Rev)),
	}
}

func newTarget(t testing.TB, kind string) *adaptertest.Target {
	s := newShop(t)
	s.paging, s.refuse, s.token = kind, poison, token
	world := adaptertest.NewWorld(t, map[string]string{"token": token})
	return &adaptertest.Target{
		Env: world.Env(), Settings: settings(s.url + "/v2"), Object: "items", Log: world.Log, Secrets: []string{token},
		Break: world.Cut, Mend: world.Mend, Action: "stamp",
		Acted: func(context.Context) ([]string, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return slices.Clone(s.acted), nil
		},
		Poison: &adaptertest.Item{ID: "p", Name: new(poison), Amount: "1", Rev: 1},
		Refuse: func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.token = "another"
		},
		Stall: func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.stalled = make(chan struct{})
			t.Cleanup(func() { close(s.stalled) })
		},
		Seed: func(_ context.Context, items []adaptertest.Item) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, it := range items {
				s.put(docOf(it))
			}
			return nil
		},
		Items: func(context.Context) ([]adaptertest.Item, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			items := []adaptertest.Item{}
			for _, d := range s.records {
				it := adaptertest.Item{Amount: string(d["amount"])}
				if err := json.Unmarshal(d["id"], &it.ID); err != nil {
					return nil, err
				}
				if err := json.Unmarshal(d["name"], &it.Name); err != nil {
					return nil, err
				}
				items = append(items, it)
			}
			return items, nil
		},
	}
}
