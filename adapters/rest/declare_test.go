package rest_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/rest"
)

// paths collects where all mistakes of an error are.
func paths(err error) []string {
	var out []string
	var walk func(error)
	walk = func(err error) {
		if c, ok := err.(*adapters.ConfigError); ok { //nolint:errorlint // the tree is walked by hand
			out = append(out, strings.Join(c.Path, "."))
			return
		}
		if many, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // as above
			for _, e := range many.Unwrap() {
				walk(e)
			}
		}
	}
	walk(err)
	slices.Sort(out)
	return out
}

func TestDeclareReportsAllMistakesWithTheirPlaces(t *testing.T) {
	_, err := rest.New().Declare("x", json.RawMessage(`{"description":"d","url":"https://u:p@h","auth":{"kind":"apiKey"},"objects":{
		"a":{},
		"b":{"key":["a..b"],"read":{"path":"/b/{id}","records":"a[","paging":{"kind":"cursor","size":5},
			"since":{"param":"s","format":"DD.MM","cursorFormat":"iso"},"byKey":{"path":"/b"}}},
		"c":{"write":{"delete":{"path":"/c"}}}}}`))
	want := []string{
		"auth", "objects.a", "objects.b.key", "objects.b.read.byKey.path", "objects.b.read.paging.next", "objects.b.read.paging.param",
		"objects.b.read.paging.size", "objects.b.read.path", "objects.b.read.records", "objects.b.read.since", "objects.b.read.since.format",
		"objects.c.write.delete.path", "url",
	}
	if d := cmp.Diff(paths(err), want); d != "" {
		t.Errorf("mistakes (-got +want):\n%s\n%v", d, err)
	}
}

func TestDeclareNeedsNoDefaultsSpelledOut(t *testing.T) {
	app, err := rest.New().Declare("x", json.RawMessage(
		`{"description":"d","objects":{"a":{"key":["id"],"read":{"path":"/a","paging":{"kind":"page"}},"write":{"upsert":{"path":"/a/{id}"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	objects := app.Spec().Objects
	if len(objects) != 1 || !objects[0].CanRead(adapters.ReadFull) || !objects[0].CanWrite(adapters.WriteUpsert) || objects[0].CanRead(adapters.ReadIncremental) {
		t.Errorf("described as %+v", objects)
	}
	if _, err := app.Spec().Endpoint(json.RawMessage(`{}`)); err == nil {
		t.Error("an application without a URL has an endpoint")
	} else if c, ok := errors.AsType[*adapters.ConfigError](err); !ok || !slices.Equal(c.Path, []string{"config", "url"}) {
		t.Errorf("got %v, want a mistake at config.url", err)
	}
}
