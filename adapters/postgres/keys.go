package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// ReadByKey looks keys up in the table, in chunks of a thousand.
func (c *connection) ReadByKey(ctx context.Context, req adapters.WriteRequest, keys [][]record.Value) ([]bool, error) {
	o, err := c.lookUp(ctx, "looking up", req.Object)
	if err != nil {
		return nil, err
	}
	if len(req.Key) == 0 {
		return nil, unfit("looking up", req.Object, "", "there is no key to look up by")
	}
	found := make([]bool, 0, len(keys))
	for chunk := range slices.Chunk(keys, keysPerQuery) {
		some, err := c.lookUpKeys(ctx, o, req.Key, chunk)
		if err != nil {
			return nil, sorted(err, "looking up", req.Object)
		}
		found = append(found, some...)
	}
	return found, nil
}

func (c *connection) lookUpKeys(ctx context.Context, o *object, key []string, keys [][]record.Value) ([]bool, error) {
	params, types, rule := o.keyArrays(key, keys, c.zone)
	if rule != "" {
		return nil, unfit("looking up", o.name, "", rule)
	}
	pc, release, err := c.acquire(ctx, "looking up", o.name)
	if err != nil {
		return nil, err
	}
	defer release()
	s := statement{o: o, key: key, names: key}
	columns := make([]string, len(key))
	for i := range key {
		columns[i] = fmt.Sprintf("c%d", i)
	}
	sql := "select i.n from unnest(" + arrayList(types) + ") with ordinality i (" + strings.Join(columns, ", ") + ", n) " +
		"where exists (select from " + o.source + " t where " + s.matches("t") + ")"
	texts := make([][]byte, len(params))
	for i, p := range params {
		texts[i] = []byte(p)
	}
	rows := pc.Conn().PgConn().ExecParams(ctx, sql, texts, nil, nil, nil)
	found := make([]bool, len(keys))
	for rows.NextRow() {
		found[atoi(rows.Values()[0])-1] = true
	}
	_, err = rows.Close()
	return found, err
}
