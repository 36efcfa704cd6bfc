#pragma once
#ifdef __cplusplus
extern "C" {
#endif

// tsr_flow fills flow [h,w,2] with how far each pixel of a [h,w] moves to where b shows it. It returns 0, or 1 with the
// reason in why.
int tsr_flow(float *flow, const unsigned char *a, const unsigned char *b, int h, int w, char *why, int size);

#ifdef __cplusplus
}
#endif
