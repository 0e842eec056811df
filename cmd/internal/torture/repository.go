package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/repo/gitserver"
	"github.com/dray-sync/dray/engine/secret"
)

// shared is what all flows use. The application's addresses and the folder of the files go in.
const shared = `apiVersion: dray/v1
kind: Application
metadata: {name: shop}
spec:
  description: What is read.
  objects:
    orders:
      key: [id]
      cursor: updated_at
      version: rev
      read:
        path: /orders
        records: records
        paging: {kind: page, sizeParam: size, size: 40, stop: empty}
        since: {param: since, sorted: true}
    orders-by-id:
      key: [id]
      cursor: updated_at
      version: rev
      read:
        path: /orders-by-id
        records: records
        paging: {kind: offset, sizeParam: size, size: 40, stop: empty}
        since: {param: since}
    events:
      key: [id]
      cursor: updated_at
      read:
        path: /events
        records: records
        paging: {kind: page, sizeParam: size, size: 40, stop: empty}
        since: {param: since, sorted: true}
    acks:
      key: [id]
      write: {upsert: {path: "/acks/{id}"}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: shop, config: {url: %[1]q, requestTimeout: 2s}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: warehouse}
spec: {application: warehouse, config: {url: %[2]q, requestTimeout: 2s}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: file-from}
spec: {application: sqlite, config: {path: %[3]s/from.db}, objects: {items: {key: [id], cursor: seq}}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: file-to}
spec: {application: sqlite, config: {path: %[3]s/to.db}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: plain}
spec: {fields: {id: {from: id}, rev: {from: rev}, name: {from: name}}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: line}
spec: {fields: {id: {from: $root.id}, line: {from: nr}, rev: {from: $root.rev}, name: {from: $root.name}}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: group}
spec: {fields: {id: {from: grp}}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: member}
spec: {fields: {id: {from: id}, rev: {from: rev}, name: {from: name}, grp: {from: $steps.group.id}}}
`

// stores are the objects of the warehouse that are written by key.
var stores = []string{"plain", "unsorted", "full", "one", "route-a", "route-b", "route-c", "members", "backed", "from-file"}

// application declares the warehouse.
func application() string {
	var b strings.Builder
	b.WriteString("apiVersion: dray/v1\nkind: Application\nmetadata: {name: warehouse}\nspec:\n  description: What is written.\n  objects:\n")
	for _, name := range stores {
		fmt.Fprintf(&b, "    %[1]s: {key: [id], read: {path: /%[1]s, byKey: {path: \"/%[1]s/{id}\"}}, write: {upsert: {path: \"/%[1]s/{id}\"}}}\n", name)
	}
	for _, name := range []string{"create", "groups"} {
		fmt.Fprintf(&b, "    %[1]s: {key: [id], read: {path: /%[1]s, byKey: {path: \"/%[1]s/{id}\"}}, write: {create: {path: /%[1]s, id: number}}}\n", name)
	}
	b.WriteString("    lines: {key: [id, line], read: {path: /lines, byKey: {path: \"/lines/{id}/{line}\"}}, write: {upsert: {path: \"/lines/{id}/{line}\"}}}\n")
	return b.String()
}

// commit makes a repository of the flows, for an agent with a new identity, which is written to a file.
func (w *world) commit() error {
	identity, err := secret.GenerateAgent(secret.Classic)
	if err != nil {
		return err
	}
	if err := secret.WriteIdentity(w.identity, identity, time.Now()); err != nil {
		return err
	}
	ring, err := secret.CreateRing("torture", []secret.Recipient{identity.Public().Recipient}, time.Now())
	if err != nil {
		return err
	}
	ringFile, err := ring.File().Encode()
	if err != nil {
		return err
	}
	files := map[string]string{
		"dray.yaml":      "apiVersion: dray/v1\nkind: Repository\nmetadata: {name: torture}\nspec: {environments: {torture: {}}}\n",
		"ring.yaml":      string(ringFile),
		"shared.yaml":    fmt.Sprintf(shared, w.shopURL, w.warehouseURL, filepath.ToSlash(w.data)),
		"warehouse.yaml": application(),
		"agent.yaml": fmt.Sprintf("apiVersion: dray/v1\nkind: Agent\nmetadata: {name: torture}\nspec:\n  recipient: %s\n  signer: %s\n  environments: [torture]\n",
			identity.Public().Recipient, identity.Public().Signer),
	}
	if w.wire != nil {
		files["connection.yaml"] = w.tables.connection(w.wire)
	}
	for _, f := range w.flows {
		files[f.name+".yaml"] = fmt.Sprintf("apiVersion: dray/v1\nkind: Touchpoint\nmetadata: {name: %s}\nspec:%s\n  trace: [id]\n  stopAfter: 0\n  schedule: {every: 1s}\n", f.name, f.spec)
	}
	_, err = w.git.Commit(gitserver.Change{Message: "torture", Files: files})
	return err
}
