# Every command a person or a machine needs. `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
.PHONY: help setup run build test lint fmt fix doc test-rust test-engines wasm test-ts vault-page python test-py stubs peers soak

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

setup: ## Install what building and testing need, into .tools, .venv and node_modules
	@scripts/setup.sh

run: ## Several agents remember real documents together; DOCS=path adds a folder of yours
	@scripts/setup.sh rust wasm node python model
	@scripts/run.sh $(if $(DOCS),"$(DOCS)")

build: ## Build the Rust workspace
	cargo build --workspace

test: ## Everything that must hold; installs its tools first
	@scripts/test.sh

lint: ## Formatting, text and clippy: host, wasm and python
	@scripts/lint.sh

fmt: ## Format the Rust code
	cargo fmt --all

fix: ## Format, apply clippy's suggestions, and accept the generated declarations
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	cargo fmt --all
	@test ! -d rust-crypto/pkg || scripts/declarations.sh --write

doc: ## Build the Rust documentation
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

test-rust: ## cargo test on the whole workspace; needs Rust alone
	cargo test --workspace

test-engines: ## The engines of others behind the trait of rust-consensus: its lints, conformance and crashes with them
	cargo clippy -p chrysalis-consensus --all-targets --features malachite,raft -- -D warnings
	cargo test -p chrysalis-consensus --features malachite,raft --lib --test conformance --test crash --test fuzz

wasm: ## Build the WebAssembly packages into rust-*/pkg
	@scripts/setup.sh wasm node
	@scripts/build-wasm.sh

test-ts: wasm ## Test the built packages under Node and headless Chromium
	@scripts/setup.sh browser
	@scripts/test-ts.sh
	@scripts/declarations.sh

vault-page: ## Build the vault for browsers and serve it on this machine; PORT=8765
	@scripts/setup.sh node
	@test -f rust-security/pkg/rust_security.js || { scripts/setup.sh wasm && scripts/build-wasm.sh security; }
	@scripts/build-page.sh
	@"$(PYTHON)" scripts/serve_page.py $(if $(PORT),--port $(PORT))

python: ## Build the Python wheel into dist/
	@scripts/setup.sh python
	@scripts/python.sh build

test-py: python ## Install the wheel into .venv and test it there
	@scripts/python.sh test

stubs: ## Regenerate the Python declarations from the built extension
	@scripts/setup.sh python
	@scripts/python.sh stubs --write

peers: ## Measure beside other people's software; EVAL=dir adds recall on conversations; writes docs/benchmarks.md
	@scripts/setup.sh rust wasm node python
	@scripts/build-wasm.sh
	@scripts/python.sh build
	@scripts/python.sh install
	@"$(PYTHON)" peers/run.py $(if $(EVAL),--eval "$(EVAL)")

soak: ## The long tests: histories, power cuts, 200 rounds of kills; resumable; ONLY=part runs one
	@scripts/setup.sh rust wasm node python
	@scripts/soak.sh $(if $(ONLY),--only $(ONLY))
