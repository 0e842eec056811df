package enginetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// environment is the one that the repository has.
const environment = "test"

// These many resources of each kind change, in this order.
const (
	mappings    = 13
	lookups     = 12
	connections = 9
	touchpoints = 16
)

// brokenEvery is how many revisions come before one that is not valid. It shares no divisor with four, so that the change that
// is left out is of each kind in turn.
const brokenEvery = 9

// A repository is a folder of configuration, one resource a file.
type repository struct{ dir string }

// newRepository writes a repository whose key ring is for one agent.
func newRepository(dir string, agent secret.Recipient) (*repository, error) {
	r := &repository{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	ring, err := secret.CreateRing(environment, []secret.Recipient{agent}, time.Now())
	if err != nil {
		return nil, err
	}
	keys, err := ring.File().Encode()
	if err != nil {
		return nil, err
	}
	files := map[string]string{"dray": repositoryFile, "keys": string(keys), "shop": applicationFile, "erp": erpFile}
	for i := range mappings {
		files[fmt.Sprint("mapping-", i)] = mappingFile(i, "first")
	}
	for i := range lookups {
		files[fmt.Sprint("lookup-", i)] = lookupFile(i, "first")
	}
	for i := range connections {
		files[fmt.Sprint("connection-", i)] = connectionFile(i, 1)
	}
	for i := range touchpoints {
		files[fmt.Sprint("touchpoint-", i)] = touchpointFile(i, "first")
	}
	for name, text := range files {
		if err := r.write(name, text); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *repository) write(name, text string) error {
	return os.WriteFile(filepath.Join(r.dir, name+".yaml"), []byte(text), 0o600)
}

// change makes the revision of that number out of the one before, and returns the reason that an agent gives for what it makes of it.
func (r *repository) change(n int) (reason string, err error) {
	i, text := n/4, fmt.Sprintf("change %d", n)
	switch n % brokenEvery {
	case brokenEvery - 2:
		return "Invalid", r.write("broken", strings.Replace(touchpointFile(touchpoints, text), "mapping: m", "mapping: none-", 1))
	case brokenEvery - 1:
		if err := os.Remove(filepath.Join(r.dir, "broken.yaml")); err != nil {
			return "", err
		}
	}
	switch n % 4 {
	case 0:
		err = r.write(fmt.Sprint("mapping-", i%mappings), mappingFile(i%mappings, text))
	case 1:
		err = r.write(fmt.Sprint("lookup-", i%lookups), lookupFile(i%lookups, text))
	case 2:
		err = r.write(fmt.Sprint("connection-", i%connections), connectionFile(i%connections, n+2))
	default:
		err = r.write(fmt.Sprint("touchpoint-", i%touchpoints), touchpointFile(i%touchpoints, text))
	}
	return "Applied", err
}

const repositoryFile = `apiVersion: dray/v1
kind: Repository
metadata: {name: changing}
spec: {policies: [baseline], environments: {test: {}}}
`

const applicationFile = `apiVersion: dray/v1
kind: Application
metadata: {name: shop}
spec:
  description: A shop.
  objects:
    orders:
      key: [id]
      read: {path: /orders}
`

const erpFile = `apiVersion: dray/v1
kind: Connection
metadata: {name: erp}
spec: {application: sqlite, config: {path: /erp.db}}
`

func connectionFile(i, rate int) string {
	return fmt.Sprintf(`apiVersion: dray/v1
kind: Connection
metadata: {name: shop%d}
spec:
  application: shop
  config: {url: "https://shop%d.example/api"}
  rate: {requestsPerSecond: %d}
`, i, i, rate)
}

func lookupFile(i int, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: dray/v1\nkind: Lookup\nmetadata: {name: l%d}\nspec:\n  key: [code]\n  value: name\n  rows:\n", i)
	for k := range 40 {
		fmt.Fprintf(&b, "    - {code: C%02d, name: the name of %d by %s}\n", k, k, text)
	}
	return b.String()
}

func mappingFile(i int, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: dray/v1\nkind: Mapping\nmetadata: {name: m%d}\nspec:\n  fields:\n    ref: {from: id}\n    channel: {value: %s}\n", i, text)
	fmt.Fprintf(&b, "    country: {from: country, lookup: l%d}\n", i%lookups)
	for k := range 25 {
		fmt.Fprintf(&b, "    field%d: {from: part%d.value%d, apply: [trim, lower], default: \"\"}\n", k, k%7, k)
	}
	return b.String()
}

func touchpointFile(i int, text string) string {
	return fmt.Sprintf(`apiVersion: dray/v1
kind: Touchpoint
metadata: {name: t%d, labels: {owner: sales}, annotations: {why: %s}}
spec:
  source: {connection: shop%d, object: orders, start: beginning, read: full}
  mapping: m%d
  destination: {connection: erp, object: sales%d, write: upsert, key: [ref]}
  limits: {maxCreates: 500, maxUpdates: 500}
  schedule: {cron: "0 3 1 1 *"}
`, i, text, i%connections, i%mappings, i)
}
