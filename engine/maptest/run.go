package maptest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// Options say which cases run, and how.
type Options struct {
	Model *config.Model // must be valid
	// Match selects cases by the names of test and case. nil: all.
	Match func(test, name string) bool
	// Workers is how many cases run at once. 0: as many as there are processors.
	Workers int
	// Now is the time for tests that say none.
	Now time.Time
	// Cover finds out what the cases reach, for Report.Coverage.
	Cover bool
}

// A Report is what came of all cases, in the order of the names of their tests and of the cases within.
type Report struct {
	Results []Result
	Passed  int
	Failed  int
	// Coverage is what the cases reach. nil unless it was asked for.
	Coverage *Coverage
}

// A Result is what came of one case.
type Result struct {
	// Environment is the one in which the result is another than in the first. Empty: it is the first, or the only one that was run.
	Environment string

	Test    string
	Mapping string
	Name    string   // of the case
	Pos     diag.Pos // of the case, or of its row
	Passed  bool
	Outcome mapping.Outcome
	Reason  mapping.Reason
	// Output is the mapped record as JSON, when there is one.
	Output []byte
	// Differences are where the output is not what the case expects, in the order of the expectation.
	Differences []Difference
	// Failure says in a line why the case failed, when it is not the differences alone.
	Failure string

	tc *config.TestCase
}

// job is one case to be run.
type job struct {
	test string
	spec *config.MappingTest
	tc   *config.TestCase
	now  time.Time
}

// Run runs the cases. The error is that of ctx.
func Run(ctx context.Context, o Options) (Report, error) {
	jobs := list(o)
	r := &runner{model: o.Model, cover: o.Cover, steps: map[string]map[string]expr.Type{}, programs: map[string]*compiled{}}
	for name, t := range o.Model.Tests {
		r.steps[name] = stepsOf(o.Model, &t.Spec)
	}
	results := make([]Result, len(jobs))
	workers := make([]*worker, cmp.Or(o.Workers, runtime.GOMAXPROCS(0)))
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for i := range workers {
		w := &worker{runner: r, executions: map[string]*execution{}}
		workers[i] = w
		g.Go(func() error {
			const share = 32
			for {
				from := int(next.Add(share)) - share
				if from >= len(jobs) || ctx.Err() != nil {
					return ctx.Err()
				}
				for i := from; i < min(from+share, len(jobs)); i++ {
					results[i] = w.run(&jobs[i])
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return Report{}, err
	}
	var out Report
	for i := range results {
		out.add(results[i])
	}
	if o.Cover {
		out.Coverage = r.coverage(jobs, workers)
	}
	return out, nil
}

// list returns the cases that are asked for.
func list(o Options) []job {
	var jobs []job
	for _, name := range slices.Sorted(maps.Keys(o.Model.Tests)) {
		t := &o.Model.Tests[name].Spec
		for i := range t.Cases {
			tc := &t.Cases[i]
			if o.Match != nil && !o.Match(name, tc.Name) {
				continue
			}
			j := job{test: name, spec: t, tc: tc, now: o.Now}
			if said := cmp.Or(tc.Now, t.Now); said != "" {
				j.now, _ = time.Parse(time.RFC3339, said) // the model is valid
			}
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// runner is what all workers share.
type runner struct {
	model *config.Model
	cover bool
	steps map[string]map[string]expr.Type // by test
	mu    sync.Mutex
	// programs are the compiled mappings by all that they are compiled with.
	programs map[string]*compiled
}

// compiled is a mapping that is compiled by the first who needs it.
type compiled struct {
	once    sync.Once
	program *mapping.Program
	failure string
}

// program compiles the mapping of a case as it runs there.
func (r *runner) program(j *job, key string) (*mapping.Program, string) {
	r.mu.Lock()
	c := r.programs[key]
	if c == nil {
		c = new(compiled)
		r.programs[key] = c
	}
	r.mu.Unlock()
	c.once.Do(func() {
		m, ok := r.model.Mappings[j.spec.Mapping]
		if !ok {
			c.failure = fmt.Sprintf("mapping %q does not exist", j.spec.Mapping)
			return
		}
		o := OptionsFor(r.model, j.spec.Mapping, j.spec.Touchpoint)
		if steps := r.steps[j.test]; steps != nil {
			o.Steps = steps // all of the touchpoint's, and what else is given
		}
		if j.tc.Given != nil {
			o.Given = j.tc.Given.Lookups
		}
		o.Cover = r.cover
		var problems []mapping.Problem
		if c.program, problems = mapping.Compile(&m.Spec, o); c.program == nil {
			i := slices.IndexFunc(problems, func(p mapping.Problem) bool { return p.Severity == diag.Error })
			c.failure = "the mapping does not compile with what is given: " + problems[max(i, 0)].Message
		}
	})
	return c.program, c.failure
}

// worker runs cases one after the other.
type worker struct {
	*runner
	executions map[string]*execution
}

// execution is a worker's executor of one program.
type execution struct {
	test     *config.MappingTest
	program  *mapping.Program
	executor *mapping.Executor
	split    bool // the touchpoint makes several records of one
	failure  string
	now      time.Time
	batch    record.Batch
}

// run runs one case.
func (w *worker) run(j *job) (out Result) {
	out = Result{Test: j.test, Mapping: j.spec.Mapping, Name: j.tc.Name, tc: j.tc}
	defer func() {
		if p := recover(); p != nil {
			out.Failure = fmt.Sprintf("internal error: %v\n%s", p, debug.Stack())
		}
		out.Passed = out.Failure == "" && len(out.Differences) == 0
		out.locate(w.model.Tests[j.test].Source, j.tc)
	}()
	x := w.execution(j)
	if out.Failure = x.failure; out.Failure != "" {
		return out
	}
	if out.Failure = w.setSteps(x, j); out.Failure != "" {
		return out
	}
	x.now = j.now
	x.batch.Reset(nil)
	x.batch.AppendDoc(j.tc.Input)
	out.Outcome, out.Reason, out.Output = mapped(x.program, x.executor, x.split, &x.batch)
	out.judge(j.tc)
	return out
}

// mapped maps the record of a batch. With split the output is the list of what comes of the elements; the first that is not mapped
// decides, with its index before the field.
func mapped(p *mapping.Program, e *mapping.Executor, split bool, b *record.Batch) (mapping.Outcome, mapping.Reason, []byte) {
	if !split {
		r := e.Map(b, 0)
		if r.Row == nil {
			return r.Outcome, r.Reason, nil
		}
		return r.Outcome, r.Reason, p.AppendJSON(nil, r.Row, true)
	}
	if r := e.Begin(b, 0); r.Outcome != mapping.Mapped {
		return r.Outcome, r.Reason, nil
	}
	n, ok := e.Elements()
	if !ok {
		return mapping.Rejected, mapping.Reason{Rule: mapping.RuleType}, nil
	}
	out := []byte{'['}
	for i := range n {
		e.Turn(i)
		r := e.Finish()
		if r.Outcome != mapping.Mapped {
			r.Reason.Field = strings.TrimSuffix(fmt.Sprintf("[%d].%s", i, r.Reason.Field), ".")
			return r.Outcome, r.Reason, nil
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = p.AppendJSON(out, r.Row, true)
	}
	return mapping.Mapped, mapping.Reason{}, append(out, ']')
}

// setSteps gives the executor what the case's steps have found.
func (w *worker) setSteps(x *execution, j *job) (failure string) {
	for name := range w.steps[j.test] {
		var v record.Value
		if j.tc.Given != nil && j.tc.Given.Steps[name] != nil {
			var err error
			if v, err = record.ParseJSON(j.tc.Given.Steps[name]); err != nil {
				return fmt.Sprintf("what is given for step %q is not a value: %v", name, err)
			}
		}
		x.executor.SetStep(name, v)
	}
	return ""
}

// execution returns the worker's executor for a case.
func (w *worker) execution(j *job) *execution {
	key := j.test
	if j.tc.Given != nil && j.tc.Given.Lookups != nil {
		given, _ := json.Marshal(j.tc.Given.Lookups) // it came from JSON
		key += "\x00" + string(given)
	}
	if x := w.executions[key]; x != nil {
		return x
	}
	x := &execution{test: j.spec}
	if t, ok := w.model.Touchpoints[j.spec.Touchpoint]; ok {
		x.split = t.Spec.Split != nil
	}
	if x.program, x.failure = w.program(j, key); x.program != nil {
		x.executor = x.program.NewExecutor(func() time.Time { return x.now })
	}
	w.executions[key] = x
	return x
}
