package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
)

func (a *app) discoverCommand() *cobra.Command {
	var k connections
	var check, write bool
	var output string
	c := &cobra.Command{
		Use:   "discover [CONNECTION [OBJECT]]",
		Short: "List a connection's objects, write one's fields as kind: Object, or compare with what is committed",
		Long: `Without an object it lists what the connection has. With one it prints a resource to be committed, or with --write puts it into its file:
mappings are then checked against its fields. What was added to the committed one by hand, such as classes of data, is kept.

With --check it compares what is committed with the live systems, field by field, and says which mappings and touchpoints that breaks.
Without arguments it compares everything.

` + exitCodesHelp + `
  4  with --check: what is committed differs from what is live`,
		Example: "  dray discover erp\n  dray discover erp sales\n  dray discover --write erp sales\n  dray discover --check\n  dray discover --check erp sales --output json",
		Args: func(c *cobra.Command, args []string) error {
			if check {
				return cobra.MaximumNArgs(2)(c, args)
			}
			return cobra.RangeArgs(1, 2)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := k.load(c.Context(), a); err != nil {
				return err
			}
			if check {
				return a.checkObjects(c.Context(), &k, args, output)
			}
			name := ""
			if len(args) == 2 {
				name = args[1]
			}
			objects, err := k.discover(c.Context(), args[0], name)
			switch {
			case err != nil:
				return err
			case name == "":
				return a.listObjects(objects)
			}
			return a.writeObject(&k, args[0], config.ObjectOf(objects[0]), write)
		},
	}
	k.flags(c)
	c.Flags().BoolVar(&check, "check", false, "compare what is committed with what is live")
	c.Flags().BoolVar(&write, "write", false, "write the resource into its file, objects/CONNECTION-OBJECT.yaml unless it has another")
	c.MarkFlagsMutuallyExclusive("check", "write")
	outputFlag(c, &output, "text", "json")
	return c
}

// discover asks a connection for its objects, or for one of them.
func (k *connections) discover(ctx context.Context, connection, object string) ([]adapters.Object, error) {
	h, err := k.open(ctx, connection)
	if err != nil {
		return nil, err
	}
	defer func() { _ = h.Release(ctx) }()
	d, ok := h.Connection.(adapters.Discoverer)
	if !ok {
		return nil, invalid(fmt.Errorf("application %q cannot list its objects", k.model.Connections[connection].Spec.Application))
	}
	objects, err := d.Discover(ctx, object)
	if err != nil {
		return nil, unreachable(err)
	}
	if object != "" && len(objects) != 1 {
		return nil, failed(errors.New("the connection did not describe exactly that object"))
	}
	return objects, nil
}

func (a *app) listObjects(objects []adapters.Object) error {
	rows := make([][]string, len(objects))
	for i, o := range objects {
		rows[i] = []string{o.Name, fmt.Sprint(o.Reads), fmt.Sprint(o.Writes)}
	}
	return a.table([]string{"OBJECT", "READ", "WRITE"}, rows)
}

// writeObject prints an object as a resource, or writes its file: that which is committed, brought up to date, or a new one.
func (a *app) writeObject(k *connections, connection string, live config.Object, write bool) error {
	name := objectName(connection, live.Object)
	file := path.Join("objects", name+".yaml")
	committed := k.model.ObjectFor(connection, live.Object)
	if committed != nil {
		name, live, file = committed.Metadata.Name, committed.Spec.Refined(live), committed.Source.At.File
	} else {
		live.Connection = connection
	}
	text, err := objectYAML(name, live)
	if err != nil {
		return failed(err)
	}
	if !write {
		a.printf("%s", text)
		return nil
	}
	full := filepath.Join(k.dir, filepath.FromSlash(file))
	if committed != nil {
		if err := alone(full); err != nil {
			return failed(err)
		}
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, text, 0o644)); err != nil {
		return unreachable(err)
	}
	a.printf("%s\n", file)
	return nil
}

// alone refuses a file that holds more than one resource, or is not YAML: it cannot be written anew.
func alone(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc yaml.Node
	in := yaml.NewDecoder(bytes.NewReader(text))
	for n := 0; ; n++ {
		switch err := in.Decode(&doc); {
		case errors.Is(err, io.EOF) && n == 1:
			return nil
		case err != nil || n > 0:
			return fmt.Errorf("%s holds more than this resource: run without --write, and put it there yourself", file)
		}
	}
}
