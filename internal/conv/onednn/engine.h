// What the C files of package onednn share.
#ifndef TSR_ONEDNN_ENGINE_H
#define TSR_ONEDNN_ENGINE_H

#include "kernels.h"

#include <dnnl.h>

// TRY leaves the function with the status of a call that failed.
#define TRY(call)                                \
	do {                                         \
		dnnl_status_t status_ = (call);          \
		if (status_ != dnnl_success) return status_; \
	} while (0)

// PIECES is into how many pieces the gradient of the kernel is divided, each of which one thread computes, where there can be as many:
// a sum over all voxels has one order, whatever the number of threads.
enum { PIECES = 8 };

// out_size is the size of q's result along an axis.
static inline int64_t out_size(const tsr_problem *q, int axis) {
	return q->size[axis] + q->lo[axis] + q->hi[axis] - q->k[axis] + 1;
}

struct tsr_engine {
	dnnl_engine_t engine;
	dnnl_stream_t *streams; // one for each thread
	int threads;
	char *scratch; // nothing in it outlives a call
	size_t size;
};

// tsr_room sees to it that the scratch memory has so many bytes.
int tsr_room(tsr_engine *e, size_t need);

// tsr_total sums n rows of c numbers.
void tsr_total(float *sum, int64_t c, const float *rows, int64_t n);

#endif
