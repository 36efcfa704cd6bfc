// The inner loops of package motion, for the compiler to turn into vector instructions. Each computes the same bits as the Go
// function of its name in plain_test.go. Frames are h×w, motions are pairs x, y, and arrays do not overlap.
#ifndef TSR_MOTION_KERNELS_H
#define TSR_MOTION_KERNELS_H

#include <stdint.h>

// tsr_motion_misfit fills dst with how much p and q differ at the ends of a motion through the frame at t, in sums over 5×5 pixels. rows has
// h·w values of scratch. h and w are 2 at least.
void tsr_motion_misfit(float *restrict dst, float *restrict rows, const uint8_t *restrict p, const uint8_t *restrict q,
	const float *restrict motion, float t, int32_t h, int32_t w);

// tsr_motion_spread moves a flow from frame from to frame to along itself by t: it adds x, y and 1 of each motion, times its weight, to sum
// [h,w,4]. The weight is unlike[d] where the frames differ by d at its ends.
void tsr_motion_spread(float *restrict sum, const float *restrict flow, float t, const uint8_t *restrict from, const uint8_t *restrict to,
	const float *restrict unlike, int32_t h, int32_t w);

// tsr_motion_side says how tsr_motion_add adds a side's part to a term: see part.side.
typedef struct {
	int32_t h, w;         // of frames
	int32_t mh, mw;       // of the motion
	float scale;          // of the frames, in the motion's pixels
	float own, far;       // where the frames here and there are fetched, in motions
	float blend, share;   // of there, and of what is added
	float taps[5];        // of frames around
	float still, moving;  // motions between which the share grows
} tsr_motion_side;

// tsr_motion_add adds a side's part to out [h,w,3]. cubic has 3·w values of scratch.
void tsr_motion_add(float *restrict out, float *restrict cubic, const float *here, const float *there, const float *f0, const float *f1,
	const float *f2, const float *f3, const float *f4, const float *motion, const tsr_motion_side *side);

#endif
