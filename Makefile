# Two commands are enough: make demo, make test. Everything else is in make help.
SHELL := /bin/bash
GO ?= go
export CGO_ENABLED ?= 0

GOFUMPT     := mvdan.cc/gofumpt@v0.12.0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
CUE         := cuelang.org/go/cmd/cue@v0.17.1
DEADCODE    := golang.org/x/tools/cmd/deadcode@v0.52.0
FUZZTIME    ?= 10s
N           ?= 1000
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS     := -s -w -X github.com/dray-sync/dray/cmd/internal/cli.version=$(VERSION)

.PHONY: help build demo test race bench torture lint fmt generate verify fuzz check tidy score

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## the binary, in bin/dray
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/dray ./cmd/dray

demo: build ## orders flow from a shop into a database because a git commit says so
	bin/dray demo

test: ## all tests; PostgreSQL is started where its programs exist or DRAY_TEST_POSTGRES names one
	@[ -n "$$DRAY_TEST_POSTGRES" ] || command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || \
	  echo "skipped: the tests that need PostgreSQL (install it, or name one in DRAY_TEST_POSTGRES)"
	$(GO) test -shuffle=on ./...

race: ## all tests of our packages under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short -shuffle=on ./adapters/... ./engine/... ./cmd/internal/demo

bench: build ## Dray beside jq, mlr, psql, sqlite3 and cue, as ratios; BENCHFLAGS='-only mapping' measures some rows
	@mkdir -p bin/peers && GOBIN="$(CURDIR)/bin/peers" $(GO) install $(CUE)
	@cd cmd/internal/bench/peers && $(GO) build -o "$(CURDIR)/bin/peers/peers" .
	$(GO) run ./cmd/internal/bench -cue bin/peers/cue $(BENCHFLAGS)

fmt: ## format all Go files
	$(GO) run $(GOFUMPT) -l -w .

torture: build ## kill the agent N times between applications that fail, and compare both sides; TORTUREFLAGS='-seed 1' repeats what was drawn
	$(GO) run ./cmd/internal/torture -dray bin/dray -kills $(N) $(TORTUREFLAGS)

lint: ## format, vet, static analysis, dead code, modern forms
	@test -z "$$($(GO) run $(GOFUMPT) -l . | tee /dev/stderr)" || { echo "run: make fmt"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	@out="$$($(GO) run $(DEADCODE) -test ./...)"; test -z "$$out" || { echo "$$out"; exit 1; }
	@out="$$($(GO) fix -diff ./... 2>&1)"; test -z "$$out" || { echo "$$out"; exit 1; }

tidy:
	$(GO) mod tidy -diff

generate: ## write all generated files anew: the references of commands and codes, and the API's description
	UPDATE=1 $(GO) test -count=1 -run '^TestGenerated' ./cmd/internal/cli ./cmd/internal/docs ./engine/api

verify: tidy generate score ## go.mod and generated files are what the code says; how many planted mistakes validation finds
	@git diff --exit-code --stat -- docs || { echo "generated files differ: commit what make generate wrote"; exit 1; }

score: ## how many planted mistakes validation finds at their line, with words that lead to the fix
	@mkdir -p bin
	@$(GO) test -count=1 -v -run '^TestScore$$' ./cmd/internal/corpus > bin/score.txt || { cat bin/score.txt; exit 1; }
	@grep '^TestScore/' bin/score.txt

fuzz: ## each fuzz target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg 2>/dev/null | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; \
	done

check: lint test race verify ## all that must hold before a commit lands
