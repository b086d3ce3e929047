# Verbs of the project; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test test-release arm simulate mutations clients soak faults endure lint check tsan bench lab fuzz clean build install uninstall install-check setup

GPT2 := .build/release/gpt2
PREFIX ?= /usr/local

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Build, then write text with a coordinator and two worker processes
	@echo; echo '$$ $(GPT2) generate "ROMEO:" --spawn 2 --stats --echo --max-tokens 110 --temperature 0.6 --top-p 0.9 --seed 8'
	@$(GPT2) generate "ROMEO:" --spawn 2 --stats --echo --max-tokens 110 --temperature 0.6 --top-p 0.9 --seed 8

# Warnings are errors, and nobody imports what its target does not name.
STRICT := GPT2_STRICT=1 swift
WALLS := --explicit-target-dependency-import-check error

# What starts processes and clusters runs by itself: it would hold up the others, and they its clocks.
test: setup ## Build in debug and run the tests: 15 minutes on two cores
	@echo "Builds in debug, beside what make demo built, and runs the tests: about 15 minutes on two cores."
	$(STRICT) build --build-tests $(WALLS)
	$(STRICT) test --skip-build --disable-xctest --parallel --skip 'CLITests|ClusterTests'
	$(STRICT) test --skip-build --disable-xctest --no-parallel --filter 'CLITests|ClusterTests'

# Where optimisation could change what is computed or decided.
RELEASE_TESTS := 'GPT2Tests|PipelineTests|CoordinatorTests|WorkerTests|WorldTests|ClusterTests'

test-release: setup ## Build with optimisation and run the tests of model, wire and decisions: 10 minutes
	$(STRICT) test -c release -Xswiftc -enable-testing --scratch-path .build-release --disable-xctest --no-parallel \
	  --filter $(RELEASE_TESTS)

arm: setup ## Run the kernels of arm64 in an emulator, and compare their bits with this machine's
	Tests/Arm/run

simulate: setup ## Let all kinds of faults happen to SEEDS=100000 clusters in virtual time, or SEED=n to one, and see it
	@SEEDS=$(or $(SEEDS),100000) Tests/Scripts/simulate

mutations: setup ## Leave each protection out in the simulator, and see how soon it notices
	@MUTATIONS=1 Tests/Scripts/simulate

clients: build ## Try the server with the clients that people have, and a browser
	Tests/Clients/run $(GPT2)

soak: build ## Let clients come, go and misbehave for MINUTES=10
	Tests/Clients/run $(GPT2) --soak $(or $(MINUTES),10)

faults: build ## Break workers, links and hosts of real clusters: 40 minutes, SHORT=1 4, SEED= again, ONLY= some
	Tests/Faults/run $(GPT2) $(if $(SHORT),--short) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only '$(ONLY)')

endure: build ## Break something every five seconds under load, for MINUTES=30; SEED= does it again
	Tests/Faults/run $(GPT2) --endure $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED))

lint: setup ## Check the layout of the code, and that the kernels compile for arm64
	swift format lint --strict --recursive Package.swift Sources Tests Fuzz
	@clang=$$(dirname "$$(readlink -f "$$(command -v swiftc)")")/clang; \
	for file in Sources/CKernels/*.c; do \
	  "$$clang" --target=aarch64-linux-gnu -ffreestanding -fsyntax-only -Wall -Werror -ISources/CKernels/include "$$file" || exit 1; \
	done; echo "lint: the kernels compile for arm64"

check: lint test test-release ## All that a change must pass: lint, no warnings, tests in debug and in release

# Optimised, and without a dozen workers measuring at once: who takes too long under the sanitizer counts as lost. Nor are
# descriptors counted, since the sanitizer opens its own.
tsan: setup ## Run clusters of one process under the thread sanitizer
	TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/tsan.supp" swift test --disable-xctest --no-parallel --sanitize thread \
	  --scratch-path .build-tsan -c release -Xswiftc -enable-testing -Xswiftc -DTHREAD_SANITIZER \
	  --filter '^ClusterTests\.ClusterTests' --skip 'SameBitsTests/stages|EnduranceTests'

bench: build ## Measure GPT-2's shape with random weights, or MODEL=DIR, on all cores or THREADS=
	$(GPT2) bench $(if $(MODEL),--model $(MODEL)) $(if $(THREADS),--threads $(THREADS))

lab: build ## Run a coordinator and two workers on three hosts of a network inside this machine (root)
	deploy/lab/lab run 3 --rate 1gbit -- $(GPT2) generate "ROMEO:" --max-tokens 60 --temperature 0.6 --top-p 0.9 --seed 8

fuzz: setup ## Fuzz the readers of files, SECONDS=60 each
	Fuzz/run $(or $(SECONDS),60)

clean: ## Remove everything that was built
	rm -rf .build .build-* .venv-clients

# With Swift's runtime in the program, so that it runs where Swift is not.
build: setup ## Build the program, .build/release/gpt2, which runs on hosts without Swift too
	@GPT2_REVISION="$$(deploy/install/revision)" ./quietly swift build -c release --product gpt2 --static-swift-stdlib --disable-local-rpath

# Under sudo it copies what is there: root often has no Swift, and what it built would be its own.
install: $(if $(SUDO_UID),,build) ## Install the program, its manual page and shell completions under PREFIX=/usr/local
	@deploy/install/install install '$(PREFIX)' '$(DESTDIR)'

uninstall: ## Remove what make install put under PREFIX=/usr/local
	@deploy/install/install uninstall '$(PREFIX)' '$(DESTDIR)'

install-check: build ## Try the installed program without Swift, as another user (root)
	deploy/install/check

setup:
	@./setup
