#include "kernels.h"

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

// LIMIT is f between 0 and most, 0 for NaN. It is no function as those are not inlined into the clones.
#define LIMIT(f, most) ((f) > 0 ? ((f) < (most) ? (f) : (most)) : 0)

// BLOCK square differences sum to less than 2³¹, and as many samples stay in the first cache.
enum { BLOCK = 4096 };

FOR_EACH_MACHINE
static int32_t eighths(uint8_t *restrict dst, const float *restrict src, int64_t n) {
	int32_t changed = 0;
	for (int64_t i = 0; i < n; i++) {
		int32_t x = (int32_t)LIMIT(src[i] * 255 + 0.5f, 255);
		dst[i] = (uint8_t)x;
		changed |= (float)x / 255 != src[i];
	}
	return changed;
}

FOR_EACH_MACHINE
static int32_t difference(const uint8_t *restrict p, const uint8_t *restrict q, int64_t n) {
	int32_t sum = 0;
	for (int64_t i = 0; i < n; i++) {
		int32_t d = (int32_t)p[i] - q[i];
		sum += d * d;
	}
	return sum;
}

uint64_t tsr_round(uint8_t *restrict p, uint8_t *restrict q, const float *restrict a, const float *restrict b, int64_t n,
	int32_t *exact) {
	uint64_t square = 0;
	for (int64_t i = 0; i < n; i += BLOCK) {
		int64_t m = n - i < BLOCK ? n - i : BLOCK;
		if (eighths(p + i, a + i, m) | eighths(q + i, b + i, m))
			*exact = 0;
		square += (uint64_t)difference(p + i, q + i, m);
	}
	return square;
}

uint64_t tsr_squares(const uint8_t *restrict p, const uint8_t *restrict q, int64_t n) {
	uint64_t square = 0;
	for (int64_t i = 0; i < n; i += BLOCK)
		square += (uint64_t)difference(p + i, q + i, n - i < BLOCK ? n - i : BLOCK);
	return square;
}

FOR_EACH_MACHINE
void tsr_from_samples(double *restrict x, double *restrict y, double *restrict squares, double *restrict product,
	const float *restrict a, const float *restrict b, int64_t n) {
	for (int64_t i = 0; i < n; i++) {
		double f = LIMIT(a[i], 1), g = LIMIT(b[i], 1);
		x[i] = f;
		y[i] = g;
		squares[i] = f * f + g * g;
		product[i] = f * g;
	}
}

FOR_EACH_MACHINE
void tsr_from_steps(double *restrict x, double *restrict y, double *restrict squares, double *restrict product,
	const uint8_t *restrict a, const uint8_t *restrict b, int64_t n) {
	for (int64_t i = 0; i < n; i++) {
		double f = a[i] / 255., g = b[i] / 255.;
		x[i] = f;
		y[i] = g;
		squares[i] = f * f + g * g;
		product[i] = f * g;
	}
}

FOR_EACH_MACHINE
void tsr_gauss(double *restrict dst, const double *restrict src, const int64_t *at, const double *tap, int64_t n) {
	const double *c0 = src + at[0], *c1 = src + at[1], *c2 = src + at[2], *c3 = src + at[3], *c4 = src + at[4],
		*c5 = src + at[5], *c6 = src + at[6], *c7 = src + at[7], *c8 = src + at[8], *c9 = src + at[9], *c10 = src + at[10];
	const double t0 = tap[0], t1 = tap[1], t2 = tap[2], t3 = tap[3], t4 = tap[4], t5 = tap[5];
	for (int64_t i = 0; i < n; i++)
		dst[i] = (t0 * (c0[i] + c10[i]) + t1 * (c1[i] + c9[i])) + (t2 * (c2[i] + c8[i]) + t3 * (c3[i] + c7[i])) +
			(t4 * (c4[i] + c6[i]) + t5 * c5[i]);
}

FOR_EACH_MACHINE
void tsr_across(double *restrict dst, const double *restrict src, const double *weights, int64_t pixels) {
	const double self = weights[0], next = weights[1], far = weights[2], inner = weights[3], beside = weights[4];
	for (int64_t i = 0; i < 3 * pixels; i += 3) {
		double r = src[i], g = src[i + 1], b = src[i + 2];
		dst[i] = self * r + next * g + far * b;
		dst[i + 1] = beside * (r + b) + inner * g;
		dst[i + 2] = self * b + next * g + far * r;
	}
}

FOR_EACH_MACHINE
void tsr_similarity(double *restrict dst, const double *restrict a, const double *restrict b,
	const double *restrict squares, const double *restrict product, double c1, double c2, int64_t n) {
	for (int64_t i = 0; i < n; i++) {
		double ab = a[i] * b[i], sq = a[i] * a[i] + b[i] * b[i];
		dst[i] = (2 * ab + c1) * (2 * (product[i] - ab) + c2) / ((sq + c1) * (squares[i] - sq + c2));
	}
}
