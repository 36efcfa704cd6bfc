// The loops of package net over all values of a layer or of a network's weights, for the compiler to turn into vector
// instructions. Each computes the same bits as the Go function of its name in plain_test.go. Arrays do not overlap, but for dst and a
// of tsr_net_add, which may be one.
#ifndef TSR_NET_KERNELS_H
#define TSR_NET_KERNELS_H

#include <stdint.h>

// tsr_net_add computes dst = a + b.
void tsr_net_add(float *dst, const float *a, const float *b, int64_t n);

typedef struct {
	double of[4];
} tsr_net_sums;

// tsr_net_squares adds the squares of x to four sums in turn, those of the last n % 4 values to the first.
tsr_net_sums tsr_net_squares(tsr_net_sums sums, const float *x, int64_t n);

// tsr_net_momentum adds the gradient g·scale to the momentum m with the share fresh, and sets y to what m would be after one more.
void tsr_net_momentum(float *restrict y, float *restrict m, const float *restrict g, float old, float fresh, float scale, int64_t n);

// tsr_net_scale computes y = k·y.
void tsr_net_scale(float *y, float k, int64_t n);

// tsr_net_descend computes w = w − lr·y.
void tsr_net_descend(float *restrict w, const float *restrict y, float lr, int64_t n);

#endif
