package config

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/policy"
)

// A policyQuestion is a question about a resource's input, asked once for all inputs that are the same to the rule.
type policyQuestion struct {
	rule  int
	when  string // what the condition reads, where it is asked by itself
	input string // what the rule reads
}

// policyQuestions are the questions of one environment, and whose verdicts wait for their answers.
type policyQuestions struct {
	order   []policyQuestion
	waiting map[policyQuestion][]*policyVerdict
}

func (q *policyQuestions) add(rule int, r *enabledRule, in policyValue, verdict *policyVerdict) {
	one := policyQuestion{rule: rule, input: string(r.reads.appendJSON(nil, in))}
	if r.when != nil {
		one.when = string(r.when.appendJSON(nil, in))
	}
	if q.waiting == nil {
		q.waiting = map[policyQuestion][]*policyVerdict{}
	}
	if q.waiting[one] == nil {
		q.order = append(q.order, one)
	}
	q.waiting[one] = append(q.waiting[one], verdict)
}

// judgePolicies judges every resource of the environment by the rules for its kind.
func (e *environment) judgePolicies(ctx context.Context) error {
	if e.policies == nil {
		return nil
	}
	e.cache.verdictsOf(e.rulesIdentity())
	var questions policyQuestions
	judged := make([]*policyVerdict, len(e.resources))
	var key []byte
	same := e.before != nil && e.before.rules == e.rulesIdentity()
	for i, r := range e.resources {
		if same && !e.touched[r] {
			judged[i] = e.before.verdicts[i]
			continue
		}
		k := e.policies.byKind[r.v.kind]
		if k == nil || r.v.resource == nil || e.index[r.key()] != r || e.wrong(r) {
			continue
		}
		key = e.identity(key[:0], r, k.reads)
		verdict, known := e.cache.policyVerdict(r.candidate, string(key))
		if judged[i] = verdict; known {
			continue
		}
		in := e.policyInput(r)
		for _, rule := range k.rules {
			questions.add(rule, &e.policies.rules[rule], in, verdict)
		}
	}
	if err := e.askPolicies(ctx, &questions); err != nil {
		return err
	}
	e.verdicts = judged
	for i, r := range e.resources {
		if judged[i] != nil {
			e.reportPolicies(r, judged[i])
		}
	}
	return nil
}

// rulesIdentity differs whenever the rules do, or the day that they judge dates by.
func (l *loader) rulesIdentity() string { return l.policies.identity + l.day() }

// day is the day that dates are judged by, as a text.
func (l *loader) day() string {
	if l.o.Now.IsZero() {
		return ""
	}
	return l.o.Now.UTC().Format(time.DateOnly)
}

// askPolicies has the questions answered: those of packs that come with Dray here, and those of the repository's own in a child.
func (e *environment) askPolicies(ctx context.Context, questions *policyQuestions) error {
	for _, builtIn := range []bool{true, false} {
		request, these := e.policies.request(questions.order, builtIn)
		if len(these) == 0 {
			continue
		}
		request.Files = e.cueFiles
		answers, err := e.answersTo(ctx, request, builtIn)
		if err != nil {
			return err
		}
		for i, q := range these {
			if i >= len(answers) {
				break // the pack has a problem, which has been reported
			}
			for _, v := range questions.waiting[q] {
				v.add(q.rule, answers[i])
			}
		}
	}
	return nil
}

// request returns the questions of packs that come with Dray, or of others, and the same in the order of their answers.
func (p *policies) request(order []policyQuestion, builtIn bool) (*policy.Request, []policyQuestion) {
	var these []policyQuestion
	request := new(policy.Request)
	conditions := map[policyQuestion]int{}
	for _, q := range order {
		r := &p.rules[q.rule]
		if r.builtIn != builtIn {
			continue
		}
		ask := policy.Question{Pack: r.pack, Rule: r.Name, Input: json.RawMessage(q.input)}
		if r.when != nil {
			condition := policyQuestion{rule: q.rule, when: q.when}
			if conditions[condition] == 0 {
				request.When = append(request.When, policy.Question{Pack: r.pack, Rule: r.Name, Input: json.RawMessage(q.when)})
				conditions[condition] = len(request.When)
			}
			ask.If = conditions[condition]
		}
		these = append(these, q)
		request.Ask = append(request.Ask, ask)
	}
	return request, these
}

// questionTime is how much longer a child may take for every question: ten times what a rule should.
const questionTime = 5 * time.Millisecond

// answersTo returns the answers to a request, in order; none where its packs cannot be read, which is reported.
func (l *loader) answersTo(ctx context.Context, request *policy.Request, builtIn bool) ([]policy.Answer, error) {
	if builtIn {
		request.Files = policy.BuiltInFiles()
		return policy.Evaluate(request).Answers, nil
	}
	data, err := json.Marshal(cueRequest{Version: cueVersion, Policies: request})
	if err != nil {
		return nil, err
	}
	answer, err := l.evaluate(ctx, data, childTime+time.Duration(len(request.Ask))*questionTime)
	if errors.Is(err, errChildBound) {
		l.packProblem(policy.Problem{Problem: cuebuild.Problem{File: firstBelow(request.Files, policy.Folder+"/"), Line: 1, Col: 1, Message: err.Error()}, Hint: hintBound})
		return nil, nil
	}
	if err == nil && answer.Policies == nil {
		err = errors.New("the CUE child has not answered")
	}
	if err == nil {
		err = answer.Policies.Check(len(request.Ask))
	}
	if err != nil {
		return nil, fmt.Errorf("evaluating policies: %w", err)
	}
	return answer.Policies.Answers, nil
}

// A policyVerdict is what all rules say of one resource.
type policyVerdict struct {
	findings []ruleFinding
	broken   []policy.Problem
}

type ruleFinding struct {
	rule int
	policy.Finding
}

func (v *policyVerdict) add(rule int, a policy.Answer) {
	for _, f := range a.Findings {
		v.findings = append(v.findings, ruleFinding{rule, f})
	}
	if a.Problem != nil {
		v.broken = append(v.broken, *a.Problem)
	}
}

// reportPolicies reports what rules say of a resource, but for what is exempted.
func (e *environment) reportPolicies(r *loaded, v *policyVerdict) {
	for _, p := range v.broken {
		e.list.Add(diag.Diagnostic{
			Code: codePolicyPack, Severity: diag.Error, Pos: diag.Pos{File: p.File, Line: p.Line, Col: p.Col}, Path: p.Path, Message: p.Message,
			Hint: cmp.Or(p.Hint, defaultHint(codePolicyPack)), Related: []diag.Pos{r.at(r.tree())},
		})
	}
	type place struct {
		rule    int
		at      *node
		message string
	}
	said := map[place]bool{}
	for _, f := range v.findings {
		rule := &e.policies.rules[f.rule]
		if e.exempted(rule, r) {
			continue
		}
		n, _ := r.tree().at(parsePath(f.Path))
		if said[place{f.rule, n, f.Message}] {
			continue // two fields that are missing have one place
		}
		said[place{f.rule, n, f.Message}] = true
		e.note(r, n, rule.Severity, rule.code(), f.Path, f.Message, cmp.Or(f.Hint, rule.Doc, "see dray policy list"))
	}
}
