package config

import (
	"crypto/sha256"
	"sync"

	"github.com/dray-sync/dray/engine/policy"
)

// A Cache keeps what is known of files and settings from one load to the next, by their content, so that a load judges only what
// changed. What a load did not use is dropped when it ends. The zero Cache is ready for use and safe for concurrent use.
type Cache struct {
	mu      sync.Mutex
	table   *table
	files   map[[sha256.Size]byte]*fileContent
	schema  map[string]*settingsSchema         // by the application's CUE text
	answers map[[sha256.Size]byte]*cueResponse // by the request, of this load and the one before
	older   map[[sha256.Size]byte]*cueResponse

	patched, patchedBefore map[patching]*candidate

	builtIn                  []policy.Pack
	verdictsFor              string // the rules that verdicts are of
	verdicts, verdictsBefore map[verdictKey]*policyVerdict

	compiled, compiledBefore map[string][]MappingProblem // by all that a mapping is compiled with

	settledBefore map[string]*settled // environments, by name
}

// fileContent is all that is known of a file by its content.
type fileContent struct {
	bytes    []byte
	docs     []*candidate
	plain    []*node // where documents begin that are no resources, without what they hold
	problems []problem
}

// definitions returns the table of all kinds.
func (c *Cache) definitions() (*table, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.table != nil {
		return c.table, nil
	}
	t, err := newSchemaTable()
	if err != nil {
		return nil, err
	}
	c.table = t
	return t, nil
}

// content returns what is known of a file, reading it when it is new.
func (c *Cache) content(src []byte, limits LoadLimits) (*fileContent, [sha256.Size]byte) {
	sum := sha256.Sum256(src)
	c.mu.Lock()
	known := c.files[sum]
	c.mu.Unlock()
	if known != nil {
		return known, sum
	}
	f := &fileContent{bytes: src}
	docs, problems := parseYAML(src, limits)
	f.problems = append(problems, secretProblems(src)...)
	for _, d := range docs {
		if isResource(d.root) {
			i := len(f.docs)
			f.docs = append(f.docs, newCandidate(d.root, func() *node { return resourceAt(src, limits, i) }))
		} else {
			f.plain = append(f.plain, &node{line: d.root.line, col: d.root.col})
		}
	}
	return f, sum
}

// resourceAt reads the resource of that number in a file that was read before.
func resourceAt(src []byte, limits LoadLimits, i int) *node {
	docs, _ := parseYAML(src, limits)
	for _, d := range docs {
		if isResource(d.root) {
			if i == 0 {
				return d.root
			}
			i--
		}
	}
	panic("config: internal error: a file reads differently the second time")
}

// A patching is a resource and what changes it.
type patching struct{ base, patch *candidate }

// merged returns a resource changed by a patch, merging only when that is new: the result keeps its verdict.
func (c *Cache) merged(base, patch *candidate, origin uint16) *candidate {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := patching{base, patch}
	known := c.patched[key]
	if known == nil {
		known = c.patchedBefore[key]
	}
	if known == nil {
		known = newCandidate(merge(base.tree(), patch.tree(), origin), nil)
	}
	if c.patched == nil {
		c.patched = map[patching]*candidate{}
	}
	c.patched[key] = known
	return known
}

// keep replaces the files known by those of a load.
func (c *Cache) keep(files map[[sha256.Size]byte]*fileContent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files = files
	c.older, c.answers = c.answers, nil
	c.patchedBefore, c.patched = c.patched, nil
}

// turn has what is known of links dropped unless it is used until the next turn.
func (c *Cache) turn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compiledBefore, c.compiled = c.compiled, nil
	c.verdictsBefore, c.verdicts = c.verdicts, nil
}

// settledOf returns an environment that was linked without an error, or nil.
func (c *Cache) settledOf(environment string) *settled {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settledBefore[environment]
}

// settle keeps an environment that was linked without an error.
func (c *Cache) settle(environment string, s *settled) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settledBefore == nil {
		c.settledBefore = map[string]*settled{}
	}
	c.settledBefore[environment] = s
}

// compile returns what compiling says, asking only when the key is new.
func (c *Cache) compile(key string, ask func() []MappingProblem) []MappingProblem {
	c.mu.Lock()
	problems, ok := c.compiled[key]
	if !ok {
		problems, ok = c.compiledBefore[key]
	}
	c.mu.Unlock()
	if !ok {
		problems = ask()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.compiled == nil {
		c.compiled = map[string][]MappingProblem{}
	}
	c.compiled[key] = problems
	return problems
}

// A verdictKey is a resource, and all else that rules see of it.
type verdictKey struct {
	resource   *candidate
	neighbours string
}

// verdictsOf forgets all verdicts that are not of these rules.
func (c *Cache) verdictsOf(rules string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verdictsFor != rules {
		c.verdictsFor, c.verdicts, c.verdictsBefore = rules, nil, nil
	}
}

// policyVerdict returns what rules say of a resource. false: it is new, and to be filled in.
func (c *Cache) policyVerdict(resource *candidate, neighbours string) (*policyVerdict, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := verdictKey{resource, neighbours}
	v, known := c.verdicts[key]
	if !known {
		if v, known = c.verdictsBefore[key]; !known {
			v = new(policyVerdict)
		}
		if c.verdicts == nil {
			c.verdicts = make(map[verdictKey]*policyVerdict, len(c.verdictsBefore))
		}
		c.verdicts[key] = v
	}
	return v, known
}

// builtInPacks describes the packs that come with Dray.
func (c *Cache) builtInPacks() []policy.Pack {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.builtIn == nil {
		c.builtIn = policy.Evaluate(&policy.Request{Files: policy.BuiltInFiles()}).Packs
	}
	return c.builtIn
}

// answer returns what CUE packages were evaluated to before, or nil.
func (c *Cache) answer(request [sha256.Size]byte) *cueResponse {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.answers[request]; known != nil {
		return known
	}
	known := c.older[request]
	if known != nil {
		c.put(request, known)
	}
	return known
}

// keepAnswer keeps what CUE packages were evaluated to.
func (c *Cache) keepAnswer(request [sha256.Size]byte, answer *cueResponse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(request, answer)
}

func (c *Cache) put(request [sha256.Size]byte, answer *cueResponse) {
	if c.answers == nil {
		c.answers = map[[sha256.Size]byte]*cueResponse{}
	}
	c.answers[request] = answer
}

// settings returns the table of an application's settings.
func (c *Cache) settings(text string) (*settingsSchema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.schema[text]; ok {
		return s, nil
	}
	s, err := newSettingsSchema(text)
	if err != nil {
		return nil, err
	}
	if c.schema == nil {
		c.schema = map[string]*settingsSchema{}
	}
	c.schema[text] = s
	return s, nil
}
