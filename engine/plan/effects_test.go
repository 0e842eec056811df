package plan_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
)

// fake is an application that is only described.
type fake struct{ spec adapters.Spec }

func (f fake) Spec() adapters.Spec { return f.spec }

func (f fake) Open(context.Context, adapters.Env, adapters.Settings) (adapters.Connection, error) {
	return nil, errors.New("only described")
}

func registry() *adapters.Registry {
	endpoint := func(settings json.RawMessage) (string, error) {
		var c struct{ URL string }
		err := json.Unmarshal(settings, &c)
		return c.URL, err
	}
	return adapters.NewRegistry(nil,
		fake{adapters.Spec{Name: "shop", Hosts: true, Endpoint: endpoint, Secrets: []adapters.SecretField{{Name: "token"}}, Schema: "#Config: {url!: string, pageSize: *100 | int}"}},
		fake{adapters.Spec{Name: "table", Transactional: true, Schema: "#Config: {path!: string}\n#Object: {table!: string, cursor?: string}"}},
	)
}

const settings = "apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\nspec: {environments: {test: {}}}\n---\n"

// load loads a repository of one file.
func load(t *testing.T, text string) *config.Model {
	t.Helper()
	m, list, err := config.Load(t.Context(), fstest.MapFS{"all.yaml": {Data: []byte(text)}}, config.Options{Registry: registry()})
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		t.Fatal(list.Error())
	}
	return m
}

// base is the repository that the tests begin with.
func base(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "base.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// replaced replaces pairs of texts, each of which must be there.
func replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("there is no %q in the base", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

const credential = `---
apiVersion: dray/v1
kind: Credential
metadata: {name: shop}
spec:
  application: shop
  bind: ["https://shop.example/"]
  environments: [test]
  fields: [token]
  generation: 2
  rotated: "2026-01-01"
  recipients: [age1one]
  ciphertext: one
`

// TestEffects holds what a plan says of each kind of change: of one flow, or of a resource.
func TestEffects(t *testing.T) {
	const products = "source: {connection: erp, object: items, start: beginning, read: full}"
	tests := map[string]struct {
		edits []string
		of    string   // the flow, or Kind/name
		want  []string // risk: text
	}{
		"a filter loses a condition": {
			[]string{`where: "paid and not test"`, "where: paid"},
			"orders",
			[]string{"review: the filter lets more records through: records that it held back before are not read again until they change at the source"},
		},
		"a filter gains a condition": {
			[]string{`where: "paid and not test"`, `where: "paid and not test and total > 5"`},
			"orders",
			[]string{"review: the filter lets fewer records through: what was delivered before stays at the destination"},
		},
		"a filter of a full read is new": {
			[]string{products, strings.Replace(products, "}", ", where: sku != nil}", 1)},
			"products",
			[]string{"review: the filter lets fewer records through: what was delivered before stays at the destination"},
		},
		"the application is asked with a filter": {
			[]string{"object: orders, start: beginning", "object: orders, filter: 'tag:erp', start: beginning"},
			"archive",
			[]string{"review: the application is asked for less: what its filter leaves out is no longer read, and what was delivered before stays at the destination"},
		},
		"records are read with what belongs to them": {
			[]string{"object: orders, start: beginning", "object: orders, include: [{name: payments, object: payments, filter: {order: number}, all: true}], start: beginning"},
			"archive",
			[]string{"review: every record is read with its payments from payments, which costs more requests; records that were delivered before follow when they change at the source"},
		},
		"changes elsewhere count": {
			[]string{"object: orders, start: beginning", "object: orders, changedBy: [{object: payments, key: order}], start: beginning"},
			"archive",
			[]string{"review: changes of payments count, too: those since the start are read once, and each record they belong to (order) is read again"},
		},
		"a field is added, one removed": {
			[]string{"total: {from: total, as: decimal}", "sum: {from: total, as: decimal}", "$out.total >= 0", "$out.sum >= 0"},
			"orders",
			[]string{
				"review: its checks change: other records may be rejected, skipped or parked",
				"review: sum and total change: records that were delivered already keep the old value until they change at the source",
				"review: total is no longer sent: the destination keeps the value that it has",
			},
		},
		"a key is mapped otherwise": {
			[]string{"ref: {from: number}", "ref: {from: name}"},
			"orders",
			[]string{
				"dangerous: ref is part of the destination's key: a record that is sent again is written under its new key, beside what it was written as before",
				"review: ref changes: records that were delivered already keep the old value until they change at the source",
			},
		},
		"a field deep down becomes required": {
			[]string{"sku: {from: sku}\n        price", "sku: {from: sku, required: true}\n        price"},
			"archive",
			[]string{
				"review: lines[].sku changes: records that were delivered already keep what they were created with",
				"review: records without a value for lines[].sku may newly be rejected",
			},
		},
		"a mapping of a full read": {
			[]string{"default: untitled", "default: none"},
			"products",
			[]string{"review: title changes: the next run sends every record again that comes out different"},
		},
		"a lookup": {
			[]string{"{code: AT, name: Austria}", "{code: AT, name: Oesterreich}"},
			"orders",
			[]string{"review: lookup countries changes: records that were delivered already keep the old value until they change at the source"},
		},
		"rows of a lookup": {
			[]string{"- {code: AT, name: Austria}\n    - {code: CH, name: Switzerland}", "- {code: FR, name: France}\n    - {code: CH, name: Suisse}"},
			"Lookup/countries",
			[]string{"review: of its rows, 1 are added, 1 removed, 1 changed", "review: a key that is no longer there has its record rejected"},
		},
		"another source": {
			[]string{"source: {connection: shop, object: orders, start: beginning}", "source: {connection: shop, object: drafts, start: now}"},
			"archive",
			[]string{
				"dangerous: its source is another object: its checkpoint is dropped, a run under way ends, and it reads again from the moment it was first applied",
				"dangerous: it writes to erp/archive by create: every record that is read again is created again",
				"review: new data path: data from shop/drafts to erp/archive",
				"safe: its ledger and dead letters stay",
			},
		},
		"another host": {
			[]string{"https://mail.example/", "https://evil.example/"},
			"newsletter",
			[]string{
				"dangerous: mail moves from https://mail.example to https://evil.example: checkpoint and ledger, made with the one, are kept and used with the other",
				"dangerous: Connection/mail: it goes to https://evil.example instead of https://mail.example",
				"review: new data path: data from erp/items to mail/products at https://evil.example",
			},
		},
		"a renamed connection": {
			[]string{
				"kind: Connection\nmetadata: {name: mail}", "kind: Connection\nmetadata: {name: post, renamedFrom: mail}",
				"destination: {connection: mail, object: products", "destination: {connection: post, object: products",
			},
			"newsletter",
			nil,
		},
		"personal data newly taken": {
			[]string{"total: {from: total, as: decimal}", "total: {from: total, as: decimal}\n    phone: {from: billing.phone}"},
			"archive",
			[]string{
				"dangerous: new data path: personal data (billing.phone) from shop/orders to erp/archive, where other data went before",
				"review: phone changes: records that were delivered already keep what they were created with",
			},
		},
		"a field that is no longer personal": {
			[]string{"{name: email, type: string, class: personal}", "{name: email, type: string}"},
			"Object/shop-orders",
			[]string{"dangerous: billing.email was personal and is of no class: see that plans are to treat it so where it goes"},
		},
		"another repository": {
			[]string{"metadata: {name: acme}", "metadata: {name: emca}"},
			"Repository/emca",
			[]string{"dangerous: the name of the repository is its identity: credentials that are sealed for the old one do not open, and an agent that starts anew refuses its state", "safe: nothing was there before"},
		},
		"a faster connection": {
			[]string{"requestsPerSecond: 8", "requestsPerSecond: 80"},
			"Connection/shop",
			[]string{"review: it is asked at most 80 times a second, with at most 3 requests at once instead of at most 8 times a second, with at most 3 requests at once"},
		},
		"a connection that closes": {
			[]string{"zone: Europe/Berlin, objects", `zone: Europe/Berlin, closed: [{cron: "0 2 * * *", for: 1h, reason: the backup of the night}], objects`},
			"Connection/erp",
			[]string{"review: it takes no requests in 0 2 * * * for 1h, instead of none"},
		},
		"a schedule with other times and windows": {
			[]string{`{cron: "*/5 8-18 * * 1-5", zone: Europe/Berlin}`, `{cron: "0 8-18 * * 1-5", zone: Europe/Berlin, closed: [{dates: ["2026-12-24"]}]}`},
			"products",
			[]string{
				"review: it does not run in 2026-12-24, instead of none",
				"safe: it runs by cron 0 8-18 * * 1-5 in Europe/Berlin, up to 11 times a day, instead of by cron */5 8-18 * * 1-5 in Europe/Berlin, up to 132 times a day",
				"safe: schedules ask shop at least 5 times an hour, instead of 16; 28800 are allowed",
			},
		},
		"another zone": {
			[]string{"zone: Europe/Berlin, objects", "zone: UTC, objects"},
			"Connection/erp",
			[]string{"review: dates without a zone are read in UTC instead of Europe/Berlin: they mean other instants"},
		},
		"an object is declared otherwise": {
			[]string{"items: {table: items}", "items: {table: things}"},
			"products",
			[]string{"review: items of erp is declared in another way: see that the cursor and the key in the state still fit"},
		},
		"writes become creates": {
			[]string{"write: upsert, key: [ref]", "write: create, key: [ref]"},
			"orders",
			[]string{
				"dangerous: records are written to erp/sales by create instead of upsert: one that is sent again is created again",
				"safe: delivery to erp/sales by create: looked up by its key before it is repeated, or repeated by its token where the application knows it, or left to a person",
			},
		},
		"writes become deletes": {
			[]string{"write: upsert, key: [ref]", "write: delete, key: [ref]", "maxUpdates: 20%", "maxUpdates: 20%, maxDeletes: 3"},
			"orders",
			[]string{
				"dangerous: records are written to erp/sales by delete instead of upsert: they are removed there",
				"review: one run may delete 3 instead of 0; beyond, it parks",
				"safe: delivery to erp/sales by delete: at least once, and a repeat changes nothing",
			},
		},
		"limits": {
			[]string{"maxCreates: 500, maxUpdates: 20%", "maxCreates: 50, maxDeletes: 10"},
			"orders",
			[]string{
				"review: one run may update any number of records instead of 20% of those delivered; beyond, it parks",
				"review: one run may delete 10 instead of 0; beyond, it parks",
				"safe: one run may create 50 instead of 500; beyond, it parks",
			},
		},
		"what is gone is deleted": {
			[]string{"read: full", "read: full, deleted: delete"},
			"products",
			[]string{"dangerous: from now on, what is gone from the source is deleted at the destination; maxDeletes is 0, so that a run that finds some parks"},
		},
		"a schedule": {
			[]string{"*/5 8-18 * * 1-5", "*/15 8-18 * * 1-5"},
			"orders",
			[]string{
				"safe: it runs by cron */15 8-18 * * 1-5 in Europe/Berlin, up to 44 times a day, instead of by cron */5 8-18 * * 1-5 in Europe/Berlin, up to 132 times a day",
				"safe: schedules ask shop at least 8 times an hour, instead of 16; 28800 are allowed",
			},
		},
		"no schedule": {
			[]string{"write: create}\n  schedule: {every: 15m}", "write: create}"},
			"archive",
			[]string{"review: it runs only when it is triggered, instead of every 15m, 96 times a day", "safe: schedules ask shop at least 12 times an hour, instead of 16; 28800 are allowed"},
		},
		"it observes": {
			[]string{"write: create}\n", "write: create}\n  mode: observe\n"},
			"archive",
			[]string{"review: it stops writing, and goes on reading: what it reads meanwhile is not written later, unless it changes again"},
		},
		"it is suspended": {
			[]string{"  suspend: true\n", "  suspend: false\n"}, "newsletter", []string{"review: it goes on from its checkpoint"},
		},
		"a permission that is left over": {
			[]string{"metadata: {name: archive}", `metadata: {name: archive, annotations: {"dray/allow-reset": once}}`},
			"archive",
			[]string{"review: nothing is reset, and the annotation dray/allow-reset permits it for every change to come: remove it"},
		},
		"a new flow": {
			[]string{"metadata: {name: archive}", "metadata: {name: attic}"},
			"attic",
			[]string{
				"review: it begins to bring shop/orders to erp/archive, from the beginning: everything there is",
				"review: nothing bounds how many records its first run creates: see limits.maxCreates",
				"safe: delivery to erp/archive by create: looked up by its key before it is repeated, or repeated by its token where the application knows it, or left to a person",
				"safe: it runs every 15m, 96 times a day",
			},
		},
		"exactly once": {
			[]string{"maxUpdates: 20%", "maxUpdates: 20%", "write: upsert, key: [ref]}", "write: upsert, key: [ref]}\n  delivery: exactlyOnce"},
			"orders",
			[]string{
				"review: each record arrives exactly once: batches and the place behind them are committed together at the destination, in its table dray_checkpoint, which the account must be allowed to create",
			},
		},
		"renamed": {
			[]string{"metadata: {name: archive}", "metadata: {name: attic, renamedFrom: archive}"},
			"attic",
			[]string{"safe: it goes on as attic where archive was: checkpoint, ledger and dead letters are kept"},
		},
		"another mapping": {
			[]string{"mapping: item-to-product\n  destination: {connection: mail", "mapping: order-to-sale\n  destination: {connection: mail", "object: products, write: upsert, key: [sku]}\n  suspend", "object: products, write: update, key: [ref]}\n  suspend", "metadata: {name: newsletter}", `metadata: {name: newsletter, annotations: {"dray/allow-reset": meant}}`},
			"newsletter",
			[]string{
				"dangerous: its destination key is another: its checkpoint is dropped, a run under way ends, and the next run reads everything, as every run does",
				"dangerous: every record that is read again is written to mail/products again, by update",
				"dangerous: ref is part of the destination's key: a record that is sent again is written under its new key, beside what it was written as before",
				"review: its checks change: other records may be rejected, skipped or parked",
				"review: sku and title are no longer sent: the destination keeps the value that it has",
				"review: records are written to mail/products by update instead of upsert",
				"safe: its ledger and dead letters stay",
				"safe: delivery to mail/products by update: at least once, and a repeat changes nothing",
			},
		},
		"a credential that was set anew": {
			[]string{"generation: 2", "generation: 3", `rotated: "2026-01-01"`, `rotated: "2026-02-02"`, "ciphertext: one", "ciphertext: two"},
			"Credential/shop",
			[]string{"review: generation 3 instead of 2", "review: token was set anew on 2026-02-02"},
		},
		"a credential that goes elsewhere": {
			[]string{"generation: 2", "generation: 3", `bind: ["https://shop.example/"]`, `bind: ["https://evil.example/"]`, "[age1one]", "[age1one, age1two]"},
			"Credential/shop",
			[]string{
				"dangerous: it can be opened by age1two from now on", "dangerous: its secrets may from now on be sent to https://evil.example/",
				"review: generation 3 instead of 2", "safe: its secrets may no longer be sent to https://shop.example/",
			},
		},
		"a credential that goes back": {
			[]string{"generation: 2", "generation: 1"},
			"Credential/shop",
			[]string{"dangerous: its generation goes back from 2 to 1: agents keep the newer one, and say CredentialOutdated"},
		},
		"a credential changed by hand": {
			[]string{"ciphertext: one", "ciphertext: two"},
			"Credential/shop",
			[]string{"dangerous: it changes and its generation stays 2: agents refuse it; change it with dray credential set"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := settings + base(t) + credential
			c := plan.Diff(load(t, before), load(t, replaced(t, before, tt.edits...)))
			if d := cmp.Diff(effectsOf(c, tt.of), tt.want); d != "" {
				t.Errorf("(-got +want):\n%s", d)
			}
		})
	}
}

// effectsOf returns the effects on a flow, or on a Kind/name.
func effectsOf(c plan.Changes, of string) (all []string) {
	var effects []plan.Effect
	for _, t := range c.Touchpoints {
		if t.Name == of {
			effects = t.Effects
		}
	}
	for _, r := range c.Resources {
		if r.Kind+"/"+r.Name == of {
			effects = r.Effects
		}
	}
	for _, e := range effects {
		all = append(all, string(e.Risk)+": "+e.Text)
	}
	return all
}
