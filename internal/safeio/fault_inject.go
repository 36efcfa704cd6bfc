//go:build faultinject

package safeio

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// The environment of a build with the tag faultinject:
//
//	TSR_FAULT=OPERATION[@PATH]:N:WHAT[:forever]
//	        at the N-th operation of that name, from 1, or of any name for "any", and on that path if there is one, WHAT
//	        happens instead: "kill" ends the process, EIO, ENOSPC or EDQUOT is its error, "short" writes half and has no
//	        space for the rest. With "forever" all later ones of that name fail too, or just all if there is a path. Errors
//	        of space spare what needs none.
//	TSR_FAULT_LOG=FILE
//	        each operation is appended to FILE as a line of JSON, a Record, before it is done.

// Record is a line of the log.
type Record struct {
	N    int    `json:"n"` // from 1
	Op   string `json:"op"`
	Path string `json:"path"`
	To   string `json:"to,omitempty"`   // rename, exchange: the other path
	Off  int64  `json:"off,omitempty"`  // writeat: where; allocate, truncate: the size
	Data []byte `json:"data,omitempty"` // write, writeat; outside: all that another process has written to the file
}

type plan struct {
	name    string
	path    string // "" for any
	n       int
	what    string
	err     syscall.Errno
	forever bool
}

var injector struct {
	sync.Mutex
	once    sync.Once
	plan    plan
	log     *os.File
	all     int // operations so far
	matched int // of these, of the plan's name and path
	known   map[string]bool
}

// spaceless are the operations that succeed on a full disk.
var spaceless = []string{opRemove, opSync, opSyncDir, opExchange}

// point counts an operation and tells how much of its data may be written, and the error to return after that.
func point(o operation) (int, error) {
	i := &injector
	i.Lock()
	defer i.Unlock()
	i.once.Do(setUp)
	i.all++
	record(o)
	p := i.plan
	meant := (p.name == "any" || p.name == o.name) && (p.path == "" || p.path == o.path)
	if meant {
		i.matched++
	}
	first := meant && i.matched == p.n
	later := p.forever && i.matched >= p.n && (meant || p.path != "")
	if p.n == 0 || !first && !later {
		return len(o.data), nil
	}
	switch {
	case p.what == "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case p.what == "short":
		if o.data == nil {
			return len(o.data), nil
		}
		return len(o.data) / 2, syscall.ENOSPC
	case p.err != syscall.EIO && slices.Contains(spaceless, o.name):
		return len(o.data), nil
	}
	return 0, &os.PathError{Op: o.name, Path: o.path, Err: p.err}
}

func setUp() {
	i := &injector
	i.known = map[string]bool{}
	if name := os.Getenv("TSR_FAULT_LOG"); name != "" {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			panic(err)
		}
		i.log = f
	}
	text := os.Getenv("TSR_FAULT")
	if text == "" {
		return
	}
	part := strings.Split(text, ":")
	n, err := 0, error(nil)
	if len(part) >= 3 {
		n, err = strconv.Atoi(part[1])
	}
	errno, known := map[string]syscall.Errno{"kill": 0, "short": syscall.ENOSPC, "EIO": syscall.EIO,
		"ENOSPC": syscall.ENOSPC, "EDQUOT": syscall.EDQUOT}[part[len(part)-1]]
	forever := part[len(part)-1] == "forever"
	if forever && len(part) == 4 {
		errno, known = map[string]syscall.Errno{"short": syscall.ENOSPC, "EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC,
			"EDQUOT": syscall.EDQUOT}[part[2]]
	}
	if err != nil || n < 1 || !known || len(part) > 4 {
		panic(fmt.Sprintf("TSR_FAULT=%s: not understood", text))
	}
	name, path, _ := strings.Cut(part[0], "@")
	i.plan = plan{name: name, path: path, n: n, what: part[2], err: errno, forever: forever}
}

// record writes an operation to the log. Before a sync of what another process has written comes its content.
func record(o operation) {
	i := &injector
	if i.log == nil {
		return
	}
	switch o.name {
	case opWrite, opWriteAt:
		i.known[o.path] = true
	case opRename:
		i.known[o.to] = i.known[o.path]
	case opSync:
		if b, err := os.ReadFile(o.path); err == nil && !i.known[o.path] {
			write(Record{N: i.all, Op: "outside", Path: o.path, Data: b})
		}
	}
	write(Record{i.all, o.name, o.path, o.to, o.off, o.data})
}

func write(r Record) {
	b, err := json.Marshal(r)
	if err == nil {
		_, err = injector.log.Write(append(b, '\n'))
	}
	if err != nil {
		panic(err)
	}
}
