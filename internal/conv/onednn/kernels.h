// The C side of package onednn: every call into oneDNN is made in kernels.c. avx512.h has kernels of our own.
// Functions that return int return 0, or a dnnl_status_t for tsr_status to name.
#ifndef TSR_ONEDNN_KERNELS_H
#define TSR_ONEDNN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// tsr_engine is oneDNN's engine and streams, one for each thread, and the one block of scratch memory that all plans use in turn.
typedef struct tsr_engine tsr_engine;

// tsr_plan is a convolution compiled for one problem. It holds no data.
typedef struct tsr_plan tsr_plan;

// tsr_problem is a stride-1 convolution: x [n,size,ci], w [k,ci,co], y [n,out,co], channels last.
typedef struct {
	int64_t n, size[3], ci, co, k[3], lo[3], hi[3]; // lo, hi: zero planes before and after the data
	float slope; // y = z for z > 0, slope·z otherwise; 1 means no activation
	int bias;    // forward: y has a bias
	int flipped; // w is given, or dw wanted, as [k,co,ci] with all its kernel axes reversed
	int kernel;  // the problem is to find the gradients of w and of the bias, from x and dz
} tsr_problem;

int tsr_engine_new(tsr_engine **e, int threads);
void tsr_engine_free(tsr_engine *e);

int tsr_plan_new(tsr_plan **p, tsr_engine *e, const tsr_problem *q);
void tsr_plan_free(tsr_plan *p);

// tsr_plan_impl names oneDNN's implementation, "brgconv:avx512_core" for example. It lives as long as p.
const char *tsr_plan_impl(const tsr_plan *p);

// tsr_forward computes y. b is not read when the problem has no bias.
int tsr_forward(tsr_engine *e, tsr_plan *p, float *y, const float *x, const float *w, const float *b);

// tsr_back_kernel computes dw and db. When flipped, x and dz have changed places: x is dz, and db its sum.
int tsr_back_kernel(tsr_engine *e, tsr_plan *p, float *dw, float *db, const float *x, const float *dz);

// tsr_able says whether this processor has the instructions of our own kernels, in bfloat16 if half.
int tsr_able(int half);

// tsr_bf16_fast says whether it is of a make whose bfloat16 was measured to be faster than its float32.
int tsr_bf16_fast(void);

// tsr_own_forward_… and tsr_own_back_kernel_… compute the same as tsr_forward and tsr_back_kernel, without a plan: avx512.h.
int tsr_own_forward_f32(tsr_engine *e, const tsr_problem *q, float *y, const float *x, const float *w, const float *b);
int tsr_own_forward_bf16(tsr_engine *e, const tsr_problem *q, float *y, const float *x, const float *w, const float *b);
int tsr_own_back_kernel_f32(tsr_engine *e, const tsr_problem *q, float *dw, float *db, const float *x, const float *dz);
int tsr_own_back_kernel_bf16(tsr_engine *e, const tsr_problem *q, float *dw, float *db, const float *x, const float *dz);

// tsr_act_back computes dz[i] = dy[i] where y[i] > 0, slope·dy[i] elsewhere. dz may be dy.
void tsr_act_back(float *dz, const float *dy, const float *y, int64_t len, float slope);

// tsr_product computes the matrix product c = a·b, all of them [n,n] and row-major.
int tsr_product(float *c, const float *a, const float *b, int64_t n);

// tsr_instructions names the instruction set that oneDNN has picked, "avx512_core_vnni" for example.
const char *tsr_instructions(void);

const char *tsr_status(int status);

#endif
