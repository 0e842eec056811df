package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/secret"
)

// agentFile is what a kind: Agent document says of who may open things.
type agentFile struct {
	Kind string `yaml:"kind"`
	Spec struct {
		Recipient    string   `yaml:"recipient"`
		Environments []string `yaml:"environments"`
	} `yaml:"spec"`
}

// recipientsOf returns the age recipients of the agents that serve an environment.
func recipientsOf(dir, environment string) ([]string, error) {
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != dir && d.Name()[0] == '.' {
			return fs.SkipDir
		}
		if ext := filepath.Ext(path); d.IsDir() || (ext != ".yaml" && ext != ".yml") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
			var doc agentFile
			if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return nil //nolint:nilerr // dray validate says what is wrong with the file
			}
			if doc.Kind == "Agent" && slices.Contains(doc.Spec.Environments, environment) && !slices.Contains(list, doc.Spec.Recipient) {
				list = append(list, doc.Spec.Recipient)
			}
		}
	})
	return list, err
}

// repositoryID returns the name of the repository in a folder.
func repositoryID(dir string) (string, error) {
	id, err := engine.FindRepositoryID(os.DirFS(dir))
	if err != nil {
		return "", invalid(err)
	}
	return id, nil
}

// ringOf returns the key ring file of an environment; nil when there is none yet.
func ringOf(dir, environment string) (*secret.RingFile, error) {
	doc, err := engine.FindKeyRing(os.DirFS(dir), environment)
	if err != nil || doc == nil {
		return nil, err
	}
	return secret.ParseRing(doc)
}

// writeNew writes a file that must not exist.
func writeNew(path string, content []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// agentDocument is the kind: Agent resource of an identity.
func agentDocument(name string, p secret.Public, environments []string) string {
	return fmt.Sprintf(`apiVersion: dray/v1
kind: Agent
metadata: {name: %s}
spec:
  recipient: %s
  signer: %s
  pools: [default]
  environments: [%s]
`, name, p.Recipient, p.Signer, join(environments))
}

func join(list []string) string {
	var b bytes.Buffer
	for i, s := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s)
	}
	return b.String()
}
