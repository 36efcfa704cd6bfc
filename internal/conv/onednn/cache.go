//go:build cgo && !noonednn

package onednn

// #include "kernels.h"
import "C"

import (
	"container/list"

	"tsr/internal/conv"
)

// maxPlans bounds the cache. A net has up to three plans for each kind of layer, and a tiled pass 27 forward plans
// for each: one for every way in which a tile can touch the clip's border.
const maxPlans = 256

// cache keeps the plans used last. Only the executor touches it.
type cache struct {
	engine *C.tsr_engine
	byKey  map[key]*list.Element // of *entry
	recent list.List             // front: used last
}

type key struct {
	kind kind
	s    conv.Shape
}

type entry struct {
	key  key
	plan *C.tsr_plan
}

func newCache(engine *C.tsr_engine) *cache {
	return &cache{engine: engine, byKey: make(map[key]*list.Element)}
}

// get returns the plan for kind and s, and makes it where there is none. It stays valid until the next get.
func (c *cache) get(kind kind, s conv.Shape) (*C.tsr_plan, error) {
	if kind != forward {
		s.Act = conv.Linear // gradients start from z: one plan serves every activation
	}
	k := key{kind, s}
	if e := c.byKey[k]; e != nil {
		c.recent.MoveToFront(e)
		return e.Value.(*entry).plan, nil
	}
	plan, err := newPlan(c.engine, kind, s)
	if err != nil {
		return nil, err
	}
	c.byKey[k] = c.recent.PushFront(&entry{k, plan})
	if c.recent.Len() > maxPlans {
		c.drop(c.recent.Back())
	}
	return plan, nil
}

func (c *cache) drop(e *list.Element) {
	old := c.recent.Remove(e).(*entry)
	delete(c.byKey, old.key)
	C.tsr_plan_free(old.plan)
}

// clear frees every plan.
func (c *cache) clear() {
	for c.recent.Len() > 0 {
		c.drop(c.recent.Front())
	}
}
