package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/dray-sync/dray/"

// A rule forbids what packages may import. Patterns name packages below the module, or modules outside; a trailing /** means
// that package and everything below it.
type rule struct {
	packages string
	forbid   []string
	except   []string // packages the rule does not hold for
	why      string
}

var rules = []rule{
	{"adapters/record", []string{"adapters/**", "engine/**", "schema", "policies", "cmd/**"}, nil, "records are a leaf that all others share"},
	{"adapters/expr/**", []string{"adapters", "engine/**", "schema", "policies", "cmd/**"}, nil, "expressions stand on records alone"},
	{"adapters", []string{"adapters/expr", "engine/**", "schema", "policies", "cmd/**"}, nil, "the contract knows records and nothing else"},
	{"adapters/**", []string{"engine/**", "schema", "policies", "cmd/**", "cuelang.org/go/**"}, nil, "adapters know the contract, never the engine or the configuration language"},
	{"engine/**", []string{"cmd/**"}, nil, "the engine is a library"},
	{
		"engine/**",
		[]string{"adapters/all", "adapters/files", "adapters/sqlite", "adapters/postgres", "adapters/rest", "adapters/mem/**"},
		nil, "the engine knows the contract, never an adapter",
	},
	{"engine/plan", []string{"net/**", "os", "io/fs", "database/sql", "engine/state", "engine/repo/**"}, nil, "a plan does no I/O"},
	{"engine/format", []string{"net/**", "os", "io/fs"}, nil, "formatting is a function of a text"},
	{"engine/editor", []string{"net/**", "os"}, nil, "what editors read is a function of the definitions"},
	{"engine/diag", []string{"engine/**", "adapters/**"}, nil, "diagnostics are a leaf"},
	{"engine/untrusted", []string{"engine/**", "adapters/**"}, nil, "escaping is a leaf"},
	{"engine/secret/**", []string{"engine/config", "engine/state", "engine/run", "adapters"}, nil, "secrets are a leaf"},
	{"examples", []string{"cmd/**"}, nil, "examples are files"},
	{"schema", []string{"engine/**", "adapters/**", "cmd/**"}, nil, "the schema is text"},
	{"policies", []string{"engine/**", "adapters/**", "schema", "cmd/**"}, nil, "policies are text"},
	{"engine/policy", []string{"engine/config", "adapters/**"}, nil, "rules are judged without knowing how configuration is loaded"},
	{"engine/cuebuild", []string{"engine/config", "engine/policy", "adapters/**"}, nil, "building CUE knows nothing of what is built"},
	{"cmd/**", []string{"adapters/all"}, []string{"cmd/dray"}, "only the program chooses its adapters"},
	{"**", []string{"github.com/go-git/go-git/**"}, []string{"engine/repo", "engine/repo/gitserver", "engine/repo/repotest"}, "git stays behind engine/repo"},
	{"**", []string{"github.com/riverqueue/**", "modernc.org/sqlite"}, []string{"engine/state", "adapters/sqlite", "cmd/internal/torture"}, "the queue and the database stay behind engine/state; torture shares no code with what it tortures"},
	{"**", []string{"filippo.io/age/**"}, []string{"engine/secret", "engine/secret/**"}, "ciphers stay behind engine/secret"},
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImportsGoOneWay(t *testing.T) {
	packages := list(t)
	for _, r := range rules {
		found := false
		for _, p := range packages {
			name := strings.TrimPrefix(p.ImportPath, module)
			if !matches(r.packages, name) || matchesAny(r.except, name) {
				continue
			}
			found = true
			for _, i := range p.Imports {
				i = strings.TrimPrefix(i, module)
				if matchesAny(r.forbid, i) && !sibling(name, i) {
					t.Errorf("%s imports %s: %s", name, i, r.why)
				}
			}
		}
		if !found {
			t.Errorf("no package matches %q: the rule holds nothing", r.packages)
		}
	}
}

// TestAdaptersKnowNoSibling holds that each adapter stands alone.
func TestAdaptersKnowNoSibling(t *testing.T) {
	shared := []string{"adapters/record", "adapters/expr"}
	for _, p := range list(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if !strings.HasPrefix(name, "adapters/") || name == "adapters/all" {
			continue
		}
		for _, i := range p.Imports {
			i = strings.TrimPrefix(i, module)
			if strings.HasPrefix(i, "adapters/") && !matchesAny(shared, i) && !sibling(name, i) {
				t.Errorf("%s imports %s: an adapter never knows a sibling", name, i)
			}
		}
	}
}

// sibling reports whether one package lies below the other: parts of one adapter may know each other.
func sibling(a, b string) bool {
	return strings.Count(a, "/") > 0 && strings.Count(b, "/") > 0 && (strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/"))
}

func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if matches(p, name) {
			return true
		}
	}
	return false
}

func matches(pattern, name string) bool {
	if pattern == "**" {
		return true
	}
	if base, deep := strings.CutSuffix(pattern, "/**"); deep {
		return name == base || strings.HasPrefix(name, base+"/")
	}
	return name == pattern
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing packages: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
