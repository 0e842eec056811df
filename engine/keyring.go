package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// ringCopy is the file in the state directory that holds the last accepted key ring, so that a restart without git opens the
// state. It is ciphertext and public facts, as in the repository.
const ringCopy = "keyring.yaml"

// FindKeyRing returns the key ring of an environment in the files of a repository: the document as it stands, or nil when
// there is none. It looks at nothing else, so that a repository with mistakes in it still opens the state.
func FindKeyRing(files fs.FS, environment string) ([]byte, error) {
	var found []byte
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || found != nil {
			return err
		}
		if ext := path.Ext(name); d.IsDir() || (ext != ".yaml" && ext != ".yml") {
			return nil
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		found = ringIn(text, environment)
		return nil
	})
	return found, err
}

// ringIn returns the document of a file that is the environment's key ring. What does not parse is not it.
func ringIn(text []byte, environment string) []byte {
	if !bytes.Contains(text, []byte("KeyRing")) {
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var node yaml.Node
		var head struct {
			Kind     string                `yaml:"kind"`
			Metadata struct{ Name string } `yaml:"metadata"`
		}
		if err := dec.Decode(&node); errors.Is(err, io.EOF) || err != nil {
			return nil
		}
		if node.Decode(&head) != nil || head.Kind != "KeyRing" || head.Metadata.Name != environment {
			continue
		}
		doc, err := yaml.Marshal(&node)
		if err != nil {
			return nil
		}
		return doc
	}
}

// openState opens the state directory with the key ring of the repository, or with the copy of the one accepted last. files may
// be nil: git does not answer.
func (e *Engine) openState(ctx context.Context, files fs.FS, repositoryID string) (*state.Store, error) {
	doc, err := e.ringDocument(files)
	if err != nil {
		return nil, err
	}
	store, err := state.Open(ctx, state.Options{
		Dir: e.options.StateDir, RepositoryID: repositoryID, Environment: e.options.Environment, Now: e.options.Now, Log: e.log.Named("state"),
		OpenRing: func(_ context.Context, facts state.RingFacts) (*secret.Ring, error) {
			ring, err := e.openRing(doc, facts)
			if err == nil || files == nil {
				return ring, err
			}
			accepted, readErr := os.ReadFile(filepath.Join(e.options.StateDir, ringCopy))
			if readErr != nil || bytes.Equal(accepted, doc) {
				return nil, err
			}
			e.log.Error("the repository's key ring is refused; the accepted one serves on", "error", err)
			doc = accepted
			return e.openRing(doc, facts)
		},
	})
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		writeFile(filepath.Join(e.options.StateDir, repositoryCopy), []byte(repositoryID+"\n")),
		writeFile(filepath.Join(e.options.StateDir, ringCopy), doc))
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// openRing judges a key ring against what the state remembers.
func (e *Engine) openRing(doc []byte, facts state.RingFacts) (*secret.Ring, error) {
	file, err := secret.ParseRing(doc)
	if err != nil {
		return nil, err
	}
	return file.Open(secret.OpenRing{Identity: e.identity, Environment: e.options.Environment, Pin: facts.Pin, InUse: facts.InUse})
}

func (e *Engine) ringDocument(files fs.FS) ([]byte, error) {
	if e.options.Ring != nil {
		return e.options.Ring.File().Encode()
	}
	if files != nil {
		doc, err := FindKeyRing(files, e.options.Environment)
		if err != nil {
			return nil, err
		}
		if doc != nil {
			return doc, nil
		}
		return nil, fmt.Errorf("the repository has no key ring for environment %q; make one with dray key rekey --environment %s and commit it",
			e.options.Environment, e.options.Environment)
	}
	return os.ReadFile(filepath.Join(e.options.StateDir, ringCopy))
}

// writeFile replaces a file durably.
func writeFile(name string, content []byte) error {
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, content) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
