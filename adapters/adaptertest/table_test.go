package adaptertest_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/mem"
	"github.com/dray-sync/dray/adapters/record"
)

var columns = []record.Column{
	{Name: "id", Kind: record.String}, {Name: "name", Kind: record.String}, {Name: "amount", Kind: record.Decimal}, {Name: "rev", Kind: record.Int},
}

func rowOf(t testing.TB, it adaptertest.Item) []record.Value {
	t.Helper()
	amount, err := record.ParseNumber(it.Amount)
	if err != nil {
		t.Fatal(err)
	}
	name := record.NullValue
	if it.Name != nil {
		name = record.StringValue(*it.Name)
	}
	return []record.Value{record.StringValue(it.ID), name, amount, record.IntValue(it.Rev)}
}

func itemOf(row []record.Value) adaptertest.Item {
	rev, _ := row[3].Int64()
	it := adaptertest.Item{ID: row[0].Text(), Amount: row[2].Text(), Rev: rev}
	if !row[1].IsNull() {
		it.Name = new(row[1].Text())
	}
	return it
}

const poison = "content nobody may see"

func mistakes() []adaptertest.Mistake {
	return []adaptertest.Mistake{{
		Settings: adapters.Settings{Connection: "c", Config: json.RawMessage(`{"note": 1}`)}, Path: []string{"config", "note"},
	}}
}

// tableHarness is the harness of the table. The kit's own tests bend what comes out of it.
func tableHarness() adaptertest.Harness {
	return adaptertest.Harness{
		Mistakes: mistakes(),
		Batch:    10,
		Huge:     500,
		Can: adaptertest.Capabilities{
			Source: true, Destination: true, Discoverer: true, Transactional: true, KeyReader: true, Nulls: true,
			Reads: []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys},
			Writes: []adapters.WriteMode{
				adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete,
				adapters.WriteAction,
			},
		},
		New: func(t testing.TB) *adaptertest.Target {
			table := &mem.Table{Name: "items", Columns: columns, Key: "id", Cursor: "rev", Batch: 10, Actions: []string{"stamp"}}
			table.Refuse = func(row []record.Value) string {
				if row[1].Text() == poison {
					return "check"
				}
				return ""
			}
			w := adaptertest.NewWorld(t, nil)
			return &adaptertest.Target{
				Application: table.Application(), Env: w.Env(), Object: "items", Log: w.Log,
				Settings: adapters.Settings{Connection: "c", Config: json.RawMessage(`{}`)},
				Poison:   &adaptertest.Item{ID: "p", Name: new(poison), Amount: "1", Rev: 1},
				Break:    func() { table.SetOffline(true) },
				Mend:     func() { table.SetOffline(false) },
				Action:   "stamp",
				Acted:    func(context.Context) ([]string, error) { return table.Acted("stamp"), nil },
				Seed: func(_ context.Context, items []adaptertest.Item) error {
					for _, it := range items {
						table.Put(rowOf(t, it))
					}
					return nil
				},
				Items: func(context.Context) ([]adaptertest.Item, error) {
					var items []adaptertest.Item
					for _, row := range table.Rows() {
						items = append(items, itemOf(row))
					}
					return items, nil
				},
			}
		},
	}
}

func TestTable(t *testing.T) { adaptertest.Run(t, tableHarness()) }
