//go:build cgo && !noonednn

#include "kernels.h"

#include <dnnl.h>
#include <dnnl_debug.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2
#error "tsr needs oneDNN 2.x (Debian 12: libdnnl-dev 2.6). Version 3 changed the C API. Build with -tags noonednn to do without."
#endif

// TRY leaves the function with the status of a call that failed.
#define TRY(call)                                \
	do {                                         \
		dnnl_status_t status_ = (call);          \
		if (status_ != dnnl_success) return status_; \
	} while (0)

struct tsr_engine {
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	char *scratch; // nothing in it outlives a call
	size_t size;
};

// A part is a place in the engine's scratch memory.
typedef struct {
	size_t at, size;
} part;

struct tsr_plan {
	tsr_problem q;
	int64_t ci, co;   // channels as oneDNN sees them: q's, or more when padded
	int64_t nx, ny;   // voxels of x and of y
	int64_t taps;     // of the kernel
	int biased;       // oneDNN sees to the bias, or to its gradient
	const char *impl;
	dnnl_primitive_desc_t desc;
	dnnl_primitive_t conv, reorder; // reorder: w into oneDNN's own layout, or dw out of it
	dnnl_memory_t x, y, b, wplain, w, work;
	part px, py, pb, pplain, pw, pwork;
	size_t need; // bytes of scratch
};

const char *tsr_status(int status) {
	return dnnl_status2str((dnnl_status_t)status);
}

int tsr_engine_new(tsr_engine **out, int threads) {
	tsr_engine *e = calloc(1, sizeof *e);
	if (!e) return dnnl_out_of_memory;
	*out = e;
	omp_set_num_threads(threads); // for the calling thread only, so it must be the one that runs the plans
	TRY(dnnl_engine_create(&e->engine, dnnl_cpu, 0));
	return dnnl_stream_create(&e->stream, e->engine, dnnl_stream_default_flags);
}

void tsr_engine_free(tsr_engine *e) {
	if (!e) return;
	dnnl_stream_destroy(e->stream);
	dnnl_engine_destroy(e->engine);
	free(e->scratch);
	free(e);
}

// widened gives the channels to hand to oneDNN's gradient of the kernel: it is 1.5 times as fast on 16 channels,
// four of them zero, as on 12. Below two thirds of a block of 16 padding loses.
static int64_t widened(int64_t c) {
	int64_t full = (c + 15) / 16 * 16;
	return 2 * full <= 3 * c ? full : c;
}

// take reserves a part of the scratch memory.
static part take(tsr_plan *p, size_t size) {
	part t = {p->need, size};
	p->need += (size + 63) / 64 * 64;
	return t;
}

// memory_for makes a memory object without data for what the plan's primitive calls `which`.
static int memory_for(dnnl_memory_t *m, size_t *size, tsr_plan *p, tsr_engine *e, dnnl_query_t which) {
	const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(p->desc, which, 0);
	*size = dnnl_memory_desc_get_size(md);
	return dnnl_memory_create(m, md, e->engine, DNNL_MEMORY_NONE);
}

// describe chooses oneDNN's implementation for p's problem and sets p->desc.
static int describe(tsr_plan *p, tsr_engine *e) {
	const tsr_problem *q = &p->q;
	dnnl_dims_t xd = {q->n, p->ci}, yd = {q->n, p->co}, wd = {p->co, p->ci}, bd = {p->co};
	dnnl_dims_t one = {1, 1, 1}, lo = {0}, hi = {0};
	for (int i = 0; i < 3; i++) {
		xd[2 + i] = q->size[i];
		yd[2 + i] = q->size[i] + q->lo[i] + q->hi[i] - q->k[i] + 1;
		wd[2 + i] = q->k[i];
		lo[i] = q->lo[i];
		hi[i] = q->hi[i];
	}
	dnnl_memory_desc_t x, y, w, b;
	TRY(dnnl_memory_desc_init_by_tag(&x, 5, xd, dnnl_f32, dnnl_ndhwc));
	TRY(dnnl_memory_desc_init_by_tag(&y, 5, yd, dnnl_f32, dnnl_ndhwc));
	TRY(dnnl_memory_desc_init_by_tag(&w, 5, wd, dnnl_f32, dnnl_format_tag_any));
	TRY(dnnl_memory_desc_init_by_tag(&b, 1, bd, dnnl_f32, dnnl_a));

	dnnl_primitive_attr_t attr;
	dnnl_post_ops_t ops = NULL;
	TRY(dnnl_primitive_attr_create(&attr));
	dnnl_convolution_desc_t conv;
	dnnl_primitive_desc_t hint = NULL;
	// oneDNN's own scratch memory may not move between threads; ours may.
	int status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
	if (!status && q->slope != 1) {
		status = dnnl_post_ops_create(&ops);
		if (!status) status = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, q->slope, 0);
		if (!status) status = dnnl_primitive_attr_set_post_ops(attr, ops);
	}
	if (!status)
		status = dnnl_convolution_forward_desc_init(&conv, dnnl_forward_training, dnnl_convolution_direct, &x, &w,
			p->biased ? &b : NULL, &y, one, lo, hi);
	if (!status) status = dnnl_primitive_desc_create(q->kernel ? &hint : &p->desc, &conv, attr, e->engine, NULL);
	if (!status && q->kernel) {
		status = dnnl_convolution_backward_weights_desc_init(&conv, dnnl_convolution_direct, &x, &w,
			p->biased ? &b : NULL, &y, one, lo, hi);
		if (!status) status = dnnl_primitive_desc_create(&p->desc, &conv, attr, e->engine, hint);
	}
	dnnl_primitive_desc_destroy(hint);
	dnnl_post_ops_destroy(ops);
	dnnl_primitive_attr_destroy(attr);
	return status;
}

// reorder_for makes the primitive between the kernel as plain numbers, wplain, and in oneDNN's layout, w.
static int reorder_for(tsr_plan *p, tsr_engine *e) {
	const tsr_problem *q = &p->q;
	const dnnl_memory_desc_t *w;
	TRY(dnnl_memory_get_memory_desc(p->w, &w));
	dnnl_memory_desc_t plain;
	dnnl_dims_t dims = {p->co, p->ci, q->k[0], q->k[1], q->k[2]};
	int64_t tap = p->co * p->ci;
	dnnl_dims_t strides = {1, p->co, q->k[1] * q->k[2] * tap, q->k[2] * tap, tap};
	if (q->flipped) strides[0] = p->ci, strides[1] = 1;
	TRY(dnnl_memory_desc_init_by_strides(&plain, 5, dims, dnnl_f32, strides));
	TRY(dnnl_memory_create(&p->wplain, &plain, e->engine, DNNL_MEMORY_NONE));
	dnnl_primitive_desc_t desc;
	TRY(dnnl_reorder_primitive_desc_create(&desc, q->kernel ? w : &plain, e->engine, q->kernel ? &plain : w, e->engine, NULL));
	int status = dnnl_primitive_create(&p->reorder, desc);
	dnnl_primitive_desc_destroy(desc);
	return status;
}

int tsr_plan_new(tsr_plan **out, tsr_engine *e, const tsr_problem *q) {
	tsr_plan *p = calloc(1, sizeof *p);
	if (!p) return dnnl_out_of_memory;
	*out = p;
	p->q = *q;
	p->ci = q->kernel ? widened(q->ci) : q->ci;
	p->co = q->kernel ? widened(q->co) : q->co;
	p->nx = p->ny = q->n;
	p->taps = 1;
	p->biased = q->bias || (q->kernel && !q->flipped);
	for (int i = 0; i < 3; i++) {
		p->nx *= q->size[i];
		p->ny *= q->size[i] + q->lo[i] + q->hi[i] - q->k[i] + 1;
		p->taps *= q->k[i];
	}
	TRY(describe(p, e));
	TRY(dnnl_primitive_desc_query(p->desc, dnnl_query_impl_info_str, 0, &p->impl));
	TRY(dnnl_primitive_create(&p->conv, p->desc));

	size_t x, y, b, w, work;
	TRY(memory_for(&p->x, &x, p, e, dnnl_query_src_md));
	TRY(memory_for(&p->y, &y, p, e, q->kernel ? dnnl_query_diff_dst_md : dnnl_query_dst_md));
	TRY(memory_for(&p->w, &w, p, e, q->kernel ? dnnl_query_diff_weights_md : dnnl_query_weights_md));
	TRY(memory_for(&p->work, &work, p, e, dnnl_query_scratchpad_md));
	if (p->biased) {
		const dnnl_memory_desc_t *md =
			dnnl_primitive_desc_query_md(p->desc, q->kernel ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 1);
		b = dnnl_memory_desc_get_size(md);
		TRY(dnnl_memory_create(&p->b, md, e->engine, DNNL_MEMORY_NONE));
		if (p->co != q->co) p->pb = take(p, b);
	}
	TRY(reorder_for(p, e));
	p->pw = take(p, w);
	p->pwork = take(p, work);
	if (p->ci != q->ci) p->px = take(p, x);
	if (p->co != q->co) p->py = take(p, y);
	if (p->ci != q->ci || p->co != q->co || q->flipped) p->pplain = take(p, 4 * p->taps * p->ci * p->co);
	return dnnl_success;
}

void tsr_plan_free(tsr_plan *p) {
	if (!p) return;
	dnnl_memory_t *m[] = {&p->x, &p->y, &p->b, &p->wplain, &p->w, &p->work};
	for (int i = 0; i < 6; i++)
		dnnl_memory_destroy(*m[i]);
	dnnl_primitive_destroy(p->reorder);
	dnnl_primitive_destroy(p->conv);
	dnnl_primitive_desc_destroy(p->desc);
	free(p);
}

const char *tsr_plan_impl(const tsr_plan *p) {
	return p->impl;
}

// room sees to it that the scratch memory is large enough for p.
static int room(tsr_engine *e, const tsr_plan *p) {
	if (e->size >= p->need) return dnnl_success;
	free(e->scratch);
	e->size = 0;
	e->scratch = aligned_alloc(64, p->need);
	if (!e->scratch) return dnnl_out_of_memory;
	e->size = p->need;
	return dnnl_success;
}

// at gives the address of a part; NULL for one not taken.
static float *at(tsr_engine *e, part t) {
	return t.size ? (float *)(e->scratch + t.at) : NULL;
}

// widen copies n rows of c numbers to rows of wide numbers, the rest of them zero.
static void widen(float *dst, int64_t wide, const float *src, int64_t c, int64_t n) {
#pragma omp parallel for
	for (int64_t i = 0; i < n; i++) {
		memcpy(dst + i * wide, src + i * c, c * sizeof *src);
		memset(dst + i * wide + c, 0, (wide - c) * sizeof *dst);
	}
}

// total sums n rows of c numbers.
static void total(float *sum, int64_t c, const float *rows, int64_t n) {
	for (int64_t j = 0; j < c; j++) {
		double s = 0;
		for (int64_t i = 0; i < n; i++)
			s += rows[i * c + j];
		sum[j] = (float)s;
	}
}

// bind gives the plan's memory objects their data; called without data it lets go of the caller's.
static int bind(tsr_plan *p, tsr_engine *e, const float *x, const float *y, const float *b, const float *wplain, int on) {
	TRY(dnnl_memory_set_data_handle(p->x, (void *)x));
	TRY(dnnl_memory_set_data_handle(p->y, (void *)y));
	if (p->b) TRY(dnnl_memory_set_data_handle(p->b, (void *)b));
	TRY(dnnl_memory_set_data_handle(p->wplain, (void *)wplain));
	TRY(dnnl_memory_set_data_handle(p->w, on ? at(e, p->pw) : NULL));
	return dnnl_memory_set_data_handle(p->work, on ? at(e, p->pwork) : NULL);
}

int tsr_forward(tsr_engine *e, tsr_plan *p, float *y, const float *x, const float *w, const float *b) {
	TRY(room(e, p));
	if (p->q.flipped) { // reverse the taps here; that ci and co have changed places stands in the strides
		int64_t tap = p->ci * p->co;
		float *rev = at(e, p->pplain);
		for (int64_t t = 0; t < p->taps; t++)
			memcpy(rev + t * tap, w + (p->taps - 1 - t) * tap, tap * sizeof *w);
		w = rev;
	}
	dnnl_exec_arg_t lay[] = {{DNNL_ARG_FROM, p->wplain}, {DNNL_ARG_TO, p->w}};
	dnnl_exec_arg_t run[] = {{DNNL_ARG_SRC, p->x}, {DNNL_ARG_WEIGHTS, p->w}, {DNNL_ARG_DST, p->y},
		{DNNL_ARG_SCRATCHPAD, p->work}, {DNNL_ARG_BIAS, p->b}};
	int status = bind(p, e, x, y, b, w, 1);
	if (!status) status = dnnl_primitive_execute(p->reorder, e->stream, 2, lay);
	if (!status) status = dnnl_primitive_execute(p->conv, e->stream, p->b ? 5 : 4, run);
	if (!status) status = dnnl_stream_wait(e->stream);
	bind(p, e, NULL, NULL, NULL, NULL, 0);
	return status;
}

int tsr_back_kernel(tsr_engine *e, tsr_plan *p, float *dw, float *db, const float *x, const float *dz) {
	TRY(room(e, p));
	const tsr_problem *q = &p->q;
	float *plain = dw, *bias = db;
	if (q->flipped) total(db, q->ci, x, p->nx);
	if (p->ci != q->ci) {
		widen(at(e, p->px), p->ci, x, q->ci, p->nx);
		x = at(e, p->px);
	}
	if (p->co != q->co) {
		widen(at(e, p->py), p->co, dz, q->co, p->ny);
		dz = at(e, p->py);
		bias = at(e, p->pb);
	}
	if (p->pplain.size) plain = at(e, p->pplain);
	dnnl_exec_arg_t run[] = {{DNNL_ARG_SRC, p->x}, {DNNL_ARG_DIFF_DST, p->y}, {DNNL_ARG_DIFF_WEIGHTS, p->w},
		{DNNL_ARG_SCRATCHPAD, p->work}, {DNNL_ARG_DIFF_BIAS, p->b}};
	dnnl_exec_arg_t lay[] = {{DNNL_ARG_FROM, p->w}, {DNNL_ARG_TO, p->wplain}};
	int status = bind(p, e, x, dz, bias, plain, 1);
	if (!status) status = dnnl_primitive_execute(p->conv, e->stream, p->b ? 5 : 4, run);
	if (!status) status = dnnl_primitive_execute(p->reorder, e->stream, 2, lay);
	if (!status) status = dnnl_stream_wait(e->stream);
	bind(p, e, NULL, NULL, NULL, NULL, 0);
	if (status) return status;
	if (p->b && bias != db) memcpy(db, bias, q->co * sizeof *db);
	if (plain == dw) return dnnl_success;
	// Take the padding out, and turn the taps round.
	int64_t rows = q->flipped ? q->co : q->ci, cols = q->flipped ? q->ci : q->co;
	int64_t prows = q->flipped ? p->co : p->ci, pcols = q->flipped ? p->ci : p->co;
	for (int64_t t = 0; t < p->taps; t++) {
		const float *from = plain + (q->flipped ? p->taps - 1 - t : t) * prows * pcols;
		for (int64_t i = 0; i < rows; i++)
			memcpy(dw + (t * rows + i) * cols, from + i * pcols, cols * sizeof *dw);
	}
	return dnnl_success;
}

// bits and real give the pattern of a float, and back.
static inline int32_t bits(float f) {
	int32_t i;
	memcpy(&i, &f, sizeof i);
	return i;
}

static inline float real(int32_t i) {
	float f;
	memcpy(&f, &i, sizeof f);
	return f;
}

void tsr_act_back(float *dz, const float *dy, const float *y, int64_t len, float slope) {
	// Integers choose the factor, as the compiler would make a branch of it, for a random sign the wrong one every
	// other time, and ten times slower. A float is above zero where its pattern is, as an integer.
	const int32_t above = bits(1), below = bits(slope);
#pragma omp parallel for simd schedule(static) if (len > 1 << 16)
	for (int64_t i = 0; i < len; i++) {
		int32_t mask = -(bits(y[i]) > 0);
		dz[i] = dy[i] * real((above & mask) | (below & ~mask));
	}
}

int tsr_product(float *c, const float *a, const float *b, int64_t n) {
	return dnnl_sgemm('N', 'N', n, n, n, 1, a, n, b, n, 0, c, n);
}

const char *tsr_instructions(void) {
	return dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
}
