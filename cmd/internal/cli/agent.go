package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/repo"
)

// agentFlags are the flags of the agent.
type agentFlags struct {
	reach
	repository, branch, path, environment, state  string
	gitUser, gitPasswordFile, gitTokenFile, gitCA string
	allowHTTP, allowRewrite                       bool
	socket, listen, tokenFile, tlsCert, tlsKey    string
	interval, grace                               time.Duration
	workers                                       int
	samples                                       engine.SampleOptions
}

func (a *app) agentCommand() *cobra.Command {
	var f agentFlags
	c := &cobra.Command{
		Use:   "agent",
		Short: "Follow a repository and run its touchpoints",
		Long: `The daemon. It pulls the repository, judges every revision, applies the good ones, and moves records until it is
stopped. The first signal lets running slices finish; the second ends it at once.

It opens no network port unless --listen says so; commands on this machine reach it over a unix socket.

` + exitCodesHelp,
		Example: `  dray agent --repository https://git.example/acme.git --branch main --environment production \
    --identity /etc/dray/identity --state /var/lib/dray`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.agent(c.Context(), &f) },
	}
	f.reach.flags(c)
	fl := c.Flags()
	fl.StringVar(&f.repository, "repository", "", "https URL of the repository, or the path of a local one")
	fl.StringVar(&f.branch, "branch", "", "the branch to follow (default the repository's own)")
	fl.StringVar(&f.path, "path", "", "the folder in the repository that holds the configuration")
	fl.StringVarP(&f.environment, "environment", "e", "", "the environment this agent serves")
	fl.StringVar(&f.state, "state", "", "the state directory")
	fl.StringVar(&f.gitUser, "git-user", "", "user name for the git server")
	fl.StringVar(&f.gitPasswordFile, "git-password-file", "", "file with the password, or access token, for --git-user")
	fl.StringVar(&f.gitTokenFile, "git-token-file", "", "file with a bearer token for the git server")
	fl.StringVar(&f.gitCA, "git-ca", "", "file with certificates that are trusted for the git server besides the system's")
	fl.BoolVar(&f.allowHTTP, "allow-http", false, "allow plain http to the git server")
	fl.BoolVar(&f.allowRewrite, "allow-rewrite", false, "take revisions that do not descend from the applied one")
	fl.StringVar(&f.socket, "socket", "", "the unix socket (default STATE/agent.sock)")
	fl.StringVar(&f.listen, "listen", "", "also listen on this TCP address; needs --token-file")
	fl.StringVar(&f.tokenFile, "token-file", "", "file with the bearer token that clients over TCP must send")
	fl.StringVar(&f.tlsCert, "tls-cert", "", "certificate for --listen")
	fl.StringVar(&f.tlsKey, "tls-key", "", "key of --tls-cert")
	fl.DurationVar(&f.interval, "interval", time.Minute, "how often the repository is asked")
	fl.DurationVar(&f.grace, "grace", 20*time.Second, "how long a stop waits for running slices")
	fl.IntVar(&f.workers, "workers", 4, "how many slices run at once")
	fl.IntVar(&f.samples.Number, "samples", 0, "how many records of each touchpoint to keep the form of, pseudonymised and sealed, for dray plan --samples")
	fl.DurationVar(&f.samples.Lifetime, "samples-lifetime", 7*24*time.Hour, "how long a sample is kept")
	for _, name := range []string{"repository", "environment", "state"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

func (a *app) agent(ctx context.Context, f *agentFlags) error {
	o, err := a.agentOptions(f)
	if err != nil {
		return err
	}
	surfaces, err := a.surfaces(f)
	if err != nil {
		return err
	}
	o.Serve = surfaces
	return runEngine(ctx, o)
}

// runEngine runs an agent until the context ends.
func runEngine(ctx context.Context, o engine.Options) error {
	e, err := engine.New(o)
	if err != nil {
		return invalid(err)
	}
	if err := e.Run(ctx); err != nil {
		return unreachable(explain(err))
	}
	return nil
}

func (a *app) agentOptions(f *agentFlags) (engine.Options, error) {
	if f.identity == "" {
		return engine.Options{}, invalid(errors.New("an agent needs --identity, the file that dray key generate wrote"))
	}
	o, err := a.options(&f.reach, "")
	if err != nil {
		return engine.Options{}, err
	}
	if o.Source, err = f.source(); err != nil {
		return engine.Options{}, err
	}
	o.Repository, o.Path, o.Environment, o.StateDir, o.AllowRewrite = f.repository, f.path, f.environment, f.state, f.allowRewrite
	o.Interval, o.Grace, o.Workers, o.NeverPaths, o.Samples = f.interval, f.grace, f.workers, []string{f.identity}, f.samples
	return o, nil
}

// source opens the repository the agent follows.
func (f *agentFlags) source() (repo.Source, error) {
	o := repo.Options{URL: f.repository, Branch: f.branch, AllowHTTP: f.allowHTTP}
	switch {
	case f.gitTokenFile != "" && f.gitPasswordFile != "":
		return nil, invalid(errors.New("--git-token-file and --git-password-file exclude each other"))
	case f.gitTokenFile != "":
		o.Auth = repo.BearerAuth(repo.SecretFile(f.gitTokenFile))
	case f.gitPasswordFile != "":
		o.Auth = repo.BasicAuth(f.gitUser, repo.SecretFile(f.gitPasswordFile))
	}
	if f.gitCA != "" {
		pem, err := os.ReadFile(f.gitCA)
		if err != nil {
			return nil, unreachable(err)
		}
		o.CABundle = pem
	}
	source, err := repo.Open(o)
	if err != nil {
		return nil, unreachable(err)
	}
	return source, nil
}

// surfaces are the sockets the agent answers on.
func (a *app) surfaces(f *agentFlags) ([]func(context.Context, *engine.Engine) error, error) {
	if f.socket == "" {
		f.socket = filepath.Join(f.state, "agent.sock")
	}
	list := []func(context.Context, *engine.Engine) error{func(ctx context.Context, e *engine.Engine) error {
		l, err := api.ListenUnix(f.socket)
		if err != nil {
			return err
		}
		return api.Serve(ctx, l, api.New(e, version))
	}}
	if f.listen == "" {
		return list, nil
	}
	token, err := os.ReadFile(f.tokenFile)
	if err != nil {
		return nil, invalid(fmt.Errorf("--listen needs --token-file, a file with the token that clients send: %w", err))
	}
	tcp := api.TCP{Address: f.listen, Token: strings.TrimSpace(string(token))}
	if f.tlsCert != "" {
		cert, err := tls.LoadX509KeyPair(f.tlsCert, f.tlsKey)
		if err != nil {
			return nil, invalid(fmt.Errorf("--tls-cert and --tls-key: %w", err))
		}
		tcp.Certificate = &cert
	}
	return append(list, func(ctx context.Context, e *engine.Engine) error {
		l, err := api.ListenTCP(tcp)
		if err != nil {
			return err
		}
		return api.Serve(ctx, l, api.Authenticated(api.New(e, version), tcp))
	}), nil
}
