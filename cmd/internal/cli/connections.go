package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/secret"
)

// reach is what the operator of this machine allows: flags that commands which open connections share.
type reach struct {
	identity  string
	paths     []string
	addresses []string
	logLevel  string
	logJSON   bool
}

func (r *reach) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.identity, "identity", "", "file of the identity that opens key ring and credentials (default .dray/identity)")
	f.StringArrayVar(&r.paths, "allow-path", nil, "a folder connections may use, as ro:/folder or rw:/folder; may be repeated")
	f.StringArrayVar(&r.addresses, "allow-address", nil, "an address or range that is refused by default, such as 127.0.0.0/8; may be repeated")
	f.StringVar(&r.logLevel, "log-level", "info", "how much is logged: trace, debug, info, warn, error")
	f.BoolVar(&r.logJSON, "log-json", false, "log as JSON lines")
}

func (r *reach) egress() (connect.Egress, error) {
	var e connect.Egress
	for _, text := range r.addresses {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			ip, ipErr := netip.ParseAddr(text)
			if ipErr != nil {
				return e, invalid(fmt.Errorf("--allow-address %q is neither an IP address nor a range such as 127.0.0.0/8", text))
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		e.Allow = append(e.Allow, p.Masked())
	}
	return e, nil
}

func (r *reach) allowed() ([]connect.AllowedPath, error) {
	var out []connect.AllowedPath
	for _, text := range r.paths {
		p, err := connect.ParseAllowedPath(text)
		if err != nil {
			return nil, invalid(fmt.Errorf("--allow-path: %w", err))
		}
		out = append(out, p)
	}
	return out, nil
}

// identityFile is where the identity is: as said, or beside the repository in dir.
func (r *reach) identityFile(dir string) string {
	if r.identity != "" {
		return r.identity
	}
	return filepath.Join(dir, ".dray", "identity")
}

// log returns the logger of a command. Its output is for people or machines, never for content.
func (a *app) log(r *reach) (hclog.Logger, error) {
	level := hclog.LevelFromString(r.logLevel)
	if level == hclog.NoLevel {
		return nil, invalid(fmt.Errorf("--log-level %q is not one of trace, debug, info, warn, error", r.logLevel))
	}
	return hclog.New(&hclog.LoggerOptions{Name: "dray", Level: level, Output: a.err, JSONFormat: r.logJSON}), nil
}

// options are what the flags allow, with the identity where there is one to read.
func (a *app) options(r *reach, dir string) (engine.Options, error) {
	egress, err := r.egress()
	if err != nil {
		return engine.Options{}, err
	}
	paths, err := r.allowed()
	if err != nil {
		return engine.Options{}, err
	}
	log, err := a.log(r)
	if err != nil {
		return engine.Options{}, err
	}
	file := r.identityFile(dir)
	id, err := secret.ReadIdentity(file)
	if err != nil && (r.identity != "" || !errors.Is(err, os.ErrNotExist)) {
		return engine.Options{}, unreachable(err)
	}
	return engine.Options{
		Registry: a.registry, Identity: id, Egress: egress, AllowPaths: paths, NeverPaths: []string{file, filepath.Join(dir, ".dray")}, Log: log, Now: a.now,
	}, nil
}

// connections are the connections of a folder's configuration, for a command that keeps no state.
type connections struct {
	reach
	dir, environment string
	model            *config.Model
	pool             *connect.Pool
}

func (k *connections) flags(c *cobra.Command) {
	environmentFlag(c, &k.environment)
	c.Flags().StringVar(&k.dir, "dir", ".", "the folder with the configuration")
	k.reach.flags(c)
}

// load reads the configuration and prepares to open connections.
func (k *connections) load(ctx context.Context, a *app) error {
	var err error
	if k.model, err = a.valid(ctx, k.dir, k.environment); err != nil {
		return err
	}
	o, err := a.options(&k.reach, k.dir)
	if err != nil {
		return err
	}
	k.pool = engine.LocalPool(o, k.model, nil)
	return nil
}

// open opens a connection by name. The caller releases it.
func (k *connections) open(ctx context.Context, name string) (*connect.Handle, error) {
	if k.model.Connections[name] == nil {
		return nil, missing("connection", name, keys(k.model.Connections))
	}
	h, err := k.pool.Open(ctx, k.model, name)
	if err != nil {
		return nil, unreachable(explain(err))
	}
	return h, nil
}

func (a *app) checkCommand() *cobra.Command {
	var k connections
	c := &cobra.Command{
		Use:     "check [CONNECTION…]",
		Short:   "Reach connections and authenticate, from this machine",
		Long:    "Opens each connection, or those named, and says whom it reached. It changes nothing there. Credentials must be sealed for local use.\n\n" + exitCodesHelp,
		Example: "  dray check\n  dray check erp --allow-address 127.0.0.1",
		RunE: func(c *cobra.Command, args []string) error {
			if err := k.load(c.Context(), a); err != nil {
				return err
			}
			if len(args) == 0 {
				args = keys(k.model.Connections)
			}
			bad := 0
			for _, name := range args {
				said, err := k.check(c.Context(), name)
				if coded, ok := errors.AsType[*exitError](err); ok && coded.code == exitInvalid {
					return err
				}
				if err != nil {
					bad++
					a.printf("%s: %s\n", name, safe(err.Error()))
					continue
				}
				a.printf("%s: ok, %s\n", name, safe(said))
			}
			if bad > 0 {
				return unreachable(fmt.Errorf("%s could not be reached", count(bad, "connection")))
			}
			return nil
		},
	}
	k.flags(c)
	return c
}

func (k *connections) check(ctx context.Context, name string) (string, error) {
	h, err := k.open(ctx, name)
	if err != nil {
		return "", err
	}
	defer func() { _ = h.Release(ctx) }()
	said, err := h.Check(ctx)
	return said, explain(err)
}

// explain adds the hint to a mistake in settings.
func explain(err error) error {
	if e, ok := errors.AsType[*adapters.ConfigError](err); ok && e.Hint != "" {
		return fmt.Errorf("%w; %s", err, e.Hint)
	}
	return err
}
