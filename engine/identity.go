package engine

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// repositoryCopy is the file in the state directory that holds the repository's name, so that a restart without git knows whose
// state it is.
const repositoryCopy = "repository"

// FindRepositoryID returns the identity of a repository: the name in its dray.yaml.
func FindRepositoryID(files fs.FS) (string, error) {
	text, err := fs.ReadFile(files, "dray.yaml")
	if err != nil {
		return "", fmt.Errorf("the repository has no dray.yaml, which names it; make one with dray init, or name the folder that holds it with --path")
	}
	var head struct {
		Kind     string                `yaml:"kind"`
		Metadata struct{ Name string } `yaml:"metadata"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&head); err != nil {
		return "", fmt.Errorf("dray.yaml: %w", err)
	}
	if head.Kind != "Repository" || head.Metadata.Name == "" {
		return "", fmt.Errorf("dray.yaml: the first document must be of kind Repository and have a metadata.name")
	}
	return head.Metadata.Name, nil
}

// rememberedRepository returns the repository this state directory belongs to; "" when it is new.
func (e *Engine) rememberedRepository() string {
	if _, err := os.Stat(filepath.Join(e.options.StateDir, ringCopy)); err != nil {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(e.options.StateDir, repositoryCopy))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
