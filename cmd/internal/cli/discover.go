package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
)

func (a *app) discoverCommand() *cobra.Command {
	var k connections
	c := &cobra.Command{
		Use:     "discover CONNECTION [OBJECT]",
		Short:   "List a connection's objects, or write one's fields as kind: Object",
		Long:    "Without an object it lists what the connection has. With one it prints a resource to be committed.\n\n" + exitCodesHelp,
		Example: "  dray discover erp\n  dray discover erp sales > objects/erp-sales.yaml",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := k.load(c.Context(), a); err != nil {
				return err
			}
			h, err := k.open(c.Context(), args[0])
			if err != nil {
				return err
			}
			defer func() { _ = h.Release(c.Context()) }()
			d, ok := h.Connection.(adapters.Discoverer)
			if !ok {
				return invalid(fmt.Errorf("application %q cannot list its objects", k.model.Connections[args[0]].Spec.Application))
			}
			name := ""
			if len(args) == 2 {
				name = args[1]
			}
			objects, err := d.Discover(c.Context(), name)
			if err != nil {
				return unreachable(err)
			}
			if name == "" {
				return a.listObjects(objects)
			}
			if len(objects) != 1 {
				return failed(errors.New("the connection did not describe exactly that object"))
			}
			return a.writeObject(args[0], config.ObjectOf(objects[0]))
		},
	}
	k.flags(c)
	return c
}

func (a *app) listObjects(objects []adapters.Object) error {
	rows := make([][]string, len(objects))
	for i, o := range objects {
		rows[i] = []string{o.Name, fmt.Sprint(o.Reads), fmt.Sprint(o.Writes)}
	}
	return a.table([]string{"OBJECT", "READ", "WRITE"}, rows)
}

// writeObject prints an object as a resource.
func (a *app) writeObject(connection string, o config.Object) error {
	o.Connection = connection
	text, err := objectYAML(objectName(connection, o.Object), o)
	if err != nil {
		return failed(err)
	}
	a.printf("%s", text)
	return nil
}
