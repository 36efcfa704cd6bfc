// Convolutions of our own for processors with AVX-512: a template, compiled once for float32 (avx512_f32.c, HALF is 0) and once for
// bfloat16 (avx512_bf16.c, HALF is 1), so that no instruction of the latter can get into the former. In bfloat16 data and kernel are
// rounded to it, products are exact, sums and results are float32.
//
// A unit is what one lane multiplies: a float, or a pair of bfloat16, for the instruction VDPBF16PS of AVX512-BF16. A pair
// is two neighbouring channels in Forward. In the gradient of the kernel it is the same voxel of two samples, or two neighbours of a row
// where there is an odd number of samples. The data is laid out in units, a cut at a time, while it is small enough to stay in the
// second-level cache. Zeros around the data, but for those of neighbours' rows, are neither laid out nor multiplied: in a crop of 8×8×8
// voxels they are a quarter of the work of 3×3×3 taps.
// Each result is one chain of sums in an order that depends on the problem alone: not on the threads, not on where a tile lies.

#include "engine.h"

#if HALF
#define NAMED(name) name##_bf16
#else
#define NAMED(name) name##_f32
#endif

#if defined(__x86_64__)

#include <immintrin.h>
#include <omp.h>
#include <string.h>

#if HALF
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#else
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#endif
#define INLINE static inline __attribute__((always_inline)) TARGET

enum {
	LANES = 16,           // units in a register
	MOST = 4,             // registers of results a group has at most
	CUT = 560 << 10,      // bytes of data in a cut, where that can be
	ALONE = 1 << 19,      // multiplications that one thread has done before another has woken up
	PER = HALF ? 2 : 1,   // numbers in a unit
};

static int64_t up(int64_t n, int64_t d) { return (n + d - 1) / d; }

// first gives the mask of the first n lanes.
INLINE __mmask16 first(int64_t n) { return n >= LANES ? 0xffff : (__mmask16)((1u << n) - 1); }

#if HALF

// rounded gives 16 floats as bfloat16, to nearest even.
INLINE __m256i rounded(__m512 v) { return (__m256i)_mm512_cvtneps_pbh(v); }

// paired gives 16 pairs of bfloat16: a in the low halves, b in the high ones.
INLINE __m512i paired(__m512 a, __m512 b) {
	const __m512i turns = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
		19, 3, 18, 2, 17, 1, 16, 0);
	return _mm512_permutexvar_epi16(turns, (__m512i)_mm512_cvtne2ps_pbh(b, a));
}

// multiplied adds the products of two registers of units to sums.
INLINE __m512 multiplied(__m512 sum, __m512i a, __m512i b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

// store writes 16 units: of the numbers from a on that m names, and, beside them in a pair, of those from b on that mb names.
INLINE void store(uint32_t *to, __mmask16 m, const float *a, __mmask16 mb, const float *b) {
	_mm512_storeu_si512(to, paired(_mm512_maskz_loadu_ps(m, a), _mm512_maskz_loadu_ps(mb, b)));
}

#else

INLINE __m512 multiplied(__m512 sum, __m512i a, __m512i b) { return _mm512_fmadd_ps((__m512)a, (__m512)b, sum); }

INLINE void store(uint32_t *to, __mmask16 m, const float *a, __mmask16 mb, const float *b) {
	_mm512_storeu_ps(to, _mm512_maskz_loadu_ps(m, a));
}

#endif

// units is how many hold n numbers.
static int64_t units(int64_t n) { return up(n, PER); }

// groups divides the registers that c channels fill into groups of at most `most`, as even as can be.
static int64_t groups(int64_t c, int64_t most) { return up(up(c, LANES), most); }

// group_at gives the register at which the g-th group of c channels begins.
static int64_t group_at(int64_t c, int64_t most, int64_t g) { return up(c, LANES) * g / groups(c, most); }

// A cut is a part of one sample's results, some planes and some rows of each, and the data that they depend on.
typedef struct {
	int64_t n, d, h;              // where it begins
	int64_t planes, rows;         // of results
	int64_t from_planes, from_rows; // of data, zeros around it included
} cut;

// cuts divide a problem into equal cuts but for the last ones.
typedef struct {
	int64_t planes, rows; // of results in each
	int64_t along_d, along_h, count;
} cuts;

static cuts cuts_of(const tsr_problem *q, int64_t planes, int64_t rows) {
	cuts c = {planes, rows, up(out_size(q, 0), planes), up(out_size(q, 1), rows)};
	c.count = q->n * c.along_d * c.along_h;
	return c;
}

// divided chooses cuts of which each takes at most CUT bytes, if one row does, of those the ones that repeat the least work, and of
// those the ones of the most planes. a row of data takes from bytes, a row of results takes to bytes.
static cuts divided(const tsr_problem *q, int64_t from, int64_t to) {
	int64_t od = out_size(q, 0), oh = out_size(q, 1), planes = 1, rows = 0, best = 0; // best: rows of data for them
	for (int64_t d = 1; d <= od; d++) {
		int64_t fd = d + q->k[0] - 1;
		// fd·(h+kh−1)·from + d·h·to ≤ CUT
		int64_t h = (CUT - fd * (q->k[1] - 1) * from) / (fd * from + d * to);
		if (h < 1 && d > 1) break;
		if (h < 1) h = 1;
		if (h > oh) h = oh;
		h = up(oh, up(oh, h)); // as even as can be
		int64_t need = fd * (h + q->k[1] - 1);
		if (!rows || need * planes * rows <= best * d * h) best = need, planes = d, rows = h;
	}
	return cuts_of(q, planes, rows);
}

static cut cut_at(const tsr_problem *q, const cuts *c, int64_t i) {
	cut k = {.h = i % c->along_h * c->rows, .d = i / c->along_h % c->along_d * c->planes, .n = i / c->along_h / c->along_d};
	int64_t od = out_size(q, 0), oh = out_size(q, 1);
	k.planes = k.d + c->planes > od ? od - k.d : c->planes;
	k.rows = k.h + c->rows > oh ? oh - k.h : c->rows;
	k.from_planes = k.planes + q->k[0] - 1;
	k.from_rows = k.rows + q->k[1] - 1;
	return k;
}

// row_of gives the row of x that is the i-th row of data of a cut; NULL for zeros.
static const float *row_of(const tsr_problem *q, const cut *k, const float *x, int64_t i) {
	int64_t d = k->d + i / k->from_rows - q->lo[0], h = k->h + i % k->from_rows - q->lo[1];
	if (d < 0 || d >= q->size[0] || h < 0 || h >= q->size[1]) return NULL;
	return x + ((k->n * q->size[0] + d) * q->size[1] + h) * q->size[2] * q->ci;
}

// A span is a stretch of results along an axis, from begin to before end, for which the same taps, from first to before last, lie in
// the data. As pads are less than the kernel, there is always one.
typedef struct {
	int64_t begin, end, first, last;
} span;

// span_at gives the longest span that begins at a result, and ends at `to` at the latest.
static span span_at(const tsr_problem *q, int axis, int64_t begin, int64_t to) {
	int64_t before = q->lo[axis] - begin, after = q->size[axis] + before, k = q->k[axis]; // taps before the data, and before its end
	span s = {begin, begin + 1, before > 0 ? before : 0, after < k ? after : k};
	if (before <= 0 && after >= k) { // nowhere else do two results have the same
		int64_t last = begin + after - k + 1;
		s.end = last < to ? last : to;
	}
	return s;
}

// flat makes a row of single voxels of all voxels of a problem with one tap, to which it is all the same: cuts divide rows only.
static tsr_problem flat(const tsr_problem *q) {
	tsr_problem f = *q;
	if (q->k[0] * q->k[1] * q->k[2] == 1) {
		f.size[1] = q->n * q->size[0] * q->size[1] * q->size[2];
		f.n = f.size[0] = f.size[2] = 1;
	}
	return f;
}

// ---- Forward ----

// lay_channels writes a row of w voxels of ci channels as units of channels.
TARGET static void lay_channels(uint32_t *dst, const float *src, int64_t w, int64_t ci) {
#if HALF
	int64_t run = ci % 2 ? ci : w * ci, runs = ci % 2 ? w : 1; // voxels of an odd number of channels one by one
	for (int64_t r = 0; r < runs; r++, src += run, dst += up(run, 2)) {
		int64_t i = 0;
		for (; i + 2 * LANES <= run; i += 2 * LANES)
			_mm512_storeu_si512(dst + i / 2, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(src + i + LANES), _mm512_loadu_ps(src + i)));
		for (; i < run; i += LANES) {
			__m256i v = rounded(_mm512_maskz_loadu_ps(first(run - i), src + i));
			_mm256_mask_storeu_epi32(dst + i / 2, (__mmask8)first(up(run - i, 2)), v);
		}
	}
#else
	memcpy(dst, src, w * ci * sizeof *dst);
#endif
}

// lay_reversed writes one tap of a group, whose kernel is given as [co,ci]: a lane takes a row of it.
TARGET static void lay_reversed(uint32_t *to, const float *tap, const tsr_problem *q, int64_t z0, int64_t nz) {
	for (int64_t z = 0; z < nz; z++)
		for (int64_t l = 0; l < LANES; l++) {
			int64_t c = (z0 + z) * LANES + l;
			for (int64_t i = 0; i < q->ci; i += LANES) {
				uint32_t row[LANES] = {0};
				if (c < q->co) {
					__m512 v = _mm512_maskz_loadu_ps(first(q->ci - i), tap + c * q->ci + i);
#if HALF
					_mm256_storeu_si256((__m256i *)row, rounded(v));
#else
					_mm512_storeu_ps(row, v);
#endif
				}
				int64_t u = units(i), last = units(q->ci - i < LANES ? q->ci : i + LANES);
				for (int64_t j = u; j < last; j++)
					to[(j * nz + z) * LANES + l] = row[j - u];
			}
		}
}

// lay_kernel, called by all threads of a region, writes the kernel as [group][tap][unit][register][lane], units of the data's
// channels, zeros beyond the last ones.
TARGET static void lay_kernel(uint32_t *dst, const float *w, const tsr_problem *q) {
	int64_t taps = q->k[0] * q->k[1] * q->k[2], n = units(q->ci), ng = groups(q->co, MOST);
#pragma omp for collapse(2) schedule(static)
	for (int64_t g = 0; g < ng; g++)
		for (int64_t t = 0; t < taps; t++) {
			int64_t z0 = group_at(q->co, MOST, g), nz = group_at(q->co, MOST, g + 1) - z0;
			uint32_t *to = dst + (z0 * taps + t * nz) * n * LANES;
			if (q->flipped) { // w is [co,ci], taps in reverse
				lay_reversed(to, w + (taps - 1 - t) * q->ci * q->co, q, z0, nz);
				continue;
			}
			const float *tap = w + t * q->ci * q->co;
			for (int64_t u = 0; u < n; u++)
				for (int64_t z = 0; z < nz; z++, to += LANES) {
					int64_t c = (z0 + z) * LANES;
					__mmask16 m = first(q->co - c);
					const float *a = tap + PER * u * q->co + c;
					store(to, m, a, 2 * u + 1 < q->ci ? m : 0, a + q->co);
				}
		}
}

// A reach is a tap that lies in the data: where its data is, from a block's voxels, and where its kernel is.
typedef struct {
	int64_t x, w;
} reach;

// A block is what one call of block_of computes: some voxels of a cut's result that need the same taps, for one group of channels.
typedef struct {
	const uint32_t *x[14]; // where the data of each voxel's first tap begins
	float *y[14];          // and its result
	int voxels;            // the rest of x repeats the last one
	const reach *taps;
	int64_t ntaps, units;
	const uint32_t *w;
	const float *b;   // the group's biases, or NULL
	int64_t channels; // of the group
	float slope;
} block;

INLINE void block_of(const block *k, const int nv, const int nz) {
	__m512 sum[14][MOST];
#pragma GCC unroll 4
	for (int z = 0; z < nz; z++) {
		__m512 bias = k->b ? _mm512_maskz_loadu_ps(first(k->channels - z * LANES), k->b + z * LANES) : _mm512_setzero_ps();
#pragma GCC unroll 14
		for (int v = 0; v < nv; v++)
			sum[v][z] = bias;
	}
	for (int64_t t = 0; t < k->ntaps; t++) {
		const uint32_t *w = k->w + k->taps[t].w, *x[14];
#pragma GCC unroll 14
		for (int v = 0; v < nv; v++)
			x[v] = k->x[v] + k->taps[t].x;
		for (int64_t u = 0; u < k->units; u++, w += nz * LANES) {
			__m512i kernel[MOST];
#pragma GCC unroll 4
			for (int z = 0; z < nz; z++)
				kernel[z] = _mm512_loadu_si512(w + z * LANES);
#pragma GCC unroll 14
			for (int v = 0; v < nv; v++) {
				__m512i data = _mm512_set1_epi32((int)x[v][u]);
#pragma GCC unroll 4
				for (int z = 0; z < nz; z++)
					sum[v][z] = multiplied(sum[v][z], kernel[z], data);
			}
		}
	}
#pragma GCC unroll 14
	for (int v = 0; v < nv; v++) {
		if (v >= k->voxels) break;
#pragma GCC unroll 4
		for (int z = 0; z < nz; z++) {
			__m512 s = sum[v][z];
			if (k->slope == 0)
				s = _mm512_max_ps(_mm512_setzero_ps(), s); // a NaN in the second place stays
			else if (k->slope != 1)
				s = _mm512_mask_mul_ps(s, _mm512_cmp_ps_mask(s, _mm512_setzero_ps(), _CMP_LE_OQ), s, _mm512_set1_ps(k->slope));
			_mm512_mask_storeu_ps(k->y[v] + z * LANES, first(k->channels - z * LANES), s);
		}
	}
}

// voxels is how many voxels a block has, by the registers of its group: as many as there are registers for, and fewer, for the last ones
// of those that need the same taps.
static const int voxels[MOST + 1][2] = {{0}, {14, 6}, {12, 4}, {8, 4}, {6, 2}};

// some is how many voxels the next block has, of n that are left: few where as many blocks of them as it takes compute less.
static int some(int64_t n, int64_t nz) {
	const int most = voxels[nz][0], few = voxels[nz][1];
	return up(n, few) * few < most ? few : most;
}

#define BLOCK(nz, nv) case 100 * nz + nv: block_of(k, nv, nz); return;

TARGET static void run_block(const block *k, int nv, int nz) {
	switch (100 * nz + nv) {
		BLOCK(1, 14) BLOCK(1, 6) BLOCK(2, 12) BLOCK(2, 4) BLOCK(3, 8) BLOCK(3, 4) BLOCK(4, 6) BLOCK(4, 2)
	}
}

// forward_spans computes the results where three spans meet, for one group. bl has what all blocks share, packed is the cut's data, base
// the group's first result of the cut, and taps memory for as many as there are.
static void forward_spans(const tsr_problem *q, const cut *k, block bl, int nz, const span s[3], float *base, const uint32_t *packed,
	reach *taps) {
	int64_t n = bl.units, wide = q->size[2], ow = out_size(q, 2), plane = out_size(q, 1) * ow * q->co;
	bl.taps = taps;
	for (int64_t i = s[0].first; i < s[0].last; i++)
		for (int64_t j = s[1].first; j < s[1].last; j++)
			for (int64_t l = s[2].first; l < s[2].last; l++)
				taps[bl.ntaps++] = (reach){
					.x = (((i - s[0].first) * k->from_rows + j - s[1].first) * wide + l - s[2].first) * n,
					.w = ((i * q->k[1] + j) * q->k[2] + l) * nz * n * LANES};
	int64_t d = s[0].begin, h = s[1].begin, c = s[2].begin;
	int64_t left = (s[0].end - d) * (s[1].end - h) * (s[2].end - c);
	while (left > 0) {
		int nv = some(left, nz);
		bl.voxels = left < nv ? (int)left : nv;
		for (int v = 0; v < nv; v++) {
			if (v >= bl.voxels) {
				bl.x[v] = bl.x[v - 1];
				continue;
			}
			bl.x[v] = packed + (((d - k->d + s[0].first) * k->from_rows + h - k->h + s[1].first) * wide + c - q->lo[2] + s[2].first) * n;
			bl.y[v] = base + (d - k->d) * plane + ((h - k->h) * ow + c) * q->co;
			if (++c == s[2].end) {
				c = s[2].begin;
				if (++h == s[1].end) h = s[1].begin, d++;
			}
		}
		run_block(&bl, nv, nz);
		left -= bl.voxels;
	}
}

// forward_cut computes a cut of the result. packed is memory for its data.
static void forward_cut(const tsr_problem *q, cut k, float *y, const float *x, const uint32_t *w, const float *b, uint32_t *packed) {
	int64_t n = units(q->ci), wide = q->size[2], ow = out_size(q, 2);
	for (int64_t i = 0; i < k.from_planes * k.from_rows; i++) {
		const float *row = row_of(q, &k, x, i);
		if (row) lay_channels(packed + i * wide * n, row, wide, q->ci);
	}
	int64_t ntaps = q->k[0] * q->k[1] * q->k[2];
	reach taps[ntaps];
	float *base = y + ((k.n * out_size(q, 0) + k.d) * out_size(q, 1) + k.h) * ow * q->co;
	for (int64_t g = 0; g < groups(q->co, MOST); g++) {
		int64_t z0 = group_at(q->co, MOST, g), nz = group_at(q->co, MOST, g + 1) - z0, c0 = z0 * LANES;
		block bl = {.units = n, .w = w + z0 * ntaps * n * LANES, .b = b ? b + c0 : NULL,
			.channels = q->co - c0 < nz * LANES ? q->co - c0 : nz * LANES, .slope = q->slope};
		span s[3];
		for (int64_t d = k.d; d < k.d + k.planes; d = s[0].end) {
			s[0] = span_at(q, 0, d, k.d + k.planes);
			for (int64_t h = k.h; h < k.h + k.rows; h = s[1].end) {
				s[1] = span_at(q, 1, h, k.h + k.rows);
				for (int64_t c = 0; c < ow; c = s[2].end) {
					s[2] = span_at(q, 2, c, ow);
					forward_spans(q, &k, bl, (int)nz, s, base + c0, packed, taps);
				}
			}
		}
	}
}

int NAMED(tsr_own_forward)(tsr_engine *e, const tsr_problem *problem, float *y, const float *x, const float *w, const float *b) {
	tsr_problem q = flat(problem);
	int64_t n = units(q.ci), wide = q.size[2];
	cuts c = divided(&q, wide * n * 4, 0);
	while (c.count < 4 * e->threads && c.planes * c.rows > 1) // results do not depend on the cuts, so all threads may have some
		c = c.planes > c.rows ? cuts_of(&q, up(c.planes, 2), c.rows) : cuts_of(&q, c.planes, up(c.rows, 2));
	size_t kernel = up(q.co, LANES) * LANES * q.k[0] * q.k[1] * q.k[2] * n * 4;
	size_t data = up((c.planes + q.k[0] - 1) * (c.rows + q.k[1] - 1) * wide * n * 4, 4096) * 4096;
	TRY(tsr_room(e, kernel + e->threads * data));
	uint32_t *packed = (uint32_t *)e->scratch;
	int64_t work = q.n * out_size(&q, 0) * out_size(&q, 1) * out_size(&q, 2) * q.k[0] * q.k[1] * q.k[2] * q.ci * q.co;
#pragma omp parallel if (work > ALONE)
	{
		lay_kernel(packed, w, &q);
#pragma omp for schedule(dynamic, 1)
		for (int64_t i = 0; i < c.count; i++)
			forward_cut(&q, cut_at(&q, &c, i), y, x, packed, b, (uint32_t *)(e->scratch + kernel + omp_get_thread_num() * data));
	}
	return dnnl_success;
}

// ---- The gradient of the kernel ----

// lay_voxels writes n units of voxels of two rows, from voxel a on: of the same one of both, or, where both are one row and next is 1, of
// neighbours. There are zeros where there is none among the w of a row. A voxel has `all` channels, of which c are taken, from rows[0]
// and rows[1] on, and filled up to `stride`.
TARGET static void lay_voxels(uint32_t *dst, const float *const rows[2], int64_t w, int64_t a, int next, int64_t n, int64_t all,
	int64_t c, int64_t stride) {
	for (int64_t u = 0, b = a + next; u < n; u++, dst += stride, a += 1 + next, b += 1 + next)
		for (int64_t i = 0; i < stride; i += LANES) {
			__mmask16 m = i < c ? first(c - i) : 0;
			store(dst + i, a >= 0 && a < w ? m : 0, rows[0] + a * all + i, b >= 0 && b < w ? m : 0, rows[1] + b * all + i);
		}
}

// A sheet is one tap's gradient for some channels of the data and one group of the result's, over the part of a cut where the tap's data is.
typedef struct {
	const uint32_t *x, *z;       // units of voxels
	int64_t planes, rows, n;     // of the part, and units in a row
	int64_t xplane, xrow, xunit; // strides of x
	int64_t zplane, zrow, zunit; // and of z
	float *dw;                 // [channels,co]
	int64_t co;                // stride of dw
	int64_t data, channels;    // channels of x and of z that there are
	int add;                   // to dw
} sheet;

INLINE void sheet_of(const sheet *k, const int nv, const int nz) {
	__m512 sum[14][MOST];
#pragma GCC unroll 14
	for (int v = 0; v < nv; v++)
#pragma GCC unroll 4
		for (int z = 0; z < nz; z++)
			sum[v][z] = _mm512_setzero_ps();
	for (int64_t d = 0; d < k->planes; d++)
		for (int64_t h = 0; h < k->rows; h++) {
			const uint32_t *x = k->x + d * k->xplane + h * k->xrow, *z = k->z + d * k->zplane + h * k->zrow;
			for (int64_t u = 0; u < k->n; u++, x += k->xunit, z += k->zunit) {
				__m512i grad[MOST];
#pragma GCC unroll 4
				for (int i = 0; i < nz; i++)
					grad[i] = _mm512_loadu_si512(z + i * LANES);
#pragma GCC unroll 14
				for (int v = 0; v < nv; v++) {
					__m512i data = _mm512_set1_epi32((int)x[v]);
#pragma GCC unroll 4
					for (int i = 0; i < nz; i++)
						sum[v][i] = multiplied(sum[v][i], grad[i], data);
				}
			}
		}
#pragma GCC unroll 14
	for (int v = 0; v < nv; v++) {
		if (v >= k->data) break;
#pragma GCC unroll 4
		for (int i = 0; i < nz; i++) {
			__mmask16 m = first(k->channels - i * LANES);
			float *to = k->dw + v * k->co + i * LANES;
			__m512 s = sum[v][i];
			if (k->add) s = _mm512_add_ps(_mm512_maskz_loadu_ps(m, to), s);
			_mm512_mask_storeu_ps(to, m, s);
		}
	}
}

// heights are how many channels of the data a sheet can have, by the registers of its group; 0 ends a list. A group has two registers
// where the data has channels enough: with four, which need fewer loads, twice as much of z comes from the second-level cache
// for each product, and a quarter of the speed was lost.
static const int heights[MOST + 1][5] = {{0}, {14, 12, 8, 4}, {12, 8, 4}, {4}, {4}};

#define SHEET(nz, nv) case 100 * nz + nv: sheet_of(k, nv, nz); return;

TARGET static void run_sheet(const sheet *k, int nv, int nz) {
	switch (100 * nz + nv) {
		SHEET(1, 14) SHEET(1, 12) SHEET(1, 8) SHEET(1, 4) SHEET(2, 12) SHEET(2, 8) SHEET(2, 4) SHEET(3, 4) SHEET(4, 4)
	}
}

// height chooses of them for c channels: the highest, or the lowest that holds all of them.
static int height(int64_t c, int64_t nz) {
	const int *h = heights[nz];
	while (h[1] >= c) h++;
	return *h;
}

// add_row adds a row of w voxels to sum, channel by channel.
TARGET static void add_row(float *sum, const float *row, int64_t w, int64_t c) {
	for (int64_t i = 0; i < c; i += LANES) {
		__mmask16 m = first(c - i);
		__m512 s = _mm512_setzero_ps();
		for (int64_t v = 0; v < w; v++)
			s = _mm512_add_ps(s, _mm512_maskz_loadu_ps(m, row + v * c + i));
		_mm512_mask_storeu_ps(sum + i, m, _mm512_add_ps(_mm512_maskz_loadu_ps(m, sum + i), s));
	}
}

// A gradient is what all cuts of one problem have in common. A unit is a voxel of a row, or in pairs the same voxel of two samples, which
// makes one sample of both, or, where there is an odd number of samples, two neighbours of a row.
typedef struct {
	tsr_problem q;           // as it is divided: of half as many samples, if a unit has two
	cuts c;
	int samples, neighbours; // samples in a unit; 1 if neighbours make one, 0 otherwise
	int64_t most;            // registers in a group
	int64_t n, xn, xrow;     // units in a row of z and of x, and the latter's numbers
	int64_t xunit;           // numbers in a unit of x: a sheet may reach beyond the last channel
	int64_t phases;          // of neighbours each row of x is there twice: pairs that begin at even voxels, for every second tap, and at odd ones
	int64_t xrows, zrows;    // of a cut
	size_t xsize, size;      // bytes of x, and of all
} gradient;

// in_pairs makes two samples of all where it is all the same to a kernel and their number is even: of all voxels for one tap, of all planes
// for one plane of taps.
static void in_pairs(tsr_problem *q) {
	if (q->k[0] > 1 || q->n * q->size[0] % 2) {
		if (q->k[0] * q->k[1] * q->k[2] > 1 || q->size[1] % 2) return;
		q->size[1] /= 2; // flat: n and size[0] are 1
		q->n = 2;
		return;
	}
	q->size[0] = q->n * q->size[0] / 2;
	q->n = 2;
}

static gradient gradient_of(const tsr_problem *problem) {
	gradient p = {.q = flat(problem), .samples = 1};
	tsr_problem *q = &p.q;
	if (HALF) {
		in_pairs(q);
		p.neighbours = q->n % 2;
		p.samples = 2 - p.neighbours;
		q->n /= p.samples;
	}
	if (q->size[2] == 1 && q->k[1] == 1 && q->k[2] == 1) { // voxels of a column make rows
		int64_t power = q->size[1] & -q->size[1];
		q->size[2] = power < 64 ? power : 64;
		q->size[1] /= q->size[2];
	}
	p.most = q->ci > 4 ? 2 : MOST;
	p.n = p.neighbours ? units(out_size(q, 2)) : out_size(q, 2);
	p.phases = p.neighbours && q->k[2] > 1 ? 2 : 1;
	p.xn = p.neighbours ? p.n + (q->k[2] - 1) / PER : q->size[2];
	p.xunit = up(q->ci, LANES) * LANES + LANES;
	p.xrow = p.xn * p.xunit;
	int64_t zrow = p.n * up(q->co, LANES) * LANES;
	p.c = divided(q, p.phases * p.xrow * 4, zrow * 4);
	while (p.c.count < PIECES && p.c.planes * p.c.rows > 1)
		p.c = p.c.planes > 1 ? cuts_of(q, up(p.c.planes, 2), p.c.rows) : cuts_of(q, 1, up(p.c.rows, 2));
	p.xrows = (p.c.planes + q->k[0] - 1) * (p.c.rows + q->k[1] - 1);
	p.zrows = p.c.planes * p.c.rows;
	p.xsize = p.phases * p.xrows * p.xrow * 4;
	p.size = p.xsize + p.zrows * zrow * 4;
	return p;
}

// gradient_lay lays out a cut's data at xu and its gradient at zu, and adds that to db.
TARGET static void gradient_lay(const gradient *p, cut k, uint32_t *xu, uint32_t *zu, float *db, const float *x, const float *dz) {
	const tsr_problem *q = &p->q;
	int64_t ow = out_size(q, 2), plane = out_size(q, 1) * ow * q->co, ng = groups(q->co, p->most);
	int64_t xsample = q->size[0] * q->size[1] * q->size[2] * q->ci, zsample = out_size(q, 0) * plane;
	k.n *= p->samples;
	for (int64_t r = 0; r < k.from_planes * k.from_rows; r++) {
		const float *row = row_of(q, &k, x, r);
		if (!row) continue;
		const float *rows[2] = {row, row + (p->samples - 1) * xsample};
		for (int64_t ph = 0; ph < p->phases; ph++)
			lay_voxels(xu + (ph * p->xrows + r) * p->xrow, rows, q->size[2], p->neighbours ? ph - q->lo[2] : 0, p->neighbours, p->xn,
				q->ci, q->ci, p->xunit);
	}
	for (int64_t r = 0; r < k.planes * k.rows; r++) {
		const float *row = dz + k.n * zsample + (k.d + r / k.rows) * plane + (k.h + r % k.rows) * ow * q->co;
		const float *other = row + (p->samples - 1) * zsample;
		for (int64_t g = 0; g < ng; g++) { // each group's in one piece
			int64_t c0 = group_at(q->co, p->most, g) * LANES, c1 = group_at(q->co, p->most, g + 1) * LANES;
			const float *rows[2] = {row + c0, other + c0};
			lay_voxels(zu + c0 * p->zrows * p->n + r * p->n * (c1 - c0), rows, ow, 0, p->neighbours, p->n, q->co, q->co - c0, c1 - c0);
		}
		add_row(db, row, ow, q->co);
		if (p->samples == 2) add_row(db, other, ow, q->co);
	}
}

// inside gives the part of some results along an axis, from begin on, whose data at a tap there is.
static void inside(const tsr_problem *q, int axis, int64_t tap, int64_t *begin, int64_t *n) {
	int64_t from = q->lo[axis] - tap, to = q->size[axis] + q->lo[axis] - tap;
	if (from < *begin) from = *begin;
	if (to > *begin + *n) to = *begin + *n;
	*begin = from;
	*n = to > from ? to - from : 0;
}

// gradient_cut adds one cut's part to dw and db, or, if it is the first, sets them. at is memory for its data.
TARGET static void gradient_cut(const gradient *p, int64_t i, char *at, float *dw, float *db, const float *x, const float *dz, int add) {
	const tsr_problem *q = &p->q;
	cut k = cut_at(q, &p->c, i);
	uint32_t *xu = (uint32_t *)at, *zu = (uint32_t *)(at + p->xsize);
	if (!add) memset(db, 0, q->co * sizeof *db);
	gradient_lay(p, k, xu, zu, db, x, dz);
	int64_t ng = groups(q->co, p->most);
	for (int64_t t = 0; t < q->k[0] * q->k[1] * q->k[2]; t++) {
		int64_t kd = t / q->k[2] / q->k[1], kh = t / q->k[2] % q->k[1], kw = t % q->k[2];
		int64_t d = k.d, planes = k.planes, h = k.h, rows = k.rows, w = 0, n = p->n;
		inside(q, 0, kd, &d, &planes);
		inside(q, 1, kh, &h, &rows);
		if (!p->neighbours) inside(q, 2, kw, &w, &n);
		if (planes * rows * n == 0) planes = 0; // dw is set all the same
		// Rows of neighbours begin with their zeros, others with the data.
		int64_t phase = p->neighbours ? kw % PER : 0, column = p->neighbours ? kw / PER : w + kw - q->lo[2];
		for (int64_t g = 0; g < ng; g++) {
			int64_t z0 = group_at(q->co, p->most, g), nz = group_at(q->co, p->most, g + 1) - z0;
			for (int64_t v = 0, nv; v < q->ci; v += nv) {
				nv = height(q->ci - v, nz);
				sheet s = {
					.x = xu + (phase * p->xrows + (d - k.d + kd) * k.from_rows + h - k.h + kh) * p->xrow + column * p->xunit + v,
					.z = zu + z0 * LANES * p->zrows * p->n + (((d - k.d) * k.rows + h - k.h) * p->n + w) * nz * LANES,
					.planes = planes, .rows = rows, .n = n,
					.xplane = k.from_rows * p->xrow, .xrow = p->xrow, .xunit = p->xunit,
					.zplane = k.rows * p->n * nz * LANES, .zrow = p->n * nz * LANES, .zunit = nz * LANES,
					.dw = dw + (t * q->ci + v) * q->co + z0 * LANES, .co = q->co,
					.data = q->ci - v, .channels = q->co - z0 * LANES, .add = add};
				run_sheet(&s, (int)nv, (int)nz);
			}
		}
	}
}

// turned writes the gradient of a flipped problem as the gradient that it stands for: taps in reverse, channels in each other's places.
static void turned(float *dw, const float *from, const tsr_problem *q) {
	int64_t taps = q->k[0] * q->k[1] * q->k[2], tap = q->ci * q->co;
	for (int64_t t = 0; t < taps; t++)
		for (int64_t i = 0; i < q->ci; i++)
			for (int64_t j = 0; j < q->co; j++)
				dw[(taps - 1 - t) * tap + j * q->ci + i] = from[t * tap + i * q->co + j];
}

int NAMED(tsr_own_back_kernel)(tsr_engine *e, const tsr_problem *problem, float *dw, float *db, const float *x, const float *dz) {
	gradient p = gradient_of(problem);
	int64_t len = p.q.k[0] * p.q.k[1] * p.q.k[2] * p.q.ci * p.q.co, co = p.q.co, n = p.c.count < PIECES ? p.c.count : PIECES;
	size_t one = up(p.size, 4096) * 4096, part = up((len + co) * 4, 64) * 64;
	TRY(tsr_room(e, e->threads * one + n * part));
	char *parts = e->scratch + e->threads * one;
#pragma omp parallel
	{
#pragma omp for schedule(dynamic, 1)
		for (int64_t i = 0; i < n; i++) {
			float *to = (float *)(parts + i * part);
			int64_t begin = p.c.count * i / n;
			for (int64_t j = begin; j < p.c.count * (i + 1) / n; j++)
				gradient_cut(&p, j, e->scratch + omp_get_thread_num() * one, to, to + len, x, dz, j > begin);
		}
#pragma omp for schedule(static)
		for (int64_t from = 0; from < len + co; from += 4096) {
			int64_t to = from + 4096 < len + co ? from + 4096 : len + co;
			float *sum = (float *)parts;
			for (int64_t i = 1; i < n; i++) {
				const float *term = (const float *)(parts + i * part);
				for (int64_t j = from; j < to; j++)
					sum[j] += term[j];
			}
			if (problem->flipped) continue;
			if (from < len) memcpy(dw + from, sum + from, ((to < len ? to : len) - from) * sizeof *sum);
			if (to > len) { // what follows is db
				int64_t j = from > len ? from : len;
				memcpy(db + (j - len), sum + j, (to - j) * sizeof *sum);
			}
		}
	}
	if (problem->flipped) {
		turned(dw, (float *)parts, problem);
		tsr_total(db, problem->ci, x, problem->n * problem->size[0] * problem->size[1] * problem->size[2]);
	}
	return dnnl_success;
}

#else

int NAMED(tsr_own_forward)(tsr_engine *e, const tsr_problem *q, float *y, const float *x, const float *w, const float *b) {
	return dnnl_unimplemented;
}

int NAMED(tsr_own_back_kernel)(tsr_engine *e, const tsr_problem *q, float *dw, float *db, const float *x, const float *dz) {
	return dnnl_unimplemented;
}

#endif
