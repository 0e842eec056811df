package repo

import (
	"fmt"
	"strings"
)

// collector gathers the files of a tree and everything wrong with it, whatever
// the tree is read from. It is not safe for concurrent use.
type collector struct {
	limits   Limits
	files    []file
	problems []TreeProblem
	entries  int
	bytes    int64
	full     bool // a limit on the whole was passed: nothing more is read
}

// level is one directory being read.
type level struct {
	path   string
	depth  int
	folded map[string]string
}

func newLevel(path string, depth int) *level {
	return &level{path: path, depth: depth, folded: map[string]string{}}
}

// join returns the path of an entry of the directory.
func (l *level) join(name string) string {
	if l.path == "" {
		return name
	}
	return l.path + "/" + name
}

// problem notes what is wrong with a path.
func (c *collector) problem(path, message, hint string) {
	c.problems = append(c.problems, TreeProblem{Path: printable(path), Message: message, Hint: hint})
}

// overflow notes that a limit on the whole tree was passed and ends reading.
func (c *collector) overflow(message string) {
	c.full = true
	c.problem(".", message, "keep only configuration in this repository")
}

// admit judges the name of an entry and counts it. It reports whether the
// entry may be looked at further.
func (c *collector) admit(l *level, name string) (path string, ok bool) {
	path = l.join(name)
	if c.full {
		return path, false
	}
	if c.entries++; c.entries > c.limits.Files {
		c.overflow(fmt.Sprintf("more than %d files and directories", c.limits.Files))
		return path, false
	}
	if message, hint := checkName(name); message != "" {
		c.problem(path, message, hint)
		return path, false
	}
	if len(path) > c.limits.PathBytes {
		// The whole path would be the flood that the limit keeps out.
		c.problem(strings.ToValidUTF8(path[:c.limits.PathBytes], "")+"...",
			fmt.Sprintf("the path is longer than %d bytes", c.limits.PathBytes), "use shorter names")
		return path, false
	}
	fold := foldName(name)
	if other, taken := l.folded[fold]; taken {
		c.collision(path, l.join(other))
		return path, false
	}
	l.folded[fold] = name
	return path, true
}

// collision notes two entries that some file system takes for one.
func (c *collector) collision(path, other string) {
	message := fmt.Sprintf("differs from %q only in upper and lower case", other)
	if path == other {
		message = "is there twice"
	}
	c.problem(path, message, "rename one of them")
}

// descend returns the level of a directory, or nil when it lies too deep.
func (c *collector) descend(l *level, path string) *level {
	if l.depth >= c.limits.Depth {
		c.problem(path, fmt.Sprintf("lies deeper than %d directories", c.limits.Depth), "flatten the directories")
		return nil
	}
	return newLevel(path, l.depth+1)
}

// fits reports whether a file of size bytes may be read, and counts it.
func (c *collector) fits(path string, size int64) bool {
	if size > c.limits.FileBytes {
		c.problem(path, fmt.Sprintf("%d bytes are more than the %d a file may have", size, c.limits.FileBytes),
			"split the file or keep it elsewhere")
		return false
	}
	if c.bytes += size; c.bytes > c.limits.TreeBytes {
		c.overflow(fmt.Sprintf("more than %d bytes in all files together", c.limits.TreeBytes))
		return false
	}
	return true
}

// add takes over a file.
func (c *collector) add(path, blob string, executable bool, data []byte) {
	c.files = append(c.files, file{path: path, blob: blob, executable: executable, data: data})
}

// tree returns what was gathered.
func (c *collector) tree() *Tree { return newTree(c.files, c.problems) }
