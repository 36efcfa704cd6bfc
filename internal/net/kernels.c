#include "kernels.h"

// The compiler makes each loop once for each instruction set; the machine's best is chosen when the program starts.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_MACHINE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_MACHINE
#endif
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF // GCC keeps products and sums apart in C11 by itself
#endif

FOR_EACH_MACHINE
void tsr_net_add(float *dst, const float *a, const float *b, int64_t n) {
	for (int64_t i = 0; i < n; i++)
		dst[i] = a[i] + b[i];
}

FOR_EACH_MACHINE
tsr_net_sums tsr_net_squares(tsr_net_sums sums, const float *x, int64_t n) {
	typedef double quad __attribute__((vector_size(32)));
	quad sum = {sums.of[0], sums.of[1], sums.of[2], sums.of[3]};
	int64_t i = 0;
	for (; i + 4 <= n; i += 4) {
		quad v = {x[i], x[i + 1], x[i + 2], x[i + 3]};
		sum += v * v;
	}
	for (; i < n; i++)
		sum[0] += (double)x[i] * (double)x[i];
	for (int k = 0; k < 4; k++)
		sums.of[k] = sum[k];
	return sums;
}

FOR_EACH_MACHINE
void tsr_net_momentum(float *restrict y, float *restrict m, const float *restrict g, float old, float fresh, float scale, int64_t n) {
	for (int64_t i = 0; i < n; i++) {
		float x = g[i] * scale, next = old * m[i] + fresh * x;
		m[i] = next;
		y[i] = old * next + fresh * x;
	}
}

FOR_EACH_MACHINE
void tsr_net_scale(float *y, float k, int64_t n) {
	for (int64_t i = 0; i < n; i++)
		y[i] *= k;
}

FOR_EACH_MACHINE
void tsr_net_descend(float *restrict w, const float *restrict y, float lr, int64_t n) {
	for (int64_t i = 0; i < n; i++)
		w[i] -= lr * y[i];
}
