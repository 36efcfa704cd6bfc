#pragma once
#ifdef __cplusplus
extern "C" {
#endif

// Where not said otherwise, a function returns 0, or 1 with the reason in why [size].

// tsr_flow fills flow [h,w,2] with how far each pixel of a [h,w] moves to where b shows it. Unless follow is 0 what flow
// holds is tried, too.
int tsr_flow(float *flow, const unsigned char *a, const unsigned char *b, int h, int w, int follow, char *why, int size);

typedef struct tsr_model tsr_model;

// tsr_model_open reads an ONNX file from memory. It returns NULL with the reason in why.
tsr_model *tsr_model_open(const unsigned char *file, int length, char *why, int size);

// tsr_model_input sets the input of that name to a copy of data, of shape [4].
int tsr_model_input(tsr_model *m, const char *name, const float *data, const int *shape, char *why, int size);

// tsr_model_run points result at the length numbers of the output. They live until the model's next call.
int tsr_model_run(tsr_model *m, const float **result, int *length, char *why, int size);

void tsr_model_close(tsr_model *m);

#ifdef __cplusplus
}
#endif
