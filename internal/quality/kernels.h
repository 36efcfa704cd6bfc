// The inner loops of package quality, for the compiler to turn into vector instructions. Each computes the same bits as
// the Go function of its name in kernels.go, which says what that is. Arrays do not overlap.
#ifndef TSR_QUALITY_KERNELS_H
#define TSR_QUALITY_KERNELS_H

#include <stdint.h>

// tsr_round returns the sum of square differences and clears *exact if rounding changed a sample.
uint64_t tsr_round(uint8_t *restrict p, uint8_t *restrict q, const float *restrict a, const float *restrict b, int64_t n,
	int32_t *exact);
uint64_t tsr_squares(const uint8_t *restrict p, const uint8_t *restrict q, int64_t n);
void tsr_from_samples(double *restrict x, double *restrict y, double *restrict squares, double *restrict product,
	const float *restrict a, const float *restrict b, int64_t n);
void tsr_from_steps(double *restrict x, double *restrict y, double *restrict squares, double *restrict product,
	const uint8_t *restrict a, const uint8_t *restrict b, int64_t n);
void tsr_gauss(double *restrict dst, const double *restrict src, const int64_t *at, const double *tap, int64_t n);
void tsr_across(double *restrict dst, const double *restrict src, const double *weights, int64_t pixels);
void tsr_similarity(double *restrict dst, const double *restrict a, const double *restrict b,
	const double *restrict squares, const double *restrict product, double c1, double c2, int64_t n);

#endif
