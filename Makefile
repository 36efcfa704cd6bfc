# The two commands that a fresh Debian 12 machine with Go and a C and C++ compiler needs:
#   make demo     install what is missing, build, upsample a real clip
#   make test     install what is missing, run every test

# System packages, named here and nowhere else.
PACKAGES := ffmpeg libdnnl-dev libopencv-dev libwebp-dev pkg-config
TEST_PACKAGES := chromium
PYTORCH_PACKAGES := python3-torch
DEB_PACKAGES := dpkg-dev
TORTURE_PACKAGES := strace

GO ?= go
STATICCHECK := $(GO) tool -modfile=tools/go.mod staticcheck

# OpenMP's threads wait for each other for long at the end of each kernel; where other programs run that costs most of the
# time. tsr sets this for itself.
export GOMP_SPINCOUNT ?= 3000

# make demo CLIP=my.mp4 OUT=slow.mp4 FACTOR=8 FLAGS="--preset balanced"
CLIP ?= $(shell $(GO) list -m -f '{{.Dir}}' gocv.io/x/gocv 2>/dev/null)/images/small.mp4
FACTOR ?= 2
OUT ?= demo-x$(FACTOR).mp4
FLAGS ?= --preset fast

# make bench-quality QUALITY="-clips ../clips -budgets 1m,5m"
QUALITY ?=

# make torture EVERY=20 goes through every 20th case only.
EVERY ?= 1

.PHONY: demo build man deb release test check lint torture asan bench bench-kernels bench-pytorch bench-quality deps deps-test deps-deb torture-input torture-memory clean

demo: build
	bin/tsr upsample --factor $(FACTOR) $(FLAGS) "$(CLIP)" "$(OUT)"
	@echo "The result is $(abspath $(OUT))"

build: deps
	$(GO) build -trimpath -o bin/tsr ./cmd/tsr

# The manual's pages, to read with man -l bin/man/tsr.1.
man: build
	bin/tsr man bin/man

# A Debian package, bin/tsr_VERSION_ARCH.deb.
deb: deps deps-deb
	packaging/deb.sh bin

# What is published: the program, reproducibly built, licences, a list of its parts (CycloneDX) and checksums in bin/release.
release: deps
	packaging/release.sh bin/release

test: deps deps-test
	$(GO) test -timeout 18m ./...

# What must hold at every commit.
check: lint
	$(GO) test -timeout 60m -race -short ./...

lint: deps deps-test
	@files=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$files" ] || { echo "not gofmt'd:" $$files; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) ./...

# Kills, failing writes and power cuts at every change on disk: docs/reliability.md says how long it takes.
torture: deps
	$(GO) test -count=1 -timeout 12h -v ./internal/torture -every $(EVERY)

# The C of ours under the address sanitiser. Libraries keep memory to the end, so it does not look for leaks, and what is freed must not
# look like one either: the quarantine is small.
asan: export ASAN_OPTIONS := detect_leaks=0:quarantine_size_mb=4
asan: deps
	$(GO) test -asan -short ./internal/conv/onednn ./internal/quality ./internal/motion
	$(GO) test -asan -run TestKernels ./internal/net

# The speed of everything on this machine, for people.
bench: build
	bin/tsr bench

# The same by Go's benchmarks, for benchstat.
bench-kernels: deps
	$(GO) test -run '^$$' -bench . -benchmem ./...

# The published network's training step beside PyTorch's.
bench-pytorch: PACKAGES += $(PYTORCH_PACKAGES)
bench-pytorch: build
	bench/pytorch/compare.sh

# The quality on clips with a known truth; writes docs/results.md. It takes hours, and goes on where it was stopped.
bench-quality: build
	$(GO) run ./bench/quality $(QUALITY)

# Malformed, hostile and damaged inputs; 22 minutes on two cores (docs/reliability.md).
# Fuzzers run alone, for as long as you like: go test ./internal/video -fuzz FuzzHeader
torture-input: PACKAGES += $(TORTURE_PACKAGES)
torture-input: build
	bench/torture/strace.sh bin/tsr
	$(GO) test -tags torture -count=1 -timeout 4h -run 'HostileInput|Mutants' ./cmd/tsr

# The memory that runs take against --memory, for people.
torture-memory: build
	bench/torture/memory.sh bin/tsr

deps-test: PACKAGES := $(TEST_PACKAGES) $(DEB_PACKAGES)
deps-deb: PACKAGES := $(DEB_PACKAGES)

# Installs the packages that are missing; asks for nothing if none is.
deps deps-test deps-deb:
	@missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	[ -z "$$missing" ] || { sudo=; [ $$(id -u) = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; }

clean:
	rm -rf bin
