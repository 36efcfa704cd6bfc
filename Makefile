# The two commands that a fresh Debian 12 machine with Go and a C compiler needs:
#   make demo     install what is missing, build, upsample a real clip
#   make test     install what is missing, run every test

# System packages, named here and nowhere else.
PACKAGES := ffmpeg libdnnl-dev libopencv-dev pkg-config

GO ?= go
STATICCHECK := $(GO) tool -modfile=tools/go.mod staticcheck

# make demo CLIP=my.mp4 OUT=slow.mp4 FACTOR=8 FLAGS="--preset balanced"
CLIP ?= $(shell $(GO) list -m -f '{{.Dir}}' gocv.io/x/gocv 2>/dev/null)/images/small.mp4
FACTOR ?= 2
OUT ?= demo-x$(FACTOR).mp4
FLAGS ?= --preset fast

.PHONY: demo build test check race bench deps clean

demo: build
	bin/tsr upsample --factor $(FACTOR) $(FLAGS) "$(CLIP)" "$(OUT)"
	@echo "The result is $(abspath $(OUT))"

build: deps
	$(GO) build -trimpath -o bin/tsr ./cmd/tsr

test: deps
	$(GO) test ./...

check: deps
	@files=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$files" ] || { echo "not gofmt'd:" $$files; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) ./...
	$(GO) test -race -short ./...

bench: deps
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Installs the packages that are missing; asks for nothing if none is.
deps:
	@missing=$$(for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	[ -z "$$missing" ] || { sudo=; [ $$(id -u) = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; }

clean:
	rm -rf bin
