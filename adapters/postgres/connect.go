package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/dray-sync/dray/adapters"
)

// neutral is what the driver parses. It takes defaults from environment variables and files for whatever is unsaid, so that all of
// them are said here and replaced below: where a connection goes is the configuration's business alone.
const neutral = "host=localhost port=5432 user=nobody password=none dbname=none passfile='' sslmode=disable connect_timeout=10 " +
	"target_session_attrs=any min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=prefer require_auth=''"

func poolConfig(cfg config, env adapters.Env) (*pgxpool.Config, error) {
	pc, err := pgxpool.ParseConfig(neutral)
	if err != nil {
		return nil, errors.New("preparing the PostgreSQL driver: an environment variable starting with PG is in its way")
	}
	user := cfg.User
	if s, ok := env.Secrets.Get("username"); ok && !s.IsEmpty() {
		user = s.Reveal()
	}
	if user == "" {
		return nil, wrong("user", "nobody to connect as", "say user here, or put username into the credential")
	}
	password := ""
	if s, ok := env.Secrets.Get("password"); ok {
		password = s.Reveal()
	}
	encryption, err := tlsConfig(cfg)
	if err != nil {
		return nil, err
	}
	cc := pc.ConnConfig
	cc.Host, cc.Port, cc.Database, cc.User, cc.Password = cfg.Host, uint16(cfg.Port), cfg.Database, user, password
	cc.TLSConfig, cc.Fallbacks, cc.ConnectTimeout = encryption, nil, cfg.connectTimeout
	cc.RuntimeParams = map[string]string{
		"application_name": "dray", "client_encoding": "UTF8", "datestyle": "ISO, YMD", "intervalstyle": "iso_8601",
		"timezone": "UTC", "extra_float_digits": "1", "bytea_output": "hex", "standard_conforming_strings": "on",
	}
	cc.DialFunc = env.Dial
	// The engine's dialler resolves names, because it judges the address it dials.
	cc.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	// Named statements do not survive poolers in front of a server.
	cc.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	pc.MaxConns, pc.MinConns = int32(cfg.MaxConnections), 0
	pc.MaxConnIdleTime = 5 * time.Minute
	return pc, nil
}

func tlsConfig(cfg config) (*tls.Config, error) {
	if cfg.SSLMode == "disable" {
		return nil, nil
	}
	var roots *x509.CertPool
	if cfg.CA != "" {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(cfg.CA)) {
			return nil, wrong("ca", "holds no certificate", "PEM text that starts with -----BEGIN CERTIFICATE-----")
		}
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.Host, RootCAs: roots}
	switch cfg.SSLMode {
	case "verify-full":
	case "verify-ca":
		t.InsecureSkipVerify = true // the name is not checked; the chain is, below
		t.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, roots) }
	case "require":
		t.InsecureSkipVerify = true // asked for: encryption without knowing to whom
	default:
		return nil, wrong("sslMode", "must be one of verify-full, verify-ca, require, disable", "verify-full")
	}
	return t, nil
}

func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server sent no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return err
}

// unreachable reports whether err is a failure to reach the server at all.
func unreachable(err error) bool {
	_, isNet := errors.AsType[net.Error](err)
	_, isOp := errors.AsType[*net.OpError](err)
	return isNet || isOp
}
