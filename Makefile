# satudata: `make run` shows it, `make test` proves it. `make` alone lists what there is.
SHELL := /bin/bash
# DuckDB's Arrow interface is behind this build tag; without it the build stops and says so.
export GOFLAGS := -buildvcs=false -tags=duckdb_arrow
export PATH := $(CURDIR)/.tools/bin:$(PATH)
FUZZTIME ?= 30s
LINTER := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.13.2

.DEFAULT_GOAL := help
.PHONY: help run build test test-faults test-engines race lint fuzz bench clean tools tools-test

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

run: build ## build, then load, land, verify and query the bundled sample
	bin/satudata demo

build: tools ## build bin/satudata
	go build -o bin/satudata ./cmd/satudata

test: tools-test ## all tests, real Kafka brought up by the tests themselves
	go test -count=1 -timeout 40m ./...

test-faults: tools-test ## kills, stops, power cuts, full disks, dead brokers, rubbish: the long form, hours
	SATUDATA_FAULTS=full SATUDATA_TEST_REQUIRE=all go test -count=1 -timeout 8h -v ./cmd/faults

test-engines: tools-test build ## independent programs judge tables, contracts and exports: PyIceberg, datacontract lint, Frictionless, …
	deploy/engines/run.sh

race: tools ## the tests under the race detector
	go test -race -short -timeout 60m ./...

lint: tools ## vet, format, import direction, golangci-lint
	go vet ./...
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'gofmt -w these files'; exit 1; }
	go test -count=1 -run TestImports ./cmd/satudata
	@test -x .tools/bin/golangci-lint || GOFLAGS=-buildvcs=false GOBIN=$(CURDIR)/.tools/bin go install $(LINTER)
	golangci-lint run

fuzz: tools ## every fuzz target for FUZZTIME (30s)
	deploy/fuzz.sh $(FUZZTIME)

bench: tools-test build ## rows per second, memory and freshness; BENCH="ndjson csv large kafka connect freshness many plots" chooses
	deploy/bench/run.py $(BENCH)

clean: ## remove what was built
	rm -rf bin .tools

tools:
	@deploy/tools.sh build

tools-test:
	@deploy/tools.sh test
