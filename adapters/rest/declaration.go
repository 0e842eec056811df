package rest

// declaration is #Application of application.cue.
type declaration struct {
	Description string                       `json:"description"`
	URL         string                       `json:"url"`
	Auth        authDeclaration              `json:"auth"`
	Headers     map[string]string            `json:"headers"`
	Check       string                       `json:"check"`
	Objects     map[string]objectDeclaration `json:"objects"`
}

type authDeclaration struct {
	Kind   string `json:"kind"`
	Header string `json:"header"`
	Prefix string `json:"prefix"`
	Query  string `json:"query"`
}

type objectDeclaration struct {
	Key     []string                    `json:"key"`
	Cursor  string                      `json:"cursor"`
	Version string                      `json:"version"`
	Fields  map[string]fieldDeclaration `json:"fields"`
	Read    *readDeclaration            `json:"read"`
	Write   *writeDeclaration           `json:"write"`
}

type fieldDeclaration struct {
	Type     string   `json:"type"`
	Required bool     `json:"required"`
	Nullable bool     `json:"nullable"`
	ReadOnly bool     `json:"readOnly"`
	Enum     []string `json:"enum"`
}

type readDeclaration struct {
	Path    string             `json:"path"`
	Query   map[string]string  `json:"query"`
	Records string             `json:"records"`
	Paging  pagingDeclaration  `json:"paging"`
	Since   *sinceDeclaration  `json:"since"`
	ByKey   *recordDeclaration `json:"byKey"`
}

type pagingDeclaration struct {
	Kind      string `json:"kind"`
	Param     string `json:"param"`
	Start     int    `json:"start"`
	SizeParam string `json:"sizeParam"`
	Size      int    `json:"size"`
	MaxPages  int    `json:"maxPages"`
	Stop      string `json:"stop"`
	Total     string `json:"total"`
	Next      string `json:"next"`
	More      string `json:"more"`
	Only      bool   `json:"only"`
}

type sinceDeclaration struct {
	Param        string `json:"param"`
	Format       string `json:"format"`
	CursorFormat string `json:"cursorFormat"`
	Sorted       bool   `json:"sorted"`
}

type recordDeclaration struct {
	Path   string `json:"path"`
	Record string `json:"record"`
}

type writeDeclaration struct {
	Create *requestDeclaration `json:"create"`
	Update *requestDeclaration `json:"update"`
	Upsert *requestDeclaration `json:"upsert"`
	Delete *requestDeclaration `json:"delete"`
}

type requestDeclaration struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Wrap   string `json:"wrap"`
	ID     string `json:"id"`
}
