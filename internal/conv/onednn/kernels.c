//go:build cgo && !noonednn

#include "engine.h"

#include <dnnl_debug.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2
#error "tsr needs oneDNN 2.x (Debian 12: libdnnl-dev 2.6). Version 3 changed the C API. Build with -tags noonednn to do without."
#endif

// A part is a place in the engine's scratch memory.
typedef struct {
	size_t at, size;
} part;

// A piece is a primitive of oneDNN for some of a problem's samples, or for some of the planes of one sample.
typedef struct {
	tsr_problem q;
	int64_t ax, ay; // voxels of the whole x and y before the piece's
	dnnl_primitive_desc_t desc;
	dnnl_primitive_t conv;
	dnnl_memory_t x, y, b, w, work;
	part pb, pw, pwork;
} piece;

struct tsr_plan {
	tsr_problem q;
	int64_t ci, co;   // channels as oneDNN sees them: q's, or more when padded
	int64_t nx, ny;   // voxels of x and of y
	int64_t taps;     // of the kernel
	int biased;       // oneDNN sees to the bias, or to its gradient
	const char *impl;
	// Forward runs as one piece on all threads. The gradient of the kernel is a sum over all voxels, and oneDNN would
	// order it by the number of threads: so it is that of pieces, each of which one thread computes.
	piece *pieces;
	int count;
	int64_t nw, nb; // values of w in oneDNN's layout, and of b
	dnnl_memory_t wplain, w;
	dnnl_primitive_t reorder; // w into oneDNN's own layout, or dw out of it
	part px, py, pplain, pw;
	size_t need; // bytes of scratch
};

const char *tsr_status(int status) {
	return dnnl_status2str((dnnl_status_t)status);
}

int tsr_engine_new(tsr_engine **out, int threads) {
	tsr_engine *e = calloc(1, sizeof *e);
	if (!e) return dnnl_out_of_memory;
	*out = e;
	e->threads = threads;
	e->streams = calloc(threads, sizeof *e->streams);
	if (!e->streams) return dnnl_out_of_memory;
	omp_set_num_threads(threads); // for the calling thread only, so it must be the one that runs the plans
	TRY(dnnl_engine_create(&e->engine, dnnl_cpu, 0));
	for (int i = 0; i < threads; i++)
		TRY(dnnl_stream_create(&e->streams[i], e->engine, dnnl_stream_default_flags));
	return dnnl_success;
}

void tsr_engine_free(tsr_engine *e) {
	if (!e) return;
	for (int i = 0; e->streams && i < e->threads; i++)
		dnnl_stream_destroy(e->streams[i]);
	free(e->streams);
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

// memory_for makes a memory object without data for what the piece's primitive calls `which`.
static int memory_for(dnnl_memory_t *m, size_t *size, const piece *c, tsr_engine *e, dnnl_query_t which, int index) {
	const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(c->desc, which, index);
	*size = dnnl_memory_desc_get_size(md);
	return dnnl_memory_create(m, md, e->engine, DNNL_MEMORY_NONE);
}

// describe chooses oneDNN's implementation for a piece of p, with its kernel in the layout given or, if that is NULL, in the one
// it likes best, and sets c->desc.
static int describe(const tsr_plan *p, piece *c, const dnnl_memory_desc_t *layout, tsr_engine *e) {
	const tsr_problem *q = &c->q;
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
	if (layout)
		w = *layout;
	else
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
	if (!status) status = dnnl_primitive_desc_create(q->kernel ? &hint : &c->desc, &conv, attr, e->engine, NULL);
	if (!status && q->kernel) {
		status = dnnl_convolution_backward_weights_desc_init(&conv, dnnl_convolution_direct, &x, &w,
			p->biased ? &b : NULL, &y, one, lo, hi);
		if (!status) status = dnnl_primitive_desc_create(&c->desc, &conv, attr, e->engine, hint);
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

// piece_new makes the primitive of a piece and its memory objects.
static int piece_new(tsr_plan *p, piece *c, tsr_engine *e) {
	int kernel = p->q.kernel;
	dnnl_query_t weights = kernel ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
	TRY(describe(p, c, NULL, e));
	if (c != p->pieces) { // pieces are added as they are
		const dnnl_memory_desc_t *layout = dnnl_primitive_desc_query_md(p->pieces->desc, weights, 0);
		if (!dnnl_memory_desc_equal(layout, dnnl_primitive_desc_query_md(c->desc, weights, 0))) {
			TRY(dnnl_primitive_desc_destroy(c->desc));
			c->desc = NULL;
			TRY(describe(p, c, layout, e));
		}
	}
	TRY(dnnl_primitive_create(&c->conv, c->desc));
	size_t size;
	TRY(memory_for(&c->x, &size, c, e, dnnl_query_src_md, 0));
	TRY(memory_for(&c->y, &size, c, e, kernel ? dnnl_query_diff_dst_md : dnnl_query_dst_md, 0));
	TRY(memory_for(&c->w, &size, c, e, weights, 0));
	c->pw = take(p, size);
	if (p->biased) {
		TRY(memory_for(&c->b, &size, c, e, weights, 1));
		if (kernel) c->pb = take(p, size);
	}
	TRY(memory_for(&c->work, &size, c, e, dnnl_query_scratchpad_md, 0));
	c->pwork = take(p, size);
	return dnnl_success;
}

// share is where the i-th of n equal shares of a total begins.
static int64_t share(int64_t total, int64_t i, int64_t n) { return total * i / n; }

// divide cuts the gradient of the kernel into pieces: groups of samples, or of the result's planes of one sample where there
// are few. How depends on the problem alone.
static int divide(tsr_plan *p) {
	const tsr_problem *q = &p->q;
	int64_t planes = out_size(q, 0), plane = p->ny / (q->n * planes), from = q->size[1] * q->size[2];
	int64_t groups = q->n <= 2 * PIECES ? q->n : PIECES, slices = 1;
	if (q->n < PIECES) slices = (PIECES + q->n - 1) / q->n;
	if (slices > planes / 2) slices = planes < 2 ? 1 : planes / 2; // oneDNN has no fast kernel for single planes
	p->pieces = calloc(groups * slices, sizeof *p->pieces);
	if (!p->pieces) return dnnl_out_of_memory;
	p->count = groups * slices;
	for (int64_t g = 0; g < groups; g++)
		for (int64_t s = 0; s < slices; s++) {
			piece *c = &p->pieces[g * slices + s];
			c->q = *q;
			int64_t sample = share(q->n, g, groups);
			c->q.n = share(q->n, g + 1, groups) - sample;
			int64_t y0 = share(planes, s, slices), y1 = share(planes, s + 1, slices);
			int64_t x0 = y0 - q->lo[0], x1 = y1 - q->lo[0] + q->k[0] - 1; // of x, zero planes included
			if (x0 < 0) c->q.lo[0] = -x0, x0 = 0; else c->q.lo[0] = 0;
			if (x1 > q->size[0]) c->q.hi[0] = x1 - q->size[0], x1 = q->size[0]; else c->q.hi[0] = 0;
			c->q.size[0] = x1 - x0;
			c->ax = (sample * q->size[0] + x0) * from;
			c->ay = (sample * planes + y0) * plane;
		}
	return dnnl_success;
}

// flatten makes one sample, one voxel a plane, of all voxels: it is all the same to a kernel of one tap.
static void flatten(tsr_problem *q) {
	for (int i = 0; i < 3; i++)
		if (q->k[i] != 1) return;
	q->size[0] *= q->n * q->size[1] * q->size[2];
	q->n = q->size[1] = q->size[2] = 1;
}

// build makes the pieces and what they share.
static int build(tsr_plan *p, tsr_engine *e) {
	for (int i = 0; i < p->count; i++)
		TRY(piece_new(p, &p->pieces[i], e));
	piece *c = &p->pieces[0];
	TRY(dnnl_primitive_desc_query(c->desc, dnnl_query_impl_info_str, 0, &p->impl));
	const dnnl_memory_desc_t *md;
	TRY(dnnl_memory_get_memory_desc(c->w, &md));
	TRY(dnnl_memory_create(&p->w, md, e->engine, DNNL_MEMORY_NONE));
	p->nw = dnnl_memory_desc_get_size(md) / sizeof(float);
	p->nb = c->pb.size / sizeof(float);
	TRY(reorder_for(p, e));
	if (p->ci != p->q.ci) p->px = take(p, 4 * p->nx * p->ci);
	if (p->co != p->q.co) p->py = take(p, 4 * p->ny * p->co);
	if (p->ci != p->q.ci || p->co != p->q.co || p->q.flipped) p->pplain = take(p, 4 * p->taps * p->ci * p->co);
	return dnnl_success;
}

int tsr_plan_new(tsr_plan **out, tsr_engine *e, const tsr_problem *problem) {
	tsr_plan *p = calloc(1, sizeof *p);
	if (!p) return dnnl_out_of_memory;
	*out = p;
	p->q = *problem;
	tsr_problem *q = &p->q;
	if (q->kernel) flatten(q);
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
	if (q->kernel) {
		TRY(divide(p));
		omp_set_num_threads(1); // oneDNN plans for as many as there are now
		int status = build(p, e);
		omp_set_num_threads(e->threads);
		return status;
	}
	p->pieces = calloc(1, sizeof *p->pieces);
	if (!p->pieces) return dnnl_out_of_memory;
	p->count = 1;
	p->pieces[0].q = *q;
	return build(p, e);
}

void tsr_plan_free(tsr_plan *p) {
	if (!p) return;
	for (int i = 0; i < p->count; i++) {
		piece *c = &p->pieces[i];
		dnnl_memory_t m[] = {c->x, c->y, c->b, c->w, c->work};
		for (int j = 0; j < 5; j++)
			dnnl_memory_destroy(m[j]);
		dnnl_primitive_destroy(c->conv);
		dnnl_primitive_desc_destroy(c->desc);
	}
	dnnl_primitive_destroy(p->reorder);
	dnnl_memory_destroy(p->wplain);
	dnnl_memory_destroy(p->w);
	free(p->pieces);
	free(p);
}

const char *tsr_plan_impl(const tsr_plan *p) {
	return p->impl;
}

int tsr_room(tsr_engine *e, size_t need) {
	if (e->size >= need) return dnnl_success;
	free(e->scratch);
	e->size = 0;
	need = (need + 63) / 64 * 64;
	e->scratch = aligned_alloc(64, need);
	if (!e->scratch) return dnnl_out_of_memory;
	e->size = need;
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

void tsr_total(float *sum, int64_t c, const float *rows, int64_t n) {
	for (int64_t j = 0; j < c; j++) {
		double s = 0;
		for (int64_t i = 0; i < n; i++)
			s += rows[i * c + j];
		sum[j] = (float)s;
	}
}

// bind gives a piece's memory objects their data; those that are NULL let go of what they had.
static int bind(piece *c, const float *x, const float *y, const float *b, const float *w, const float *work) {
	TRY(dnnl_memory_set_data_handle(c->x, (void *)x));
	TRY(dnnl_memory_set_data_handle(c->y, (void *)y));
	if (c->b) TRY(dnnl_memory_set_data_handle(c->b, (void *)b));
	TRY(dnnl_memory_set_data_handle(c->w, (void *)w));
	return dnnl_memory_set_data_handle(c->work, (void *)work);
}

// lay reorders the kernel: wplain to w, or w to wplain.
static int lay(tsr_plan *p, tsr_engine *e, const float *wplain, const float *w) {
	dnnl_exec_arg_t to[] = {{DNNL_ARG_FROM, p->wplain}, {DNNL_ARG_TO, p->w}};
	dnnl_exec_arg_t from[] = {{DNNL_ARG_FROM, p->w}, {DNNL_ARG_TO, p->wplain}};
	int status = dnnl_memory_set_data_handle(p->wplain, (void *)wplain);
	if (!status) status = dnnl_memory_set_data_handle(p->w, (void *)w);
	if (!status) status = dnnl_primitive_execute(p->reorder, e->streams[0], 2, p->q.kernel ? from : to);
	if (!status) status = dnnl_stream_wait(e->streams[0]);
	dnnl_memory_set_data_handle(p->wplain, NULL);
	dnnl_memory_set_data_handle(p->w, NULL);
	return status;
}

int tsr_forward(tsr_engine *e, tsr_plan *p, float *y, const float *x, const float *w, const float *b) {
	TRY(tsr_room(e, p->need));
	if (p->q.flipped) { // reverse the taps here; that ci and co have changed places stands in the strides
		int64_t tap = p->ci * p->co;
		float *rev = at(e, p->pplain);
		for (int64_t t = 0; t < p->taps; t++)
			memcpy(rev + t * tap, w + (p->taps - 1 - t) * tap, tap * sizeof *w);
		w = rev;
	}
	piece *c = p->pieces;
	TRY(lay(p, e, w, at(e, c->pw)));
	dnnl_exec_arg_t run[] = {{DNNL_ARG_SRC, c->x}, {DNNL_ARG_WEIGHTS, c->w}, {DNNL_ARG_DST, c->y},
		{DNNL_ARG_SCRATCHPAD, c->work}, {DNNL_ARG_BIAS, c->b}};
	int status = bind(c, x, y, b, at(e, c->pw), at(e, c->pwork));
	if (!status) status = dnnl_primitive_execute(c->conv, e->streams[0], c->b ? 5 : 4, run);
	if (!status) status = dnnl_stream_wait(e->streams[0]);
	bind(c, NULL, NULL, NULL, NULL, NULL);
	return status;
}

// gradient computes one piece of the gradients into the piece's own memory.
static int gradient(tsr_engine *e, piece *c, dnnl_stream_t stream, const float *x, const float *dz) {
	dnnl_exec_arg_t run[] = {{DNNL_ARG_SRC, c->x}, {DNNL_ARG_DIFF_DST, c->y}, {DNNL_ARG_DIFF_WEIGHTS, c->w},
		{DNNL_ARG_SCRATCHPAD, c->work}, {DNNL_ARG_DIFF_BIAS, c->b}};
	int status = bind(c, x, dz, at(e, c->pb), at(e, c->pw), at(e, c->pwork));
	if (!status) status = dnnl_primitive_execute(c->conv, stream, c->b ? 5 : 4, run);
	if (!status) status = dnnl_stream_wait(stream);
	bind(c, NULL, NULL, NULL, NULL, NULL);
	return status;
}

int tsr_back_kernel(tsr_engine *e, tsr_plan *p, float *dw, float *db, const float *x, const float *dz) {
	TRY(tsr_room(e, p->need));
	const tsr_problem *q = &p->q;
	if (q->flipped) tsr_total(db, q->ci, x, p->nx);
	if (p->ci != q->ci) {
		widen(at(e, p->px), p->ci, x, q->ci, p->nx);
		x = at(e, p->px);
	}
	if (p->co != q->co) {
		widen(at(e, p->py), p->co, dz, q->co, p->ny);
		dz = at(e, p->py);
	}
	int failed = dnnl_success;
#pragma omp parallel for schedule(dynamic, 1)
	for (int i = 0; i < p->count; i++) {
		piece *c = &p->pieces[i];
		int status = gradient(e, c, e->streams[omp_get_thread_num()], x + c->ax * p->ci, dz + c->ay * p->co);
		if (status) {
#pragma omp atomic write
			failed = status;
		}
	}
	if (failed) return failed;
	float *sum = at(e, p->pieces[0].pw);
#pragma omp parallel for schedule(static)
	for (int64_t from = 0; from < p->nw; from += 4096) {
		int64_t to = from + 4096 < p->nw ? from + 4096 : p->nw;
		for (int i = 1; i < p->count; i++) {
			const float *term = at(e, p->pieces[i].pw);
			for (int64_t j = from; j < to; j++)
				sum[j] += term[j];
		}
	}
	if (p->biased) {
		float *bias = at(e, p->pieces[0].pb);
		for (int i = 1; i < p->count; i++)
			for (int64_t j = 0; j < p->nb; j++)
				bias[j] += at(e, p->pieces[i].pb)[j];
		memcpy(db, bias, q->co * sizeof *db);
	}
	float *plain = p->pplain.size ? at(e, p->pplain) : dw;
	TRY(lay(p, e, plain, sum));
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

#if defined(__x86_64__)

int tsr_able(int half) {
	int able = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl");
	return able && (!half || __builtin_cpu_supports("avx512bf16"));
}

int tsr_bf16_fast(void) { return tsr_able(1) && __builtin_cpu_is("amd"); }

#else

int tsr_able(int half) { return 0; }

int tsr_bf16_fast(void) { return 0; }

#endif
