package config

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/dray-sync/dray/adapters"
)

// fakeApplication is an application that is only described.
type fakeApplication struct{ spec adapters.Spec }

func (a fakeApplication) Spec() adapters.Spec { return a.spec }

func (a fakeApplication) Open(context.Context, adapters.Env, adapters.Settings) (adapters.Connection, error) {
	return nil, errors.New("only described")
}

// testRegistry knows "shop", which has fixed objects and a credential, and "table", which takes any object and none.
func testRegistry() *adapters.Registry {
	shop := adapters.Spec{
		Name: "shop",
		Schema: `
// Config is where the shop is.
#Config: {
	// The shop's address.
	url!: =~"^https?://" @says("an address such as https://shop.example")
	// Records a page.
	pageSize: *100 | int & >=1 & <=250
	// The account.
	account?: string
}`,
		Secrets: []adapters.SecretField{{Name: "token", Required: true}},
		Objects: []adapters.Object{
			{Name: "orders", Reads: []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull}},
			{Name: "payments", Reads: []adapters.ReadMode{adapters.ReadFull, adapters.ReadKeys}, Finds: [][]string{{"orderId"}}},
			{Name: "products", Reads: []adapters.ReadMode{adapters.ReadFull}, Writes: []adapters.WriteMode{adapters.WriteUpsert, adapters.WriteUpdate}},
		},
		Hosts: true,
		Endpoint: func(config json.RawMessage) (string, error) {
			var c struct{ URL string }
			err := json.Unmarshal(config, &c)
			return c.URL, err
		},
	}
	table := adapters.Spec{
		Name: "table",
		Schema: `
#Config: {
	path!: string
	mode: *"wal" | "delete"
}
#Object: {query!: string, key: [...string]} | {table!: string}
`,
	}
	return adapters.NewRegistry(fakeDeclarer{}, fakeApplication{shop}, fakeApplication{table})
}

// fakeDeclarer takes declarations of the form {title: …}.
type fakeDeclarer struct{}

func (fakeDeclarer) Declare(name string, declaration json.RawMessage) (adapters.Application, error) {
	var d map[string]json.RawMessage
	if err := json.Unmarshal(declaration, &d); err != nil {
		return nil, err
	}
	var errs []error
	for _, field := range []string{"base", "objects"} {
		if _, ok := d[field]; ok {
			errs = append(errs, &adapters.ConfigError{Path: []string{field, "0"}, Message: "not taken by the fake"})
		}
	}
	if _, ok := d["title"]; !ok {
		errs = append(errs, &adapters.ConfigError{Message: "a title is missing", Hint: "add title:"})
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return fakeApplication{adapters.Spec{Name: name, Schema: "#Config: {...}"}}, nil
}
