#include "kernels.h"

#include <math.h>
#include <string.h>

// The compiler makes each loop once for each instruction set; the machine's best is chosen when the program starts.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_MACHINE __attribute__((target_clones("avx512f", "avx2", "default")))
#pragma GCC optimize("no-trapping-math") // or the comparisons in LIMIT would stay branches
#else
#define FOR_EACH_MACHINE
#endif
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF // GCC keeps products and sums apart in C11 by itself
#endif

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

// LIMIT is f between 0 and most, 0 for NaN.
#define LIMIT(f, most) ((f) > 0 ? ((f) < (most) ? (f) : (most)) : 0)

// Pixels are worked on in blocks whose places stay in the first cache.
enum { BLOCK = 256 };

// places are where an 8-bit frame is read: the first of four pixels, and how far beyond it.
typedef struct {
	int32_t at[BLOCK];
	float ax[BLOCK], ay[BLOCK];
	uint16_t upper[BLOCK], lower[BLOCK]; // pairs of pixels found there
} places;

// locate finds the places of n pixels from x on in row y, each moved by t times its motion. Outside the frame is as at its edge.
FOR_EACH_MACHINE
static void locate(places *restrict s, const float *restrict motion, float t, int32_t x, int32_t y, int32_t n, int32_t h, int32_t w) {
	float right = (float)(w - 1), below = (float)(h - 1);
	for (int32_t i = 0; i < n; i++) {
		float px = (float)(x + i) + t * motion[2 * i], py = (float)y + t * motion[2 * i + 1];
		px = LIMIT(px, right);
		py = LIMIT(py, below);
		int32_t ix = (int32_t)px, iy = (int32_t)py;
		ix = MIN(ix, w - 2);
		iy = MIN(iy, h - 2);
		s->at[i] = iy * w + ix;
		s->ax[i] = px - (float)ix;
		s->ay[i] = py - (float)iy;
	}
}

// fetch reads the pixels of n places.
static void fetch(places *restrict s, const uint8_t *restrict frame, int32_t n, int32_t w) {
	for (int32_t i = 0; i < n; i++) {
		const uint8_t *p = frame + s->at[i];
		s->upper[i] = (uint16_t)(p[0] | p[1] << 8);
		s->lower[i] = (uint16_t)(p[w] | p[w + 1] << 8);
	}
}

// mix interpolates between the pixels of n places.
FOR_EACH_MACHINE
static void mix(float *restrict dst, const places *restrict s, int32_t n) {
	for (int32_t i = 0; i < n; i++) {
		float a = (float)(s->upper[i] & 255), b = (float)(s->upper[i] >> 8);
		float c = (float)(s->lower[i] & 255), d = (float)(s->lower[i] >> 8);
		a = a + s->ax[i] * (b - a);
		c = c + s->ax[i] * (d - c);
		dst[i] = a + s->ay[i] * (c - a);
	}
}

FOR_EACH_MACHINE
static void difference(float *restrict dst, const float *restrict a, const float *restrict b, int32_t n) {
	for (int32_t i = 0; i < n; i++)
		dst[i] = fabsf(a[i] - b[i]);
}

FOR_EACH_MACHINE
static void sum5(float *restrict dst, const float *a, const float *b, const float *c, const float *d, const float *e, int32_t n) {
	for (int32_t i = 0; i < n; i++)
		dst[i] = a[i] + b[i] + c[i] + d[i] + e[i];
}

static int32_t inside(int32_t i, int32_t n) { return i < 0 ? 0 : MIN(i, n - 1); }

// box fills dst with the sums of src over 5×5 pixels, and src with those along rows. What lies outside counts as the pixel at the edge.
static void box(float *restrict dst, float *restrict src, int32_t h, int32_t w) {
	for (int32_t y = 0; y < h; y++) {
		float *r = src + (int64_t)y * w, *s = dst + (int64_t)y * w;
		memcpy(s, r, (size_t)w * sizeof *s);
		if (w > 4)
			sum5(r + 2, s, s + 1, s + 2, s + 3, s + 4, w - 4);
		for (int32_t x = 0; x < w; x++) {
			if (x == 2 && w > 4)
				x = w - 2;
			r[x] = s[inside(x - 2, w)] + s[inside(x - 1, w)] + s[x] + s[inside(x + 1, w)] + s[inside(x + 2, w)];
		}
	}
	for (int32_t y = 0; y < h; y++) {
		const float *r[5];
		for (int32_t i = 0; i < 5; i++)
			r[i] = src + (int64_t)inside(y + i - 2, h) * w;
		sum5(dst + (int64_t)y * w, r[0], r[1], r[2], r[3], r[4], w);
	}
}

void tsr_motion_misfit(float *restrict dst, float *restrict rows, const uint8_t *restrict p, const uint8_t *restrict q,
	const float *restrict motion, float t, int32_t h, int32_t w) {
	places s;
	float a[BLOCK], b[BLOCK];
	for (int32_t y = 0; y < h; y++)
		for (int32_t x = 0; x < w; x += BLOCK) {
			int32_t n = MIN(w - x, BLOCK);
			int64_t i = (int64_t)y * w + x;
			locate(&s, motion + 2 * i, -t, x, y, n, h, w);
			fetch(&s, p, n, w);
			mix(a, &s, n);
			locate(&s, motion + 2 * i, 1 - t, x, y, n, h, w);
			fetch(&s, q, n, w);
			mix(b, &s, n);
			difference(rows + i, a, b, n);
		}
	box(dst, rows, h, w);
}

// v4 are four floats, at any address in memory.
typedef float v4 __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) v4 load(const float *p) {
	v4 v;
	memcpy(&v, p, sizeof v);
	return v;
}

static inline __attribute__((always_inline)) void store(float *p, v4 v) { memcpy(p, &v, sizeof v); }

// share adds k·v to four floats.
static inline __attribute__((always_inline)) void share(float *p, float k, v4 v) { store(p, load(p) + k * v); }

// whole_below returns the largest whole number that is not above x.
static inline __attribute__((always_inline)) int32_t whole_below(float x) {
	int32_t i = (int32_t)x;
	return i - ((float)i > x);
}

FOR_EACH_MACHINE
void tsr_motion_spread(float *restrict sum, const float *restrict flow, float t, const uint8_t *restrict from, const uint8_t *restrict to,
	const float *restrict unlike, int32_t h, int32_t w) {
	places s;
	float end[BLOCK];
	for (int32_t y = 0; y < h; y++)
		for (int32_t x0 = 0; x0 < w; x0 += BLOCK) {
			int32_t n = MIN(w - x0, BLOCK);
			const float *m = flow + 2 * ((int64_t)y * w + x0);
			const uint8_t *begin = from + (int64_t)y * w + x0;
			locate(&s, m, 1, x0, y, n, h, w);
			fetch(&s, to, n, w);
			mix(end, &s, n);
			for (int32_t i = 0; i < n; i++) {
				float fx = m[2 * i], fy = m[2 * i + 1];
				float px = (float)(x0 + i) + t * fx, py = (float)y + t * fy;
				if (!(px >= -1 && py >= -1 && px < w && py < h))
					continue;
				float weight = unlike[(int32_t)fabsf(end[i] - (float)begin[i])];
				int32_t ix = whole_below(px), iy = whole_below(py);
				float ax = px - (float)ix, ay = py - (float)iy, bx = 1 - ax, by = 1 - ay;
				v4 moved = {fx, fy, 1, 0};
				int left = ix >= 0, right = ix + 1 < w;
				if (iy >= 0) {
					float *upper = sum + 4 * (int64_t)iy * w;
					if (left)
						share(upper + 4 * ix, weight * (bx * by), moved);
					if (right)
						share(upper + 4 * (ix + 1), weight * (ax * by), moved);
				}
				if (iy + 1 < h) {
					float *lower = sum + 4 * (int64_t)(iy + 1) * w;
					if (left)
						share(lower + 4 * ix, weight * (bx * ay), moved);
					if (right)
						share(lower + 4 * (ix + 1), weight * (ax * ay), moved);
				}
			}
		}
}

// keys returns the weights of the pixels at −1, 0, 1 and 2 from the one before a place that lies t ∈ [0,1) behind it.
static inline __attribute__((always_inline)) v4 keys(float t) {
	const v4 cube = {-0.5f, 1.5f, -1.5f, 0.5f}, square = {1, -2.5f, 2, -0.5f}, once = {-0.5f, 0, 0.5f, 0}, never = {0, 1, 0, 0};
	return ((cube * t + square) * t + once) * t + never;
}

// weigh returns four pixels, one after the other in a, b and c, times the weights k, in the first three places.
static inline __attribute__((always_inline)) v4 weigh(v4 a, v4 b, v4 c, v4 k) {
	v4 second = __builtin_shufflevector(a, b, 3, 4, 5, 6), third = __builtin_shufflevector(b, c, 2, 3, 4, 5);
	v4 fourth = __builtin_shufflevector(c, c, 1, 2, 3, 0);
	return k[0] * a + k[1] * second + k[2] * third + k[3] * fourth;
}

// sample is the pixel of a frame [h,w,3] at a place, as Sample has it.
static inline __attribute__((always_inline)) v4 sample(const float *frame, int32_t h, int32_t w, float x, float y) {
	x = MIN(MAX(x, -1), (float)w);
	y = MIN(MAX(y, -1), (float)h);
	int32_t ix = whole_below(x), iy = whole_below(y);
	const v4 kx = keys(x - (float)ix), ky = keys(y - (float)iy);
	ix--, iy--;
	v4 a, b, c;
	if (ix >= 0 && iy >= 0 && ix + 4 <= w && iy + 4 <= h) {
		const float *r = frame + ((int64_t)iy * w + ix) * 3;
		int64_t row = 3 * (int64_t)w;
		a = ky[0] * load(r) + ky[1] * load(r + row) + ky[2] * load(r + 2 * row) + ky[3] * load(r + 3 * row);
		b = ky[0] * load(r + 4) + ky[1] * load(r + row + 4) + ky[2] * load(r + 2 * row + 4) + ky[3] * load(r + 3 * row + 4);
		c = ky[0] * load(r + 8) + ky[1] * load(r + row + 8) + ky[2] * load(r + 2 * row + 8) + ky[3] * load(r + 3 * row + 8);
		return weigh(a, b, c, kx);
	}
	float column[12];
	for (int32_t i = 0; i < 4; i++)
		for (int32_t ch = 0; ch < 3; ch++) {
			const float *p = frame + 3 * (int64_t)inside(ix + i, w) + ch;
			int64_t row = 3 * (int64_t)w;
			column[3 * i + ch] = ky[0] * p[inside(iy, h) * row] + ky[1] * p[inside(iy + 1, h) * row] + ky[2] * p[inside(iy + 2, h) * row] +
				ky[3] * p[inside(iy + 3, h) * row];
		}
	return weigh(load(column), load(column + 4), load(column + 8), kx);
}

// zoom reads the motion at a pixel of a frame that is larger than the motion, in the frame's pixels.
static inline __attribute__((always_inline)) void zoom(float *restrict mx, float *restrict my, const float *restrict motion, const tsr_motion_side *s, int32_t y, int32_t x) {
	float px = ((float)x + 0.5f) / s->scale - 0.5f, py = ((float)y + 0.5f) / s->scale - 0.5f;
	int32_t ix = whole_below(px), iy = whole_below(py);
	float ax = px - (float)ix, ay = py - (float)iy;
	*mx = *my = 0;
	for (int32_t dy = 0; dy < 2; dy++)
		for (int32_t dx = 0; dx < 2; dx++) {
			const float *m = motion + 2 * ((int64_t)inside(iy + dy, s->mh) * s->mw + inside(ix + dx, s->mw));
			float k = (dx ? ax : 1 - ax) * (dy ? ay : 1 - ay) * s->scale;
			*mx += k * m[0];
			*my += k * m[1];
		}
}

FOR_EACH_MACHINE
static void accumulate(float *restrict dst, const float *restrict src, float k, int64_t n) {
	for (int64_t i = 0; i < n; i++)
		dst[i] += k * src[i];
}

FOR_EACH_MACHINE
void tsr_motion_add(float *restrict out, float *restrict cubic, const float *here, const float *there, const float *f0, const float *f1,
	const float *f2, const float *f3, const float *f4, const float *motion, const tsr_motion_side *side) {
	const tsr_motion_side s = *side;
	const float *around[5] = {f0, f1, f2, f3, f4};
	int64_t row = 3 * (int64_t)s.w;
	for (int32_t y = 0; y < s.h; y++) {
		memset(cubic, 0, (size_t)row * sizeof *cubic);
		for (int32_t i = 0; i < 5; i++)
			if (s.taps[i] != 0)
				accumulate(cubic, around[i] + y * row, s.taps[i], row);
		for (int32_t x = 0; x < s.w; x++) {
			float mx, my;
			if (s.scale == 1) {
				const float *m = motion + 2 * ((int64_t)y * s.w + x);
				mx = m[0], my = m[1];
			} else {
				zoom(&mx, &my, motion, &s, y, x);
			}
			float length = mx * mx + my * my;
			if (!(length > s.still * s.still))
				continue;
			float gain = s.share;
			if (length < s.moving * s.moving)
				gain *= (sqrtf(length) - s.still) / (s.moving - s.still);
			v4 v = sample(here, s.h, s.w, (float)x + s.own * mx, (float)y + s.own * my);
			if (s.blend > 0)
				v += s.blend * (sample(there, s.h, s.w, (float)x + s.far * mx, (float)y + s.far * my) - v);
			float *o = out + y * row + 3 * x;
			for (int32_t ch = 0; ch < 3; ch++)
				o[ch] += gain * (v[ch] - cubic[3 * x + ch]);
		}
	}
}
